package import FlowCore
package import FlowRuntime
import FlowStorage

// This module runs the engine of flow in simulated worlds: the seams of FlowRuntime (storage, time,
// processes) over one machine that exists in memory, the faults that strike it, the visitors that
// come beside the engine, and the checkers that judge what happens. It knows FlowRuntime, FlowLog,
// FlowCore and the step functions of launcher and monitor in C. It must not know real time,
// threads, Foundation, or anything else that two runs of a seed could see differently. README.md
// beside this folder says more.

/// A simulated machine, with an engine that can die on it.
package final class World: Environment {
  enum Happening {
    case process(SimulatedProcesses.Happening)
    /// In that life of the engine.
    case syncDone(life: Int)
    case workSyncDone(life: Int)
    case cancel(CancelRequest)
    case leaveRequest(CancelRequest)
    case answer(step: Int32, asked: Int64, isSteady: Bool)
    /// To the engine of that life: a request may have been left.
    case requestNotice(life: Int)
    case wallClockJump(microseconds: Int64)
    case diskFull(Bool)
    case misfortune(Misfortune)
    case monitorStop
    case inodesGone(Bool)
    case processesGone(Bool)
    case systemStop
    case engineStop
  }

  package let options: SimulationOptions
  let choices: any ChoiceSource
  package let trace: Trace
  package let storage: SimulatedStorage
  package private(set) lazy var time = SimulatedClock(self)
  package private(set) lazy var processes = SimulatedProcesses(self)
  /// Of the engine that lives.
  package lazy var runner = newRunner()
  let checkers = Checkers()
  package var ledger = Ledger()
  package var coverage = Coverage()

  /// What the engines drive; nil before `begin`.
  private(set) var run: SimulatedRun?
  /// How the run's commands behave, where a model says so; nil where that is drawn.
  var modelled: ModelledWorkflow?
  var schedule = Schedule<Happening>()
  var machine = Machine()
  package var engine = SimulatedEngine()
  var disk = DiskTrouble()
  var visitors = Visitors()
  var answerers = Answerers()
  var secrets = WorldSecrets()
  var files = WorldFiles()
  var work = WorldWork()
  let results = WorldResults()

  /// Faults are over: the machine heals, and the run must reach its end.
  private(set) var isHealed = false
  /// Whether the run has ended: faults that strike later do not count.
  var isOver = false

  package init(_ options: SimulationOptions, choices: any ChoiceSource, trace: Trace) {
    self.options = options
    self.choices = choices
    self.trace = trace
    storage = SimulatedStorage(options.tier)
    attachDisk()
    processes.startEngine()
    arrangeTrouble()
  }

  deinit {
    // Its readers close their files after it.
    storage.failedLook = { _ in nil }
  }

  /// Checkers watch the run from now on.
  func begin(_ run: SimulatedRun) {
    self.run = run
    checkers.begin(run, in: self)
    if run.definition.hasFiles { makeFolderForFiles() }
  }

  /// What the next engine runs attempts by.
  func newRunner() -> AttemptSupervisor<SimulatedProcesses, SimulatedClock> {
    AttemptSupervisor(host: processes, storage: storage, time: time, here: host)
  }

  /// Every engine is started from elsewhere, with an environment of its own.
  package var callerEnvironment: RunEnvironment {
    let environment = inheritedEnvironment
    if !options.hasSecrets { return environment }
    return RunEnvironment(
      umask: environment.umask, variables: environment.variables + secretVariables)
  }

  /// What of it is not secret.
  private var inheritedEnvironment: RunEnvironment {
    Self.environment(ofProcess: processes.engineProcessID)
  }

  /// What a run gets that takes its environment over from this engine.
  var ownEnvironment: RunEnvironment {
    guard let definition = run?.definition else { return inheritedEnvironment }
    return RandomVariables.environment(of: definition, byProcess: processes.engineProcessID)
  }

  /// What the files of variables hold that the definition names.
  func variables(of definition: WorkflowDefinition) -> [EnvironmentVariable] {
    RandomVariables.read(definition, byProcess: processes.engineProcessID)
  }

  static func environment(ofProcess id: Int32) -> RunEnvironment {
    RunEnvironment(umask: UInt32(id) & 0o77, variables: [Array("CALLER=\(id)".utf8)])
  }

  package var userName: @Sendable (UInt32) -> String { { "user \($0)" } }

  package func nextCancelRequest() -> CancelRequest? { engine.nextCancelRequest() }
  package func takeRequestNotice() -> Bool { engine.takeRequestNotice() }

  // MARK: Clocks

  var now: WorldTime { schedule.now }
  package var host: HostContext { machine.host }
  package var monotonicNow: Instant { machine.monotonic(at: now) }
  package var wallNow: WallTime { machine.wall(at: now) }

  /// What the clock shows to the engine. For a dead one, time passes as its code wants, so that
  /// whatever it waits for comes to an end.
  var engineClock: Instant { max(monotonicNow, engine.afterlife) }

  // MARK: Happenings

  func arrange(_ happening: Happening, at time: WorldTime) {
    schedule.arrange(happening, at: time)
  }

  func arrange(_ happening: Happening, afterMicroseconds delay: Int64) {
    arrange(happening, at: now.advanced(byMicroseconds: delay))
  }

  func arrange(_ happening: SimulatedProcesses.Happening, at time: WorldTime) {
    arrange(.process(happening), at: time)
  }

  /// Lets everything happen that comes until then.
  func pass(until end: WorldTime) {
    while let happening = schedule.advance(until: end) { happen(happening) }
  }

  /// Lets time pass until nothing is arranged any more, or until that much of it has passed.
  func settle(microseconds: Int64) {
    let end = now.advanced(byMicroseconds: microseconds)
    while let next = schedule.nextTime, next <= end { pass(until: max(now, next)) }
  }

  private func happen(_ happening: Happening) {
    switch happening {
    case .process(let happening): processes.happen(happening)
    case .syncDone(let life):
      guard life == engine.life, storage.hasSync else { return }
      storage.completeSync(drawSync(times: 3))
    case .workSyncDone(let life): if life == engine.life { workSyncDone() }
    case .cancel(let request):
      befell(request.force ? .forcedCancel : .cancel, note: request.force ? "without grace" : "")
      engine.cancel(request)
    case .leaveRequest(let request): leave(request)
    case .answer(let step, let asked, let isSteady):
      answer(step: step, asked: asked, isSteady: isSteady)
    case .requestNotice(let life): engine.notice(inLife: life)
    case .wallClockJump(let microseconds):
      machine.jumpWallClock(byMicroseconds: microseconds)
      befell(.wallClockJump, note: "by \(microseconds / 1_000_000) s")
    case .diskFull(let isFull): fillDisk(isFull)
    case .misfortune(let misfortune): strike(misfortune)
    case .monitorStop: stopMonitor()
    case .inodesGone(let areGone): useUpInodes(areGone)
    case .processesGone(let areGone): useUpProcesses(areGone)
    case .systemStop: stopSystem()
    case .engineStop: suspendEngine()
    }
  }

  // MARK: Faults

  /// A fault has struck. Every fault is reported here, when it strikes.
  ///
  /// - Parameters:
  ///   - cause: what a study of hazards blames for it; nil where it costs no attempt anything.
  ///   - note: what the timeline says of it, after the words of its kind; nil where that says nothing.
  func befell(
    _ fault: Fault, _ attempt: AttemptID? = nil, cause: HazardCause? = nil, note: String? = nil
  ) {
    coverage.add(fault, after: checkers.history.lastKinds, in: phase)
    if let cause { ledger.befell(cause, at: now) }
    if let note { trace.note(fault.traceKind, attempt, note) }
  }

  private var phase: WorldPhase {
    if checkers.history.acknowledged.isEmpty { return .creating }
    if engine.isDead { return .away }
    if !checkers.history.isRecovered { return .recovering }
    return storage.hasSync ? .committing : .working
  }

  package func heal() {
    isHealed = true
    disk.heal()
    processes.isFull = false
    for monitor in processes.monitors where monitor.isStopped { processes.continues(monitor) }
    trace.note(.healed, nil, "")
  }
}
