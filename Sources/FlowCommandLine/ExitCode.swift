package import FlowCore

/// The exit status of `flow`. The numbers are defined here only.
package enum ExitCode: Int32, CaseIterable, Sendable {
  /// The run succeeded, or the command did.
  case success = 0
  case runFailed = 1
  /// The command line or the definition is invalid; nothing was done.
  case usage = 2
  case runCancelled = 3
  /// The run is unfinished: its engine detached or was interrupted.
  case runUnfinished = 4
  /// A history log is damaged.
  case damaged = 5
  /// A system operation failed: storage, permissions.
  case environment = 6
  /// Nothing was started: another run has the id, or is of the same group.
  case notStarted = 7
  /// The run was written by a newer flow; it is not damaged.
  case newer = 8
  /// A history log ends with an unfinished write, as a crash leaves it; it is not damaged.
  case unfinishedTail = 9

  package init(_ outcome: RunOutcome) {
    switch outcome {
    case .succeeded: self = .success
    case .failed: self = .runFailed
    case .cancelled: self = .runCancelled
    }
  }

  /// For help texts.
  package var meaning: String {
    switch self {
    case .success: "success"
    case .runFailed: "the run failed"
    case .usage: "the command line or the definition is invalid"
    case .runCancelled: "the run was cancelled"
    case .runUnfinished: "the run is unfinished; its engine detached or was interrupted"
    case .damaged: "a history log is damaged: history is missing or wrong"
    case .environment: "a system operation failed (storage, permissions)"
    case .notStarted: "not started: another run has the id, or the group"
    case .newer: "the run was written by a newer flow; upgrade to read it"
    case .unfinishedTail: "a history log has a torn or ambiguous tail; flow restart continues"
    }
  }
}
