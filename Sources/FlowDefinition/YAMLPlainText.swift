/// Reads the plainest YAML, of which nearly all definitions consist: mappings and sequences by
/// indentation, scalars within a line, blocks of text (`|`), and flow sequences and mappings within a line.
///
/// It hands out the events that libyaml has for the same text, in a fraction of the time. What it does not
/// know for certain (anchors, tags, escapes, folded and continued lines, tabs, other line ends, several
/// documents, every error) it leaves to libyaml, which then reads the text from its beginning. Tests and
/// fuzzers compare the events of both.
struct YAMLPlainText {
  private enum Kind {
    case mapping, sequence
    /// Of a key with the same indentation.
    case indentlessSequence
  }

  private struct Level {
    let kind: Kind
    let indent: Int
  }

  /// How many flow sequences and mappings may be open at once; more are rare.
  private static let flowLimit = 8
  /// How many events a line may have, which are kept together.
  private static let eventLimit = 4_096
  /// libyaml looks no further for the colon of a key.
  private static let keyLimit = 1_000

  private let text: YAMLText
  private var position: Int
  private var levels: [Level] = []
  /// Whether the value of the root or of the last key comes in a later line.
  private var awaitsValue = true
  /// The events of the last line, and which is next.
  private var events: [YAMLEvent] = []
  private var next = 0
  private var isOver = false

  /// How many events it has handed out.
  private(set) var count = 0

  init(_ text: YAMLText) {
    self.text = text
    position = text.start
  }

  /// The next event; nil if it is for libyaml to say.
  ///
  /// - Parameter bytes: as for `YAMLParser.next`.
  mutating func nextEvent(_ bytes: inout [UInt8]) -> YAMLEvent? {
    while next == events.count {
      if isOver { return nil }
      events.removeAll(keepingCapacity: true)
      next = 0
      if !readLine(&bytes) {
        events.removeAll()
        isOver = true
      }
    }
    count += 1
    next += 1
    return events[next - 1]
  }

  private mutating func emit(_ kind: YAMLEvent.Kind, _ offset: Int) {
    var event = YAMLEvent(offset: offset)
    event.kind = kind
    events.append(event)
  }

  private mutating func emit(scalar content: Range<Int>, isPlain: Bool) {
    var event = YAMLEvent(offset: isPlain ? content.lowerBound : content.lowerBound - 1)
    event.kind = .scalar
    event.isPlain = isPlain
    event.content = content
    events.append(event)
  }

  // MARK: Bytes

  /// The byte there; a line feed at the end of the text.
  private func byte(_ offset: Int) -> UInt8 {
    offset < text.end ? text.bytes[offset] : UInt8(ascii: "\n")
  }

  private func skipSpaces(_ offset: Int) -> Int {
    var offset = offset
    while byte(offset) == UInt8(ascii: " ") { offset += 1 }
    return offset
  }

  /// Behind a character that is not ASCII; nil if it means something to YAML.
  private func skipCharacter(_ offset: Int) -> Int? {
    let (first, second, third) = (byte(offset), byte(offset + 1), byte(offset + 2))
    if first == 0xC2 && second == 0x85 || first == 0xEF { return nil }
    if first == 0xE2 && second == 0x80 && (third == 0xA8 || third == 0xA9) { return nil }
    return offset + 1
  }

  /// Where the line ends; nil if it ends in another way, or has something in it that may mean an end.
  private func endOfLine(_ offset: Int) -> Int? {
    var offset = offset
    while case let byte = byte(offset), byte != UInt8(ascii: "\n") {
      if byte == UInt8(ascii: "\r") { return nil }
      guard byte < 0x80 || skipCharacter(offset) != nil else { return nil }
      offset += 1
    }
    return offset
  }

  /// Takes the rest of a line, which is empty or a comment behind a space.
  private mutating func endLine(_ offset: Int) -> Bool {
    let rest = skipSpaces(offset)
    guard byte(rest) == UInt8(ascii: "\n") || byte(rest) == UInt8(ascii: "#") && rest > offset,
      let end = endOfLine(rest)
    else { return false }
    position = min(end + 1, text.end)
    return true
  }

  // MARK: Lines

