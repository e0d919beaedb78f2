import FlowCore

// Where the variables of a run come from, besides `env`: the caller's environment, and files.

extension DefinitionReader {
  /// Takes names of variables, or one, and orders them.
  mutating func readVariableNames() throws(SyntaxError) -> [String]? {
    if try kind(wanted: .string) == .string {
      return try readVariableName().map { [$0] }
    }
    let expected = #"an array of names of variables such as ["SSH_AUTH_SOCK"]"#
    guard try beginArray(expected) != nil else { return nil }
    var names: [String] = []
    // By bytes: to the kernel, names that Unicode calls equivalent are different.
    var first: [[UInt8]: Int] = [:]
    var cursor = ArrayCursor()
    while try nextElement(&cursor) {
      let offset = try nextOffset()
      guard let name = try readVariableName() else { continue }
      let bytes = Array(name.utf8)
      if let earlier = first[bytes] {
        report(at: offset, "repeated", RelatedPlace(relation: "first given at", offset: earlier))
      } else {
        first[bytes] = offset
        names.append(name)
      }
    }
    return names.sorted(by: SettingsOverlay.precedes)
  }

  mutating func readVariableName() throws(SyntaxError) -> String? {
    guard let token = try string("the name of a variable") else { return nil }
    let name = text(of: token)
    if name.isEmpty {
      report(at: token.offset, "the name of an environment variable is empty")
    } else if name.utf8.contains(UInt8(ascii: "=")) {
      report(at: token.offset, #"the name of an environment variable contains "=""#)
    } else if name.utf8.contains(UInt8(ascii: "*")) {
      // It would pass nothing, without a word.
      report(at: token.offset, #"expected the name of a variable: "*" stands for no other text"#)
    } else {
      return name
    }
    return nil
  }

  /// Takes files of variables, or one.
  mutating func readVariableFiles() throws(SyntaxError) -> [VariableFile]? {
    switch try kind(wanted: .string) {
    case .string, .object: return try readVariableFile().map { [$0] }
    default: break
    }
    let expected = #"an array of paths such as ["prod.env"]"#
    guard try beginArray(expected) != nil else { return nil }
    var files: [VariableFile] = []
    var cursor = ArrayCursor()
    while try nextElement(&cursor) {
      if let file = try readVariableFile() { files.append(file) }
    }
    return files
  }

  private mutating func readVariableFile() throws(SyntaxError) -> VariableFile? {
    let path = "the path of a file of variables"
    variableFileOffsets.append(try nextOffset())
    let kind = try kind(wanted: .string)
    if kind == .string { return try readNonEmptyText(path).map { VariableFile(path: $0) } }
    let expected = #"\#(path), or an object such as {"path": "local.env", "optional": true}"#
    guard let start = try beginObject(expected) else { return nil }
    var file: VariableFile?
    var isOptional = false
    var cursor = ObjectCursor("a file of variables", VariableFileKey.table)
    while let key = try nextKey(&cursor) {
      switch key {
      case .path: file = try readNonEmptyText(path).map { VariableFile(path: $0) }
      case .optional: isOptional = try boolean() ?? false
      }
    }
    if !cursor.has("path") { report(at: start, #"missing "path": \#(path)"#) }
    file?.isOptional = isOptional
    return file
  }
}

private enum VariableFileKey: String {
  case path, optional

  static let table = KeyTable<Self>([.path, .optional])
}
