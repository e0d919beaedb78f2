package import FlowCore
import FlowLog
import FlowRuntime

/// A simulated machine, with an engine that can die on it.
package final class World: Environment {
  enum Happening {
    case process(Int32, SimulatedRunner.Happening)
    case echo(Input)
    case syncDone
    case cancel(CancelRequest)
    case wallClockJump(microseconds: Int64)
    case diskFull(Bool)
    case misfortune(Misfortune)
  }

  package let options: SimulationOptions
  let choices: any ChoiceSource
  package let trace: Trace
  package let storage: SimulatedStorage
  package private(set) lazy var time = SimulatedClock(self)
  package private(set) lazy var runner = SimulatedRunner(self)
  package let oracles = Oracles()
  package var ledger = Ledger()
  /// What runs, where commands behave as a model says; nil where it is drawn.
  var modelled: ModelledWorkflow?
  package var coverage = Coverage()

  /// Which of the engine's lives this is, from 1.
  package private(set) var life = 1
  /// Whether the engine has died in this life: nothing that it does has any effect.
  package private(set) var isEngineDead = false
  /// Faults are over: the machine heals, and the run must reach its end.
  package private(set) var isHealed = false
  /// How often the machine was started, from 1.
  package private(set) var boot = 1
  var bootID: String { "boot \(boot)" }
  private var crashes = 0
  private var death: Coverage.Death?
  var isDiskFull = false
  /// Whether what cut a write short lets no more through.
  var cutsNextWrite = false
  /// The operation that was refused for want of room, where the engine was granted none since.
  private(set) var refusedRoom: SimulatedStorage.Operation?
  /// Whether it is not the engine that uses the storage.
  private(set) var isVisited = false

  private(set) var monotonicNow = Instant(microseconds: 1_000_000)
  /// How far wall time is ahead of monotonic time.
  private var wallOffset: Int64 = 1_790_000_000_000_000
  private var schedule = Schedule<Happening>()
  private var cancelRequests = WorkQueue<CancelRequest>()
  private var hasRequestNotice = false

  package init(_ options: SimulationOptions, choices: any ChoiceSource, trace: Trace) {
    self.options = options
    self.choices = choices
    self.trace = trace
    storage = SimulatedStorage(options.tier)
    if options.readErrorPerMille > 0 {
      storage.judgeLook = { [unowned self] in judgeLook($0) }
    }
    if options.shortReadPerMille > 0 {
      storage.deliveredBytes = { [unowned self] in deliveredBytes(of: $0) }
    }
    storage.wallMicroseconds = { [unowned self] in wallNow.microseconds }
    storage.judge = { [unowned self] in judge($0, needsRoom: $1) }
    storage.acceptedBytes = { [unowned self] in acceptedBytes(of: $0) }
    storage.onSyncStarted = { [unowned self] in
      let latency = choices.choose(.syncLatency, below: options.syncMicroseconds + 1)
      schedule.arrange(.syncDone, at: monotonicNow.advanced(byMicroseconds: Int64(latency)))
    }
    arrangeTrouble()
  }

  deinit {
    // Files of its readers are closed after it.
    storage.judgeLook = { _ in nil }
  }

  func arrange(_ happening: Happening, afterMicroseconds delay: Int64) {
    schedule.arrange(happening, at: monotonicNow.advanced(byMicroseconds: delay))
  }

  private func arrangeTrouble() {
    if options.isCancelled {
      // Early, while most runs are at work, or late.
      let latest = [50_000, 3_000_000, 30_000_000][choices.choose(.cancel, below: 3)]
      let time = Int64(choices.choose(.cancel, below: latest))
      let force = choices.happens(.cancel, perMille: 333)
      let forced: [Bool] = force ? [false, true] : [false]
      for (index, isForced) in forced.enumerated() {
        schedule.arrange(
          .cancel(CancelRequest(id: UInt64(index + 1), force: isForced)),
          at: monotonicNow.advanced(byMicroseconds: time + Int64(index) * 500_000))
      }
    }
    for _ in 0..<options.fullDisks {
      let time = Int64(choices.choose(.disk, below: 3_000_000))
      let duration = Int64(choices.choose(.disk, below: 3_000_000))
      for (isFull, time) in [(true, time), (false, time + duration)] {
        schedule.arrange(.diskFull(isFull), at: monotonicNow.advanced(byMicroseconds: time))
      }
    }
    if options.hasClockJumps {
      for _ in 0..<3 {
        let time = Int64(choices.choose(.wallClock, below: 10_000_000))
        // Zero, then one second on, one back, two on, two back, to an hour.
        let draw = Int64(choices.choose(.wallClock, below: 7_201))
        let jump = draw % 2 == 1 ? (draw + 1) / 2 : -draw / 2
        if jump == 0 { continue }
        schedule.arrange(
          .wallClockJump(microseconds: jump * 1_000_000),
          at: monotonicNow.advanced(byMicroseconds: time))
      }
    }
  }

  package func nextCancelRequest() -> CancelRequest? {
    isEngineDead ? nil : cancelRequests.removeFirst()
  }

  package func takeRequestNotice() -> Bool {
    defer { hasRequestNotice = false }
    return hasRequestNotice && !isEngineDead
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

  /// Tells a report once more, some time later.
  func echo(_ report: Input) {
    guard choices.happens(.echo, perMille: options.echoPercent * 10) else { return }
    coverage.add(.endToldTwice)
    let delay = [0, 1_000, 1_500_000][choices.choose(.echo, below: 3)]
    schedule.arrange(.echo(report), at: monotonicNow.advanced(byMicroseconds: Int64(delay)))
  }

  /// Lets time pass until something happens, or the deadline; a late wake-up sees what happens
  /// meanwhile all at once.
  func advance(until deadline: Instant?) {
    guard engineGoesOn(at: .wait) else { return }
    oracles.waits(until: deadline)
    letReadersLook()
    let news = runner.hasReports ? monotonicNow : nil
    guard let wakeUp = [news, schedule.nextTime, deadline].compactMap(\.self).min() else {
      oracles.violated(.live, "the engine waits, and nothing is going to happen")
      isEngineDead = true
      return
    }
    let delay = choices.choose(.wakeUpDelay, below: options.wakeUpDelayMicroseconds + 1)
    let until = max(monotonicNow, wakeUp).advanced(byMicroseconds: Int64(delay))
    if delay > 0 { coverage.add(.lateWakeUp) }
    while let next = schedule.nextTime, next <= until, let happening = schedule.removeNext() {
      monotonicNow = max(monotonicNow, next)
      happen(happening)
    }
    monotonicNow = until
  }

  private func happen(_ happening: Happening) {
    switch happening {
    case .process(let processID, let happening): runner.happened(happening, to: processID)
    case .echo(let report): runner.report(report)
    case .syncDone: storage.completeSync(drawSync(times: 3))
    case .cancel(let request):
      trace.note(.cancelled, nil, request.force ? "without grace" : "")
      coverage.add(request.force ? .forcedCancel : .cancel)
      cancelRequests.append(request)
    case .wallClockJump(let microseconds):
      wallOffset += microseconds
      trace.note(.clockJumped, nil, "by \(microseconds / 1_000_000) s")
      coverage.add(.wallClockJump)
    case .diskFull(let isFull):
      isDiskFull = isFull && !isHealed
      if isDiskFull { ledger.befell(.disk, at: monotonicNow) }
      trace.note(.diskFull, nil, isFull ? "has no room" : "has room again")
    case .misfortune(let misfortune): befall(misfortune)
    }
  }

  // MARK: Deaths

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
    isEngineDead = true
    self.death = death
    if death == .processStop { ledger.befell(.engineKilled, at: monotonicNow) }
    coverage.add(death, at: point)
    trace.note(.crashed, nil, "\(death) at \(point) in life \(life)")
  }

  private func drawDeath() -> Coverage.Death {
    choices.happens(.death, perMille: options.powerLossPercent * 10) ? .powerLoss : .processStop
  }

  /// What comes after the engine's death, or its stop, until a new engine comes up. The machine may
  /// lose power even if only the engine had stopped.
  package func restart() {
    isEngineDead = true
    runner.killAll()
    storage.closeAll()
    letReadersLook(times: 20)
    if (death ?? drawDeath()) == .powerLoss { losePower() }
    betrayDisk()
    death = nil
    schedule.removeAll {
      switch $0 {
      case .process, .syncDone, .echo: true
      case .cancel, .wallClockJump, .diskFull, .misfortune: false
      }
    }
    life += 1
    pass(microseconds: Int64([1_000, 1_000_000, 60_000_000][choices.choose(.downTime, below: 3)]))
    letReadersLook()
    isEngineDead = false
    trace.note(.restarted, nil, "life \(life)")
  }

  func losePower() {
    boot += 1
    ledger.befell(.powerLoss, at: monotonicNow)
    for loss in storage.losePower({ [choices] in choices.choose($0, below: $1) }) {
      coverage.add(loss)
    }
    trace.note(.powerLost, nil, "boot \(boot) follows")
  }

  /// Time in which no engine is there.
  private func pass(microseconds: Int64) {
    let until = monotonicNow.advanced(byMicroseconds: microseconds)
    while let next = schedule.nextTime, next <= until, let happening = schedule.removeNext() {
      monotonicNow = max(monotonicNow, next)
      happen(happening)
    }
    monotonicNow = until
  }

  // MARK: Faults of the storage

  private func judge(
    _ operation: SimulatedStorage.Operation, needsRoom: Bool
  ) -> SimulatedStorage.Verdict {
    if isVisited { return .done }
    trace.tell(.storage) { "\(operation)" }
    letReadersLook()
    guard engineGoesOn(at: operation.crashPoint) else { return .refused(.inputOutput) }
    let verdict = drawVerdict(operation, needsRoom: needsRoom)
    if needsRoom || verdict.isWantOfRoom {
      refusedRoom = verdict.isWantOfRoom ? operation : nil
    }
    return verdict
  }

  // MARK: Readers

  /// Somebody may come and look at the run.
  private func letReadersLook(times factor: Int = 1) {
    guard choices.happens(.reader, perMille: options.readPerMille * factor) else { return }
    coverage.addRead()
    visit {
      oracles.read(isEngineDead: isEngineDead)
      if !isEngineDead { oracles.tryToDrive() }
    }
  }

  /// Lets others than the engine use the storage. Their operations do not fail.
  func visit<Value>(_ body: () -> Value) -> Value {
    let wasVisited = isVisited
    isVisited = true
    defer { isVisited = wasVisited }
    return body()
  }

  package func heal() {
    isHealed = true
    isDiskFull = false
    trace.note(.healed, nil, "")
  }
}

extension SimulatedStorage.Operation {
  fileprivate var crashPoint: CrashPoint {
    switch self {
    case .makeDirectory: .makeDirectory
    case .rename: .rename
    case .remove: .remove
    case .syncDirectory: .syncDirectory
    case .create: .create
    case .write: .write
    case .reserve: .reserve
    case .sync: .sync
    case .startSync: .startSync
    }
  }
}
