package import FlowCore
package import FlowLog
package import FlowRuntime
import FlowStorage

/// The checkers of a world, and what they share. The first violation counts: later ones may only
/// follow from it.
package final class Checkers: RunObserver {
  package private(set) var violation: Violation?
  private(set) var history = WitnessedHistory()
  private var checkers: [any Checker] = []
  /// Those of `checkers` that are told of waits.
  private var waitCheckers: [any WaitChecker] = []
  private unowned var world: World?

  /// Every checker, in the order in which they are told. Where one event violates several
  /// properties, the first checker in this list names the violation.
  private static func all(
    _ run: SimulatedRun, in world: World
  ) -> (checkers: [any Checker], ofWaits: [any WaitChecker]) {
    let shadow = ShadowRun()
    let log = DurableLog()
    let idle = IdleChecker(shadow, jobs: run.jobs)
    let stop = StopChecker(run.definition, shadow, run.items.first)
    let checkers: [any Checker] = [
      SingleChecker(),
      VerdictChecker(log),
      LaunchChecker(run.definition, jobs: run.jobs, without: run.unselected),
      EndChecker(
        run.definition, slackMicroseconds: world.slackMicroseconds, policy: world.options.rules),
      InterruptionChecker(run.definition, slackMicroseconds: world.slackMicroseconds),
      LedgerChecker(run.definition),
      RequestChecker(
        noticeMicroseconds: world.noticeMicroseconds, run.definition, run.items.first),
      idle,
      stop,
      PolicyChecker(run.definition, run.items.first),
      SelectionChecker(run.definition, without: run.unselected, run.items),
      TerminalChecker(run.definition, without: run.unselected),
      OutcomeChecker(run.definition, without: run.unselected, run.items.first),
      ConditionChecker(run.definition, without: run.unselected),
      FinallyChecker(run.definition, without: run.unselected),
      RollbackChecker(run.definition, without: run.unselected),
      NotifyChecker(run.definition, without: run.unselected),
      ForEachChecker(run.definition, without: run.unselected, run.items.first),
      FreshChecker(run.definition, without: run.unselected),
      EnvironmentChecker(run.definition),
      ValuesChecker(run.definition), OutputsChecker(run.definition),
      FilesChecker(run.definition), WorkChecker(run.definition),
      AnswersChecker(run.definition, without: run.unselected),
      SecretChecker(run),
      ReplayChecker(shadow),
      AppendChecker(world.storage, run.folder, log),
      LiveLogChecker(run),
      PrefixChecker(),
      ReadChecker(run),
      SegmentNameChecker(),
    ]
    assert(checkers.count { $0 is any WaitChecker } == 2, "every checker of waits is told of them")
    return (checkers, [idle, stop])
  }

  func begin(_ run: SimulatedRun, in world: World) {
    violation = nil
    history = WitnessedHistory()
    self.world = world
    (checkers, waitCheckers) = Self.all(run, in: world)
  }

  // MARK: Violations

  /// Something does not hold that the world sees by itself.
  func violated(_ property: Property, _ message: String) {
    note(Violation(property, message))
  }

  private func note(_ new: Violation) {
    if new.property.needsHonestDisk, world?.storage.hasBetrayed ?? false { return }
    if violation == nil { violation = new }
  }

  /// Calls a hook of all checkers.
  private func tell(_ hook: (any Checker, World) throws(Violation) -> Void) {
    guard let world else { return }
    world.visit {
      for checker in checkers {
        do throws(Violation) { try hook(checker, world) } catch { note(error) }
      }
    }
  }

  // MARK: While an engine lives

  package func tookOver(_ tail: LogTail) {
    tell { (checker, world) throws(Violation) in try checker.tookOver(tail, in: world) }
  }

  package func committed(_ events: [Event], _ state: RunState) {
    history.commits()
    tell { (checker, world) throws(Violation) in try checker.acknowledges(events, in: world) }
    learn(events)
    tell { (checker, world) throws(Violation) in
      try checker.committed(events, state, in: world)
    }
  }

  private func learn(_ events: [Event]) {
    world?.trace.note(events)
    for (index, event) in events.enumerated() {
      history.learns(event, isFirst: index == 0)
      world?.coverage.add(event.body.kind)
      world?.hear(event)
      tell { (checker, world) throws(Violation) in try checker.learned(event, in: world) }
    }
  }

  /// The engine has an attempt launched.
  func launches(_ request: LaunchRequest) {
    tell { (checker, world) throws(Violation) in try checker.launches(request, in: world) }
  }

  /// The engine starts a launcher.
  func startsLauncher(_ environment: RunEnvironment) {
    tell { (checker, world) throws(Violation) in
      try checker.startsLauncher(environment, in: world)
    }
  }

  /// The engine tells a monitor to end its attempt.
  func stops(_ attempt: AttemptID, force: Bool) {
    tell { (checker, world) throws(Violation) in
      try checker.stops(attempt, force: force, in: world)
    }
  }

  /// The engine is about to make names durable.
  func syncsNames() {
    tell { (checker, world) throws(Violation) in try checker.syncsNames(in: world) }
  }

  /// The engine waits, and at the latest wakes up at `deadline`.
  func waits(until deadline: Instant?) {
    guard let world, history.isRecovered, world.isEngineIdle else { return }
    let wait = EngineWait(
      deadline: deadline, said: world.visit { world.engineSaysItLacks })
    world.visit {
      for checker in waitCheckers {
        do throws(Violation) { try checker.waits(wait, in: world) } catch { note(error) }
      }
    }
  }

  /// The engine has decided that the run has ended.
  func decidesEnd() {
    tell { (checker, world) throws(Violation) in try checker.decidesEnd(in: world) }
  }

  /// The engine has died, or has stopped.
  ///
  /// - Parameter inFlight: the commit that it had begun; nil where that is unknown.
  func engineEnded(inFlight: [Event]?) {
    history.engineEnded(inFlight: inFlight)
    tell { (checker, world) throws(Violation) in try checker.engineEnded(in: world) }
  }

  /// A command was started, or could not be.
  ///
  /// - Parameter entry: index into the ledger.
  func commandStarted(_ entry: Int) {
    tell { (checker, world) throws(Violation) in try checker.commandStarted(entry, in: world) }
  }

  // MARK: Visitors

  /// A reader looks at the run.
  func read() {
    tell { (checker, world) throws(Violation) in try checker.read(in: world) }
  }

  /// A request to cancel was left in the run's folder, and the canceller was told so.
  func left(_ request: CancelRequest) {
    tell { (checker, world) throws(Violation) in try checker.left(request, in: world) }
  }

  /// Someone begins to leave an answer.
  func tries(_ filed: FiledAnswer) {
    tell { (checker, world) throws(Violation) in try checker.tries(filed, in: world) }
  }

  /// An answer was left in the run's folder, and its maker was told so.
  func left(_ filed: FiledAnswer) {
    tell { (checker, world) throws(Violation) in try checker.left(filed, in: world) }
  }

  /// Another engine was started on the run, beside the one that lives.
  func rivalDrove(_ result: RivalResult) {
    tell { (checker, world) throws(Violation) in try checker.rivalDrove(result, in: world) }
  }

  /// Another engine has tried to take over a run whose lock file is gone.
  func rivalTookOver(failure: String?) {
    tell { (checker, world) throws(Violation) in try checker.rivalTookOver(failure, in: world) }
  }

  // MARK: Recovery

  /// There is no run, and the engine creates it.
  func creates() {
    engineEnded(inFlight: nil)
    tell { (checker, world) throws(Violation) in try checker.creates(in: world) }
  }

  /// A new engine is about to resume the run.
  func resumes(from source: EnvironmentSource) {
    tell { (checker, world) throws(Violation) in try checker.resumes(from: source, in: world) }
  }

  package func foundEnvironment(_ news: EnvironmentNews) {
    tell { (checker, world) throws(Violation) in try checker.foundEnvironment(news, in: world) }
  }

  /// The log was read before a new engine recovers it.
  func opened(_ log: Result<FoundHistory, RunError>) {
    tell { (checker, world) throws(Violation) in try checker.opened(log, in: world) }
  }

  /// The log can be read, and holds these events. They are not durable yet.
  func found(_ events: [Event]) {
    history.found(events, isLogBetrayed: world?.storage.hasBetrayedLog ?? false)
    tell { (checker, world) throws(Violation) in try checker.found(events, in: world) }
  }

  /// Recovery is done: the events that it found are durable.
  func recovered(_ events: [Event]) {
    guard violation == nil, !history.isLost else { return }
    learn(Array(events.dropFirst(history.acknowledged.count)))
    history.recovered()
    tell { (checker, world) throws(Violation) in try checker.recovered(in: world) }
  }

  // MARK: The end

  /// The run has ended, and its user is told so.
  func ended(_ events: [Event], _ state: RunState?) {
    tell { (checker, world) throws(Violation) in try checker.ended(events, state, in: world) }
  }

  /// The run has ended, and all its processes have had the time to end, too.
  func settled() {
    tell { (checker, world) throws(Violation) in try checker.settled(in: world) }
  }
}
