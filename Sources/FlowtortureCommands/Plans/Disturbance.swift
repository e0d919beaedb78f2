/// Something that is done to a run while it goes on.
package enum Disturbance: Equatable, Sendable {
  /// SIGKILL to all processes that drive the run, or want to.
  case killEngine
  case killLauncher
  /// To one of those that live.
  case killMonitor(share: Int)
  case killMonitors
  /// Engine, launcher and monitors, one right after the other.
  case killAll
  case restart
  /// Two at once: only one can have the run.
  case restartTwice
  case cancel(force: Bool, wait: Bool)
  /// SIGTERM to the engine, which leaves what runs.
  case terminate
  /// Ctrl-C.
  case interrupt
  case readStatus
  case readEvents
  /// `events --follow`, until the run ends or its engine does.
  case follow
  /// A cleaner removes the file that the engine has locked.
  case removeLock
  case removeLauncherLock
  /// SIGSTOP, and SIGCONT so many milliseconds later.
  case pauseEngine(milliseconds: Int)
  case pauseMonitors(milliseconds: Int)
  case fillDisk
  case freeDisk
}

/// What the torture may kill.
package enum KillMode: String, CaseIterable, Sendable {
  case none, engine, all
}

extension Disturbance {
  /// - Parameter isRunning: whether an engine is believed to live when it comes to this.
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

  /// Whether an engine lives behind it, as far as can be said.
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
