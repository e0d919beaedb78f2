import CYAML

/// What libyaml reports of a text, event by event, with offsets in bytes. It is asked only from the first
/// event on that `YAMLPlainText` does not know.
@safe
struct YAMLParser {
  private var plain: YAMLPlainText?
  private var owned: OwnedParser?
  private let text: YAMLText
  private var place: YAMLPlace
  /// The name of the anchor of the last event, or of that which the alias names.
  private(set) var anchor: String?

  /// - Parameters:
  ///   - text: as `YAMLText` has checked it.
  ///   - asksLibrary: whether to ask libyaml from the first event on.
  init(_ text: YAMLText, asksLibrary: Bool = false) {
    // libyaml says at once what is wrong with its next few thousand bytes.
    plain = asksLibrary || text.fault != nil ? nil : YAMLPlainText(text)
    self.text = text
    place = YAMLPlace(text)
  }

  /// The next event.
  ///
  /// - Parameter bytes: begins with the text. The value of a scalar is appended, unless it is in the
  ///   text as it is.
  mutating func next(_ bytes: inout [UInt8]) throws(SyntaxError) -> YAMLEvent {
    if let event = plain?.nextEvent(&bytes) { return event }
    let owned = owned ?? OwnedParser(text)
    self.owned = owned
    if let known = plain?.count {
      plain = nil
      for _ in 0..<known {
        guard unsafe yaml_parser_parse(owned.parser, owned.event) == 1 else { throw fault(owned) }
        unsafe yaml_event_delete(owned.event)
      }
    }
    let event = unsafe owned.event
    guard unsafe yaml_parser_parse(owned.parser, event) == 1 else { throw fault(owned) }
    defer { unsafe yaml_event_delete(event) }
    var result = YAMLEvent(offset: place.offset(of: unsafe event.pointee.start_mark))
    switch unsafe event.pointee.type {
    case YAML_SCALAR_EVENT:
      let scalar = unsafe event.pointee.data.scalar
      result.kind = .scalar
      unsafe note(scalar.anchor, tag: scalar.tag, &result)
      unsafe result.isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
      let (start, end) = unsafe (event.pointee.start_mark, event.pointee.end_mark)
      let length = unsafe Int(scalar.length)
      if text.isASCII && result.isPlain && start.line == end.line
        && Int(end.index) - Int(start.index) == length
      {
        // Nothing but a line break changes a plain scalar.
        result.content = result.offset..<(result.offset + length)
      } else {
        let value = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
        unsafe result.locate(value, in: &bytes)
      }
    case YAML_SEQUENCE_START_EVENT:
      result.kind = .sequence
      unsafe note(
        event.pointee.data.sequence_start.anchor, tag: event.pointee.data.sequence_start.tag,
        &result)
    case YAML_MAPPING_START_EVENT:
      result.kind = .mapping
      unsafe note(
        event.pointee.data.mapping_start.anchor, tag: event.pointee.data.mapping_start.tag, &result)
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: result.kind = .end
    case YAML_ALIAS_EVENT:
      result.kind = .alias
      unsafe note(event.pointee.data.alias.anchor, tag: nil, &result)
    case YAML_DOCUMENT_START_EVENT: result.kind = .documentStart
    case YAML_STREAM_END_EVENT: result.kind = .streamEnd
    default: result.kind = .other
    }
    return result
  }

  private mutating func note(
    _ name: UnsafeMutablePointer<yaml_char_t>?, tag: UnsafeMutablePointer<yaml_char_t>?,
    _ event: inout YAMLEvent
  ) {
    if let name = unsafe name {
      event.hasAnchor = true
      anchor = unsafe String(decodingCString: name, as: UTF8.self)
    }
    unsafe event.isTagged = tag != nil
  }

  /// The error that has ended libyaml's work, in its own words.
  private mutating func fault(_ owned: OwnedParser) -> SyntaxError {
    let state = unsafe owned.parser.pointee
    if unsafe state.error == YAML_READER_ERROR, let fault = text.fault {
      return SyntaxError(at: fault.offset, fault.message)
    }
    if unsafe state.error == YAML_MEMORY_ERROR {
      return SyntaxError(at: text.start, "the file needs more memory than there is")
    }
    let offset = place.offset(of: unsafe state.problem_mark)
    var problem = unsafe state.problem.map { unsafe String(cString: $0) } ?? "cannot be read"
    if problem == "found invalid Unicode character escape code" {
      problem +=
        " (a pair of \\u escapes is no character in YAML: write it itself, or as \\U0001F600)"
    }
    guard let words = unsafe state.context else { return SyntaxError(at: offset, problem) }
    let context = unsafe String(cString: words)
    let start = place.offset(of: unsafe state.context_mark)
    if start == offset { return SyntaxError(at: offset, "\(problem), \(context)") }
    return SyntaxError(at: offset, problem, RelatedPlace(relation: "\(context) at", offset: start))
  }
}

