import FlowCore

// Values as the tables of keys describe them.

extension DefinitionReader {
  /// Takes the value of a key; nil, and reported, if it is none of the key's type.
  mutating func readValue<Owner>(
    of key: DefinitionKey<Owner>
  ) throws(SyntaxError) -> DefinitionValue? {
    switch key.type {
    case .structure, .object: preconditionFailure("the key \(key.name) has no value of its own")
    case .text(let expected): try readNonEmptyText(expected).map(DefinitionValue.text)
    case .flag: try boolean().map(DefinitionValue.flag)
    case .flagOrText(let expected): try readFlagOrText(expected)
    case .duration(let allowsZero):
      try duration(allowingZero: allowsZero).map(DefinitionValue.number)
    case .byteSize: try byteSize().map(DefinitionValue.number)
    case .wholeNumber(let range):
      try integer(range, "a whole number from \(range.lowerBound) to \(range.upperBound)")
        .map(DefinitionValue.number)
    case .decimal(let range):
      try thousandths(
        range,
        "a number from \(range.lowerBound / 1_000) to \(range.upperBound / 1_000) with at most"
          + " three decimal places"
      ).map(DefinitionValue.number)
    case .word(let words): try readWord(of: words).map { .number(Int64($0)) }
    case .words(let words): try readWords(of: words).map { .number(Int64($0)) }
    case .exitCodes: try readExitCodes().map(DefinitionValue.bytes)
    case .command: try readCommand().map(DefinitionValue.command)
    case .shell: try readShell().map(DefinitionValue.command)
    case .environment: try readEnvironment().map(DefinitionValue.environment)
    case .variableNames: try readVariableNames().map(DefinitionValue.names)
    case .paths: try readPaths().map(DefinitionValue.names)
    case .variableFiles: try readVariableFiles().map(DefinitionValue.files)
    case .secrets: try readSecretUses().map(DefinitionValue.secrets)
    case .outputs: try readOutputs().map(DefinitionValue.outputs)
    }
  }

