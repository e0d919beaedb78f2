package import FlowCore
package import FlowRuntime
import FlowStorage

/// A simulated machine, with an engine that can die on it.
package final class World: Environment {
  enum Happening {
    case process(SimulatedProcesses.Happening)
    /// In that life of the engine.
    case syncDone(life: Int)
    case cancel(CancelRequest)
    case leaveRequest(CancelRequest)
    /// To the engine of that life: somebody may have left one.
    case requestNotice(life: Int)
    case wallClockJump(microseconds: Int64)
    case diskFull(Bool)
    case misfortune(Misfortune)
  }

  package let options: SimulationOptions
  let choices: any ChoiceSource
  package let trace: Trace
  package let storage: SimulatedStorage
  package private(set) lazy var time = SimulatedClock(self)
  package private(set) lazy var processes = SimulatedProcesses(self)
  /// Of the engine that lives.
  package lazy var runner = newRunner()
  package let checkers = Checkers()
  package var ledger = Ledger()
  /// What runs, where commands behave as a model says; nil where it is drawn.
  var modelled: ModelledWorkflow?
  package var coverage = Coverage()

  /// Which of the engine's lives this is, from 1.
  package var life = 1
  /// Whether the engine has died in this life: nothing that it does has any effect.
  package var isEngineDead = false
  /// Faults are over: the machine heals, and the run must reach its end.
  package private(set) var isHealed = false
  /// How often the machine was started, from 1.
  package var boot = 1
  /// Of the run's folder, as a new engine finds it.
  package var mount: UInt64 = 1
  package var host: HostContext {
    HostContext(bootID: "boot \(boot)", mountID: mount, processNamespace: 1)
  }
  /// Whether the run has ended: what befalls the machine then is nobody's business.
  var isOver = false
  var crashes = 0
  var death: Coverage.Death?
  var isDiskFull = false
  /// Whether what cut a write short lets no more through.
  var cutsNextWrite = false
  /// The last boot in which the system took for written what was not: who reads it, believes it.
  var droppedInBoot: Int?
  /// Whether the engine was refused room when it last asked for some.
  var lacksRoom = false
  /// Whether the engine may have had no room to say that it waits for some.
  var mayWaitInSilence = false
  /// Where the run is, or is going to be.
  var runFolder: RunFolder?
  /// After how many more operations of his a visitor of the storage dies.
  var visitorOperations: Int?
  /// Whether it is not the engine that uses the storage.
  private(set) var isVisited = false

  /// How often the engine that lives has waited.
  var waits = 0
  /// Beyond this many waits of one life the engine is taken to wait for what never comes.
  private static let maxWaits = 50_000

  private(set) var now = WorldTime(microseconds: 0)
  /// When the machine was started.
  var bootedAt = WorldTime(microseconds: -bootMicroseconds)
  /// How far wall time is ahead of the world's.
  private var wallOffset: Int64 = 1_790_000_000_000_000
  /// From the start of the machine until an engine can be started.
  static let bootMicroseconds: Int64 = 1_000_000
  /// How far time has passed for an engine that is dead.
  var afterlife = Instant(microseconds: .min)
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
    if options.operationMicroseconds > 0 {
      storage.onChange = { [unowned self] in operationTakesTime() }
    }
    storage.wallMicroseconds = { [unowned self] in wallNow.microseconds }
    storage.judge = { [unowned self] in judge($0, needsRoom: $1) }
    storage.acceptedBytes = { [unowned self] in acceptedBytes(of: $0) }
    storage.onSyncStarted = { [unowned self] in
      let latency = choices.choose(.syncLatency, below: options.syncMicroseconds + 1)
      schedule.arrange(
        .syncDone(life: life), at: now.advanced(byMicroseconds: Int64(latency)))
    }
    processes.startEngine()
    arrangeTrouble()
  }

  deinit {
    // Files of its readers are closed after it.
    storage.judgeLook = { _ in nil }
  }

  /// What the next engine runs attempts by.
  func newRunner() -> AttemptSupervisor<SimulatedProcesses, SimulatedClock> {
    AttemptSupervisor(host: processes, storage: storage, time: time, here: host)
  }

  private func arrangeTrouble() {
    arrangeCancels()
    for _ in 0..<options.fullDisks {
      let time = drawTime(of: .disk)
      let duration = drawTime(of: .disk)
      for (isFull, time) in [(true, time), (false, time + duration)] {
        schedule.arrange(.diskFull(isFull), at: now.advanced(byMicroseconds: time))
      }
    }
    if options.hasClockJumps {
      for _ in 0..<3 {
        let time = drawTime(of: .wallClock)
        // Zero, then one second on, one back, two on, two back, to an hour.
        let draw = Int64(choices.choose(.wallClock, below: 7_201))
        let jump = draw % 2 == 1 ? (draw + 1) / 2 : -draw / 2
        if jump == 0 { continue }
        schedule.arrange(
          .wallClockJump(microseconds: jump * 1_000_000),
          at: now.advanced(byMicroseconds: time))
      }
    }
  }

  /// Early, while most runs are at work, or late; in microseconds from now.
  func drawTime(of site: ChoiceSite) -> Int64 {
    let latest = [50_000, 3_000_000, 30_000_000][choices.choose(site, below: 3)]
    return Int64(choices.choose(site, below: latest))
  }

  package func nextCancelRequest() -> CancelRequest? {
    isEngineDead ? nil : cancelRequests.removeFirst()
  }

  package func takeRequestNotice() -> Bool {
    defer { hasRequestNotice = false }
    return hasRequestNotice && !isEngineDead
  }

  /// What was told to an engine that is dead.
  func forgetNotice() { hasRequestNotice = false }

  // MARK: Time

  package var monotonicNow: Instant {
    Instant(microseconds: now.microseconds - bootedAt.microseconds)
  }

  /// What the clock shows to the engine: for a dead one time passes as it wants to, so that whatever it
  /// waits for comes to an end.
  var engineClock: Instant { max(monotonicNow, afterlife) }

  package var wallNow: WallTime {
    WallTime(microseconds: now.microseconds + wallOffset)
  }

  /// How long the launchers and monitors of this world may take for what takes no time by right:
  /// each of their actions and messages takes some.
  var slackMicroseconds: Int64 {
    200_000 + 100 * Int64(options.processLatencyMicroseconds) + turnMicroseconds
      + 4 * Int64(options.syncMicroseconds)
  }

  /// How long the engine may be busy with the disk before it looks at what has happened.
  var turnMicroseconds: Int64 { 100 * Int64(options.operationMicroseconds) }

  func arrange(_ happening: Happening, afterMicroseconds delay: Int64) {
    schedule.arrange(happening, at: now.advanced(byMicroseconds: delay))
  }

  func arrange(_ happening: SimulatedProcesses.Happening, at time: WorldTime) {
    schedule.arrange(.process(happening), at: time)
  }

  func arrange(_ happening: Happening, at time: WorldTime) {
    schedule.arrange(happening, at: time)
  }

  /// Lets time pass until something happens, or the deadline; a late wake-up sees what happens
  /// meanwhile all at once.
  func advance(until deadline: Instant?) {
    guard beginsWait(until: deadline) else { return }
    checkers.waits(until: deadline)
    letReadersLook()
    var wakeUp = WorldTime(microseconds: .max)
    if hasNews { wakeUp = now }
    if let next = schedule.nextTime { wakeUp = min(wakeUp, next) }
    if let deadline { wakeUp = min(wakeUp, worldTime(deadline)) }
    guard wakeUp.microseconds < .max else {
      waitsInVain("the engine waits, and nothing is going to happen")
      return
    }
    wake(at: wakeUp)
  }

  /// Lets time pass until then, whatever happens meanwhile.
  func advance(to time: Instant) {
    guard beginsWait(until: time) else { return }
    letReadersLook()
    wake(at: worldTime(time))
  }

  /// Whether the engine lives to wait, and has not waited for ever.
  private func beginsWait(until deadline: Instant?) -> Bool {
    guard engineGoesOn(at: .wait) else {
      afterlife = max(engineClock, deadline ?? engineClock.advanced(byMilliseconds: 1_000))
      return false
    }
    waits += 1
    if waits > Self.maxWaits {
      waitsInVain("the engine waits for ever")
      return false
    }
    return true
  }

  private func waitsInVain(_ message: String) {
    checkers.violated(.live, message)
    isEngineDead = true
  }

  /// The engine wakes up then, or somewhat later.
  private func wake(at time: WorldTime) {
    let delay = choices.choose(.wakeUpDelay, below: options.wakeUpDelayMicroseconds + 1)
    if delay > 0 { hit(.lateWakeUp) }
    pass(until: max(now, time).advanced(byMicroseconds: Int64(delay)))
  }

  private func worldTime(_ time: Instant) -> WorldTime {
    bootedAt.advanced(byMicroseconds: time.microseconds)
  }

  /// An operation of the engine takes its time; others see the disk as it was, or change it.
  private func operationTakesTime() {
    if isVisited || isEngineDead || storage.user != SimulatedStorage.engine { return }
    // Nothing that an engine which comes up looks for is in memory.
    let most = options.operationMicroseconds * (checkers.isRecovered ? 1 : 10)
    let time = choices.choose(.operationTime, below: most + 1)
    if time == 0 { return }
    hit(.slowOperation)
    pass(until: now.advanced(byMicroseconds: Int64(time)))
  }

  /// Lets all happen that comes until then.
  func pass(until end: WorldTime) {
    while let next = schedule.nextTime, next <= end, let happening = schedule.removeNext() {
      now = max(now, next)
      happen(happening)
    }
    now = end
  }

  /// Lets time pass until nothing is going to happen any more, but not much more than so long.
  func settle(microseconds: Int64) {
    let end = now.advanced(byMicroseconds: microseconds)
    while let next = schedule.nextTime, next <= end { pass(until: max(now, next)) }
  }

  /// Whether the engine has been told something that it has not asked for.
  var hasNews: Bool { processes.hasMessages || runner.hasReports || hasRequestNotice }

  private func happen(_ happening: Happening) {
    switch happening {
    case .process(let happening): processes.happen(happening)
    case .syncDone(let life):
      guard life == self.life, storage.hasSync else { return }
      storage.completeSync(drawSync(times: 3))
    case .cancel(let request):
      trace.note(.cancelled, nil, request.force ? "without grace" : "")
      hit(request.force ? .forcedCancel : .cancel)
      cancelRequests.append(request)
    case .leaveRequest(let request): leave(request)
    case .requestNotice(let life): if life == self.life { hasRequestNotice = true }
    case .wallClockJump(let microseconds):
      wallOffset += microseconds
      trace.note(.clockJumped, nil, "by \(microseconds / 1_000_000) s")
      hit(.wallClockJump)
    case .diskFull(let isFull):
      isDiskFull = isFull && !isHealed
      if isDiskFull { ledger.befell(.disk, at: now) }
      trace.note(.diskFull, nil, isFull ? "has no room" : "has room again")
    case .misfortune(let misfortune): befall(misfortune)
    }
  }

  // MARK: Coverage

  /// A fault has struck.
  func hit(_ fault: Fault) {
    coverage.add(fault, after: checkers.lastKinds, in: phase)
  }

  private var phase: WorldPhase {
    if checkers.acknowledged.isEmpty { return .creating }
    if isEngineDead { return .away }
    if !checkers.isRecovered { return .recovering }
    return storage.hasSync ? .committing : .working
  }

  // MARK: Readers

  /// Somebody may come and look at the run.
  func letReadersLook(times factor: Int = 1) {
    guard choices.happens(.reader, perMille: options.readPerMille * factor) else { return }
    coverage.addRead()
    visit {
      checkers.read(isEngineDead: isEngineDead)
      if !isEngineDead { checkers.tryToDrive() }
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
    cutsNextWrite = false
    trace.note(.healed, nil, "")
  }
}
