/// The outcome of an attempt, in one word. The names are those of `status --json`.
package enum AttemptOutcome: String, CaseIterable, Sendable {
  case exited
  case signalled
  case timedOut
  case cancelled
  case launchFailed
  case lost
  case interrupted
  /// It exited 0, and its outputs are not what its step declares.
  case outputRefused

  /// For an attempt that was stopped, only the reason counts, not its exit status.
  package init(_ end: AttemptEnd) {
    switch (end.result, end.cause) {
    case (.lost, _): self = .lost
    case (.launchFailed, _): self = .launchFailed
    case _ where end.wasInterrupted: self = .interrupted
    case (.exited, .deadline), (.signalled, .deadline): self = .timedOut
    case (.exited, .stop), (.exited, .force), (.signalled, .stop), (.signalled, .force):
      self = .cancelled
    case (.exited, .byItself) where end.refusal != nil: self = .outputRefused
    case (.exited, .byItself): self = .exited
    case (.signalled, .byItself): self = .signalled
    }
  }
}

extension AttemptEnd {
  /// Whether resource use was measured: every process has some memory.
  package var isMeasured: Bool { peakMemoryKibibytes > 0 }

  /// Nil unless the command exited.
  package var exitCode: UInt8? {
    if case .exited(let code) = result { code } else { nil }
  }

  /// Nil unless a signal ended the command.
  package var signal: UInt8? {
    if case .signalled(let signal) = result { signal } else { nil }
  }

  /// Nil unless the command could not be started.
  package var launchFailure: LaunchFailure? {
    if case .launchFailed(let failure) = result { failure } else { nil }
  }
}
