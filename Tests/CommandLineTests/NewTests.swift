import TestSupport
import Testing

struct NewTests {
  /// What `flow new` prints can be run as it is.
  @Test func aNewWorkflowIsValidAndRuns() async throws {
    let home = Home()
    let text = try await home.flow("new")
    #expect(text.ending == .exit(0))
    let file = home.folder.write(text.output, to: "nightly.yaml")
    #expect(try await home.flow("validate", file).ending == .exit(0))
    #expect(try await home.flow("run", file, "--quiet", "-p", "day=2026-11-01").ending == .exit(0))
    #expect(try await home.logs("notify") == "2026-11-01 is done\n")
  }
}
