import FlowCore
import Testing

/// Histories that no engine records so, but that a state accepts, and times that do not fit.
@Suite struct RunHistoryLimitsTests {
  private static let first = AttemptID(step: 0, number: 1)

  /// A run of one step whose first attempt is scheduled, and what came after that.
  private func history(
    keeping detail: RunHistory.Detail = .times, _ more: Event.Body..., after milliseconds: Int64,
    wall: Int64? = nil
  ) throws -> RunHistory {
    let run = try EngineHarness(.of("a"))
    var history = RunHistory(keeping: detail)
    for event in run.durable { try history.apply(event) }
    var moment = run.now
    moment.monotonic.microseconds += milliseconds * 1_000
    moment.wall.microseconds = wall ?? moment.wall.microseconds + milliseconds * 1_000
    for body in more {
      try history.apply(
        Event(
          sequence: history.lastSequence + 1, moment: moment, startsWakeUp: true, body: body))
    }
    return history
  }

  @Test func timesThatDoNotFitEndAtTheGreatest() throws {
    let run = try history(.attemptLaunched(Self.first, processID: 7), after: 6_000, wall: 1)
    #expect(run.last?.elapsed == 6_000_000)
    func elapsed(monotonic: Int64 = 0, wall: Int64 = 0, boot: String) -> Int64 {
      let moment = Moment(
        monotonic: Instant(microseconds: monotonic), wall: WallTime(microseconds: wall))
      return run.time.point(of: moment, bootID: boot).elapsed
    }
    #expect(elapsed(monotonic: 11_000_001, boot: "boot") == 6_000_001)
    #expect(elapsed(wall: 3, boot: "another") == 6_000_002)
    // A clock that went back, or further than its numbers reach, measures nothing.
    #expect(elapsed(monotonic: 0, boot: "boot") == 6_000_000)
    #expect(elapsed(monotonic: .min, boot: "boot") == 6_000_000)
    #expect(elapsed(wall: .max, boot: "another") == .max)
    // Before the first event there is no time.
    let moment = Moment(monotonic: Instant(microseconds: 5), wall: WallTime(microseconds: 5))
    #expect(RunHistory(keeping: .times).time.point(of: moment, bootID: "boot").elapsed == 0)
  }

  @Test func aWithdrawnAttemptGivesBackItsNumber() throws {
    let run = try history(.attemptWithdrawn(Self.first), after: 10)
    #expect(run.state?.steps[0].phase == .ready)
    #expect(run.readySince(step: 0)?.elapsed == 0)
    #expect(run.attempts(ofStep: 0) == [] && run.lastAttempt(ofStep: 0) == nil)
    #expect(Array(run.allAttempts) == [])
    let again = try history(
      .attemptWithdrawn(Self.first), .attemptScheduled(Self.first), after: 10)
    #expect(again.readySince(step: 0) == nil)
    #expect(again.attempts(ofStep: 0).map(\.scheduledAt.elapsed) == [10_000])
    #expect(again.attempts(ofStep: 0).map(\.readyAt.elapsed) == [0])
  }

  /// Clocks of monitor and engine can differ by a little, and a damaged record by anything.
  @Test func noAttemptStartsBeforeItWasScheduled() throws {
    let end = AttemptEnd(result: .exited(code: 0), cause: .byItself, durationMicroseconds: .max)
    let run = try history(
      .attemptWithdrawn(Self.first), .attemptScheduled(Self.first), .attemptEnded(Self.first, end),
      after: 10)
    let attempt = try #require(run.lastAttempt(ofStep: 0))
    #expect(attempt.launchedAt == attempt.scheduledAt && attempt.launchedAt?.elapsed == 10_000)
    #expect(attempt.endedAt?.elapsed == 10_000)
    // Where no times are kept it is not before the run.
    let brief = try history(keeping: .lastAttempts, .attemptEnded(Self.first, end), after: 10)
    #expect(brief.lastAttempt(ofStep: 0)?.launchedAt?.wall == brief.startedAt)
  }

  @Test func aStopForAnotherReasonCountsOnlyByForce() throws {
    let run = try history(
      .attemptLaunched(Self.first, processID: 7), .deadlinePassed(Self.first),
      .deadlinePassed(Self.first), after: 10)
    let attempt = try #require(run.lastAttempt(ofStep: 0))
    #expect(attempt.stop == .deadline && attempt.stoppedAt?.elapsed == 10_000)
    #expect(attempt.next == .none && attempt.survivedTo == nil)
  }

  @Test func beforeTheDefinitionNothingIsNeeded() {
    let run = RunHistory(keeping: .times)
    #expect(run.state == nil && run.lastNeed(ofStep: 0) == nil && run.stopping == nil)
    #expect(run.lastEventAt == nil && Array(run.allAttempts) == [])
  }
}