  /// - Returns: false if it does not know what the next line means; what it has emitted is void then.
  private mutating func readLine(_ bytes: inout [UInt8]) -> Bool {
    var at = skipSpaces(position)
    while at < text.end, byte(at) == UInt8(ascii: "\n") || byte(at) == UInt8(ascii: "#") {
      guard let end = endOfLine(at) else { return false }
      position = min(end + 1, text.end)
      at = skipSpaces(position)
    }
    if at == text.end { return finish() }
    if count == 0 {
      emit(.other, position)
      emit(.documentStart, at)
    }
    var column = at - position
    if column == 0 && isMark(at) { return false }
    guard unroll(to: column, at) else { return false }
    var isElement = false
    while isDash(at) {
      isElement = true
      guard beginElement(at, column) else { return false }
      let element = skipSpaces(at + 1)
      if [UInt8(ascii: "\n"), UInt8(ascii: "#")].contains(byte(element)) { return false }
      column += element - at
      at = element
    }
    return readEntry(at, column, isElement: isElement, &bytes)
  }

  /// The end of the text.
  private mutating func finish() -> Bool {
    guard !awaitsValue, !levels.isEmpty else { return false }
    for _ in levels { emit(.end, text.end) }
    levels = []
    emit(.other, text.end)
    emit(.streamEnd, text.end)
    isOver = true
    return true
  }

  /// What may be the mark of a document, or a directive.
  private func isMark(_ at: Int) -> Bool {
    let first = byte(at)
    if first == UInt8(ascii: "%") { return true }
    return (first == UInt8(ascii: "-") || first == UInt8(ascii: "."))
      && byte(at + 1) == first && byte(at + 2) == first
  }

  private func isDash(_ at: Int) -> Bool {
    byte(at) == UInt8(ascii: "-") && byte(at + 1) == UInt8(ascii: " ")
  }

  /// Ends what is indented further.
  private mutating func unroll(to column: Int, _ at: Int) -> Bool {
    if awaitsValue, let top = levels.last {
      // Otherwise there is no value.
      guard column > top.indent || column == top.indent && isDash(at) else { return false }
    }
    while let top = levels.last, top.indent > column {
      emit(.end, at)
      levels.removeLast()
    }
    return true
  }

  /// Enters an element of a sequence, or the sequence with its first element.
  private mutating func beginElement(_ at: Int, _ column: Int) -> Bool {
    if awaitsValue {
      // `- - - -`, which is refused before it gets that deep.
      guard levels.count <= YAMLScanner.nestingLimit else { return false }
      let isIndentless = levels.last.map { $0.indent == column } ?? false
      levels.append(Level(kind: isIndentless ? .indentlessSequence : .sequence, indent: column))
      emit(.sequence, at)
    } else {
      guard let top = levels.last, top.indent == column, top.kind != .mapping else { return false }
    }
    awaitsValue = true
    return true
  }

  /// A key with its value, or an element behind its dash.
  private mutating func readEntry(
    _ at: Int, _ column: Int, isElement: Bool, _ bytes: inout [UInt8]
  ) -> Bool {
    guard let scalar = scanScalar(at), scalar.isKey else {
      return isElement && readValue(at, &bytes)
    }
    guard scalar.stop - at < Self.keyLimit else { return false }
    if awaitsValue {
      levels.append(Level(kind: .mapping, indent: column))
      emit(.mapping, at)
    } else {
      if let top = levels.last, top.kind == .indentlessSequence, top.indent == column {
        emit(.end, at)
        levels.removeLast()
      }
      guard let top = levels.last, top.kind == .mapping, top.indent == column else { return false }
    }
    emit(scalar: scalar.content, isPlain: scalar.isPlain)
    awaitsValue = false
    let value = skipSpaces(scalar.stop + 1)
    if byte(value) != UInt8(ascii: "\n") && byte(value) != UInt8(ascii: "#") {
      return readValue(value, &bytes)
    }
    awaitsValue = true
    return endLine(scalar.stop + 1)
  }

  // MARK: Values

  private mutating func readValue(_ at: Int, _ bytes: inout [UInt8]) -> Bool {
    awaitsValue = false
    switch byte(at) {
    case UInt8(ascii: "["), UInt8(ascii: "{"):
      guard let end = readFlow(at, 0) else { return false }
      return endLine(end)
    case UInt8(ascii: "|"): return readBlock(at, &bytes)
    default:
      guard let scalar = scanScalar(at), !scalar.isKey else { return false }
      emit(scalar: scalar.content, isPlain: scalar.isPlain)
      if scalar.isPlain && byte(scalar.stop) == UInt8(ascii: "\n") && isContinued(scalar.stop) {
        return false
      }
      return endLine(scalar.content.upperBound + (scalar.isPlain ? 0 : 1))
    }
  }

