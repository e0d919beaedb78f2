import FlowCommandLine
import FlowCore
import FlowDefinition
import FlowRuntime
import FlowSimulation
import FlowStorage
import FlowSystem
import FlowText

/// The source of the model: how the commands of a workflow behave.
enum ModelSource {
  case file(String)
  /// - Parameter home: the folder with the runs.
  case history(runs: Int, attempts: Int, unseenSteps: Int, unreadableRuns: Int, home: String)
  case guess

  /// One line, without its end.
  var description: String {
    switch self {
    case .file(let path): return "behaviour: from \(TerminalText.escaped(path))"
    case .history(let runs, let attempts, let unseen, let unreadable, let home):
      var text =
        "behaviour: learned from \(Plural.of(runs, "run")) with \(Plural.of(attempts, "attempt"))"
      text += " in \(TerminalText.escaped(home))"
      if unseen > 0 {
        text +=
          "; \(Plural.of(unseen, "step")) that never ran there behave\(unseen == 1 ? "s" : "")"
        text += " as the average of the others"
      }
      if unreadable > 0 { text += "; \(Plural.of(unreadable, "run")) could not be read" }
      return text
    case .guess:
      return
        "behaviour: guessed, since there is no --model and no run to learn from: each step takes"
        + " 1s to 1m, fails in 5% and crashes in 1% of its attempts"
    }
  }

  /// - Parameter path: of a model file; nil to learn from earlier runs, or to guess.
  static func find(
    _ definition: WorkflowDefinition, path: String?
  ) throws(WorkflowProblem) -> (ModelSource, WorkflowModel) {
    if let path { return (.file(path), try read(path, for: definition)) }
    if let found = try learn(definition) { return found }
    let guess = WorkflowModel.Command(
      microseconds: 1_000_000...60_000_000, failing: 5_000, crashing: 1_000)
    let steps = definition.steps.count
    return (
      .guess,
      WorkflowModel(
        commands: Array(repeating: guess, count: steps),
        probes: Array(repeating: .init(), count: steps))
    )
  }

  /// Enough for a million steps.
  private static let limitMebibytes = 256

  private static func read(
    _ path: String, for definition: WorkflowDefinition
  ) throws(WorkflowProblem) -> WorkflowModel {
    let bytes: [UInt8]
    do throws(Errno) {
      bytes = try FileReading.bytes(of: path, limit: limitMebibytes << 20)
    } catch {
      throw .modelUnreadable(path, error)
    }
    do throws(DefinitionErrors) {
      return WorkflowModel(try ModelParser.parse(bytes, file: path, for: definition))
    } catch {
      throw .modelInvalid(error)
    }
  }

  private static func learn(
    _ definition: WorkflowDefinition
  ) throws(WorkflowProblem) -> (ModelSource, WorkflowModel)? {
    let path: String
    do throws(HomeFolder.Problem) { path = try HomeFolder.path() } catch {
      // Without a folder for runs there is none to learn from.
      return nil
    }
    let finding: HistoryLearner.Finding
    do throws(RunError) {
      finding = try HistoryLearner.learn(
        definition, from: RunHome(path, in: LinuxStorage()), bootID: try bootID())
    } catch {
      throw .home(error)
    }
    let learned = finding.learned
    if learned.attempts == 0 { return nil }
    let source = history(
      runs: learned.runs, attempts: learned.attempts, unseenSteps: learned.unseenSteps,
      unreadableRuns: finding.unreadableRuns, home: path)
    return (source, learned.model)
  }

  private static func bootID() throws(RunError) -> String {
    do throws(Errno) { return try ProcessFacts.bootID() } catch {
      throw .storage(StorageError(.read, "/proc/sys/kernel/random/boot_id", error))
    }
  }
}

/// Why a workflow cannot be simulated.
enum WorkflowProblem: Error {
  case definition(DefinitionFileError)
  case modelUnreadable(String, Errno)
  case modelInvalid(DefinitionErrors)
  /// It is not the only one, or conditions ask for values of its items.
  case forEach(step: String)
  /// The runs to learn from cannot be listed.
  case home(RunError)

  var description: String {
    switch self {
    case .definition(let error): error.description(by: "flowsim")
    case .modelUnreadable(let path, let error):
      "flowsim: cannot read \(TerminalText.escaped(path)): \(error)"
    case .modelInvalid(let errors): errors.description
    case .forEach(let id):
      "flowsim: step \(TerminalText.escaped(id)) has forEach: a study takes one such step, with conditions that"
        + " ask for no item.NAME; leave it out of a copy of the file"
    case .home(let error): "flowsim: \(TerminalText.escaped(error.description))"
    }
  }

  var exitCode: ExitCode {
    switch self {
    case .definition, .modelUnreadable, .modelInvalid, .forEach: .usage
    case .home: .environment
    }
  }
}

extension WorkflowModel {
  /// The content of a model file, in the simulator's units.
  init(_ model: BehaviourModel) {
    self.init(
      commands: model.steps.map { Command($0.command) },
      probes: model.steps.map { Command($0.probe) })
  }
}

extension WorkflowModel.Command {
  fileprivate init(_ model: CommandModel) {
    self.init(
      microseconds: model.shortestMilliseconds * 1_000...model.longestMilliseconds * 1_000,
      failing: Int(model.failing), exitCode: model.exitCode, crashing: Int(model.crashing),
      hanging: Int(model.hanging), unlaunchable: Int(model.unlaunchable))
  }
}
