import FlowCore
import FlowStorage
import Testing

@testable import FlowRuntime

/// A launcher and monitors that do what launchers and monitors do, in any order and dying at any
/// time, under an engine that dies too. What it finds wrong it records as an issue.
final class RandomMachine {
  private struct Monitor {
    enum Stage { case forked, begun, running, noted }

    let request: LaunchRequest
    let processID: Int32
    let launcher: Int32
    let life: Int
    /// The launcher's.
    var lock: FakeStorage.Description?
    var stage = Stage.forked
    /// Whether it can tell although its launcher is gone.
    let isHeardAlone: Bool
  }

  private enum Telling: Equatable {
    case nothing, launched
  }

  private let machine = FakeMachine()
  private var harness: SupervisorHarness
  private var random: UInt64
  private let context: String
  private let requests = (0..<6).map { SupervisorHarness.request($0) }
  private var monitors: [Monitor] = []
  private var life = 1
  private var taken = 0
  private var isCalm = false

  /// The reports so far about the attempts that were launched and have no end.
  private var told: [AttemptID: Telling] = [:]
  private var waiting: [LaunchRequest]
  private var ends: [AttemptID: AttemptEnd.Result] = [:]
  /// How often the command of an attempt was started.
  private var runs: [AttemptID: Int] = [:]
  /// Commands that run, and codes of those that have exited.
  private var alive: Set<AttemptID> = []
  private var codes: [AttemptID: UInt8] = [:]
  private(set) var counts: [String: Int] = [:]

  init(seed: UInt64) throws {
    random = SplitMix64.mix(seed)
    context = "seed \(seed)"
    harness = try SupervisorHarness(machine)
    waiting = requests
    machine.onSweep = { [unowned self] attempt in alive.remove(attempt) }
  }

  private func choose(_ count: Int) -> Int {
    random = SplitMix64.mix(random)
    return Int(random % UInt64(count))
  }

  private func wrong(_ what: String, _ attempt: AttemptID) {
    Issue.record("\(context): \(what) (step \(attempt.step))")
  }

  /// Trouble, and then the way to the end of every attempt.
  func run() throws {
    for _ in 0..<200 { try act() }
    isCalm = true
    for _ in 0..<400 where !isOver { try act() }
    if !isOver { wrong("no end comes", told.keys.min() ?? requests[0].attempt) }
    for signal in machine.signals where signal.signal != .kill {
      counts["\(signal.signal)", default: 0] += 1
    }
  }

  private var isOver: Bool { waiting.isEmpty && told.isEmpty }

  private func act() throws {
    switch choose(isCalm ? 8 : 14) {
    case 0, 1: launchNext()
    case 2, 3, 4, 5: advanceMonitor()
    case 6: pass()
    case 7: takeReports()
    case 8: stopSome()
    case 9: killMonitor()
    case 10: if choose(3) == 0 { killLauncher() }
    case 11: if choose(3) == 0 { try restart() }
    case 12: advanceMonitor(isTroubled: true)
    default: takeReports()
    }
    if isCalm { takeReports() }
  }

  private func launchNext() {
    guard !waiting.isEmpty else { return }
    let request = waiting.removeFirst()
    told[request.attempt] = .nothing
    harness.supervisor.launch(request)
  }

  private func pass() {
    machine.wait(until: harness.supervisor.nextDeadline)
    takeReports()
  }

  private func stopSome() {
    let attempt = requests[choose(requests.count)].attempt
    if told[attempt] != nil { harness.supervisor.stop(attempt, force: choose(2) == 0) }
  }

  // MARK: Reports

  private func takeReports() {
    for report in harness.reports() { take(report) }
  }

  private func take(_ report: Input) {
    switch report {
    case .attemptLaunched(let attempt, _):
      if told[attempt] != .nothing { wrong("a launch is told twice, or too late", attempt) }
      if runs[attempt] != 1 { wrong("a launch is told that was not", attempt) }
      told[attempt] = .launched
    case .attemptEnded(let attempt, let end): ended(attempt, end)
    case .attemptWithdrawn(let attempt):
      if told[attempt] != .nothing { wrong("what runs is withdrawn", attempt) }
      told[attempt] = nil
      if runs[attempt] != nil { wrong("what ran is withdrawn", attempt) }
      counts["withdrawn", default: 0] += 1
    case .deadlinePassed(let attempt): wrong("no deadline passed", attempt)
    case .roomReturned(let waited, _):
      if waited < 1_000_000 { Issue.record("\(context): \(report)") }
    case .cancelRequested, .answered, .timePassed, .committed, .outputsPublished, .workSynced:
      Issue.record("\(context): \(report)")
    }
  }

  private func ended(_ attempt: AttemptID, _ end: AttemptEnd) {
    if told.removeValue(forKey: attempt) == nil { wrong("an end is told twice", attempt) }
    if alive.contains(attempt) { wrong("it has not ended", attempt) }
    switch end.result {
    case .exited(let code):
      if codes[attempt] != code { wrong("it did not exit so", attempt) }
      counts["exited", default: 0] += 1
    case .lost:
      if monitors.contains(where: { $0.request.attempt == attempt && $0.stage != .forked }) {
        wrong("its monitor lives", attempt)
      }
      counts["lost", default: 0] += 1
    case .launchFailed, .signalled: wrong("nothing failed", attempt)
    }
    ends[attempt] = end.result
  }

