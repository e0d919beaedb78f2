import FlowJSON
import TestSupport
import Testing

/// A run has succeeded when what its steps have written is on the disk.
struct WorkTests {
  private static let step = #"{"id": "a", "run": "echo 1 > made"}"#

  private func kinds(_ run: String, in home: Home) async throws -> [String] {
    try await home.events(run).compactMap { $0["kind"]?.string }
  }

  @Test func itIsSyncedBeforeTheEnd() async throws {
    let home = Home()
    let file = home.workflow(Self.step)
    #expect(try await home.flow("run", file, "--run-id", "r", "--quiet").ending == .exit(0))
    #expect(
      try await kinds("r", in: home).suffix(3) == ["stepFinished", "workSynced", "runFinished"])
  }

  /// A run that another process drives keeps to it.
  @Test(arguments: [[], ["--detach"]])
  func whereItIsLeftToTheStepsItIsNot(options: [String]) async throws {
    let home = Home()
    let file = home.workflow(Self.step)
    let run = try home.start(["run", file, "--run-id", "r", "--no-work-sync", "-q"] + options)
    #expect(try await run.end().ending == .exit(0))
    #expect(try await home.flow("wait", "r").ending == .exit(0))
    #expect(try await kinds("r", in: home).suffix(2) == ["stepFinished", "runFinished"])
  }

  /// Where a step has worked need not be there any more.
  @Test func aFolderThatIsGoneIsNoError() async throws {
    let home = Home()
    TestFile.makeFolder("\(home.folder.path)/there")
    let file = home.workflow(
      #"{"id": "a", "cwd": "there", "run": "rmdir \"$PWD\""}"#)
    #expect(try await home.flow("run", file, "--quiet").ending == .exit(0))
  }
}
