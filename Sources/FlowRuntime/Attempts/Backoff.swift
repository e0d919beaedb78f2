import FlowCore

/// When something is looked at again that does not tell by itself when it changes: soon at first, and
/// ever more seldom.
struct Backoff: Equatable {
  private(set) var due: Instant?
  private var delay = firstMicroseconds

  static let firstMicroseconds: Int64 = 10_000
  static let lastMicroseconds: Int64 = 1_000_000

  /// Looks again after a delay, which is longer the next time; a look that is due earlier stays so.
  mutating func arrange(at now: Instant) {
    arrange(at: now, afterMicroseconds: delay)
    delay = min(2 * delay, Self.lastMicroseconds)
  }

  mutating func arrange(at now: Instant, afterMicroseconds delay: Int64) {
    let time = now.advanced(byMicroseconds: delay)
    due = min(due ?? time, time)
  }

  /// Something has changed: the next delay is short again.
  mutating func calm() {
    delay = Self.firstMicroseconds
  }

  /// Whether a look is due; then it is taken for done.
  mutating func begin(at now: Instant) -> Bool {
    guard let due, due <= now else { return false }
    self.due = nil
    return true
  }
}
