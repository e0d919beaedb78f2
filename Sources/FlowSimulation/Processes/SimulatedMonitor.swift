import CMonitor
import FlowCore
import FlowRuntime
import FlowStorage

/// A monitor: what it decides is the product's own (`flow_monitor_step`).
final class SimulatedMonitor {
  let index: Int
  let request: LaunchRequest
  /// Which of the engine's lives it reports to.
  let life: Int
  /// Index into the ledger.
  let entry: Int
  let launcherLock: Int
  let host: HostMark
  var process = 0
  var isLiving = true
  var state = flow_monitor()
  var record: Int?
  var output: Int?
  /// The serial number of the command.
  var command: Int?
  /// Whether an action takes time.
  var isBusy = false
  /// Whether the time that the next action takes has passed.
  var isActionDue = false
  var actions = flow_monitor_actions()
  var nextAction = 0
  /// Whether a signal to stop, or to kill, waits for it.
  var hasStopPending = false
  var hasForcePending = false
  /// The same of a SIGTERM of the system.
  var wasToldToEnd = false
  /// It does nothing until it is continued.
  var isStopped = false
  /// It is frozen, and SIGCONT does not help.
  var isFrozen = false
  /// The serial numbers of the processes that it has sent SIGTERM.
  var terminated: Set<Int> = []
  /// Whether it must be told how many of its descendants are left.
  var mustCountChildren = false
  /// When it looks at the clock at the latest.
  var looksAt = Int64.max

  init(index: Int, _ request: LaunchRequest, by launcher: SimulatedLauncher, entry: Int) {
    self.index = index
    self.request = request
    life = launcher.life
    self.entry = entry
    launcherLock = launcher.lock
    host = launcher.host
    unsafe flow_monitor_init(
      &state, request.settings.timeoutMilliseconds.map { $0 * 1_000 } ?? -1,
      request.settings.killGraceMilliseconds * 1_000, request.settings.stragglers == .keep)
    state.hides_interruption = request.hidesInterruption
    state.has_secrets = !request.secrets.values.isEmpty
    state.has_outputs = request.outputs != nil
  }

  func step(_ kind: flow_monitor_event_kind, _ result: Int64 = 0, at now: Int64) {
    var event = flow_monitor_event(kind: kind, result: result, now: now)
    unsafe flow_monitor_step(&state, &event, &actions)
    nextAction = 0
  }

  /// The next action of the last step.
  func takeAction() -> flow_monitor_action {
    let list = actions.list
    defer { nextAction += 1 }
    switch nextAction {
    case 0: return list.0
    case 1: return list.1
    case 2: return list.2
    case 3: return list.3
    case 4: return list.4
    default: return list.5
    }
  }
}

extension SimulatedProcesses {
  func startMonitor(
    _ request: LaunchRequest, by launcher: SimulatedLauncher
  ) -> SimulatedMonitor {
    let entry = world.ledger.forked(
      request.attempt, world.run?.task(of: request) ?? .command, life: launcher.life, at: world.now)
    let monitor = SimulatedMonitor(
      index: monitors.count, request, by: launcher, entry: entry)
    monitors.append(monitor)
    monitor.process = table.start(.monitor, index: monitor.index, parent: launcher.process)
    world.storage.share(launcher.lock, with: monitor.process)
    world.trace.note(
      .monitorStarted, request.attempt, "process \(table[monitor.process].processID)")
    monitor.step(FLOW_MONITOR_BEGIN, at: clock)
    return monitor
  }

  /// CLOCK_MONOTONIC in microseconds.
  var clock: Int64 { world.monotonicNow.microseconds }

  func signalReaches(_ monitor: SimulatedMonitor, force: Bool) {
    if force { monitor.hasForcePending = true } else { monitor.hasStopPending = true }
    // SIGCONT follows.
    if monitor.isFrozen { return }
    monitor.isStopped = false
    goOn(monitor)
  }

  /// A monitor whose command runs is stopped, as by a user or a debugger.
  func stop(_ monitor: SimulatedMonitor, frozen: Bool, forMicroseconds duration: Int64) {
    monitor.isStopped = true
    monitor.isFrozen = frozen
    world.ledger.monitorStopped(monitor.entry)
    world.befell(frozen ? .monitorFrozen : .monitorStopped)
    arrange(.monitorContinues(monitor.index), after: duration)
  }

  func continues(_ monitor: SimulatedMonitor) {
    monitor.isStopped = false
    monitor.isFrozen = false
    goOn(monitor)
  }

  /// SIGTERM, which flow does not send to a monitor.
  func systemTells(_ monitor: SimulatedMonitor) {
    guard monitor.isLiving else { return }
    monitor.wasToldToEnd = true
    goOn(monitor)
  }

