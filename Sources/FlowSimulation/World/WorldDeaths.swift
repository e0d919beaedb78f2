import FlowCore
import FlowRuntime

/// The ends of engines, and of the machine.
extension World {
  /// Asked at every operation, effect and wait: whether the engine lives to see it through.
  func engineGoesOn(at point: CrashPoint) -> Bool {
    if isEngineDead { return false }
    guard !isHealed, crashes < options.maxCrashes,
      choices.happens(.crash, perMille: options.crashPerMille * point.weight)
    else { return true }
    crashes += 1
    engineDies(by: drawDeath(), at: point)
    return false
  }

  func engineDies(by death: Coverage.Death, at point: CrashPoint) {
    hit(death == .powerLoss ? .powerLoss : .processStop)
    isEngineDead = true
    self.death = death
    if death == .processStop { ledger.befell(.engineKilled, at: now) }
    coverage.add(death, at: point)
    trace.note(.crashed, nil, "\(death) at \(point) in life \(life)")
  }

  func drawDeath() -> Coverage.Death {
    choices.happens(.death, perMille: options.powerLossPercent * 10) ? .powerLoss : .processStop
  }

  /// What comes after the engine's death, or its stop, until a new engine comes up. The machine may
  /// lose power even if only the engine had stopped.
  package func restart() {
    isEngineDead = true
    processes.endEngine()
    letReadersLook(times: 20)
    if death == nil, drawDeath() == .powerLoss {
      hit(.powerLoss)
      losePower()
    } else if death == .powerLoss {
      losePower()
    }
    betrayDisk()
    letCleanerCome(times: 50)
    letCancellerCome()
    death = nil
    remount()
    life += 1
    waits = 0
    let downTime = [1_000, 1_000_000, 60_000_000][choices.choose(.downTime, below: 3)]
    pass(until: now.advanced(byMicroseconds: Int64(downTime)))
    losePowerWhileAway()
    letReadersLook()
    startEngine()
    trace.note(.restarted, nil, "life \(life)")
  }

  /// The machine loses power once more, or for the first time, while no engine is there: what those
  /// have written who came meanwhile may go with what the engine has left.
  private func losePowerWhileAway() {
    guard !isHealed, choices.happens(.absence, perMille: options.powerLossPercent) else { return }
    hit(.powerLoss)
    losePower()
  }

  private func remount() {
    guard !isHealed, choices.happens(.place, perMille: options.remountPercent * 10) else { return }
    mount += 1
    hit(.remounted)
    trace.note(.remounted, nil, "as \(mount)")
  }

  /// The engine is refused, since what an earlier one started runs in another host context: the next one is
  /// started there.
  func returnToAttempts() {
    guard let living = processes.livingHost, living != HostMark(host) else {
      // A disk that lies may have changed what a record says of its context.
      if !storage.hasBetrayed {
        checkers.violated(.live, "the engine is refused, and nothing runs elsewhere")
      }
      return
    }
    mount = living.mount
    hit(.runsElsewhere)
  }

  /// The engine dies, and another is started at once.
  package func replaceEngine(losingPower: Bool = false) {
    isEngineDead = true
    processes.endEngine()
    if losingPower { losePower() }
    life += 1
    waits = 0
    startEngine()
  }

  private func startEngine() {
    isEngineDead = false
    mayWaitInSilence = false
    forgetNotice()
    afterlife = Instant(microseconds: .min)
    processes.startEngine()
    runner = newRunner()
  }

  /// The engine has brought the run to its end, and exits.
  package func endRun() {
    isOver = true
    isEngineDead = true
    processes.endEngine()
    settle(microseconds: 10_000_000)
  }

  func losePower() {
    boot += 1
    ledger.befell(.powerLoss, at: now)
    processes.losePower()
    bootedAt = now.advanced(byMicroseconds: -Self.bootMicroseconds)
    choices.losesPower(storage)
    for loss in storage.losePower({ [choices] in choices.choose($0, below: $1) }) {
      hit(loss)
    }
    trace.note(.powerLost, nil, "boot \(boot) follows")
  }
}
