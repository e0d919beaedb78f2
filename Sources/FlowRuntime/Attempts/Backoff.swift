import FlowCore

/// When to poll something that does not report its changes: with delays that double up to a limit.
struct Backoff: Equatable {
  private(set) var due: Instant?
  private var delay = firstMicroseconds

  static let firstMicroseconds: Int64 = 10_000
  static let lastMicroseconds: Int64 = 1_000_000

  /// Schedules a poll, and doubles the delay of the next one. A poll that is due earlier stays due.
  mutating func schedule(at now: Instant) {
    schedule(at: now, afterMicroseconds: delay)
    delay = min(2 * delay, Self.lastMicroseconds)
  }

  mutating func schedule(at now: Instant, afterMicroseconds delay: Int64) {
    let time = now.advanced(byMicroseconds: delay)
    due = min(due ?? time, time)
  }

  /// Something has changed: the next delay is short again.
  mutating func reset() {
    delay = Self.firstMicroseconds
  }

  /// Whether a poll is due; if so, it is taken off the schedule.
  mutating func takeDue(at now: Instant) -> Bool {
    guard let due, due <= now else { return false }
    self.due = nil
    return true
  }
}
