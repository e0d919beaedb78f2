import FlowCore
import Testing

@Suite struct RunHistoryTests {
  private func wall(_ milliseconds: Int64) -> WallTime {
    WallTime(microseconds: History.start.microseconds + milliseconds * 1_000)
  }

  @Test func aRunHasItsTimes() throws {
    var history = try History(WorkflowDefinition("build"))
    var told = try history.read()
    #expect(told.runID == "nightly-20261121T021903-7f3a")
    #expect(told.startedAt == wall(0))
    #expect(told.finishedAt == nil)
    #expect(told.state?.engine?.processID == 42)
    #expect(told.state == history.state)

    history.run("build", .exited(code: 0), milliseconds: 1_200)
    told = try history.read()
    #expect(told.finishedAt == wall(1_200))
    #expect(told.lastEventAt == wall(1_200))
    #expect(told.stopReason == nil)
    #expect(told.state?.phase == .finished(.succeeded))
  }

  @Test func nothingIsKnownBeforeTheFirstEvents() throws {
    let history = try History(WorkflowDefinition("build"))
    var told = RunHistory(keeping: .allAttempts)
    #expect(told.runID == nil && told.startedAt == nil && told.state == nil)
    try told.apply(history.events[0])
    #expect(told.runID != nil && told.startedAt != nil && told.state == nil)
  }

  @Test func anIntentIsNoAttempt() throws {
    var history = try History(WorkflowDefinition("build"))
    #expect(try history.read().attempts(ofStep: 0) == [])
    #expect(try history.read().lastAttempt(ofStep: 0) == nil)
    history.launch("build")
    history.pass(milliseconds: 200)
    let running = try #require(try history.read().lastAttempt(ofStep: 0))
    #expect(running.id.number == 1 && running.launchedAt?.wall == wall(0))
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

    let attempts = try history.read().attempts(ofStep: 0)
    #expect(attempts.map(\.id.number) == [1, 2, 3])
    #expect(attempts.map(\.outcome) == [.exited, .signalled, .launchFailed])
    #expect(attempts.map(\.end?.exitCode) == [2, nil, nil])
    #expect(attempts.map(\.end?.signal) == [nil, 9, nil])
    #expect(attempts.map(\.end?.launchFailure?.errno) == [nil, nil, 2])
    #expect(attempts.map(\.durationMicroseconds) == [100_000, 100_000, 0])
    #expect(attempts.map(\.launchedAt?.wall) == [wall(0), wall(1_150), wall(3_250)])
    #expect(try history.read().lastAttempt(ofStep: 0) == attempts.last)
    #expect(try history.read().attempts(ofStep: 1).map(\.id.number) == [1])
  }

  /// A history with a failure, a rerun, an attempt that an engine left running, one that was withdrawn
  /// and a second round.
  private func eventful() throws -> History {
    let retry = RetryPolicy(maxAttempts: 2, jitter: .none)
    var history = try History(
      WorkflowDefinition("a", "b", "c", "d: a", settings: StepSettings(retry: retry)), jobs: 2)
    history.run("a", .exited(code: 1), milliseconds: 30)
    history.launch("b")
    history.pass(milliseconds: 500)
    try history.restart(
      found: ["c": .running(processID: 9, forMicroseconds: 200_000)], boot: "boot-2")
    history.end("c", .exited(code: 0), milliseconds: 700)
    history.pass(milliseconds: 5_000)
    history.cancel()
    for step in ["a", "b"] { history.end(step, .signalled(signal: 15), .stop, milliseconds: 0) }
    try history.reopen()
    for step in ["a", "b", "d"] { history.run(step, .exited(code: 0), milliseconds: 5) }
    return history
  }

