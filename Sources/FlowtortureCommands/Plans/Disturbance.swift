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
  case fillDisk
  case freeDisk
}

/// Which processes the torture may kill.
package enum KillMode: String, CaseIterable, Sendable {
  case none, engine, all
}

extension Disturbance {
  /// - Parameter isRunning: whether an engine is expected to be alive at this point.
  static func draw(_ dice: inout Dice, _ mode: KillMode, isRunning: Bool, smallDisk: Bool)
    -> Disturbance
  {
    if !isRunning && dice.happens(80) {
      return dice.weighted([
        (80, .restart), (15, .restartTwice), (5, .cancel(force: dice.happens(30), wait: true)),
      ])
    }
    var choices: [(share: Int, value: Disturbance)] = [
      (6, .readStatus), (4, .readEvents), (2, .follow), (4, .restart), (2, .restartTwice),
      (2, .cancel(force: dice.happens(30), wait: dice.happens(50))), (2, .terminate),
      (1, .interrupt), (3, .pauseEngine(milliseconds: dice.scaled(1, 100))),
    ]
    if mode != .none { choices.append((50, .killEngine)) }
    if mode == .engine { choices += [(1, .removeLock), (1, .removeLauncherLock)] }
    if mode == .all {
      choices += [
        (12, .killLauncher), (12, .killMonitor(share: dice.below(1_000))), (4, .killMonitors),
        (8, .killAll), (3, .pauseMonitors(milliseconds: dice.scaled(1, 100))),
      ]
    }
    if smallDisk { choices += [(25, .fillDisk), (25, .freeDisk)] }
    return dice.weighted(choices)
  }

  /// Whether an engine is expected to be alive afterwards.
  func leavesEngine(_ before: Bool) -> Bool {
    switch self {
    case .killEngine, .killAll, .terminate: false
    case .restart, .restartTwice: true
    case .killLauncher, .killMonitor, .killMonitors, .cancel, .interrupt, .readStatus, .readEvents,
      .follow, .removeLock, .removeLauncherLock, .pauseEngine, .pauseMonitors, .fillDisk, .freeDisk:
      before
    }
  }
}
