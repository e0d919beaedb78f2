import FlowCore

/// After a crash the log holds what was acknowledged, or that and the commit that was in flight.
final class PrefixChecker: Checker {
  func found(_ events: [Event], in world: World) throws(Violation) {
    let history = world.checkers.history
    // A hostile disk may have lost even more since then: what is left may be a commit that was
    // given up.
    if history.isLost { return }
    let acknowledged = history.acknowledged
    if !events.starts(with: acknowledged) {
      throw Violation(
        .prefix,
        "of \(acknowledged.count) acknowledged events, \(events.count) were recovered, and not"
          + " the same")
    }
    let extra = events.dropFirst(acknowledged.count)
    if let inFlight = history.inFlight, !extra.isEmpty, !extra.elementsEqual(inFlight) {
      throw Violation(.prefix, "\(extra.count) events were recovered that were not in flight")
    }
  }
}
