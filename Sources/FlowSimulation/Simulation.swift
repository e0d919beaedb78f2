package import FlowCore
import FlowLog
import FlowRuntime

/// One world, from the seed to the end of the run.
package struct Simulation {
  package struct Report: Equatable, Sendable {
    package let seed: UInt64
    package let options: SimulationOptions
    package let violation: Violation?
    package let outcome: RunOutcome?
    /// Two equal worlds have the same.
    package let traceHash: UInt64
    package let events: Int
    package let launches: Int
    package let lives: Int
    package let simulatedMicroseconds: Int64
  }

  private let seed: UInt64
  private let world: World
  private let home: RunHome<SimulatedStorage>
  private let definition: WorkflowDefinition
  private let created: RunCreated
  private let graph: DependencyGraph
  private let startedAt: Instant
  private var outcome: RunOutcome?
  /// The commit that the last engine had begun; nil where it is not known.
  private var inFlight: [Event]?

  /// Beyond this many turns of the driver in one life a run is taken not to end.
  private static let maxTurns = 100_000
  /// Faults stop after so many lives.
  private static let maxLives = 12

  package static func run(seed: UInt64, trace: Trace = Trace()) -> Report {
    let choices = SeededChoices(seed: seed)
    return run(seed: seed, .draw(from: choices), choices, trace)
  }

  package static func run(
    seed: UInt64, _ options: SimulationOptions, _ choices: any ChoiceSource, _ trace: Trace
  ) -> Report {
    var simulation = Simulation(seed: seed, options, choices, trace)
    simulation.live()
    return simulation.report
  }

  private init(
    seed: UInt64, _ options: SimulationOptions, _ choices: any ChoiceSource, _ trace: Trace
  ) {
    self.seed = seed
    let world = World(options, choices: choices, trace: trace)
    self.world = world
    trace.use(clock: { [unowned world] in world.monotonicNow })
    home = RunHome("/home", in: world.storage)
    let (definition, jobs) = RandomWorkflow.draw(from: choices, options)
    self.definition = definition
    do throws(DependencyCycle) {
      graph = try DependencyGraph(definition.steps)
    } catch {
      preconditionFailure("a drawn workflow has a cycle: \(error.steps)")
    }
    created = RunCreated(
      runID: "run", seed: seed, policyVersion: Decider.policyVersion, programVersion: "simulated",
      jobs: jobs, definitionFolder: "/", definitionByteCount: 0)
    startedAt = world.monotonicNow
    world.oracles.begin(world, definition, jobs: Int(jobs))
  }

  private var report: Report {
    Report(
      seed: seed, options: world.options, violation: world.oracles.violation, outcome: outcome,
      traceHash: world.trace.hash, events: world.trace.eventCount,
      launches: world.ledger.entries.count, lives: world.life,
      simulatedMicroseconds: world.monotonicNow.microseconds - startedAt.microseconds)
  }

  private var process: RunProcess {
    var options = LogOptions()
    // Neither deflate nor a reservation's size may change what a seed does.
    options.compression = .none
    options.rotationBytes = Int64(world.options.rotationBytes)
    options.reservationBytes = 1_024
    return RunProcess(
      processID: Int32(world.life), bootID: "boot \(world.life)", logOptions: options,
      salts: SaltSource(seed: SplitMix64.hash(seed, UInt64(world.life))))
  }

  // MARK: Lives

  private mutating func live() {
    while outcome == nil && world.oracles.violation == nil {
      if world.life == Self.maxLives { world.heal() }
      if world.life > Self.maxLives + 1 {
        world.oracles.violated(.live, "the run does not end in a world without faults")
        return
      }
      do throws(RunError) {
        try liveOnce()
      } catch {
        stopped(error)
      }
      if outcome == nil { world.restart() }
    }
  }

  /// A storage that failed stops the engine, which is right; anything else is not.
  private func stopped(_ error: RunError) {
    if error.storageFailure == nil && !world.isEngineDead {
      world.oracles.violated(.prefix, "recovery fails: \(error)")
    }
  }

  /// One life of the engine: until the run ends, or the engine dies or stops.
  private mutating func liveOnce() throws(RunError) {
    guard var driver = try begin() else { return }
    var ended: RunOutcome?
    for _ in 0..<Self.maxTurns where ended == nil {
      do throws(RunError) {
        ended = try driver.step()
      } catch {
        inFlight = driver.commitInFlight
        throw error
      }
      inFlight = driver.commitInFlight
      if world.isEngineDead || world.oracles.violation != nil { return }
    }
    guard let ended else {
      world.oracles.violated(.live, "the engine is busy for ever")
      return
    }
    let state = driver.state
    try driver.finish()
    outcome = ended
    judge(state)
  }

  /// The run's engine, at work; nil if the history says that the run has ended.
  private mutating func begin() throws(RunError) -> Driver<World>? {
    let folder = home.folder(of: created.runID)
    guard try home.contains(created.runID) else {
      inFlight = nil
      return try Driver.create(
        NewRun(
          created: created, definition: definition, graph: graph, definitionFile: [0x7b, 0x7d]),
        by: process, home: home, world: world, observer: world.oracles)
    }
    world.oracles.recovered(try history(of: folder), inFlight: inFlight)
    if world.oracles.violation != nil { return nil }
    let driver = try Driver.resume(
      created.runID, by: process, home: home, world: world, observer: world.oracles)
    if driver == nil, case .runFinished(let end)? = world.oracles.acknowledged.last?.body {
      outcome = end
    }
    return driver
  }

  private func history(of folder: RunFolder) throws(RunError) -> [Event] {
    var reader = try HistoryReader(folder, in: world.storage, .recovering)
    var events: [Event] = []
    while let event = try reader.next() { events.append(event) }
    return events
  }

  // MARK: The end

  private func judge(_ live: RunState) {
    let oracles = world.oracles
    oracles.hold { () throws(Violation) in
      try LedgerOracle.check(world.ledger, definition)
      let events: [Event]
      do throws(RunError) {
        events = try history(of: home.folder(of: created.runID))
      } catch {
        throw Violation(.replay, "the log of the finished run cannot be read: \(error)")
      }
      guard events == oracles.acknowledged else {
        throw Violation(.replay, "the log of the finished run is not what was acknowledged")
      }
      try ReplayOracle.check(events, live)
    }
  }
}