  /// Every prefix: how much is kept changes nothing of what is told.
  @Test func whateverIsKeptTellsTheSame() throws {
    let events = try eventful().events
    var last = RunHistory(keeping: .lastAttempts)
    var all = RunHistory(keeping: .allAttempts)
    var times = RunHistory(keeping: .times)
    var mostAttempts = 0
    for event in events {
      try last.apply(event)
      try all.apply(event)
      try times.apply(event)
      #expect(last.state == all.state && all.state == times.state)
      #expect(last.last == all.last && all.last == times.last)
      guard let count = all.state?.steps.count else { continue }
      #expect(last.allAttempts.reduce(0) { number, _ in number + 1 } <= count)
      for step in 0..<count {
        let attempts = all.attempts(ofStep: step)
        mostAttempts = max(mostAttempts, attempts.count)
        #expect(last.lastAttempt(ofStep: step) == attempts.last)
        #expect(last.skippedNeed(ofStep: step) == times.skippedNeed(ofStep: step))
        let timed = times.attempts(ofStep: step).filter(\.isOfNote)
        #expect(timed.map(\.id) == attempts.map(\.id))
        #expect(timed.map(\.launchedAt) == attempts.map(\.launchedAt))
        #expect(timed.map(\.end) == attempts.map(\.end))
        #expect(timed.map(\.isProbe) == attempts.map(\.isProbe))
      }
    }
    #expect(all.state?.phase == .finished(.succeeded) && mostAttempts > 2)
    #expect(times.rounds.count == 2 && times.lives.count == 3 && !times.marks.isEmpty)
    #expect(all.rounds.isEmpty && last.lives.isEmpty && last.marks.isEmpty)
  }

  @Test func anUnreportedLaunchIsDatedFromItsEnd() throws {
    var history = try History(WorkflowDefinition("build"))
    history.pass(milliseconds: 500)
    history.end("build", .exited(code: 0), milliseconds: 300)
    #expect(try history.read().attempts(ofStep: 0).map(\.launchedAt?.wall) == [wall(200)])
  }

  @Test func aSurvivorWhoseLaunchWasNotSeenIsDatedFromHowLongItRuns() throws {
    var history = try History(WorkflowDefinition("seen", "unseen"))
    history.launch("seen")
    history.pass(milliseconds: 500)
    let found = FoundAttempt.State.running(processID: 7, forMicroseconds: 300_000)
    try history.restart(found: ["seen": found, "unseen": found])
    let told = try history.read()
    let restarted = try #require(told.lastEventAt)
    #expect(told.lastAttempt(ofStep: 0)?.launchedAt?.wall == wall(0))
    #expect(
      told.lastAttempt(ofStep: 1)?.launchedAt?.wall
        == WallTime(microseconds: restarted.microseconds - 300_000))
    #expect(told.lastAttempt(ofStep: 1)?.outcome == nil)
  }

  @Test func theStartOfALostAttemptIsUnknownUnlessItsLaunchWasRecorded() throws {
    var history = try History(WorkflowDefinition("seen", "unseen"))
    history.launch("seen")
    history.pass(milliseconds: 200)
    try history.restart()
    let told = try history.read()
    #expect(told.attempts(ofStep: 0).map(\.outcome) == [.lost])
    #expect(told.attempts(ofStep: 0).map(\.launchedAt?.wall) == [wall(0)])
    #expect(told.attempts(ofStep: 1).map(\.outcome) == [.lost])
    #expect(told.attempts(ofStep: 1).map(\.launchedAt?.wall) == [nil])
    #expect(told.state?.engine?.life == 2)
  }

  @Test func aSkippedStepNamesItsNeed() throws {
    var history = try History(WorkflowDefinition("build", "test: build", "ship: test"))
    history.run("build", .exited(code: 1), milliseconds: 1)
    let told = try history.read()
    #expect((0..<3).map { told.skippedNeed(ofStep: $0) } == [nil, 0, 1])
  }

  @Test func aStepSkippedByAStopNamesNone() throws {
    var history = try History(WorkflowDefinition("build", "test: build"))
    history.launch("build")
    history.cancel()
    history.end("build", .signalled(signal: 15), .stop, milliseconds: 1)
    let told = try history.read()
    #expect(told.state?.steps[1].phase == .skipped)
    #expect(told.skippedNeed(ofStep: 1) == nil)
    #expect(told.stopReason == .cancelled)
    #expect(told.attempts(ofStep: 0).map(\.outcome) == [.cancelled])
  }

  @Test func aHistoryThatCannotBeIsRefused() throws {
    let history = try History(WorkflowDefinition("build"))
    var told = RunHistory(keeping: .allAttempts)
    #expect(throws: HistoryError.self) { try told.apply(history.events[1]) }
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
