/// Durations such as `"10s"`: a whole number and one of the units ms, s, m and h.
package enum DurationFormat {
  /// Ten years of 365 days: enough in practice, and sums of such delays stay far from overflow.
  package static let longestMilliseconds: Int64 = 10 * 365 * 24 * 3_600_000

  private static let millisecondsPerUnit: [(unit: String, factor: Int64)] = [
    ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000),
  ]

  /// The duration in milliseconds, which may exceed `longestMilliseconds`; nil if it is malformed
  /// or does not fit 64 bits.
  package static func milliseconds(_ text: ArraySlice<UInt8>) -> Int64? {
    Decimal.multiple(text, of: millisecondsPerUnit)
  }
}

/// Sizes such as `"10MiB"`: a whole number and a unit, powers of 1024 (KiB, MiB, GiB, TiB) or of
/// 1000 (kB, MB, GB, TB).
enum ByteSizeFormat {
  /// From what the smallest file system block holds to a pebibyte.
  static let range: ClosedRange<Int64> = 4_096...(1 << 50)

  private static let bytesPerUnit: [(unit: String, factor: Int64)] = [
    ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
    ("kB", 1_000), ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000), ("B", 1),
  ]

  static var units: [String] { bytesPerUnit.map(\.unit) }

  /// The size in bytes, which may be out of `range`; nil if it is malformed or does not fit 64
  /// bits.
  static func bytes(_ text: ArraySlice<UInt8>) -> Int64? {
    Decimal.multiple(text, of: bytesPerUnit)
  }
}

extension Decimal {
  /// The value of text such as `10s`, by a table of units.
  fileprivate static func multiple(
    _ text: ArraySlice<UInt8>, of units: [(unit: String, factor: Int64)]
  ) -> Int64? {
    // By the bytes: the Kelvin sign equals the letter K where strings are compared.
    guard let (number, unit) = quantity(text),
      let factor = units.first(where: { $0.unit.utf8.elementsEqual(unit.utf8) })?.factor
    else { return nil }
    let (value, overflow) = number.multipliedReportingOverflow(by: factor)
    return overflow ? nil : value
  }
}

extension DefinitionReader {
  /// Takes a duration, in milliseconds.
  mutating func duration(allowingZero: Bool) throws(SyntaxError) -> Int64? {
    let expected = #"a duration such as "500ms", "10s", "5m" or "2h""#
    guard let token = try string(expected) else { return nil }
    let text = text(of: token)
    guard let value = DurationFormat.milliseconds(ArraySlice(text.utf8)) else {
      reportMismatch(at: token.offset, expected: expected, found: Quoting.quoted(text))
      return nil
    }
    let least: Int64 = allowingZero ? 0 : 1
    guard (least...DurationFormat.longestMilliseconds).contains(value) else {
      reportMismatch(
        at: token.offset,
        expected: allowingZero
          ? "a duration of at most ten years" : "a duration above zero, of at most ten years",
        found: Quoting.quoted(text))
      return nil
    }
    return value
  }

  /// Takes a size, in bytes: a number, or a string with a unit.
  mutating func byteSize() throws(SyntaxError) -> Int64? {
    let expected =
      #"a size from "4KiB" to "1024TiB", such as "500MB" or "10MiB", or a number of bytes"#
    if try kind(wanted: .number) == .number {
      return try integer(ByteSizeFormat.range, expected)
    }
    guard let token = try string(expected) else { return nil }
    let text = text(of: token)
    if let value = ByteSizeFormat.bytes(ArraySlice(text.utf8)), ByteSizeFormat.range.contains(value)
    {
      return value
    }
    reportMismatch(at: token.offset, expected: expected, found: Quoting.quoted(text))
    return nil
  }

  /// Takes a decimal number of at most three places, in thousandths.
  mutating func thousandths(
    _ range: ClosedRange<Int64>, _ expected: String
  ) throws(SyntaxError) -> Int64? {
    guard try take(.number, expected) else { return nil }
    let number = try source.takeNumber()
    if let value = Decimal.thousandths(source.bytes[number.content]), range.contains(value) {
      return value
    }
    reportNumber(number, expected)
    return nil
  }
}
