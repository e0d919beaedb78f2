import FlowCore

/// The ends of attempts that tests speak of. They all took 3 µs.
extension AttemptEnd {
  static let success = exit(0)
  static let lost = AttemptEnd(result: .lost, cause: .byItself, durationMicroseconds: 3)
  /// By the system.
  static let interruption = AttemptEnd(
    result: .signalled(signal: 15), cause: .byItself, durationMicroseconds: 3,
    wasInterrupted: true)

  static func exit(_ code: UInt8, cause: Cause = .byItself) -> AttemptEnd {
    AttemptEnd(result: .exited(code: code), cause: cause, durationMicroseconds: 3)
  }

  /// It exited 0, and its outputs are not taken.
  static func refused(_ refusal: OutputRefusal) -> AttemptEnd {
    var end = success
    end.refusal = refusal
    return end
  }

  static func signal(_ signal: UInt8, cause: Cause = .byItself) -> AttemptEnd {
    AttemptEnd(result: .signalled(signal: signal), cause: cause, durationMicroseconds: 3)
  }

  static func launchFailure(errno: Int32) -> AttemptEnd {
    let failure = LaunchFailure(operation: .execute, errno: errno)
    return AttemptEnd(
      result: .launchFailed(failure), cause: .byItself, durationMicroseconds: 3)
  }
}
