package import FlowCore

/// A run as a live view needs it: its durable state, and indexes that spare a search of all steps.
/// The cost of an event, and of every question, does not depend on the number of steps.
package struct LiveRun: Sendable {
  /// An attempt that was launched and has no end.
  package struct Active: Sendable {
    package let attempt: AttemptID
    package let launchedAt: Instant
    package var stop: Stop?
  }

  /// A step that ended since the last news that were drawn: it stays in the view that long.
  package struct Ended: Sendable {
    package let step: Int32
    package let outcome: StepOutcome
    package let end: AttemptEnd
    package let launchedAt: Instant
    package let endedAt: Instant
    fileprivate var isDrawn = false
  }

  private struct LastEnd {
    let end: AttemptEnd
    /// Nil where no command was started.
    let launchedAt: Instant?
  }

  package enum Stop: Sendable {
    /// It passed its deadline, and is killed at that time.
    case timedOut(killAt: Instant)
    /// The run stops, and it is killed at that time.
    case requested(killAt: Instant)
    case forced
  }

  package private(set) var state: RunState
  /// The round.
  package private(set) var startedAt: WallTime
  /// The longest running first. There are never more than the run's `jobs`.
  package private(set) var active: [Active] = []
  /// Steps whose attempt is scheduled and waits for its slot, the next first: the engine makes
  /// intents durable before slots are free.
  private var scheduled: [Int32]
  package private(set) var backingOff = 0
  /// Those included that were allowed to.
  package private(set) var failed = 0
  package private(set) var allowedFailures = 0
  package private(set) var skipped = 0
  package private(set) var cancelled = 0
  /// The last few, in the order in which they ended.
  package private(set) var ended: [Ended] = []
  /// By step: how its last attempt ended, while it waits for the next.
  private var lastEnds: [Int32: LastEnd] = [:]
  /// No step before this one waits; in this round none will.
  private var firstWaiting = 0

  private static let mostEnded = 16

  /// How many steps, or needs of a step, a frame looks at when it searches for those that wait.
  private static let searchLimit = 512

  /// - Parameters:
  ///   - state: before the first attempt was launched.
  ///   - startedAt: when the run was created.
  package init(_ state: RunState, startedAt: WallTime) {
    self.state = state
    self.startedAt = startedAt
    scheduled = state.slots.queue
    findFirstWaiting()
  }

  // MARK: Events

  /// Takes in the next event; one that the state knows already changes nothing.
  package mutating func apply(_ event: Event) throws(HistoryError) {
    if event.sequence <= state.lastSequence { return }
    try state.apply(event)
    let now = event.moment.monotonic
    switch event.body {
    case .attemptLaunched(let attempt, _):
      lastEnds[attempt.step] = nil
      begin(attempt, at: now)
    case .attemptFound(let attempt, .running(_, let microseconds)):
      lastEnds[attempt.step] = nil
      begin(attempt, at: Instant(microseconds: now.microseconds - microseconds))
    case .deadlinePassed(let attempt):
      stop(attempt, at: now, .timedOut(killAt: killTime(attempt, from: now)))
    case .stopRequested(let attempt, let force):
      stop(attempt, at: now, force ? .forced : .requested(killAt: killTime(attempt, from: now)))
    case .attemptEnded(let attempt, let end):
      // A command that could not be started was never active.
      scheduled.removeAll { $0 == attempt.step }
      let launchedAt = active.first { $0.attempt == attempt }?.launchedAt
      active.removeAll { $0.attempt == attempt }
      lastEnds[attempt.step] = LastEnd(end: end, launchedAt: launchedAt)
    case .attemptScheduled(let attempt):
      if !state.definition.needsNoSlot(Int(attempt.step)) { scheduled.append(attempt.step) }
    case .attemptWithdrawn(let attempt):
      scheduled.removeAll { $0 == attempt.step }
      active.removeAll { $0.attempt == attempt }
    case .retryScheduled: backingOff += 1
    case .timerFired(.retry): backingOff -= 1
    case .stepFinished(let step, let outcome): finished(step, outcome, at: now)
    case .stepSkipped(let step, _) where state.definition.isChild(Int(step)): break
    case .stepSkipped(_, .notSelected), .stepSkipped(_, .nothingFailed),
      .stepSkipped(_, .nothingToTell):
      break
    case .stepSkipped: skipped += 1
    case .runReopened:
      startedAt = event.moment.wall
      (failed, allowedFailures, skipped, cancelled) = (0, 0, 0, 0)
      lastEnds = [:]
      ended = []
      firstWaiting = 0
    // Steps that back off are not tried again: they count as waiting for their end.
    case .runStopping:
      backingOff = rollbacksBackingOff
      lastEnds = [:]
    case .cancelRequested where state.isConclusionForced || state.areNoticesEnded: backingOff = 0
    case .cancelRequested where state.isStopping && !state.isConcluded:
      backingOff = rollbacksBackingOff
    default: break
    }
    findFirstWaiting()
  }

  /// A stop can overtake the report of the launch; then both begin the attempt.
  private mutating func begin(_ attempt: AttemptID, at now: Instant) {
    scheduled.removeAll { $0 == attempt.step }
    if active.contains(where: { $0.attempt == attempt }) { return }
    active.append(Active(attempt: attempt, launchedAt: now))
  }

  private mutating func stop(_ attempt: AttemptID, at now: Instant, _ stop: Stop) {
    begin(attempt, at: now)
    guard let index = active.firstIndex(where: { $0.attempt == attempt }) else { return }
    // A stop on top of a timeout gives no new grace.
    if case .requested = stop, active[index].stop != nil { return }
    active[index].stop = stop
  }

  private func killTime(_ attempt: AttemptID, from now: Instant) -> Instant {
    let settings = state.definition.settings(ofStep: Int(attempt.step))
    return now.advanced(byMilliseconds: settings.killGraceMilliseconds)
  }

  private mutating func finished(_ step: Int32, _ outcome: StepOutcome, at now: Instant) {
    if let last = lastEnds.removeValue(forKey: step) {
      ended.append(
        Ended(
          step: step, outcome: outcome, end: last.end, launchedAt: last.launchedAt ?? now,
          endedAt: now))
      if ended.count > Self.mostEnded { ended.removeFirst() }
    }
    // Those of children are counted by their node.
    if state.definition.isChild(Int(step)) { return }
    switch outcome {
    case .succeeded: break
    case .failed:
      failed += 1
      if isAllowedToFail(step) { allowedFailures += 1 }
    case .cancelled: cancelled += 1
    }
  }

  // MARK: Steps that ended

  /// A frame was drawn: what it showed as ended leaves the view with the next news.
  package mutating func frameWasDrawn() {
    for index in ended.indices { ended[index].isDrawn = true }
  }

  /// There are news since the last frame: steps leave the view that ended before them.
  package mutating func forgetDrawnEnds() { ended.removeAll { $0.isDrawn } }

  /// Ends that were read long after they happened are no news.
  package mutating func forgetEnds(before time: Instant) {
    ended.removeAll { !$0.isDrawn && $0.endedAt < time }
  }

  /// Those go on while the run stops.
  private var rollbacksBackingOff: Int {
    guard state.rollbacks.exist || state.definition.hasNotify else { return 0 }
    return state.definition.livingSteps.count {
      state.definition.needsNoSlot($0) && state.steps[$0].phase == .backingOff
    }
  }

  private mutating func findFirstWaiting() {
    while firstWaiting < state.steps.count, !isWaiting(firstWaiting) { firstWaiting += 1 }
  }

  private func isWaiting(_ step: Int) -> Bool {
    unmetNeeds(ofStep: step) != nil && state.definition.isOwnStep(step)
      && !state.definition.isChild(step)
  }

  // MARK: Questions

  /// Of the steps that the run has.
  package var total: Int { state.selectedSteps }
  package var done: Int { state.countedSteps.ended }
  package var unselected: Int { state.countedSteps.unselected }
  package var stopping: Int { active.count { $0.stop != nil } }
  package var running: Int { active.count - stopping }
  /// Steps that wait for a person's answer.
  package var asking: Int { state.askingSteps.count }
  /// Steps that only wait for a slot.
  package var ready: Int { state.ready.count + scheduled.count }
  /// Steps that have needs which are not met, or that wait for their end in a run that stops.
  package var waiting: Int {
    guard state.definition.hasForEach else {
      return max(0, total - done - active.count - ready - backingOff - asking)
    }
    // Children are no steps of their own here.
    return state.definition.declaredSteps.count { step in
      state.definition.isOwnStep(step) && unmetNeeds(ofStep: step) != nil
    }
  }

  /// Nodes whose children run, in the order of the definition.
  package var openNodes: [Int] {
    guard state.definition.hasChildren else { return [] }
    return state.definition.ordinarySteps.filter { state.steps[$0].phase == .expanded }
  }

  /// The first of the steps that only wait for a slot, in the order in which they get one.
  package func readySteps(_ count: Int) -> [Int] {
    let first = scheduled.prefix(count).map { Int($0) }
    return first + state.ready.first(count - first.count, in: state.graph)
  }

  package func isAllowedToFail(_ step: Int32) -> Bool {
    state.definition.settings(ofStep: Int(step)).allowFailure
  }

  package func lastEnd(ofStep step: Int32) -> AttemptEnd? { lastEnds[step]?.end }

  /// The first of the steps that wait for others, in the order of the definition.
  package func waitingSteps(_ count: Int) -> [Int] {
    let end = min(state.steps.count, firstWaiting + Self.searchLimit)
    return Array((min(firstWaiting, end)..<end).lazy.filter(isWaiting).prefix(count))
  }

  /// How many needs a step waits for; nil where it waits for none.
  package func unmetNeeds(ofStep step: Int) -> Int? {
    if case .waiting(let count) = state.steps[step].phase { Int(count) } else { nil }
  }

  /// Some of the needs that a step waits for, in the order in which it names them. They may not be
  /// found where there are very many.
  package func someUnmetNeeds(ofStep step: Int, _ count: Int) -> [Int32] {
    let needs = state.selectedNeeds(ofStep: step).prefix(Self.searchLimit)
    // What comes after a step that failed waits for its rollback.
    let unmet = needs.lazy.compactMap { [state] need in
      state.steps[Int(need)].isSettled ? state.pendingRollback(ofStep: Int(need)) : need
    }
    return Array(unmet.prefix(count))
  }
}
