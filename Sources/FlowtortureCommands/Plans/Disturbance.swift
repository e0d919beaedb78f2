/// An act of the torture against a run.
package enum Disturbance: Equatable, Sendable {
  /// SIGKILL to all processes that drive the run or try to.
  case killEngine
  case killLauncher
  /// SIGKILL to one of the living monitors.
  case killMonitor(share: Int)
  case killMonitors
  /// Engine, launcher and monitors, immediately one after the other.
  case killAll
  case restart
  /// Two at once, of which only one can get the run.
  case restartTwice
  case cancel(force: Bool, wait: Bool)
  /// SIGTERM to the engine, which detaches.
  case terminate
  /// Ctrl-C.
  case interrupt
  case readStatus
  case readEvents
  /// `events --follow`, until the run ends or its engine does.
  case follow
  /// Removes the file that the engine has locked, as a cleaner of old files may do.
  case removeLock
  case removeLauncherLock
  /// SIGSTOP, and SIGCONT after the given time.
  case pauseEngine(milliseconds: Int)
  case pauseMonitors(milliseconds: Int)
  /// SIGSTOP to all processes that drive the run. They stay stopped until `resume` or the last beat.
  case suspendEngine
  /// SIGSTOP to one of the living monitors, or to all.
  case suspendMonitors(share: Int?)
  /// SIGCONT to everything that is suspended.
  case resume
  /// SIGTERM to every process of the round, as a system that shuts down sends it.
  case terminateAll(Shutdown)
  /// No process of the round can make more than this many others.
  case limitProcesses(spare: Int)
  case unlimitProcesses
  case cutPower(PowerCut)
  /// So many processes of `flow answer` at once, all for one question of the plan.
  case answer(share: Int, approvals: [Bool])
  case fillDisk
  case freeDisk
}

/// How a system ends everything.
package struct Shutdown: Equatable, Sendable {
  package enum Order: String, Sendable {
    case ascending, descending, shuffled
  }

  /// In which order of their ids the processes are told to end.
  package let order: Order
  package let shuffle: UInt64
  /// Whether SIGCONT follows, so that stopped processes hear of it.
  package let continues: Bool
  /// When SIGKILL follows; nil for never.
  package let killsAfterMilliseconds: Int?

  static func draw(_ dice: inout Dice) -> Shutdown {
    Shutdown(
      order: dice.pick([.ascending, .descending, .shuffled]),
      shuffle: UInt64(dice.below(1 << 30)), continues: dice.happens(50),
      killsAfterMilliseconds: dice.happens(40) ? dice.scaled(1, 600) : nil)
  }

  /// The processes in the order in which they are told.
  func ordered(_ processes: [Descendant]) -> [Descendant] {
    switch order {
    case .ascending: return processes
    case .descending: return processes.reversed()
    case .shuffled:
      var dice = Dice(seed: shuffle)
      var result = processes
      for index in result.indices.dropFirst().reversed() {
        result.swapAt(index, dice.below(index + 1))
      }
      return result
    }
  }
}

/// Which processes the torture may kill.
package enum KillMode: String, CaseIterable, Sendable {
  case none, engine, all
}

extension Disturbance {
  /// - Parameter isRunning: whether an engine is expected to be alive at this point.
  static func draw(_ dice: inout Dice, _ plan: RoundPlan, isRunning: Bool) -> Disturbance {
    let mode = plan.mode
    if !isRunning && dice.happens(80) {
      return dice.weighted([
        (80, .restart), (15, .restartTwice), (5, .cancel(force: dice.happens(30), wait: true)),
      ])
    }
    var choices: [(share: Int, value: Disturbance)] = [
      (6, .readStatus), (4, .readEvents), (2, .follow), (4, .restart), (2, .restartTwice),
      (2, .cancel(force: dice.happens(30), wait: dice.happens(50))), (2, .terminate),
      (1, .interrupt), (3, .pauseEngine(milliseconds: dice.scaled(1, 100))),
      (2, .suspendEngine), (4, .resume),
    ]
    if mode != .none { choices.append((50, .killEngine)) }
    if mode == .engine { choices += [(1, .removeLock), (1, .removeLauncherLock)] }
    if mode == .all {
      choices += [
        (12, .killLauncher), (12, .killMonitor(share: dice.below(1_000))), (4, .killMonitors),
        (8, .killAll), (3, .pauseMonitors(milliseconds: dice.scaled(1, 100))),
        (4, .suspendMonitors(share: dice.happens(70) ? dice.below(1_000) : nil)),
        (8, .terminateAll(.draw(&dice))),
      ]
    }
    if plan.limitsProcesses {
      choices += [(25, .limitProcesses(spare: dice.within(0...4))), (15, .unlimitProcesses)]
    }
    if plan.image != nil { choices.append((60, .cutPower(.draw(&dice)))) }
    if plan.hasSmallDisk { choices += [(25, .fillDisk), (25, .freeDisk)] }
    return dice.weighted(choices)
  }

  /// Whether an engine is expected to be alive afterwards.
  func leavesEngine(_ before: Bool) -> Bool {
    switch self {
    case .killEngine, .killAll, .terminate, .terminateAll, .cutPower: false
    case .restart, .restartTwice: true
    case .killLauncher, .killMonitor, .killMonitors, .cancel, .interrupt, .readStatus, .readEvents,
      .follow, .removeLock, .removeLauncherLock, .pauseEngine, .pauseMonitors, .suspendEngine,
      .suspendMonitors, .resume, .limitProcesses, .unlimitProcesses, .answer, .fillDisk,
      .freeDisk:
      before
    }
  }
}
