/// Recomputes the decisions of a history from its facts and compares them with the recorded ones.
///
/// Decisions follow each fact immediately, except that attempts are scheduled at the end of a
/// wake-up. A history ends at the end of a wake-up, as commits do.
package struct Redecision: Sendable {
  /// The first difference between a history and its policy.
  package struct Difference: Equatable, Sendable {
    /// The event that differs; one past the last if the history ends too early.
    package let sequence: Int64
    /// The policy's decision; nil if there is none.
    package let expected: Event.Body?
    /// The recorded event; nil at the end. A fact, if a decision is missing before it or the
    /// wake-up had ended.
    package let recorded: Event.Body?
  }

  private var replay = Replay()
  /// Whether an attempt was scheduled in this wake-up: then all its facts are applied.
  private var isScheduling = false

  package init() {}

  /// The state after the events so far; nil before the definition is complete.
  package var state: RunState? { replay.state }

  /// Whether the definition is complete.
  package var isDefined: Bool { replay.isDefined }

  /// Applies the next event.
  ///
  /// - Returns: the difference, if any; then the event was not applied, and the rest of the history
  ///   cannot be checked.
  /// - Throws: `HistoryError` if the event cannot follow under any policy.
  package mutating func apply(_ event: Event) throws(HistoryError) -> Difference? {
    let isScheduling = isScheduling
    let difference = replay.inspect { Self.difference($0, at: event, isScheduling: isScheduling) }
    if let difference = difference ?? nil { return difference }
    self.isScheduling = event.body.kind == .attemptScheduled
    try replay.apply(event)
    return nil
  }

  /// The decision that is missing if the history ends here.
  package mutating func differenceAtEnd() -> Difference? {
    inspect { state in
      Decider.next(state, wakeUpEnds: true).map {
        Difference(sequence: state.lastSequence + 1, expected: $0, recorded: nil)
      }
    } ?? nil
  }

  /// Calls `body` with the state in place, because copying it costs more than most reads.
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
      // Either the previous wake-up has ended, or this one continues and had not ended yet.
      expected = Decider.next(state, wakeUpEnds: event.startsWakeUp)
      agrees = expected == nil && (event.startsWakeUp || !isScheduling)
    } else {
      // Only a fact starts a wake-up.
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
    let policy = "the policy decides \(name(expected)) as event \(sequence)"
    if expected?.kind == recorded?.kind { return "\(policy), but the history has a different one" }
    return "\(policy), but the history has \(name(recorded))"
  }
}
