/// The part of an attempt's end that decisions depend on.
package enum AttemptConclusion: Equatable, Sendable {
  case succeeded
  /// The kind of failure, as retry policies name it. The exit code is zero unless the kind is
  /// `.exit`.
  case failed(FailureKinds, exitCode: UInt8)
  /// It was stopped because the run stops.
  case cancelled
  case lost
  /// The system told it to end. The outcome is unknown as of a lost attempt, and the cause is known.
  case interrupted
  /// Some of its processes cannot be killed, so no other attempt of the step may start.
  case unkillable

  package init(_ end: AttemptEnd) {
    if end.unkillable > 0 {
      self = .unkillable
      return
    }
    switch (end.result, end.cause) {
    case (.lost, _): self = .lost
    case (.launchFailed, _): self = .failed(.launch, exitCode: 0)
    case _ where end.wasInterrupted: self = .interrupted
    // The exit status after SIGTERM does not count: the command was interrupted.
    case (_, .deadline): self = .failed(.timeout, exitCode: 0)
    case (_, .stop), (_, .force): self = .cancelled
    case (.exited(code: 0), .byItself) where end.refusal != nil:
      self = .failed(.output, exitCode: 0)
    case (.exited(code: 0), .byItself): self = .succeeded
    case (.exited, .byItself) where end.shellSignal != nil: self = .failed(.signal, exitCode: 0)
    case (.exited(let code), .byItself): self = .failed(.exit, exitCode: code)
    case (.signalled, .byItself): self = .failed(.signal, exitCode: 0)
    }
  }
}
