/// Lists as JSON has them (RFC 8259).
package enum JSONList {
  /// The elements of a list: texts as they are meant, all else as it is spelled, without what is `null`.
  ///
  /// - Parameter bytes: one value of JSON.
  /// - Returns: nil if the value is no list.
  package static func elements(of bytes: [UInt8]) -> [String]? {
    guard JSONSyntax.isValid(bytes), let elements = JSONSyntax.parts(of: bytes, in: "[") else {
      return nil
    }
    return elements.compactMap { element in
      if element.elementsEqual("null".utf8) { return nil }
      guard element.first == UInt8(ascii: "\"") else {
        return String(decoding: element, as: UTF8.self)
      }
      return unescaped(element.dropFirst().dropLast())
    }
  }

  /// The value of a member of an object, if it is a text, a number or a word; of a name that is there twice
  /// the last.
  ///
  /// - Returns: nil if there is none, or it is `null`, a list or an object; also if `bytes` are no object.
  package static func member(_ name: String, of bytes: [UInt8]) -> String? {
    guard JSONSyntax.isValid(bytes), let parts = JSONSyntax.parts(of: bytes, in: "{") else {
      return nil
    }
    var found: String?
    for part in parts {
      guard let end = JSONSyntax.endOfText(part), unescaped(part[part.startIndex + 1..<end]) == name
      else { continue }
      let value = part[(end + 1)...].drop { JSONSyntax.isBlank($0) }.dropFirst()
        .drop { JSONSyntax.isBlank($0) }
      switch value.first {
      case UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "n"), nil: found = nil
      case UInt8(ascii: "\""): found = unescaped(value.dropFirst().dropLast())
      default: found = String(decoding: value, as: UTF8.self)
      }
    }
    return found
  }

  private static func unescaped(_ text: ArraySlice<UInt8>) -> String {
    guard text.contains(UInt8(ascii: "\\")) else { return String(decoding: text, as: UTF8.self) }
    var units: [UInt16] = []
    var plain: [UInt8] = []
    var rest = text
    func flush() {
      units += String(decoding: plain, as: UTF8.self).utf16
      plain = []
    }
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\"), let escape = rest.popFirst() else {
        plain.append(byte)
        continue
      }
      switch escape {
      case UInt8(ascii: "b"): plain.append(0x08)
      case UInt8(ascii: "f"): plain.append(0x0C)
      case UInt8(ascii: "n"): plain.append(0x0A)
      case UInt8(ascii: "r"): plain.append(0x0D)
      case UInt8(ascii: "t"): plain.append(0x09)
      case UInt8(ascii: "u"):
        flush()
        let digits = String(decoding: rest.prefix(4), as: UTF8.self)
        units.append(UInt16(digits, radix: 16) ?? 0xFFFD)
        rest = rest.dropFirst(4)
      default: plain.append(escape)
      }
    }
    flush()
    return String(decoding: units, as: UTF16.self)
  }

  /// A list of values of JSON; nil is `null`.
  package static func spelled(_ elements: [[UInt8]?]) -> [UInt8] {
    var bytes: [UInt8] = [UInt8(ascii: "[")]
    for (place, element) in elements.enumerated() {
      if place > 0 { bytes += ", ".utf8 }
      bytes += element ?? Array("null".utf8)
    }
    bytes.append(UInt8(ascii: "]"))
    return bytes
  }

  /// An output as a value of JSON: numbers and truth as they are, lines as a list of texts.
  package static func element(_ value: [UInt8], _ type: OutputType) -> [UInt8] {
    switch type {
    // Some numbers that are taken are none of JSON.
    case .int, .number, .bool, .json: if JSONSyntax.isValid(value) { return value }
    case .lines: return spelled(OutputType.lines(of: value).map(text))
    case .string, .date: break
    }
    return text(String(decoding: value, as: UTF8.self))
  }

  private static func text(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    write(text, to: &bytes)
    return bytes
  }

  /// An object of texts.
  package static func spelled(_ members: [(name: String, value: String)]) -> String {
    var bytes: [UInt8] = [UInt8(ascii: "{")]
    for (place, member) in members.enumerated() {
      if place > 0 { bytes += ", ".utf8 }
      write(member.name, to: &bytes)
      bytes += ": ".utf8
      write(member.value, to: &bytes)
    }
    bytes.append(UInt8(ascii: "}"))
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A text of JSON.
  package static func write(_ text: String, to bytes: inout [UInt8]) {
    let digits = Array("0123456789abcdef".utf8)
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0x0A: bytes += "\\n".utf8
      case 0x0D: bytes += "\\r".utf8
      case 0x09: bytes += "\\t".utf8
      case 0..<0x20, 0x7F: bytes += "\\u00".utf8 + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
