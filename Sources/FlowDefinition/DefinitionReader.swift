import FlowText

/// Walks the values of a definition file and reports errors with their location.
///
/// The parsers of the file's parts are extensions of this type. An invalid value is
/// reported, skipped, and returned as nil; only a `SyntaxError` ends the walk.
struct DefinitionReader<Source: ValueSource> {
  var source: Source
  var diagnostics = DiagnosticCollector()
  var editDistance = EditDistance()
  /// Texts that are templates.
  var templates: [TemplateUse] = []
  /// What is looked up when the files that are called are known.
  var calledMentions = CalledMentions()
  /// The step that is being read, or is checked.
  var currentStep: Int?
  /// Whether that is one of a chain.
  var isInChain = false
  /// Whether it reads a workflow that is called from another folder.
  var isCalledElsewhere = false
  /// The position of the walk. A syntax error ends it there.
  var path: [PathComponent] = []
  /// Who matches the patterns of parameters; nil if defaults are not matched.
  var patterns: (any PatternMatching)?
  /// Where the files of variables are named, in their order.
  var variableFileOffsets: [Int] = []
  /// Where secrets are listed.
  var secretMentions: [SecretMention] = []
  /// The first variable of each name in an `env`.
  var variableMentions: [String: SecretMention] = [:]

  init(_ source: Source) {
    self.source = source
  }

  // MARK: Reporting

  /// Reports an error at a byte offset, on the current path.
  mutating func report(
    at offset: Int, _ message: @autoclosure () -> String, _ related: RelatedPlace? = nil
  ) {
    guard diagnostics.wants(offset) else { return }
    diagnostics.keep(
      .init(offset: offset, path: pathDescription, message: message(), related: related))
  }

  /// Reports an error at a byte offset, on another path.
  mutating func report(
    at offset: Int, path: @autoclosure () -> String, _ message: @autoclosure () -> String,
    _ related: RelatedPlace? = nil
  ) {
    guard diagnostics.wants(offset) else { return }
    diagnostics.keep(.init(offset: offset, path: path(), message: message(), related: related))
  }

  mutating func reportMismatch(at offset: Int, expected: String, found: @autoclosure () -> String) {
    report(at: offset, "expected \(expected), found \(found())")
  }

  /// The path as messages have it, such as `steps[3].env.PATH`.
  var pathDescription: String {
    var result = ""
    for component in path {
      switch component {
      case .index(let index): result += "[\(index)]"
      case .key(let content, let hasEscapes):
        // A key may be as long as the file; messages never show more than this prefix.
        let start = TextToken(
          content: content.prefix(12 * Quoting.shownLength + 12), offset: 0, hasEscapes: hasEscapes)
        let key = text(of: start)
        if (1...Quoting.shownLength).contains(key.utf8.count),
          key.utf8.allSatisfy(PathComponent.isPlain)
        {
          result += result.isEmpty ? key : ".\(key)"
        } else {
          result += "[\(Quoting.quoted(key))]"
        }
      }
    }
    return result
  }

  // MARK: Objects and arrays

  /// Begins an object, if the next value is one; else that value is reported and skipped.
  /// - Returns: the offset of its `{`.
  mutating func beginObject(_ expected: String) throws(SyntaxError) -> Int? {
    guard try take(.object, expected) else { return nil }
    let offset = try nextOffset()
    try source.begin()
    return offset
  }

  /// Begins an array, if the next value is one; else that value is reported and skipped.
  /// - Returns: the offset of its `[`.
  mutating func beginArray(_ expected: String) throws(SyntaxError) -> Int? {
    guard try take(.array, expected) else { return nil }
    let offset = try nextOffset()
    try source.begin()
    return offset
  }

  /// The next known key of the object. Unknown and repeated ones are reported and skipped.
  mutating func nextKey<Key>(_ cursor: inout ObjectCursor<Key>) throws(SyntaxError) -> Key? {
    while let token = try nextName(isInside: &cursor.isInside) {
      guard let token else { continue }
      guard let index = index(of: token, in: cursor.table) else {
        reportUnknownKey(token, cursor)
        try skipValue()
        continue
      }
      guard cursor.offsets[index] < 0 else {
        let first = RelatedPlace(relation: "first given at", offset: cursor.offsets[index])
        report(at: token.offset, "duplicate key", first)
        try skipValue()
        continue
      }
      cursor.offsets[index] = token.offset
      return cursor.table.keys[index]
    }
    return nil
  }

  /// The next key of an object that takes any. The outer nil is the object's end; the inner one
  /// stands for a faulty key, which was reported and skipped with its value.
  mutating func nextName(isInside: inout Bool) throws(SyntaxError) -> TextToken?? {
    if isInside { path.removeLast() }
    isInside = false
    guard let token = try source.nextKey() else { return nil }
    if !token.isNameless {
      path.append(.key(token))
      isInside = true
    }
    guard let fault = token.fault else { return token }
    report(at: fault.offset, fault.message)
    try skipValue()
    return .some(nil)
  }

  /// Advances to the next element of the array.
  mutating func nextElement(_ cursor: inout ArrayCursor) throws(SyntaxError) -> Bool {
    if cursor.index >= 0 { path.removeLast() }
    guard try source.nextElement() else { return false }
    cursor.index += 1
    path.append(.index(cursor.index))
    return true
  }

  // MARK: Values

