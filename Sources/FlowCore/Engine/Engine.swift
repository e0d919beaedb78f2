/// The engine of one run: a pure state machine that turns inputs into effects and performs no I/O.
///
/// The driver passes the inputs of one wake-up to `handle`, then calls `nextEffect` until it
/// returns nil, which ends the wake-up. The engine records inputs as facts and its own choices as
/// decisions; it withholds an effect until the event that causes it is durable.
package struct Engine: Sendable {
  package private(set) var state: RunState
  /// The last event known to be durable.
  package private(set) var committedThrough: Int64

  /// Recorded events that no commit contains yet.
  private var uncommitted: [Event]
  private var commitInFlight: Int64?
  /// Whether an effect waits for the uncommitted events, or a crash would lose a fact with them.
  private var isCommitUrgent = false
  /// Whether an uncommitted end or intent is needed to continue once the durable intents run out.
  private var isSupplyUncommitted = false
  /// The latest time to commit events that nothing waits for.
  private var lazyCommitDue: Instant?

  /// Intents of future launches, by sequence number.
  private var intents = WorkQueue<Gated<Launch>>()
  /// Those of rollbacks and notices, which need no slot, and of publications, which have one.
  private var rollbackIntents = WorkQueue<Gated<Launch>>()
  private var stops = WorkQueue<Gated<Stop>>()
  private var end: Gated<RunOutcome>?
  private var workSyncs = WorkSyncs()
  /// The event that ended the last pause of launches.
  private var pauseEnd: Int64 = 0
  /// Attempts whose launch was requested, and that have not ended. Each holds a slot, unless it is of a
  /// rollback.
  private var launched: [AttemptID] = []

  private var wakeUp: Moment?
  private var hasRecorded = false

  /// The wall clock counts as having jumped if it deviates from monotonic time by more than this
  /// between two events. Clocks synchronized over the network deviate by less.
  private static let clockJumpMicroseconds: Int64 = 1_000_000

  /// How long an event that nothing waits for may stay uncommitted: too short to notice in a live
  /// view, long enough to share a commit with the next events.
  private static let lazyCommitMilliseconds: Int64 = 100

  /// The same limit for ends, and for intents that no slot waits for yet: with many short steps at
  /// once, several of them share a commit.
  private static let gatheringMilliseconds: Int64 = 5

  /// An effect that may be emitted once the event with this number is durable.
  private struct Gated<Value: Equatable & Sendable>: Equatable, Sendable {
    let sequence: Int64
    let value: Value
  }

  private struct Stop: Equatable, Sendable {
    let attempt: AttemptID
    let force: Bool
  }

  // MARK: Lives

  /// The first life of a run.
  package static func create(
    _ run: consuming NewRun, engine: EngineStarted, at now: Moment
  ) -> Engine {
    let events = run.events(at: now)
    guard let last = events.last else { preconditionFailure("a run begins with no event") }
    let state = RunState(
      created: run.created, definition: run.definition, graph: run.graph, event: last)
    var first = Engine(state, uncommitted: events, committedThrough: 0, at: now)
    first.record(.engineStarted(engine))
    return first
  }

  /// A later life: `state` is rebuilt from the durable history. That history ends at the end of a
  /// wake-up, as commits do, and the run is unfinished.
  ///
  /// - Parameters:
  ///   - found: the finding for each of `state.openAttemptIDs`, in that order.
  ///   - requests: cancel requests filed while no engine was alive. They are handled first: the
  ///     findings may end the run, and a request that predates the engine must not be too late.
  ///   - answers: those filed meanwhile. Those that were given in time come before timers that have run out
  ///     meanwhile.
  package static func resume(
    _ state: RunState, engine: EngineStarted, found: [FoundAttempt],
    requests: [CancelRequest] = [], answers: [FiledAnswer] = [], at now: Moment
  ) -> Engine {
    precondition(!state.isFinished, "a finished run has no further life, but another round")
    precondition(
      found.map(\.attempt) == state.openAttemptIDs, "not what is open was looked for: \(found)")
    var next = Engine(
      state, uncommitted: [], committedThrough: state.lastSequence, at: now)
    // Monotonic times of different processes are comparable within one boot.
    let jump = state.engine?.host.bootID == engine.host.bootID ? next.clockJump(until: now) : nil
    next.record(.engineStarted(engine))
    if let jump { next.recordFact(.clockJumped(microseconds: jump)) }
    for request in requests { next.handle(.cancelRequested(request), at: now) }
    for filed in answers {
      next.handle(.answered(step: filed.step, filed.answer), at: now)
    }
    for attempt in found { next.takeUp(attempt) }
    // Also where the end itself was found just now.
    if state.engine?.host.bootID != engine.host.bootID {
      for attempt in next.state.unsyncedAttempts {
        next.recordFact(.attemptFound(attempt, .unsynced))
      }
    }
    return next
  }

  /// Another round of a finished run.
  ///
  /// - Parameters:
  ///   - ignoring: cancel requests from before this round.
  ///   - scope: which steps run again; the state must allow it (`stepsRunningAgain`).
  package static func reopen(
    _ state: RunState, engine: EngineStarted, ignoring requests: [UInt64], scope: ReopenScope,
    at now: Moment
  ) -> Engine {
    var next = Engine(
      state, uncommitted: [], committedThrough: state.lastSequence, at: now)
    let crossesKept = RoundPlan(state, scope.holdingOrder).crossesKept
    let scope = crossesKept ? scope.holdingOrder : scope
    next.record(.runReopened(ignoring: requests, scope: scope))
    next.record(.engineStarted(engine))
    return next
  }

  private init(
    _ state: RunState, uncommitted: [Event], committedThrough: Int64, at now: Moment
  ) {
    self.state = state
    self.uncommitted = uncommitted
    self.committedThrough = committedThrough
    wakeUp = now
    hasRecorded = !uncommitted.isEmpty
  }

  /// Reattaches to an attempt of an earlier life.
  private mutating func takeUp(_ found: FoundAttempt) {
    let attempt = found.attempt
    let phase = state.steps[Int(attempt.step)].phase
    switch (found.state, phase) {
    case (.neverLaunched, .starting):
      recordFact(.attemptFound(attempt, .neverLaunched))
    case (.neverLaunched, .stopping):
      recordFact(.attemptFound(attempt, .neverLaunched))
      recordFact(.attemptWithdrawn(attempt))
    // The launch left no trace.
    case (.neverLaunched, _): recordFact(.attemptEnded(attempt, .lost()))
    case (.running(let processID, let microseconds), _):
      launched.append(attempt)
      recordFact(
        .attemptFound(attempt, .running(processID: processID, forMicroseconds: microseconds)))
    case (.ended(let end), _):
      publish(found.outputs, of: attempt)
      recordFact(.attemptEnded(attempt, recorded(end, of: attempt)))
    }
  }

  /// How many attempts were launched and have not ended.
  package var launchedAttempts: Int { launched.count }

  /// How many attempts hold a slot; other open attempts wait for one.
  package var runningAttempts: Int {
    guard state.rollbacks.exist || state.definition.hasNotify || state.publications.count > 0 else {
      return launched.count
    }
    let others = launched.count {
      !state.definition.needsNoSlot(Int($0.step)) && !state.steps[Int($0.step)].publishes
    }
    return others + state.publications.count
  }

  // MARK: Inputs

  /// The latest time at which the driver must wake the engine.
  package var nextDeadline: Instant? {
    [state.timers.nextDeadline, lazyCommitDue, workSyncs.due].compactMap { $0 }.min()
  }

  /// Applies one input. An impossible input is ignored if the host may report it twice (the end of
  /// an attempt that has ended); any other is a programming error.
  package mutating func handle(_ input: Input, at now: Moment) {
    if wakeUp == nil {
      wakeUp = now
      hasRecorded = false
      if !state.isFinished, let jump = clockJump(until: now) {
        recordFact(.clockJumped(microseconds: jump))
      }
    }
    switch input {
    case .attemptLaunched(let attempt, let processID):
      if isOpen(attempt) { recordFact(.attemptLaunched(attempt, processID: processID)) }
    case .deadlinePassed(let attempt):
      if isOpen(attempt) { recordFact(.deadlinePassed(attempt)) }
    case .attemptEnded(let attempt, let end):
      guard isOpen(attempt) else { return }
      launched.removeAll { $0 == attempt }
      recordFact(.attemptEnded(attempt, recorded(end, of: attempt)))
    case .outputsPublished(let attempt, let parts):
      if isOpen(attempt) { publish(parts, of: attempt) }
    case .attemptWithdrawn(let attempt):
      guard isOpen(attempt) else { return }
      launched.removeAll { $0 == attempt }
      recordFact(.attemptWithdrawn(attempt))
    case .roomReturned(let waited, let shortage):
      if !state.isFinished {
        recordFact(.roomReturned(waitedMicroseconds: waited, of: shortage))
      }
    case .workSynced(let failure):
      let through = workSyncs.end()
      if !state.isFinished { recordFact(.workSynced(through: through, failure: failure)) }
    case .cancelRequested(let request):
      // Each request is recorded even if it changes nothing, so that its file can be removed.
      let isNews = !state.cancelRequests.contains(request.id)
      if isNews && !state.isFinished { recordFact(.cancelRequested(request)) }
    case .answered(let step, let answer):
      // The first that was given in time counts. Another is not recorded: it names what it answers, and will
      // never fit again.
      if state.takes(answer, ofStep: step), !state.isLate(answer, ofStep: step, at: now.monotonic) {
        recordFact(.answered(step: step, answer))
      }
    case .timePassed: timePassed(now.monotonic)
    case .committed(let sequence):
      precondition(commitInFlight == sequence, "no commit through \(sequence) was in flight")
      commitInFlight = nil
      committedThrough = sequence
    }
  }

  private func isOpen(_ attempt: AttemptID) -> Bool {
    let step = state.steps[Int(attempt.step)]
    guard step.attempt == attempt.number && step.hasOpenAttempt else { return false }
    precondition(launched.contains(attempt), "\(attempt) was reported, but never launched")
    return true
  }

  /// How far wall time deviated from monotonic time since the last event; nil below the threshold.
  private func clockJump(until now: Moment) -> Int64? {
    let last = state.lastMoment
    let jump =
      (now.wall.microseconds &- last.wall.microseconds)
      &- (now.monotonic.microseconds &- last.monotonic.microseconds)
    return jump.magnitude >= Self.clockJumpMicroseconds.magnitude ? jump : nil
  }

  private mutating func timePassed(_ now: Instant) {
    while let timer = state.timers.nextTimer, let due = state.timers.nextDeadline, due <= now {
      recordFact(.timerFired(timer))
    }
    if let due = lazyCommitDue, due <= now {
      lazyCommitDue = nil
      isCommitUrgent = true
    }
  }

  // MARK: Effects

  /// The next effect; nil when none is left. The first call after `handle` ends the wake-up.
  package mutating func nextEffect() -> Effect? {
    if let now = wakeUp?.monotonic {
      decide(wakeUpEnds: true)
      wakeUp = nil
      workSyncs.update(state, at: now)
    }
    if workSyncs.begin(state) { return .syncWork }
    while let stop = stops.first, stop.sequence <= committedThrough {
      stops.removeFirst()
      // The attempt may have ended by itself while the request was made durable.
      if launched.contains(stop.value.attempt) {
        return .stop(stop.value.attempt, force: stop.value.force)
      }
    }
    if !state.isPaused, pauseEnd <= committedThrough, let launch = takeLaunch() {
      launched.append(launch.attempt)
      return .launch(launch)
    }
    // Comes after the effects that are already allowed: they proceed while the commit is synced.
    if let commit = nextCommit() { return commit }
    if let end, end.sequence <= committedThrough {
      self.end = nil
      return .finish(end.value)
    }
    return nil
  }

  private mutating func takeLaunch() -> Launch? {
    if let intent = rollbackIntents.first, intent.sequence <= committedThrough {
      rollbackIntents.removeFirst()
      return intent.value
    }
    guard let intent = intents.first, intent.sequence <= committedThrough,
      runningAttempts < Int(state.created.jobs)
    else { return nil }
    intents.removeFirst()
    return intent.value
  }

  private mutating func nextCommit() -> Effect? {
    guard commitInFlight == nil, let last = uncommitted.last,
      isCommitUrgent || isSupplyUncommitted && !isSupplied
    else { return nil }
    commitInFlight = last.sequence
    isCommitUrgent = false
    isSupplyUncommitted = false
    lazyCommitDue = nil
    defer { uncommitted = [] }
    return .commit(uncommitted)
  }

  /// Whether enough durable intents are left for slots that become free during a commit. Durable
  /// intents with a free slot were launched before this check.
  private var isSupplied: Bool {
    intents.count { $0.sequence <= committedThrough } > (Int(state.created.jobs) - 1) / 2
  }

  // MARK: Recording

  /// The end with what the run's policy says of it. The first has none of that: to it, an interrupted
  /// attempt is a lost one.
  private func recorded(_ end: AttemptEnd, of attempt: AttemptID) -> AttemptEnd {
    var known = end
    known.outputsFile = nil
    if state.created.policyVersion == Policy.first.rawValue {
      if AttemptConclusion(end) == .interrupted { return .lost(killed: end.stragglers) }
      known.output = AttemptOutput()
      return known
    }
    known.shellSignal = shellSignal(end, of: attempt)
    return state.steps[Int(attempt.step)].publishes
      ? state.noted(known, ofPublication: attempt) : known
  }

  /// The signal that ended a process of the attempt, if a shell says so with its exit code.
  private func shellSignal(_ end: AttemptEnd, of attempt: AttemptID) -> UInt8? {
    guard case .exited(let code) = end.result, Self.codesOfSignals.contains(code),
      end.cause == .byItself, !end.wasInterrupted
    else { return nil }
    let step = Int(attempt.step)
    let settings = state.definition.settings(ofStep: step)
    if state.steps[step].publishes { return nil }
    let command =
      state.steps[step].asksProbe ? settings.probe : state.definition.steps[step].command
    // A code that the step names is one of its own.
    guard case .shell = command, settings.retry.exitCodes?.contains(code) != true else {
      return nil
    }
    return code - 128
  }

  /// With these a shell reports that a signal ended a process that it waited for (sh(1)): 128 and
  /// the number of a signal.
  private static let codesOfSignals: ClosedRange<UInt8> = 129...159

  /// In events that are much smaller than a log frame.
  private mutating func publish(_ parts: [OutputPart], of attempt: AttemptID) {
    var next: [OutputPart] = []
    var size = 0
    for part in parts {
      var rest = part.bytes[...]
      repeat {
        let piece = rest.prefix(Self.mostOutputBytes - size)
        rest = rest.dropFirst(piece.count)
        next.append(OutputPart(output: part.output, bytes: Array(piece)))
        size += piece.count
        if size == Self.mostOutputBytes {
          recordFact(.outputsPublished(attempt, next))
          (next, size) = ([], 0)
        }
      } while !rest.isEmpty
    }
    if !next.isEmpty { recordFact(.outputsPublished(attempt, next)) }
  }

  /// Of one event.
  private static let mostOutputBytes = 256 << 10

  private mutating func recordFact(_ body: Event.Body) {
    record(body)
    decide(wakeUpEnds: false)
  }

  private mutating func decide(wakeUpEnds: Bool) {
    var withdrawn: [AttemptID] = []
    while let decision = Decider.next(state, wakeUpEnds: wakeUpEnds) {
      record(decision)
      // An intent that was not launched yet is withdrawn at once: it has had no effect.
      if case .stopRequested(let attempt, _) = decision, takeBack(attempt) {
        withdrawn.append(attempt)
      }
    }
    for attempt in withdrawn { recordFact(.attemptWithdrawn(attempt)) }
    // In the same commit: no reader sees the run finished.
    if state.isFinished, state.restarts {
      end = nil
      recordFact(.runReopened(ignoring: [], scope: state.restartScope))
    }
  }

  /// - Returns: whether the attempt was still waiting for its launch. An attempt that an earlier life
  ///   scheduled is not: it may have been launched.
  private mutating func takeBack(_ attempt: AttemptID) -> Bool {
    let heldBack = intents.count + rollbackIntents.count
    intents.removeAll { $0.value.attempt == attempt }
    rollbackIntents.removeAll { $0.value.attempt == attempt }
    return intents.count + rollbackIntents.count < heldBack
  }

  private mutating func record(_ body: Event.Body) {
    guard let wakeUp else { preconditionFailure("\(body.kind.name) recorded outside a wake-up") }
    let event = Event(
      sequence: state.lastSequence + 1, moment: wakeUp, startsWakeUp: !hasRecorded, body: body)
    hasRecorded = true
    do throws(HistoryError) {
      try state.apply(event)
    } catch {
      preconditionFailure("the engine recorded what cannot be: \(error)")
    }
    uncommitted.append(event)
    gate(event)
  }

  /// Notes the effects of the event and the deadline for its commit.
  private mutating func gate(_ event: Event) {
    switch event.body {
    case .attemptLaunched, .deadlinePassed, .clockJumped, .roomReturned, .workSynced:
      commitWithin(milliseconds: Self.lazyCommitMilliseconds)
      return
    case .attemptScheduled(let attempt), .attemptFound(let attempt, .neverLaunched):
      // The attempt may be found only to be withdrawn: its stop was requested.
      guard state.steps[Int(attempt.step)].phase == .starting else { break }
      let task = state.steps[Int(attempt.step)].task
      let launch = Launch(attempt, intent: event.sequence, task)
      let intent = Gated(sequence: event.sequence, value: launch)
      if task.publishes || state.definition.needsNoSlot(Int(attempt.step)) {
        rollbackIntents.append(intent)
      } else {
        intents.append(intent)
      }
      return commitWhenSupplyEnds()
    case .attemptFound(let attempt, .running):
      // The previous engine may have died before it stopped the attempt. The monitor enforces the
      // deadline.
      if state.steps[Int(attempt.step)].phase == .stopping, state.isStopping(attempt.step) {
        let stop = Stop(attempt: attempt, force: state.cancel?.force ?? false)
        stops.append(Gated(sequence: event.sequence, value: stop))
      }
    case .stopRequested(let attempt, let force):
      if launched.contains(attempt) {
        stops.append(
          Gated(sequence: event.sequence, value: Stop(attempt: attempt, force: force)))
      }
    case .timerFired(.launchPause): pauseEnd = event.sequence
    case .runFinished(let outcome): end = Gated(sequence: event.sequence, value: outcome)
    // A pause that it begins keeps intents back from now on.
    case .attemptEnded where state.isPaused: break
    case .attemptEnded, .outputsPublished, .stepExpanded, .stepFinished:
      return commitWhenSupplyEnds()
    case .runCreated, .definitionPart, .engineStarted, .attemptWithdrawn, .cancelRequested,
      .answered, .attemptFound(_, .unsynced), .asked, .timerFired, .retryScheduled, .rerunScheduled,
      .probeScheduled,
      .publishScheduled,
      .stepSkipped, .runStopping,
      .runConcluding, .runConcluded, .runReopened:
      break
    }
    isCommitUrgent = true
  }

  private mutating func commitWhenSupplyEnds() {
    isSupplyUncommitted = true
    commitWithin(milliseconds: Self.gatheringMilliseconds)
  }

  private mutating func commitWithin(milliseconds: Int64) {
    guard let wakeUp else { preconditionFailure("an event outside a wake-up") }
    let due = wakeUp.monotonic.advanced(byMilliseconds: milliseconds)
    lazyCommitDue = lazyCommitDue.map { min($0, due) } ?? due
  }
}
