/// A point of the world's own time, in microseconds. It goes on in every boot, and no process can
/// see it; the machine's clocks are derived from it.
package struct WorldTime: Hashable, Comparable, Sendable {
  package var microseconds: Int64

  package init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  package static func < (left: Self, right: Self) -> Bool {
    left.microseconds < right.microseconds
  }

  /// Later by that much; the end of time where the sum would not fit.
  package func advanced(byMicroseconds delta: Int64) -> WorldTime {
    let (sum, overflow) = microseconds.addingReportingOverflow(delta)
    return WorldTime(microseconds: overflow ? .max : sum)
  }

  /// Later by that much; the end of time where the sum would not fit.
  package func advanced(byMilliseconds milliseconds: Int64) -> WorldTime {
    let (scaled, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000)
    return overflow ? WorldTime(microseconds: .max) : advanced(byMicroseconds: scaled)
  }
}
