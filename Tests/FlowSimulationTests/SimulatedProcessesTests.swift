import CMonitor
import FlowCore
import FlowRuntime
import FlowStorage
import Testing

@testable import FlowSimulation

/// What launchers, monitors and commands of the simulated machine do by themselves.
struct SimulatedProcessesTests {
  /// A machine with an engine, a launcher, and one attempt with a command that a test defines.
  private final class Machine {
    let world: World
    var messages: [ProcessMessage] = []
    let attempt = AttemptID(step: 0, number: 1)
    var request: LaunchRequest

    init(_ behaviour: [ChoiceSite: [Int]] = [:], _ options: SimulationOptions = .init()) throws {
      world = World(options, choices: ScriptedChoices(behaviour), trace: Trace())
      request = LaunchRequest(
        attempt: attempt, intent: 1, arguments: ["w"], environment: [],
        workingDirectory: "/", outputPath: "/0@1.out", recordPath: "/0@1.rec",
        settings: StepSettings(
          timeoutMilliseconds: 1_000, killGraceMilliseconds: 100, maxOutputBytes: 1))
      try startLauncher()
    }

    @discardableResult
    func startLauncher() throws -> Int32 {
      let path = "/launcher"
      let isThere = try world.storage.attributes(of: path) != nil
      let lock = try world.storage.open(path, isThere ? .update : .create)
      #expect(try world.storage.tryLock(lock))
      let processID = try world.processes.startLauncher(holding: lock, world.callerEnvironment)
      try world.storage.close(lock)
      return processID
    }

    func launch() { world.processes.send(request) }

    func pass(milliseconds: Int64) {
      world.pass(until: world.now.advanced(byMilliseconds: milliseconds))
      while let message = world.processes.nextMessage() { messages.append(message) }
    }

    var record: AttemptRecord { .decode(world.storage.bytes(at: request.recordPath) ?? []) }

    func isLocked(_ path: String) throws -> Bool {
      let file = try world.storage.open(path, .read)
      defer { try? world.storage.close(file) }
      return try world.storage.isLockedByAnother(file)
    }

    /// The monitor, as the record names it.
    func signal(_ signal: ProcessSignal) throws {
      let processID = try #require(record.start?.monitorID)
      let monitor = try #require(world.processes.open(processID))
      #expect(world.processes.startTime(of: monitor) == record.start?.monitorStart)
      world.processes.signal(monitor, signal)
    }

    var end: AttemptEnd? {
      for case .ended(_, let end) in messages { return end }
      return nil
    }

    var entry: Ledger.Entry { world.ledger.entries[0] }
  }

  private static let hangs: [ChoiceSite: [Int]] = [.commandHang: [1]]

  private static func options(_ change: (inout SimulationOptions) -> Void) -> SimulationOptions {
    var options = SimulationOptions()
    options.hangPercent = 50
    options.stubbornPercent = 50
    options.descendantPercent = 50
    options.selfStopPercent = 50
    options.unkillablePerMille = 500
    change(&options)
    return options
  }

  private static let all = options { _ in }

