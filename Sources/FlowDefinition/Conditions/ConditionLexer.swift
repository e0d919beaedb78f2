import FlowCore

/// A piece of a condition's text.
struct ConditionToken: Equatable {
  enum Kind: Equatable {
    case number
    case text(String)
    /// A name, with what follows it after points or in brackets: `params.x`, `steps["a.b"].result`.
    case name([String])
    /// An operator, a parenthesis, a bracket or a comma.
    case symbol(String)
    case end
  }

  let kind: Kind
  /// Where it is in the text, in bytes.
  let range: Range<Int>
}

/// What is wrong with a condition, and where in its text.
struct ConditionFault: Error, Equatable {
  /// In bytes.
  let offset: Int
  let message: String

  init(at offset: Int, _ message: String) {
    self.offset = offset
    self.message = message
  }
}

/// Cuts the text of a condition into tokens.
struct ConditionLexer {
  private let bytes: [UInt8]
  private var position = 0

  init(_ text: String) {
    bytes = Array(text.utf8)
  }

  func text(in range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  /// The longest come first.
  private static let symbols = ["==", "!=", "<=", ">=", "??", "<", ">", "(", ")", "[", "]", ","]

  /// What people write who know other languages, and what is right here.
  private static let foreign = [
    ("&&", "and"), ("||", "or"), ("=", "=="), ("!", "not"),
  ]

  mutating func next() throws(ConditionFault) -> ConditionToken {
    while position < bytes.count, Self.isBlank(bytes[position]) { position += 1 }
    let start = position
    guard let byte = peek() else { return ConditionToken(kind: .end, range: start..<start) }
    if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
      return token(.text(try text(until: byte)), from: start)
    }
    let isSigned = byte == UInt8(ascii: "-") && peek(1).map(Self.isDigit) == true
    if Self.isDigit(byte) || isSigned { return try number(from: start) }
    if Self.isNameStart(byte) { return token(.name(try name()), from: start) }
    for symbol in Self.symbols where isNext(symbol) {
      position += symbol.utf8.count
      return token(.symbol(symbol), from: start)
    }
    throw ConditionFault(at: start, unexpected(start))
  }

  private func unexpected(_ start: Int) -> String {
    if isNext("${") { return #"a condition names values without "${" and "}": params.NAME"# }
    if let (wrong, right) = Self.foreign.first(where: { isNext($0.0) }) {
      return "\"\(wrong)\" is no operator: write \"\(right)\""
    }
    let scalar = String(decoding: bytes[start...].prefix(4), as: UTF8.self).unicodeScalars.first
    return "unexpected \(Quoting.quoted(scalar.map { String($0) } ?? ""))"
  }

  private func token(_ kind: ConditionToken.Kind, from start: Int) -> ConditionToken {
    ConditionToken(kind: kind, range: start..<position)
  }

  private func peek(_ distance: Int = 0) -> UInt8? {
    position + distance < bytes.count ? bytes[position + distance] : nil
  }

  private func isNext(_ text: String) -> Bool { bytes[position...].starts(with: text.utf8) }

  /// The text in quotes. A backslash stands before a quote or a backslash.
  private mutating func text(until quote: UInt8) throws(ConditionFault) -> String {
    let start = position
    position += 1
    var content: [UInt8] = []
    while let byte = peek() {
      position += 1
      if byte == quote { return String(decoding: content, as: UTF8.self) }
      if byte != UInt8(ascii: "\\") {
        content.append(byte)
        continue
      }
      guard let next = peek(), next == UInt8(ascii: "\\") || next == quote else {
        throw ConditionFault(
          at: position - 1, #"a "\" in a text stands before a quote or another "\""#)
      }
      content.append(next)
      position += 1
    }
    throw ConditionFault(at: start, "this text has no end: its quote is missing")
  }

  private mutating func number(from start: Int) throws(ConditionFault) -> ConditionToken {
    position += 1
    var last: UInt8 = 0
    while let byte = peek() {
      let isSign = byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
      let isExponent = last == UInt8(ascii: "e") || last == UInt8(ascii: "E")
      guard
        Self.isNamePart(byte) && byte != UInt8(ascii: "-") || byte == UInt8(ascii: ".")
          || isSign && isExponent
      else { break }
      last = byte
      position += 1
    }
    if JSONNumber.isValid(Array(bytes[start..<position])) { return token(.number, from: start) }
    throw ConditionFault(
      at: start, "this is no number; dates, durations and other texts stand in quotes")
  }

  /// A name, and what follows it after points or in brackets.
  private mutating func name() throws(ConditionFault) -> [String] {
    var parts = [word()]
    // Only names of values have parts.
    while ["params", "steps", "item", "run"].contains(parts[0]) {
      if isNext("["), parts[0] == "steps", parts.count == 1 {
        position += 1
        guard let quote = peek(), quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
          throw ConditionFault(at: position, #"expected the id of a step in quotes: steps["a.b"]"#)
        }
        parts.append(try text(until: quote))
        guard isNext("]") else { throw ConditionFault(at: position, "expected \"]\"") }
        position += 1
      } else if isNext(".") {
        position += 1
        guard let byte = peek(), Self.isNamePart(byte) else {
          throw ConditionFault(at: position, "expected a name after the point")
        }
        parts.append(word())
      } else {
        break
      }
    }
    return parts
  }

  private mutating func word() -> String {
    let start = position
    while let byte = peek(), Self.isNamePart(byte) { position += 1 }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  // MARK: Bytes

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\t")
      || byte == UInt8(ascii: "\r")
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    UInt8(ascii: "0") <= byte && byte <= UInt8(ascii: "9")
  }

  private static func isNameStart(_ byte: UInt8) -> Bool {
    UInt8(ascii: "a") <= byte && byte <= UInt8(ascii: "z")
      || UInt8(ascii: "A") <= byte
        && byte <= UInt8(ascii: "Z")
      || byte == UInt8(ascii: "_")
  }

  private static func isNamePart(_ byte: UInt8) -> Bool {
    isNameStart(byte) || isDigit(byte) || byte == UInt8(ascii: "-")
  }
}