  /// The offset of the next value, or of the end of its array.
  mutating func nextOffset() throws(SyntaxError) -> Int {
    try source.nextOffset()
  }

  /// The kind of the next value. Faults beside it are reported.
  mutating func kind(wanted: ValueKind? = nil) throws(SyntaxError) -> ValueKind {
    let kind = try source.kind(wanted: wanted)
    for fault in source.takeFaults() { report(at: fault.offset, fault.message) }
    return kind
  }

  /// Whether the next value is of that kind; if not, it is reported and skipped.
  mutating func take(_ wanted: ValueKind, _ expected: String) throws(SyntaxError) -> Bool {
    let found = try kind(wanted: wanted)
    if found == wanted { return true }
    let offset = try nextOffset()
    switch found {
    case .faulty: try skipValue()
    case .object, .array:
      reportMismatch(at: offset, expected: expected, found: found.description)
      try skipValue()
    default:
      // A scalar that is no JSON either is one error, not two; within an object there may be both.
      let description = source.description(of: found, wanted: wanted)
      try skipValue()
      reportMismatch(at: offset, expected: expected, found: description)
    }
    return false
  }

  /// Takes a string without fault.
  mutating func string(_ expected: String) throws(SyntaxError) -> TextToken? {
    guard try take(.string, expected) else { return nil }
    let token = try source.takeString()
    guard let fault = token.fault else { return token }
    report(at: fault.offset, fault.message)
    return nil
  }

  mutating func text(_ expected: String) throws(SyntaxError) -> String? {
    guard let token = try string(expected) else { return nil }
    return text(of: token)
  }

  func text(of token: TextToken) -> String {
    JSONString.decode(token, of: source.bytes)
  }

  /// Whether the next value is a boolean.
  mutating func isBoolean() throws(SyntaxError) -> Bool {
    switch try kind() {
    case .true, .false: true
    default: false
    }
  }

  mutating func boolean() throws(SyntaxError) -> Bool? {
    let kind = try kind(wanted: .true)
    switch kind {
    case .true, .false:
      source.takeLiteral()
      return kind == .true
    default: return try take(.true, "true or false") ? true : nil
    }
  }

  /// Takes a whole number of the range.
  mutating func integer(
    _ range: ClosedRange<Int64>, _ expected: String
  ) throws(SyntaxError) -> Int64? {
    guard try take(.number, expected) else { return nil }
    let number = try source.takeNumber()
    if let value = Decimal.integer(source.bytes[number.content]), range.contains(value) {
      return value
    }
    reportNumber(number, expected)
    return nil
  }

  mutating func reportNumber(_ number: TextToken, _ expected: String) {
    let shown = String(decoding: source.bytes[number.content.prefix(32)], as: UTF8.self)
    let found = number.content.count > 32 ? shown + "…" : shown
    reportMismatch(at: number.offset, expected: expected, found: found)
  }

  /// Skips a value of any kind. Faulty strings in it are reported all the same.
  mutating func skipValue() throws(SyntaxError) {
    // Whether each object or array that is open in the value is an object.
    var open: [Bool] = []
    repeat {
      if let isObject = open.last {
        let hasNext = isObject ? try skipKey() : try source.nextElement()
        guard hasNext else {
          open.removeLast()
          continue
        }
      }
      switch try kind() {
      case .object:
        try source.begin()
        open.append(true)
      case .array:
        try source.begin()
        open.append(false)
      case .string: reportFault(try source.takeString())
      case .number: _ = try source.takeNumber()
      case .true, .false, .null, .faulty: source.takeLiteral()
      }
    } while !open.isEmpty
  }

  private mutating func skipKey() throws(SyntaxError) -> Bool {
    guard let key = try source.nextKey() else { return false }
    reportFault(key)
    return true
  }

  private mutating func reportFault(_ token: TextToken) {
    if let fault = token.fault { report(at: fault.offset, fault.message) }
  }
}

/// A step on the way to a value. Its text is built only for an error.
enum PathComponent {
  /// A key, as in `TextToken`.
  case key(content: Range<Int>, hasEscapes: Bool)
  case index(Int)

  static func key(_ token: TextToken) -> Self {
    .key(content: token.content, hasEscapes: token.hasEscapes)
  }

  /// Whether a key with that byte may need no quotes in a path.
  static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}

/// Iterates over the keys of one object.
struct ObjectCursor<Key: Sendable> {
  /// The name of the object in messages, such as `a step`.
  let owner: String
  let table: KeyTable<Key>
  /// The offset of the first occurrence of each key of the table; negative for absent ones.
  fileprivate var offsets: [Int]
  fileprivate var isInside = false

  init(_ owner: String, _ table: KeyTable<Key>) {
    self.owner = owner
    self.table = table
    offsets = [Int](repeating: -1, count: table.names.count)
  }

  /// Where the key with that name was given; nil if it was not, so far.
  func offset(of name: String) -> Int? {
    guard has(name), let index = table.names.firstIndex(of: name) else { return nil }
    return offsets[index]
  }

  /// Whether the key with that name was given so far.
  func has(_ name: String) -> Bool {
    guard let index = table.names.firstIndex(of: name) else {
      preconditionFailure("\(owner) has no key \(name)")
    }
    return offsets[index] >= 0
  }
}

/// Iterates over the elements of one array.
struct ArrayCursor {
  fileprivate(set) var index = -1
}