  @Test func anAttemptIsToldFromItsStartToItsEnd() throws {
    let machine = try Machine()
    machine.launch()
    machine.pass(milliseconds: 1)
    let command = try #require(machine.record.command)
    #expect(
      machine.messages == [
        .launched(
          machine.attempt, processID: command.processID,
          monitorID: try #require(machine.record.start?.monitorID)),
        .ended(machine.attempt, try #require(machine.record.end)), .monitorGone(machine.attempt),
      ])
    #expect(machine.record.end?.result == .exited(code: 0))
    #expect(machine.record.start?.host == HostMark(machine.world.host))
    #expect(try !machine.isLocked(machine.request.recordPath))
    #expect(machine.entry.result == .exited(code: 0))
    #expect(try machine.isLocked("/launcher"))
  }

  @Test func anAttemptOutlivesItsEngineAndTheLauncherWaitsForIt() throws {
    let machine = try Machine(Self.hangs, Self.all)
    machine.launch()
    machine.pass(milliseconds: 10)
    machine.world.replaceEngine()
    machine.messages = []
    machine.pass(milliseconds: 900)
    // It releases its lock, and forks nothing more.
    #expect(try !machine.isLocked("/launcher"))
    #expect(try machine.isLocked(machine.request.recordPath))
    #expect(machine.entry.commandRuns)
    machine.pass(milliseconds: 90)
    #expect(machine.record.end?.cause == .deadline)
    #expect(machine.record.end?.result == .signalled(signal: 15))
    #expect(machine.messages == [])
    #expect(!machine.world.processes.hasKeepers)
  }

  @Test func aRequestThatReachesALauncherWithoutEngineIsDropped() throws {
    let machine = try Machine(
      [.processLatency: [10]], Self.options { $0.processLatencyMicroseconds = 100 })
    machine.launch()
    machine.world.replaceEngine()
    machine.pass(milliseconds: 1)
    #expect(machine.world.ledger.entries.isEmpty)
    #expect(try !machine.isLocked("/launcher"))
    #expect(!machine.world.processes.hasKeepers)
  }

  @Test(arguments: [false, true])
  func aCommandThatIgnoresTheStopIsKilledAfterItsGrace(stubborn: Bool) throws {
    let machine = try Machine(
      [.commandHang: [1], .commandStubbornness: [stubborn ? 1 : 0]], Self.all)
    machine.launch()
    machine.pass(milliseconds: 10)
    try machine.signal(.stop)
    machine.pass(milliseconds: 1)
    #expect(machine.entry.commandRuns == stubborn)
    machine.pass(milliseconds: 100)
    #expect(machine.end?.cause == .stop)
    #expect(machine.end?.result == .signalled(signal: stubborn ? 9 : 15))
  }

  @Test func forceLeavesNoGrace() throws {
    let machine = try Machine([.commandHang: [1], .commandStubbornness: [1]], Self.all)
    machine.launch()
    machine.pass(milliseconds: 10)
    try machine.signal(.force)
    machine.pass(milliseconds: 1)
    #expect(machine.end?.cause == .force)
    #expect(machine.end?.result == .signalled(signal: 9))
  }

  /// A stop continues it.
  @Test(arguments: [ProcessSignal.stop, .force])
  func aStoppedMonitorActsOnAStop(signal: ProcessSignal) throws {
    let machine = try Machine([.commandHang: [1]], Self.all)
    machine.launch()
    machine.pass(milliseconds: 10)
    let processes = machine.world.processes
    let monitor = try #require(processes.monitors.first)
    processes.stop(monitor, frozen: false, forMicroseconds: 60_000_000)
    machine.pass(milliseconds: 2_000)
    #expect(machine.entry.commandRuns, "it enforces no deadline")
    try machine.signal(signal)
    machine.pass(milliseconds: 1)
    #expect(machine.end?.cause == (signal == .stop ? .stop : .force))
  }

  @Test func aFrozenMonitorTakesNoSignalAndCanBeKilled() throws {
    let machine = try Machine([.commandHang: [1]], Self.all)
    machine.launch()
    machine.pass(milliseconds: 10)
    let processes = machine.world.processes
    let monitor = try #require(processes.monitors.first)
    let handle = try #require(processes.open(processes.table[monitor.process].processID))
    processes.stop(monitor, frozen: true, forMicroseconds: 60_000_000)
    #expect(!processes.isPending(.force, in: handle))
    try machine.signal(.force)
    machine.pass(milliseconds: 2_000)
    #expect(processes.isPending(.force, in: handle) && machine.entry.commandRuns)
    processes.signal(handle, .kill)
    #expect(!monitor.isLiving && machine.world.checkers.violation == nil)
  }

  /// A stopped process takes no SIGTERM before SIGCONT.
  @Test func aStoppedCommandCanBeTerminated() throws {
    let machine = try Machine([.selfStop: [1]], Self.all)
    machine.launch()
    machine.pass(milliseconds: 1_001)
    #expect(machine.end?.cause == .deadline)
    #expect(machine.end?.result == .signalled(signal: 15))
  }

  /// As if no signal had continued it.
  @Test func aKillOfWhatHasNotHeardItsTerminationFiresGrace() throws {
    let machine = try Machine([.selfStop: [1]], Self.all)
    machine.launch()
    machine.pass(milliseconds: 500)
    let processes = machine.world.processes
    let command = try #require(processes.monitors.first?.command)
    processes.checkGrace(of: command)
    #expect(machine.world.checkers.violation == nil, "it was not told to end")
    processes.deliver(.terminate, to: command)
    #expect(machine.entry.commandRuns)
    processes.checkGrace(of: command)
    #expect(machine.world.checkers.violation == nil, "the system told it, and not its monitor")
    processes.table[command].hadTermination = true
    processes.checkGrace(of: command)
    #expect(machine.world.checkers.violation?.property == .grace)
  }

  /// The group heard the stop with the command; what left it hears its own when the command has
  /// ended.
  @Test func eachProcessHearsAStopOnce() throws {
    var behaviour: [ChoiceSite: [Int]] = [.commandHang: [1]]
    // Two: at once, for ever; not nested, ignoring SIGTERM; one in the group, and one in its own.
    behaviour[.descendants] = [1, 1, 0, 4, 0, 0, 1, 0, 4, 0, 1, 1]
    let machine = try Machine(behaviour, Self.all)
    machine.launch()
    machine.pass(milliseconds: 10)
    let processes = machine.world.processes
    let descendants = processes.table.present.filter { processes.table[$0].role == .descendant }
    #expect(descendants.count == 2)
    try machine.signal(.stop)
    machine.pass(milliseconds: 1)
    #expect(descendants.map { processes.table[$0].hadTermination } == [true, true])
    #expect(machine.entry.living == 2 && !machine.entry.commandRuns)
    #expect(machine.world.checkers.violation == nil)
    // As if the monitor did not know whom it has told.
    let monitor = try #require(processes.monitors.first)
    monitor.terminated = []
    processes.perform(FLOW_MONITOR_TERMINATE_CHILDREN, monitor)
    #expect(machine.world.checkers.violation?.property == .once)
  }

  /// It has a group of its own and ignores SIGTERM; its parent is gone.
  private static let straggler: [ChoiceSite: [Int]] = [
    // There are some, one; at once, for ever; not nested, in its own group, ignoring SIGTERM.
    .descendants: [1, 0, 0, 4, 0, 1, 1], .commandDuration: [1],
  ]

  @Test func whatACommandLeavesIsKilledBeforeItsEndIsNoted() throws {
    let machine = try Machine(Self.straggler, Self.all)
    machine.launch()
    machine.pass(milliseconds: 50)
    #expect(!machine.entry.commandRuns)
    #expect(machine.entry.living == 1)
    #expect(machine.end == nil)
    machine.pass(milliseconds: 100)
    #expect(machine.entry.living == 0)
    #expect(machine.end?.stragglers == 1)
    #expect(machine.end?.result == .exited(code: 0))
  }

  @Test func theNumberOfAReapedCommandMayBeAStrangers() throws {
    let machine = try Machine(Self.straggler, Self.options { $0.reusePercent = 100 })
    machine.launch()
    machine.pass(milliseconds: 50)
    let processes = machine.world.processes
    let command = try #require(machine.record.command?.processID)
    let stranger = try #require(processes.table.find(command))
    #expect(processes.table[stranger].role == .stranger)
    #expect(processes.table[stranger].group == command)
    machine.pass(milliseconds: 100)
    #expect(machine.end?.stragglers == 1)
    #expect(machine.world.checkers.violation == nil, "only the remains were signalled")
    #expect(processes.table.isLiving(stranger))
    processes.perform(FLOW_MONITOR_TERMINATE_GROUP, processes.monitors[0])
    #expect(machine.world.checkers.violation?.property == .target)
  }

  /// The id of a group is not given to a process while the group has members.
  @Test func theNumberOfAGroupIsNobodyElses() throws {
    var behaviour = Self.straggler
    behaviour[.descendants] = [1, 0, 0, 4, 0, 0, 1]
    let machine = try Machine(behaviour, Self.options { $0.reusePercent = 100 })
    machine.launch()
    machine.pass(milliseconds: 50)
    #expect(machine.entry.living == 1 && !machine.entry.commandRuns)
    let command = try #require(machine.record.command?.processID)
    #expect(machine.world.processes.table.find(command) == nil)
  }

  @Test func whatACommandLeavesMayStay() throws {
    let machine = try Machine(Self.straggler, Self.all)
    machine.request.settings.stragglers = .keep
    machine.launch()
    machine.pass(milliseconds: 500)
    #expect(machine.entry.living == 1)
    #expect(machine.end?.stragglers == 0)
    #expect(try !machine.isLocked(machine.request.recordPath))
  }

  @Test func whatCannotBeKilledIsNamed() throws {
    let machine = try Machine([.commandHang: [1], .unkillable: [1]], Self.all)
    machine.launch()
    machine.pass(milliseconds: 31_000)
    #expect(machine.end == nil)
    machine.pass(milliseconds: 200)
    #expect(machine.end?.unkillable == 1)
    #expect(machine.entry.unkillable == 1)
  }

  @Test func whatAKilledMonitorLeavesIsFound() throws {
    let machine = try Machine(Self.hangs, Self.all)
    machine.launch()
    machine.pass(milliseconds: 10)
    let monitor = machine.world.processes.monitors[0]
    machine.world.processes.kill(monitor.process)
    machine.pass(milliseconds: 2_000)
    #expect(machine.messages.last == .monitorGone(machine.attempt))
    #expect(machine.entry.commandRuns)
    #expect(try !machine.isLocked(machine.request.recordPath))
    let remains = machine.world.processes.killOrphans(of: machine.request)
    #expect(remains == (1, 0))
    #expect(machine.entry.living == 0)
    #expect(machine.world.processes.killOrphans(of: machine.request) == (0, 0))
  }

  @Test func aMonitorGoesOnWithoutItsLauncherAndCanBeWatched() throws {
    let machine = try Machine(Self.hangs, Self.all)
    machine.launch()
    machine.pass(milliseconds: 10)
    let launcher = machine.world.processes.launchers[0]
    machine.world.processes.kill(launcher.process)
    machine.pass(milliseconds: 1)
    #expect(machine.messages.last == .launcherGone)
    #expect(try !machine.isLocked("/launcher"))
    let processID = try #require(machine.record.start?.monitorID)
    let monitor = try #require(machine.world.processes.open(processID))
    machine.world.processes.watch(monitor, for: machine.attempt)
    machine.pass(milliseconds: 2_000)
    #expect(machine.messages.last == .watchedGone(machine.attempt))
    #expect(machine.record.end?.cause == .deadline)
  }

  @Test func nothingSurvivesAPowerLoss() throws {
    let machine = try Machine(Self.hangs, Self.all)
    machine.launch()
    machine.pass(milliseconds: 10)
    let before = machine.world.monotonicNow
    machine.world.replaceEngine(losingPower: true)
    #expect(machine.entry.lostPower && machine.entry.living == 0)
    #expect(!machine.world.processes.hasKeepers)
    #expect(machine.world.monotonicNow < before.advanced(byMilliseconds: 1_000))
    #expect(machine.world.host.bootID == "boot 2")
    try machine.startLauncher()
    machine.pass(milliseconds: 2_000)
    #expect(machine.messages.count == 1, "the launch, and nothing after")
  }

  @Test func theRecordOfAnAttemptThatFindsNoRoomIsGone() throws {
    let machine = try Machine()
    let storage = machine.world.storage
    storage.decide = { operation, _ in operation == .reserve ? .refused(.noSpace) : .done }
    machine.launch()
    machine.pass(milliseconds: 1)
    #expect(machine.messages == [.lacks(machine.attempt, .space), .monitorGone(machine.attempt)])
    #expect(try storage.attributes(of: machine.request.recordPath) == nil)
    storage.decide = { _, _ in .done }
    machine.launch()
    machine.pass(milliseconds: 1)
    #expect(machine.end?.result == .exited(code: 0))
  }

  @Test func aSignalToAnotherProcessFiresTarget() throws {
    let machine = try Machine(Self.hangs, Self.all)
    machine.launch()
    machine.pass(milliseconds: 10)
    let command = try #require(machine.record.command?.processID)
    let process = try #require(machine.world.processes.open(command))
    machine.world.processes.signal(process, .stop)
    #expect(machine.world.checkers.violation?.property == .target)
  }

  @Test func killingBesideALivingMonitorFiresTarget() throws {
    let machine = try Machine(Self.hangs, Self.all)
    machine.launch()
    machine.pass(milliseconds: 10)
    _ = machine.world.processes.killOrphans(of: machine.request)
    #expect(machine.world.checkers.violation?.property == .target)
  }
}

/// Choices that a test writes down; all others are zero.
private final class ScriptedChoices: ChoiceSource {
  private var script: [ChoiceSite: [Int]]

  init(_ script: [ChoiceSite: [Int]]) {
    self.script = script
  }

  func choose(_ site: ChoiceSite, below count: Int) -> Int {
    guard let value = script[site]?.first else { return 0 }
    script[site]?.removeFirst()
    return min(value, count - 1)
  }

  func weigh(_ site: ChoiceSite, perMille chances: Int) -> Bool {
    choose(site, below: 2) == 1
  }
}