  /// Whether a plain scalar goes on in a later line.
  private func isContinued(_ lineEnd: Int) -> Bool {
    var line = lineEnd
    while line < text.end {
      line += 1
      let at = skipSpaces(line)
      if byte(at) == UInt8(ascii: "\n") {
        line = at
        continue
      }
      if mayEndLine(at) { return true }
      return at - line > levels[levels.count - 1].indent && byte(at) != UInt8(ascii: "#")
    }
    return false
  }

  /// Whether the line may be an empty one: line feeds are not all that ends one.
  private func mayEndLine(_ at: Int) -> Bool {
    byte(at) == UInt8(ascii: "\r") || byte(at) >= 0x80 && skipCharacter(at) == nil
  }

  private struct Scalar {
    var content: Range<Int>
    var isPlain: Bool
    /// At the colon of a key, at the end of the line, or at the comment.
    var stop: Int
    var isKey = false
  }

  /// The scalar within a line that begins there; nil if there is none, or none that is known.
  private func scanScalar(_ at: Int) -> Scalar? {
    let first = byte(at)
    if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") {
      guard let content = scanQuoted(at) else { return nil }
      let stop = skipSpaces(content.upperBound + 1)
      return Scalar(content: content, isPlain: false, stop: stop, isKey: isColon(stop))
    }
    guard canBegin(first, byte(at + 1)) else { return nil }
    var (end, stop) = (at, at)
    while case let byte = byte(stop), byte != UInt8(ascii: "\n") {
      switch byte {
      case UInt8(ascii: " "):
        stop = skipSpaces(stop)
        guard self.byte(stop) == UInt8(ascii: "#") else { continue }
        return Scalar(content: at..<end, isPlain: true, stop: stop)
      case UInt8(ascii: ":"):
        if isColon(stop) {
          return Scalar(content: at..<end, isPlain: true, stop: stop, isKey: true)
        }
      case UInt8(ascii: "\t"), UInt8(ascii: "\r"): return nil
      case 0x80...: guard skipCharacter(stop) != nil else { return nil }
      default: break
      }
      stop += 1
      end = stop
    }
    return Scalar(content: at..<end, isPlain: true, stop: stop)
  }

  private func isColon(_ at: Int) -> Bool {
    guard byte(at) == UInt8(ascii: ":") else { return false }
    return byte(at + 1) == UInt8(ascii: " ") || byte(at + 1) == UInt8(ascii: "\n")
  }

  /// Whether a plain scalar can begin with that byte.
  private func canBegin(_ first: UInt8, _ second: UInt8) -> Bool {
    switch first {
    case UInt8(ascii: "-"):
      second != UInt8(ascii: " ") && second != UInt8(ascii: "\n") && second != UInt8(ascii: "\t")
    case UInt8(ascii: "?"), UInt8(ascii: ":"), UInt8(ascii: ","), UInt8(ascii: "["),
      UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "#"),
      UInt8(ascii: "&"), UInt8(ascii: "*"), UInt8(ascii: "!"), UInt8(ascii: "|"),
      UInt8(ascii: ">"), UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "%"),
      UInt8(ascii: "@"), UInt8(ascii: "`"), UInt8(ascii: "\n"), UInt8(ascii: " "):
      false
    default: true
    }
  }

  /// What is between the quotes, of which the first is there; nil if it is not what it looks like.
  private func scanQuoted(_ at: Int) -> Range<Int>? {
    let quote = byte(at)
    var end = at + 1
    while case let byte = byte(end), byte != quote {
      switch byte {
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"), UInt8(ascii: "\\"):
        return nil
      case 0x80...: guard skipCharacter(end) != nil else { return nil }
      default: break
      }
      end += 1
    }
    // Two of them are one.
    return byte(end + 1) == quote ? nil : at + 1..<end
  }

  // MARK: Flow

  /// - Returns: behind the value; nil if it is not known.
  private mutating func readFlow(_ at: Int, _ depth: Int) -> Int? {
    let first = byte(at)
    guard first == UInt8(ascii: "[") || first == UInt8(ascii: "{") else {
      guard let (content, isPlain) = scanFlow(at) else { return nil }
      emit(scalar: content, isPlain: isPlain)
      return content.upperBound + (isPlain ? 0 : 1)
    }
    guard depth < Self.flowLimit else { return nil }
    let isMapping = first == UInt8(ascii: "{")
    let last = UInt8(ascii: isMapping ? "}" : "]")
    emit(isMapping ? .mapping : .sequence, at)
    var next = skipSpaces(at + 1)
    while byte(next) != last {
      if isMapping {
        guard let (content, isPlain) = scanFlow(next) else { return nil }
        emit(scalar: content, isPlain: isPlain)
        next = skipSpaces(content.upperBound + (isPlain ? 0 : 1))
        guard byte(next) == UInt8(ascii: ":"), byte(next + 1) == UInt8(ascii: " ") else {
          return nil
        }
        next = skipSpaces(next + 1)
      }
      guard events.count < Self.eventLimit, let end = readFlow(next, depth + 1) else { return nil }
      next = skipSpaces(end)
      if byte(next) == last { break }
      guard byte(next) == UInt8(ascii: ",") else { return nil }
      next = skipSpaces(next + 1)
      if byte(next) == last { return nil }
    }
    emit(.end, next)
    return next + 1
  }

  /// A scalar in a flow sequence or mapping.
  private func scanFlow(_ at: Int) -> (Range<Int>, isPlain: Bool)? {
    let first = byte(at)
    if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") {
      return scanQuoted(at).map { ($0, false) }
    }
    guard canBegin(first, byte(at + 1)) else { return nil }
    var (end, stop) = (at, at)
    while true {
      switch byte(stop) {
      case UInt8(ascii: " "):
        stop = skipSpaces(stop)
        continue
      case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"):
        return end - at < Self.keyLimit ? (at..<end, true) : nil
      case UInt8(ascii: ":"):
        if byte(stop + 1) == UInt8(ascii: " ") {
          return end - at < Self.keyLimit ? (at..<end, true) : nil
        }
        guard isWord(byte(stop + 1)) else { return nil }
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"), UInt8(ascii: "#"),
        UInt8(ascii: "?"), UInt8(ascii: "["), UInt8(ascii: "{"):
        return nil
      case 0x80...: guard skipCharacter(stop) != nil else { return nil }
      default: break
      }
      stop += 1
      end = stop
    }
  }

  /// What may follow a colon within a scalar for certain.
  private func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  // MARK: Blocks of text

  /// A text that keeps its lines.
  private mutating func readBlock(_ at: Int, _ bytes: inout [UInt8]) -> Bool {
    var header = at + 1
    let chomping = byte(header)
    if chomping == UInt8(ascii: "-") || chomping == UInt8(ascii: "+") { header += 1 }
    guard header < text.end, byte(header) == UInt8(ascii: "\n") else { return false }
    var line = header + 1
    while line < text.end, byte(line) == UInt8(ascii: "\n") { line += 1 }
    // Empty lines before the first one.
    var breaks = line - header - 1
    let indent = skipSpaces(line) - line
    // A tab there may be meant as indentation, which libyaml refuses.
    guard line + indent < text.end, byte(line + indent) != UInt8(ascii: "\n"),
      byte(line + indent) != UInt8(ascii: "\t"), indent > levels[levels.count - 1].indent
    else { return false }
    var value: [UInt8] = []
    while line < text.end {
      let first = min(skipSpaces(line), line + indent)
      if byte(first) == UInt8(ascii: "\n") {
        // An empty line, or spaces at the end of the text.
        breaks += first < text.end ? 1 : 0
        line = first + 1
        continue
      }
      if first < line + indent, byte(first) == UInt8(ascii: "\t") || mayEndLine(first) {
        return false
      }
      if first < line + indent { break }
      guard let end = endOfLine(first) else { return false }
      for _ in 0..<breaks { value.append(UInt8(ascii: "\n")) }
      value += text.bytes[first..<end]
      breaks = end < text.end ? 1 : 0
      line = end + 1
    }
    switch chomping {
    case UInt8(ascii: "-"): breaks = 0
    case UInt8(ascii: "+"): break
    default: breaks = min(breaks, 1)
    }
    for _ in 0..<breaks { value.append(UInt8(ascii: "\n")) }
    var event = YAMLEvent(offset: at)
    event.kind = .scalar
    unsafe value.withUnsafeBufferPointer { unsafe event.locate($0, in: &bytes) }
    events.append(event)
    position = min(line, text.end)
    return true
  }
}
