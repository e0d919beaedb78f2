package import FlowCore

/// Runs the commands of attempts: the seam between the driver and processes.
///
/// Only a runner enforces deadlines and graces, and only a runner signals processes. It answers
/// every launch with `attemptLaunched` and later `attemptEnded`, or with `attemptEnded` alone if
/// the command could not be started. An attempt has ended when no process of it is left that the
/// step does not allow to stay.
package protocol CommandRunner: AnyObject {
  /// Called once, before anything else.
  func begin(in folder: RunFolder) throws(RunError)
  /// Says what the commands inherit. Called once, before the first launch.
  func use(_ environment: RunEnvironment)
  /// Finds out what became of attempts that an earlier engine scheduled, and takes over those that
  /// still run: they are reported and stopped like those launched here. May wait for a fork of the
  /// earlier engine that is still in flight.
  ///
  /// - Parameters:
  ///   - open: the attempts that have no end in the history. Their intents are not known.
  ///   - host: the host context of that engine.
  ///   - lastSequence: the last event of the history as it was found.
  ///   - isWithdrawn: whether the history knows no attempt with that file: if there was one, it was
  ///     withdrawn, and its number is free. What a crash has brought back of it is removed.
  /// - Returns: for each of `open`, in that order, what was found.
  /// - Throws: `.runsElsewhere` if an attempt runs in another host context, and `.historyIsMissing`
  ///   if an attempt was launched for an intent that the history lacks.
  func takeOver(
    _ open: [LaunchRequest], from host: HostContext, through lastSequence: Int64,
    isWithdrawn: (AttemptFileName) -> Bool
  ) throws(RunError) -> [FoundAttempt]
  func launch(_ request: LaunchRequest)
  /// Called before the driver does something that takes time, which launches must not wait for.
  func flush()
  /// Stops an attempt that was launched: SIGTERM, then SIGKILL after its grace; with `force`
  /// SIGKILL at once. Does nothing if the attempt has ended.
  func stop(_ attempt: AttemptID, force: Bool)
  /// Takes in what happened since the last call, and does what is due: launches that had to wait,
  /// looks at attempts that no message tells of.
  ///
  /// - Throws: `.recordIsUnreadable` if an attempt's fate cannot be told any more. What runs goes
  ///   on, and another engine can take it over.
  func advance() throws(RunError)
  /// Takes the oldest report that `advance`, `launch` or `stop` has left; nil when there is none.
  func nextReport() -> Input?
  /// When `advance` must be called at the latest; nil while nothing is due.
  var nextDeadline: Instant? { get }
  /// What launches wait for. The runner tries them again by itself, and reports `roomReturned` when
  /// none waits for it any more.
  var lacking: Shortages { get }
}

extension CommandRunner {
  /// For runners whose attempts take nothing.
  package var lacking: Shortages { [] }

  /// For runners that keep no launches back.
  package func flush() {}
}

/// Everything that a runner must know of an attempt. Paths, arguments and the values of variables are
/// bytes (`RawText`).
package struct LaunchRequest: Equatable, Sendable {
  package var attempt: AttemptID
  /// The number of the event that is the intent; zero where it is not known.
  package var intent: Int64
  /// A program and its arguments: of the step's command, or of its probe.
  package var arguments: [String]
  /// What the program is, where it is a file of this attempt alone: written before each launch.
  package var script: String?
  /// Added to the environment of the run; of variables with one name the last counts. The step's
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
  /// Whether no record may say that the attempt was interrupted, since the run's policy does not
  /// know that.
  package var hidesInterruption: Bool
  /// What the command gets besides, and what is masked in its output.
  package var secrets = LaunchSecrets()
  /// What the command must put out; nil for a step that declares nothing.
  package var outputs: LaunchOutputs?
  /// What the command gets of the steps that it needs; nil where none of them declares anything.
  package var inputs: LaunchInputs?
  /// Where the command makes files that are published later; nil if it makes none.
  package var stage: LaunchStage?
  /// The file where its process says what it has found in the cache; nil if it does not look.
  package var note: String?
  /// Why nothing can be launched.
  package var failure: LaunchFailure?

  package init(
    attempt: AttemptID, intent: Int64, arguments: [String], script: String? = nil,
    environment: [EnvironmentVariable],
    workingDirectory: String, outputPath: String, recordPath: String, settings: StepSettings,
    hidesInterruption: Bool = false
  ) {
    self.attempt = attempt
    self.intent = intent
    self.arguments = arguments
    self.script = script
    self.environment = environment
    self.workingDirectory = workingDirectory
    self.outputPath = outputPath
    self.recordPath = recordPath
    self.settings = settings
    self.hidesInterruption = hidesInterruption
  }
}
