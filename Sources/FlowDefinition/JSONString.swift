enum JSONString {
  /// Scans the string whose opening quote is at `offset`.
  /// - Throws: only if its end cannot be found.
  static func scan(_ bytes: [UInt8], at offset: Int) throws(SyntaxError) -> TextToken {
    var token = TextToken(content: (offset + 1)..<(offset + 1), offset: offset)
    var position = offset + 1
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "\""):
        token.content = (offset + 1)..<position
        return token
      case UInt8(ascii: "\\"):
        token.hasEscapes = true
        let escape = Escape(bytes, at: position)
        if let message = escape.fault { token.note(position, message) }
        position += escape.length
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
        throw SyntaxError(
          at: offset, "unterminated string: the closing quote is missing on its line")
      case 0..<0x20:
        token.note(
          position,
          "a control character must be written as an escape: \\u"
            + String(0x10000 + UInt32(byte), radix: 16).dropFirst())
        position += 1
      case 0x20..<0x80: position += 1
      default:
        if let length = UTF8Check.length(of: bytes, at: position) {
          position += length
        } else {
          token.note(position, UTF8Check.fault(byte))
          position += 1
        }
      }
    }
    throw SyntaxError(at: offset, "unterminated string: the closing quote is missing")
  }

  /// The text of a scanned string; faulty parts become U+FFFD.
  static func decode(_ token: TextToken, of bytes: [UInt8]) -> String {
    guard token.hasEscapes else { return String(decoding: bytes[token.content], as: UTF8.self) }
    var text: [UInt8] = []
    text.reserveCapacity(token.content.count)
    var position = token.content.lowerBound
    while position < token.content.upperBound {
      if bytes[position] == UInt8(ascii: "\\") {
        let escape = Escape(bytes, at: position)
        text.append(contentsOf: Array(String(escape.scalar).utf8))
        position += escape.length
      } else {
        text.append(bytes[position])
        position += 1
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}

extension TextToken {
  fileprivate mutating func note(_ offset: Int, _ message: @autoclosure () -> String) {
    if fault == nil { fault = TextFault(offset: offset, message: message()) }
  }
}

/// One escape sequence, with both halves of a surrogate pair.
private struct Escape {
  private(set) var length = 2
  private(set) var scalar: Unicode.Scalar = "\u{FFFD}"
  private(set) var fault: String?

  /// Reads the escape whose backslash is at `offset`.
  init(_ bytes: [UInt8], at offset: Int) {
    switch offset + 1 < bytes.count ? bytes[offset + 1] : 0 {
    case UInt8(ascii: "\""): scalar = "\""
    case UInt8(ascii: "\\"): scalar = "\\"
    case UInt8(ascii: "/"): scalar = "/"
    case UInt8(ascii: "b"): scalar = "\u{8}"
    case UInt8(ascii: "f"): scalar = "\u{C}"
    case UInt8(ascii: "n"): scalar = "\n"
    case UInt8(ascii: "r"): scalar = "\r"
    case UInt8(ascii: "t"): scalar = "\t"
    case UInt8(ascii: "u"): readUnicode(bytes, at: offset)
    default:
      // Only the backslash: what follows it may end the line or begin a longer character.
      length = 1
      fault =
        "unknown escape: allowed are \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\u with four "
        + "hexadecimal digits"
    }
  }

  private mutating func readUnicode(_ bytes: [UInt8], at offset: Int) {
    guard let unit = Self.codeUnit(bytes, at: offset) else {
      fault = "\\u needs four hexadecimal digits"
      return
    }
    length = 6
    if let scalar = Unicode.Scalar(unit) {
      self.scalar = scalar
      if unit == 0 { fault = "\\u0000 is not allowed: no program can be given a NUL" }
    } else if unit < 0xDC00, let low = Self.codeUnit(bytes, at: offset + 6), low & 0xFC00 == 0xDC00,
      let scalar = Unicode.Scalar(0x10000 + ((unit & 0x3FF) << 10) + (low & 0x3FF))
    {
      length = 12
      self.scalar = scalar
    } else {
      let half = Quoting.hexadecimal(unit)
      fault = "\\u\(half) is half of a surrogate pair: the other half is missing"
    }
  }

  /// The number in `\uXXXX`.
  private static func codeUnit(_ bytes: [UInt8], at offset: Int) -> UInt32? {
    guard offset + 6 <= bytes.count, bytes[offset] == UInt8(ascii: "\\"),
      bytes[offset + 1] == UInt8(ascii: "u")
    else { return nil }
    var unit: UInt32 = 0
    for byte in bytes[(offset + 2)..<(offset + 6)] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
      unit = unit << 4 | UInt32(digit)
    }
    return unit
  }
}

enum UTF8Check {
  /// The length of the well-formed sequence at `offset`, by table 3-7 of the Unicode Standard; nil
  /// if there is none: overlong, a surrogate, beyond U+10FFFF, or cut short.
  static func length(of bytes: [UInt8], at offset: Int) -> Int? {
    let (length, second): (Int, ClosedRange<UInt8>)
    switch bytes[offset] {
    case 0x00...0x7F: return 1
    case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xE1...0xEC, 0xEE...0xEF: (length, second) = (3, 0x80...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    default: return nil
    }
    guard offset + length <= bytes.count, second.contains(bytes[offset + 1]) else { return nil }
    for byte in bytes[(offset + 2)..<(offset + length)] where byte & 0b1100_0000 != 0b1000_0000 {
      return nil
    }
    return length
  }

  static func fault(_ byte: UInt8) -> String {
    "invalid UTF-8 (byte 0x\(Quoting.hexadecimal(UInt32(byte))))"
  }
}
