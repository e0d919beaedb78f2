package import FlowCommandLine
package import FlowDefinition
package import FlowRuntime
package import FlowStorage
package import FlowSystem
import FlowText

/// Why a command failed.
package indirect enum CommandError: Error {
  case usage(UsageError)
  case definition(DefinitionFileError)
  /// Several at once; the first one counts.
  case several([CommandError])
  /// What a run was told does not fit its workflow.
  case parameters(ParameterErrors)
  /// A file that the user named.
  case file(String, Errno)
  /// A file that the user wants written.
  case output(String, Errno)
  case run(RunError)
  /// The system refused what the process needs.
  case system(String, Errno)
  /// A program that flow uses has failed.
  case tool(String)
  /// This process cannot drive runs here.
  case host(HostError)
  case noHome
  case noSuchStep(String, runID: String, suggestion: String?)
  /// A step with `forEach` has no such item.
  case noSuchItem(String, runID: String, step: String, known: [String])
  /// The id of an item for which several steps run.
  case itemOfChain(String, steps: [String])
  case noSuchAttempt(Int, step: String)
  case noSuchOutput(String, step: String, declared: [String])
  /// The history has no such point; the text says what it has.
  case noSuchPoint(String)
  /// An answer is none to what a step asks; the text says why.
  case answerRefused(String)
  /// Steps of a definition cannot be proven in a copy of its folder; each text names one.
  case cannotProve(String, [String])
  /// Another run of the group exists.
  case groupIsTaken(String, by: String?)
  /// The recorded decisions differ from those of the policy.
  case decisionsDiffer(runID: String, String)
}

extension CommandError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .usage(let error): error.description
    case .definition(let error): error.description(by: "flow")
    case .several(let errors): errors.map(\.description).joined(separator: "\n")
    case .parameters(let error):
      error.messages.map { "flow: \(TerminalText.escaped($0))" }.joined(separator: "\n")
    case .file(let path, let error): "flow: cannot read \(shown(path)): \(error)"
    case .output(let path, let error): "flow: cannot write \(shown(path)): \(error)"
    case .run(.variableFiles(let errors)): errors
    case .run(let error): "flow: \(TerminalText.escaped(error.description))"
    case .system(let what, let error): "flow: cannot \(TerminalText.escaped(what)): \(error)"
    case .tool(let what): "flow: \(TerminalText.escaped(what))"
    case .host(let error): "flow: \(TerminalText.escaped(error.description))"
    case .noHome:
      "flow: cannot locate the folder for runs: neither FLOW_HOME nor HOME names a folder; set"
        + " FLOW_HOME"
    case .noSuchStep(let step, let runID, let suggestion):
      "flow: run \(runID) has no step \(TerminalText.quoted(step))"
        + (suggestion.map { ": did you mean \(TerminalText.quoted($0))?" } ?? "")
    case .noSuchItem(let item, let runID, let step, let known):
      "flow: run \(runID) has no step \(TerminalText.quoted(item)): \(TerminalText.escaped(step)) has"
        + " \(known.isEmpty ? "no items yet" : ItemList.text(known))"
    case .itemOfChain(let item, let steps):
      "flow: \(TerminalText.quoted(item)) is an item: name one of its steps, \(ItemList.text(steps))"
    case .noSuchAttempt(let number, let step):
      "flow: no output of attempt \(number) of step \(step)"
    case .noSuchOutput(let name, let step, let declared):
      "flow: step \(step) has put out no \(TerminalText.quoted(name))"
        + (declared.isEmpty
          ? ": it declares no outputs" : "; it declares \(declared.joined(separator: ", "))")
    case .noSuchPoint(let what): "flow: \(TerminalText.escaped(what))"
    case .answerRefused(let why): "flow: not answered: \(TerminalText.escaped(why))"
    case .cannotProve(let file, let reasons):
      reasons.map { "flow: cannot prove \(shown(file)): \(TerminalText.escaped($0))" }
        .joined(separator: "\n")
    case .groupIsTaken(let group, let run):
      "flow: not started: "
        + (run.map { "run \($0) of group \(TerminalText.quoted(group)) is unfinished" }
          ?? "another run of group \(TerminalText.quoted(group)) is unfinished")
    case .decisionsDiffer(let runID, let what):
      "flow: decisions of run \(runID) differ from its policy: \(TerminalText.escaped(what))"
    }
  }

  private func shown(_ path: String) -> String { TerminalText.escaped(path) }

  /// The one place where errors become exit codes.
  package var exitCode: ExitCode {
    switch self {
    case .several(let errors): errors.first?.exitCode ?? .usage
    case .usage, .definition, .parameters, .file, .noSuchStep, .noSuchItem, .itemOfChain,
      .noSuchAttempt, .noSuchOutput,
      .noSuchPoint, .answerRefused, .cannotProve:
      .usage
    case .decisionsDiffer: .damaged
    case .groupIsTaken: .notStarted
    case .output, .system, .tool, .host, .noHome: .environment
    case .run(let error): error.exitCode
    }
  }
}

extension CommandError {
  /// As what keeps a history from being read to its end.
  var ofHistory: HistoryProblem {
    if case .run(let error) = self, error.isNewer { .newer } else { .unreadable }
  }
}

extension RunError {
  fileprivate var exitCode: ExitCode {
    if storageFailure != nil { return .environment }
    if isNewer { return .newer }
    switch self {
    case .storage, .recordIsUnreadable, .environmentIsUnreadable, .secrets, .untrusted, .notFolder,
      .runsElsewhere, .orphanedLauncher:
      return .environment
    case .runWasTaken: return .runUnfinished
    case .recordIsNewer: return .newer
    case .runExists: return .notStarted
    case .log, .event, .history, .decisionsDiffer, .historyIsMissing, .historyIsShort:
      return .damaged
    case .invalidRunID, .definitionTooLarge, .noSuchRun, .noRuns, .ambiguous,
      .runIsHeld, .nothingToRunAgain, .noSuchRound, .variableFiles, .notFinished, .isRunning:
      return .usage
    }
  }
}
