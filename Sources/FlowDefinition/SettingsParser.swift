import FlowCore

/// The keys of a step. `defaults` takes those from `env` on.
enum StepKey: String, CaseIterable {
  case id, run, needs
  case env, cwd, timeout, killGrace, retry, allowFailure, onLost, probe, stragglers, maxOutput

  static let stepTable = KeyTable(Self.self)
  static let defaultsTable = KeyTable(Self.self, of: Array(allCases.drop { $0 != .env }))
}

/// The words that a value is one of, and what they stand for.
private struct Choices<Value: Sendable>: Sendable {
  let list: [(word: String, value: Value)]
  /// Such as `"rerun", "fail" or "probe"`.
  let expected: String

  init(_ choices: KeyValuePairs<String, Value>) {
    list = choices.map { ($0.key, $0.value) }
    let words = list.map { "\"\($0.word)\"" }
    expected = words.dropLast().joined(separator: ", ") + " or " + words[words.count - 1]
  }
}

extension Choices<OnLost> {
  static let onLost = Choices(["rerun": .rerun, "fail": .fail, "probe": .probe])
}

extension Choices<StragglerPolicy> {
  static let stragglers = Choices(["kill": .kill, "keep": .keep])
}

extension Choices<Jitter> {
  static let jitter = Choices(["none": .none, "full": .full])
}

extension Choices<FailureKinds> {
  static let failureKinds = Choices([
    "exit": .exit, "signal": .signal, "timeout": .timeout, "launch": .launch,
  ])
}

enum RetryKey: String, CaseIterable {
  case maxAttempts, initialDelay, multiplier, maxDelay, jitter, on, exitCodes

  static let table = KeyTable(Self.self)
}

extension DefinitionReader {
  /// Takes the value of a key that governs attempts.
  mutating func readSetting(
    _ key: StepKey, into overlay: inout SettingsOverlay
  ) throws(SyntaxError) {
    switch key {
    case .id, .run, .needs: preconditionFailure("\(key.rawValue) belongs to a step by itself")
    case .env: overlay.environment = try readEnvironment()
    case .cwd: overlay.workingDirectory = try readNonEmptyText("the path of a folder")
    case .timeout: overlay.timeoutMilliseconds = try duration(allowingZero: false)
    case .killGrace: overlay.killGraceMilliseconds = try duration(allowingZero: true)
    case .retry: try readRetry(into: &overlay.retry)
    case .allowFailure: overlay.allowFailure = try boolean()
    case .onLost: overlay.onLost = try readChoice(Choices.onLost)
    case .probe: overlay.probe = try readCommand()
    case .stragglers: overlay.stragglers = try readChoice(Choices.stragglers)
    case .maxOutput: overlay.maxOutputBytes = try byteSize()
    }
  }

  private mutating func readRetry(into overlay: inout RetryOverlay) throws(SyntaxError) {
    guard try beginObject("an object such as {\"maxAttempts\": 3}") != nil else { return }
    var cursor = ObjectCursor("\"retry\"", RetryKey.table)
    while let key = try nextKey(&cursor) {
      switch key {
      case .maxAttempts:
        let number = try integer(1...1_000_000, "a whole number from 1 to 1000000")
        overlay.maxAttempts = number.map { Int32($0) }
      case .initialDelay: overlay.initialDelayMilliseconds = try duration(allowingZero: true)
      case .multiplier:
        overlay.multiplierThousandths = try thousandths(
          1_000...1_000_000, "a number from 1 to 1000 with at most three decimal places")
      case .maxDelay: overlay.maxDelayMilliseconds = try duration(allowingZero: true)
      case .jitter: overlay.jitter = try readChoice(Choices.jitter)
      case .on: overlay.on = try readFailureKinds()
      case .exitCodes: overlay.exitCodes = try readExitCodes()
      }
    }
  }

  private mutating func readFailureKinds() throws(SyntaxError) -> FailureKinds? {
    guard let start = try beginArray(#"an array such as ["exit", "timeout"]"#) else { return nil }
    var kinds: FailureKinds = []
    var first: [UInt8: Int] = [:]
    var cursor = ArrayCursor()
    while try nextElement(&cursor) {
      let offset = try nextOffset()
      guard let kind = try readChoice(Choices.failureKinds) else { continue }
      reportRepetition(of: kind.rawValue, at: offset, &first)
      kinds.insert(kind)
    }
    if cursor.index < 0 {
      reportMismatch(
        at: start, expected: "at least one kind of failure", found: "an empty array")
    }
    return kinds
  }

  private mutating func readExitCodes() throws(SyntaxError) -> [UInt8]? {
    let expected = "an exit code from 1 to 255"
    guard let start = try beginArray("an array of exit codes from 1 to 255") else { return nil }
    var codes: [UInt8] = []
    var first: [UInt8: Int] = [:]
    var cursor = ArrayCursor()
    while try nextElement(&cursor) {
      let offset = try nextOffset()
      guard let number = try integer(1...255, expected) else { continue }
      let code = UInt8(number)
      if reportRepetition(of: code, at: offset, &first) { codes.append(code) }
    }
    if cursor.index < 0 {
      reportMismatch(at: start, expected: "at least one exit code", found: "an empty array")
    }
    return codes.sorted()
  }

  /// Notes a member of a small set; false, and reported, if the array had it already.
  @discardableResult
  private mutating func reportRepetition(
    of member: UInt8, at offset: Int, _ first: inout [UInt8: Int]
  ) -> Bool {
    guard let earlier = first[member] else {
      first[member] = offset
      return true
    }
    report(at: offset, "repeated", RelatedPlace(relation: "first given at", offset: earlier))
    return false
  }

  // MARK: Values with a form of their own

  /// Takes one of several words.
  private mutating func readChoice<Value>(
    _ choices: Choices<Value>
  ) throws(SyntaxError) -> Value? {
    guard let token = try string(choices.expected) else { return nil }
    let text = text(of: token)
    if let choice = choices.list.first(where: { $0.word == text }) { return choice.value }
    reportMismatch(at: token.offset, expected: choices.expected, found: Quoting.quoted(text))
    return nil
  }

  /// Takes a string that is not empty.
  mutating func readNonEmptyText(_ expected: String) throws(SyntaxError) -> String? {
    guard let token = try string(expected) else { return nil }
    if !token.content.isEmpty { return text(of: token) }
    reportMismatch(at: token.offset, expected: expected, found: "an empty string")
    return nil
  }

  /// Takes what an attempt executes.
  mutating func readCommand() throws(SyntaxError) -> Command? {
    let expected = "a line for the shell, or an array of a program and its arguments"
    if try scanner.kind() == .string { return try readNonEmptyText(expected).map(Command.shell) }
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
    return .program(arguments)
  }

  /// Takes the variables of an environment, and orders them by name.
  mutating func readEnvironment() throws(SyntaxError) -> [EnvironmentVariable]? {
    let expected = "an object of variables such as {\"LANG\": \"C\"}"
    guard try beginObject(expected) != nil else { return nil }
    var found: [(variable: EnvironmentVariable, token: StringToken)] = []
    var isInside = false
    while let token = try nextName(isInside: &isInside) {
      guard let token else { continue }
      let name = text(of: token)
      if name.isEmpty || name.utf8.contains(UInt8(ascii: "=")) {
        let fault = name.isEmpty ? "is empty" : "contains \"=\""
        report(at: token.offset, "the name of an environment variable \(fault)")
      }
      let value = try text("a string (numbers too go in double quotes)") ?? ""
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