  private mutating func readFlagOrText(
    _ expected: String
  ) throws(SyntaxError) -> DefinitionValue? {
    guard try isBoolean() else {
      let start = try nextOffset()
      guard let text = try readNonEmptyText(expected) else { return nil }
      guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }),
        text.utf8.count <= 200
      else {
        reportMismatch(
          at: start, expected: expected, found: "one that is too long, or has control characters")
        return nil
      }
      return .text(text)
    }
    return try boolean().map { $0 ? .flag(true) : .none }
  }

  /// Takes one of several words.
  ///
  /// - Parameter hints: what to do instead of giving other words.
  /// - Returns: its index.
  mutating func readWord(
    of words: [String], hints: [String: String] = [:]
  ) throws(SyntaxError) -> Int? {
    let quoted = words.map { "\"\($0)\"" }
    let expected = quoted.dropLast().joined(separator: ", ") + " or " + quoted[quoted.count - 1]
    guard let token = try string(expected) else { return nil }
    let text = text(of: token)
    if let index = words.firstIndex(where: { $0.utf8.elementsEqual(text.utf8) }) { return index }
    let hint = hints[text].map { ": \($0)" } ?? ""
    reportMismatch(at: token.offset, expected: expected, found: Quoting.quoted(text) + hint)
    return nil
  }

  /// Takes an array of some of several words, at least one; or one word alone.
  /// - Returns: a number whose bit i says whether word i is in it.
  private mutating func readWords(of words: [String]) throws(SyntaxError) -> UInt64? {
    if try kind(wanted: .string) == .string {
      return try readWord(of: words).map { 1 << UInt64($0) }
    }
    let example = [words[0], words[words.count / 2]].map { "\"\($0)\"" }.joined(separator: ", ")
    guard let start = try beginArray("an array such as [\(example)]") else { return nil }
    var set: UInt64 = 0
    var first: [Int: Int] = [:]
    var cursor = ArrayCursor()
    while try nextElement(&cursor) {
      let offset = try nextOffset()
      guard let index = try readWord(of: words) else { continue }
      reportRepetition(of: index, at: offset, &first)
      set |= 1 << UInt64(index)
    }
    if cursor.index < 0 {
      reportMismatch(
        at: start, expected: "at least one kind of failure", found: "an empty array")
    }
    return set
  }

  private mutating func readExitCodes() throws(SyntaxError) -> [UInt8]? {
    let expected = "an exit code from 1 to 255"
    if try kind(wanted: .number) == .number {
      return try integer(1...255, expected).map { [UInt8($0)] }
    }
    guard let start = try beginArray("an array of exit codes from 1 to 255") else { return nil }
    var codes: [UInt8] = []
    var first: [Int: Int] = [:]
    var cursor = ArrayCursor()
    while try nextElement(&cursor) {
      let offset = try nextOffset()
      guard let number = try integer(1...255, expected) else { continue }
      let code = UInt8(number)
      if reportRepetition(of: Int(code), at: offset, &first) { codes.append(code) }
    }
    if cursor.index < 0 {
      reportMismatch(at: start, expected: "at least one exit code", found: "an empty array")
    }
    return codes.sorted()
  }

  /// Notes a member of a small set; false, and reported, if the array had it already.
  @discardableResult
  mutating func reportRepetition(
    of member: Int, at offset: Int, _ first: inout [Int: Int]
  ) -> Bool {
    guard let earlier = first[member] else {
      first[member] = offset
      return true
    }
    report(at: offset, "repeated", RelatedPlace(relation: "first given at", offset: earlier))
    return false
  }

  /// Takes a string that is not empty.
  mutating func readNonEmptyText(_ expected: String) throws(SyntaxError) -> String? {
    guard let token = try string(expected) else { return nil }
    if !token.content.isEmpty { return text(of: token) }
    reportMismatch(at: token.offset, expected: expected, found: "an empty string")
    return nil
  }

  /// Takes the command of an attempt.
  mutating func readCommand() throws(SyntaxError) -> Command? {
    let expected = "a line for the shell, or an array of a program and its arguments"
    if try kind(wanted: .string) == .string {
      let offset = try nextOffset()
      guard let line = try readNonEmptyText(expected) else { return nil }
      if let script = Command.shell(line).script {
        checkInterpreter(of: script, at: offset)
      } else {
        reportIfLong(line.utf8.count, "the line", at: offset)
      }
      refuseTemplates(in: line, at: offset)
      return .shell(line)
    }
    guard let start = try beginArray(expected) else { return nil }
    var arguments: [String] = []
    var total = 0
    var cursor = ArrayCursor()
    while try nextElement(&cursor) {
      let offset = try nextOffset()
      let argument =
        cursor.index == 0
        ? try readNonEmptyText("the name or path of a program") : try text("a string")
      guard let argument else { continue }
      reportIfLong(argument.utf8.count, "the argument", at: offset)
      noteTemplate(argument, at: offset, isElement: true)
      total += argument.utf8.count + ExecutionLimit.bytesBesides
      arguments.append(argument)
    }
    if total > ExecutionLimit.together {
      report(
        at: start,
        "the arguments take \(total) bytes, and Linux executes nothing with more than"
          + " \(ExecutionLimit.together) (6 MiB): put them into a file")
    }
    if cursor.index < 0 { reportMismatch(at: start, expected: expected, found: "an empty array") }
    return .program(arguments)
  }

  /// Takes the shell of a step, as it is spelled.
  private mutating func readShell() throws(SyntaxError) -> Command? {
    let expected = #""sh", "bash", or an array such as ["python3", "-c"]"#
    if try kind(wanted: .string) == .string {
      let offset = try nextOffset()
      guard let word = try readNonEmptyText(expected) else { return nil }
      if Shell.words.contains(word) { return .shell(word) }
      reportMismatch(at: offset, expected: expected, found: Quoting.quoted(word))
      return nil
    }
    guard let start = try beginArray(expected) else { return nil }
    var arguments: [String] = []
    var cursor = ArrayCursor()
    while try nextElement(&cursor) {
      let argument =
        cursor.index == 0
        ? try readNonEmptyText("the name or path of a program") : try text("a string")
      if let argument { arguments.append(argument) }
    }
    if cursor.index < 0 { reportMismatch(at: start, expected: expected, found: "an empty array") }
    return arguments.isEmpty ? nil : .program(arguments)
  }

  /// Reports a script whose first line names no interpreter.
  private mutating func checkInterpreter(of script: String, at offset: Int) {
    let line = script.utf8.dropFirst(2).prefix { $0 != UInt8(ascii: "\n") }
    if line.contains(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }) { return }
    report(
      at: offset, "\"#!\" begins a script and names no interpreter, as \"#!/usr/bin/python3\" does")
  }

  /// Reports a string that no Linux passes to a program.
  private mutating func reportIfLong(_ byteCount: Int, _ what: String, at offset: Int) {
    guard byteCount >= ExecutionLimit.oneString else { return }
    report(at: offset, ExecutionLimit.message(what, byteCount))
  }

  /// Takes the variables of an environment, and orders them by name.
  mutating func readEnvironment() throws(SyntaxError) -> [EnvironmentVariable]? {
    let expected = "an object of variables such as {\"LANG\": \"C\"}"
    guard try beginObject(expected) != nil else { return nil }
    var found: [(variable: EnvironmentVariable, token: TextToken)] = []
    var isInside = false
    while let token = try nextName(isInside: &isInside) {
      guard let token else { continue }
      let name = text(of: token)
      if name.isEmpty || name.utf8.contains(UInt8(ascii: "=")) {
        let fault = name.isEmpty ? "is empty" : "contains \"=\""
        report(at: token.offset, "the name of an environment variable \(fault)")
      }
      noteVariable(name, at: token.offset)
      let offset = try nextOffset()
      let value = try text(Source.stringOrNumber) ?? ""
      reportIfLong(name.utf8.count + 1 + value.utf8.count, "the variable", at: offset)
      noteTemplate(value, at: offset)
      found.append((EnvironmentVariable(name: name, value: value), token))
    }
    found.sort { SettingsOverlay.precedes($0.variable.name, $1.variable.name) }
    var first = 0
    for index in found.indices.dropFirst() {
      if SettingsOverlay.precedes(found[first].variable.name, found[index].variable.name) {
        first = index
      } else {
        let earlier = RelatedPlace(relation: "first given at", offset: found[first].token.offset)
        path.append(.key(found[index].token))
        report(at: found[index].token.offset, "duplicate variable", earlier)
        path.removeLast()
      }
    }
    return found.map(\.variable)
  }
}

/// What no Linux executes (execve(2), "Limits on size of arguments and environment"), whatever the
/// limits of a process are.
enum ExecutionLimit {
  /// The length of an argument, or of a variable with its name, from which on it is refused: with
  /// the zero at its end it may have 32 pages.
  static let oneString = 131_072
  /// All arguments and variables, with `bytesBesides` each.
  static let together = 6 << 20
  /// The zero at the end of a string, and the pointer to it.
  static let bytesBesides = 9

  static func message(_ what: String, _ byteCount: Int) -> String {
    "\(what) has \(byteCount) bytes, and Linux executes nothing with one of \(oneString) (128 KiB) or"
      + " more: put it into a file"
  }
}
