import FlowCommandLine
import FlowRuntime

/// What an engine tells the processes of a step with `inputs` or `cache`.
struct CachedStepOptions: Equatable, Sendable {
  /// Where the first of them writes what it has found, for the engine and the other.
  let note: String
  /// The file of results; nil for a step that is not cached.
  let results: String?
  /// The workflow and the step.
  let step: String
  let inputs: [String]
  let files: [String]
  /// The variables that are declared, if others may be there; nil if all are.
  let variables: [String]?
  /// Variables whose values are in no key.
  let secrets: [String]
  let ignoresResults: Bool
  /// Whether the command is a file of this attempt alone, so that its content counts.
  let isScript: Bool

  private static let note = Option(
    CachedCommand.note, takes: .text(placeholder: "FILE"), "where to write what was found")
  private static let results = Option(
    CachedCommand.results, takes: .text(placeholder: "FILE"), "where results are")
  private static let step = Option(
    CachedCommand.step, takes: .text(placeholder: "NAME"), "the workflow and the step")
  private static let input = Option(
    CachedCommand.input, takes: .text(placeholder: "PATH"), isRepeatable: true,
    "what the step declares in `inputs`")
  private static let file = Option(
    CachedCommand.file, takes: .text(placeholder: "PATH"), isRepeatable: true,
    "what the step declares in `files`")
  private static let variable = Option(
    CachedCommand.variable, takes: .text(placeholder: "NAME"), isRepeatable: true,
    "a variable that is declared")
  private static let allVariables = Option(
    CachedCommand.allVariables, "all variables are declared")
  private static let secret = Option(
    CachedCommand.secret, takes: .text(placeholder: "NAME"), isRepeatable: true,
    "a secret of the step")
  private static let ignore = Option(
    CachedCommand.ignoreResults, "run the command whatever results there are")
  private static let script = Option(
    CachedCommand.script, "the command is a file of this attempt")

  static let all = [
    note, results, step, input, file, variable, allVariables, secret, ignore, script,
  ]

  init(_ arguments: ScannedArguments, _ command: String?) throws(UsageError) {
    guard let note = arguments.text(Self.note) else {
      throw UsageError(command: command, .missingArgument(Self.note.spelling))
    }
    self.note = note
    results = arguments.text(Self.results)
    step = arguments.text(Self.step) ?? ""
    inputs = arguments.texts(Self.input)
    files = arguments.texts(Self.file)
    variables = arguments.has(Self.allVariables) ? nil : arguments.texts(Self.variable)
    secrets = arguments.texts(Self.secret)
    ignoresResults = arguments.has(Self.ignore)
    isScript = arguments.has(Self.script)
  }

  /// Nil unless the process that publishes is to keep a result.
  init?(ofPublication arguments: ScannedArguments) throws(UsageError) {
    if arguments.text(Self.results) == nil { return nil }
    try self.init(arguments, nil)
  }
}
