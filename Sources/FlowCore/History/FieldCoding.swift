// Fields of messages (`TaggedDefinitionCodec`), and the values of keys in them.

/// The tags of a message so far: they ascend, so that a message has exactly one encoding.
struct FieldOrder {
  private var last: UInt64 = 0
  /// A bit for each tag below 64.
  private var seen: UInt64 = 0

  /// Whether the field with this tag (below 64) is present.
  func has(_ tag: UInt64) -> Bool { seen & (1 << tag) != 0 }

  fileprivate mutating func take(_ tag: UInt64) -> Bool {
    guard tag > last else { return false }
    last = tag
    if tag < 64 { seen |= 1 << tag }
    return true
  }
}

/// The keys of an owner that have a value, as messages have them: found by their tags, each beside the
/// value that is left out. Both are computed once, for definitions are encoded and decoded often.
struct KeyFields<Owner: Sendable>: Sendable {
  /// A key, and its default.
  final class Field: Sendable {
    let key: DefinitionKey<Owner>
    let standard: DefinitionValue

    init(_ key: DefinitionKey<Owner>, _ standard: DefinitionValue) {
      self.key = key
      self.standard = standard
    }
  }

  /// In the order of their tags.
  let fields: [Field]
  /// By tag; nil for tags that no key has.
  private let fieldsByTag: [Field?]

  init(_ keys: [DefinitionKey<Owner>], standard: Owner) {
    fields = keys.map { Field($0, $0.value(of: standard)) }
    var byTag = [Field?](repeating: nil, count: Int(keys.last?.tag ?? 0) + 1)
    for field in fields { byTag[Int(field.key.tag)] = field }
    fieldsByTag = byTag
  }

  subscript(tag: UInt64) -> Field? {
    tag < UInt64(fieldsByTag.count) ? fieldsByTag[Int(tag)] : nil
  }
}

extension WorkflowDefinition {
  static let fields = KeyFields(valuedKeys, standard: blank)
}

extension StepDefinition {
  static let fields = KeyFields(valuedKeys, standard: StepExtras())
}

extension StepSettings {
  static let fields = KeyFields(valuedKeys, standard: .implied)
}

extension ByteWriter {
  mutating func writeField(_ tag: UInt64, _ body: (inout ByteWriter) -> Void) {
    write(tag)
    writeNested(body)
  }

  /// The bytes that `body` writes, after their length.
  mutating func writeNested(_ body: (inout ByteWriter) -> Void) {
    let start = beginNested()
    body(&self)
    endNested(start)
  }

  /// Begins what `endNested` ends. A closure that captures a step would copy it.
  ///
  /// - Returns: where its length goes.
  mutating func beginNested() -> Int {
    bytes.append(0)
    return bytes.count - 1
  }

  mutating func beginField(_ tag: UInt64) -> Int {
    write(tag)
    return beginNested()
  }

  mutating func endNested(_ start: Int) {
    let length = bytes.count - start - 1
    if length < 0x80 {
      bytes[start] = UInt8(length)
      return
    }
    var prefix = ByteWriter()
    prefix.write(count: length)
    bytes.replaceSubrange(start...start, with: prefix.bytes)
  }

  /// A string that fills its field.
  mutating func write(text: String) {
    bytes.append(contentsOf: text.utf8)
  }

  /// The fields whose values differ from their defaults.
  ///
  /// - Parameter tags: those of the fields, where others come before or after them.
  mutating func write<Owner>(
    _ owner: Owner, _ fields: KeyFields<Owner>, tags: Range<UInt64> = 0..<UInt64.max
  ) {
    var owner = owner
    for field in fields.fields where tags.contains(field.key.tag) {
      let value = field.key.value(in: &owner)
      if value != field.standard { writeField(field.key.tag) { $0.write(value) } }
    }
  }

  private mutating func write(_ value: DefinitionValue) {
    switch value {
    case .none: preconditionFailure("a key without a value has no field")
    case .flag(let flag): write(flag)
    case .number(let number): write(count: number)
    case .text(let text): write(text: text)
    case .bytes(let sequence): bytes.append(contentsOf: sequence)
    case .command(let command): write(command)
    case .environment(let environment): write(environment)
    case .names(let names): write(list: names) { $0.write($1) }
    case .files(let files):
      write(list: files) { writer, file in
        writer.write(file.path)
        writer.write(file.isOptional)
      }
    case .secrets(let secrets):
      write(list: secrets) { writer, secret in
        writer.write(secret.name)
        writer.bytes.append(secret.form.rawValue)
      }
    case .outputs(let outputs):
      write(list: outputs) { writer, output in
        writer.write(output.name)
        writer.bytes.append(output.type.rawValue)
      }
    }
  }
}

