package import FlowCore
package import FlowLog
package import FlowStorage

/// Why a run cannot be created, driven or read.
package enum RunError: Error, Equatable, Sendable {
  case storage(StorageError)
  case log(LogError)
  /// The bytes of an event are not what this program writes.
  case event(path: String, CodingError)
  /// The events are readable, and cannot have happened.
  case history(path: String, HistoryError)
  /// The events can have happened, and the engine would have chosen otherwise.
  case decisionsDiffer(path: String, Redecision.Difference)
  /// Another user owns the folder, or can change it.
  case untrusted(path: String)
  case notFolder(path: String)
  case invalidRunID(String)
  case runExists(String)
  /// The definition is larger than a history may hold.
  case definitionTooLarge(bytes: Int64)
  case noSuchRun(String, home: String)
  case noRuns(home: String)
  case ambiguous(String, matches: [String])
  /// A process drives the run already; its id, where it has said so.
  case runIsHeld(String, processID: Int32?)
  /// A file that this engine drives the run by was removed, replaced or changed by another.
  case runWasTaken(path: String)
  /// An attempt still runs in another host context: another boot, mount or process namespace.
  case runsElsewhere(recordPath: String)
  /// An attempt's record cannot be read, so that nobody can say whether the attempt still runs, or
  /// whether its intent is in the history.
  case recordIsUnreadable(StorageError)
  /// An attempt was launched for an intent that the history does not hold.
  case historyIsMissing(recordPath: String, intent: Int64, lastSequence: Int64)
  /// The history lacks events that its engine had said were durable.
  case historyIsShort(path: String, durable: Int64, lastSequence: Int64)
  /// Another round was asked for, and every step has succeeded.
  case nothingToRunAgain(String)
  /// Another round was asked for of a run that is not finished.
  case notFinished(String)
  /// The launcher of an engine that is gone cannot be made to go.
  case orphanedLauncher(path: String)
}

extension RunError {
  /// The failed operation, where the storage is to blame and not what was asked for.
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
        "\(path) belongs to another user, or others can write to it; set FLOW_HOME to a folder that"
        + " is yours alone, such as a new one"
    case .notFolder(let path): return "\(path) is not a folder; remove it, or set FLOW_HOME"
    case .invalidRunID(let id):
      let name = "\"\(Self.beginning(of: id))\""
      if id == "latest" { return "\(name) cannot be a run id: it stands for the youngest run" }
      return
        "\(name) cannot be a run id: it takes 1 to 128 letters, digits, dots, underscores and"
        + " hyphens, and begins with a letter or digit"
    case .definitionTooLarge(let bytes):
      return
        "the definition takes \(bytes) bytes with its defaults filled in, and a run can have"
        + " \(RunCreated.largestDefinition) at most; make it smaller, or several runs of it"
    case .runExists(let id): return "run \(id) exists already; choose another id"
    case .noSuchRun(let id, let home):
      return "no run in \(home) has the id \(id), or one that begins so; see flow list"
    case .noRuns(let home): return "there are no runs in \(home) yet; flow run FILE makes one"
    case .ambiguous(let prefix, let matches):
      let shown = matches.prefix(5).joined(separator: ", ")
      let more = matches.count > 5 ? " and \(matches.count - 5) more" : ""
      return "\"\(prefix)\" is the beginning of several run ids: \(shown)\(more); give more of it"
    case .runIsHeld(let id, let processID):
      let engine = processID.map { "process \($0)" } ?? "another process"
      return "run \(id) is being driven by \(engine)"
    case .runWasTaken(let path):
      return
        "\(path) was removed, replaced or changed, so that another process may drive the run; this"
        + " one has stopped; see flow status"
    case .runsElsewhere(let path):
      return
        "\(path) is locked by a monitor that cannot be reached from here (another container, or"
        + " another mount of the same folder); go on with the run where it was started"
    case .recordIsUnreadable(let error):
      return
        "\(error); only this record tells what became of its attempt, and whether history is missing."
        + " Restart the run when it can be read; if it never can again, empty it (truncate -s 0): then"
        + " an attempt that has no end counts as lost"
    case .historyIsMissing(let path, let intent, let last):
      return
        "\(path) was made for event \(intent), and the history ends with event \(last): history is"
        + " missing; see flow verify"
    case .historyIsShort(let path, let durable, let last):
      return
        "\(path) says that event \(durable) was durable, and the history ends with event \(last):"
        + " history is missing; see flow verify"
    case .nothingToRunAgain(let id): return "every step of run \(id) has succeeded"
    case .notFinished(let id):
      return "run \(id) is not finished; flow restart \(id) goes on with it"
    case .orphanedLauncher(let path):
      return
        "\(path) is still locked by the launcher of an engine that is gone; find the process with"
        + " fuser and end it"
    }
  }

  /// As much as tells which was meant, of what may be anything.
  private static func beginning(of name: String) -> String {
    name.unicodeScalars.count <= 140
      ? name : String(String.UnicodeScalarView(name.unicodeScalars.prefix(40))) + "…"
  }
}

// MARK: - Errors of the storage

/// Runs an operation of the storage by name, with its error told as what failed on what.
func wrapping<Value>(
  _ operation: StorageError.Operation, _ path: String, _ body: () throws(Errno) -> Value
) throws(RunError) -> Value {
  do throws(Errno) { return try body() } catch {
    throw .storage(StorageError(operation, path, error))
  }
}

/// Runs something of the storage, with its error as a run's.
func wrapping<Value: ~Copyable>(
  _ body: () throws(StorageError) -> Value
) throws(RunError) -> Value {
  do throws(StorageError) { return try body() } catch { throw .storage(error) }
}
