package import FlowCore

/// When to draw: soon after a change, at a bounded rate, and whenever the seconds of the run tick.
package struct FrameClock: Sendable {
  /// Ten frames a second are as many as anyone can read.
  private static let shortestMicroseconds: Int64 = 100_000
  private static let tickMicroseconds: Int64 = 1_000_000

  private var last: Instant?
  private var isChanged = true
  /// Frames tick relative to this, so that all seconds look equally long.
  private let start: Instant

  package init(startingAt start: Instant) {
    self.start = start
  }

  package mutating func somethingChanged() { isChanged = true }

  package mutating func drew(at now: Instant) {
    last = now
    isChanged = false
  }

  package func isDue(at now: Instant) -> Bool { next <= now }

  /// When the next frame is due.
  package var next: Instant {
    guard let last else { return start }
    if isChanged { return Instant(microseconds: last.microseconds + Self.shortestMicroseconds) }
    let ticks = (last.microseconds - start.microseconds) / Self.tickMicroseconds + 1
    return Instant(microseconds: start.microseconds + ticks * Self.tickMicroseconds)
  }
}
