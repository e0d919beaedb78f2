/// The part of an attempt's end that decisions depend on.
package enum AttemptConclusion: Equatable, Sendable {
  case succeeded
  /// It has used a former result.
  case reused
  /// The kind of failure, as retry policies name it. The exit code is zero unless the kind is
  /// `.exit`.
  case failed(FailureKinds, exitCode: UInt8)
  /// It was stopped because the run stops.
  case cancelled
  case lost
  /// The system told it to end. The outcome is unknown as of a lost attempt, and the cause is known.
  case interrupted
  /// What the command had made is gone, and was not published: as if the command were lost.
  case workGone
  /// Some of its processes cannot be killed, so no other attempt of the step may start.
  case unkillable

  package var isSuccess: Bool { self == .succeeded || self == .reused }

  /// - Parameter task: what the attempt was for.
  package init(_ end: AttemptEnd, of task: AttemptTask) {
    self = task.publishes ? Self.ofPublication(end) : Self(end)
  }

  /// Of an attempt that publishes. Once it has begun to, it does not let itself be stopped: what it says with
  /// its exit code counts, whatever has reached it meanwhile.
  private static func ofPublication(_ end: AttemptEnd) -> Self {
    if end.unkillable > 0 { return .unkillable }
    switch (end.result, end.cause) {
    case (.exited(code: 0), _): return .succeeded
    case (.exited(PublicationCode.nothingPrepared), .byItself),
      (.exited(PublicationCode.isGone), .byItself):
      return .workGone
    case (.signalled, .byItself) where end.refusal?.fault == .cutOff: return .lost
    case (.exited, .byItself) where !end.wasInterrupted: return .failed(.output, exitCode: 0)
    default: return Self(end)
    }
  }

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
    case (.exited(code: 0), .byItself): self = end.isReused ? .reused : .succeeded
    case (.exited, .byItself) where end.refusal?.fault == .noInput:
      self = .failed(.launch, exitCode: 0)
    case (.exited, .byItself) where end.shellSignal != nil: self = .failed(.signal, exitCode: 0)
    case (.exited(let code), .byItself): self = .failed(.exit, exitCode: code)
    case (.signalled, .byItself): self = .failed(.signal, exitCode: 0)
    }
  }
}

extension AttemptEnd {
  /// Whether a former result was found, and is used.
  fileprivate var isReused: Bool {
    if case .hit? = look { true } else { false }
  }
}
