/// What governs the attempts of a step. `defaults` of the definition file are already merged in.
package struct StepSettings: Hashable, Sendable {
  /// Added to the environment, over the workflow's own; ordered by name.
  package var environment: [EnvironmentVariable]
  /// Relative to the folder of the definition file, or absolute; nil means that folder.
  package var workingDirectory: String?
  /// The limit for one attempt; nil means none.
  package var timeoutMilliseconds: Int64?
  /// How long an attempt that is being stopped has between SIGTERM and SIGKILL.
  package var killGraceMilliseconds: Int64
  package var retry: RetryPolicy
  /// Whether dependents run, and the run can succeed, although this step failed or was skipped.
  package var allowFailure: Bool
  package var onLost: OnLost
  /// Asks whether the work of a lost attempt happened; present when `onLost` is `.probe`.
  package var probe: Command?
  package var stragglers: StragglerPolicy
  /// The disk space that the output of one attempt may hold.
  package var maxOutputBytes: Int64

  package init(
    environment: [EnvironmentVariable] = [], workingDirectory: String? = nil,
    timeoutMilliseconds: Int64? = nil, killGraceMilliseconds: Int64 = 10_000,
    retry: RetryPolicy = RetryPolicy(), allowFailure: Bool = false, onLost: OnLost = .rerun,
    probe: Command? = nil, stragglers: StragglerPolicy = .kill, maxOutputBytes: Int64 = 1 << 30
  ) {
    self.environment = environment
    self.workingDirectory = workingDirectory
    self.timeoutMilliseconds = timeoutMilliseconds
    self.killGraceMilliseconds = killGraceMilliseconds
    self.retry = retry
    self.allowFailure = allowFailure
    self.onLost = onLost
    self.probe = probe
    self.stragglers = stragglers
    self.maxOutputBytes = maxOutputBytes
  }
}

/// What follows when nobody can say how an attempt ended.
package enum OnLost: UInt8, CaseIterable, Sendable {
  /// A new attempt, which uses up no retry.
  case rerun = 0
  case fail = 1
  /// Ask the step's `probe` whether the work happened.
  case probe = 2
}

/// What happens to descendants that are left when the command itself has exited.
package enum StragglerPolicy: UInt8, CaseIterable, Sendable {
  case kill = 0
  case keep = 1
}