  /// Lets a monitor do what it can do now.
  func goOn(_ monitor: SimulatedMonitor) {
    while monitor.isLiving, !monitor.isBusy, !monitor.isStopped {
      if monitor.nextAction < monitor.actions.count {
        if takesTime(monitor) { return }
        perform(monitor.takeAction(), monitor)
      } else if !tellNext(monitor) {
        lookAtClock(monitor)
        return
      }
    }
  }

  /// Whether the next action of a monitor comes later, or never.
  private func takesTime(_ monitor: SimulatedMonitor) -> Bool {
    if monitor.isActionDue {
      monitor.isActionDue = false
      return false
    }
    if !world.isHealed,
      world.choices.happens(.monitorKill, perMille: world.options.monitorKillPerMille)
    {
      // At once, or while the attempt runs.
      let delay = [0, 1_000, 100_000, 5_000_000][world.choices.choose(.monitorKill, below: 4)]
      if delay == 0 {
        kill(monitor.process)
        return true
      }
      arrange(.killed(monitor.process), after: Int64(delay))
    }
    let delay = latency()
    if delay == 0 { return false }
    monitor.isBusy = true
    monitor.isActionDue = true
    arrange(.monitorGoesOn(monitor.index), after: delay)
    return true
  }

  // MARK: Events

  /// Tells a monitor the next thing that it must know, if there is one; a SIGTERM of the system comes
  /// first, and then its children.
  private func tellNext(_ monitor: SimulatedMonitor) -> Bool {
    if monitor.wasToldToEnd {
      monitor.wasToldToEnd = false
      world.ledger.toldToEnd(monitor.entry, at: world.now)
      monitor.step(FLOW_MONITOR_TOLD, at: clock)
      return true
    }
    if tellOfChildren(monitor) { return true }
    if monitor.hasForcePending {
      monitor.hasForcePending = false
      monitor.step(FLOW_MONITOR_FORCE, at: clock)
    } else if monitor.hasStopPending {
      monitor.hasStopPending = false
      monitor.step(FLOW_MONITOR_STOP, at: clock)
    } else if unsafe flow_monitor_wake_up(&monitor.state) <= clock {
      monitor.step(FLOW_MONITOR_TIME, at: clock)
      if monitor.actions.count > 0 { return true }
      // Without an action, the monitor has seen the time.
      if unsafe flow_monitor_wake_up(&monitor.state) <= clock {
        world.checkers.violated(
          .live, "the monitor of \(monitor.request.attempt) wakes up all the time, and does nothing"
        )
      }
      return false
    } else {
      return false
    }
    return true
  }

  private func tellOfChildren(_ monitor: SimulatedMonitor) -> Bool {
    guard looksAtChildren(monitor) else { return false }
    if let command = monitor.command, table[command].life == .zombie,
      !monitor.state.command_ended
    {
      monitor.step(
        FLOW_MONITOR_COMMAND_ENDED, commands[table[command].index].status, at: clock)
      return true
    }
    for child in table.present
    where table[child].parent == monitor.process && table[child].life == .zombie {
      table.reap(child)
      monitor.mustCountChildren = true
    }
    guard monitor.mustCountChildren, monitor.state.command_reaped else { return false }
    monitor.mustCountChildren = false
    let left = table.livingChildren(of: monitor.process).count
    monitor.step(
      left == 0 ? FLOW_MONITOR_NO_DESCENDANT_LEFT : FLOW_MONITOR_DESCENDANTS_LEFT, Int64(left),
      at: clock)
    return true
  }

  private func looksAtChildren(_ monitor: SimulatedMonitor) -> Bool {
    switch monitor.state.phase {
    case FLOW_MONITOR_IS_WATCHING, FLOW_MONITOR_IS_REAPING, FLOW_MONITOR_IS_CLEARING,
      FLOW_MONITOR_IS_HOLDING, FLOW_MONITOR_IS_WAITING_FOR_SPACE:
      true
    default: false
    }
  }

  private func lookAtClock(_ monitor: SimulatedMonitor) {
    let time = unsafe flow_monitor_wake_up(&monitor.state)
    let isLookedAt = monitor.looksAt <= time && monitor.looksAt > clock
    // Where one wakes up all the time, the world would never end.
    guard time != .max, !isLookedAt, world.checkers.violation == nil else { return }
    monitor.looksAt = time
    arrange(.monitorLooks(monitor.index), after: time - clock)
  }

  func endMonitor(_ monitor: SimulatedMonitor, wasKilled: Bool) {
    guard monitor.isLiving else { return }
    monitor.isLiving = false
    for file in [monitor.record, monitor.output] {
      if let file { close(file, of: monitor.process) }
    }
    close(monitor.launcherLock, of: monitor.process)
    world.ledger.monitorEnded(monitor.entry, wasKilled: wasKilled, at: world.now)
    if wasKilled { world.befell(.monitorKilled, cause: .monitorKilled) }
    world.trace.note(
      .monitorEnded, monitor.request.attempt, wasKilled ? "killed" : "by itself")
    end(monitor.process)
  }
}
