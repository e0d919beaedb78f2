package import FlowCore
import FlowLog
import FlowRuntime

/// A simulated machine, with an engine that can die on it.
package final class World: Environment {
  enum Happening {
    case process(Int32, SimulatedRunner.Happening)
    case syncDone
    case cancel(CancelRequest)
    case wallClockJump(microseconds: Int64)
  }

  package let options: SimulationOptions
  let choices: any ChoiceSource
  package let trace: Trace
  package let storage = SimulatedStorage()
  package private(set) lazy var time = SimulatedClock(self)
  package private(set) lazy var runner = SimulatedRunner(self)
  package let oracles = Oracles()
  package var ledger = Ledger()

  /// Which of the engine's lives this is, from 1.
  package private(set) var life = 1
  /// Whether the engine has died in this life: nothing that it does has any effect.
  package private(set) var isEngineDead = false
  /// Faults are over: the machine heals, and the run must reach its end.
  package private(set) var isHealed = false
  private var crashes = 0

  private(set) var monotonicNow = Instant(microseconds: 1_000_000)
  /// How far wall time is ahead of monotonic time.
  private var wallOffset: Int64 = 1_790_000_000_000_000
  private var schedule = Schedule<Happening>()
  private var cancelRequests = WorkQueue<CancelRequest>()

  package init(_ options: SimulationOptions, choices: any ChoiceSource, trace: Trace) {
    self.options = options
    self.choices = choices
    self.trace = trace
    storage.wallMicroseconds = { [unowned self] in wallNow.microseconds }
    storage.beforeChange = { [unowned self] operation throws(Errno) in
      try beforeStorage(operation)
    }
    storage.acceptedBytes = { [unowned self] count in
      let isShort =
        count > 1 && !isHealed
        && choices.happens(.storageFault, perMille: options.shortWritePerMille)
      return isShort ? 1 + choices.choose(.storageFault, below: count - 1) : count
    }
    storage.onSyncStarted = { [unowned self] in
      let latency = choices.choose(.syncLatency, below: options.syncMicroseconds + 1)
      schedule.arrange(.syncDone, at: monotonicNow.advanced(byMicroseconds: Int64(latency)))
    }
    arrangeTrouble()
  }

  private func arrangeTrouble() {
    if options.isCancelled {
      let time = Int64(choices.choose(.cancel, below: 30_000_000))
      let force = choices.choose(.cancel, below: 3) == 0
      let forced: [Bool] = force ? [false, true] : [false]
      for (index, isForced) in forced.enumerated() {
        schedule.arrange(
          .cancel(CancelRequest(id: UInt64(index + 1), force: isForced)),
          at: monotonicNow.advanced(byMicroseconds: time + Int64(index) * 500_000))
      }
    }
    if options.hasClockJumps {
      for _ in 0..<3 {
        let time = Int64(choices.choose(.wallClock, below: 10_000_000))
        let jump = Int64(choices.choose(.wallClock, below: 7_200)) - 3_600
        schedule.arrange(
          .wallClockJump(microseconds: jump * 1_000_000),
          at: monotonicNow.advanced(byMicroseconds: time))
      }
    }
  }

  package func nextCancelRequest() -> CancelRequest? {
    isEngineDead ? nil : cancelRequests.removeFirst()
  }

  // MARK: Time

  package var wallNow: WallTime {
    WallTime(microseconds: monotonicNow.microseconds + wallOffset)
  }

  func arrange(
    _ happening: SimulatedRunner.Happening, of processID: Int32, afterMicroseconds delay: Int64
  ) {
    schedule.arrange(
      .process(processID, happening), at: monotonicNow.advanced(byMicroseconds: delay))
  }

  /// Lets time pass until something happens, or the deadline; a late wake-up sees what happens
  /// meanwhile all at once.
  func advance(until deadline: Instant?) {
    guard engineGoesOn() else { return }
    let news = runner.hasReports ? monotonicNow : nil
    guard let wakeUp = [news, schedule.nextTime, deadline].compactMap(\.self).min() else {
      oracles.violated(.live, "the engine waits, and nothing is going to happen")
      isEngineDead = true
      return
    }
    let delay = choices.choose(.wakeUpDelay, below: options.wakeUpDelayMicroseconds + 1)
    let until = max(monotonicNow, wakeUp).advanced(byMicroseconds: Int64(delay))
    while let next = schedule.nextTime, next <= until, let happening = schedule.removeNext() {
      monotonicNow = max(monotonicNow, next)
      happen(happening)
    }
    monotonicNow = until
  }

  private func happen(_ happening: Happening) {
    switch happening {
    case .process(let processID, let happening): runner.happened(happening, to: processID)
    case .syncDone: storage.completeSync(error: isFaulty() ? .inputOutput : nil)
    case .cancel(let request):
      trace.note(.cancelled, nil, "force \(request.force)")
      cancelRequests.append(request)
    case .wallClockJump(let microseconds): wallOffset += microseconds
    }
  }

  // MARK: Faults

  /// Asked at every effect and wait: whether the engine lives to see it through.
  func engineGoesOn() -> Bool {
    if isEngineDead { return false }
    guard !isHealed, crashes < options.maxCrashes,
      choices.happens(.crash, perMille: options.crashPerMille)
    else { return true }
    crash()
    return false
  }

  private func crash() {
    crashes += 1
    isEngineDead = true
    trace.note(.crashed, nil, "in life \(life)")
  }

  private func beforeStorage(_ operation: SimulatedStorage.Operation) throws(Errno) {
    guard engineGoesOn() else { throw .inputOutput }
    guard isFaulty() else { return }
    trace.note(.storageFailed, nil, "\(operation)")
    throw choices.choose(.storageFault, below: 2) == 0 ? .inputOutput : .noSpace
  }

  private func isFaulty() -> Bool {
    !isHealed && choices.happens(.storageFault, perMille: options.storageErrorPerMille)
  }

  /// What comes after the engine's death, or its stop: the machine has lost power, and a new engine
  /// comes up.
  package func restart() {
    isEngineDead = true
    runner.killAll()
    storage.losePower { [choices] site, count in choices.choose(site, below: count) }
    schedule.removeAll {
      switch $0 {
      case .process, .syncDone: true
      case .cancel, .wallClockJump: false
      }
    }
    life += 1
    isEngineDead = false
    monotonicNow = monotonicNow.advanced(byMicroseconds: 1_000_000)
    trace.note(.restarted, nil, "life \(life)")
  }

  package func heal() {
    isHealed = true
    trace.note(.healed, nil, "")
  }
}

extension Instant {
  func advanced(byMicroseconds delta: Int64) -> Instant {
    Instant(microseconds: microseconds + delta)
  }
}
