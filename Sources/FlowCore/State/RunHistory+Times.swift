/// Times of lives, rounds and steps, if the history keeps them.
extension RunHistory {
  /// One process that drove the run.
  package struct Life: Equatable, Sendable {
    package let engine: EngineStarted
    package let from: RunPoint
    /// Its last event.
    package internal(set) var until: RunPoint
  }

  /// The time in which a node ran for its items.
  package struct ItemsTime: Equatable, Sendable {
    package let from: RunPoint
    /// Nil while it does.
    package internal(set) var until: RunPoint?
  }

  /// One pass over the steps, up to an end of the run.
  package struct Round: Equatable, Sendable {
    package let from: RunPoint
    /// What runs in it; nil in the first.
    package let scope: ReopenScope?
    /// Nil while the round is unfinished, as is its outcome.
    package internal(set) var endedAt: RunPoint?
    package internal(set) var outcome: RunOutcome?
  }

  /// An event of the entire run that explains the behaviour of steps.
  package struct Mark: Equatable, Sendable {
    package let point: RunPoint
    package let body: Event.Body
  }

  /// Applies an event that the rest of the history has applied.
  mutating func note(_ event: Event, at point: RunPoint) {
    extendLife(event, to: point)
    switch event.body {
    case .runCreated: rounds.append(Round(from: point, scope: nil))
    case .definitionPart: if steps.isEmpty { beginSteps(at: point) }
    case .engineStarted(let engine):
      lives.append(Life(engine: engine, from: point, until: point))
    case .runReopened(_, let scope): reopenSteps(scope, at: point)
    case .attemptScheduled(let attempt): scheduled(attempt, at: point)
    case .attemptFound(let attempt, .running):
      let life = lives.last?.engine.life
      change(attempt) { $0.survivedTo = life }
    case .deadlinePassed(let attempt): change(attempt) { $0.stopped(.deadline, at: point) }
    case .stopRequested(let attempt, let force):
      change(attempt) { $0.stopped(.request(force: force), at: point) }
    case .attemptEnded(let attempt, _): change(attempt) { $0.endedAt = point }
    case .attemptWithdrawn(let attempt): withdrawn(attempt)
    case .retryScheduled(let attempt, let delay):
      change(attempt) { $0.next = .retry(delayMilliseconds: delay) }
    case .rerunScheduled(let attempt):
      change(attempt) { $0.next = .rerun }
      becameReady(Int(attempt.step), at: point)
    case .probeScheduled(let attempt):
      change(attempt) { $0.next = .probe }
      becameReady(Int(attempt.step), at: point)
    case .publishScheduled(let attempt, _):
      change(attempt) { $0.next = .publication }
      becameReady(Int(attempt.step), at: point)
    case .timerFired(.retry(let step)), .timerFired(.slow(let step)):
      becameReady(Int(step), at: point)
    case .asked(let step):
      steps[Int(step)].readySince = nil
      steps[Int(step)].askedAt = point
    case .stepExpanded(let node, let expansion): expanded(Int(node), expansion, at: point)
    case .stepSkipped(let step, .notSelected): leftOut(Int(step), at: point)
    case .stepFinished(let step, _), .stepSkipped(let step, _): settled(Int(step), at: point)
    case .runStopping: stopSteps()
    case .runConcluding: concludeSteps(at: point)
    case .runConcluded: becameReady(replay.inspect { $0.definition.notifySteps }, at: point)
    case .cancelRequested:
      if replay.inspect({ $0.isConclusionForced }) == true { stopSteps() }
      stopRollbacks()
      stopNotices()
    case .runFinished(let outcome):
      rounds[rounds.count - 1].endedAt = point
      rounds[rounds.count - 1].outcome = outcome
    default: break
    }
    switch event.body.kind {
    case .cancelRequested, .runStopping, .runConcluding, .runConcluded, .clockJumped,
      .roomReturned:
      marks.append(Mark(point: point, body: event.body))
    case .workSynced:
      if case .workSynced(_, .some) = event.body {
        marks.append(Mark(point: point, body: event.body))
      }
    default: break
    }
  }

  /// The event that begins a life or a round does not belong to the previous one.
  private mutating func extendLife(_ event: Event, to point: RunPoint) {
    switch event.body.kind {
    case .engineStarted, .runReopened: break
    default: if !lives.isEmpty { lives[lives.count - 1].until = point }
    }
  }

  private mutating func beginSteps(at point: RunPoint) {
    steps = Array(repeating: KeptStep(), count: lastAttempts.count)
    for step in steps.indices { becameReady(step, at: point) }
  }

  private mutating func reopenSteps(_ scope: ReopenScope, at point: RunPoint) {
    rounds.append(Round(from: point, scope: scope))
    for step in steps.indices where runsAgain(step) { reopen(step, at: point) }
  }

