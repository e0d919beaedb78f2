// FlowRuntime drives one run: it connects the pure engine (FlowCore) with the history log
// (FlowLog), the run's folder, and the processes of its attempts.
//
// - Seams: what it asks of the world (time, processes, storage, requests). There are two worlds,
//   Linux and the simulator.
// - Run: the driver loop, the journal that makes commits durable, readers of the history.
// - Attempts: launcher, monitors, attempt records, and the take-over of a dead engine's attempts.
// - Home: the folder of all runs, the files of one run, its lock, its requests to cancel and answers.
// - Verification: what `flow verify` checks and repairs.
//
// It may import FlowCore, FlowLog, FlowStorage, FlowText and CMonitor (the layout of attempt records). It has
// no Foundation, no clock, no random numbers and no threads, so that the simulator runs it as it is.
//
// Invariant: no decision is made here. The driver feeds the engine, and performs its effects.
// Invariant: an effect is performed only after the events that it follows from are durable.
// Invariant: observers, and readers in other processes, see durable events only.
// Invariant: the one engine of a run is the process that holds the kernel's lock on its lock file.
// Invariant: whether an attempt lives is decided by the lock of its record, never by a process id.
// Invariant: a run that can be seen is complete; it appears and disappears by one rename.
// Invariant: nothing is written to a log that contradicts its policy, its engine's last record, or
// an attempt record.
// Invariant: a failure of the storage is never taken for the absence of a file.

package import FlowCore
import FlowLog
import FlowStorage

