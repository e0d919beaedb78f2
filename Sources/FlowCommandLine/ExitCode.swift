package import FlowCore

/// What `flow` says to the process that started it. This is the one place where the numbers stand.
package enum ExitCode: Int32, CaseIterable, Sendable {
  /// The run succeeded, or the command did.
  case success = 0
  case runFailed = 1
  /// The command line or the definition is wrong; nothing was done.
  case usage = 2
  case runCancelled = 3
  /// The run has no end yet: its engine was stopped or interrupted.
  case runUnfinished = 4
  /// A log is damaged.
  case damaged = 5
  /// The environment failed: storage, permissions.
  case environment = 6

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
    case .success: "the run succeeded, or the command did"
    case .runFailed: "the run failed"
    case .usage: "the command line or the definition is wrong"
    case .runCancelled: "the run was cancelled"
    case .runUnfinished: "the run is unfinished: its engine was stopped or interrupted"
    case .damaged: "a log is damaged"
    case .environment: "the environment failed: storage, permissions"
    }
  }
}
