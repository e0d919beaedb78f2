/// Decimal numbers read exactly, without floating point.
enum Decimal {
  /// The value of `-?[0-9]+`; nil if it is written otherwise or is beyond 64 bits.
  static func integer(_ text: ArraySlice<UInt8>) -> Int64? {
    let isNegative = text.first == UInt8(ascii: "-")
    guard let magnitude = digits(isNegative ? text.dropFirst() : text) else { return nil }
    return isNegative ? -magnitude : magnitude
  }

  /// The value of `[0-9]+(\.[0-9]{1,3})?` in thousandths; nil if it is written otherwise or is
  /// beyond 64 bits.
  static func thousandths(_ text: ArraySlice<UInt8>) -> Int64? {
    let parts = text.split(
      separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    let fraction = parts.count == 2 ? parts[1] : []
    guard fraction.count <= 3, parts.count == 1 || !fraction.isEmpty, let whole = digits(parts[0])
    else { return nil }
    let padding = [UInt8](repeating: UInt8(ascii: "0"), count: 3 - fraction.count)
    guard let rest = digits(fraction + padding) else { return nil }
    let (product, overflow) = whole.multipliedReportingOverflow(by: 1_000)
    let (sum, carry) = product.addingReportingOverflow(rest)
    return overflow || carry ? nil : sum
  }

  /// The value of `[0-9]+`; nil if it is written otherwise or is beyond 64 bits.
  private static func digits(_ text: ArraySlice<UInt8>) -> Int64? {
    guard !text.isEmpty else { return nil }
    var value: Int64 = 0
    for byte in text {
      guard case UInt8(ascii: "0")...UInt8(ascii: "9") = byte else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
      if overflow || carry { return nil }
      value = sum
    }
    return value
  }

  /// Splits text such as `10s` into its number and its unit; nil unless it begins with digits that
  /// make a number of at most 64 bits.
  static func quantity(_ text: ArraySlice<UInt8>) -> (number: Int64, unit: String)? {
    let number = text.prefix { UInt8(ascii: "0") <= $0 && $0 <= UInt8(ascii: "9") }
    guard let value = digits(number) else { return nil }
    return (value, String(decoding: text.dropFirst(number.count), as: UTF8.self))
  }
}
