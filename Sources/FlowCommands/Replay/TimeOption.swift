package import FlowCore

/// A time on the command line, in the forms in which the commands print times.
package enum TimeOption: Equatable, Sendable {
  /// `2026-11-21T02:19:03.120Z`, in microseconds since 1970.
  case moment(Int64)
  /// `02:19:03.120` UTC, in microseconds: the first such time since the start of the run.
  case timeOfDay(Int64)
  /// `4.2s`, `3m07s`, `2h05m`: so many microseconds after the start of the run.
  case sinceStart(Int64)

  package static let forms =
    "an offset into the run (90s, 3m07s) or a UTC time (02:19:03, 2026-11-21T02:19:03Z)"

  private static let microsecondsPerDay: Int64 = 86_400_000_000

  /// Nil where it is none of the forms.
  package init?(_ text: String) {
    if let moment = Self.moment(text) {
      self = .moment(moment)
    } else if let time = Self.timeOfDay(Substring(text)) {
      self = .timeOfDay(time)
    } else if let span = Self.span(text) {
      self = .sinceStart(span)
    } else {
      return nil
    }
  }

  /// As wall time; nil for an offset into the run.
  package func wall(start: WallTime) -> WallTime? {
    switch self {
    case .sinceStart: return nil
    case .moment(let moment): return WallTime(microseconds: moment)
    case .timeOfDay(let time):
      let midnight = start.microseconds.flooredToMultiple(of: Self.microsecondsPerDay)
      let today = midnight + time
      // Times are given to the millisecond.
      let isPast = today < start.microseconds.flooredToMultiple(of: 1_000)
      return WallTime(microseconds: isPast ? today + Self.microsecondsPerDay : today)
    }
  }

  // MARK: Forms

  private static func moment(_ text: String) -> Int64? {
    let parts = text.split(separator: "T", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1].last == "Z", let days = days(parts[0]),
      let time = timeOfDay(parts[1].dropLast())
    else { return nil }
    return days * microsecondsPerDay + time
  }

  /// Since 1970, of `2026-11-21`: Howard Hinnant's `days_from_civil`, the inverse of what
  /// `Timestamp` does.
  private static func days(_ text: Substring) -> Int64? {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 3, let year = number(parts[0], digits: 4), year >= 1,
      let month = number(parts[1], digits: 2), (1...12).contains(month),
      let day = number(parts[2], digits: 2), (1...31).contains(day)
    else { return nil }
    let shifted = month <= 2 ? year - 1 : year
    let yearOfEra = shifted % 400
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return shifted / 400 * 146_097 + dayOfEra - 719_468
  }

  private static func timeOfDay(_ text: Substring) -> Int64? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 3, let hour = number(parts[0], digits: 2), hour < 24,
      let minute = number(parts[1], digits: 2), minute < 60,
      let second = decimal(parts[2], digits: 2), second < 60_000_000
    else { return nil }
    return (hour * 60 + minute) * 60_000_000 + second
  }

  private static func span(_ text: String) -> Int64? {
    let units: [(String, Int64)] = [
      ("ms", 1_000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000),
      ("d", microsecondsPerDay),
    ]
    var rest = Substring(text)
    var sum: Int64 = 0
    repeat {
      let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      rest = rest.dropFirst(digits.count)
      let name = rest.prefix { $0.isLetter }
      rest = rest.dropFirst(name.count)
      guard let unit = units.first(where: { $0.0 == name })?.1,
        let millionths = decimal(digits, digits: nil), unit == 1_000_000 || !digits.contains(".")
      else { return nil }
      let (part, overflow) = (millionths / 1_000_000).multipliedReportingOverflow(by: unit)
      let (next, sumOverflow) = sum.addingReportingOverflow(part)
      if overflow || sumOverflow || next > .max / 4 { return nil }
      sum = next + millionths % 1_000_000
    } while !rest.isEmpty
    return sum
  }

  /// - Parameter digits: exactly so many; nil means one to nine.
  private static func number(_ text: Substring, digits: Int?) -> Int64? {
    guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      digits.map({ text.utf8.count == $0 }) ?? (1...9).contains(text.utf8.count)
    else { return nil }
    return Int64(text)
  }

  /// With at most six decimals, in millionths.
  private static func decimal(_ text: Substring, digits: Int?) -> Int64? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard let first = parts.first, let whole = number(first, digits: digits) else { return nil }
    if parts.count == 1 { return whole * 1_000_000 }
    guard parts.count == 2, (1...6).contains(parts[1].utf8.count) else { return nil }
    let padded = parts[1] + String(repeating: "0", count: 6 - parts[1].utf8.count)
    return number(padded, digits: 6).map { whole * 1_000_000 + $0 }
  }
}

extension Int64 {
  /// The largest multiple that is not larger.
  fileprivate func flooredToMultiple(of divisor: Int64) -> Int64 {
    let rest = self % divisor
    return self - (rest < 0 ? rest + divisor : rest)
  }
}