/// Drives one run: waits, feeds the engine with what happened, and performs the engine's effects.
///
/// Invariant: one loop on one thread, and no decision. All order that matters is the engine's.
package struct Driver<World: Environment>: ~Copyable {
  private let world: World
  private var plan: LaunchPlan
  private let folder: RunFolder
  private let requests: CancelRequests<World.Store>
  private var answers: AnswerRequests<World.Store>
  private let environment: EnvironmentFile<World.Store>
  private var secrets: SecretSources<World>
  private let observer: any RunObserver
  private var engine: Engine
  private var journal: Journal<World.Store>
  private var workFolders: WorkFolders
  /// Of the commit in flight, while there is no room for it.
  private var spaceWait: SpaceWait?
  private var toldShortages: Shortages = []
  private var outcome: RunOutcome?
  /// What steps of `finally` are told; nil before the first.
  private var conclusion: [EnvironmentVariable]?
  /// The same of notices.
  private var ending: [EnvironmentVariable]?

  // MARK: Lives

  /// Creates a run and begins its first life; `step` continues it. The run exists durably, with its
  /// definition, when this returns.
  ///
  /// - Parameter definitionFile: the definition file as given, byte for byte.
  /// - Parameter files: the variables of the definition's files.
  package static func create(
    _ run: consuming NewRun, definitionFile: consuming [UInt8],
    files: consuming [EnvironmentVariable] = [], by process: RunProcess,
    home: RunHome<World.Store>, world: World, observer: any RunObserver
  ) throws(RunError) -> Driver {
    let life = EngineStarted(life: 1, processID: process.processID, host: process.host)
    var engine = Engine.create(run, engine: life, at: world.time.now())
    let id = engine.state.created.runID
    guard case .commit(let events)? = engine.nextEffect(), let last = events.last else {
      preconditionFailure("a new engine has nothing to commit")
    }
    let definition = engine.state.definition
    try SecretSources(world, engine.state.created, definition, in: home.folder(of: id))
      .check(engine.state.stepsToRun(reopening: nil), isNew: true)
    let environment = world.callerEnvironment.ofRun(definition, files: files)
    let journal = try home.create(
      id, definition: definitionFile, environment: environment, firstCommit: events,
      by: process)
    engine.handle(.committed(through: last.sequence), at: world.time.now())
    observer.committed(events, engine.state)
    let folder = home.folder(of: id)
    try world.runner.begin(in: folder)
    world.runner.use(environment)
    return Driver(engine, journal, LaunchPlan(engine.state, in: folder), folder, world, observer)
  }

  /// Resumes a run whose engine is dead. Its lock must be free.
  ///
  /// Nothing is written to the log before every contradiction to the history is excluded: by the
  /// policy that decided it, by what the dead engine recorded as durable, and by the attempt
  /// records. So recovery continues past an unreadable last commit only if nothing was done that
  /// depends on that commit. The observer is told of the tail.
  ///
  /// - Parameter reopening: what runs again in another round of a finished run; nil for none.
  /// - Parameter source: the environment of the commands.
  /// - Parameter files: reads the variables of the definition's files, where the run gets another
  ///   environment.
  /// - Parameter cancelling: a request to cancel for which the run's folder has no room.
  /// - Returns: nil if the run has ended, and its end is durable.
  /// - Throws: `.runIsHeld` if another process drives the run.
  package static func resume(
    _ id: String, reopening: Reopening? = nil, environment source: EnvironmentSource = .run,
    files: (RunState) throws(RunError) -> [EnvironmentVariable] = { (_) throws(RunError) in [] },
    cancelling request: CancelRequest? = nil,
    by process: RunProcess, home: RunHome<World.Store>, world: World, observer: any RunObserver
  ) throws(RunError) -> Driver? {
    let folder = home.folder(of: id)
    let lock = try RunLock.acquire(
      folder, id: id, processID: process.processID, boot: BootMark(process.host.bootID),
      in: world.storage)
    let environment = EnvironmentFile(folder, in: world.storage)
    let past: RedecidedHistory<World.Store>
    do throws(RunError) {
      past = try recall(id, reopening: reopening, lock, home: home, observer)
    } catch {
      lock.giveBack()
      throw error
    }
    let (state, tail) = (past.state, past.tail)
    // A seal is written only after everything before it is durable.
    let isOver = state.isFinished && reopening == nil
    if isOver, tail.verdict == .intact(isSealed: true) {
      observer.tookOver(tail)
      if state.phase == .finished(.succeeded) { environment.remove() }
      return nil
    }
    // Before anything of the attempts is looked for and killed.
    let saved: EnvironmentFile<World.Store>.Content
    var caller = world.callerEnvironment
    let secrets = SecretSources(world, state.created, state.definition, in: folder)
    do throws(RunError) {
      if !isOver, source != .runIfReadable {
        try secrets.check(state.stepsToRun(reopening: reopening), isNew: false)
      }
      saved = isOver ? .absent : try environment.content(for: source)
      let needsFiles = !isOver && EnvironmentFile<World.Store>.isReplaced(saved, by: source)
      caller = caller.ofRun(state.definition, files: needsFiles ? try files(state) : [])
    } catch {
      lock.giveBack()
      throw error
    }
    let life = EngineStarted(
      life: state.lives + 1, processID: process.processID, host: process.host)
    let plan = LaunchPlan(state, in: folder)
    let found = try Self.takeOver(state, plan, secrets, folder, world)
    // Examining all attempts can take long. If another engine took the run in the meantime, both
    // would write to the log.
    guard try lock.isAtItsPath() else { throw .runWasTaken(path: lock.path) }
    if !isOver {
      world.runner.use(
        try environment.settle(saved, source, caller: caller, observer))
    }
    let writer = try past.history.recover(
      engineLife: life.life, salt: process.salts.next(), process.logOptions)
    var journal = Journal(writer, lock: lock, by: process, openAttempts: state.openAttempts)
    // After a power loss the record in the lock file may be out of date, or missing.
    try journal.publish()
    observer.tookOver(tail)
    if isOver {
      // Its engine died before it sealed the log, and perhaps before the end was durable.
      let hasSucceeded = state.phase == .finished(.succeeded)
      let tidying = FinishedRunTidying(folder, in: world.storage, state)
      try journal.seal {
        tidying.perform()
        if hasSucceeded { environment.remove() }
      }
      return nil
    }
    // The end of the round before may have removed it.
    try wrapping { () throws(StorageError) in
      try Folder(folder.work, in: world.storage).makeIfMissing()
    }
    let requests =
      try CancelRequests(folder, in: world.storage).all() + (request.map { [$0] } ?? [])
    // They name what they answer: in another round, nothing was asked yet.
    var answers = AnswerRequests(folder, in: world.storage)
    let filed =
      state.askingSteps.isEmpty ? [] : try answers.news().filter { !secrets.hold($0.answer) }
    let now = world.time.now()
    let engine =
      reopening.map {
        Engine.reopen(
          state, engine: life, ignoring: requests.map(\.id),
          scope: $0.scope(state.created.policyVersion), at: now)
      }
      ?? Engine.resume(
        state, engine: life, found: found, requests: requests, answers: filed, at: now)
    return Driver(engine, journal, plan, folder, world, observer)
  }

  private static func recall(
    _ id: String, reopening: Reopening?, _ lock: borrowing RunLock<World.Store>,
    home: RunHome<World.Store>, _ observer: any RunObserver
  ) throws(RunError) -> RedecidedHistory<World.Store> {
    // The engine that created the run may have died before its name was durable.
    try home.syncNames()
    let past = try RedecidedHistory.recall(home.folder(of: id), lock, in: home.storage, observer)
    guard let reopening else { return past }
    if !past.state.isFinished { throw .notFinished(id) }
    do throws(ReopenProblem) {
      _ = try past.state.stepsRunningAgain(reopening.scope(past.state.created.policyVersion))
    } catch {
      throw .cannotReopen(id, error, past.state.definition)
    }
    return past
  }

  /// Finds out what became of the open attempts, before anything is written: if the history lacks
  /// an event that was acted on, nothing may be written.
  private static func takeOver(
    _ state: RunState, _ plan: LaunchPlan, _ secrets: SecretSources<World>, _ folder: RunFolder,
    _ world: World
  ) throws(RunError) -> [FoundAttempt] {
    try world.runner.begin(in: folder)
    guard let engine = state.engine else { return [] }
    let open = state.openAttemptIDs.map { attempt in
      let task = state.steps[Int(attempt.step)].task
      var request = plan.request(for: Launch(attempt, intent: 0, task), in: state)
      // For what they have printed.
      if !task.publishes { request.secrets = secrets.secrets(for: attempt) }
      return request
    }
    // Most runs have no such file.
    var steps: [String: Int]?
    return try world.runner.takeOver(
      open, from: engine.host, through: state.lastSequence
    ) { file in
      if steps == nil {
        steps = state.definition.stepsByFileID
      }
      guard let step = steps?[file.stepID] else { return false }
      return state.steps[step].attempt < file.number
    }
  }

  private init(
    _ engine: Engine, _ journal: consuming Journal<World.Store>, _ plan: LaunchPlan,
    _ folder: RunFolder, _ world: World, _ observer: any RunObserver
  ) {
    self.engine = engine
    self.journal = journal
    self.plan = plan
    self.folder = folder
    requests = CancelRequests(folder, in: world.storage)
    answers = AnswerRequests(folder, in: world.storage)
    environment = EnvironmentFile(folder, in: world.storage)
    secrets = SecretSources(world, engine.state.created, engine.state.definition, in: folder)
    self.world = world
    self.observer = observer
    workFolders = WorkFolders(run: folder)
    for success in engine.state.work.unsynced {
      workFolders.add(plan.workingDirectory(ofStep: success.step, in: engine.state))
    }
  }

  package var state: RunState { engine.state }
  package var isFinished: Bool { engine.state.isFinished }
  /// How many attempts run or are about to.
  package var runningAttempts: Int { engine.launchedAttempts }
  /// The events that are being made durable.
  package var commitInFlight: [Event] { journal.commitInFlight }

  // MARK: The loop

  /// One turn: performs all effects, and if the run has not ended, waits and takes in what
  /// happened.
  ///
  /// - Returns: the run's outcome; nil while it is unfinished.
  /// - Throws: what failed. Then the process must stop, and this driver must not be used any more.
  package mutating func step() throws(RunError) -> RunOutcome? {
    while let effect = engine.nextEffect() { try perform(effect) }
    if let outcome { return outcome }
    world.time.wait(until: nextDeadline)
    try takeIn(at: world.time.now())
    return nil
  }

  /// Seals the log of a run that has ended, and releases the run.
  package consuming func finish() throws(RunError) {
    guard let outcome else { preconditionFailure("the run has not ended") }
    let tidying = FinishedRunTidying(folder, in: world.storage, state)
    let environment = environment
    try journal.seal {
      tidying.perform()
      if outcome == .succeeded { environment.remove() }
    }
  }

  /// Releases an unfinished run: running attempts continue, and another engine can take them over.
  /// A commit in flight is durable when this returns.
  package consuming func detach() throws(RunError) {
    while journal.isSyncing, try journal.finish() == nil {
      let now = world.time.now().monotonic
      world.time.pause(until: now.advanced(byMicroseconds: Backoff.firstMicroseconds))
    }
    try journal.release()
  }

  private var nextDeadline: Instant? {
    Self.earliest(
      Self.earliest(engine.nextDeadline, world.runner.nextDeadline), spaceWait?.nextLook)
  }

  private static func earliest(_ one: Instant?, _ other: Instant?) -> Instant? {
    guard let one, let other else { return one ?? other }
    return min(one, other)
  }

  private mutating func takeIn(at now: Moment) throws(RunError) {
    if let deadline = engine.nextDeadline, deadline <= now.monotonic {
      // What was given in time counts, also where nothing has told of it yet.
      if engine.state.hasExpiredQuestion(at: now.monotonic) { try takeAnswers(at: now) }
      engine.handle(.timePassed, at: now)
    }
    try lookForSpace(at: now)
    // What waits for a process or for room was intended long ago: by now the run may be another engine's.
    if !world.runner.lacking.isEmpty { try journal.requireOwnership() }
    try world.runner.advance()
    while let report = world.runner.nextReport() { engine.handle(report, at: now) }
    if let outcome = world.finishedWorkSync() {
      engine.handle(.workSynced(failure: outcome.failure), at: now)
    }
    try journal.say(launchesLack: world.runner.lacking)
    tellShortages()
    while let request = world.nextCancelRequest() {
      engine.handle(.cancelRequested(request), at: now)
    }
    if world.takeRequestNotice() {
      for request in try requests.all() { engine.handle(.cancelRequested(request), at: now) }
      if engine.state.definition.hasQuestions { try takeAnswers(at: now) }
    }
    // Last, since the runner launches while it advances: the stops that follow from a durable
    // cancel must reach it before it advances again, and do so at the next turn.
    if let events = try journal.finish(), let last = events.last {
      engine.handle(.committed(through: last.sequence), at: now)
      observer.committed(events, engine.state)
    }
  }

  private mutating func takeAnswers(at now: Moment) throws(RunError) {
    for filed in try answers.news() where !secrets.hold(filed.answer) {
      engine.handle(.answered(step: filed.step, filed.answer), at: now)
    }
  }

  private mutating func perform(_ effect: Effect) throws(RunError) {
    switch effect {
    case .commit(let events):
      world.runner.flush()
      if try !journal.begin(events) {
        spaceWait = SpaceWait(since: world.time.now().monotonic)
        tellShortages()
      }
    case .launch(let launch):
      if engine.state.definition.isChild(Int(launch.attempt.step)) {
        plan.update(engine.state.definition)
        secrets.update(engine.state.definition)
      }
      var request = plan.request(
        for: launch, in: engine.state, conclusion: conclusion(for: launch.attempt),
        first: engine.state.steps[Int(launch.attempt.step)].attemptBefore + 1)
      if !launch.task.publishes { request.secrets = secrets.secrets(for: launch.attempt) }
      if engine.state.created.syncsWork { workFolders.add(request.workingDirectory) }
      world.runner.launch(request)
    case .stop(let attempt, let force): world.runner.stop(attempt, force: force)
    case .syncWork: world.startWorkSync(workFolders.all)
    case .finish(let outcome): self.outcome = outcome
    }
  }

  private var report: ConclusionReport<World.Store> {
    ConclusionReport(engine.state, in: folder, world.storage, user: world.userName)
  }

  /// What a step of `finally` and a notice are told of the run, and a rollback of its step.
  private mutating func conclusion(for attempt: AttemptID) -> [EnvironmentVariable] {
    if let step = engine.state.definition.stepRolledBack(by: Int(attempt.step)) {
      return report.variables(ofStep: Int(step))
    }
    let definition = engine.state.definition
    if definition.isNotify(Int(attempt.step)) { return conclusion(forNotice: Int(attempt.step)) }
    guard definition.isFinally(Int(attempt.step)) else { return [] }
    if let conclusion { return conclusion }
    let variables = report.variables()
    conclusion = variables
    return variables
  }

  private mutating func conclusion(forNotice step: Int) -> [EnvironmentVariable] {
    let news = report.news(ofNotice: step)
    // The run has not come to anything.
    if engine.state.definition.isSlowNotice(step) { return news }
    let variables = ending ?? report.variables()
    ending = variables
    return variables + news
  }

  private mutating func tellShortages() {
    if toldShortages == journal.lacking { return }
    toldShortages = journal.lacking
    observer.lacks(toldShortages)
  }

  /// Tries again to write a commit that the disk had no space for.
  private mutating func lookForSpace(at now: Moment) throws(RunError) {
    guard let wait = spaceWait, wait.nextLook <= now.monotonic else { return }
    if try journal.beginAgain() {
      spaceWait = nil
      engine.handle(.roomReturned(waitedMicroseconds: wait.length(until: now.monotonic)), at: now)
    } else {
      spaceWait?.looked(at: now.monotonic)
    }
  }
}

/// A commit waits for space on the disk.
private struct SpaceWait {
  private let since: Instant
  private(set) var nextLook: Instant

  /// Nothing reports that space was freed.
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

extension Result<Void, Errno> {
  fileprivate var failure: Int32? {
    if case .failure(let error) = self { error.rawValue } else { nil }
  }
}
