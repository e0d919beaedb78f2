import FlowCore
import FlowRuntime
import Testing

@testable import FlowSimulation

/// The lock file of a run at work is removed, and another engine takes the run over.
struct SingleCheckerTests {
  private let world = World(SimulationOptions(), choices: SeededChoices(seed: 1), trace: Trace())
  private var home: RunHome<SimulatedStorage> { RunHome("/home", in: world.storage) }
  private static let workflow = WorkflowDefinition(
    name: "chain",
    steps: (0..<4).map {
      StepDefinition(
        id: "s\($0)", command: .program(["w"]), needs: $0 == 0 ? [] : [Int32($0 - 1)],
        settingsIndex: 0)
    }, settings: [StepSettings()])

  /// An engine some way into its run.
  private func start() throws -> Driver<World> {
    let run = NewRun(
      runID: "run", seed: 1, programVersion: "0", jobs: 2, definitionFolder: "/",
      definition: Self.workflow, graph: try DependencyGraph(Self.workflow.steps))
    world.begin(SimulatedRun(run.definition, run.created, in: home))
    var driver = try Driver.create(
      run, definitionFile: [],
      by: RunProcess(
        processID: world.processes.engineProcessID, host: world.host,
        salts: SaltSource(seed: 1)),
      home: home, world: world, observer: world.checkers)
    while world.checkers.history.acknowledged.count < 10 { _ = try driver.step() }
    return driver
  }

  @Test func anEngineWhoseLockFileIsGoneStopsBeforeItSaysMore() throws {
    var driver = try start()
    #expect(world.removeLock())
    #expect(!world.removeLock())
    let before = world.checkers.history.acknowledged
    #expect(throws: RunError.self) { while try driver.step() == nil {} }
    #expect(world.checkers.history.acknowledged == before)
    #expect(world.checkers.violation == nil)
  }

  @Test func anEngineWhoseRunIsTakenStops() throws {
    var driver = try start()
    #expect(!world.takeRun(), "the lock keeps others out")
    #expect(world.removeLock())
    #expect(world.takeRun())
    #expect(!world.takeRun(), "it was taken already")
    #expect(throws: RunError.self) { while try driver.step() == nil {} }
    #expect(world.checkers.violation == nil)
  }

  /// As if the engine had not looked whether the lock file is still its own.
  @Test func anEngineThatGoesOnFires() throws {
    do {
      let driver = try start()
      #expect(world.removeLock())
      #expect(world.takeRun())
      var next = try #require(world.checkers.history.acknowledged.last)
      next.sequence += 1
      next.body = .cancelRequested(CancelRequest(id: 1, force: false))
      world.checkers.committed([next], driver.state)
    }
    #expect(world.checkers.violation?.property == .single)
  }

  @Test func aSecondEngineIsRefusedBesideTheFirst() throws {
    do {
      let driver = try start()
      world.startRival()
      #expect(driver.state.created.runID == "run")
    }
    #expect(world.checkers.violation == nil)
  }

  @Test(arguments: [5, 60])
  func worldsWithCleanersHold(perMille: Int) throws {
    let recipe = try WorldRecipe([
      .init("cleanerPerMille", "\(perMille)"), .init("unkillablePerMille", "0"),
    ])
    var coverage = Coverage()
    for seed in 1...100 as ClosedRange<UInt64> {
      let report = recipe.run(seed: seed)
      #expect(report.violation == nil, "seed \(seed)")
      coverage.add(report.coverage)
    }
    #expect(coverage.count(.lockFileRemoved) > 0 && coverage.count(.runTakenOver) > 0)
  }
}
