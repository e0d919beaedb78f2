package import FlowCore

/// A time in the UTC calendar, without leap seconds, as in POSIX.
package struct Timestamp: Equatable, Sendable {
  /// Days since 1970-01-01.
  private let days: Int64
  private let millisecondOfDay: Int64

  private static let millisecondsPerDay: Int64 = 86_400_000
  /// 0000-01-01T00:00:00.000 and 9999-12-31T23:59:59.999, between which years have four digits.
  private static let first: Int64 = -62_167_219_200_000
  private static let last: Int64 = 253_402_300_799_999

  /// Rounds down to a millisecond; clamps to the years 0000 to 9999.
  package init(_ wall: WallTime) {
    let milliseconds = min(max(wall.microseconds.flooredQuotient(by: 1_000), Self.first), Self.last)
    days = milliseconds.flooredQuotient(by: Self.millisecondsPerDay)
    millisecondOfDay = milliseconds - days * Self.millisecondsPerDay
  }

  /// RFC 3339: `2026-11-21T02:19:03.120Z`.
  package var rfc3339: String { "\(date(separator: "-"))T\(timeOfDay)Z" }

  /// `02:19:03.120`.
  package var timeOfDay: String {
    "\(clock(separator: ":")).\(padded(millisecondOfDay % 1_000, to: 3))"
  }

  package func isSameDay(as other: Timestamp) -> Bool { days == other.days }

  /// For run ids: `20261121T021903`.
  package var compact: String { "\(date(separator: ""))T\(clock(separator: ""))" }

  private func clock(separator: String) -> String {
    let seconds = millisecondOfDay / 1_000
    return [seconds / 3_600, seconds / 60 % 60, seconds % 60].map { padded($0, to: 2) }
      .joined(separator: separator)
  }

  private func date(separator: String) -> String {
    let (year, month, day) = civil
    return [padded(year, to: 4), padded(month, to: 2), padded(day, to: 2)]
      .joined(separator: separator)
  }

  /// Howard Hinnant's `civil_from_days` ("chrono-Compatible Low-Level Date Algorithms"): years
  /// begin in March, so that the leap day comes last, and repeat every 400 years, an era of 146,097
  /// days.
  private var civil: (year: Int64, month: Int64, day: Int64) {
    let sinceMarchOfYearZero = days + 719_468
    let era = sinceMarchOfYearZero.flooredQuotient(by: 146_097)
    let dayOfEra = sinceMarchOfYearZero - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }
}

private func padded(_ number: Int64, to width: Int) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

extension Int64 {
  /// Rounded towards minus infinity, unlike `/`.
  fileprivate func flooredQuotient(by divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
