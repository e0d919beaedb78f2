import FlowCore

/// Events have exactly one encoding and round-trip. Their history is rejected, or an engine can resume from
/// its state.
enum EventsTarget {
  /// The first byte says whether the rest is a block of encoded events, or the values of events.
  static func test(_ bytes: [UInt8]) throws(Finding) {
    var supply = ByteSupply(bytes)
    if supply.bool() {
      try testWriting(made(of: &supply))
    } else {
      try testReading(supply.remainder)
    }
  }

  private static func testReading(_ bytes: [UInt8]) throws(Finding) {
    var decoder = EventDecoder(bytes, first: 1)
    var events: [Event] = []
    var isWhole = true
    do throws(CodingError) {
      while let event = try decoder.next() { events.append(event) }
    } catch {
      isWhole = false
      try require(
        (0...bytes.count).contains(error.offset), "an error outside of the bytes: \(error)")
    }
    let again = encoded(events)
    try require(
      isWhole ? again == bytes : bytes.starts(with: again), "\(events) have a second encoding")
    try replay(events)
  }

  private static func testWriting(_ events: [Event]) throws(Finding) {
    let bytes = encoded(events)
    var decoder = EventDecoder(bytes, first: 1)
    var read: [Event] = []
    do throws(CodingError) {
      while let event = try decoder.next() { read.append(event) }
    } catch {
      throw Finding("\(events) cannot be read: \(error)")
    }
    // Compare bytes too: Swift considers canonically equivalent texts equal.
    try require(read == events && encoded(read) == bytes, "\(events) are read as \(read)")
  }

  private static func encoded(_ events: [Event]) -> [UInt8] {
    var encoder = EventEncoder()
    for event in events { encoder.append(event) }
    return encoder.finish()
  }

  // MARK: Histories

  /// No history traps. While the policy agrees with a history, it can continue it.
  private static func replay(_ events: [Event]) throws(Finding) {
    var redecision = Redecision()
    var replay = Replay()
    var differs = false
    do throws(HistoryError) {
      for event in events {
        if !differs { differs = try redecision.apply(event) != nil }
        try replay.apply(event)
      }
    } catch {
      return
    }
    guard let state = replay.state else { return }
    try require(differs || redecision.state == state, "redecision leads to another state")
    for wakeUpEnds in [false, true] {
      let decision = Decider.next(state, wakeUpEnds: wakeUpEnds)
      try require(decision?.kind.isFact != true, "\(String(describing: decision)) is no decision")
    }
    try goOn(from: state)
  }

  /// The next engine resumes the run, and its events can be replayed onto the history that it found.
  private static func goOn(from state: RunState) throws(Finding) {
    guard !state.isFinished, Decider.next(state, wakeUpEnds: true) == nil else { return }
    var now = Moment(
      monotonic: Instant(microseconds: 1 << 50), wall: WallTime(microseconds: 1 << 51))
    var engine = Engine.resume(
      state,
      engine: EngineStarted(
        life: state.lives &+ 1, processID: 2, host: HostContext(bootID: "the next boot")),
      found: state.openAttemptIDs.map { FoundAttempt($0, .neverLaunched) }, at: now)
    var replayed = state
    for _ in 0..<50 {
      var answers: [Input] = []
      while let effect = engine.nextEffect() {
        guard let answer = try answer(to: effect, &replayed) else { break }
        answers.append(answer)
      }
      for input in answers { engine.handle(input, at: now) }
      if !answers.isEmpty { continue }
      guard let deadline = engine.nextDeadline else { break }
      now.monotonic = max(now.monotonic, deadline)
      engine.handle(.timePassed, at: now)
    }
    let isAll = replayed.lastSequence == engine.state.lastSequence
    try require(
      !isAll || replayed == engine.state, "the state of the next engine differs from its history")
  }

  /// The next input of a world in which everything succeeds at once; nil at the end.
  private static func answer(
    to effect: Effect, _ replayed: inout RunState
  ) throws(Finding) -> Input? {
    func ended(_ attempt: AttemptID, _ cause: AttemptEnd.Cause) -> Input {
      .attemptEnded(
        attempt, AttemptEnd(result: .exited(code: 0), cause: cause, durationMicroseconds: 1))
    }
    switch effect {
    case .commit(let events):
      do throws(HistoryError) {
        for event in events { try replayed.apply(event) }
      } catch {
        throw Finding("the next engine recorded an impossible event: \(error)")
      }
      return .committed(through: replayed.lastSequence)
    case .launch(let launch): return ended(launch.attempt, .byItself)
    case .stop(let attempt, let force): return ended(attempt, force ? .force : .stop)
    case .syncWork: return .workSynced(failure: nil)
    case .finish: return nil
    }
  }
}
