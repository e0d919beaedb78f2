import FlowCore
import FlowLog
import FlowRuntime

/// Watches a world, and throws the property that is violated. A checker judges and changes nothing:
/// what acts on a run beside its engine is a visitor.
///
/// The world calls every hook of every checker, in the order of `Checkers.all`. A checker
/// implements the hooks that it needs; the others do nothing.
protocol Checker {
  // MARK: What the engine does

  /// The engine is told that a commit is durable. Its events are learned next.
  mutating func acknowledges(_ events: [Event], in world: World) throws(Violation)

  /// An event has become durable: by a commit of the engine, or because recovery found it.
  mutating func learned(_ event: Event, in world: World) throws(Violation)

  /// A commit of the engine has become durable. Its events were learned before.
  mutating func committed(
    _ events: [Event], _ state: RunState, in world: World
  ) throws(Violation)

  /// The engine has an attempt launched.
  mutating func launches(_ request: LaunchRequest, in world: World) throws(Violation)

  /// The engine tells a monitor to end its attempt.
  mutating func stops(_ attempt: AttemptID, force: Bool, in world: World) throws(Violation)

  /// The engine is about to make names durable.
  mutating func syncsNames(in world: World) throws(Violation)

  /// The engine has done everything that it can do for now.
  mutating func waits(_ wait: EngineWait, in world: World) throws(Violation)

  /// The engine has decided that the run has ended.
  mutating func decidesEnd(in world: World) throws(Violation)

  /// The engine has died, or has stopped.
  mutating func engineEnded(in world: World) throws(Violation)

  // MARK: What processes do

  /// The engine starts a launcher, whose commands inherit this environment.
  mutating func startsLauncher(_ environment: RunEnvironment, in world: World) throws(Violation)

  /// A command was started, or could not be.
  ///
  /// - Parameter entry: index into the ledger.
  mutating func commandStarted(_ entry: Int, in world: World) throws(Violation)

  // MARK: What visitors do

  /// A reader is about to look at the run.
  mutating func read(in world: World) throws(Violation)

  /// A request to cancel was left in the run's folder, and the canceller was told so.
  mutating func left(_ request: CancelRequest, in world: World) throws(Violation)

  /// Another engine was started on the run, beside the one that lives.
  mutating func rivalDrove(_ result: RivalResult, in world: World) throws(Violation)

  /// Another engine has tried to take over a run whose lock file is gone.
  ///
  /// - Parameter failure: what kept it from doing so.
  mutating func rivalTookOver(_ failure: String?, in world: World) throws(Violation)

  // MARK: Recovery

  /// There is no run yet, and the engine creates it.
  mutating func creates(in world: World) throws(Violation)

  /// A new engine is about to resume the run.
  mutating func resumes(from source: EnvironmentSource, in world: World) throws(Violation)

  /// The engine says that it does not simply use the run's environment.
  mutating func foundEnvironment(_ news: EnvironmentNews, in world: World) throws(Violation)

  /// The log was read before a new engine recovers it.
  ///
  /// - Parameter log: its history, durable or not, and how it ends.
  mutating func opened(
    _ log: Result<FoundHistory, RunError>, in world: World
  ) throws(Violation)

  /// The log can be read, and holds these events. They are not durable yet.
  mutating func found(_ events: [Event], in world: World) throws(Violation)

  /// The engine says how the log ended that it has recovered.
  mutating func tookOver(_ tail: LogTail, in world: World) throws(Violation)

  /// The engine has recovered the run: the events that were found are durable, and were learned.
  mutating func recovered(in world: World) throws(Violation)

  // MARK: The end

  /// The run has ended, and its user is told so.
  ///
  /// - Parameters:
  ///   - events: the whole log.
  ///   - state: the engine's; nil where there is no engine to ask.
  mutating func ended(
    _ events: [Event], _ state: RunState?, in world: World
  ) throws(Violation)

  /// The run has ended, and all its processes have had the time to end, too.
  mutating func settled(in world: World) throws(Violation)
}

/// A wait of the engine.
struct EngineWait {
  /// When it wakes up at the latest; nil for never.
  let deadline: Instant?
  /// Whether the run's lock file says that the engine waits for space on the disk.
  let saysItLacksSpace: Bool
}

extension Checker {
  mutating func acknowledges(_ events: [Event], in world: World) throws(Violation) {}
  mutating func learned(_ event: Event, in world: World) throws(Violation) {}
  mutating func committed(
    _ events: [Event], _ state: RunState, in world: World
  ) throws(Violation) {}
  mutating func launches(_ request: LaunchRequest, in world: World) throws(Violation) {}
  mutating func stops(_ attempt: AttemptID, force: Bool, in world: World) throws(Violation) {}
  mutating func syncsNames(in world: World) throws(Violation) {}
  mutating func waits(_ wait: EngineWait, in world: World) throws(Violation) {}
  mutating func decidesEnd(in world: World) throws(Violation) {}
  mutating func engineEnded(in world: World) throws(Violation) {}
  mutating func startsLauncher(
    _ environment: RunEnvironment, in world: World
  ) throws(Violation) {}
  mutating func commandStarted(_ entry: Int, in world: World) throws(Violation) {}
  mutating func read(in world: World) throws(Violation) {}
  mutating func left(_ request: CancelRequest, in world: World) throws(Violation) {}
  mutating func rivalDrove(_ result: RivalResult, in world: World) throws(Violation) {}
  mutating func rivalTookOver(_ failure: String?, in world: World) throws(Violation) {}
  mutating func creates(in world: World) throws(Violation) {}
  mutating func resumes(from source: EnvironmentSource, in world: World) throws(Violation) {}
  mutating func foundEnvironment(_ news: EnvironmentNews, in world: World) throws(Violation) {}
  mutating func opened(
    _ log: Result<FoundHistory, RunError>, in world: World
  ) throws(Violation) {}
  mutating func found(_ events: [Event], in world: World) throws(Violation) {}
  mutating func tookOver(_ tail: LogTail, in world: World) throws(Violation) {}
  mutating func recovered(in world: World) throws(Violation) {}
  mutating func ended(
    _ events: [Event], _ state: RunState?, in world: World
  ) throws(Violation) {}
  mutating func settled(in world: World) throws(Violation) {}
}
