package import FlowCore

/// The history by itself must say all: it brings a shadow state to where the live one is, and its
/// facts call for exactly its decisions.
package struct ReplayChecker: Sendable {
  private var shadow = Redecision()

  package init() {}

  /// Lets `body` look at the state that the durable history makes; nil before the definition is
  /// complete.
  package mutating func inspect<Result>(
    _ body: (RunState) throws(Violation) -> Result
  ) throws(Violation) -> Result? {
    try shadow.inspect(body)
  }

  /// Takes in the next event of the durable history.
  package mutating func check(_ event: Event) throws(Violation) {
    let difference: Redecision.Difference?
    do throws(HistoryError) { difference = try shadow.apply(event) } catch {
      throw Violation(.replay, "\(error)")
    }
    if let difference { throw Violation(.replay, Self.text(difference)) }
  }

  /// - Parameter live: the engine's state; nil where there is no engine to ask.
  package mutating func commitEnds(_ live: RunState?) throws(Violation) {
    if let difference = shadow.differenceAtEnd() {
      throw Violation(.replay, Self.text(difference))
    }
    guard let live else { return }
    let agrees = shadow.inspect {
      // With more recorded than is durable, the live state is ahead.
      live.lastSequence != $0.lastSequence || live == $0
    }
    guard agrees ?? true else {
      throw Violation(
        .replay, "the state rebuilt from \(live.lastSequence) events is not the live one")
    }
  }

  private static func text(_ difference: Redecision.Difference) -> String {
    func name(_ body: Event.Body?) -> String { body.map { "\($0)" } ?? "nothing" }
    return "event \(difference.sequence): the facts call for \(name(difference.expected)),"
      + " and the history has \(name(difference.recorded))"
  }
}
