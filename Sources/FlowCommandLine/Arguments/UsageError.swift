import FlowText

/// An invalid command line.
package struct UsageError: Error, Equatable, Sendable {
  package enum Reason: Equatable, Sendable {
    case noCommand
    case unknownCommand(String, suggestion: String?)
    /// As it was written, dashes included.
    case unknownOption(String, suggestion: String?)
    /// The option, and the placeholder of its value.
    case missingValue(String, placeholder: String)
    /// A flag was given a value.
    case unexpectedValue(String)
    case invalidValue(String, value: String, expected: String)
    /// A value of bytes that are not UTF-8, where it is no path.
    case notText(String, value: String)
    /// An option's value that is not a known name.
    case unknownValue(String, value: String, suggestion: String?)
    case repeatedOption(String)
    case missingArgument(String)
    case superfluousArgument(String)
    /// Two options, as they are spelled.
    case exclusiveOptions(String, String)
    /// An option names a step that there is not.
    case unknownStep(String, option: String, suggestion: String?)
    /// Two options that name the same step, and want the contrary.
    case contradictorySteps(String, String, String)
    /// A step that runs only with another.
    case rollbackNamed(String, option: String, step: String)
    case noticeNamed(String, option: String)
    /// What a step runs for is known only in a run.
    case itemNamed(String, option: String, step: String)
    /// A step has no such item, or no such step for one, but those that are known.
    case unknownItem(String, option: String, step: String, known: [String])
    /// The list of a step has an item no longer, but those that are known.
    case goneItem(String, option: String, step: String, known: [String])
    /// The selected steps are none.
    case noStepsLeft
    /// A selected step reads what a step puts out that is not selected.
    case unselectedOutput(String, of: String, reader: String)
  }

  package let program: String
  /// The command that was meant; nil where none is known.
  package let command: String?
  package let reason: Reason

  package init(program: String = "flow", command: String?, _ reason: Reason) {
    self.program = program
    self.command = command
    self.reason = reason
  }
}

extension UsageError: CustomStringConvertible {
  /// Two lines: the error, and where to find help.
  package var description: String {
    let speaker = command.map { "\(program) \($0)" } ?? program
    return "\(speaker): \(problem)\nTry \"\(speaker) --help\" for more."
  }

  private var problem: String {
    switch reason {
    case .noCommand: "no command given"
    case .unknownCommand(let name, let suggestion):
      "unknown command \(TerminalText.quoted(name))\(Self.hint(suggestion))"
    case .unknownOption(let option, let suggestion):
      "unknown option \(TerminalText.quoted(option))\(Self.hint(suggestion))"
    case .missingValue(let option, let placeholder):
      "option \(option) needs a value: \(placeholder)"
    case .unexpectedValue(let option): "option \(option) takes no value"
    case .invalidValue(let option, let value, let expected):
      "invalid value \(TerminalText.quoted(value)) for \(option): expected \(expected)"
    case .notText(let what, let value):
      "\(what) is not UTF-8: \(TerminalText.quoted(value)); only paths, values of parameters and ids of items may be of other bytes"
    case .unknownValue(let option, let value, let suggestion):
      "unknown value \(TerminalText.quoted(value)) for \(option)\(Self.hint(suggestion))"
    case .repeatedOption(let option): "option \(option) given more than once"
    case .missingArgument(let name): "missing argument \(name)"
    case .superfluousArgument(let value):
      "unexpected argument \(TerminalText.quoted(value))"
    case .exclusiveOptions(let one, let other): "options \(one) and \(other) cannot be combined"
    case .unknownStep(let step, let option, let suggestion):
      "no step \(TerminalText.quoted(step)), which \(option) names\(Self.hint(suggestion))"
    case .contradictorySteps(let step, let one, let other):
      "both \(one) and \(other) name step \(TerminalText.quoted(step))"
    case .rollbackNamed(let name, let option, let step):
      "\(option) names \(TerminalText.quoted(name)), which runs only with its step: name"
        + " \(TerminalText.quoted(step))"
    case .noticeNamed(let name, let option):
      "\(option) names \(TerminalText.quoted(name)), which runs at the end of each round, whatever ran"
    case .itemNamed(let name, let option, let step):
      "\(option) names \(TerminalText.quoted(name)), and what step \(TerminalText.quoted(step)) runs for is known"
        + " only when it has begun: name the step, or its items with --only or --skip of flow run, or later"
        + " with flow restart"
    case .unknownItem(let name, let option, let step, let known):
      "step \(TerminalText.quoted(step)) has no item \(TerminalText.quoted(name)), which \(option)"
        + " names\(Self.hint(name, known))"
    case .goneItem(let name, let option, let step, let known):
      "\(option) names \(TerminalText.quoted(name)), which is no longer in the list of step"
        + " \(TerminalText.quoted(step)): it has \(ItemList.text(known))"
    case .unselectedOutput(let name, let step, let reader):
      "step \(reader) reads the output \(name) of step \(step), which these options leave out:"
        + " select \(step), too"
    case .noStepsLeft: "no step is selected: these options leave none"
    }
  }

  /// - Parameter known: the ids that there are.
  private static func hint(_ name: String, _ known: [String]) -> String {
    let nearest = Suggestion.nearest(to: name, among: known).map { TerminalText.escaped($0) }
    return nearest == nil ? ": it has \(ItemList.text(known))" : hint(nearest)
  }

  private static func hint(_ suggestion: String?) -> String {
    suggestion.map { ": did you mean \"\($0)\"?" } ?? ""
  }
}
