import FlowCore
import FlowRuntime

/// Time passes where an engine waits, and during its operations on the disk.
extension World {
  /// After this many waits of one life the engine counts as waiting for ever.
  private static let maxWaits = 50_000

  /// Lets time pass until something happens, or until the deadline. A late wake-up sees everything
  /// at once that has happened in the meantime.
  func advance(until deadline: Instant?) {
    guard beginsWait(until: deadline) else { return }
    checkers.waits(until: deadline)
    letReadersLook()
    var wakeUp = WorldTime(microseconds: .max)
    if hasNews { wakeUp = now }
    if let next = schedule.nextTime { wakeUp = min(wakeUp, next) }
    if let deadline { wakeUp = min(wakeUp, machine.worldTime(of: deadline)) }
    guard wakeUp.microseconds < .max else {
      waitsInVain("the engine waits, and nothing is going to happen")
      return
    }
    wake(at: wakeUp)
  }

  /// Lets time pass until then, whatever happens in the meantime.
  func advance(to time: Instant) {
    guard beginsWait(until: time) else { return }
    letReadersLook()
    wake(at: machine.worldTime(of: time))
  }

  /// Whether the engine lives to wait, and has not waited for ever.
  private func beginsWait(until deadline: Instant?) -> Bool {
    guard engineGoesOn(at: .wait) else {
      engine.afterlife = max(
        engineClock, deadline ?? engineClock.advanced(byMilliseconds: 1_000))
      return false
    }
    engine.waits += 1
    if engine.waits > Self.maxWaits {
      waitsInVain("the engine waits for ever")
      return false
    }
    return true
  }

  private func waitsInVain(_ message: String) {
    checkers.violated(.live, message)
    engine.isDead = true
  }

  /// The engine wakes up then, or somewhat later.
  private func wake(at time: WorldTime) {
    let delay = choices.choose(.wakeUpDelay, below: options.wakeUpDelayMicroseconds + 1)
    if delay > 0 { befell(.lateWakeUp) }
    passForEngine(until: max(now, time).advanced(byMicroseconds: Int64(delay)))
  }

  /// An engine that was suspended meanwhile goes on when it is continued.
  private func passForEngine(until time: WorldTime) {
    pass(until: time)
    while let end = engine.suspendedUntil {
      engine.suspendedUntil = nil
      if end <= now { continue }
      engine.suspendedMicroseconds += end.microseconds - now.microseconds
      pass(until: end)
    }
  }

  /// An operation of the engine takes its time. Others see the disk as it was, or change it.
  func operationTakesTime() {
    if visitors.arePresent || engine.isDead || storage.user != SimulatedStorage.engine { return }
    // A new engine finds nothing in the page cache.
    let most = options.operationMicroseconds * (checkers.history.isRecovered ? 1 : 10)
    let time = choices.choose(.operationTime, below: most + 1)
    if time == 0 { return }
    befell(.slowOperation)
    passForEngine(until: now.advanced(byMicroseconds: Int64(time)))
  }

  // MARK: What the engine can know

  /// Whether the engine has been told something that it has not asked for.
  var hasNews: Bool {
    processes.hasMessages || runner.hasReports || engine.hasNotice || work.hasOutcome
  }

  /// Whether the engine has nothing left to do: no commit, no news, and nothing that holds it up.
  var isEngineIdle: Bool {
    !storage.hasSync && !hasNews && !isLockGone && !runner.isHeldUp && !engine.mayWaitInSilence
  }

  /// What the engine waits for, as the run's lock file says.
  var engineSaysItLacks: Shortages {
    guard let run, let bytes = storage.bytesOfLocked(run.lock) else { return [] }
    return HolderRecord.decode(bytes)?.lacking ?? []
  }

  // MARK: Bounds

  /// How long the launchers and monitors of this world may take for what should take no time: each
  /// of their actions and messages takes some.
  var slackMicroseconds: Int64 {
    200_000 + 100 * Int64(options.processLatencyMicroseconds) + turnMicroseconds
      + 4 * Int64(options.syncMicroseconds)
  }

  /// How long the engine may be busy with the disk before it looks at what has happened.
  private var turnMicroseconds: Int64 { 100 * Int64(options.operationMicroseconds) }

  /// How long a request to cancel may lie in the run's folder before the engine has looked at it.
  var noticeMicroseconds: Int64 {
    Self.requestLookMicroseconds + turnMicroseconds + Int64(options.wakeUpDelayMicroseconds)
  }
}
