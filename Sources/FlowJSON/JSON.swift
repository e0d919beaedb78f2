// FlowJSON is a strict reader of JSON. It imports nothing. Programs that read their own files use
// FlowDefinition's scanner, which keeps locations and allows comments.

/// A JSON value, read strictly: exactly what RFC 8259 allows. Programs and tests that check flow's output
/// read it with this, so that flow never prints what other readers refuse.
package enum JSON: Equatable, Sendable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSON])
  /// In the order of the text.
  case object([Member])

  package struct Member: Equatable, Sendable {
    package let key: String
    package let value: JSON
  }

  package struct Invalid: Error {
    package let offset: Int
  }

  package init(_ text: String) throws(Invalid) {
    var parser = Parser(Array(text.utf8))
    self = try parser.document()
  }

  package subscript(key: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  package subscript(index: Int) -> JSON? {
    guard case .array(let values) = self, values.indices.contains(index) else { return nil }
    return values[index]
  }

  package var keys: [String] {
    guard case .object(let members) = self else { return [] }
    return members.map(\.key)
  }

  package var elements: [JSON] {
    guard case .array(let values) = self else { return [] }
    return values
  }

  package var string: String? {
    guard case .string(let value) = self else { return nil }
    return value
  }

  package var integer: Int? {
    guard case .number(let value) = self else { return nil }
    return Int(exactly: value)
  }
}

private struct Parser {
  let bytes: [UInt8]
  var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func document() throws(JSON.Invalid) -> JSON {
    let value = try value()
    skipSpace()
    guard position == bytes.count else { throw invalid }
    return value
  }

  private var invalid: JSON.Invalid { JSON.Invalid(offset: position) }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let next, " \t\r\n".utf8.contains(next) { position += 1 }
  }

  private mutating func take(_ text: StaticString) -> Bool {
    skipSpace()
    let part = Array("\(text)".utf8)
    guard bytes[position...].starts(with: part) else { return false }
    position += part.count
    return true
  }

  private mutating func expect(_ text: StaticString) throws(JSON.Invalid) {
    guard take(text) else { throw invalid }
  }

  private mutating func value() throws(JSON.Invalid) -> JSON {
    if take("null") { return .null }
    if take("true") { return .bool(true) }
    if take("false") { return .bool(false) }
    if take("[") { return .array(try array()) }
    if take("{") { return .object(try object()) }
    if take("\"") { return .string(try string()) }
    return .number(try number())
  }

  private mutating func array() throws(JSON.Invalid) -> [JSON] {
    if take("]") { return [] }
    var values: [JSON] = []
    repeat { values.append(try value()) } while take(",")
    try expect("]")
    return values
  }

  private mutating func object() throws(JSON.Invalid) -> [JSON.Member] {
    if take("}") { return [] }
    var members: [JSON.Member] = []
    repeat {
      try expect("\"")
      let key = try string()
      guard !members.contains(where: { $0.key == key }) else { throw invalid }
      try expect(":")
      members.append(JSON.Member(key: key, value: try value()))
    } while take(",")
    try expect("}")
    return members
  }

  private mutating func string() throws(JSON.Invalid) -> String {
    var text: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else { throw invalid }
        return string
      case UInt8(ascii: "\\"): text += Array(String(try escaped()).utf8)
      case 0..<0x20: throw invalid
      default: text.append(byte)
      }
    }
    throw invalid
  }

  private mutating func escaped() throws(JSON.Invalid) -> Unicode.Scalar {
    guard let byte = next else { throw invalid }
    position += 1
    switch Unicode.Scalar(byte) {
    case "\"", "\\", "/": return Unicode.Scalar(byte)
    case "b": return "\u{8}"
    case "f": return "\u{C}"
    case "n": return "\n"
    case "r": return "\r"
    case "t": return "\t"
    case "u":
      let digits = String(decoding: bytes[position...].prefix(4), as: UTF8.self)
      guard digits.utf8.count == 4, let number = UInt32(digits, radix: 16),
        let scalar = Unicode.Scalar(number)
      else { throw invalid }
      position += 4
      return scalar
    default: throw invalid
    }
  }

  private mutating func number() throws(JSON.Invalid) -> Double {
    skipSpace()
    let text = bytes[position...].prefix { "+-.eE0123456789".utf8.contains($0) }
    guard let first = text.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "."),
      let number = Double(String(decoding: text, as: UTF8.self))
    else { throw invalid }
    position += text.count
    return number
  }
}
