import TestSupport
import Testing

/// `--quiet` prints nothing about success.
struct QuietTests {
  @Test func successIsSilent() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "echo a"}, {"id": "b", "run": "exit 1", "allowFailure": true}"#)
    let run = try await home.flow("run", "--quiet", file)
    #expect(run.ending == .exit(0) && run.output == "" && run.errors == "")
  }

  @Test func whatFailedGoesToStandardErrorWithItsTail() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "echo fine; echo no space for x; exit 3"}, {"id": "b", "run": "true"}"#)
    let run = try await home.flow("run", "-q", file, "--run-id", "r")
    #expect(run.ending == .exit(1) && run.output == "")
    #expect(run.errors.hasPrefix("flow: run r\n"), "\(run.errors)")
    #expect(run.errors.contains("✗ a failed: exit code 3 after"), "\(run.errors)")
    #expect(run.errors.contains("    fine\n    no space for x\n"), "\(run.errors)")
    #expect(run.errors.contains("\nrun failed in "), "\(run.errors)")
    let again = try await home.flow("restart", "-q", "--failed", "r")
    #expect(again.ending == .exit(1) && again.output == "")
    #expect(again.errors.contains("✗ a failed (attempt 2): exit code 3"), "\(again.errors)")
    #expect(again.errors.contains(" in all rounds): 1 succeeded, 1 failed\n"), "\(again.errors)")
  }

  @Test func whatWasNotAnsweredIsSaid() async throws {
    let home = Home()
    let file = home.workflow(#"{"id": "q", "ask": {"text": "?", "timeout": "1ms"}}"#)
    let run = try await home.flow("run", "-q", file)
    #expect(run.ending == .exit(1) && run.output == "")
    #expect(
      run.errors.contains("\n✗ q failed: not answered within 1ms: failed\n"), "\(run.errors)")
  }

  @Test func aSignOfLifeComesWithoutATerminal() async throws {
    let home = Home()
    let file = home.workflow(#"{"id": "a", "run": "sleep 0.5"}"#)
    let run = try await home.flow("run", "--heartbeat", "100ms", file)
    #expect(run.lines.contains { $0.hasPrefix("after ") && $0.contains("still running: a (") })
    let off = try await home.flow("run", "--heartbeat", "0", file)
    #expect(!off.output.contains("still running"))
    let wrong = try await home.flow("run", "--heartbeat", "5", file)
    #expect(wrong.ending == .exit(2) && wrong.errors.contains("expected a time such as"))
  }
}