  private mutating func reopen(_ step: Int, at point: RunPoint) {
    steps[step].settledBefore = steps[step].settledAt
    steps[step].settledAt = nil
    steps[step].readySince = nil
    steps[step].askedAt = nil
    steps[step].wasStopped = false
    becameReady(step, at: point)
  }

  private mutating func expanded(_ node: Int, _ expansion: Expansion, at point: RunPoint) {
    steps[node].readySince = nil
    expansions[node, default: []].append(ItemsTime(from: point))
    guard case .children = expansion else { return }
    let known = steps.count
    let added = (replay.inspect { $0.steps.count } ?? known) - known
    steps += Array(repeating: KeptStep(), count: added)
    for children in replay.inspect({ $0.expanded(node)?.added ?? [] }) ?? [] {
      for child in Int(children.lowerBound)..<Int(children.upperBound)
      where child >= known || steps[child].settledAt != nil {
        if runsAgain(child) { reopen(child, at: point) }
      }
    }
  }

  /// Those of `finally` are stopped only while they run.
  private mutating func stopSteps() {
    let stopped = replay.inspect { state in
      if state.isConcluding { return Array(state.definition.finallySteps) }
      return state.definition.ordinarySteps.filter { state.stops($0) }
        + state.definition.childSteps
    }
    for step in stopped ?? [] where steps[step].settledAt == nil {
      steps[step].wasStopped = true
    }
  }

  private mutating func stopRollbacks() {
    for step in replay.inspect({ $0.rollbacks.ended }) ?? []
    where steps[Int(step)].settledAt == nil { steps[Int(step)].wasStopped = true }
  }

  private mutating func concludeSteps(at point: RunPoint) {
    becameReady(replay.inspect { $0.definition.finallySteps }, at: point)
  }

  private mutating func becameReady(_ steps: Range<Int>?, at point: RunPoint) {
    for step in steps ?? 0..<0 { becameReady(step, at: point) }
  }

  private mutating func stopNotices() {
    let ended = replay.inspect { state in
      state.definition.notifySteps.filter { state.stops($0) && !state.isIdleNotice($0) }
    }
    for step in ended ?? []
    where steps[step].settledAt == nil { steps[step].wasStopped = true }
  }

  private mutating func runsAgain(_ step: Int) -> Bool {
    replay.inspect { !$0.steps[step].isSettled } ?? false
  }

  private mutating func phase(ofStep step: Int) -> StepLifecycle.Phase? {
    replay.inspect { $0.steps[step].phase }
  }

  /// Notes since when a step is ready, if it is.
  private mutating func becameReady(_ step: Int, at point: RunPoint) {
    if steps[step].readySince == nil, phase(ofStep: step) == .ready {
      steps[step].readySince = point
    }
  }

  private mutating func settled(_ step: Int, at point: RunPoint) {
    steps[step].settledAt = point
    steps[step].readySince = nil
    if let last = expansions[step]?.indices.last, expansions[step]?[last].until == nil {
      expansions[step]?[last].until = point
    }
    if let dependents = replay.inspect({ $0.toldDependents(ofStep: step) }) {
      for dependent in dependents { becameReady(Int(dependent), at: point) }
    }
  }

  private mutating func leftOut(_ step: Int, at point: RunPoint) {
    steps[step].settledAt = point
    steps[step].readySince = nil
    // Once, after the last of them.
    guard replay.inspect({ $0.doomed.isEmpty }) == true else { return }
    for step in steps.indices { becameReady(step, at: point) }
  }

  private mutating func scheduled(_ attempt: AttemptID, at point: RunPoint) {
    let step = Int(attempt.step)
    _ = add(attempt)
    attemptTimes.append(
      AttemptTimes(readyAt: steps[step].readySince ?? point, scheduledAt: point))
    steps[step].readySince = nil
  }

  /// The step is ready as before, and the attempt number is free again.
  private mutating func withdrawn(_ attempt: AttemptID) {
    let step = Int(attempt.step)
    let place = openPlace(of: attempt)
    attempts[place].isWithdrawn = true
    lastAttempts[step] = attempts[place].previous
    if phase(ofStep: step) == .ready { steps[step].readySince = attemptTimes[place].readyAt }
  }

  private mutating func change(_ attempt: AttemptID, _ body: (inout AttemptTimes) -> Void) {
    body(&attemptTimes[openPlace(of: attempt)])
  }

  private func openPlace(of attempt: AttemptID) -> Int {
    let place = Int(lastAttempts[Int(attempt.step)])
    precondition(
      attempts[place].id == attempt, "an event names \(attempt), which is not its step's last")
    return place
  }
}
