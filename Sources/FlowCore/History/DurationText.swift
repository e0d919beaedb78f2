/// Formats a duration for display: at most two units, rounded down.
package enum DurationText {
  /// `340ms`, `4.2s`, `4s`, `3m07s`, `2h05m`; a negative duration counts as zero.
  package static func of(microseconds: Int64) -> String {
    of(milliseconds: microseconds / 1_000)
  }

  package static func of(milliseconds: Int64) -> String {
    let milliseconds = max(milliseconds, 0)
    let seconds = milliseconds / 1_000
    if seconds == 0 { return "\(milliseconds)ms" }
    if seconds < 60 {
      let tenths = milliseconds / 100 % 10
      return tenths == 0 ? "\(seconds)s" : "\(seconds).\(tenths)s"
    }
    if seconds < 3_600 { return "\(seconds / 60)m\(twoDigits(seconds % 60))s" }
    return "\(seconds / 3_600)h\(twoDigits(seconds / 60 % 60))m"
  }

  /// From one reading of the wall clock to a later one; zero if the clock was set back.
  package static func microseconds(from start: WallTime, to end: WallTime) -> Int64 {
    let (span, overflow) = end.microseconds.subtractingReportingOverflow(start.microseconds)
    if overflow { return end > start ? .max : 0 }
    return max(span, 0)
  }

  /// The sum of two durations, at most the largest value: a forged history can name any time.
  package static func sum(_ one: Int64, _ other: Int64) -> Int64 {
    let (sum, overflow) = one.addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}

private func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
