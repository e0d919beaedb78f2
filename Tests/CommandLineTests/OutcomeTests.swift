import FlowJSON
import TestSupport
import Testing

/// How runs end, what `flow run` exits with, and what it prints.
struct OutcomeTests {
  @Test(arguments: [
    (#""run": "exit 0""#, 0, "succeeded", "exited", 0, nil),
    (#""run": "exit 1""#, 1, "failed", "exited", 1, nil),
    (#""run": "exit 255""#, 1, "failed", "exited", 255, nil),
    (#""run": "kill -9 $$""#, 1, "failed", "signalled", nil, 9),
    (#""run": "kill -15 $$""#, 1, "failed", "signalled", nil, 15),
    (#""run": ["/does/not/exist"]"#, 1, "failed", "launchFailed", nil, nil),
    (#""run": "sleep 600", "timeout": "50ms""#, 1, "failed", "timedOut", nil, 15),
    (#""run": "exit 1", "allowFailure": true"#, 0, "failed", "exited", 1, nil),
  ])
  func theExitCodeSaysHowTheRunEnded(
    step: String, code: Int, state: String, outcome: String, exitCode: Int?, signal: Int?
  ) async throws {
    let home = Home()
    let run = try await home.flow("run", home.workflow("{\"id\": \"a\", \(step)}"))
    #expect(run.ending == .exit(Int32(code)), "\(run.errors)")
    let status = try await home.status()
    #expect(status["state"]?.string == (code == 0 ? "succeeded" : "failed"))
    #expect(status.state(of: "a") == state)
    #expect(status.outcomes(of: "a") == [outcome])
    #expect(status.step("a")?["attempts"]?[0]?["exitCode"]?.integer == exitCode)
    #expect(status.step("a")?["attempts"]?[0]?["signal"]?.integer == signal)
  }

  @Test func theFirstLineNamesTheRun() async throws {
    let home = Home()
    let run = try await home.flow("run", home.workflow(#"{"id": "a", "run": "true"}"#))
    #expect(run.lines.first == "run \(home.runs.first ?? "?")")
    #expect(run.errors == "")
  }

  @Test func jsonLinesAreTheHistoryUpToItsEnd() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "false", "retry": {"maxAttempts": 2, "initialDelay": "1ms"}}"#,
      named: "with \\\"quotes\\\" é")
    let run = try await home.flow("run", "--json", file)
    let events = try run.lines.map { line throws in try JSON(line) }
    #expect(events.map { $0["sequence"]?.integer ?? 0 } == Array(1...events.count))
    #expect(events.first?["kind"]?.string == "runCreated")
    #expect(events.first?["runId"]?.string == home.runs.first)
    #expect(events.last?["kind"]?.string == "runFinished")
    #expect(events.last?["outcome"]?.string == "failed")
    #expect(try await home.events() == events)
  }

  @Test func quietPrintsNothing() async throws {
    let home = Home()
    let run = try await home.flow("run", "-q", home.workflow(#"{"id": "a", "run": "echo x"}"#))
    #expect(run.ending == .exit(0))
    #expect(run.output == "" && run.errors == "")
    #expect(try await home.logs("a") == "x\n")
  }

  @Test func statusHasTheDocumentedShape() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "exit 3"}, {"id": "b", "run": "true", "needs": ["a"]}"#)
    _ = try await home.flow("run", file, "--run-id", "r")
    let status = try await home.status("r")
    #expect(
      status.keys == ["runId", "name", "state", "enginePid", "startedAt", "finishedAt", "steps"])
    #expect(status["runId"] == .string("r"))
    #expect(status["name"] == .string("w"))
    #expect(status["enginePid"] == .null)
    for key in ["startedAt", "finishedAt"] {
      #expect(isTime(status[key]?.string ?? ""))
    }
    let a = try #require(status.step("a"))
    #expect(a.keys == ["id", "state", "attempts"])
    let attempt = try #require(a["attempts"]?[0])
    #expect(
      attempt.keys == [
        "attempt", "outcome", "exitCode", "signal", "startedAt", "durationMs", "cpuMs",
        "peakMemoryKiB", "stragglers",
      ])
    #expect((attempt["peakMemoryKiB"]?.integer ?? 0) > 0)
    #expect(attempt["attempt"] == .number(1) && attempt["exitCode"] == .number(3))
    #expect(attempt["signal"] == .null)
    #expect(isTime(attempt["startedAt"]?.string ?? ""))
    #expect((attempt["durationMs"]?.integer ?? -1) >= 0)
    #expect(status.state(of: "b") == "skipped" && status.outcomes(of: "b") == [])
  }

  @Test func aStepIsTriedUntilItSucceeds() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "echo $FLOW_ATTEMPT; test $FLOW_ATTEMPT = 3","#
        + #" "retry": {"maxAttempts": 5, "initialDelay": "1ms"}}"#)
    #expect(try await home.flow("run", file).ending == .exit(0))
    #expect(try await home.status().outcomes(of: "a") == ["exited", "exited", "exited"])
    #expect(try await home.logs("a") == "3\n")
    let first = try await home.flow("logs", "latest", "a", "--attempt", "1")
    #expect(first.output == "1\n")
  }

  @Test func failFastStopsTheOthers() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "sleep 600"}, {"id": "b", "run": "exit 1"},"#
        + #" {"id": "c", "run": "true", "needs": ["a"]}"#,
      #""failFast": true, "jobs": 2"#)
    #expect(try await home.flow("run", file).ending == .exit(1))
    let status = try await home.status()
    #expect(status.state(of: "a") == "cancelled" && status.state(of: "c") == "skipped")
    #expect(home.folder.processes() == [])
  }

  @Test func theRunsTimeoutStopsAll() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "sleep 600"}, {"id": "b", "run": "true", "needs": ["a"]}"#,
      #""timeout": "100ms""#)
    #expect(try await home.flow("run", file).ending == .exit(1))
    let status = try await home.status()
    #expect(status.state(of: "a") == "cancelled" && status.state(of: "b") == "skipped")
    #expect(home.folder.processes() == [])
  }

  @Test func dependentsOfAnAllowedFailureRun() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "exit 1", "allowFailure": true},"#
        + #" {"id": "b", "run": "true", "needs": ["a"]}"#)
    #expect(try await home.flow("run", file).ending == .exit(0))
    #expect(try await home.status().state(of: "b") == "succeeded")
  }

  private func isTime(_ text: String) -> Bool {
    text.utf8.count == 24 && text.hasSuffix("Z") && text.contains("T") && text.contains(".")
  }
}
