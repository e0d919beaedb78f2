import FlowCore
import Testing

/// What no history may hold, and how it is named.
@Suite struct ReplayTests {
  private static let workflow = WorkflowDefinition.of("a", "b < a")

  @Test func theStateBeginsWithTheDefinition() throws {
    let bytes = DefinitionCodec.encode(Self.workflow)
    var replay = Replay()
    try replay.apply(Self.event(1, Self.created(byteCount: bytes.count)))
    try replay.apply(Self.event(2, .definitionPart(Array(bytes[..<10]))))
    #expect(replay.state == nil)
    try replay.apply(Self.event(3, .definitionPart(Array(bytes[10...]))))
    #expect(replay.state?.definition == Self.workflow)
    #expect(replay.state?.lastSequence == 3)
  }

  @Test func aHistoryBeginsWithItsRun() {
    expect(.outOfSequence(expected: 1), of: [Self.event(2, Self.created(byteCount: 1))])
    expect(.misplaced, of: [Self.event(1, .definitionPart([1]))])
    expect(.misplaced, of: [Self.event(1, .runFinished(.succeeded))])
    let created = Self.created(byteCount: 1)
    expect(.misplaced, of: [Self.event(1, created), Self.event(2, created)])
  }

  @Test func rulesOfANewerProgramAreRefused() {
    let next = Policy.current.rawValue + 1
    expect(
      .newer("names policy \(next)", createdBy: "0"),
      of: [Self.event(1, Self.created(byteCount: 1, policy: next))])
    expect(.misplaced, of: [Self.event(1, Self.created(byteCount: 1, policy: 0))])
  }

  @Test func aDefinitionHasTheSizeThatWasSaid() {
    let bytes = DefinitionCodec.encode(Self.workflow)
    let whole = Self.event(2, .definitionPart(bytes))
    let rest = Self.event(3, .definitionPart([0, 0]))
    expect(.misplaced, of: [Self.event(1, Self.created(byteCount: bytes.count - 1)), whole])
    expect(.misplaced, of: [Self.event(1, Self.created(byteCount: bytes.count + 1)), whole, rest])
  }

  /// Before any of it is gathered.
  @Test(arguments: [0, 256 << 20 + 1, Int(Int64.max)])
  func aDefinitionOfASizeThatNoneHasIsRefused(byteCount: Int) {
    let reason = HistoryError.Reason.definitionSize(Int64(byteCount))
    expect(reason, of: [Self.event(1, Self.created(byteCount: byteCount))])
  }

  @Test func aDefinitionCanBeRead() {
    expect(
      .definition(CodingError(offset: 1, reason: .truncated)),
      of: [Self.event(1, Self.created(byteCount: 1)), Self.event(2, .definitionPart([9]))])
  }

  @Test func aDefinitionHasNoCycle() {
    let bytes = DefinitionCodec.encode(.of("a < b", "b < a"))
    expect(
      .cycle,
      of: [
        Self.event(1, Self.created(byteCount: bytes.count)), Self.event(2, .definitionPart(bytes)),
      ])
  }

  @Test(
    arguments: [
      (Event.Body.definitionPart([]), HistoryError.Reason.misplaced),
      (
        .engineStarted(EngineStarted(life: 3, processID: 1, host: HostContext(bootID: "b"))),
        .misplaced
      ),
      (.attemptLaunched(AttemptID(step: 2, number: 1), processID: 1), .unknownStep(2)),
      (.deadlinePassed(AttemptID(step: -1, number: 1)), .unknownStep(-1)),
      (.stepFinished(step: .max, .failed), .unknownStep(.max)),
      (.attemptEnded(AttemptID(step: 0, number: 2), .success), .impossible(step: 0, .starting)),
      (
        .attemptLaunched(AttemptID(step: 1, number: 0), processID: 1),
        .impossible(step: 1, .waiting(unmetNeeds: 1))
      ),
      (.stepFinished(step: 0, .succeeded), .impossible(step: 0, .starting)),
      (.attemptScheduled(AttemptID(step: 1, number: 1)), .misplaced),
      (.timerFired(.retry(step: 0)), .misplaced),
      (.timerFired(.runTimeout), .misplaced),
      (.runStopping(.failFast(step: 0)), .misplaced),
      (.runStopping(.failFast(step: 9)), .misplaced),
      (.runFinished(.succeeded), .misplaced),
    ])
  func whatCannotFollowIsRefused(body: Event.Body, reason: HistoryError.Reason) throws {
    let events = try EngineHarness(Self.workflow).durable
    expect(reason, of: events + [Self.event(Int64(events.count) + 1, body)])
  }

