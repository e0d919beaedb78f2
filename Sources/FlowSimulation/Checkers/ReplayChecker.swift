import FlowCore
import FlowStorage

/// The history must say everything by itself: it brings a shadow state to where the live one is,
/// and its facts call for exactly its decisions.
final class ReplayChecker {
  private let shadow: ShadowRun

  init(_ shadow: ShadowRun = ShadowRun()) {
    self.shadow = shadow
  }

  /// Takes in the next event of the durable history.
  func check(_ event: Event) throws(Violation) {
    let difference: Redecision.Difference?
    do throws(HistoryError) { difference = try shadow.apply(event) } catch {
      throw Violation(.replay, "\(error)")
    }
    if let difference { throw Violation(.replay, text(difference)) }
  }

  /// - Parameter live: the engine's state; nil where there is no engine to ask.
  func commitEnds(_ live: RunState?) throws(Violation) {
    if let difference = shadow.redecision.differenceAtEnd() {
      throw Violation(.replay, text(difference))
    }
    guard let live else { return }
    let agrees = shadow.redecision.inspect {
      // With more recorded than is durable, the live state is ahead.
      live.lastSequence != $0.lastSequence || live == $0
    }
    guard agrees ?? true else {
      throw Violation(
        .replay, "the state rebuilt from \(live.lastSequence) events is not the live one")
    }
  }

  private func text(_ difference: Redecision.Difference) -> String {
    let words = EventWording(shadow.redecision.state?.definition) {
      Errno(rawValue: $0).description
    }
    func name(_ body: Event.Body?) -> String {
      body.map { "\"\(words.text($0))\"" } ?? "nothing"
    }
    return "event \(difference.sequence): the facts call for \(name(difference.expected)),"
      + " and the history has \(name(difference.recorded))"
  }
}

extension ReplayChecker: Checker {
  func learned(_ event: Event, in world: World) throws(Violation) { try check(event) }

  func committed(_ events: [Event], _ state: RunState, in world: World) throws(Violation) {
    try commitEnds(state)
  }

  func recovered(in world: World) throws(Violation) { try commitEnds(nil) }

  func ended(_ events: [Event], _ state: RunState?, in world: World) throws(Violation) {
    guard events == world.checkers.history.acknowledged else {
      throw Violation(.replay, "the log of the finished run is not what was acknowledged")
    }
    let agrees = shadow.redecision.inspect { state == nil || $0 == state }
    guard agrees ?? (state == nil) else {
      throw Violation(.replay, "the finished state is not the one that the history makes")
    }
  }
}

/// The state that the durable history makes by itself. `ReplayChecker` keeps it up to date; others
/// look.
final class ShadowRun {
  fileprivate var redecision = Redecision()

  /// Whether the definition of the run is durable.
  private(set) var isDefined = false

  fileprivate func apply(_ event: Event) throws(HistoryError) -> Redecision.Difference? {
    let difference = try redecision.apply(event)
    // The state is large, and its properties are asked for at every wait.
    if !isDefined { isDefined = redecision.isDefined }
    return difference
  }

  /// - Returns: nil before the definition is durable.
  func inspect<Result>(
    _ body: (RunState) throws(Violation) -> Result
  ) throws(Violation) -> Result? {
    try redecision.inspect(body)
  }
}
