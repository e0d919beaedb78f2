import FlowCore
import FlowDefinition

/// A file of variables that is accepted has the variables that systemd reads from it, and those can be written
/// so that they are read again. The errors of a rejected one have a location in it, and show nothing of it.
enum VariablesTarget {
  static func test(_ bytes: [UInt8]) throws(Finding) {
    let variables: [EnvironmentVariable]
    do throws(DefinitionErrors) {
      variables = try VariableFileParser.parse(bytes, file: "input")
    } catch {
      return try test(error, in: bytes)
    }
    for variable in variables {
      try require(
        !variable.name.isEmpty && !variable.name.utf8.contains(UInt8(ascii: "="))
          && !variable.name.utf8.contains(0) && !variable.value.utf8.contains(0),
        "a variable that no program can be given: \(variable)")
    }
    // A carriage return ends a line of systemd's too, but with a line feed it ends two.
    if !bytes.contains(UInt8(ascii: "\r")), !hasContinuedComment(bytes),
      !bytes.starts(with: [0xEF, 0xBB, 0xBF])
    {
      let expected = SystemdVariables.read(bytes)
      try require(
        variables.map { Array("\($0.name)=\($0.value)".utf8) } == expected,
        "systemd reads other variables than \(variables)")
    }
    try testWriting(variables, ByteSupply(bytes))
  }

  /// In systemd's files a comment goes on behind a backslash.
  private static func hasContinuedComment(_ bytes: [UInt8]) -> Bool {
    bytes.split(separator: UInt8(ascii: "\n")).contains { line in
      let first = line.first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
      return (first == UInt8(ascii: "#") || first == UInt8(ascii: ";"))
        && line.last == UInt8(ascii: "\\")
    }
  }

  // MARK: Writing

  private static func testWriting(
    _ variables: [EnvironmentVariable], _ choices: ByteSupply
  ) throws(Finding) {
    var choices = choices
    let lines = variables.map { variable in
      "\(variable.name)=\(written(variable.value, choices.below(3)))"
    }
    let text = lines.map { "\($0)\n" }.joined()
    let again: [EnvironmentVariable]
    do throws(DefinitionErrors) {
      again = try VariableFileParser.parse(Array(text.utf8), file: "written")
    } catch {
      throw Finding("the written variables are rejected: \(error)\n\(text)")
    }
    try require(
      again.map(\.name) == variables.map(\.name)
        && again.elementsEqual(variables) { $0.value.utf8.elementsEqual($1.value.utf8) },
      "the written variables are read differently: \(text)")
  }

  private static func written(_ value: String, _ style: Int) -> String {
    let escaped: Set<Character> = ["\"", "\\", "`", "$"]
    switch style {
    case 1 where !value.unicodeScalars.contains("'"): return "'\(value)'"
    // Outside of quotes; no backslash stands for the end of a line.
    case 2 where !value.unicodeScalars.contains(where: { $0 == "\n" || $0 == "\r" }):
      return String(String.UnicodeScalarView(value.unicodeScalars.flatMap { ["\\", $0] }))
    default:
      let scalars = value.unicodeScalars.flatMap { scalar -> [Unicode.Scalar] in
        escaped.contains(Character(scalar)) ? ["\\", scalar] : [scalar]
      }
      return "\"\(String(String.UnicodeScalarView(scalars)))\""
    }
  }

  // MARK: Errors

  private static func test(_ refusal: DefinitionErrors, in bytes: [UInt8]) throws(Finding) {
    let errors = refusal.errors
    try require((1...DefinitionErrors.limit).contains(errors.count), "\(errors.count) errors")
    let lines = bytes.split(separator: 10, omittingEmptySubsequences: false)
    for error in errors {
      let (line, column) = (error.position.line, error.position.column)
      try require(
        lines.indices.contains(line - 1) && (1...lines[line - 1].count + 1).contains(column),
        "an error at \(line):\(column), outside of the file")
      let words = error.message.unicodeScalars.filter { !("0"..."9").contains($0) }
      try require(
        messages.contains { words.starts(with: $0.unicodeScalars) },
        "an error that may show a part of the file: \(error.message.debugDescription)")
    }
    let places = errors.map { ($0.position.line, $0.position.column) }
    try require(
      zip(places, places.dropFirst()).allSatisfy { $0 <= $1 }, "unsorted errors")
  }

  /// How all messages begin; numbers are left out.
  private static let messages = [
    "NUL is not allowed: no program can be given one", "expected NAME=value",
    "expected a name of letters, digits and \"_\" that does not begin with a digit, found nothing",
    "expected a name of letters, digits and \"_\" that does not begin with a digit, found other",
    "the value is not UTF-", "the quote that begins here has no end", "the variable has ",
  ]
}

/// How systemd reads an `EnvironmentFile` that nothing is wrong with: the states of its
/// `parse_env_file_internal`, one byte after the other.
private enum SystemdVariables {
  private enum State {
    case beforeKey, key, beforeValue, value, escape, single, double, doubleEscape, comment
  }

  /// - Returns: the variables, as `NAME=value`.
  static func read(_ bytes: [UInt8]) -> [[UInt8]] {
    var state = State.beforeKey
    var (key, value, variables) = ([UInt8](), [UInt8](), [[UInt8]]())
    // Where the space at the end begins that is dropped; nil for none.
    var space: Int?
    func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    func finish() {
      if state == .value, let space { value.removeLast(value.count - space) }
      while let last = key.last, isSpace(last) { key.removeLast() }
      variables.append(key + [UInt8(ascii: "=")] + value)
      (key, value, space, state) = ([], [], nil, .beforeKey)
    }
    for byte in bytes {
      let isLineEnd = byte == UInt8(ascii: "\n")
      switch state {
      case .beforeKey:
        if byte == UInt8(ascii: "#") || byte == UInt8(ascii: ";") {
          state = .comment
        } else if !isSpace(byte) && !isLineEnd {
          (state, key) = (.key, [byte])
        }
      case .key:
        if isLineEnd {
          (state, key) = (.beforeKey, [])
        } else if byte == UInt8(ascii: "=") {
          state = .beforeValue
        } else {
          key.append(byte)
        }
      case .beforeValue:
        switch byte {
        case _ where isLineEnd: finish()
        case UInt8(ascii: "'"): state = .single
        case UInt8(ascii: "\""): state = .double
        case UInt8(ascii: "\\"): state = .escape
        case _ where isSpace(byte): break
        default:
          state = .value
          value.append(byte)
        }
      case .value:
        if isLineEnd {
          finish()
        } else if byte == UInt8(ascii: "\\") {
          (state, space) = (.escape, nil)
        } else {
          if !isSpace(byte) { space = nil } else if space == nil { space = value.count }
          value.append(byte)
        }
      case .escape:
        state = .value
        if !isLineEnd { value.append(byte) }
      case .single:
        if byte == UInt8(ascii: "'") { state = .beforeValue } else { value.append(byte) }
      case .double:
        switch byte {
        case UInt8(ascii: "\""): state = .beforeValue
        case UInt8(ascii: "\\"): state = .doubleEscape
        default: value.append(byte)
        }
      case .doubleEscape:
        state = .double
        if isLineEnd { continue }
        if ![UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "`"), UInt8(ascii: "$")]
          .contains(byte)
        {
          value.append(UInt8(ascii: "\\"))
        }
        value.append(byte)
      case .comment:
        if isLineEnd { state = .beforeKey }
      }
    }
    if state != .beforeKey && state != .key && state != .comment { finish() }
    return variables
  }
}
