/// Reads JSON piece by piece from memory, without building a tree.
///
/// Beyond RFC 8259 it takes `//` and `/* */` comments, a comma after the last element, and a byte
/// order mark. The caller walks the values: it asks for the `kind` of the next one, then takes it
/// with the matching function. Nothing here calls itself, and nesting is limited, so that no file
/// can exhaust the stack or the memory.
struct JSONScanner: ValueSource {
  /// How many objects and arrays may be open at once; a definition needs five.
  static let nestingLimit = 32

  var textLength: Int { bytes.count }

  static let stringOrNumber = "a string (numbers too go in double quotes)"

  let bytes: [UInt8]
  /// The offset of the next byte.
  var position: Int
  /// Where the objects and arrays begin that are open, outermost first.
  private var open: [Int] = []
  /// A value has just ended, so that a comma must come before the next.
  private var isAfterValue = false

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    position = Self.byteOrderMarkLength(in: bytes)
  }

  static func byteOrderMarkLength(in bytes: [UInt8]) -> Int {
    bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  /// The next byte; nil at the end of the file.
  var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func nextOffset() throws(SyntaxError) -> Int {
    try skipTrivia()
    return position
  }

  /// The kind of the next value, by its first byte. Consumes separators, but not the value.
  mutating func kind(wanted: ValueKind?) throws(SyntaxError) -> ValueKind {
    try skipTrivia()
    switch next ?? 0 {
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
    default:
      for literal in [ValueKind.true, .false, .null] where word() == literal.description {
        return literal
      }
      throw valueExpected()
    }
  }

  /// Takes the `true`, `false` or `null` that `kind` has seen.
  mutating func takeLiteral() {
    position += word().utf8.count
    isAfterValue = true
  }

  // MARK: Objects and arrays

  /// Takes the `{` or `[` that `kind` has seen.
  mutating func begin() throws(SyntaxError) {
    guard open.count < Self.nestingLimit else {
      throw SyntaxError(
        at: position, "nested too deeply: at most \(Self.nestingLimit) levels are allowed")
    }
    open.append(position)
    position += 1
    isAfterValue = false
  }

  /// The next key of the innermost object, taken with its colon; nil when the object has ended.
  mutating func nextKey() throws(SyntaxError) -> TextToken? {
    guard try toNextMember(closedBy: UInt8(ascii: "}")) else { return nil }
    guard next == UInt8(ascii: "\"") else { throw keyExpected() }
    let key = try takeString()
    try skipTrivia()
    guard next == UInt8(ascii: ":") else {
      throw SyntaxError(
        at: position, "expected \":\" after the key, found \(describeNext())")
    }
    position += 1
    isAfterValue = false
    return key
  }

  /// Whether the innermost array has another element; if not, it has ended.
  mutating func nextElement() throws(SyntaxError) -> Bool {
    try toNextMember(closedBy: UInt8(ascii: "]"))
  }

  private mutating func toNextMember(closedBy end: UInt8) throws(SyntaxError) -> Bool {
    try skipTrivia()
    if isAfterValue && next != end {
      guard next == UInt8(ascii: ",") else { throw commaExpected(closedBy: end) }
      position += 1
      isAfterValue = false
      try skipTrivia()
    }
    guard let byte = next else { throw unclosed() }
    guard byte == end else { return true }
    position += 1
    open.removeLast()
    isAfterValue = true
    return false
  }

  /// Checks that nothing follows the outermost value.
  mutating func end() throws(SyntaxError) {
    try skipTrivia()
    guard position == bytes.count else {
      throw SyntaxError(
        at: position,
        "expected the end of the file after the outermost \"}\", found \(describeNext())")
    }
  }

  // MARK: Strings

  /// Takes the string whose opening quote is next.
  mutating func takeString() throws(SyntaxError) -> TextToken {
    let token = try JSONString.scan(bytes, at: position)
    position = token.content.upperBound + 1
    isAfterValue = true
    return token
  }

  // MARK: Numbers

  /// Takes the number that `kind` has seen; it follows the grammar of RFC 8259.
  mutating func takeNumber() throws(SyntaxError) -> TextToken {
    let start = position
    if next == UInt8(ascii: "-") { position += 1 }
    let hasLeadingZero = next == UInt8(ascii: "0")
    let integerDigits = takeDigits()
    if integerDigits == 0 { throw numberFault(start, "a digit must follow \"-\"") }
    if hasLeadingZero && integerDigits > 1 {
      throw numberFault(start, "leading zeros are not allowed")
    }
    if next == UInt8(ascii: ".") {
      position += 1
      if takeDigits() == 0 { throw numberFault(start, "a digit must follow \".\"") }
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      position += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
      if takeDigits() == 0 { throw numberFault(start, "an exponent needs a digit") }
    }
    if let byte = next, Self.isWordByte(byte) {
      throw numberFault(
        start, "\(describeNext()) must not follow a number; text goes in double quotes")
    }
    isAfterValue = true
    return TextToken(content: start..<position, offset: start)
  }

  private mutating func takeDigits() -> Int {
    let start = position
    while let byte = next, UInt8(ascii: "0") <= byte, byte <= UInt8(ascii: "9") { position += 1 }
    return position - start
  }

  /// Whether all of the text is a number.
  static func isNumber(_ text: ArraySlice<UInt8>) -> Bool {
    var scanner = Self(Array(text))
    guard let number = try? scanner.takeNumber() else { return false }
    return number.content.count == text.count
  }

  private func numberFault(_ start: Int, _ reason: String) -> SyntaxError {
    SyntaxError(at: start, "bad number: \(reason)")
  }

  // MARK: White space and comments

  /// Advances to the next byte that is neither white space nor in a comment.
  mutating func skipTrivia() throws(SyntaxError) {
    while let byte = next {
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"):
        position += 1
      case UInt8(ascii: "/"): try skipComment()
      default: return
      }
    }
  }

  private mutating func skipComment() throws(SyntaxError) {
    let start = position
    let second = position + 1 < bytes.count ? bytes[position + 1] : 0
    guard second == UInt8(ascii: "/") || second == UInt8(ascii: "*") else {
      throw SyntaxError(at: start, "a comment begins with \"//\" or \"/*\"")
    }
    let isBlock = second == UInt8(ascii: "*")
    position += 2
    while let byte = next {
      if isBlock && byte == UInt8(ascii: "*") && position + 1 < bytes.count
        && bytes[position + 1] == UInt8(ascii: "/")
      {
        position += 2
        return
      }
      if !isBlock && byte == UInt8(ascii: "\n") { return }
      guard let length = UTF8Check.length(of: bytes, at: position) else {
        throw SyntaxError(at: position, UTF8Check.fault(byte) + " in a comment")
      }
      position += length
    }
    if isBlock { throw SyntaxError(at: start, "unterminated comment: \"*/\" is missing") }
  }
}

