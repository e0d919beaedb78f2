import FlowCore
import FlowLog
import FlowRuntime

/// Watches a world, and throws the property that is violated. A checker judges and changes nothing:
/// what acts on a run beside its engine is a visitor.
///
/// The world calls every hook of every checker, in the order of `Checkers.all`. A checker
/// implements the hooks that it needs; the others do nothing.
protocol Checker: AnyObject {
  // MARK: What the engine does

  /// The engine is told that a commit is durable. Its events are learned next.
  func acknowledges(_ events: [Event], in world: World) throws(Violation)

  /// An event has become durable: by a commit of the engine, or because recovery found it.
  func learned(_ event: Event, in world: World) throws(Violation)

  /// A commit of the engine has become durable. Its events were learned before.
  func committed(
    _ events: [Event], _ state: RunState, in world: World
  ) throws(Violation)

  /// The engine has an attempt launched.
  func launches(_ request: LaunchRequest, in world: World) throws(Violation)

  /// The engine tells a monitor to end its attempt.
  func stops(_ attempt: AttemptID, force: Bool, in world: World) throws(Violation)

  /// The engine is about to make names durable.
  func syncsNames(in world: World) throws(Violation)

  /// The engine has decided that the run has ended.
  func decidesEnd(in world: World) throws(Violation)

  /// The engine has died, or has stopped.
  func engineEnded(in world: World) throws(Violation)

  // MARK: What processes do

  /// The engine starts a launcher, whose commands inherit this environment.
  func startsLauncher(_ environment: RunEnvironment, in world: World) throws(Violation)

  /// A command was started, or could not be.
  ///
  /// - Parameter entry: index into the ledger.
  func commandStarted(_ entry: Int, in world: World) throws(Violation)

  // MARK: What visitors do

  /// A reader is about to look at the run.
  func read(in world: World) throws(Violation)

  /// A request to cancel was left in the run's folder, and the canceller was told so.
  func left(_ request: CancelRequest, in world: World) throws(Violation)

  /// Someone begins to leave an answer in the run's folder.
  func tries(_ filed: FiledAnswer, in world: World) throws(Violation)

  /// An answer was left in the run's folder, and its maker was told so.
  func left(_ filed: FiledAnswer, in world: World) throws(Violation)

  /// Another engine was started on the run, beside the one that lives.
  func rivalDrove(_ result: RivalResult, in world: World) throws(Violation)

  /// Another engine has tried to take over a run whose lock file is gone.
  ///
  /// - Parameter failure: what kept it from doing so.
  func rivalTookOver(_ failure: String?, in world: World) throws(Violation)

  // MARK: Recovery

  /// There is no run yet, and the engine creates it.
  func creates(in world: World) throws(Violation)

  /// A new engine is about to resume the run.
  func resumes(from source: EnvironmentSource, in world: World) throws(Violation)

  /// The engine says that it does not simply use the run's environment.
  func foundEnvironment(_ news: EnvironmentNews, in world: World) throws(Violation)

  /// The log was read before a new engine recovers it.
  ///
  /// - Parameter log: its history, durable or not, and how it ends.
  func opened(
    _ log: Result<FoundHistory, RunError>, in world: World
  ) throws(Violation)

  /// The log can be read, and holds these events. They are not durable yet.
  func found(_ events: [Event], in world: World) throws(Violation)

  /// The engine says how the log ended that it has recovered.
  func tookOver(_ tail: LogTail, in world: World) throws(Violation)

  /// The engine has recovered the run: the events that were found are durable, and were learned.
  func recovered(in world: World) throws(Violation)

  // MARK: The end

  /// The run has ended, and its user is told so.
  ///
  /// - Parameters:
  ///   - events: the whole log.
  ///   - state: the engine's; nil where there is no engine to ask.
  func ended(
    _ events: [Event], _ state: RunState?, in world: World
  ) throws(Violation)

  /// The run has ended, and all its processes have had the time to end, too.
  func settled(in world: World) throws(Violation)
}

/// A checker that is told of every wait of the engine too. Engines wait far more often than anything
/// else happens, so the others are not called for it.
protocol WaitChecker: Checker {
  /// The engine has done everything that it can do for now.
  func waits(_ wait: EngineWait, in world: World) throws(Violation)
}

/// A wait of the engine.
struct EngineWait {
  /// When it wakes up at the latest; nil for never.
  let deadline: Instant?
  /// What the engine waits for, as the run's lock file says.
  let said: Shortages
}

extension Checker {
  func acknowledges(_ events: [Event], in world: World) throws(Violation) {}
  func learned(_ event: Event, in world: World) throws(Violation) {}
  func committed(
    _ events: [Event], _ state: RunState, in world: World
  ) throws(Violation) {}
  func launches(_ request: LaunchRequest, in world: World) throws(Violation) {}
  func stops(_ attempt: AttemptID, force: Bool, in world: World) throws(Violation) {}
  func syncsNames(in world: World) throws(Violation) {}
  func decidesEnd(in world: World) throws(Violation) {}
  func engineEnded(in world: World) throws(Violation) {}
  func startsLauncher(
    _ environment: RunEnvironment, in world: World
  ) throws(Violation) {}
  func commandStarted(_ entry: Int, in world: World) throws(Violation) {}
  func read(in world: World) throws(Violation) {}
  func left(_ request: CancelRequest, in world: World) throws(Violation) {}
  func tries(_ filed: FiledAnswer, in world: World) throws(Violation) {}
  func left(_ filed: FiledAnswer, in world: World) throws(Violation) {}
  func rivalDrove(_ result: RivalResult, in world: World) throws(Violation) {}
  func rivalTookOver(_ failure: String?, in world: World) throws(Violation) {}
  func creates(in world: World) throws(Violation) {}
  func resumes(from source: EnvironmentSource, in world: World) throws(Violation) {}
  func foundEnvironment(_ news: EnvironmentNews, in world: World) throws(Violation) {}
  func opened(
    _ log: Result<FoundHistory, RunError>, in world: World
  ) throws(Violation) {}
  func found(_ events: [Event], in world: World) throws(Violation) {}
  func tookOver(_ tail: LogTail, in world: World) throws(Violation) {}
  func recovered(in world: World) throws(Violation) {}
  func ended(
    _ events: [Event], _ state: RunState?, in world: World
  ) throws(Violation) {}
  func settled(in world: World) throws(Violation) {}
}
