import CMonitor
import FlowCore

/// What strikes the machine and its processes at some time, whatever they are doing.
enum Misfortune: UInt8, CaseIterable, Sendable {
  case powerLoss
  case engineKilled
  case monitorKilled
  case launcherKilled
}

extension World {
  /// Draws what goes wrong from now on, over a time that is long beside the engine's own
  /// operations.
  func arrangeMisfortunes(overMicroseconds span: Int64) {
    // At most two of a kind: with more of them, each would tell less.
    for misfortune in Misfortune.allCases {
      for _ in 0..<2 where choices.happens(.misfortune, perMille: misfortune.perMille) {
        let time = Int64(choices.choose(.misfortune, below: Int(span)))
        arrange(.misfortune(misfortune), afterMicroseconds: time)
      }
    }
    if choices.happens(.misfortune, perMille: 200) {
      let time = Int64(choices.choose(.misfortune, below: Int(span)))
      let duration = Int64(choices.choose(.misfortune, below: Int(span / 10) + 1))
      arrange(.diskFull(true), afterMicroseconds: time)
      arrange(.diskFull(false), afterMicroseconds: time + duration)
    }
  }

  /// No process can be forked for a while, or some can again.
  func useUpProcesses(_ areGone: Bool) {
    processes.isFull = areGone && !isHealed
    trace.note(.fault, nil, areGone ? "no process can be forked" : "processes can be forked again")
  }

  /// SIGSTOP, or Ctrl-Z: the engine does nothing for a while, and everything else goes on.
  func suspendEngine() {
    if isHealed || isOver || engine.isDead { return }
    let duration = Int64([1, 60, 3_600][choices.choose(.engineStop, below: 3)]) * 1_000_000
    engine.suspendedUntil = now.advanced(byMicroseconds: duration)
    befell(.engineSuspended, note: "for \(duration / 1_000_000) s")
  }

  func strike(_ misfortune: Misfortune) {
    if isHealed || isOver { return }
    switch misfortune {
    case .powerLoss where engine.isDead:
      befell(.powerLoss)
      losePower()
    case .powerLoss: engineDies(by: .powerLoss, at: .wait)
    case .engineKilled: if !engine.isDead { engineDies(by: .processStop, at: .wait) }
    case .monitorKilled: killOne(of: processes.livingMonitors)
    case .launcherKilled: killOne(of: processes.livingLaunchers)
    }
  }

  /// - Parameter candidates: serial numbers.
  private func killOne(of candidates: [Int]) {
    if candidates.isEmpty { return }
    let index = choices.choose(.misfortune, below: candidates.count)
    processes.happen(.killed(candidates[index]))
  }
}

extension World {
  /// A monitor whose command runs is stopped for a while. One that holds a launcher's lock is left
  /// alone: the next engine waits for it, and says so.
  func stopMonitor() {
    let candidates = processes.monitors.filter {
      $0.isLiving && !$0.isStopped && $0.state.phase == FLOW_MONITOR_IS_WATCHING
    }
    if isHealed || isOver || candidates.isEmpty { return }
    let monitor = candidates[choices.choose(.monitorStop, below: candidates.count)]
    let seconds = [1, 20, 600][choices.choose(.monitorStop, below: 3)]
    processes.stop(
      monitor, frozen: choices.happens(.monitorStop, perMille: 300),
      forMicroseconds: Int64(seconds) * 1_000_000)
  }

  /// A reboot, the stop of a service, a logout: every process gets a SIGTERM, in any order. The
  /// engine may be spared; the power goes after it, or does not.
  func stopSystem() {
    if isHealed || isOver { return }
    befell(.systemStop, note: "SIGTERM to everything")
    let endsEngine = choices.choose(.systemStop, below: 3) > 0
    let power = [nil, nil, 0, 20_000, 2_000_000][choices.choose(.systemStop, below: 5)] as Int64?
    if let power { arrange(.misfortune(.powerLoss), afterMicroseconds: power) }
    // It stops in order, which is no better than to be killed.
    if endsEngine, !engine.isDead { engineDies(by: .processStop, at: .wait) }
    processes.tellAllToEnd()
  }
}

extension SimulatedProcesses {
  /// SIGTERM to all monitors and all that they watch; launchers ignore it.
  fileprivate func tellAllToEnd() {
    for monitor in monitors where monitor.isLiving {
      let delay = [0, 1_000, 100_000][world.choices.choose(.systemStop, below: 3)]
      arrange(.monitorToldToEnd(monitor.index), after: Int64(delay))
    }
    for command in commands where table.isLiving(command.process) {
      let delay = [0, 1_000, 100_000][world.choices.choose(.systemStop, below: 3)]
      arrange(.toldToEnd(command.process), after: Int64(delay))
    }
  }
}

extension Misfortune {
  /// How likely the first of the kind is, and a second one.
  fileprivate var perMille: Int {
    switch self {
    case .powerLoss, .engineKilled, .monitorKilled: 350
    case .launcherKilled: 200
    }
  }
}

extension SimulatedProcesses {
  fileprivate var livingMonitors: [Int] { monitors.filter(\.isLiving).map(\.process) }
  fileprivate var livingLaunchers: [Int] { launchers.filter(\.isLiving).map(\.process) }
}
