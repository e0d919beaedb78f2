import CMonitor
package import FlowCore
package import FlowRuntime
package import FlowStorage

/// The machine's processes as the engine sees them. The product's own step functions decide what
/// launchers and monitors do; here it is done, to the processes and the disk of the world.
///
/// What the code of a dead engine still asks for has no effect.
package final class SimulatedProcesses: ProcessHost {
  package typealias Store = SimulatedStorage

  package struct ProcessHandle: Sendable {
    let serial: Int
  }

  /// What happens to processes as time goes by. Processes are named by their serial number,
  /// launchers and monitors by their index.
  enum Happening {
    case requestArrives(launcher: Int, id: Int)
    case engineIsGone(launcher: Int)
    case launcherGoesOn(Int)
    /// A child of it has ended.
    case launcherLooks(Int)
    case monitorGoesOn(Int)
    /// A child of it has ended, or time has passed.
    case monitorLooks(Int)
    case monitorSignalled(Int, force: Bool)
    /// SIGCONT, or the end of what had frozen it.
    case monitorContinues(Int)
    case monitorToldToEnd(Int)
    case startsDescendant(of: Int, DescendantBehaviour)
    case stopsItself(Int)
    case exits(Int)
    /// The system sends it SIGTERM.
    case toldToEnd(Int)
    case killed(Int)
    case message(ProcessMessage, life: Int)
    /// The first message on its way reaches the engine, unless it was heard before.
    case told(life: Int)
  }

  unowned let world: World
  var table = ProcessTable()
  var launchers: [SimulatedLauncher] = []
  var monitors: [SimulatedMonitor] = []
  /// Commands and their descendants.
  var commands: [SimulatedCommand] = []
  /// The serial number of the engine, while one lives.
  private(set) var engine: Int?
  /// The launcher that the engine started last.
  private var launcher: SimulatedLauncher?

  private var messages = WorkQueue<ProcessMessage>()
  /// Messages that have not reached the engine yet.
  private var onTheWay = WorkQueue<ProcessMessage>()
  /// How many messages were heard before they were due.
  private var heard = 0
  /// When the last message arrives: they come in order.
  private var lastMessageAt = WorldTime(microseconds: 0)
  private var watched: [(serial: Int, attempt: AttemptID)] = []

  /// Whether no process can be forked for a while.
  var isFull = false
  /// Attempts of which the engine has heard that they were refused a process, and not that they
  /// run.
  private var refused: Set<AttemptID> = []
  /// Whether the engine's last launcher was refused one.
  private(set) var launcherWasRefused = false
  /// Whether anything that this engine asked for waits for a process.
  var isAnyRefused: Bool { launcherWasRefused || !refused.isEmpty }

  init(_ world: World) {
    self.world = world
  }

  // MARK: Engines

  func startEngine() {
    precondition(engine == nil, "an engine is started beside another")
    engine = table.start(.engine, index: 0, parent: ProcessTable.initial)
  }

  var engineProcessID: Int32 { engine.map { table[$0].processID } ?? 0 }

  /// The engine is gone; its launchers and everything they have started go on.
  func endEngine() {
    guard let ended = engine else { return }
    engine = nil
    launcher = nil
    messages.removeAll()
    onTheWay.removeAll()
    heard = 0
    watched = []
    refused = []
    launcherWasRefused = false
    world.storage.closeAll()
    for launcher in launchers where launcher.isLiving && launcher.engine == ended {
      arrange(.engineIsGone(launcher: launcher.index), after: latency())
    }
    end(ended)
  }

  /// All processes are gone, and the machine was started again.
  func losePower() {
    endEngine()
    for launcher in launchers { launcher.isLiving = false }
    for monitor in monitors { monitor.isLiving = false }
    table.endAll()
    world.ledger.powerLost(at: world.now)
  }

  /// Whether any launcher or monitor lives.
  var hasKeepers: Bool {
    launchers.contains(where: \.isLiving) || monitors.contains(where: \.isLiving)
  }

  /// Whether a monitor watches over the attempt, and was never told to end it, or never without
  /// grace.
  func isUntold(_ attempt: AttemptID, force: Bool) -> Bool {
    monitors.contains { monitor in
      let entry = world.ledger.entries[monitor.entry]
      return monitor.isLiving && monitor.request.attempt == attempt
        && monitor.state.phase != FLOW_MONITOR_IS_DONE && entry.forceAskedAt == nil
        && (force || entry.stopAskedAt == nil)
    }
  }

  /// Where a monitor lives, if one does: there is one such context at a time.
  var livingHost: HostMark? { monitors.last(where: \.isLiving)?.host }

  /// Whether a message has arrived that the engine has not asked for.
  var hasMessages: Bool { !messages.isEmpty }

  // MARK: ProcessHost

  package func startLauncher(
    holding lock: Int, _ environment: RunEnvironment
  ) throws(Errno) -> Int32 {
    guard world.engineGoesOn(at: .startLauncher), let engine else { throw .inputOutput }
    launcherWasRefused = failsToFork()
    if launcherWasRefused { throw .tryAgain }
    let new = SimulatedLauncher(
      index: launchers.count, engine: engine, life: world.engine.life, host: HostMark(world.host),
      lock: lock)
    launchers.append(new)
    new.process = table.start(.launcher, index: new.index, parent: engine)
    world.storage.share(lock, with: new.process)
    launcher = new
    world.checkers.startsLauncher(environment)
    world.trace.note(.launcherStarted, nil, "process \(table[new.process].processID)")
    return table[new.process].processID
  }

  package func send(_ request: LaunchRequest) {
    guard world.engineGoesOn(at: .launch) else { return }
    world.checkers.launches(request)
    if let stage = request.stage, let errno = makeStage(stage, in: request.workingDirectory) {
      let failure = LaunchFailure(operation: .makeStage, errno: errno.rawValue)
      return post(.notForked(request.attempt, failure))
    }
    guard let launcher, launcher.isLiving else { return }
    launcher.requests.append(request)
    launcher.lastRequestAt = max(
      launcher.lastRequestAt, world.now.advanced(byMicroseconds: latency()))
    world.arrange(
      .requestArrives(launcher: launcher.index, id: launcher.requests.count - 1),
      at: launcher.lastRequestAt)
  }

  package func nextMessage() -> ProcessMessage? {
    guard !world.engine.isDead, let message = messages.removeFirst() else { return nil }
    switch message {
    case .lacks(let attempt, .processes), .notForked(let attempt, _): refused.insert(attempt)
    case .launched(let attempt, _, _), .ended(let attempt, _): refused.remove(attempt)
    default: break
    }
    return message
  }

  package func hear() {
    while let message = onTheWay.removeFirst() {
      messages.append(message)
      heard += 1
    }
  }

  package func open(_ processID: Int32) -> ProcessHandle? {
    guard !world.engine.isDead, let serial = table.find(processID) else { return nil }
    return ProcessHandle(serial: raced(serial))
  }

  package func startTime(of process: borrowing ProcessHandle) -> UInt64? {
    table[process.serial].life == .gone ? nil : table[process.serial].startTime
  }

  package func signal(_ process: borrowing ProcessHandle, _ signal: ProcessSignal) {
    guard world.engineGoesOn(at: .stop) else { return }
    let serial = process.serial
    guard table.isLiving(serial) else { return }
    let target = table[serial]
    switch (signal, target.role) {
    case (.stop, .monitor), (.force, .monitor):
      let monitor = monitors[target.index]
      world.trace.note(.signalled, monitor.request.attempt, "\(signal)")
      world.checkers.stops(monitor.request.attempt, force: signal == .force)
      world.ledger.stopAsked(monitor.entry, force: signal == .force, at: world.now)
      arrange(.monitorSignalled(target.index, force: signal == .force), after: latency())
    case (.kill, .launcher): kill(serial)
    case (.kill, .monitor) where monitors[target.index].hasForcePending:
      kill(serial)
      world.befell(.deafMonitorKilled)
    case (.stop, _), (.force, _), (.kill, _):
      world.checkers.violated(
        .target, "process \(target.processID) is sent \(signal), and is a \(target.role)")
    }
  }

  package func isPending(
    _ signal: ProcessSignal, in process: borrowing ProcessHandle
  ) -> Bool {
    let target = table[process.serial]
    guard !world.engine.isDead, table.isLiving(process.serial), target.role == .monitor else {
      return false
    }
    let monitor = monitors[target.index]
    return signal == .force ? monitor.hasForcePending : monitor.hasStopPending
  }

  package func watch(_ process: consuming ProcessHandle, for attempt: AttemptID) {
    guard !world.engine.isDead else { return }
    let serial = process.serial
    guard table.isLiving(serial) else {
      post(.watchedGone(attempt))
      return
    }
    let target = table[serial]
    if target.role != .monitor || monitors[target.index].request.attempt != attempt {
      world.checkers.violated(
        .target, "process \(target.processID) is watched for \(attempt), which it does not run")
    }
    watched.append((serial, attempt))
  }

  package func killOrphans(of request: LaunchRequest) -> (killed: Int32, unkillable: Int32) {
    guard world.engineGoesOn(at: .killOrphans) else { return (0, 0) }
    let attempt = request.attempt
    // A monitor that is done is exiting.
    let lives = monitors.contains {
      $0.isLiving && $0.request.attempt == attempt && $0.state.phase != FLOW_MONITOR_IS_DONE
    }
    if lives {
      world.checkers.violated(.target, "\(attempt) is killed, though its monitor lives")
    }
    var killed: Int32 = 0
    var unkillable: Int32 = 0
    for command in commands where table.isLiving(command.process) && command.attempt == attempt {
      if command.isUnkillable {
        unkillable += 1
      } else {
        killed += 1
        kill(command.process)
      }
    }
    if killed + unkillable > 0 {
      world.befell(.orphansKilled, attempt, note: "\(killed) killed, \(unkillable) not")
    }
    return (killed, unkillable)
  }

  // MARK: Messages

  /// A launcher or monitor tells its own engine.
  func tell(_ message: ProcessMessage, life: Int) {
    guard engine != nil, life == world.engine.life else { return }
    lastMessageAt = max(lastMessageAt, world.now.advanced(byMicroseconds: latency()))
    onTheWay.append(message)
    world.arrange(.told(life: life), at: lastMessageAt)
  }

  /// The engine notices something itself. That can overtake messages.
  private func post(_ message: ProcessMessage) {
    guard engine != nil else { return }
    arrange(.message(message, life: world.engine.life), after: latency())
  }

  // MARK: Happenings

  func happen(_ happening: Happening) {
    switch happening {
    case .requestArrives(let launcher, let id): request(id, reaches: launchers[launcher])
    case .engineIsGone(let launcher): engineIsGone(launchers[launcher])
    case .launcherGoesOn(let index):
      launchers[index].isBusy = false
      goOn(launchers[index])
    case .launcherLooks(let index): goOn(launchers[index])
    case .monitorGoesOn(let index):
      monitors[index].isBusy = false
      goOn(monitors[index])
    case .monitorLooks(let index): goOn(monitors[index])
    case .monitorSignalled(let index, let force): signalReaches(monitors[index], force: force)
    case .monitorContinues(let index): continues(monitors[index])
    case .monitorToldToEnd(let index): systemTells(monitors[index])
    case .startsDescendant(let parent, let behaviour):
      if table.isLiving(parent) { startDescendant(behaviour, of: parent) }
    case .stopsItself(let serial): if table.isLiving(serial) { table[serial].isStopped = true }
    case .exits(let serial): exits(serial)
    case .toldToEnd(let serial): deliver(.terminate, to: serial)
    case .killed(let serial):
      guard table.isLiving(serial) else { return }
      kill(serial, isMishap: true)
    case .message(let message, let life):
      if engine != nil, life == world.engine.life { messages.append(message) }
    case .told(let life):
      guard engine != nil, life == world.engine.life else { return }
      if heard > 0 {
        heard -= 1
      } else if let message = onTheWay.removeFirst() {
        messages.append(message)
      }
    }
  }

  func arrange(_ happening: Happening, after microseconds: Int64) {
    world.arrange(happening, at: world.now.advanced(byMicroseconds: microseconds))
  }

  /// How long something takes that should take no time.
  func latency() -> Int64 {
    let most = world.options.processLatencyMicroseconds
    return most == 0 ? 0 : Int64(world.choices.choose(.processLatency, below: most + 1))
  }

  /// Whether no process can be forked now.
  func failsToFork() -> Bool {
    guard !world.isHealed,
      isFull || world.choices.happens(.fork, perMille: world.options.forkFailurePerMille)
    else { return false }
    world.befell(.forkFails)
    return true
  }

  // MARK: Ends

  /// SIGKILL.
  ///
  /// - Parameter isMishap: false for what the product kills itself, such as a launcher that does
  ///   not exit.
  func kill(_ serial: Int, isMishap: Bool = false) {
    let process = table[serial]
    switch process.role {
    case .launcher: endLauncher(launchers[process.index], wasKilled: true, isMishap: isMishap)
    case .monitor: endMonitor(monitors[process.index], wasKilled: true)
    case .command, .descendant: deliver(.kill, to: serial)
    case .engine, .stranger: end(serial)
    }
  }

  /// A process has ended: its children find another parent, and its own is told.
  func end(_ serial: Int) {
    let (heir, zombies) = table.end(serial)
    for zombie in zombies { parentLearns(heir, of: zombie) }
    parentLearns(table[serial].parent, of: serial)
    for (watchedSerial, attempt) in watched where watchedSerial == serial {
      post(.watchedGone(attempt))
    }
    watched.removeAll { $0.serial == serial }
  }

  private func parentLearns(_ parent: Int, of serial: Int) {
    guard parent != ProcessTable.initial, table.isLiving(parent) else {
      table.reap(serial)
      return
    }
    let index = table[parent].index
    switch table[parent].role {
    case .monitor: arrange(.monitorLooks(index), after: latency())
    case .launcher:
      launchers[index].endedChildren.append(table[serial].processID)
      launchers[index].zombies.append(serial)
      arrange(.launcherLooks(index), after: latency())
    case .engine:
      if let launcher, launcher.process == serial { post(.launcherGone) }
      table.reap(serial)
    // How commands reap their children does not matter.
    case .command, .descendant, .stranger: table.reap(serial)
    }
  }

  /// Between the moment at which the engine reads a process id and the moment at which it opens
  /// that process, another process may have got the id.
  private func raced(_ serial: Int) -> Int {
    guard table[serial].role == .monitor, table.isLiving(serial), !world.isHealed,
      world.choices.happens(.monitorKill, perMille: world.options.monitorKillPerMille * 10)
    else { return serial }
    let processID = table[serial].processID
    kill(serial)
    world.befell(.processIDReused)
    table.reap(serial)
    let stranger = table.start(
      .stranger, index: 0, parent: ProcessTable.initial, as: processID)
    arrange(.killed(stranger), after: 1_000_000)
    return stranger
  }
}
