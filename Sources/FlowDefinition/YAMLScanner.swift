import FlowText

/// Hands out the values of a YAML text as `JSONScanner` does those of JSON.
///
/// A scalar has the type that its key takes; what it looks like decides nothing. The plainest text is
/// split into events by `YAMLPlainText`, any other by libyaml. Aliases are replaced by what their anchors
/// stand for. Nothing here calls itself without a limit, and nesting and the expansion of aliases are
/// limited, so that no file can exhaust the stack, the memory or the time.
struct YAMLScanner: ValueSource {
  /// How many mappings and sequences may be open at once; a definition needs five. libyaml's time
  /// grows faster than their number.
  static let nestingLimit = 64

  static let stringOrNumber = "a string"

  /// The text, and behind it the values of scalars that are not in it as they are.
  private(set) var bytes: [UInt8]
  let textLength: Int
  private var parser: YAMLParser
  private var anchors = YAMLAnchors()
  /// The next event, if it was looked at.
  private var current: YAMLEvent?
  private var isInDocument = false
  private var depth = 0
  /// Faults beside the current event, the first one first.
  private var faults: [TextFault] = []

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    textLength = bytes.count
    parser = YAMLParser(YAMLText(bytes))
  }

  // MARK: Values

  mutating func nextOffset() throws(SyntaxError) -> Int {
    try peek().offset
  }

  mutating func kind(wanted: ValueKind?) throws(SyntaxError) -> ValueKind {
    let event = try peek()
    switch event.kind {
    case .mapping: return .object
    case .sequence: return .array
    case .scalar: return kind(of: event, wanted: wanted)
    default: return .faulty
    }
  }

  private func kind(of scalar: YAMLEvent, wanted: ValueKind?) -> ValueKind {
    if isNull(scalar) { return .null }
    switch wanted {
    case .string: return .string
    case .number: return JSONScanner.isNumber(bytes[scalar.content]) ? .number : .string
    case .true: return boolean(scalar) ?? .string
    default: return (scalar.isPlain ? boolean(scalar) : nil) ?? .string
    }
  }

  private func boolean(_ scalar: YAMLEvent) -> ValueKind? {
    if has(scalar, "true") { return .true }
    return has(scalar, "false") ? .false : nil
  }

  private func isNull(_ scalar: YAMLEvent) -> Bool {
    guard scalar.isPlain else { return false }
    switch scalar.content.count {
    case 0: return true
    case 1: return bytes[scalar.content.lowerBound] == UInt8(ascii: "~")
    case 4: return has(scalar, "null")
    default: return false
    }
  }

  private func has(_ scalar: YAMLEvent, _ text: String) -> Bool {
    scalar.content.count == text.utf8.count
      && bytes[scalar.content.lowerBound] == text.utf8.first
      && bytes[scalar.content].elementsEqual(text.utf8)
  }

  func description(of found: ValueKind, wanted: ValueKind) -> String {
    guard let scalar = current, scalar.kind == .scalar else { return found.description }
    if found != .null { return Quoting.quoted(start(of: scalar)) }
    let text = scalar.content.isEmpty ? "no value" : start(of: scalar)
    return wanted == .string ? text + ": write \"\" for an empty text" : text
  }

  /// More of it than messages show.
  private func start(of scalar: YAMLEvent) -> String {
    String(decoding: bytes[scalar.content.prefix(4 * Quoting.shownLength + 4)], as: UTF8.self)
  }

  mutating func takeFaults() -> [TextFault] {
    if faults.isEmpty { return [] }
    defer { faults = [] }
    return faults
  }

  mutating func begin() throws(SyntaxError) {
    current = nil
  }

  mutating func nextElement() throws(SyntaxError) -> Bool {
    guard try peek().kind == .end else { return true }
    current = nil
    return false
  }

  mutating func takeString() throws(SyntaxError) -> TextToken {
    // Within the call it would copy the scanner.
    let event = try peek()
    current = nil
    return token(event)
  }

  mutating func takeNumber() throws(SyntaxError) -> TextToken { try takeString() }

  mutating func takeLiteral() {
    current = nil
  }

  private func token(_ scalar: YAMLEvent) -> TextToken {
    var token = TextToken(content: scalar.content, offset: scalar.offset)
    // Only an escape can make one.
    if scalar.content.lowerBound >= textLength, bytes[scalar.content].contains(0) {
      token.fault = TextFault(offset: scalar.offset, message: YAMLText.nul)
    }
    return token
  }

  // MARK: Keys

  mutating func nextKey() throws(SyntaxError) -> TextToken? {
    let event = try peek()
    current = nil
    switch event.kind {
    case .end: return nil
    case .scalar:
      var key = token(event)
      if isNull(event) {
        let text = start(of: event)
        key.fault = TextFault(
          offset: event.offset,
          message: "a key must be a text: write \"\(text)\" in quotes if that is meant")
      } else if event.isPlain && event.content.count == 2 && has(event, "<<") {
        key.fault = TextFault(
          offset: event.offset,
          message: "merge keys are not allowed: \"defaults\" has what all steps share")
      }
      return key
    default:
      let what = event.kind == .sequence ? "an array" : "an object"
      try skip(event)
      var key = TextToken(content: 0..<0, offset: event.offset, isNameless: true)
      key.fault =
        event.kind == .faulty
        ? faults.popLast()
        : TextFault(offset: event.offset, message: "a key must be a text, found \(what)")
      return key
    }
  }

  /// Takes the rest of a sequence or mapping.
  private mutating func skip(_ event: YAMLEvent) throws(SyntaxError) {
    guard event.kind != .faulty else { return }
    let outer = depth - 1
    while depth > outer { _ = try next() }
  }

  // MARK: Events

  private mutating func peek() throws(SyntaxError) -> YAMLEvent {
    if let current { return current }
    let event = try next()
    current = event
    return event
  }

  /// The next event, with an alias replaced by the first event of what it stands for.
  private mutating func next() throws(SyntaxError) -> YAMLEvent {
    if !isInDocument { try beginDocument() }
    var event: YAMLEvent
    if anchors.isRepeating {
      event = try anchors.nextRepeated()
    } else {
      event = try parser.next(&bytes)
      if event.isTagged {
        faults.append(
          TextFault(
            offset: event.offset,
            message: "tags are not allowed: the key decides what its value is"))
      }
      if event.kind == .alias { event = try resolve(event) }
    }
    switch event.kind {
    case .sequence, .mapping:
      guard depth < Self.nestingLimit else {
        throw SyntaxError(
          at: event.offset, "nested too deeply: at most \(Self.nestingLimit) levels are allowed")
      }
      depth += 1
    case .end: depth -= 1
    default: break
    }
    if event.hasAnchor || anchors.isRecording {
      anchors.note(event, name: event.hasAnchor ? parser.anchor : nil, depth: depth)
    }
    return event
  }

  private mutating func resolve(_ alias: YAMLEvent) throws(SyntaxError) -> YAMLEvent {
    do throws(YAMLAnchors.Unresolved) {
      try anchors.begin(alias, of: parser.anchor ?? "")
    } catch {
      faults.append(TextFault(offset: alias.offset, message: error.message))
      var event = alias
      event.kind = .faulty
      event.hasAnchor = false
      return event
    }
    return try anchors.nextRepeated()
  }

  private mutating func beginDocument() throws(SyntaxError) {
    var event = try parser.next(&bytes)
    while event.kind == .other { event = try parser.next(&bytes) }
    guard event.kind == .documentStart else {
      throw SyntaxError(at: event.offset, "the file holds no value: expected an object")
    }
    isInDocument = true
  }

  mutating func end() throws(SyntaxError) {
    var event = try parser.next(&bytes)
    while event.kind == .other { event = try parser.next(&bytes) }
    guard event.kind == .streamEnd else {
      throw SyntaxError(
        at: event.offset, "a second document begins here: a file holds one workflow")
    }
  }
}
