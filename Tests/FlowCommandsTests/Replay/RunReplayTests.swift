import FlowCore
import Testing

@testable import FlowCommands

@Suite struct RunReplayTests {
  private func replay(
    _ events: [Event], to limit: RunReplay.Limit = .end, isChecking: Bool = false
  ) throws -> RunReplay {
    var replay = RunReplay(to: limit, isChecking: isChecking)
    for event in events { try replay.apply(event) }
    replay.finish()
    return replay
  }

  private func time(_ text: String) throws -> RunReplay.Limit {
    .time(try #require(TimeOption(text)))
  }

  @Test func everyPrefixIsTheStateThatItWasThen() throws {
    let events = try ExportedRun.eventful().events
    var live = RunHistory(keeping: .allAttempts)
    for event in events {
      try live.apply(event)
      let replay = try replay(events, to: .sequence(event.sequence))
      #expect(replay.history == live)
      #expect(replay.last == event && replay.lastSequence == Int64(events.count))
      #expect(replay.next?.sequence == (event == events.last ? nil : event.sequence + 1))
    }
  }

  @Test func aTimeTakesInAllUpToItsMillisecond() throws {
    let events = try ExportedRun.eventful().events
    func last(_ text: String) throws -> String? {
      try replay(events, to: time(text)).last?.body.kind.name
    }
    #expect(try last("399ms") == "attemptLaunched")
    #expect(try replay(events, to: time("400ms")).history.state?.steps[0].phase == .backingOff)
    #expect(try last("1h") == "runFinished" && last("6300ms") == "runFinished")
    // An hour ahead from half of the run on: the wall clock was set.
    #expect(try replay(events, to: time("02:19:04")).elapsed == 400_000)
    #expect(try replay(events, to: time("03:00:00")).elapsed == 2_000_000)
    #expect(try replay(events, to: time("2026-11-21T02:19:02.999Z")).last == nil)
    #expect(try last("2026-11-21T04:00:00Z") == "runFinished")
  }

  @Test func betweenTwoEventsItIsAsLateAsWasAskedFor() throws {
    let events = try ExportedRun.eventful().events
    let start = History.start.microseconds
    #expect(try replay(events, to: time("1s")).now?.microseconds == start + 1_000_000)
    #expect(try replay(events, to: time("02:19:04")).now?.microseconds == start + 1_000_000)
    let end = try replay(events, to: time("9h"))
    #expect(end.now == end.last?.moment.wall)
    let exact = try replay(events, to: .sequence(12))
    #expect(exact.now == exact.last?.moment.wall)
  }

  @Test func whatTheEngineChoseIsWhatTheRulesCallFor() throws {
    let events = try ExportedRun.eventful().events
    let check = try #require(try replay(events, to: .sequence(3), isChecking: true).check)
    #expect(check.difference == nil)
    // Whatever the point, all of the history is checked.
    #expect(check.facts == events.count { $0.body.kind.isFact })
    #expect(check.decisions == events.count { !$0.body.kind.isFact } && check.decisions > 10)
    #expect(try replay(events).check == nil)
  }

  @Test func aDecisionThatTheRulesDoNotCallForIsFound() throws {
    var events = try ExportedRun.eventful().events
    let place = try #require(events.firstIndex { $0.body.kind == .retryScheduled })
    let attempt = AttemptID(step: 0, number: 1)
    #expect(events[place].body == .retryScheduled(attempt, delayMilliseconds: 1_000))
    events[place].body = .retryScheduled(attempt, delayMilliseconds: 1)
    let replay = try replay(events, isChecking: true)
    let difference = try #require(replay.check?.difference)
    #expect(difference.sequence == events[place].sequence)
    let printer = ReplayPrinter(replay, runID: "r", isHeld: false, engineProcessID: nil)
    #expect(
      printer.text(difference)
        == "event \(difference.sequence): the policy decides \"fetch#1 failed; retry in 1s\", but"
        + " the history has \"fetch#1 failed; retry in 1ms\""
    )
  }

  @Test func aDecisionThatIsMissingAtTheEndIsFound() throws {
    let events = try ExportedRun.eventful().events.dropLast()
    let difference = try replay(Array(events), isChecking: true).check?.difference
    #expect(difference?.expected == .runFinished(.failed) && difference?.recorded == nil)
    #expect(difference?.sequence == Int64(events.count + 1))
  }
}
