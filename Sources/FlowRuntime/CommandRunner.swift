package import FlowCore

/// Runs the commands of attempts: the seam between the driver and processes.
///
/// A runner alone enforces deadlines and graces, and alone signals processes. It answers every
/// launch with `attemptLaunched` and later `attemptEnded`, or with `attemptEnded` alone where the
/// command could not be started. An attempt has ended when nothing of it is left that the step's
/// policy does not allow to stay.
package protocol CommandRunner: AnyObject {
  func launch(_ request: LaunchRequest)
  /// Asks an attempt that was launched to end: SIGTERM, then SIGKILL after its grace; with `force`
  /// SIGKILL at once. An attempt that has ended is left alone.
  func stop(_ attempt: AttemptID, force: Bool)
  /// The next thing that happened, in the order in which it did; nil when all is told.
  func nextReport() -> Input?
  /// When the runner has something to do at the latest: a deadline, or the end of a grace.
  var nextDeadline: Instant? { get }
}

/// All that a runner must know of an attempt.
package struct LaunchRequest: Equatable, Sendable {
  package var attempt: AttemptID
  package var command: Command
  /// Added to the environment of the engine; of variables with one name the last counts.
  package var environment: [EnvironmentVariable]
  /// An absolute path.
  package var workingDirectory: String
  /// The file that takes standard output and standard error. It must not exist.
  package var outputPath: String
  package var timeoutMilliseconds: Int64?
  package var killGraceMilliseconds: Int64
  package var stragglers: StragglerPolicy

  package init(
    attempt: AttemptID, command: Command, environment: [EnvironmentVariable],
    workingDirectory: String, outputPath: String, timeoutMilliseconds: Int64?,
    killGraceMilliseconds: Int64, stragglers: StragglerPolicy
  ) {
    self.attempt = attempt
    self.command = command
    self.environment = environment
    self.workingDirectory = workingDirectory
    self.outputPath = outputPath
    self.timeoutMilliseconds = timeoutMilliseconds
    self.killGraceMilliseconds = killGraceMilliseconds
    self.stragglers = stragglers
  }
}
