package import FlowCommandLine
import FlowCore
import FlowDefinition
import FlowRuntime
import FlowStorage
import FlowSystem
import FlowText

/// `flow __complete -- WORD...`, which the scripts of `flow completions` ask: prints `files`, or `words`
/// and on a line each a word and what it means, with a tab between.
///
/// It says nothing where something is wrong: the command that is typed will.
package struct CompleteCommand: Subcommand, Equatable {
  private let words: [String]
  /// More are no help.
  private static let mostCandidates = 1_000

  package static let syntax = CommandSyntax(
    name: "__complete", purpose: "complete a command line, for the scripts of flow completions",
    arguments: [Argument("WORD", .any, "the words after flow, up to the one to complete")],
    exitCodes: [.success])

  package init(_ arguments: ScannedArguments) {
    words = arguments.positional
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    let candidates: [CompletionRequest.Candidate]
    switch CompletionRequest(words, Invocation.commands.map { $0.syntax }) {
    case .files:
      context.output.write("files\n")
      return .success
    case .words(let known): candidates = known
    case .runs(let prefix, let typed):
      candidates = Self.matching(typed, prefix, Self.runs(context).map { ($0, "") })
    case .steps(let source, let prefix, let typed):
      candidates = Self.matching(typed, prefix, Self.steps(of: source, context))
    case .parameters(let file, let prefix, let typed):
      candidates = Self.matching(typed, prefix, Self.parameters(of: file, typed, context))
    }
    context.output.write("words\n")
    for candidate in candidates.prefix(Self.mostCandidates) {
      // A word with a control character cannot be typed.
      guard TerminalText.escaped(candidate.text) == candidate.text else { continue }
      context.output.write(
        "\(candidate.text)\t\(TerminalText.escaped(candidate.meaning))\n")
    }
    return .success
  }

  private static func matching(
    _ typed: String, _ prefix: String, _ all: [(text: String, meaning: String)]
  ) -> [CompletionRequest.Candidate] {
    all.filter { $0.text.utf8.starts(with: typed.utf8) }
      .map { CompletionRequest.Candidate(prefix + $0.text, $0.meaning) }
  }

  private static func runs(_ context: CommandContext) -> [String] {
    guard let home = try? context.home(), let ids = try? home.list() else { return [] }
    return ids.isEmpty ? [] : ["latest"] + ids
  }

  private static func steps(
    of source: CompletionRequest.Source, _ context: CommandContext
  ) -> [(text: String, meaning: String)] {
    let definition: WorkflowDefinition
    switch source {
    case .file(let path):
      guard let file = Self.definition(path, context) else { return [] }
      definition = file
    case .run(let name):
      guard
        let run = try? OpenedRun(
          named: name, into: RunHistory(keeping: .lastAttempts), context),
        let state = run.history.state
      else { return [] }
      definition = state.definition
    }
    // What holds bytes that cannot be typed is named as it is displayed.
    let steps = definition.livingSteps.map { index in
      (
        TerminalText.escaped(definition.steps[index].id),
        definition.extras(ofStep: index).description ?? ""
      )
    }
    let items = definition.hasChildren ? [] : definition.knownItemIDs.sorted()
    return steps + items.map { (TerminalText.escaped($0), "") }
  }

  private static func parameters(
    of path: String, _ typed: String, _ context: CommandContext
  ) -> [(text: String, meaning: String)] {
    guard let definition = definition(path, context) else { return [] }
    let parameters = definition.parameters.filter { !$0.isGivenByCall }
    let name = String(typed.unicodeScalars.prefix { $0 != "=" })
    guard name.utf8.count < typed.utf8.count else {
      return parameters.map { ("\($0.name)=", $0.help ?? "\($0.type)") }
    }
    guard let parameter = parameters.first(where: { $0.name == name }) else {
      return []
    }
    return parameter.knownValues.map { ("\(name)=\($0)", "") }
  }

  /// Of a file only: a pipe could be read just once, and may never end.
  private static func definition(_ path: String, _ context: CommandContext) -> WorkflowDefinition? {
    guard path != "-", FileReading.isFile(path) else { return nil }
    return try? context.definition(path).definition
  }
}

extension Parameter {
  /// The values that can be proposed.
  fileprivate var knownValues: [String] {
    if !choices.isEmpty { return choices }
    switch type {
    case .bool: return ["true", "false"]
    case .date: return ["today", "yesterday"]
    default: return standard.map { $0.count == 1 ? $0 : [] } ?? []
    }
  }
}
