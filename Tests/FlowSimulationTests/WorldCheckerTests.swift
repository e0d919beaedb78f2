import FlowCore
import FlowLog
import FlowStorage
import Testing

@testable import FlowRuntime
@testable import FlowSimulation

/// The checkers that look at the whole world: each finds its violation.
struct WorldCheckerTests {
  private let world = World(SimulationOptions(), choices: SeededChoices(seed: 1), trace: Trace())
  private let attempt = AttemptID(step: 0, number: 1)
  private var home: RunHome<SimulatedStorage> { RunHome("/home", in: world.storage) }

  private static let workflow = WorkflowDefinition(
    name: "one",
    steps: [StepDefinition(id: "s", command: .program(["w"]), needs: [], settingsIndex: 0)],
    settings: [StepSettings()])

  private func begin() throws -> Driver<World> {
    let run = NewRun(
      runID: "run", seed: 1, programVersion: "0", jobs: 1, definitionFolder: "/",
      definition: Self.workflow, graph: try DependencyGraph(Self.workflow.steps))
    world.begin(SimulatedRun(run.definition, run.created, in: home))
    var options = LogOptions()
    options.compression = .none
    let process = RunProcess(
      processID: world.processes.engineProcessID, host: world.host, logOptions: options,
      salts: SaltSource(seed: 1))
    return try Driver.create(
      run, definitionFile: [], by: process, home: home, world: world, observer: world.checkers)
  }

  private var fired: Property? { world.checkers.violation?.property }

  @Test func aMonitorThatIsToldToStopForNobodyFiresTarget() throws {
    _ = try begin()
    world.checkers.stops(attempt, force: false)
    #expect(fired == .target)
  }

  @Test func aMonitorThatIsWatchedForAnotherAttemptFiresTarget() throws {
    var driver = try begin()
    while world.ledger.running == 0 { _ = try driver.step() }
    let monitor = try #require(world.processes.monitors.first)
    let processID = world.processes.table[monitor.process].processID
    let process = try #require(world.processes.open(processID))
    world.processes.watch(process, for: AttemptID(step: 0, number: 2))
    #expect(fired == .target)
  }

  @Test func anEngineThatWaitsForEverFiresLive() {
    while !world.engine.isDead { world.time.wait(until: world.time.now().monotonic) }
    #expect(fired == .live)
    #expect(world.checkers.violation?.message == "the engine waits for ever")
  }

  @Test func newsEndsAWaitAndNotAPause() {
    world.arrange(.requestNotice(life: world.engine.life), afterMicroseconds: 0)
    let begin = world.time.now().monotonic
    let end = begin.advanced(byMicroseconds: 10_000)
    world.time.wait(until: end)
    #expect(world.hasNews)
    #expect(world.time.now().monotonic == begin)
    world.time.pause(until: end)
    #expect(world.time.now().monotonic == end)
    #expect(fired == nil)
  }

  @Test func aLauncherThatLivesOnFiresOrphans() throws {
    var driver = try begin()
    while try driver.step() == nil {}
    #expect(fired == nil)
    world.checkers.settled()
    #expect(fired == .orphans, "its engine has not ended, and so it has not")
  }

  @Test func afterTheEndOfTheEngineNobodyIsLeft() throws {
    var driver = try begin()
    while try driver.step() == nil {}
    try driver.finish()
    world.endRun()
    world.checkers.settled()
    #expect(fired == nil)
  }

  @Test func anEngineThatWaitsForNothingFiresLive() {
    world.time.wait(until: nil)
    #expect(fired == .live)
  }

  @Test func aSecondEngineThatIsNotKeptOutFiresSingle() throws {
    var driver = try begin()
    while world.ledger.running == 0 { _ = try driver.step() }
    world.startRival()
    #expect(fired == nil, "the lock keeps it out")
    // Between its look at the lock and its own, the lock is gone.
    world.storage.onLock = { [world] in
      world.storage.onLock = {}
      world.storage.closeAll()
    }
    world.startRival()
    #expect(fired == .single)
  }

  @Test func aWaitForRoomThatIsThereFiresSlots() throws {
    var driver = try begin()
    while world.ledger.running == 0 { _ = try driver.step() }
    while !driver.commitInFlight.isEmpty { _ = try driver.step() }
    world.storage.decide = { [storage = world.storage] _, needsSpace in
      needsSpace && storage.user == SimulatedStorage.engine ? .refused(.noSpace) : .done
    }
    let record = try HolderRecord.holder(of: home.folder(of: "run"), in: world.storage)
    guard case .engine(var holder?) = record else { throw RunError.noSuchRun("run", home: "") }
    holder.lacking = .space
    let lock = try world.storage.open(home.folder(of: "run").lock, .update)
    _ = try world.storage.write(holder.encoded().span, to: lock, at: 0)
    world.checkers.waits(until: nil)
    #expect(fired == .slots)
  }
}
