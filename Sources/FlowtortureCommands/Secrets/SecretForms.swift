import CLinux
import Glibc

/// A secret of a round, and what it looks like where somebody printed it.
struct SecretForms {
  let value: [UInt8]
  let all: [[UInt8]]
  /// Whatever is left where it was overwritten in part.
  private let parts: [[UInt8]]

  init(_ text: String) {
    value = Array(text.utf8)
    var forms = [value, Self.percentEncoded(value, isUpper: true)]
    forms.append(Self.percentEncoded(value, isUpper: false))
    // What no neighbour changes.
    for shift in 0..<3 {
      let padded = [UInt8](repeating: UInt8(ascii: "x"), count: shift) + value
      let encoded = Self.base64(padded)
      let first = (8 * shift + 5) / 6
      forms.append(Array(encoded[first..<(8 * padded.count / 6)]))
    }
    let lines = value.split(separator: UInt8(ascii: "\n"))
    if lines.count > 1 { forms += lines.filter { $0.count >= 8 }.map { Array($0) } }
    all = forms
    let (value, size) = (value, Self.partSize)
    parts = (0...max(value.count - size, 0)).map { Array(value[$0..<min($0 + size, value.count)]) }
  }

  /// A shorter part is not looked for at the end of what a killed command printed.
  private static let partSize = 8

  /// - Returns: whether any form is in the bytes, with or without line breaks, or a part of the value.
  func isIn(_ bytes: [UInt8]) -> Bool {
    if parts.contains(where: { Self.contains(bytes, $0) }) { return true }
    if all.contains(where: { Self.contains(bytes, $0) }) { return true }
    let joined = bytes.filter { $0 != UInt8(ascii: "\n") }
    return all[3...5].contains { Self.contains(joined, $0) }
  }

  static func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
    unsafe bytes.withUnsafeBytes { all in
      unsafe part.withUnsafeBytes { wanted in
        guard let base = all.baseAddress, let some = wanted.baseAddress else { return false }
        return unsafe memmem(base, all.count, some, wanted.count) != nil
      }
    }
  }

  private static func percentEncoded(_ bytes: [UInt8], isUpper: Bool) -> [UInt8] {
    let digits = Array((isUpper ? "0123456789ABCDEF" : "0123456789abcdef").utf8)
    return bytes.flatMap { byte -> [UInt8] in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
        [byte]
      default: [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
  }

  private static func base64(_ bytes: [UInt8]) -> [UInt8] {
    let alphabet = Array(
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    let padded = bytes + [0, 0, 0]
    return (0..<(8 * bytes.count + 5) / 6).map { index in
      let bit = 6 * index
      let pair = UInt16(padded[bit / 8]) << 8 | UInt16(padded[bit / 8 + 1])
      return alphabet[Int(pair >> UInt16(10 - bit % 8)) & 63]
    }
  }
}
