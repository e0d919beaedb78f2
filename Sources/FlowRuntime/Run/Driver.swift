package import FlowCore
import FlowLog
import FlowStorage

/// Drives one run: waits, tells the engine what happened, and does what it wants done.
///
/// There is one loop and one thread. All order that matters is the engine's; here nothing is decided.
package struct Driver<World: Environment>: ~Copyable {
  private let world: World
  private let plan: LaunchPlan
  private let requests: CancelRequests<World.Store>
  private let observer: any RunObserver
  private var engine: Engine
  private var journal: Journal<World.Store>
  /// Of the commit in flight, while there is no room for it.
  private var roomWait: RoomWait?
  private var outcome: RunOutcome?

  // MARK: Lives

  /// Creates a run and begins its first life; `step` goes on from there. The run exists durably,
  /// with its definition, when this returns.
  ///
  /// - Parameter definitionFile: the definition as it was given, byte for byte.
  package static func create(
    _ run: consuming NewRun, definitionFile: consuming [UInt8], by process: RunProcess,
    home: RunHome<World.Store>, world: World, observer: any RunObserver
  ) throws(RunError) -> Driver {
    let life = EngineStarted(life: 1, processID: process.processID, host: process.host)
    var engine = Engine.create(run, engine: life, at: world.time.now())
    let id = engine.state.created.runID
    guard case .commit(let events)? = engine.nextEffect(), let last = events.last else {
      preconditionFailure("a new engine has nothing to commit")
    }
    let journal = try home.create(
      id, definition: definitionFile, firstCommit: events, by: process)
    engine.handle(.committed(through: last.sequence), at: world.time.now())
    observer.committed(events, engine.state)
    let folder = home.folder(of: id)
    try world.runner.begin(in: folder)
    return Driver(engine, journal, LaunchPlan(engine.state, in: folder), folder, world, observer)
  }

  /// Goes on with a run whose engine is dead. Its lock must be free.
  ///
  /// Nothing is written to the log before it is known that nothing contradicts the history: neither
  /// the rules that it was decided by, nor what the dead engine said was durable, nor the record of
  /// an attempt. So a log whose last commit cannot be read is gone on with if nobody acted on that
  /// commit, and the observer is told of the tail.
  ///
  /// - Parameter reopening: whether a run that has ended begins another round, in which what did not
  ///   succeed runs again.
  /// - Returns: nil if the run has ended, and its end is durable.
  /// - Throws: `.runIsHeld` if another process drives the run.
  package static func resume(
    _ id: String, reopening: Bool = false, by process: RunProcess, home: RunHome<World.Store>,
    world: World, observer: any RunObserver
  ) throws(RunError) -> Driver? {
    let folder = home.folder(of: id)
    let lock = try RunLock.acquire(
      folder, id: id, processID: process.processID, boot: BootMark(process.host.bootID),
      in: world.storage)
    let past: RedecidedHistory<World.Store>
    do throws(RunError) {
      past = try recall(id, reopening: reopening, lock, home: home, observer)
    } catch {
      lock.giveBack()
      throw error
    }
    let (state, tail) = (past.state, past.tail)
    // A seal is written when all before it is durable.
    let isOver = state.isFinished && !reopening
    if isOver, tail.verdict == .intact(isSealed: true) {
      observer.tookOver(tail)
      return nil
    }
    let life = EngineStarted(
      life: state.lives + 1, processID: process.processID, host: process.host)
    let plan = LaunchPlan(state, in: folder)
    let found = try Self.takeOver(state, plan, folder, world)
    // To look at all attempts can take long, and what is written now would be beside what another
    // engine writes.
    guard try lock.isAtItsPath() else { throw .runWasTaken(path: lock.path) }
    let writer = try past.history.recover(
      engineLife: life.life, salt: process.salts.next(), process.logOptions)
    var journal = Journal(writer, lock: lock, by: process, openAttempts: state.openAttempts)
    // A power loss may have left an older word in the lock file, or none.
    try journal.publish()
    observer.tookOver(tail)
    if isOver {
      // Its engine died before it could seal the log, and perhaps before the end was durable.
      try journal.seal()
      return nil
    }
    let requests = try CancelRequests(folder, in: world.storage).all()
    let now = world.time.now()
    let engine =
      reopening
      ? Engine.reopen(state, engine: life, ignoring: requests.map(\.id), at: now)
      : Engine.resume(state, engine: life, found: found, requests: requests, at: now)
    return Driver(engine, journal, plan, folder, world, observer)
  }

  private static func recall(
    _ id: String, reopening: Bool, _ lock: borrowing RunLock<World.Store>,
    home: RunHome<World.Store>, _ observer: any RunObserver
  ) throws(RunError) -> RedecidedHistory<World.Store> {
    // The engine that created the run may have died before its name was durable.
    try home.syncNames()
    let past = try RedecidedHistory.recall(home.folder(of: id), lock, in: home.storage, observer)
    if reopening, !past.state.isFinished { throw .notFinished(id) }
    if reopening, !past.state.canReopen { throw .nothingToRunAgain(id) }
    return past
  }

  /// What has become of the attempts that are open, before anything is written: where the history
  /// lacks what was acted upon, nothing may be.
  private static func takeOver(
    _ state: RunState, _ plan: LaunchPlan, _ folder: RunFolder, _ world: World
  ) throws(RunError) -> [FoundAttempt] {
    try world.runner.begin(in: folder)
    guard let engine = state.engine else { return [] }
    let open = state.openAttemptIDs.map { attempt in
      let isProbe = state.steps[Int(attempt.step)].asksProbe
      return plan.request(for: Launch(attempt, intent: 0, isProbe: isProbe))
    }
    return try world.runner.takeOver(open, from: engine.host, through: state.lastSequence)
  }

  private init(
    _ engine: Engine, _ journal: consuming Journal<World.Store>, _ plan: LaunchPlan,
    _ folder: RunFolder, _ world: World, _ observer: any RunObserver
  ) {
    self.engine = engine
    self.journal = journal
    self.plan = plan
    requests = CancelRequests(folder, in: world.storage)
    self.world = world
    self.observer = observer
  }

  package var state: RunState { engine.state }
  package var isFinished: Bool { engine.state.isFinished }
  /// How many attempts run, or are about to.
  package var runningAttempts: Int { engine.runningAttempts }
  /// What is being made durable.
  package var commitInFlight: [Event] { journal.commitInFlight }

  // MARK: The loop

  /// One turn: does what can be done, and if the run has not ended, waits and takes in what
  /// happened.
  ///
  /// - Returns: how the run ended; nil while it goes on.
  /// - Throws: what failed; then the engine must stop and nothing more be done with this driver.
  package mutating func step() throws(RunError) -> RunOutcome? {
    while let effect = engine.nextEffect() { try perform(effect) }
    if let outcome { return outcome }
    world.time.wait(until: nextDeadline)
    try takeIn(at: world.time.now())
    return nil
  }

  /// Ends the log of a run that has ended, and lets go of the run.
  package consuming func finish() throws(RunError) {
    precondition(outcome != nil, "the run has not ended")
    try journal.seal()
  }

  /// Lets go of a run that has no end: what runs goes on, and another engine can take it up. What was
  /// being made durable is.
  package consuming func detach() throws(RunError) {
    while journal.isSyncing, try journal.finish() == nil {
      let now = world.time.now().monotonic
      world.time.pause(until: now.advanced(byMicroseconds: Backoff.firstMicroseconds))
    }
    try journal.release()
  }

  private var nextDeadline: Instant? {
    Self.earliest(
      Self.earliest(engine.nextDeadline, world.runner.nextDeadline), roomWait?.nextLook)
  }

  private static func earliest(_ one: Instant?, _ other: Instant?) -> Instant? {
    guard let one, let other else { return one ?? other }
    return min(one, other)
  }

  private mutating func takeIn(at now: Moment) throws(RunError) {
    if let deadline = engine.nextDeadline, deadline <= now.monotonic {
      engine.handle(.timePassed, at: now)
    }
    try lookForRoom(at: now)
    try world.runner.advance(at: now.monotonic)
    while let report = world.runner.nextReport() { engine.handle(report, at: now) }
    try journal.say(launchesWaitForRoom: world.runner.waitsForRoom)
    while let request = world.nextCancelRequest() {
      engine.handle(.cancelRequested(request), at: now)
    }
    if world.takeRequestNotice() {
      for request in try requests.all() { engine.handle(.cancelRequested(request), at: now) }
    }
    // Last, since the runner launches while it advances: the stops that follow from a durable cancel
    // must reach it before it advances again, and do so at the next turn.
    if let events = try journal.finish(), let last = events.last {
      engine.handle(.committed(through: last.sequence), at: now)
      observer.committed(events, engine.state)
    }
  }

  private mutating func perform(_ effect: Effect) throws(RunError) {
    switch effect {
    case .commit(let events):
      world.runner.flush()
      if try !journal.begin(events) { roomWait = RoomWait(since: world.time.now().monotonic) }
    case .launch(let launch): world.runner.launch(plan.request(for: launch))
    case .stop(let attempt, let force): world.runner.stop(attempt, force: force)
    case .finish(let outcome): self.outcome = outcome
    }
  }

  /// Goes on with a commit that had no room, if there is some now.
  private mutating func lookForRoom(at now: Moment) throws(RunError) {
    guard let wait = roomWait, wait.nextLook <= now.monotonic else { return }
    if try journal.beginAgain() {
      roomWait = nil
      engine.handle(.roomReturned(waitedMicroseconds: wait.length(until: now.monotonic)), at: now)
    } else {
      roomWait?.looked(at: now.monotonic)
    }
  }
}

/// A commit waits for room on the disk.
private struct RoomWait {
  private let since: Instant
  private(set) var nextLook: Instant

  /// Nothing tells of room that somebody has made.
  private static let lookMilliseconds: Int64 = 1_000

  init(since: Instant) {
    self.since = since
    nextLook = since.advanced(byMilliseconds: Self.lookMilliseconds)
  }

  mutating func looked(at now: Instant) {
    nextLook = now.advanced(byMilliseconds: Self.lookMilliseconds)
  }

  func length(until now: Instant) -> Int64 { now.microseconds - since.microseconds }
}
