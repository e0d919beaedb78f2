// FlowCommandLine is what the programs flow, flowsim and flowtorture share: command lines and help,
// definition files and the folder of runs, JSON, times, exit codes, the version.
//
// It may import everything but FlowLog, FlowRuntime, FlowSimulation and the programs' own modules.
//
// Invariant: a command's syntax is declared once; parsing, error messages and help follow from it.
// Invariant: exit codes have their numbers here only (`ExitCode`).

/// The syntax of a command, declared once: parsing, error messages and help are derived from it.
package struct CommandSyntax: Sendable {
  /// The program that the command belongs to.
  package let program: String
  /// Nil if the program has only one command, without a name.
  package let name: String?
  /// One line, without a full stop.
  package let purpose: String
  /// Further explanation; paragraphs of at most 78 columns.
  package let details: String
  package let arguments: [Argument]
  package let options: [Option]
  package let examples: [Example]
  package let exitCodes: [ExitCode]
  /// The meaning of an exit code of this program.
  package let exitMeaning: @Sendable (ExitCode) -> String

  package init(
    program: String = "flow", name: String?, purpose: String, details: String = "",
    arguments: [Argument] = [],
    options: [Option] = [], examples: [Example] = [], exitCodes: [ExitCode],
    exitMeaning: @escaping @Sendable (ExitCode) -> String = \.meaning
  ) {
    self.program = program
    self.name = name
    self.purpose = purpose
    self.details = details
    self.arguments = arguments
    self.options = options + [.help]
    self.examples = examples
    self.exitCodes = exitCodes
    self.exitMeaning = exitMeaning
  }

  /// The words that invoke it.
  package var invocation: String { name.map { "\(program) \($0)" } ?? program }

  package struct Example: Sendable {
    package let line: String
    package let meaning: String

    package init(_ line: String, _ meaning: String) {
      self.line = line
      self.meaning = meaning
    }
  }
}

/// A positional argument.
package struct Argument: Sendable {
  package enum Count: Sendable {
    case one
    case optional
    /// One or more; only allowed for the last argument of a command.
    case many
    /// Zero or more; likewise.
    case any

    var isUnlimited: Bool { self == .many || self == .any }
  }

  /// In capitals, as the usage line shows it.
  package let name: String
  package let count: Count
  /// All values that it takes, if these are words.
  package let words: [String]
  package let help: String

  package init(_ name: String, _ count: Count, words: [String] = [], _ help: String) {
    self.name = name
    self.count = count
    self.words = words
    self.help = help
  }

  /// As the usage line shows it.
  package var usage: String {
    switch count {
    case .one: name
    case .optional: "[\(name)]"
    case .many: "\(name)..."
    case .any: "[\(name)...]"
    }
  }
}

/// A named option, such as `--jobs N`.
package struct Option: Sendable {
  package enum Value: Sendable {
    /// No value.
    case flag
    case text(placeholder: String)
    case integer(placeholder: String, ClosedRange<Int>)
  }

  /// Without the dashes.
  package let name: String
  /// The short spelling, one ASCII letter.
  package let short: Character?
  package let value: Value
  /// Whether it may be given more than once.
  package let isRepeatable: Bool
  /// All values that it takes, if these are words.
  package let words: [String]
  package let help: String

  package init(
    _ name: String, short: Character? = nil, takes value: Value = .flag,
    words: [String] = [], isRepeatable: Bool = false, _ help: String
  ) {
    self.name = name
    self.short = short
    self.value = value
    self.words = words
    self.isRepeatable = isRepeatable
    self.help = help
  }

  package static let help = Option("help", short: "h", "show this help and exit")
  package static let version = Option("version", "show the version and exit")
  package static let json = Option("json", "print JSON")

  package var spelling: String { "--\(name)" }

  /// Nil for a flag.
  package var placeholder: String? {
    switch value {
    case .flag: nil
    case .text(let placeholder), .integer(let placeholder, _): placeholder
    }
  }

  /// The expected form, if `value` is not valid for this option; nil if it is.
  func expectation(unmetBy value: String) -> String? {
    switch self.value {
    case .flag: nil
    case .text: value.isEmpty ? "a non-empty text" : nil
    case .integer(_, let range):
      Int(value).map(range.contains) ?? false
        ? nil : "a whole number from \(range.lowerBound) to \(range.upperBound)"
    }
  }
}
