/// A reading of the monotonic clock, which stops while the machine sleeps and restarts at every
/// boot. Delays and timeouts use it.
package struct Instant: Hashable, Comparable, Sendable {
  package var microseconds: Int64

  package init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  package static func < (left: Self, right: Self) -> Bool {
    left.microseconds < right.microseconds
  }

  /// Later by that much; saturates at the largest value.
  package func advanced(byMilliseconds milliseconds: Int64) -> Instant {
    let (scaled, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000)
    return overflow ? Instant(microseconds: .max) : advanced(byMicroseconds: scaled)
  }

  /// Later by that much; saturates at the largest value.
  package func advanced(byMicroseconds delta: Int64) -> Instant {
    let (sum, overflow) = microseconds.addingReportingOverflow(delta)
    return Instant(microseconds: overflow ? .max : sum)
  }
}

/// Wall time: microseconds since 1970-01-01T00:00:00 UTC. It can jump both ways, so it is
/// displayed, and decides nothing within one boot.
package struct WallTime: Hashable, Comparable, Sendable {
  package var microseconds: Int64

  package init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  package func advanced(byMilliseconds milliseconds: Int64) -> WallTime {
    WallTime(
      microseconds: Instant(microseconds: microseconds).advanced(byMilliseconds: milliseconds)
        .microseconds)
  }

  package static func < (left: Self, right: Self) -> Bool {
    left.microseconds < right.microseconds
  }
}

/// Both clocks, read together.
package struct Moment: Hashable, Sendable {
  package var monotonic: Instant
  package var wall: WallTime

  package init(monotonic: Instant, wall: WallTime) {
    self.monotonic = monotonic
    self.wall = wall
  }
}
