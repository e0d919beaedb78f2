/// Decides a history again: feeds its facts to `Decider`, and compares what that chooses with the
/// decisions that the history holds.
///
/// Decisions follow each fact at once, but for attempts, which are scheduled where a wake-up ends.
/// A history ends where a wake-up does, since commits do.
package struct Redecision: Sendable {
  /// Where a history and the rules part.
  package struct Difference: Equatable, Sendable {
    /// The event at which they part; one past the last where the history ends too early.
    package let sequence: Int64
    /// What the rules call for; nil where they call for nothing.
    package let expected: Event.Body?
    /// What the history holds; nil at its end. A fact where a decision should have come, or where
    /// the wake-up was over already.
    package let recorded: Event.Body?
  }

  private var replay = Replay()
  /// Whether an attempt was scheduled in this wake-up: then all its facts are in.
  private var isScheduling = false

  package init() {}

  /// The state after the events so far; nil before the definition is complete.
  package var state: RunState? { replay.state }

  /// Whether the definition is complete.
  package var isDefined: Bool { replay.isDefined }

  /// Takes in the next event.
  ///
  /// - Returns: the difference, if there is one; then the event was not applied, and the rest of
  ///   the history cannot be checked.
  /// - Throws: `HistoryError` where the event cannot follow, whatever was decided.
  package mutating func apply(_ event: Event) throws(HistoryError) -> Difference? {
    let isScheduling = isScheduling
    let difference = replay.inspect { Self.difference($0, at: event, isScheduling: isScheduling) }
    if let difference = difference ?? nil { return difference }
    self.isScheduling = event.body.kind == .attemptScheduled
    try replay.apply(event)
    return nil
  }

  /// The decision that is missing, if the history ends here.
  package mutating func differenceAtEnd() -> Difference? {
    inspect { state in
      Decider.next(state, wakeUpEnds: true).map {
        Difference(sequence: state.lastSequence + 1, expected: $0, recorded: nil)
      }
    } ?? nil
  }

  /// Lets `body` look at the state where it is: to copy it costs more than most looks.
  ///
  /// - Returns: nil before the definition is complete.
  package mutating func inspect<Result, Failure: Error>(
    _ body: (RunState) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    try replay.inspect { (state) throws(Failure) in try body(state) }
  }

  private static func difference(
    _ state: RunState, at event: Event, isScheduling: Bool
  ) -> Difference? {
    guard event.sequence == state.lastSequence + 1 else { return nil }
    let expected: Event.Body?
    let agrees: Bool
    if event.body.kind.isFact {
      // The wake-up before is over; otherwise this one goes on, unless it was over already.
      expected = Decider.next(state, wakeUpEnds: event.startsWakeUp)
      agrees = expected == nil && (event.startsWakeUp || !isScheduling)
    } else {
      // Only a fact wakes the engine up.
      expected = Decider.next(state, wakeUpEnds: true)
      agrees = expected == event.body && !event.startsWakeUp
    }
    if agrees { return nil }
    return Difference(sequence: event.sequence, expected: expected, recorded: event.body)
  }
}

extension Redecision.Difference: CustomStringConvertible {
  package var description: String {
    func name(_ body: Event.Body?) -> String { body?.kind.name ?? "nothing" }
    let rules = "the rules call for \(name(expected)) as event \(sequence)"
    if expected?.kind == recorded?.kind { return "\(rules), and the history holds another one" }
    return "\(rules), and the history holds \(name(recorded))"
  }
}
