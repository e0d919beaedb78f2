package import FlowCore
package import FlowLog
import FlowRuntime

/// All oracles of a world. The first violation counts: what comes after may only follow from it.
package final class Oracles: RunObserver {
  package private(set) var violation: Violation?
  /// What the engine was told is durable, and so may be said.
  private(set) var acknowledged: [Event] = []
  /// What a dead engine was making durable; nil where nobody knows.
  private var inFlight: [Event]? = []
  /// How many events readers have seen.
  private var shown = 0
  /// Whether the engine that lives has begun its work.
  private var isRecovered = false

  /// How the log ended that was taken over, as it was found; and as the engine told it, if it did.
  private var foundTail: LogTail?
  private var toldTail: LogTail?
  /// Whether a disk that keeps no promise has lost acknowledged history.
  private(set) var hasLostHistory = false

  private var history = HistoryOracle()
  private var replay = ReplayOracle()
  private var launches: LaunchOracle?
  private var append: AppendOracle?
  private var stored: StoredHistory?
  private var jobs = 0
  private var home: RunHome<SimulatedStorage>?
  private var runID = ""
  private weak var world: World?

  func begin(
    _ world: World, _ definition: WorkflowDefinition, _ created: RunCreated,
    _ home: RunHome<SimulatedStorage>
  ) {
    self.world = world
    self.home = home
    runID = created.runID
    jobs = Int(created.jobs)
    launches = LaunchOracle(definition, jobs: jobs)
    append = AppendOracle(home.storage, home.folder(of: runID))
  }

  func violated(_ oracle: Oracle, _ message: String) {
    note(Violation(oracle, message))
  }

  func hold(_ check: () throws(Violation) -> Void) {
    func hold() { do throws(Violation) { try check() } catch { note(error) } }
    if let world { world.visit(hold) } else { hold() }
  }

  private func note(_ new: Violation) {
    if isBetrayed && new.oracle.needsHonestDisk { return }
    if violation == nil { violation = new }
  }

  /// Whether the disk has changed or lost what was durable.
  private var isBetrayed: Bool { world?.storage.hasBetrayed ?? false }

  // MARK: While the engine lives

  package func tookOver(_ tail: LogTail) {
    toldTail = tail
  }

  package func committed(_ events: [Event], _ state: RunState) {
    isRecovered = true
    learn(events)
    hold { () throws(Violation) in
      try replay.commitEnds(state)
      try append?.committed(checking: !isBetrayed)
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
    for event in events {
      acknowledged.append(event)
      world?.coverage.add(event.body.kind)
      launches?.learn(event)
      hold { () throws(Violation) in
        try history.check(event)
        try replay.check(event)
      }
    }
  }

  func launched(_ request: LaunchRequest, _ world: World) {
    hold { () throws(Violation) in
      try launches?.check(request.attempt, at: world.monotonicNow, world.ledger)
    }
  }

  /// The engine has done all that it can do for now.
  func waits(until deadline: Instant?) {
    guard let world, let durable = replay.state, !world.storage.hasSync, !world.runner.hasReports
    else { return }
    hold { () throws(Violation) in
      let waits = try waitsForRoom(world)
      try IdleOracle.check(
        durable, running: world.ledger.running, jobs: jobs, until: deadline,
        latestLook: waits ? world.monotonicNow.advanced(byMilliseconds: 1_000) : nil)
    }
  }

  /// Whether the engine says so, which it must if and only if the disk had no room for it; or could
  /// not, for want of room to say it in: a write that is refused otherwise ends its life.
  private func waitsForRoom(_ world: World) throws(Violation) -> Bool {
    guard let home else { return false }
    let holder = try? HolderRecord.holder(of: home.folder(of: runID), in: home.storage)
    guard case .engine(let record?)? = holder else { return false }
    if record.waitsForRoom && world.refusedRoom == nil {
      throw Violation(.slots, "the engine waits for room, and there is some")
    }
    return record.waitsForRoom || world.refusedRoom == .write
  }

  /// Somebody reads the run.
  func read(isEngineDead: Bool) {
    guard let home else { return }
    hold { () throws(Violation) in
      let seen = try ReadOracle.check(
        home, runID,
        ReadOracle.Expectation(
          isDriven: !isEngineDead, isRecovered: isRecovered, acknowledged: acknowledged,
          inFlight: isRecovered ? nil : inFlight, shown: shown, bootID: world?.bootID ?? "",
          isBetrayed: isBetrayed))
      if !acknowledged.isEmpty { shown = max(shown, seen ?? 0) }
    }
  }

  /// Somebody starts a second engine beside the one that lives.
  func tryToDrive() {
    guard let home, let world, isRecovered else { return }
    let process = RunProcess(
      processID: 99, place: Place(bootID: world.bootID), salts: SaltSource(seed: 0))
    do throws(RunError) {
      _ = try Driver.resume(runID, by: process, home: home, world: world, observer: self)
      violated(.single, "a second engine drives the run")
    } catch .runIsHeld(_, let processID) {
      if processID != Int32(world.life) {
        violated(.single, "process \(world.life) drives the run, and not \(processID ?? -1)")
      }
    } catch {
      violated(.single, "a second engine is refused for another reason: \(error)")
    }
  }

  // MARK: Lives

  /// The engine has died, or has stopped.
  ///
  /// - Parameter inFlight: the commit that it had begun; nil where nobody knows.
  func engineEnded(inFlight: [Event]?) {
    self.inFlight = inFlight
    isRecovered = false
  }

  /// What is left is what was acknowledged, or that and the commit that was in flight.
  ///
  /// - Parameter events: the whole history as recovery will find it. It is not yet durable.
  func found(_ events: [Event]) {
    // The reader of the engine before may have believed what this one will carry over.
    stored = nil
    if isBetrayed, acknowledged.starts(with: events) {
      hasLostHistory = events.count < acknowledged.count
      return
    }
    let extra = events.dropFirst(acknowledged.count)
    if !events.starts(with: acknowledged) {
      violated(
        .prefix,
        "of \(acknowledged.count) acknowledged events, \(events.count) were recovered, and not"
          + " the same")
    } else if events.count < shown {
      violated(.prefix, "of \(shown) events that were shown, \(events.count) were recovered")
    } else if let inFlight, !extra.isEmpty, !extra.elementsEqual(inFlight) {
      violated(.prefix, "\(extra.count) events were recovered that were not in flight")
    }
  }

  /// Somebody asks whether the log is as it should be, before anyone goes on with it.
  func verify() {
    guard let home else { return }
    let folder = home.folder(of: runID)
    let isFinished = (acknowledged + (inFlight ?? [])).contains { $0.body.kind == .runFinished }
    let truth = VerdictOracle.Truth(
      acknowledged: acknowledged.count, inFlight: inFlight, isFinished: isFinished,
      isBetrayed: isBetrayed, isLogBetrayed: home.storage.hasBetrayedLog,
      segments: append?.durable ?? [])
    foundTail = nil
    toldTail = nil
    hold { () throws(Violation) in
      foundTail = try VerdictOracle.check(folder, in: home.storage, truth)
    }
  }

  /// Recovery is done: the events that it found are durable.
  func recovered(_ events: [Event]) {
    guard violation == nil, !hasLostHistory else { return }
    if toldTail != foundTail {
      violated(.verdict, "the engine goes on, and does not say how the log ended")
    }
    learn(Array(events.dropFirst(acknowledged.count)))
    inFlight = []
    isRecovered = true
    hold { () throws(Violation) in
      try replay.commitEnds(nil)
      if let home, !isBetrayed { try ReadOracle.checkDurable(acknowledged, home, runID) }
    }
  }

  /// The run has ended, and somebody is told so.
  func ended(_ state: RunState?, _ events: [Event]) {
    hold { () throws(Violation) in
      guard events == acknowledged else {
        throw Violation(.replay, "the log of the finished run is not what was acknowledged")
      }
      if let state, state != replay.state {
        throw Violation(.replay, "the finished state is not the one that the history makes")
      }
      if isBetrayed { return }
      try append?.check()
      if let home { try ReadOracle.checkDurable(acknowledged, home, runID) }
    }
  }
}
