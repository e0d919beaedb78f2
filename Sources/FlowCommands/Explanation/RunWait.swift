package import FlowCore

/// What the steps of a run wait for that could start, besides a slot. Every display names it with
/// these words.
package enum RunWait: Equatable, Sendable {
  case shortage(Shortage)
  /// An attempt was interrupted, and nothing is launched into the same shutdown.
  case pause

  /// - Parameter lacking: what the engine says that it waits for.
  package init?(_ state: RunState, _ lacking: Shortages) {
    if let shortage = lacking.first {
      self = .shortage(shortage)
    } else if state.isPaused, !state.isFinished {
      self = .pause
    } else {
      return nil
    }
  }

  /// As in `waits for …`.
  package var object: String {
    switch self {
    case .shortage(let shortage): shortage.name
    case .pause: "the end of a pause after an interruption"
    }
  }
}
