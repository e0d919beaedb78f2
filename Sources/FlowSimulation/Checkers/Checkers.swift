package import FlowCore
package import FlowLog
import FlowRuntime
import FlowStorage

/// All checkers of a world. The first violation counts: what comes after may only follow from it.
package final class Checkers: RunObserver {
  package private(set) var violation: Violation?
  /// What the engine was told is durable, and so may be said.
  private(set) var acknowledged: [Event] = []
  /// What a dead engine was making durable; nil where nobody knows.
  private var inFlight: [Event]? = []
  /// How many events readers have seen.
  private var shown = 0
  /// Whether the engine that lives has begun its work.
  private(set) var isRecovered = false
  /// Of the events that became durable last.
  private(set) var lastKinds = EventKinds()

  /// How the log ended that was taken over, as it was found; and as the engine told it, if it did.
  private var foundTail: LogTail?
  private var toldTail: LogTail?
  /// Whether a disk that keeps no promise has lost acknowledged history.
  private(set) var hasLostHistory = false
  /// The last life of an engine whose lock file was removed.
  private var lockRemovedInLife: Int?
  private var lockRemovedInBoot: Int?
  /// Whether somebody starts a second engine right now.
  private var hasRival = false
  /// The last event that another engine knows of, which has taken the run from the one that lives.
  private var takenThrough: Int64?

  private var history = TerminalChecker()
  private var replay = ReplayChecker()
  private var launches: LaunchChecker?
  private var ends: EndChecker?
  private var requests: RequestChecker?
  private var stops: StopChecker?
  private var policy: PolicyChecker?
  /// When it was decided that the run has ended; nil while it goes on.
  private var endedAt: WorldTime?
  /// What the durable history says of attempts.
  private var recordedEnds: [AttemptID: AttemptEnd] = [:]
  /// Attempts that hold a slot of this engine: sent on their way, or found running.
  private var begun: Set<AttemptID> = []
  private var probes: [Command?] = []
  private var append: AppendChecker?
  private var stored: StoredHistory?
  private var jobs = 0
  private var home: RunHome<SimulatedStorage>?
  private var runID = ""
  private var lock = ""
  private unowned var world: World?

  func begin(
    _ world: World, _ definition: WorkflowDefinition, _ created: RunCreated,
    _ home: RunHome<SimulatedStorage>
  ) {
    lastKinds.insert(.runCreated)
    self.world = world
    self.home = home
    runID = created.runID
    lock = home.folder(of: runID).lock
    jobs = Int(created.jobs)
    launches = LaunchChecker(definition, jobs: jobs)
    ends = EndChecker(definition, slackMicroseconds: world.slackMicroseconds)
    requests = RequestChecker(
      noticeMicroseconds: World.requestLookMicroseconds + world.turnMicroseconds
        + Int64(world.options.wakeUpDelayMicroseconds))
    stops = StopChecker(definition)
    policy = PolicyChecker(definition)
    probes = definition.steps.indices.map { definition.settings(ofStep: $0).probe }
    append = AppendChecker(home.storage, home.folder(of: runID))
  }

  func violated(_ property: Property, _ message: String) {
    note(Violation(property, message))
  }

  func hold(_ check: () throws(Violation) -> Void) {
    func hold() { do throws(Violation) { try check() } catch { note(error) } }
    if let world { world.visit(hold) } else { hold() }
  }

  private func note(_ new: Violation) {
    if isBetrayed && new.property.needsHonestDisk { return }
    if violation == nil { violation = new }
  }

  /// Whether the disk has changed or lost what was durable.
  private var isBetrayed: Bool { world?.storage.hasBetrayed ?? false }
  /// Whether it has done so to what the history is in.
  private var isLogBetrayed: Bool { world?.storage.hasBetrayedLog ?? false }

  // MARK: While the engine lives

  package func tookOver(_ tail: LogTail) {
    toldTail = tail
  }

  package func committed(_ events: [Event], _ state: RunState) {
    isRecovered = true
    // What the other engine has read is as good as its own.
    if let takenThrough, let last = events.last?.sequence, last > takenThrough {
      violated(
        .single,
        "event \(last) is acknowledged when another engine has taken the run over after event"
          + " \(takenThrough)")
    }
    learn(events)
    hold { () throws(Violation) in
      try replay.commitEnds(state)
      try append?.committed(checking: !isBetrayed)
      // Nobody can follow it.
      if isLockGone { return }
      if stored == nil, let home {
        stored = StoredHistory(home.folder(of: runID), in: home.storage)
      }
      let news: [Event]
      do throws(Violation) { news = try stored?.news() ?? [] } catch {
        if isBetrayed { return }
        throw error
      }
      // A reader that has just come reads all.
      guard acknowledged.suffix(news.count).elementsEqual(news), news.count >= events.count else {
        throw Violation(.said, "the log shows other events than were acknowledged")
      }
    }
  }

  private func learn(_ events: [Event]) {
    world?.trace.note(events)
    if !events.isEmpty { lastKinds = EventKinds() }
    for event in events {
      acknowledged.append(event)
      world?.coverage.add(event.body.kind)
      lastKinds.insert(event.body.kind)
      note(event)
      hold { () throws(Violation) in
        if let world {
          try launches?.learn(event, at: world.monotonicNow)
          try ends?.learn(event, world.ledger, host: world.host, at: world.now)
        }
        try requests?.learn(event)
        try stops?.learn(event)
        try policy?.learn(event)
        try history.check(event)
        try replay.check(event)
      }
    }
  }

  private func note(_ event: Event) {
    switch event.body {
    case .attemptEnded(let attempt, let end): recordedEnds[attempt] = end
    case .attemptFound(let attempt, .running): begun.insert(attempt)
    case .runReopened: endedAt = nil
    default: break
    }
  }

  /// Whether an attempt asks its step's probe.
  func isProbe(_ request: LaunchRequest) -> Bool {
    let step = Int(request.attempt.step)
    return probes.indices.contains(step) && probes[step] == request.command
  }

  /// The engine has an attempt launched.
  func sent(_ request: LaunchRequest, _ world: World) {
    begun.insert(request.attempt)
    hold { () throws(Violation) in
      try launches?.checkSent(
        request.attempt, isProbe: isProbe(request), at: world.monotonicNow)
    }
  }

  /// A command is started, or cannot be.
  ///
  /// - Parameter entry: index into the ledger.
  func started(_ entry: Int, _ world: World) {
    hold { () throws(Violation) in try launches?.checkStarted(entry, world.ledger) }
  }

  /// The engine tells a monitor to end its attempt.
  func signalled(_ attempt: AttemptID, force: Bool) {
    hold { () throws(Violation) in try stops?.checkSignal(attempt, force: force) }
  }

  /// The engine has done all that it can do for now.
  func waits(until deadline: Instant?) {
    guard let world, isRecovered, !world.storage.hasSync, !world.hasNews, !isLockGone,
      !world.runner.isHeldUp, !world.mayWaitInSilence
    else { return }
    hold { () throws(Violation) in
      let waits = try waitsForRoom(world)
      // It says the same where a launch waits, and then a commit may wait too.
      if waits && world.runner.waitsForRoom { return }
      let (begun, jobs) = (begun, jobs)
      let isDefined: Void? = try replay.inspect { (durable) throws(Violation) in
        try IdleChecker.check(
          durable, running: durable.openAttemptIDs.count { begun.contains($0) }, jobs: jobs,
          until: deadline,
          latestLook: waits ? world.monotonicNow.advanced(byMilliseconds: 1_000) : nil)
      }
      if waits || isDefined == nil { return }
      try stops?.checkWait(until: deadline) { attempt, force in
        // Whoever could not be told is told again within a second.
        if let deadline, deadline <= world.monotonicNow.advanced(byMilliseconds: 1_000) {
          return false
        }
        return world.processes.isUntold(attempt, force: force)
      }
    }
  }

  /// Whether a commit or a launch waits for room: the engine must say so if and only if the disk had
  /// none for it.
  private func waitsForRoom(_ world: World) throws(Violation) -> Bool {
    let isSaid = saysThatItWaits
    if isSaid && !world.lacksRoom && !world.runner.waitsForRoom {
      throw Violation(.slots, "the engine waits for room, and there is some")
    }
    return isSaid
  }

  private var saysThatItWaits: Bool {
    guard let world, world.storage.isLocked(lock), let bytes = world.storage.bytes(at: lock)
    else { return false }
    return HolderRecord.decode(bytes)?.waitsForRoom ?? false
  }

  /// Somebody reads the run.
  func read(isEngineDead: Bool) {
    guard let home else { return }
    let expectation = ReadChecker.Expectation(
      isDriven: !isEngineDead, isRecovered: isRecovered, acknowledged: acknowledged,
      inFlight: isRecovered ? nil : inFlight, shown: shown,
      bootID: world?.host.bootID ?? "", isBetrayed: isBetrayed || isDurabilityUnknown)
    hold { () throws(Violation) in
      let seen: Int?
      do throws(Violation) { seen = try ReadChecker.check(home, runID, expectation) } catch {
        // Of a history that the disk has lost, anything may be left.
        if hasLostHistory { return }
        throw error
      }
      if hasLostHistory { return }
      if !acknowledged.isEmpty, !isDurabilityUnknown { shown = max(shown, seen ?? 0) }
    }
  }

  // MARK: Two engines

  /// Whether nobody can tell what is durable: only the lock file could say that a sync has failed,
  /// and it is gone.
  private var isDurabilityUnknown: Bool {
    guard let world, let dropped = world.droppedInBoot else { return false }
    return dropped == world.boot && lockRemovedInBoot == world.boot
  }

  /// Whether the engine that lives holds the lock of a file that others cannot find any more.
  private var isLockGone: Bool { lockRemovedInLife != nil && lockRemovedInLife == world?.life }

  /// Whether it is right that the engine that lives stops: it is not the run's engine any more, or
  /// cannot know that it is.
  var mayBeTaken: Bool { isLockGone }

  /// Somebody cleans up, and knows nothing of locks.
  ///
  /// - Returns: whether there was a lock file.
  func removeLock() -> Bool {
    guard let home, let world, !acknowledged.isEmpty, !isLockGone else { return false }
    do throws(Errno) { try home.storage.removeFile(home.folder(of: runID).lock) } catch {
      return false
    }
    // The next engine makes another.
    if !world.isEngineDead { lockRemovedInLife = world.life }
    lockRemovedInBoot = world.boot
    return true
  }

  /// Another engine finds no lock, takes the run over, and dies before it does anything with it.
  ///
  /// - Returns: whether it could.
  func takeRun() -> Bool {
    guard let home, let world, isLockGone, takenThrough == nil else { return false }
    let folder = home.folder(of: runID)
    do {
      let lock = try RunLock.acquire(
        folder, id: runID, processID: 98, boot: BootMark(world.host.bootID), in: home.storage)
      var reader = try LogReader.open(
        folder.log, in: home.storage, .recovering, dictionary: EventDictionary.version1)
      try reader.drain()
      takenThrough = Int64(reader.lastSequence)
      var options = LogOptions()
      options.compression = .none
      options.reservationBytes = 1_024
      options.dictionary = EventDictionary.version1
      let life = reader.engineLife + 1
      let writer = try LogWriter.recover(
        after: reader, salt: 0x7a6b_0000 | life, engineLife: life, options)
      try writer.close()
      try lock.release()
    } catch {
      violated(.single, "the next engine cannot take over: \(error)")
    }
    return true
  }

  /// Somebody starts a second engine beside the one that lives.
  func tryToDrive() {
    // One that is not kept out takes its time, in which others come.
    guard let home, let world, !isLockGone, !hasRival, isHeld(home) else { return }
    hasRival = true
    defer { hasRival = false }
    let process = RunProcess(
      processID: 99, host: world.host, salts: SaltSource(seed: 0))
    do throws(RunError) {
      _ = try Driver.resume(
        runID, by: process, home: home, world: OtherEngine(beside: world), observer: self)
      violated(.single, "a second engine drives the run")
    } catch .runIsHeld(_, let processID) {
      let engine = world.processes.engineProcessID
      // While it recovers the run, the file may name the one before it, or none.
      if isRecovered, processID != engine {
        violated(.single, "process \(engine) drives the run, and not \(processID ?? -1)")
      }
    } catch {
      violated(.single, "a second engine is refused for another reason: \(error)")
    }
  }

  private func isHeld(_ home: RunHome<SimulatedStorage>) -> Bool {
    guard let holder = try? HolderRecord.holder(of: home.folder(of: runID), in: home.storage)
    else { return false }
    if case .engine = holder { return true }
    return false
  }

  /// The engine is about to make names durable.
  func syncsNames() {
    guard let home, !isBetrayed, home.storage.tier != .ordered,
      let log = home.storage.folder(at: home.folder(of: runID).log)
    else { return }
    hold { () throws(Violation) in
      let segments = log.names.keys.filter { $0.hasSuffix(".seg") }.sorted()
      try SegmentNameChecker.check(segments) { log.isAtRisk($0) }
    }
  }

  // MARK: Requests

  /// Somebody left a request to cancel, and was told that it is there.
  func left(_ request: CancelRequest, at now: WorldTime) {
    requests?.left(request, at: now)
    guard let home, !isBetrayed else { return }
    hold { () throws(Violation) in
      let folder = home.folder(of: runID)
      let durable = try? CancelRequests(folder, in: home.storage.leastRemains()).all()
      try RequestChecker.check(request, among: durable ?? [])
    }
  }

  /// There is no run, and one is created: whoever was asked to cancel it before asked it of one whose
  /// creation was taken back.
  func creates() {
    engineEnded(inFlight: nil)
    requests?.forget()
  }

  /// The engine has decided that the run has ended.
  func runEnds() {
    if endedAt == nil { endedAt = world?.now }
  }

  // MARK: Lives

  /// The engine has died, or has stopped.
  ///
  /// - Parameter inFlight: the commit that it had begun; nil where nobody knows.
  func engineEnded(inFlight: [Event]?) {
    self.inFlight = inFlight
    isRecovered = false
    takenThrough = nil
    begun = []
  }

  /// What is left is what was acknowledged, or that and the commit that was in flight.
  ///
  /// - Parameter events: the whole history as recovery will find it. It is not yet durable.
  func found(_ events: [Event]) {
    // The reader of the engine before may have believed what this one will carry over.
    stored = nil
    // From an engine that was coming up, as this one is.
    takenThrough = nil
    if isLogBetrayed, acknowledged.starts(with: events) {
      hasLostHistory = events.count < acknowledged.count
      return
    }
    // The engine that found some of it lost came to nothing, and now the disk has lost more: what is left
    // may be a commit that was given up before.
    if hasLostHistory { return }
    let extra = events.dropFirst(acknowledged.count)
    if events.last?.body.kind != .runFinished { endedAt = nil }
    if !events.starts(with: acknowledged) {
      violated(
        .prefix,
        "of \(acknowledged.count) acknowledged events, \(events.count) were recovered, and not"
          + " the same")
    } else if events.count < shown, !isLogBetrayed {
      violated(.prefix, "of \(shown) events that were shown, \(events.count) were recovered")
    } else if let inFlight, !extra.isEmpty, !extra.elementsEqual(inFlight) {
      violated(.prefix, "\(extra.count) events were recovered that were not in flight")
    }
  }

  /// Somebody asks whether the log is as it should be, before anyone goes on with it.
  ///
  /// - Parameter found: what there is to go on with.
  func verify(_ found: Result<FoundHistory, RunError>) {
    guard let home else { return }
    let folder = home.folder(of: runID)
    let isFinished = (acknowledged + (inFlight ?? [])).contains { $0.body.kind == .runFinished }
    let truth = VerdictChecker.Truth(
      acknowledged: acknowledged.count, inFlight: inFlight, isFinished: isFinished,
      isBetrayed: isBetrayed, isLogBetrayed: isLogBetrayed,
      segments: append?.durable ?? [])
    foundTail = try? found.get().tail
    toldTail = nil
    hold { () throws(Violation) in
      try VerdictChecker.check(found.map(\.tail), in: home.storage, truth)
      let report: LogReport
      do throws(RunError) {
        // To verify is to sync, which may save what the next power loss would take.
        report = try LogVerifier.verify(
          .run(folder, id: runID), in: home.storage.copy(), bootID: world?.host.bootID ?? "")
      } catch {
        throw Violation(.verdict, "the log cannot be verified: \(error)")
      }
      try VerdictChecker.check(report, truth)
    }
  }

  /// Recovery is done: the events that it found are durable.
  func recovered(_ events: [Event]) {
    guard violation == nil, !hasLostHistory else { return }
    // Another engine that took the run over meanwhile has mended the log.
    if toldTail != foundTail, takenThrough == nil {
      violated(.verdict, "the engine goes on, and does not say how the log ended")
    }
    learn(Array(events.dropFirst(acknowledged.count)))
    inFlight = []
    isRecovered = true
    hold { () throws(Violation) in
      try replay.commitEnds(nil)
      if let home, !isBetrayed { try ReadChecker.checkDurable(acknowledged, home, runID) }
    }
  }

  /// The run has ended, and somebody is told so.
  func ended(_ state: RunState?, _ events: [Event]) {
    hold { () throws(Violation) in
      guard events == acknowledged else {
        throw Violation(.replay, "the log of the finished run is not what was acknowledged")
      }
      let agrees = try replay.inspect { state == nil || $0 == state }
      guard agrees ?? (state == nil) else {
        throw Violation(.replay, "the finished state is not the one that the history makes")
      }
      if isBetrayed { return }
      try append?.check()
      if let home { try ReadChecker.checkDurable(acknowledged, home, runID) }
    }
  }

  /// The run has ended, and nothing that it has started has anything left to do.
  func settled(_ definition: WorkflowDefinition) {
    guard let world else { return }
    hold { () throws(Violation) in
      try LedgerChecker.check(
        world.ledger, definition, ends: recordedEnds,
        slackMicroseconds: world.slackMicroseconds)
    }
    hold { () throws(Violation) in
      if let endedAt { try requests?.check(endedAt: endedAt) }
    }
    if world.processes.hasKeepers {
      violated(.orphans, "a launcher or monitor lives on after the end of the run")
    }
  }
}
