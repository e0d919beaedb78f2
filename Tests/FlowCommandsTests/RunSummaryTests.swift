import FlowCore
import Testing

@Suite struct RunSummaryTests {
  private func wall(_ milliseconds: Int64) -> WallTime {
    WallTime(microseconds: History.start.microseconds + milliseconds * 1_000)
  }

  @Test func aRunHasItsTimes() throws {
    var history = try History(WorkflowDefinition("build"))
    var summary = try history.summary()
    #expect(summary.runID == "nightly-20261121T021903-7f3a")
    #expect(summary.startedAt == wall(0))
    #expect(summary.finishedAt == nil)
    #expect(summary.engine?.processID == 42)
    #expect(summary.state == history.state)

    history.run("build", .exited(code: 0), milliseconds: 1_200)
    summary = try history.summary()
    #expect(summary.finishedAt == wall(1_200))
    #expect(summary.lastEventAt == wall(1_200))
    #expect(summary.stopReason == nil)
    #expect(summary.state?.phase == .finished(.succeeded))
  }

  @Test func nothingIsKnownBeforeTheFirstEvents() throws {
    let history = try History(WorkflowDefinition("build"))
    var summary = RunSummary()
    #expect(summary.runID == nil && summary.startedAt == nil && summary.state == nil)
    try summary.apply(history.events[0])
    #expect(summary.runID != nil && summary.startedAt != nil && summary.state == nil)
  }

  @Test func anIntentIsNoAttempt() throws {
    var history = try History(WorkflowDefinition("build"))
    #expect(try history.summary().attempts(ofStep: 0) == [])
    #expect(try history.summary().lastAttempt(ofStep: 0) == nil)
    history.launch("build")
    history.pass(milliseconds: 200)
    let running = try #require(try history.summary().lastAttempt(ofStep: 0))
    #expect(running.number == 1 && running.startedAt == wall(0))
    #expect(running.outcome == nil && running.durationMicroseconds == nil)
  }

  @Test func attemptsAreToldInOrder() throws {
    let retry = RetryPolicy(maxAttempts: 3, jitter: .none)
    var history = try History(
      WorkflowDefinition("build", "test", settings: StepSettings(retry: retry)))
    history.run("build", .exited(code: 2), milliseconds: 100)
    history.run("test", .exited(code: 0), milliseconds: 50)
    history.pass(milliseconds: 1_000)
    history.run("build", .signalled(signal: 9), milliseconds: 100)
    history.pass(milliseconds: 2_000)
    history.end("build", .launchFailed(LaunchFailure(operation: .execute, errno: 2)))

    let attempts = try history.summary().attempts(ofStep: 0)
    #expect(attempts.map(\.number) == [1, 2, 3])
    #expect(attempts.map(\.outcome) == [.exited, .signalled, .launchFailed])
    #expect(attempts.map(\.end?.exitCode) == [2, nil, nil])
    #expect(attempts.map(\.end?.signal) == [nil, 9, nil])
    #expect(attempts.map(\.end?.launchFailure?.errno) == [nil, nil, 2])
    #expect(attempts.map(\.durationMicroseconds) == [100_000, 100_000, 0])
    #expect(attempts.map(\.startedAt) == [wall(0), wall(1_150), wall(3_250)])
    #expect(try history.summary().lastAttempt(ofStep: 0) == attempts.last)
    #expect(try history.summary().attempts(ofStep: 1).map(\.number) == [1])

    // Who asks for the last alone is told the same of it.
    var brief = RunSummary(keepsAllAttempts: false)
    for event in history.events { try brief.apply(event) }
    #expect(brief.lastAttempt(ofStep: 0) == attempts.last)
    #expect(brief.lastAttempt(ofStep: 1) == (try history.summary().lastAttempt(ofStep: 1)))
    #expect(brief.state == (try history.summary().state))
  }

  @Test func anUnreportedLaunchIsDatedFromItsEnd() throws {
    var history = try History(WorkflowDefinition("build"))
    history.pass(milliseconds: 500)
    history.end("build", .exited(code: 0), milliseconds: 300)
    #expect(try history.summary().attempts(ofStep: 0).map(\.startedAt) == [wall(200)])
  }

