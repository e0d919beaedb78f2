import TestSupport
import Testing

/// What a shell runs is killed by a signal that flow did not send.
@Suite struct ShellSignalTests {
  @Test func itIsToldAndRetriedAsASignal() async throws {
    let home = Home()
    let retry = #""retry": {"maxAttempts": 2, "initialDelay": "1ms", "on": ["signal"]}"#
    let file = home.workflow(
      #"{"id": "string", "run": "sh -c 'kill -KILL $$'; exit $?", "# + retry
        + #"}, {"id": "array", "run": ["sh", "-c", "kill -KILL $$"], "# + retry + "}")
    let run = try await home.flow("run", file, "--run-id", "r")
    #expect(run.ending == .exit(1))
    let status = try await home.status("r")
    #expect(status.outcomes(of: "string") == ["exited", "exited"])
    #expect(status.outcomes(of: "array") == ["signalled", "signalled"])
    let why = try await home.flow("why", "r", "string").output
    #expect(
      why.contains("exit code 137: a process it ran died of SIGKILL (flow did not send it)"),
      "\(why)")
    #expect(try await home.flow("replay", "--verify", "r").ending == .exit(0))
  }
}
