/// The state of a run: the only input of the engine's decisions (`Decider`).
///
/// Only `apply` changes it, live and in replay alike.
package struct RunState: Equatable, Sendable {
  package enum Phase: Equatable, Sendable {
    case running
    case stopping(StopReason)
    /// All steps but those of `finally` have settled, and the run came to this: `finally` runs.
    case concluding(RunOutcome)
    /// All steps but notices have settled, and the run came to this, which nothing changes: notices run.
    case concluded(RunOutcome)
    case finished(RunOutcome)
  }

  package let created: RunCreated
  /// With the children that the run has made.
  package internal(set) var definition: WorkflowDefinition
  package let graph: DependencyGraph
  package internal(set) var phase = Phase.running
  package internal(set) var steps: [StepLifecycle]
  package private(set) var lastSequence: Int64
  /// When the last event was recorded.
  package private(set) var lastMoment: Moment
  /// The last engine that drove the run; nil before the first event of one.
  package private(set) var engine: EngineStarted?
  package internal(set) var ready = ReadyQueue()
  package internal(set) var timers = TimerQueue()
  /// Attempts that are scheduled and have not ended.
  package internal(set) var openAttempts = 0
  /// Steps that have not settled.
  package private(set) var unsettledSteps: Int
  /// The children that have not settled.
  private(set) var unsettledChildren = 0
  /// The steps of `finally` that have not settled.
  private(set) var unsettledFinally: Int
  /// The same of notices.
  package private(set) var unsettledNotices: Int
  /// The first step that failed for good and is not allowed to, besides those of `finally`.
  package internal(set) var firstFailure: Int32?
  /// The last cancel request; with `force`, if any request had it.
  package private(set) var cancel: CancelRequest?
  /// The ids of all cancel requests.
  package private(set) var cancelRequests: Set<UInt64> = []
  package private(set) var timeoutPassed = false
  /// Whether the current wake-up is the first of an engine, which learns what became of the
  /// attempts of an earlier one.
  private var isTakingOver = false
  /// Steps that did not settle by themselves because the run stopped, besides those of `finally`.
  package private(set) var stoppedSteps = 0
  /// The first step of `finally` that failed for good and is not allowed to.
  package private(set) var finallyFailure: Int32?
  /// Steps of `finally` that did not settle by themselves.
  package private(set) var stoppedFinally = 0
  /// Why the run was stopped in this round; nil if it was not.
  package private(set) var stopReason: StopReason?
  /// By step, how its last attempt has ended in this round, if not with success. Known only where steps of
  /// `finally` are told.
  package internal(set) var failedEnds: [Int32: AttemptEnd] = [:]
  /// Whether a cancel by force came while the steps of `finally` ran, which ends them, too.
  package private(set) var isConclusionForced = false
  /// Whether a cancel by force came while notices ran, which ends them.
  package private(set) var areNoticesEnded = false
  var slow = SlowNotices()
  /// What the workflow's run before came to, or the round before; nil if there is none, or none asks.
  package private(set) var previousOutcome: RunOutcome?
  /// What the run is at best where this round leaves behind a step that has not succeeded; nil if it
  /// leaves none.
  package private(set) var leftBehind: RunOutcome?
  /// The steps that the run leaves out.
  var passages: Passages
  package internal(set) var rollbacks: Rollbacks
  /// What steps have put out.
  package internal(set) var outputs = StepOutputs()
  package internal(set) var publications = Publications()
  package internal(set) var work = Work()
  var questions = Questions()
  var nodes = Nodes()
  /// Whether a round has begun whose engine has not started yet.
  private var isReopened = false

  // Pending decisions.

  /// Steps whose attempt has ended.
  package internal(set) var undecided = WorkQueue<Int32>()
  /// Steps that will not run, and why.
  package private(set) var doomed = WorkQueue<DoomedStep>()
  /// Attempts to stop.
  package private(set) var toStop = WorkQueue<AttemptID>()

  package struct DoomedStep: Equatable, Sendable {
    package let step: Int32
    package let reason: SkipReason
  }

  /// The state after the last part of the definition.
  init(created: RunCreated, definition: WorkflowDefinition, graph: DependencyGraph, event: Event) {
    self.created = created
    self.definition = definition
    self.graph = graph
    lastSequence = event.sequence
    lastMoment = event.moment
    unsettledSteps = definition.declaredCount
    unsettledFinally = definition.finallyCount
    unsettledNotices = definition.notifyCount
    rollbacks = Rollbacks(exist: definition.hasRollbacks)
    let needs = { Self.needs(ofStep: $0, definition, graph) }
    steps = definition.declaredSteps.map { StepLifecycle(needs: needs($0)) }
    steps += definition.chainSteps.map { _ in StepLifecycle.ofChain }
    passages = Passages(created.unselected, definition.declaredCount, needs: needs)
    countRollbacks()
    for step in created.unselected.steps where Int(step) < steps.count { doom(step, .notSelected) }
    for step in steps.indices where steps[step].phase == .ready { needsEnded(step) }
    previousOutcome = created.previousOutcome
    armRunTimers(at: event.moment)
  }

  private mutating func armRunTimers(at now: Moment) {
    armSlowNotices(at: now)
    guard let timeout = definition.timeoutMilliseconds else { return }
    timers.arm(.runTimeout, at: now.monotonic.advanced(byMilliseconds: timeout))
  }

  /// How long nothing is launched after an attempt was interrupted: more would be started into the
  /// same shutdown.
  package static let launchPauseMilliseconds: Int64 = 30_000

  mutating func interrupted(at now: Moment) {
    guard !isStopping || launchesWhileStopping || publications.count > 0, !isTakingOver else {
      return
    }
    timers.arm(
      .launchPause, at: now.monotonic.advanced(byMilliseconds: Self.launchPauseMilliseconds))
  }

  /// Whether the engine has yet to start that decides first in the run, or in this round of it.
  package var awaitsEngine: Bool { engine == nil || isReopened }

  /// Whether launches are paused after an interruption.
  package var isPaused: Bool { timers.launchPause != nil }

  /// How many lives the run's engine has had.
  package var lives: Int32 { engine?.life ?? 0 }

  package var isFinished: Bool {
    if case .finished = phase { true } else { false }
  }

  // MARK: Evolve

  /// Applies the next event of the history.
  ///
  /// - Throws: `HistoryError` if the event cannot follow; then the state is unusable.
  package mutating func apply(_ event: Event) throws(HistoryError) {
    guard event.sequence == lastSequence + 1 else {
      throw HistoryError(event, .outOfSequence(expected: lastSequence + 1))
    }
    if isFinished && event.body.kind != .runReopened { throw HistoryError(event, .afterEnd) }
    lastSequence = event.sequence
    let before = lastMoment
    lastMoment = event.moment
    if event.startsWakeUp { isTakingOver = false }
    switch event.body {
    case .runCreated, .definitionPart: throw HistoryError(event, .misplaced)
    case .engineStarted(let engine):
      guard engine.life == lives + 1 else { throw HistoryError(event, .misplaced) }
      if let last = self.engine, last.host.bootID != engine.host.bootID {
        timers.moveToNewClock(from: before, to: event.moment)
        bootChanged()
      }
      self.engine = engine
      isReopened = false
      // An engine was started after the interruption: it is meant to launch.
      timers.endLaunchPause()
      isTakingOver = true
    case .attemptLaunched(let attempt, _):
      try change(attempt.step, event, .launched(attempt.number))
    case .deadlinePassed(let attempt):
      try change(attempt.step, event, .deadlinePassed(attempt.number))
    case .attemptEnded(let attempt, let end): try attemptEnded(attempt, end, event)
    case .outputsPublished(let attempt, let parts):
      guard steps.indices.contains(Int(attempt.step)) else {
        throw HistoryError(event, .unknownStep(attempt.step))
      }
      let step = steps[Int(attempt.step)]
      guard step.hasOpenAttempt, step.attempt == attempt.number,
        outputs.publish(parts, ofStep: attempt.step, definition)
      else { throw HistoryError(event, .misplaced) }
    case .attemptWithdrawn(let attempt):
      try change(attempt.step, event, .withdrawn(attempt.number))
      countOpen(attempt, -1, keepsSlot: steps[Int(attempt.step)].publishes)
      becameReady(attempt.step)
    case .attemptFound(let attempt, let finding): try attemptFound(attempt, finding, event)
    case .clockJumped(let microseconds):
      questions.clockJumped(byMicroseconds: microseconds)
    case .roomReturned: break
    case .workSynced(let sequence, let failure):
      try workSynced(through: sequence, failure: failure, event)
    case .runReopened(let requests, let scope):
      try reopen(scope, ignoring: requests, event)
    case .cancelRequested(let request): cancelRequested(request)
    case .answered(let step, let answer): try answered(step, answer, event)
    case .timerFired(let timer): try timerFired(timer, event)
    case .attemptScheduled(let attempt): try attemptScheduled(attempt, event)
    case .retryScheduled(let attempt, let delayMilliseconds):
      try change(attempt.step, event, .retryScheduled(attempt.number))
      try Self.take(attempt.step, from: &undecided, event)
      timers.arm(
        .retry(step: attempt.step),
        at: event.moment.monotonic.advanced(byMilliseconds: delayMilliseconds))
    case .rerunScheduled(let attempt):
      try change(attempt.step, event, .rerunScheduled(attempt.number))
      try Self.take(attempt.step, from: &undecided, event)
      becameReady(attempt.step)
    case .probeScheduled(let attempt):
      try change(attempt.step, event, .probeScheduled(attempt.number))
      try Self.take(attempt.step, from: &undecided, event)
      becameReady(attempt.step)
    case .publishScheduled(let attempt, let completes):
      try publishScheduled(attempt, completes: completes, event)
    case .stopRequested(let attempt, _):
      try change(attempt.step, event, .stopRequested(attempt.number))
      try Self.take(attempt, from: &toStop, event)
    case .asked(let step): try asked(step, event)
    case .stepExpanded(let step, let expansion): try stepExpanded(step, expansion, event)
    case .stepFinished(let step, let outcome): try stepFinished(step, outcome, event)
    case .stepSkipped(let step, let reason): try stepSkipped(step, reason, event)
    case .runStopping(let reason): try runStopping(reason, event)
    case .runConcluding(let outcome): try runConcluding(outcome, event)
    case .runConcluded(let outcome): try runConcluded(outcome, event)
    case .runFinished(let outcome):
      let isOver = unsettledSteps == 0 && (!definition.hasNotify || phase == .concluded(outcome))
      guard restarts ? isReadyToRestart && outcome == .failed : isOver else {
        throw HistoryError(event, .misplaced)
      }
      phase = .finished(outcome)
      timers.removeAll()
      if !restarts { work.doubtAll() }
    }
  }

  mutating func change(
    _ step: Int32, _ event: Event, _ change: StepLifecycle.Event
  ) throws(HistoryError) {
    guard steps.indices.contains(Int(step)) else { throw HistoryError(event, .unknownStep(step)) }
    guard steps[Int(step)].apply(change) else {
      throw HistoryError(event, .impossible(step: step, steps[Int(step)].phase))
    }
  }

  /// Decisions are made in the order of their causes. Static, because a method would hold a copy of
  /// the state beside the queue, and the shared queue would be copied on each change.
  static func take<Element>(
    _ element: Element, from queue: inout WorkQueue<Element>, _ event: Event
  ) throws(HistoryError) {
    guard queue.first == element else { throw HistoryError(event, .misplaced) }
    queue.removeFirst()
  }

  mutating func becameReady(_ step: Int32) {
    if isStopping(step), !steps[Int(step)].publishes {
      doom(step, reasonToStop(step))
    } else {
      enqueue(step)
    }
  }

  mutating func doom(_ step: Int32, _ reason: SkipReason) {
    if steps[Int(step)].apply(.doomed) { doomed.append(DoomedStep(step: step, reason: reason)) }
  }

  private mutating func cancelRequested(_ request: CancelRequest) {
    let wasForced = cancel?.force ?? false
    cancelRequests.insert(request.id)
    cancel = CancelRequest(id: request.id, force: request.force || wasForced)
    // Force escalates a stop that is under way: request it again, now without grace.
    if request.force, !wasForced, case .stopping = phase { queueStops() }
    if request.force, rollbacks.exist { endRollbacks() }
    if request.force { endSlowNotices() }
    // Steps of `finally` have seen no cancel before: only force ends them.
    if request.force, !isConclusionForced, case .concluding = phase {
      isConclusionForced = true
      stop(definition.finallySteps)
    }
    if request.force, !areNoticesEnded, isConcluded {
      areNoticesEnded = true
      endNotices()
    }
  }

  private mutating func timerFired(_ timer: TimerID, _ event: Event) throws(HistoryError) {
    guard timers.nextTimer == timer else { throw HistoryError(event, .misplaced) }
    timers.removeNext()
    switch timer {
    case .runTimeout: timeoutPassed = true
    case .launchPause: break
    case .retry(let step):
      try change(step, event, .delayOver)
      becameReady(step)
    case .slow(let step): try slowFired(step, event)
    case .question(let step):
      let isApproved = definition.question(ofStep: Int(step))?.otherwise == .approve
      try change(step, event, .answered(isApproved ? .succeeded : .failed))
      questions.expired(step, at: event.moment)
      undecided.append(step)
    }
  }

  private mutating func stepFinished(
    _ step: Int32, _ outcome: StepOutcome, _ event: Event
  ) throws(HistoryError) {
    guard outcome != .succeeded || !steps.indices.contains(Int(step)) || !mustPublish(step) else {
      throw HistoryError(event, .misplaced)
    }
    try change(step, event, .finished(outcome))
    if undecided.first == step {
      undecided.removeFirst()
    } else {
      guard doomed.first?.step == step else { throw HistoryError(event, .misplaced) }
      doomed.removeFirst()
    }
    if outcome == .cancelled { stopped(step) }
    if outcome == .succeeded { succeeded(step, event) }
    // What the failure of a child means, its node says.
    if outcome == .failed, !definition.isChild(Int(step)), !mayFail(step),
      !definition.isNotify(Int(step))
    {
      if definition.isFinally(Int(step)) {
        finallyFailure = finallyFailure ?? step
      } else if definition.isRollback(Int(step)) {
        rollbacks.failure = rollbacks.failure ?? step
      } else {
        firstFailure = firstFailure ?? step
      }
    }
    settled(step)
  }

  private mutating func stepSkipped(
    _ step: Int32, _ reason: SkipReason, _ event: Event
  ) throws(HistoryError) {
    try change(step, event, .skipped)
    if reason == .noItems {
      try Self.take(step, from: &undecided, event)
    } else {
      try Self.take(DoomedStep(step: step, reason: reason), from: &doomed, event)
    }
    switch reason {
    case .runStopping: stopped(step)
    case .condition, .noItems: steps[Int(step)].isRefused = true
    case .notSelected: steps[Int(step)].isRefused = steps[Int(step)].isLeftOut
    default: break
    }
    if reason == .notSelected, !definition.isChild(Int(step)) {
      leftOut(step)
    } else {
      settled(step)
    }
  }

  /// The step did not settle by itself.
  private mutating func stopped(_ step: Int32) {
    if definition.isNotify(Int(step)) || !childStopped(step) { return }
    if definition.isFinally(Int(step)) {
      stoppedFinally += 1
    } else if definition.isRollback(Int(step)) {
      rollbacks.stopped += 1
    } else {
      stoppedSteps += 1
    }
  }

  /// Updates the dependents.
  private mutating func settled(_ step: Int32) {
    countSettled(step)
    if definition.isChild(Int(step)) {
      childSettled(step)
      return
    }
    let ended = rollbacks.exist ? stepEnded(with: step) : step
    if let ended, !isStopping { tellDependents(of: ended, by: ended) }
  }

  private mutating func countSettled(_ step: Int32) {
    unsettledSteps -= 1
    if definition.isChild(Int(step)) { unsettledChildren -= 1 }
    if definition.isFinally(Int(step)) { unsettledFinally -= 1 }
    if definition.isNotify(Int(step)) { unsettledNotices -= 1 }
  }

  /// So many more children run.
  mutating func addUnsettled(_ children: Int32) {
    unsettledSteps += Int(children)
    unsettledChildren += Int(children)
  }

  // MARK: Unselected steps

  /// An unselected step holds up nothing by itself, but its dependents still come after its needs.
  private mutating func leftOut(_ step: Int32) {
    countSettled(step)
    if rollbacks.exist { callRollback(of: step) }
    guard case .running = phase, passages[Int(step)]?.unmet == 0 else { return }
    if graph.needsCount(of: Int(step)) == 0 { tellDependents(of: step, by: nil) }
  }

  private mutating func runStopping(_ reason: StopReason, _ event: Event) throws(HistoryError) {
    guard phase == .running, doomed.isEmpty else { throw HistoryError(event, .misplaced) }
    if case .failFast(let step) = reason, step != firstFailure {
      throw HistoryError(event, .misplaced)
    }
    phase = .stopping(reason)
    stopReason = reason
    stop(definition.ordinarySteps, definition.childSteps)
  }

  private mutating func stop(_ range: Range<Int>, _ children: Range<Int> = 0..<0) {
    ready.removeAll()
    questions.due.removeAll()
    emptyNodeQueues()
    if launchesWhileStopping {
      let definition = definition
      timers.removeAllButPause(keepingSlow: true) {
        $0 >= 0 && definition.needsNoSlot(Int($0))
      }
    } else {
      timers.removeAll()
    }
    for step in range where !definition.isRollback(step) { doom(Int32(step), .runStopping) }
    for child in children { doom(Int32(child), .runStopping) }
    queueStops()
  }

  // MARK: Rounds

  private mutating func reopen(
    _ scope: ReopenScope, ignoring requests: [UInt64], _ event: Event
  ) throws(HistoryError) {
    guard case .finished(let outcome) = phase else { throw HistoryError(event, .misplaced) }
    let plan = try plan(scope, event)
    let restarts = restarts
    phase = .running
    firstFailure = nil
    cancel = nil
    cancelRequests.formUnion(requests)
    timeoutPassed = false
    if !restarts {
      isReopened = true
      previousOutcome = outcome
    }
    stoppedSteps = 0
    finallyFailure = nil
    stoppedFinally = 0
    isConclusionForced = false
    areNoticesEnded = false
    reopenRollbacks(plan)
    stopReason = nil
    leftBehind = plan.leavesFailure && outcome != .succeeded ? outcome : nil
    work.reopen(plan.runsAgain)
    questions.stale = plan.stale
    nodes.plan(plan.childrenAgain, takesDependents: scope.takesDependents)
    passages.forgetKept()
    // Needs first: what is unselected waits for what it needs, too.
    for rank in definition.declaredSteps {
      let index = graph.step(ranked: Int32(rank))
      let unmet = needs(ofStep: index, pending: plan)
      if plan.runsAgain[index] {
        // Of `finally`, or a notice, where the round before was given up.
        if !steps[index].isSettled { continue }
        steps[index].reopen(unmetNeeds: unmet)
        outputs.drop(Int32(index))
        questions.drop(Int32(index))
        failedEnds[Int32(index)] = nil
        unsettledSteps += 1
        if definition.isFinally(index) { unsettledFinally += 1 }
        if definition.isNotify(index) { unsettledNotices += 1 }
        if let need = plan.unmetNeeds[index] {
          doom(Int32(index), .need(step: need))
        } else if unmet == 0 {
          needsEnded(index)
        }
      } else if unmet > 0, !isSelected(index) {
        passages.reopen(index, unmet: unmet, isBlocked: plan.unmetNeeds[index] != nil)
      } else if unmet > 0, plan.isPending[index] {
        let needs = definition.steps[index].needs.filter { plan.isPending[Int($0)] }
        passages.keep(index, awaiting: needs)
      }
    }
    armRunTimers(at: event.moment)
  }

  private mutating func queueStops() {
    for (index, step) in steps.enumerated()
    where step.hasOpenAttempt && !definition.needsNoSlot(index) { queueStop(index) }
  }

  mutating func queueStop(_ step: Int) {
    toStop.append(AttemptID(step: Int32(step), number: steps[step].attempt))
  }
}