// MARK: Errors

extension JSONScanner {
  /// The letters, digits and underscores that come next, at most 32 of them.
  fileprivate func word() -> String {
    var end = position
    while end < bytes.count, end < position + 32, Self.isWordByte(bytes[end]) { end += 1 }
    return String(decoding: bytes[position..<end], as: UTF8.self)
  }

  fileprivate static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"):
      true
    default: false
    }
  }

  fileprivate func describeNext() -> String {
    guard let byte = next else { return "the end of the file" }
    guard let length = UTF8Check.length(of: bytes, at: position) else {
      return UTF8Check.fault(byte)
    }
    return Quoting.quoted(String(decoding: bytes[position..<(position + length)], as: UTF8.self))
  }

  fileprivate func unclosed() -> SyntaxError {
    guard let start = open.last else {
      preconditionFailure("a member was asked for outside of objects and arrays")
    }
    let what = bytes[start] == UInt8(ascii: "{") ? "object" : "array"
    return SyntaxError(
      at: position, "unexpected end of the file in the \(what)",
      RelatedPlace(relation: "opened at", offset: start))
  }

  fileprivate func valueExpected() -> SyntaxError {
    let word = word()
    switch next {
    case nil where open.isEmpty:
      return SyntaxError(at: position, "the file holds no value: expected an object")
    case nil: return unclosed()
    case UInt8(ascii: "'"): return singleQuote()
    case UInt8(ascii: "+"), UInt8(ascii: "."):
      return SyntaxError(
        at: position, "bad number: it must begin with a digit or \"-\", not \(describeNext())")
    default:
      let found = word.isEmpty ? describeNext() : Quoting.quoted(word)
      return SyntaxError(
        at: position,
        "expected a value (a string in double quotes, a number, true, false, an array or an "
          + "object), found \(found)")
    }
  }

  fileprivate func keyExpected() -> SyntaxError {
    let word = word()
    if next == UInt8(ascii: "'") { return singleQuote() }
    if !word.isEmpty {
      return SyntaxError(at: position, "a key must be in double quotes: \"\(word)\"")
    }
    return SyntaxError(
      at: position, "expected a key in double quotes or \"}\", found \(describeNext())")
  }

  fileprivate func commaExpected(closedBy end: UInt8) -> SyntaxError {
    guard let byte = next else { return unclosed() }
    if Self.isWordByte(byte) || [UInt8](#""'{[-"#.utf8).contains(byte) {
      return SyntaxError(at: position, "missing \",\" before this")
    }
    let closing = end == UInt8(ascii: "}") ? "\"}\"" : "\"]\""
    return SyntaxError(
      at: position, "expected \",\" or \(closing), found \(describeNext())",
      open.last.map { RelatedPlace(relation: "for what was opened at", offset: $0) })
  }

  private func singleQuote() -> SyntaxError {
    SyntaxError(at: position, "single quotes are not allowed: use double quotes")
  }
}
