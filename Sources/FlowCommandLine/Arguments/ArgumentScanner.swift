import FlowText

/// A command line that was checked against the command's syntax: every option is known, unique
/// unless repeatable, and has a valid value, and the number of arguments is valid.
package struct ScannedArguments: Sendable {
  /// Positional arguments, in order.
  package fileprivate(set) var positional: [String] = []
  /// By option name, in the order of the line. A flag has the empty text.
  fileprivate var values: [String: [String]] = [:]

  package func has(_ option: Option) -> Bool { values[option.name] != nil }

  package func text(_ option: Option) -> String? { values[option.name]?.first }

  /// All values of an option that may be repeated, in the order of the line.
  package func texts(_ option: Option) -> [String] { values[option.name] ?? [] }

  /// The value of an option whose syntax is an integer.
  package func integer(_ option: Option) -> Int? {
    text(option).map { value in
      guard let number = Int(value) else {
        preconditionFailure("option \(option.name) is no integer by its own syntax")
      }
      return number
    }
  }

  /// The argument at a position; nil if omitted.
  package func argument(_ position: Int) -> String? {
    positional.indices.contains(position) ? positional[position] : nil
  }
}

/// Reads command lines in the manner of GNU getopt_long: `--jobs 4`, `--jobs=4`, `-j4`, `-j 4`,
/// flags bundled as `-qj4`, options and arguments in any order, and `--` to end the options. Unlike
/// it, long names are not abbreviated, so that a new option never changes what an old line means.
package struct ArgumentScanner {
  package enum Result: Sendable {
    case arguments(ScannedArguments)
    /// `--help` was given, with no error before it.
    case helpRequested
  }

  private let syntax: CommandSyntax
  private var rest: ArraySlice<String>
  private var scanned = ScannedArguments()

  /// - Parameter line: the command line after the command's name.
  package static func scan(
    _ line: ArraySlice<String>, as syntax: CommandSyntax
  ) throws(UsageError) -> Result {
    var scanner = ArgumentScanner(syntax: syntax, rest: line)
    return try scanner.scan()
  }

  private init(syntax: CommandSyntax, rest: ArraySlice<String>) {
    self.syntax = syntax
    self.rest = rest
  }

  private mutating func scan() throws(UsageError) -> Result {
    while let word = rest.popFirst() {
      if word == "--" {
        scanned.positional += rest
        break
      } else if isLong(word) {
        try scanLong(word)
      } else if word.utf8.first == UInt8(ascii: "-") && word != "-" {
        try scanShort(word)
      } else {
        scanned.positional.append(word)
      }
      if scanned.has(.help) { return .helpRequested }
    }
    try checkArguments()
    return .arguments(scanned)
  }

  private mutating func scanLong(_ word: String) throws(UsageError) {
    // By scalars: a mark at the start of a value would be one character with the sign before it.
    let parts = word.unicodeScalars.dropFirst(2).split(
      separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    guard let option = syntax.options.first(where: { $0.name == name }) else {
      let nearest = Suggestion.nearest(to: name, among: syntax.options.map(\.name))
      throw error(.unknownOption("--\(name)", suggestion: nearest.map { "--\($0)" }))
    }
    let attached = parts.count == 2 ? String(parts[1]) : nil
    if attached != nil && option.placeholder == nil {
      throw error(.unexpectedValue(option.spelling))
    }
    try take(option, attached: attached)
  }

  private mutating func scanShort(_ word: String) throws(UsageError) {
    var letters = word.unicodeScalars.dropFirst()
    while let letter = letters.popFirst() {
      guard let option = syntax.options.first(where: { $0.short == Character(letter) }) else {
        throw error(.unknownOption("-\(letter)", suggestion: nil))
      }
      if option.placeholder == nil {
        try take(option, attached: nil)
      } else {
        try take(option, attached: letters.isEmpty ? nil : String(letters))
        letters = letters[letters.endIndex...]
      }
    }
  }

  private func isLong(_ word: String) -> Bool { word.utf8.starts(with: "--".utf8) }

  private mutating func take(_ option: Option, attached: String?) throws(UsageError) {
    if scanned.has(option) && !option.isRepeatable {
      throw error(.repeatedOption(option.spelling))
    }
    let value = try option.placeholder == nil ? "" : value(of: option, attached)
    scanned.values[option.name, default: []].append(value)
  }

  private mutating func value(of option: Option, _ attached: String?) throws(UsageError) -> String {
    let value: String
    if let attached {
      value = attached
    } else if let next = rest.first, !isLong(next) {
      // A word with two dashes is probably not meant as a value; `--name=--value` forces it.
      value = rest.removeFirst()
    } else {
      throw error(.missingValue(option.spelling, placeholder: option.placeholder ?? ""))
    }
    try checkText(value, of: option.spelling, namedBy: option.placeholder ?? "")
    if let expected = option.expectation(unmetBy: value) {
      throw error(.invalidValue(option.spelling, value: value, expected: expected))
    }
    return value
  }

  /// The placeholders that stand for paths and values, and for ids of items, which are values: bytes. `WORD` is
  /// what is typed so far.
  private static let bytes: Set<String> = [
    "FILE", "FOLDER", "PATH", "RUN_OR_PATH", "WORD", "NAME=VALUE", "STEP", "STEPS",
  ]

  private func checkText(
    _ value: String, of what: String, namedBy placeholder: String
  ) throws(UsageError) {
    if Self.bytes.contains(placeholder) { return }
    if value.unicodeScalars.contains(where: { RawText.byte(of: $0) != nil }) {
      throw error(.notText(what, value: value))
    }
  }

  private func checkArguments() throws(UsageError) {
    for (position, value) in scanned.positional.enumerated() {
      guard position < syntax.arguments.count || syntax.arguments.last?.count.isUnlimited == true
      else { break }
      let argument = syntax.arguments[min(position, syntax.arguments.count - 1)]
      try checkText(value, of: argument.name, namedBy: argument.name)
    }
    for (position, argument) in syntax.arguments.enumerated() {
      switch argument.count {
      case .one, .many:
        if scanned.argument(position) == nil { throw error(.missingArgument(argument.name)) }
      case .optional, .any: break
      }
      if argument.count.isUnlimited { return }
    }
    if let superfluous = scanned.argument(syntax.arguments.count) {
      throw error(.superfluousArgument(superfluous))
    }
  }

  private func error(_ reason: UsageError.Reason) -> UsageError {
    UsageError(program: syntax.program, command: syntax.name, reason)
  }
}
