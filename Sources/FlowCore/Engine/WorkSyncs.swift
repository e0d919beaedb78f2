/// When an engine wants the work of its run's steps synced.
///
/// Soon after a success, so that a power loss takes little; often enough for that and no more, since a sync
/// costs the disk what everything costs that was written. At once where the run comes to its end.
struct WorkSyncs: Sendable {
  /// When the next one begins, at the latest.
  private(set) var due: Instant?
  private var isDue = false
  /// The last event that the one that is under way covers.
  private var inFlight: Int64?

  private static let intervalMilliseconds: Int64 = 5_000

  /// After each wake-up.
  mutating func update(_ state: RunState, at now: Instant) {
    guard state.work.canSync, !state.isFinished, inFlight == nil else {
      (due, isDue) = (nil, false)
      return
    }
    let latest = due ?? now.advanced(byMilliseconds: Self.intervalMilliseconds)
    due = latest
    isDue = latest <= now || Decider.awaitsSync(state)
  }

  /// Whether one begins now.
  mutating func begin(_ state: RunState) -> Bool {
    guard isDue else { return false }
    (due, isDue) = (nil, false)
    inFlight = state.lastSequence
    return true
  }

  mutating func end() -> Int64 {
    guard let through = inFlight else { preconditionFailure("no sync of work was in flight") }
    inFlight = nil
    return through
  }
}