extension ByteReader {
  /// The tag of the next field; nil at the end of the message.
  mutating func readTag(_ order: inout FieldOrder) throws(CodingError) -> UInt64? {
    if isAtEnd { return nil }
    let start = position
    let tag = try readUnsigned()
    guard order.take(tag) else {
      throw CodingError(offset: start, reason: .malformed("order of fields"))
    }
    return tag
  }

  func require(_ condition: Bool, _ what: String, at start: Int) throws(CodingError) {
    if !condition { throw CodingError(offset: start, reason: .malformed(what)) }
  }

  /// Reads the field of a key.
  ///
  /// - Parameter owner: the owner of the key, for messages.
  mutating func readValue<Owner>(
    _ tag: UInt64, _ fields: KeyFields<Owner>, of owner: String, into result: inout Owner
  ) throws(CodingError) {
    let start = position
    guard let field = fields[tag] else {
      throw CodingError(offset: start, reason: .newer("\(owner) has a field \(tag)"))
    }
    let value = try readValue(field.key.type, named: field.key.name)
    // A field with its default value is omitted.
    try require(value != field.standard, field.key.name, at: start)
    field.key.set(value, in: &result)
  }

  private mutating func readValue(
    _ type: KeyType, named name: String
  ) throws(CodingError) -> DefinitionValue {
    switch type {
    case .structure, .object: preconditionFailure("the key \(name) has no value of its own")
    case .text: return .text(try readTextToEnd())
    case .flag: return .flag(try readBool())
    case .flagOrText:
      let text = try readTextToEnd()
      return text == "\u{1}" ? .flag(true) : .text(text)
    case .duration, .byteSize, .decimal: return .number(try readCount())
    case .wholeNumber(let range): return .number(try readNumber(range, name))
    case .word(let words): return .number(try readNumber(0...Int64(words.count - 1), name))
    case .words(let words): return .number(try readNumber(0...1 << words.count - 1, name))
    case .exitCodes: return .bytes(readToEnd())
    case .command: return .command(try readCommand())
    case .shell:
      let start = position
      let command = try readCommand()
      guard Shell(spelled: command) != nil else {
        throw CodingError(offset: start, reason: .newer("\(name) has the value \(command)"))
      }
      return .command(command)
    case .environment: return .environment(try readEnvironment())
    case .variableNames:
      return .names(try readList { (reader) throws(CodingError) in try reader.readString() })
    case .paths: return .names(try readPaths())
    case .variableFiles:
      return .files(
        try readList { (reader) throws(CodingError) in
          VariableFile(path: try reader.readString(), isOptional: try reader.readBool())
        })
    case .secrets:
      return .secrets(
        try readList { (reader) throws(CodingError) in
          SecretUse(name: try reader.readString(), form: try reader.readCase("secrets"))
        })
    case .outputs: return .outputs(try readOutputs())
    }
  }

  /// Paths in the order of their bytes, none twice.
  private mutating func readPaths() throws(CodingError) -> [String] {
    let start = position
    let paths = try readList { (reader) throws(CodingError) in try reader.readString() }
    let isOrdered = zip(paths, paths.dropFirst()).allSatisfy {
      $0.utf8.lexicographicallyPrecedes($1.utf8)
    }
    let areSound = paths.allSatisfy { StepFiles.fault(ofTemplate: $0) == nil }
    try require(isOrdered && areSound && paths.count <= StepFiles.most, "files", at: start)
    return paths
  }

  /// Outputs in the order of their names, no name twice.
  private mutating func readOutputs() throws(CodingError) -> [StepOutput] {
    let start = position
    let outputs = try readList { (reader) throws(CodingError) in
      StepOutput(name: try reader.readString(), type: try reader.readCase("outputs"))
    }
    let isOrdered = zip(outputs, outputs.dropFirst()).allSatisfy {
      $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
    }
    let areNames = outputs.allSatisfy { StepOutput.isName($0.name) }
    try require(isOrdered && areNames && outputs.count <= StepOutput.most, "outputs", at: start)
    return outputs
  }

  /// A number whose range a newer flow may have extended.
  private mutating func readNumber(
    _ range: ClosedRange<Int64>, _ name: String
  ) throws(CodingError) -> Int64 {
    let start = position
    let number: Int64 = try readCount()
    try require(number >= range.lowerBound, name, at: start)
    guard number <= range.upperBound else {
      throw CodingError(offset: start, reason: .newer("\(name) has the value \(number)"))
    }
    return number
  }
}
