package import FlowCore
package import FlowLog
package import FlowStorage

/// Why a run cannot be created, driven or read.
package enum RunError: Error, Equatable, Sendable {
  case storage(StorageError)
  case log(LogError)
  /// The bytes of an event cannot be decoded.
  case event(path: String, CodingError)
  /// The events can be decoded, but cannot follow each other.
  case history(path: String, HistoryError)
  /// The events can follow each other, but the policy decides differently.
  case decisionsDiffer(path: String, Redecision.Difference)
  /// Another user owns the folder, or can write to it.
  case untrusted(path: String)
  case notFolder(path: String)
  case invalidRunID(String)
  case runExists(String)
  /// The definition exceeds the history's limit.
  case definitionTooLarge(bytes: Int64)
  case noSuchRun(String, home: String)
  case noRuns(home: String)
  case ambiguous(String, matches: [String])
  /// A process already drives the run; its id, if it has written that.
  case runIsHeld(String, processID: Int32?)
  /// Another process removed, replaced or changed a file that this engine owns.
  case runWasTaken(path: String)
  /// An attempt still runs in another host context: another boot, mount or process namespace.
  case runsElsewhere(recordPath: String)
  /// An attempt record cannot be read, so it is unknown whether the attempt still runs, and whether
  /// its intent is in the history.
  case recordIsUnreadable(StorageError)
  /// A later version of flow wrote the attempt record.
  case recordIsNewer(path: String)
  /// An attempt was launched for an intent that the history lacks.
  case historyIsMissing(recordPath: String, intent: Int64, lastSequence: Int64)
  /// The history lacks events that its engine recorded as durable.
  case historyIsShort(path: String, durable: Int64, lastSequence: Int64)
  /// The run's environment was changed, or a later version wrote it.
  case environmentIsUnreadable(path: String)
  /// The files of variables that the definition names cannot be used; the text says what is wrong
  /// with each, safe for terminals, one error a line.
  case variableFiles(errors: String)
  /// Secrets that steps need cannot be had, or not used; the texts say which and why.
  case secrets([String])
  /// Another round was requested, but every step has succeeded.
  case nothingToRunAgain(String)
  /// Another round was requested, and the run has none of that kind; the text says why.
  case noSuchRound(String)
  /// Another round was requested of an unfinished run.
  case notFinished(String)
  /// A run cannot be removed while an engine drives it.
  case isRunning(String, processID: Int32?)
  /// The launcher of a dead engine still holds its lock, and cannot be killed.
  case orphanedLauncher(path: String)
}

extension RunError {
  /// The failed operation, if the cause is the storage and not the request.
  package var storageFailure: StorageError? {
    switch self {
    case .storage(let error), .recordIsUnreadable(let error): return error
    case .log(let error):
      switch error.reason {
      case .storage(let error), .writerFailed(let error): return error
      case .empty, .damaged, .newer: return nil
      }
    default: return nil
    }
  }
}

extension RunError {
  /// Whether nothing is wrong with the run but that a later version wrote it.
  package var isNewer: Bool {
    switch self {
    case .log(let error): error.reason == .newer
    case .event(_, let error): error.isNewer
    case .history(_, let error): error.isNewer
    case .recordIsNewer: true
    default: false
    }
  }
}

extension RunError: CustomStringConvertible {
  package var description: String {
    isNewer ? "\(what): upgrade to read it" : what
  }