  @Test func aSurvivorWhoseLaunchWasNotSeenIsDatedFromHowLongItRuns() throws {
    var history = try History(WorkflowDefinition("seen", "unseen"))
    history.launch("seen")
    history.pass(milliseconds: 500)
    let found = FoundAttempt.State.running(processID: 7, forMicroseconds: 300_000)
    try history.restart(found: ["seen": found, "unseen": found])
    let summary = try history.summary()
    let restarted = try #require(summary.lastEventAt)
    #expect(summary.lastAttempt(ofStep: 0)?.startedAt == wall(0))
    #expect(
      summary.lastAttempt(ofStep: 1)?.startedAt
        == WallTime(microseconds: restarted.microseconds - 300_000))
    #expect(summary.lastAttempt(ofStep: 1)?.outcome == nil)
  }

  @Test func nobodySaysWhenALostAttemptBeganUnlessItsLaunchWasSeen() throws {
    var history = try History(WorkflowDefinition("seen", "unseen"))
    history.launch("seen")
    history.pass(milliseconds: 200)
    try history.restart()
    let summary = try history.summary()
    #expect(summary.attempts(ofStep: 0).map(\.outcome) == [.lost])
    #expect(summary.attempts(ofStep: 0).map(\.startedAt) == [wall(0)])
    #expect(summary.attempts(ofStep: 1).map(\.outcome) == [.lost])
    #expect(summary.attempts(ofStep: 1).map(\.startedAt) == [nil])
    #expect(summary.engine?.life == 2)
  }

  @Test func aSkippedStepNamesItsNeed() throws {
    var history = try History(WorkflowDefinition("build", "test: build", "ship: test"))
    history.run("build", .exited(code: 1), milliseconds: 1)
    let summary = try history.summary()
    #expect((0..<3).map { summary.skippedNeed(ofStep: $0) } == [nil, 0, 1])
  }

  @Test func aStepSkippedByAStopNamesNone() throws {
    var history = try History(WorkflowDefinition("build", "test: build"))
    history.launch("build")
    history.cancel()
    history.end("build", .signalled(signal: 15), .stop, milliseconds: 1)
    let summary = try history.summary()
    #expect(summary.state?.steps[1].phase == .skipped)
    #expect(summary.skippedNeed(ofStep: 1) == nil)
    #expect(summary.stopReason == .cancelled)
    #expect(summary.attempts(ofStep: 0).map(\.outcome) == [.cancelled])
  }

  @Test func aHistoryThatCannotBeIsRefused() throws {
    let history = try History(WorkflowDefinition("build"))
    var summary = RunSummary()
    #expect(throws: HistoryError.self) { try summary.apply(history.events[1]) }
  }

  @Test(
    arguments: [
      (.exited(code: 0), .byItself, .exited), (.signalled(signal: 9), .byItself, .signalled),
      (.exited(code: 0), .deadline, .timedOut), (.signalled(signal: 15), .deadline, .timedOut),
      (.exited(code: 0), .stop, .cancelled), (.signalled(signal: 15), .stop, .cancelled),
      (.exited(code: 0), .force, .cancelled), (.signalled(signal: 9), .force, .cancelled),
      (.lost, .byItself, .lost), (.lost, .stop, .lost),
      (.launchFailed(LaunchFailure(operation: .execute, errno: 2)), .byItself, .launchFailed),
      (.launchFailed(LaunchFailure(operation: .execute, errno: 2)), .stop, .launchFailed),
    ] as [(AttemptEnd.Result, AttemptEnd.Cause, AttemptOutcome)])
  func outcomesSayWhy(
    result: AttemptEnd.Result, cause: AttemptEnd.Cause, outcome: AttemptOutcome
  ) {
    let end = AttemptEnd(result: result, cause: cause, durationMicroseconds: 0)
    #expect(AttemptOutcome(end) == outcome)
  }
}