  // MARK: Launcher and monitors

  private var launcher: Int32? {
    machine.launchers.last.flatMap { machine.processes[$0] == nil ? nil : $0 }
  }

  private var isEngineHeard: Bool { launcher != nil && heardLife == life }
  /// The life that started the launcher.
  private var heardLife = 1

  private func fork() {
    if machine.launchers.count > launcherCount {
      launcherCount = machine.launchers.count
      heardLife = life
    }
    while taken < machine.sent.count, machine.receivers[taken] != launcher { taken += 1 }
    guard taken < machine.sent.count, isEngineHeard, let launcher else { return }
    let request = machine.sent[taken]
    taken += 1
    let (processID, lock) = machine.fork()
    monitors.append(
      Monitor(
        request: request, processID: processID, launcher: launcher, life: life, lock: lock,
        isHeardAlone: choose(2) == 0))
  }

  private var launcherCount = 0

  private func advanceMonitor(isTroubled: Bool = false) {
    if monitors.isEmpty || choose(3) == 0 { fork() }
    guard !monitors.isEmpty else { return }
    advance(choose(monitors.count), isTroubled: isTroubled)
  }

  private func advance(_ index: Int, isTroubled: Bool = false) {
    let monitor = monitors[index]
    let request = monitor.request
    let attempt = request.attempt
    switch monitor.stage {
    case .forked where isTroubled:
      tell(.lacks(attempt, .space), from: monitor)
      end(index)
    case .forked:
      if machine.storage.files[request.recordPath] != nil {
        let failure = LaunchFailure(operation: .createRecord, errno: Errno.fileExists.rawValue)
        tell(.refused(attempt, failure), from: monitor)
        return end(index)
      }
      machine.begin(request, monitor: monitor.processID, command: nil)
      monitors[index].lock?.close()
      monitors[index].lock = nil
      monitors[index].stage = .begun
    case .begun:
      runs[attempt, default: 0] += 1
      if runs[attempt] != 1 { wrong("it runs twice", attempt) }
      alive.insert(attempt)
      machine.note(request, command: 900)
      monitors[index].stage = .running
      tell(.launched(attempt, processID: 900, monitorID: monitor.processID), from: monitor)
    case .running:
      let code = UInt8(choose(200))
      alive.remove(attempt)
      codes[attempt] = code
      machine.noteEnd(request, code: Int32(code))
      monitors[index].stage = .noted
    case .noted:
      tell(.ended(attempt, .exited(codes[attempt] ?? 0)), from: monitor)
      end(index)
    }
  }

  private func tell(_ message: ProcessMessage, from monitor: Monitor) {
    guard monitor.life == life, monitor.isHeardAlone || launcher == monitor.launcher else { return }
    machine.tell(message)
  }

  private func end(_ index: Int) {
    let monitor = monitors.remove(at: index)
    monitor.lock?.close()
    if monitor.stage == .forked {
      machine.end(monitor.processID)
    } else {
      machine.endMonitor(monitor.processID, of: monitor.request)
    }
    if monitor.life == life, launcher == monitor.launcher {
      machine.tell(.monitorGone(monitor.request.attempt))
    }
  }

  private func killMonitor() {
    if !monitors.isEmpty { end(choose(monitors.count)) }
  }

  private func killLauncher() {
    guard isEngineHeard else { return }
    fork()
    machine.endLauncher()
    counts["launchers", default: 0] += 1
  }

  // MARK: The engine

  private func restart() throws {
    fork()
    machine.engineGone()
    taken = machine.sent.count
    life += 1
    counts["lives", default: 0] += 1
    harness = try SupervisorHarness(machine)
    machine.onWait = { [unowned self] in
      if let index = monitors.firstIndex(where: { $0.lock != nil || $0.stage == .noted }) {
        advance(index)
      }
    }
    defer { machine.onWait = {} }
    let open = requests.filter { told[$0.attempt] != nil }
    for found in try harness.supervisor.takeOver(
      open, from: FakeMachine.here, through: 10, isWithdrawn: { _ in false })
    {
      let attempt = found.attempt
      switch found.state {
      case .neverLaunched:
        if monitors.contains(where: { $0.request.attempt == attempt }) || runs[attempt] != nil {
          wrong("it was launched", attempt)
        }
        told[attempt] = .nothing
        harness.supervisor.launch(requests[Int(attempt.step)])
      case .running: told[attempt] = .launched
      case .ended(let end): ended(attempt, end)
      }
    }
  }
}

struct SupervisorRandomTests {
  /// Whatever dies and whenever: each attempt has one end, which is what happened, and none runs
  /// twice.
  @Test func everyAttemptRunsOnceAndHasOneEnd() throws {
    var counts: [String: Int] = [:]
    for seed in 0..<2_000 {
      let world = try RandomMachine(seed: UInt64(seed))
      try world.run()
      counts.merge(world.counts, uniquingKeysWith: +)
    }
    // All of it happened often.
    for name in ["exited", "lost", "withdrawn", "stop", "force", "launchers", "lives"] {
      #expect(counts[name, default: 0] > 300, "\(name)")
    }
  }
}