/// libyaml's parser, freed when its owner goes. It is an object for the same reason as `OpenFile` in
/// FlowStorage. libyaml reads a copy of the text in pieces, so that only its own structure has to
/// stay at its address.
@safe
private final class OwnedParser {
  let parser: UnsafeMutablePointer<yaml_parser_t>
  /// The last event. It has to be deleted before the next.
  let event: UnsafeMutablePointer<yaml_event_t>
  private let input: YAMLInput

  init(_ text: YAMLText) {
    input = YAMLInput(text)
    unsafe parser = .allocate(capacity: 1)
    unsafe parser.initialize(to: yaml_parser_t())
    unsafe event = .allocate(capacity: 1)
    unsafe event.initialize(to: yaml_event_t())
    precondition(unsafe yaml_parser_initialize(parser) == 1, "libyaml has no memory")
    // Otherwise libyaml would look for other encodings.
    unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    let context = unsafe Unmanaged.passUnretained(input).toOpaque()
    unsafe yaml_parser_set_input(parser, readInput, context)
  }

  deinit {
    unsafe yaml_parser_delete(parser)
    unsafe parser.deallocate()
    unsafe event.deallocate()
  }
}

/// An event of libyaml.
struct YAMLEvent {
  enum Kind {
    case scalar, sequence, mapping, alias
    /// Of a sequence or a mapping.
    case end
    case documentStart, streamEnd, other
    /// An alias without an anchor, which was reported.
    case faulty
  }

  var kind = Kind.other
  /// Without quotes, and no block.
  var isPlain = false
  var isTagged = false
  var hasAnchor = false
  /// Where it begins: at its anchor or tag, if it has one.
  var offset: Int
  /// The value of a scalar.
  var content = 0..<0
  init(offset: Int) {
    self.offset = offset
  }

  /// Finds the value in the text, where most are as they are, or appends it.
  mutating func locate(
    _ value: UnsafeBufferPointer<UInt8>, in bytes: inout [UInt8]
  ) {
    let start = isPlain ? offset : offset + 1
    if unsafe isTheSame(value, bytes, at: start) {
      content = start..<(start + value.count)
    } else {
      content = bytes.count..<(bytes.count + value.count)
      unsafe bytes.append(contentsOf: value)
    }
  }

  private func isTheSame(
    _ value: UnsafeBufferPointer<UInt8>, _ bytes: [UInt8], at start: Int
  ) -> Bool {
    guard start + value.count <= bytes.count else { return false }
    let span = bytes.span
    for index in value.indices where unsafe value[index] != span[start + index] { return false }
    return true
  }
}

/// The text as libyaml takes it.
private final class YAMLInput {
  let text: YAMLText
  private var position: Int

  init(_ text: YAMLText) {
    self.text = text
    position = text.start
  }

  /// The next bytes into the buffer; nil where something follows that libyaml cannot be given.
  func read(into buffer: UnsafeMutableBufferPointer<UInt8>) -> Int? {
    let count = min(buffer.count, text.end - position)
    if count == 0 && text.fault != nil { return nil }
    let piece = text.bytes[position..<(position + count)]
    _ = unsafe buffer.update(fromContentsOf: piece)
    position += count
    return count
  }
}

/// Called by libyaml.
private func readInput(
  _ context: UnsafeMutableRawPointer?, _ buffer: UnsafeMutablePointer<UInt8>?, _ size: Int,
  _ count: UnsafeMutablePointer<Int>?
) -> Int32 {
  guard let context = unsafe context, let count = unsafe count else { return 0 }
  let input = unsafe Unmanaged<YAMLInput>.fromOpaque(context).takeUnretainedValue()
  let room = unsafe UnsafeMutableBufferPointer(start: buffer, count: size)
  guard let read = unsafe input.read(into: room) else { return 0 }
  unsafe count.pointee = read
  return 1
}

/// Where libyaml's marks, which count code points, are in the text. Marks come nearly in the order
/// of the text: the walk goes on from the last one.
private struct YAMLPlace {
  private let text: YAMLText
  private var index = 0
  private var offset: Int

  init(_ text: YAMLText) {
    self.text = text
    offset = text.start
  }

  mutating func offset(of mark: yaml_mark_t) -> Int {
    let wanted = Int(mark.index)
    if text.isASCII { return min(text.start + wanted, text.bytes.count) }
    let bytes = text.bytes
    while index < wanted, offset < bytes.count {
      offset += 1
      while offset < bytes.count, bytes[offset] & 0b1100_0000 == 0b1000_0000 { offset += 1 }
      index += 1
    }
    while index > wanted, offset > text.start {
      offset -= 1
      while bytes[offset] & 0b1100_0000 == 0b1000_0000 { offset -= 1 }
      index -= 1
    }
    return offset
  }
}
