import FlowCore
import FlowRuntime

/// The ends of engines, and of the machine.
extension World {
  /// Asked at every operation, effect and wait: whether the engine lives to see it through.
  func engineGoesOn(at point: CrashPoint) -> Bool {
    if engine.isDead { return false }
    guard !isHealed, engine.deaths < options.maxCrashes,
      choices.happens(.crash, perMille: options.crashPerMille * point.weight)
    else { return true }
    engine.deaths += 1
    engineDies(by: drawDeath(), at: point)
    return false
  }

  func engineDies(by death: Coverage.Death, at point: CrashPoint) {
    let note = "\(death) at \(point) in life \(engine.life)"
    switch death {
    // It is a mishap when the machine goes down, which is a moment later.
    case .powerLoss: befell(.powerLoss, note: note)
    case .processStop: befell(.processStop, cause: .engineKilled, note: note)
    }
    engine.isDead = true
    engine.death = death
    coverage.add(death, at: point)
  }

  private func drawDeath() -> Coverage.Death {
    choices.happens(.death, perMille: options.powerLossPercent * 10) ? .powerLoss : .processStop
  }

  /// What comes after the engine's death, or its stop, until a new engine is started. The machine
  /// may lose power even if only the engine had stopped.
  package func restart() {
    engine.isDead = true
    processes.endEngine()
    work.engineEnded()
    letReadersLook(times: 20)
    if engine.death == .powerLoss {
      losePower()
    } else if engine.death == nil, drawDeath() == .powerLoss {
      befell(.powerLoss)
      losePower()
    }
    betrayDisk()
    letCleanerCome(times: 50)
    letCancellerCome()
    remount()
    engine.endLife()
    let downTime = [1_000, 1_000_000, 60_000_000][choices.choose(.downTime, below: 3)]
    pass(until: now.advanced(byMicroseconds: Int64(downTime)))
    losePowerWhileAway()
    letReadersLook()
    startEngine()
    trace.note(.restarted, nil, "life \(engine.life)")
  }

  /// The machine loses power once more, or for the first time, while no engine is there. What
  /// visitors have written in the meantime may go with what the engine has left.
  private func losePowerWhileAway() {
    guard !isHealed, choices.happens(.absence, perMille: options.powerLossPercent) else { return }
    befell(.powerLoss)
    losePower()
  }

  private func remount() {
    guard !isHealed, choices.happens(.place, perMille: options.remountPercent * 10) else { return }
    machine.mount += 1
    befell(.remounted, note: "as \(machine.mount)")
  }

  /// The engine was refused, since attempts of an earlier one run in another host context: the next
  /// one is started there.
  func returnToAttempts() {
    guard let living = processes.livingHost, living != HostMark(host) else {
      // A hostile disk may have changed what a record says of its host context.
      if !storage.hasBetrayed {
        checkers.violated(.live, "the engine is refused, and nothing runs elsewhere")
      }
      return
    }
    machine.mount = living.mount
    befell(.runsElsewhere)
  }

  /// The engine dies, and another is started at once.
  package func replaceEngine(losingPower: Bool = false) {
    engine.isDead = true
    processes.endEngine()
    work.engineEnded()
    if losingPower { losePower() }
    engine.endLife()
    startEngine()
  }

  private func startEngine() {
    engine.start()
    processes.startEngine()
    runner = newRunner()
  }

  /// The engine has brought the run to its end, and exits.
  package func endRun() {
    isOver = true
    engine.isDead = true
    processes.endEngine()
    work.engineEnded()
    settle(microseconds: 10_000_000)
  }

  /// The machine goes down, and comes up again.
  func losePower() {
    machine.losePower(at: now)
    ledger.befell(.powerLoss, at: now)
    processes.leaveFilesAtPowerLoss()
    processes.losePower()
    secrets.losePower()
    results.losePower { choices.happens(.results, perMille: 300) }
    work.losePower()
    choices.losesPower(storage)
    for loss in storage.losePower({ [choices] in choices.choose($0, below: $1) }) { befell(loss) }
    trace.note(.powerLost, nil, "boot \(machine.boot) follows")
  }
}
