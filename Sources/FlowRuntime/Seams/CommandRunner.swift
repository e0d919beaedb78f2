package import FlowCore

/// Runs the commands of attempts: the seam between the driver and processes.
///
/// A runner alone enforces deadlines and graces, and alone signals processes. It answers every
/// launch with `attemptLaunched` and later `attemptEnded`, or with `attemptEnded` alone where the
/// command could not be started. An attempt has ended when nothing of it is left that the step's
/// policy does not allow to stay.
package protocol CommandRunner: AnyObject {
  /// Said once, before anything else: which run this is.
  func begin(in folder: RunFolder) throws(RunError)
  /// Finds out what has become of attempts that an earlier engine scheduled, and takes over those
  /// that still run: they are reported and stopped like those launched here. May wait for what the
  /// earlier engine left in flight.
  ///
  /// - Parameters:
  ///   - open: the attempts that have no end in the history. Their intents are not known.
  ///   - host: where that engine ran.
  ///   - lastSequence: of the history as it was found.
  /// - Returns: for each of `open`, in that order, what was found.
  /// - Throws: `.runsElsewhere` if an attempt runs where it cannot be reached, and
  ///   `.historyIsMissing` if an attempt was launched for an intent that the history lacks.
  func takeOver(
    _ open: [LaunchRequest], from host: HostContext, through lastSequence: Int64
  ) throws(RunError) -> [FoundAttempt]
  func launch(_ request: LaunchRequest)
  /// Said before something that takes time: what was launched is not to wait for it.
  func flush()
  /// Asks an attempt that was launched to end: SIGTERM, then SIGKILL after its grace; with `force`
  /// SIGKILL at once. An attempt that has ended is left alone.
  func stop(_ attempt: AttemptID, force: Bool)
  /// Takes in what happened since the last call, and does what is due: launches that had to wait,
  /// looks at attempts that no message tells of.
  ///
  /// - Throws: `.recordIsUnreadable` if an attempt's fate cannot be told any more. What runs goes
  ///   on, and another engine can take it over.
  func advance(at now: Instant) throws(RunError)
  /// Takes the oldest report that `advance`, `launch` or `stop` has left; nil when there is none.
  func nextReport() -> Input?
  /// When the runner has something to do at the latest: a deadline, or the end of a grace.
  var nextDeadline: Instant? { get }
  /// Whether a launch waits for room on the disk. It goes on by itself.
  var waitsForRoom: Bool { get }
}

extension CommandRunner {
  /// Of runners whose attempts take no room.
  package var waitsForRoom: Bool { false }

  /// Of runners that keep nothing back.
  package func flush() {}
}

/// Everything that a runner must know of an attempt.
package struct LaunchRequest: Equatable, Sendable {
  package var attempt: AttemptID
  /// The number of the event that is the intent; zero where it is not known.
  package var intent: Int64
  /// The step's command, or its probe.
  package var command: Command
  /// Added to the environment of the engine; of variables with one name the last counts. The step's
  /// own are among them.
  package var environment: [EnvironmentVariable]
  /// An absolute path.
  package var workingDirectory: String
  /// The file that takes standard output and standard error. It must not exist.
  package var outputPath: String
  /// The file of the attempt record, which the monitor writes. It must not exist.
  package var recordPath: String
  /// Of the step: its limits, and what is done with stragglers.
  package var settings: StepSettings

  package init(
    attempt: AttemptID, intent: Int64, command: Command, environment: [EnvironmentVariable],
    workingDirectory: String, outputPath: String, recordPath: String, settings: StepSettings
  ) {
    self.attempt = attempt
    self.intent = intent
    self.command = command
    self.environment = environment
    self.workingDirectory = workingDirectory
    self.outputPath = outputPath
    self.recordPath = recordPath
    self.settings = settings
  }
}
