import CMonitor
import FlowCore
import FlowRuntime
import FlowStorage

/// A launcher: what it decides is the product's own (`flow_launcher_step`).
@safe final class SimulatedLauncher {
  let index: Int
  /// The serial number of the engine that has started it.
  let engine: Int
  let life: Int
  let lock: Int
  let host: HostMark
  var process = 0
  var isLiving = true
  /// By id.
  var requests: [LaunchRequest] = []
  var lastRequestAt = WorldTime(microseconds: 0)
  /// The process ids of children that have ended, and whose ends it does not know yet.
  var endedChildren: [Int32] = []
  /// Their serial numbers.
  var zombies: [Int] = []
  /// Requests that have arrived.
  var arrived = WorkQueue<Int>()
  var isEngineGone = false
  var wasToldEngineGone = false
  /// Whether an action takes time.
  var isBusy = false
  /// Whether the time that the next action takes has passed.
  var isActionDue = false
  var actions = flow_launcher_actions()
  var nextAction = 0

  private var state = unsafe flow_launcher()
  private let memory: UnsafeMutablePointer<flow_launcher_monitor>
  private static let capacity = 4_096

  init(index: Int, engine: Int, life: Int, host: HostMark, lock: Int) {
    self.index = index
    self.engine = engine
    self.life = life
    self.host = host
    self.lock = lock
    unsafe memory = .allocate(capacity: Self.capacity)
    unsafe flow_launcher_init(&state, memory, UInt32(Self.capacity))
  }

  deinit {
    unsafe memory.deallocate()
  }

  func step(_ kind: flow_launcher_event_kind, id: Int = 0, process: Int64 = 0) {
    var event = flow_launcher_event(kind: kind, id: UInt32(id), process: process)
    unsafe flow_launcher_step(&state, &event, &actions)
    nextAction = 0
  }

  /// The next action of the last step; nil when all are performed.
  func takeAction() -> flow_launcher_action? {
    guard nextAction < actions.count else { return nil }
    defer { nextAction += 1 }
    return nextAction == 0 ? actions.list.0 : actions.list.1
  }
}

extension SimulatedProcesses {
  func request(_ id: Int, reaches launcher: SimulatedLauncher) {
    // Once it reads no more, what was sent is lost.
    guard launcher.isLiving, !launcher.isEngineGone else { return }
    launcher.arrived.append(id)
    goOn(launcher)
  }

  func engineIsGone(_ launcher: SimulatedLauncher) {
    launcher.isEngineGone = true
    goOn(launcher)
  }

  /// Lets a launcher do what it can do now.
  func goOn(_ launcher: SimulatedLauncher) {
    while launcher.isLiving, !launcher.isBusy {
      if launcher.nextAction < launcher.actions.count {
        if takesTime(launcher) { return }
        if let action = launcher.takeAction() { perform(action, launcher) }
      } else if !launcher.endedChildren.isEmpty {
        let processID = launcher.endedChildren.removeFirst()
        table.reap(launcher.zombies.removeFirst())
        launcher.step(FLOW_LAUNCHER_CHILD_ENDED, process: Int64(processID))
      } else if let id = launcher.arrived.removeFirst() {
        launcher.step(FLOW_LAUNCHER_REQUEST, id: id)
      } else if launcher.isEngineGone, !launcher.wasToldEngineGone {
        launcher.wasToldEngineGone = true
        launcher.step(FLOW_LAUNCHER_ENGINE_GONE)
      } else {
        return
      }
    }
  }

  /// Whether the next action of a launcher comes later, or never.
  private func takesTime(_ launcher: SimulatedLauncher) -> Bool {
    if launcher.isActionDue {
      launcher.isActionDue = false
      return false
    }
    if !world.isHealed,
      world.choices.happens(.launcherKill, perMille: world.options.launcherKillPerMille)
    {
      let delay = [0, 1_000, 1_000_000][world.choices.choose(.launcherKill, below: 3)]
      arrange(.killed(launcher.process), after: Int64(delay))
    }
    let delay = latency()
    if delay == 0 { return false }
    launcher.isBusy = true
    launcher.isActionDue = true
    arrange(.launcherGoesOn(launcher.index), after: delay)
    return true
  }

  private func perform(_ action: flow_launcher_action, _ launcher: SimulatedLauncher) {
    let id = Int(action.id)
    switch action.kind {
    case FLOW_LAUNCHER_FORK: fork(launcher.requests[id], by: launcher)
    case FLOW_LAUNCHER_REPORT_FORK_FAILED:
      let failure = LaunchFailure(operation: .fork, errno: action.error)
      tell(.notForked(launcher.requests[id].attempt, failure), life: launcher.life)
    case FLOW_LAUNCHER_REPORT_MONITOR_GONE:
      tell(.monitorGone(launcher.requests[id].attempt), life: launcher.life)
    case FLOW_LAUNCHER_RELEASE_LOCK: close(launcher.lock, of: launcher.process)
    case FLOW_LAUNCHER_EXIT: endLauncher(launcher, wasKilled: false)
    default: preconditionFailure("unknown action of a launcher: \(action.kind.rawValue)")
    }
  }

  private func fork(_ request: LaunchRequest, by launcher: SimulatedLauncher) {
    if failsToFork() {
      launcher.step(FLOW_LAUNCHER_FORKED, process: -11)  // EAGAIN
      return
    }
    let monitor = startMonitor(request, by: launcher)
    launcher.step(FLOW_LAUNCHER_FORKED, process: Int64(table[monitor.process].processID))
    goOn(monitor)
  }

  func endLauncher(_ launcher: SimulatedLauncher, wasKilled: Bool, isMishap: Bool = false) {
    guard launcher.isLiving else { return }
    launcher.isLiving = false
    close(launcher.lock, of: launcher.process)
    if wasKilled { world.befell(.launcherKilled, cause: isMishap ? .launcherKilled : nil) }
    world.trace.note(.launcherEnded, nil, wasKilled ? "killed" : "by itself")
    end(launcher.process)
  }

  /// A process closes a file.
  func close(_ file: Int, of owner: Int) {
    do throws(Errno) {
      try world.storage.act(as: owner) { () throws(Errno) in try world.storage.close(file) }
    } catch {
      precondition(error == .badDescriptor, "a file that is open cannot be closed: \(error)")
    }
  }
}
