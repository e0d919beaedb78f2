/// The settings of a step's attempts, with `defaults` of the definition file already merged.
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
  /// Determines whether the work of a lost attempt was done; present if `onLost` is `.probe`.
  package var probe: Command?
  package var stragglers: StragglerPolicy
  /// What runs the command and the probe, where they are lines.
  package var shell: Shell
  /// What a stop sends first.
  package var stopSignal: StopSignal
  /// The disk space limit for the output of one attempt.
  package var maxOutputBytes: Int64
  /// Whether a line that begins with `#!` is executed as a file of its own. Recorded where the command
  /// or the probe begins so: earlier versions gave such a line to a shell.
  package var executesScripts = false
  /// What the command and the probe get of the workflow's secrets; ordered by name.
  package var secrets: [SecretUse] = []

  package init(
    environment: [EnvironmentVariable] = [], workingDirectory: String? = nil,
    timeoutMilliseconds: Int64? = nil, killGraceMilliseconds: Int64 = 10_000,
    retry: RetryPolicy = RetryPolicy(), allowFailure: Bool = false, onLost: OnLost = .rerun,
    probe: Command? = nil, stragglers: StragglerPolicy = .kill, shell: Shell = .sh,
    stopSignal: StopSignal = .terminate, maxOutputBytes: Int64 = 1 << 30
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
    self.shell = shell
    self.stopSignal = stopSignal
    self.maxOutputBytes = maxOutputBytes
  }
}

extension StepSettings {
  /// What a recorded definition says of a key that it leaves out: the defaults of flow 0.1. Files that
  /// are read today have those of `init`, where they differ.
  package static let implied = StepSettings(retry: .implied, shell: .plain)
}

/// The policy for an attempt whose outcome is unknown.
package enum OnLost: UInt8, CaseIterable, Sendable {
  /// Start a new attempt, which does not count as a retry.
  case rerun = 0
  case fail = 1
  /// Run the step's `probe` to determine whether the work was done.
  case probe = 2
}

/// The policy for stragglers: descendants that are left after the command has exited.
package enum StragglerPolicy: UInt8, CaseIterable, Sendable {
  case kill = 0
  case keep = 1
}