  @Test func aNumberMayNotBeLeftOutOrComeTwice() throws {
    let events = try EngineHarness(Self.workflow).durable
    let count = Int64(events.count)
    let body = Event.Body.cancelRequested(CancelRequest(id: 1, force: false))
    expect(.outOfSequence(expected: count + 1), of: events + [Self.event(count + 2, body)])
    expect(.outOfSequence(expected: count + 1), of: events + [Self.event(count, body)])
  }

  @Test func nothingFollowsTheEndOfTheRun() throws {
    var run = try EngineHarness(Self.workflow)
    run.end("a")
    run.end("b")
    let next = Self.event(
      Int64(run.durable.count) + 1, .cancelRequested(CancelRequest(id: 1, force: false)))
    expect(.afterEnd, of: run.durable + [next])
  }

  @Test(arguments: [
    (HistoryError.Reason.unknownStep(7), "names step 7, which does not exist"),
    (.impossible(step: 0, .ready), "cannot happen to step 0, which is ready"),
    (.misplaced, "is out of place"),
    (
      .definition(CodingError(offset: 3, reason: .truncated)),
      "completes an invalid definition: the bytes end within the value at offset 3"
    ),
    (.definitionSize(0), "announces a definition of 0 bytes, which no run can have"),
    (.cycle, "completes a definition whose steps form a dependency cycle"),
    (
      .newer("names policy 9", createdBy: "0.9"),
      "names policy 9: written by a newer flow (0.9)"
    ),
    (.afterEnd, "follows the end of the run"),
  ])
  func errorsSayWhatAndWhere(reason: HistoryError.Reason, words: String) {
    let event = Self.event(9, .stepFinished(step: 0, .failed))
    #expect("\(HistoryError(event, reason))" == "event 9 (stepFinished) \(words)")
  }

  @Test func aMissingEventIsNamed() {
    let event = Self.event(9, .stepFinished(step: 0, .failed))
    #expect(
      "\(HistoryError(event, .outOfSequence(expected: 8)))"
        == "expected event 8, found event 9 (stepFinished)")
  }

  /// The last event is refused, and it alone.
  private func expect(_ reason: HistoryError.Reason, of events: [Event]) {
    var replay = Replay()
    for (index, event) in events.enumerated() {
      do throws(HistoryError) {
        try replay.apply(event)
      } catch {
        #expect(error == HistoryError(event, reason))
        #expect(error.sequence == event.sequence && error.kind == event.body.kind)
        #expect(index == events.count - 1)
        return
      }
    }
    Issue.record("\(events) was taken for a history")
  }

  private static func created(byteCount: Int, policy: Int32 = Policy.current.rawValue) -> Event.Body
  {
    .runCreated(
      RunCreated(
        runID: "r", seed: 0, policyVersion: policy, programVersion: "0", jobs: 1,
        definitionFolder: "/", definitionByteCount: Int64(byteCount)))
  }

  private static func event(_ sequence: Int64, _ body: Event.Body) -> Event {
    let moment = Moment(monotonic: Instant(microseconds: 0), wall: WallTime(microseconds: 0))
    return Event(sequence: sequence, moment: moment, startsWakeUp: true, body: body)
  }
}
