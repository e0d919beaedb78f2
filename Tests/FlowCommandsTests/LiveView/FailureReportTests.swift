import FlowCore
import FlowRuntime
import Testing

@testable import FlowCommands

@Suite struct FailureReportTests {
  private func failures(_ history: History) -> FailedSteps {
    var failures = FailedSteps()
    for event in history.events { failures.apply(event, in: history.state) }
    return failures
  }

  private func report(_ history: History, printed: [String: [String]] = [:]) -> String {
    let report = FailureReport(
      failures(history), history.state, runID: "r-1", folder: RunFolder(path: "/home/u/r-1")
    ) { attempt in printed[history.state.definition.steps[Int(attempt.step)].id] ?? [] }
    return report.lines().map(\.plain).joined(separator: "\n")
  }

  @Test(arguments: [(1, []), (0, ["n/a"])] as [(Int32, [String])])
  func itemsAreToBlameIfTheirNodeHasFailed(tolerated: Int32, expected: [String]) throws {
    var history = try History(
      NodeDisplayTests.workflow(["a", "b"], tolerance: .count(tolerated)), jobs: 1)
    history.run("n/a", .exited(code: 1), milliseconds: 1)
    if tolerated > 0 { history.run("n/b", .exited(code: 0), milliseconds: 1) }
    let failures = failures(history)
    #expect(failures.count == expected.count)
    #expect(
      failures.entries.map { history.state.definition.steps[Int($0.step)].id } == expected)
  }

  @Test func whatFailedIsShownWithTheEndOfItsOutput() throws {
    var history = try History(WorkflowDefinition("build", "test: build"))
    history.run("build", .exited(code: 2), milliseconds: 1_200)
    #expect(
      report(history, printed: ["build": ["cc main.c", "main.c:3: error"]]) == """

        ✗ build failed: exit code 2 after 1.2s
            cc main.c
            main.c:3: error
          in /home/u/r-1/attempts/build@1.out
          full output: flow logs r-1 build

        """)
  }

  @Test func theLastAttemptCounts() throws {
    let retry = RetryPolicy(maxAttempts: 2, initialDelayMilliseconds: 1_000, jitter: .none)
    var history = try History(
      WorkflowDefinition("build", settings: StepSettings(retry: retry)))
    history.run("build", .exited(code: 2), milliseconds: 10)
    history.pass(milliseconds: 1_000)
    history.run("build", .signalled(signal: 11), milliseconds: 10)
    #expect(
      report(history) == """

        ✗ build failed (attempt 2): signal 11 (SIGSEGV) after 10ms
          no output

        """)
  }

  @Test func aCommandThatCouldNotBeStartedPrintedNothing() throws {
    var history = try History(WorkflowDefinition("build"))
    history.end("build", .launchFailed(LaunchFailure(operation: .execute, errno: 2)))
    #expect(
      report(history) == """

        ✗ build failed: cannot execute "make": no such program in PATH (ENOENT)

        """)
  }

  /// The command may have printed something that found no space.
  @Test func aFullDiskIsSaidWithOutputAndWithout() throws {
    var history = try History(WorkflowDefinition("build"))
    history.launch("build")
    history.end("build", .exited(code: 1), output: AttemptOutput(byteCount: 0, wasDiskFull: true))
    let loss = "  the disk was full: its last output may be missing\n"
    #expect(report(history).contains("\(loss)  no output\n"))
    #expect(report(history, printed: ["build": ["cc"]]).contains("\(loss)    cc\n"))
  }

  @Test func afterTheFirstFewTheRestIsCounted() throws {
    var history = try History(WorkflowDefinition("a", "b", "c", "d", "e", "f", "g"))
    for step in ["a", "b", "c", "d", "e", "f", "g"] {
      history.run(step, .exited(code: 1), milliseconds: 1)
    }
    let lines = report(history).split(separator: "\n").filter { !$0.hasPrefix(" ") }
    #expect(lines.count == FailedSteps.mostEntries + 1)
    #expect(lines.last == "… and 2 more: flow status r-1")
  }

  @Test func whatMayFailIsNotToBlame() throws {
    var history = try History(
      WorkflowDefinition("build", settings: StepSettings(allowFailure: true)))
    history.run("build", .exited(code: 1), milliseconds: 1)
    #expect(report(history) == "")
  }

  @Test func ofARunThatTookTooLongWhatStillRanIsToBlame() throws {
    var definition = WorkflowDefinition("build", "test: build")
    definition.timeoutMilliseconds = 5_000
    var history = try History(definition)
    history.launch("build")
    history.pass(milliseconds: 5_000)
    history.end("build", .signalled(signal: 15), .stop, milliseconds: 5_000)
    #expect(report(history).hasPrefix("\n⊘ build cancelled after 5s: the run timed out\n"))
    var cancelled = try History(WorkflowDefinition("build"))
    cancelled.launch("build")
    cancelled.cancel()
    cancelled.end("build", .signalled(signal: 15), .stop, milliseconds: 5_000)
    #expect(report(cancelled) == "")
  }
}
