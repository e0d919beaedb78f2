/// An attempt's end, reduced to what decisions depend on.
package enum AttemptConclusion: Equatable, Sendable {
  case succeeded
  /// By one of the kinds that retry policies name. The exit code is zero unless the kind is `.exit`.
  case failed(FailureKinds, exitCode: UInt8)
  /// It was stopped, since the run stops.
  case cancelled
  case lost
  /// Some of its processes cannot be killed: nothing may run beside them.
  case unkillable

  package init(_ end: AttemptEnd) {
    if end.unkillable > 0 {
      self = .unkillable
      return
    }
    switch (end.result, end.cause) {
    case (.lost, _): self = .lost
    case (.launchFailed, _): self = .failed(.launch, exitCode: 0)
    // The exit status of a command that was sent SIGTERM does not count: it was cut short.
    case (_, .deadline): self = .failed(.timeout, exitCode: 0)
    case (_, .stop), (_, .force): self = .cancelled
    case (.exited(code: 0), .byItself): self = .succeeded
    case (.exited(let code), .byItself): self = .failed(.exit, exitCode: code)
    case (.signalled, .byItself): self = .failed(.signal, exitCode: 0)
    }
  }
}
