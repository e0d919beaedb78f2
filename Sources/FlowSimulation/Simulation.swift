package import FlowCore
import FlowLog
import FlowRuntime
import FlowStorage

/// One world, from the seed to the end of the run.
package struct Simulation {
  package struct Report: Equatable, Sendable {
    package let seed: UInt64
    package let options: SimulationOptions
    package let violation: Violation?
    package let outcome: RunOutcome?
    /// Whether a hostile disk has lost history, which was noticed, and ended the world.
    package var isLost = false
    /// Equal worlds have the same.
    package let traceHash: UInt64
    package let events: Int
    package let launches: Int
    package let lives: Int
    package let simulatedMicroseconds: Int64
    package let coverage: Coverage
  }

  private let seed: UInt64
  let world: World
  private let home: RunHome<SimulatedStorage>
  private let run: NewRun
  private(set) var outcome: RunOutcome?
  /// When the run ended.
  private(set) var endedAt: WorldTime?
  /// A hostile disk has lost history, and that was noticed: nothing more can be asked of this
  /// world.
  private var isLost = false
  /// A hostile disk has lost the run's environment, and the user is told how to replace it.
  private var isEnvironmentLost = false
  /// How many more rounds the run gets after it has ended.
  private var reopenings: Int
  /// Whether the next engine begins another round.
  private var shouldReopen = false

  /// After this many turns of the driver in one life, the engine counts as busy for ever.
  private static let maxTurns = 100_000
  /// Faults stop after this many lives.
  private static let maxLives = 12

  package static func run(seed: UInt64, trace: Trace = Trace()) -> Report {
    let choices = SeededChoices(seed: seed)
    return run(seed: seed, .draw(from: choices), choices, trace)
  }

  /// - Parameter workflow: what to run, on so many slots; nil to have it drawn.
  package static func run(
    seed: UInt64, _ options: SimulationOptions, _ choices: any ChoiceSource,
    _ trace: Trace = Trace(), workflow: (WorkflowDefinition, jobs: Int32)? = nil
  ) -> Report {
    var simulation = Simulation(seed: seed, options, choices, trace, workflow)
    simulation.live()
    return simulation.report
  }

  init(
    seed: UInt64, _ options: SimulationOptions, _ choices: any ChoiceSource, _ trace: Trace,
    _ workflow: (WorkflowDefinition, jobs: Int32)?
  ) {
    self.seed = seed
    let world = World(options, choices: choices, trace: trace)
    self.world = world
    home = RunHome("/home", in: world.storage)
    let (definition, jobs) = workflow ?? RandomWorkflow.draw(from: choices, options)
    reopenings = choices.choose(.rounds, below: options.maxReopenings + 1)
    trace.use(definition.withPossibleChildren) { [unowned world] in
      Instant(microseconds: world.now.microseconds)
    }
    let graph: DependencyGraph
    do throws(DependencyCycle) {
      graph = try definition.graph()
    } catch {
      preconditionFailure("a drawn workflow has a cycle: \(error.steps)")
    }
    let unselected = RandomSelection.draw(from: choices, options, definition, graph)
    let items = RandomForEach.selection(
      of: definition, without: unselected, from: choices, options)
    run = NewRun(
      runID: "run", seed: seed, policy: options.rules, programVersion: "simulated", jobs: jobs,
      definitionFolder: "/", definition: definition, graph: graph,
      parameters: RandomWorkflow.values(seed: seed, definition),
      unselected: unselected, items: items,
      previousOutcome: RandomNotices.previousOutcome(definition, from: choices),
      syncsWork: options.rules != .first
        && choices.happens(.workSyncs, perMille: options.workSyncPercent * 10))
    world.begin(SimulatedRun(definition, without: unselected, items: items, run.created, in: home))
  }

  var report: Report {
    Report(
      seed: seed, options: world.options, violation: world.checkers.violation, outcome: outcome,
      isLost: isLost,
      traceHash: world.trace.hash, events: world.trace.eventCount,
      launches: world.ledger.entries.count(where: \.isStarted), lives: world.engine.life,
      simulatedMicroseconds: world.now.microseconds,
      coverage: world.coverage)
  }

  private var process: RunProcess {
    var options = LogOptions()
    if !world.options.isDeflated { options.compression = .none }
    options.rotationBytes = Int64(world.options.rotationBytes)
    options.reservationBytes = world.options.fullDisks > 0 ? 256 : 1_024
    return RunProcess(
      processID: world.processes.engineProcessID, host: world.host, logOptions: options,
      salts: SaltSource(seed: SplitMix64.hash(seed, UInt64(world.engine.life))))
  }

  // MARK: Lives

  mutating func live() {
    while outcome == nil && !isLost && world.checkers.violation == nil {
      if world.engine.life == Self.maxLives { world.heal() }
      // One engine may be refused; the next is started where the attempts run.
      if world.engine.life > Self.maxLives + 2 {
        world.checkers.violated(.live, "the run does not end in a world without faults")
        return
      }
      do throws(RunError) {
        try liveOnce()
      } catch {
        stopped(error)
      }
      if outcome == nil && !isLost && world.checkers.violation == nil { world.restart() }
    }
  }

  /// A fault of the disk stops the engine, which is right; nothing else may.
  private mutating func stopped(_ error: RunError) {
    if world.engine.isDead { return }
    world.trace.tell(.world) { "the engine stops: \(error)" }
    if world.storage.hasBetrayedLog, error.saysThatHistoryIsWrong {
      isLost = true
      return
    }
    if world.isLockGone { return }
    if case .environmentIsUnreadable = error, world.storage.hasBetrayed {
      isEnvironmentLost = true
      return
    }
    if case .runsElsewhere = error { return world.returnToAttempts() }
    // The next engine is started by another caller.
    if case .secrets = error, world.lacksSecret { return }
    switch error.storageFailure?.errno {
    // The world's own faults.
    case .inputOutput, .noSpace, .tooManyOpenFiles: return
    case nil: world.checkers.violated(.prefix, "the engine stops: \(error)")
    default:
      world.checkers.violated(.live, "the engine stops without a fault of the disk: \(error)")
    }
  }

  /// An engine at work waits for space. It stops only where an operation was refused for which it
  /// had reserved some.
  private func checkEnd(at error: RunError) {
    guard !world.engine.isDead, let failure = error.storageFailure, failure.errno.isOutOfSpace
    else { return }
    switch failure.operation {
    case .reserve, .create: world.checkers.violated(.live, "the engine does not wait: \(failure)")
    case .makeDirectory, .rename, .remove, .list, .syncDirectory, .inspect, .open, .read, .write,
      .sync, .lock, .close:
      break
    }
  }

  /// One life of the engine: until the run ends, or the engine dies or stops.
  private mutating func liveOnce() throws(RunError) {
    guard var driver = try begin() else { return }
    var ended: RunOutcome?
    var turns = 0
    while ended == nil, turns < Self.maxTurns {
      turns += 1
      do throws(RunError) {
        ended = try driver.step()
        if driver.isFinished { world.checkers.decidesEnd() }
      } catch {
        if driver.isFinished { world.checkers.decidesEnd() }
        world.checkers.engineEnded(inFlight: driver.commitInFlight)
        checkEnd(at: error)
        throw error
      }
      if world.engine.isDead || world.checkers.violation != nil {
        world.checkers.engineEnded(inFlight: driver.commitInFlight)
        return
      }
    }
    guard let ended else {
      world.checkers.violated(.live, "the engine is busy for ever")
      return
    }
    let state = driver.state
    do throws(RunError) { try driver.finish() } catch {
      world.checkers.engineEnded(inFlight: [])
      throw error
    }
    world.checkers.engineEnded(inFlight: [])
    // In what it does last, whose failure is of no consequence.
    if world.engine.isDead { return }
    try end(as: ended, state)
  }

  /// The run's engine, at work; nil if the history says that the run has ended.
  private mutating func begin() throws(RunError) -> Driver<World>? {
    guard try home.contains(run.created.runID) else {
      if !world.checkers.history.acknowledged.isEmpty {
        world.checkers.violated(.prefix, "a run whose creation was acknowledged is gone")
        return nil
      }
      world.checkers.creates()
      return try Driver.create(
        run, definitionFile: [0x7b, 0x7d], files: world.variables(of: run.definition), by: process,
        home: home, world: world, observer: world.checkers)
    }
    let reading = read()
    world.checkers.opened(reading)
    let found = try reading.get().events
    world.checkers.found(found)
    if world.checkers.violation != nil { return nil }
    shouldReopen = beginsRound(found)
    let reopening = shouldReopen ? drawReopening(found) : nil
    let source = drawEnvironment()
    world.checkers.resumes(from: source)
    let driver = try Driver.resume(
      run.created.runID, reopening: reopening, environment: source,
      files: { [world] (state) throws(RunError) in world.variables(of: state.definition) },
      by: process, home: home, world: world, observer: world.checkers)
    if world.engine.isDead { return nil }
    if world.checkers.history.isLost {
      isLost = true
      return nil
    }
    world.checkers.recovered(found)
    isEnvironmentLost = false
    if shouldReopen {
      shouldReopen = false
      reopenings -= 1
    }
    if driver == nil, case .runFinished(let outcome)? = found.last?.body {
      world.checkers.engineEnded(inFlight: [])
      try end(as: outcome, nil)
    }
    return driver
  }

  /// Whether the run gets the environment of the new engine.
  private func drawEnvironment() -> EnvironmentSource {
    if isEnvironmentLost { return .caller }
    let percent = world.options.environmentPercent
    guard !world.isHealed, world.choices.happens(.environment, perMille: percent * 10)
    else { return .run }
    return .caller
  }

  /// Everything that can be read, durable or not.
  private func read() -> Result<FoundHistory, RunError> {
    world.visit { FoundHistory.read(home.folder(of: run.created.runID), in: world.storage) }
  }

  /// The run has ended, for this round or for good.
  private mutating func end(as outcome: RunOutcome, _ state: RunState?) throws(RunError) {
    let events = try read().get().events
    world.checkers.ended(events, state)
    if reopenings > 0, !world.isHealed, canReopen(events) {
      shouldReopen = true
      return
    }
    self.outcome = outcome
    endedAt = world.now
    world.endRun()
    world.checkers.settled()
  }

  // MARK: Rounds

  /// Whether the new engine begins another round. The one before may have died when the run had
  /// ended but before it could say so, or on the way to the next round.
  private func beginsRound(_ found: [Event]) -> Bool {
    guard reopenings > 0, !world.isHealed, canReopen(found) else { return false }
    return shouldReopen || world.choices.happens(.rounds, perMille: 500)
  }

  /// A run can be reopened if its end is in the log. What is only in the page cache may be gone
  /// after the next power loss, and the end with it.
  private func canReopen(_ events: [Event]) -> Bool {
    guard case .runFinished? = events.last?.body else { return false }
    return world.options.rerunPercent > 0 || replay(events)?.canReopen == true
  }

  /// What runs again in the round that the new engine begins; nil if nothing does.
  private func drawReopening(_ found: [Event]) -> Reopening? {
    replay(found).flatMap {
      RandomSelection.reopening(from: world.choices, world.options, $0)
    }
  }

  private func replay(_ events: [Event]) -> RunState? {
    var replay = Replay()
    do throws(HistoryError) {
      for event in events { try replay.apply(event) }
    } catch {
      world.checkers.violated(.replay, "the log of the finished run says the impossible: \(error)")
    }
    return replay.state
  }
}

extension RunError {
  /// Whether it says that history is missing or not what it was.
  fileprivate var saysThatHistoryIsWrong: Bool {
    switch self {
    case .log(let error):
      switch error.reason {
      case .empty, .damaged, .newer: true
      case .storage, .writerFailed: false
      }
    case .historyIsShort, .historyIsMissing: true
    default: false
    }
  }
}
