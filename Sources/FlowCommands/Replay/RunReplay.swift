package import FlowCore

/// Rebuilds a run from its events alone, up to a point of its history. On request it also decides
/// the whole history again.
package struct RunReplay: EventFold, Sendable {
  /// Up to where the state is rebuilt.
  package enum Limit: Equatable, Sendable {
    case end
    /// Up to this event.
    case sequence(Int64)
    /// Up to the first event that is later. Times are compared to the millisecond, as they are
    /// shown.
    case time(TimeOption)
  }

  /// The result of deciding the history again.
  package struct Check: Equatable, Sendable {
    package internal(set) var facts = 0
    package internal(set) var decisions = 0
    /// Nil if every decision matches the policy.
    package internal(set) var difference: Redecision.Difference?
  }

  /// The run at the point.
  package private(set) var history: RunHistory
  /// The last event that is in `history`, and the first that is not.
  package private(set) var last: Event?
  package private(set) var next: Event?
  /// When the last was, in the run's own time.
  package var elapsed: Int64 { history.last?.elapsed ?? 0 }
  /// Of the whole history.
  package private(set) var lastSequence: Int64 = 0
  /// Nil unless requested.
  package private(set) var check: Check?

  /// The wall time at the point: of the last event, or the requested time where that is later.
  package var now: WallTime? {
    guard let last, let start else { return last?.moment.wall }
    let wall = last.moment.wall
    guard next != nil, case .time(let time) = limit else { return wall }
    if case .sinceStart(let microseconds) = time {
      return WallTime(microseconds: wall.microseconds + max(0, microseconds - elapsed))
    }
    return time.wall(start: start).map { max(wall, $0) }
  }

  private let limit: Limit
  private var start: WallTime?
  private var redecision = Redecision()

  /// - Parameter detail: how much is kept of the history up to the point.
  package init(
    to limit: Limit, isChecking: Bool, keeping detail: RunHistory.Detail = .allAttempts
  ) {
    history = RunHistory(keeping: detail)
    self.limit = limit
    check = isChecking ? Check() : nil
  }

  /// Takes in the next event.
  ///
  /// - Throws: `HistoryError` where the event cannot follow; then the replay is of no more use.
  package mutating func apply(_ event: Event) throws(HistoryError) {
    lastSequence = event.sequence
    if start == nil { start = event.moment.wall }
    if next == nil {
      if isWithin(event, history.time.elapsed(at: event)) {
        try history.apply(event)
        last = event
      } else {
        next = event
      }
    }
    try decideAgain(event)
  }

  private func isWithin(_ event: Event, _ elapsed: Int64) -> Bool {
    switch limit {
    case .end: return true
    case .sequence(let sequence): return event.sequence <= sequence
    case .time(.sinceStart(let microseconds)): return elapsed / 1_000 <= microseconds / 1_000
    case .time(let time):
      guard let wall = time.wall(start: start ?? event.moment.wall) else { return true }
      return event.moment.wall.microseconds / 1_000 <= wall.microseconds / 1_000
    }
  }

  private mutating func decideAgain(_ event: Event) throws(HistoryError) {
    guard var check, check.difference == nil else { return }
    if event.body.kind.isFact { check.facts += 1 } else { check.decisions += 1 }
    check.difference = try redecision.apply(event)
    self.check = check
  }

  /// The history has no more events.
  package mutating func finish() {
    if check != nil && check?.difference == nil {
      check?.difference = redecision.differenceAtEnd()
    }
  }
}