  private var what: String {
    switch self {
    case .storage(let error): return error.description
    case .log(let error): return error.description
    case .event(let path, let error): return "\(path): \(error)"
    case .history(let path, let error): return "\(path): \(error)"
    case .decisionsDiffer(let path, let difference): return "\(path): \(difference)"
    case .untrusted(let path):
      return
        "\(path) belongs to another user, or other users can write to it; set FLOW_HOME to a folder"
        + " that only you can write to"
    case .notFolder(let path):
      return "\(path) is not a folder; remove it, or set FLOW_HOME to a folder"
    case .invalidRunID("latest"):
      return "\"latest\" is reserved for the most recent run; choose another run id"
    case .invalidRunID(let id):
      return
        "invalid run id \"\(Self.beginning(of: id))\": use 1 to 128 letters, digits, dots, underscores"
        + " and hyphens, beginning with a letter or digit"
    case .definitionTooLarge(let bytes):
      return
        "the definition takes \(bytes) bytes in the history, and the limit is"
        + " \(RunCreated.largestDefinition); shorten it, or split it into several workflows"
    case .runExists(let id): return "run \(id) already exists; choose another run id"
    case .noSuchRun(let id, let home): return "no run in \(home) matches \"\(id)\"; see flow list"
    case .noRuns(let home):
      return "there are no runs in \(home) yet; create one with: flow run FILE"
    case .ambiguous(let prefix, let matches):
      let shown = matches.prefix(5).joined(separator: ", ")
      let more = matches.count > 5 ? " and \(matches.count - 5) more" : ""
      return "\"\(prefix)\" matches several runs: \(shown)\(more); give more of the id"
    case .runIsHeld(let id, let processID):
      let engine = processID.map { "process \($0)" } ?? "another process"
      return "run \(id) is already driven by \(engine)"
    case .runWasTaken(let path):
      return
        "\(path) was removed, replaced or changed, so another process may drive the run; this process"
        + " has stopped: see flow status"
    case .runsElsewhere(let path):
      return
        "\(path) is locked by a monitor in another container, or on another mount of the same folder;"
        + " resume the run where it was started"
    case .recordIsNewer(let path): return "\(path): written by a newer flow"
    case .recordIsUnreadable(let error):
      return
        "\(error); only this attempt record tells how its attempt ended, and whether events are"
        + " missing. Restart the run once the file can be read; if it is gone for good, truncate it to"
        + " zero bytes; the attempt then counts as lost"
    case .historyIsMissing(let path, let intent, let last):
      return
        "\(path) was made for event \(intent), but the history ends with event \(last): events are"
        + " missing; see flow verify"
    case .historyIsShort(let path, let durable, let last):
      return
        "\(path) says that event \(durable) was durable, but the history ends with event \(last):"
        + " events are missing; see flow verify"
    case .environmentIsUnreadable(let path):
      return
        "\(path) is not what flow saved when the run was created; restore it from a backup, or"
        + " resume the run with the environment of the command: flow restart --env-from-caller"
    case .variableFiles(let errors): return errors
    case .secrets(let errors): return errors.joined(separator: "; ")
    case .nothingToRunAgain(let id):
      return "nothing to run again: every step of run \(id) has succeeded"
    case .noSuchRound(let why): return why
    case .notFinished(let id):
      return
        "run \(id) is not finished, and no engine drives it; resume it with: flow restart \(id), or end"
        + " it with: flow cancel \(id)"
    case .isRunning(let id, let processID):
      let engine = processID.map { " (engine: process \($0))" } ?? ""
      return "run \(id) is running\(engine); stop it with: flow cancel \(id)"
    case .orphanedLauncher(let path):
      return
        "\(path) is still locked by the launcher of a dead engine; find that process with fuser, and"
        + " end it"
    }
  }

  static func cannotReopen(
    _ id: String, _ problem: ReopenProblem, _ definition: WorkflowDefinition
  ) -> RunError {
    func name(_ step: Int32) -> String { definition.steps[Int(step)].id }
    func list(_ parts: [String]) -> String {
      let more = parts.count > 5 ? " and \(parts.count - 5) more" : ""
      return parts.prefix(5).joined(separator: ", ") + more
    }
    switch problem {
    case .nothing
    where definition.extras.contains(where: { $0 != StepExtras(description: $0.description) }):
      return .noSuchRound(
        "nothing to run again: every step of run \(id) has succeeded, or was skipped because of its"
          + " condition or the end of a need")
    case .nothing: return .nothingToRunAgain(id)
    case .noSuchStep(let step): return .noSuchRound("run \(id) has no step \(step)")
    case .notSelected(let steps):
      return .noSuchRound(
        "not selected in run \(id): \(list(steps.map(name))); use another run for that")
    case .blocked(let blocked):
      let needs = StepSet(blocked.map(\.need)).steps.map(name)
      // What is for a failure that has not happened.
      func isForFailure(_ step: ReopenProblem.Blocked) -> Bool {
        definition.wanted(ofStep: Int(step.step), from: step.need) == .failed
      }
      // Or approved before what it needs ran again.
      let isAsked = blocked.allSatisfy { definition.question(ofStep: Int($0.need)) != nil }
      let lead =
        blocked.contains(where: isForFailure)
        ? "not as it is needed" : isAsked ? "not approved as things stand" : "not done"
      return .noSuchRound(
        "\(lead) in run \(id), and would not run again: "
          + list(
            blocked.map {
              isForFailure($0)
                ? "\(name($0.need)), whose failure \(name($0.step)) needs"
                : "\(name($0.need)), which \(name($0.step)) needs"
            })
          + "; name \(list(Array(needs))) too, or use --failed")
    }
  }

  /// Long enough to recognize the name, which can be any text.
  private static func beginning(of name: String) -> String {
    name.unicodeScalars.count <= 140
      ? name : String(String.UnicodeScalarView(name.unicodeScalars.prefix(40))) + "…"
  }
}

// MARK: - Errors of the storage

/// Runs storage operations, and throws their error as a `RunError`.
func wrapping<Value: ~Copyable>(
  _ body: () throws(StorageError) -> Value
) throws(RunError) -> Value {
  do throws(StorageError) { return try body() } catch { throw .storage(error) }
}
