/// Queries about steps; `state` must not be nil.
extension RunHistory {
  /// When the last event was recorded: an engine drove the run at least until then.
  package var lastEventAt: WallTime? { last?.wall }

  /// The attempts of a step, in order; the history must keep all attempts.
  package func attempts(ofStep step: Int) -> [AttemptHistory] {
    precondition(keepsAllAttempts, "the attempts before the last were not kept")
    var found: [AttemptHistory] = []
    var place = lastAttempts[step]
    while place != Self.none {
      found.append(attempt(at: Int(place)))
      place = attempts[Int(place)].previous
    }
    found.reverse()
    return found
  }

  /// The last attempt of a step: with times, the last that was scheduled; without, the last that
  /// was launched or has ended. A publication that has not failed belongs to the command before it.
  package func lastAttempt(ofStep step: Int) -> AttemptHistory? {
    var place = lastAttempts[step]
    while place != Self.none {
      let kept = attempts[Int(place)]
      if !kept.isUnremarkable || kept.previous == Self.none { return attempt(at: Int(place)) }
      place = kept.previous
    }
    return nil
  }

  /// The same, be it a publication; without times, and without all attempts, one that has not failed is not
  /// kept.
  package func latestAttempt(ofStep step: Int) -> AttemptHistory? {
    let place = lastAttempts[step]
    return place == Self.none ? nil : attempt(at: Int(place))
  }

  /// All kept attempts, in the order in which they began, without withdrawn ones.
  package var allAttempts: some Sequence<AttemptHistory> {
    attempts.indices.lazy.filter { !attempts[$0].isWithdrawn }.map { attempt(at: $0) }
  }

  /// Inlined, since printers ask for every step and each copy counts.
  @inline(__always)
  private func attempt(at place: Int) -> AttemptHistory {
    let kept = attempts[place]
    return AttemptHistory(
      kept.id, kept.task, launchedAt: kept.launchedAt, end: kept.end,
      times: keepsTimes ? attemptTimes[place] : nil)
  }

  /// The need because of which a step was skipped; nil if it was not skipped, or because the run
  /// stopped.
  package func skippedNeed(ofStep step: Int) -> Int? {
    skippedFor[step] == Self.none ? nil : Int(skippedFor[step])
  }
}

extension RunHistory {
  /// What the condition of a step asked for, where it was skipped because that was false.
  package func refusal(ofStep step: Int) -> [ConditionInput]? { refusals[Int32(step)] }

  /// Why a step was skipped.
  package func skipReason(ofStep step: Int, _ state: RunState) -> SkipReason {
    if !state.isSelected(step) { return .notSelected }
    if let inputs = refusal(ofStep: step) { return .condition(inputs) }
    if state.definition.isRollback(step), !state.isDue(step) { return .nothingFailed }
    if state.isIdleNotice(step) { return .nothingToTell }
    if state.steps[step].isRemoved { return .removed }
    if state.expanded(step)?.children.isEmpty == true, state.steps[step].isRefused {
      return .noItems
    }
    if state.isStoppedWithSiblings(Int32(step)), stopReason == nil { return .siblingsFailed }
    return skippedNeed(ofStep: step).map { .need(step: Int32($0)) } ?? .runStopping
  }

  /// Whether a step of `finally`, a rollback or a notice was skipped because a cancel by force came while these ran.
  package func wasEndedByForce(step: Int) -> Bool {
    guard let state,
      (state.definition.firstFinally..<state.definition.declaredCount).contains(step)
        || state.isDue(step)
    else { return false }
    return state.steps[step].phase == .skipped && skipReason(ofStep: step, state) == .runStopping
  }
}

// MARK: - With times

extension RunHistory {
  /// Since when a step is ready without an intent; nil if it is not.
  package func readySince(step: Int) -> RunPoint? { steps[step].readySince }

  /// When a step asked a person; nil if it has not in this round.
  package func askedAt(step: Int) -> RunPoint? { steps[step].askedAt }

  /// When a node ran for its items, in all rounds.
  package func itemsTimes(ofStep step: Int) -> [ItemsTime] { expansions[step] ?? [] }

  /// When a step settled; nil while it has not.
  package func settledAt(step: Int) -> RunPoint? { steps[step].settledAt }

  /// When a step settled in the previous round, if it runs again in this one.
  package func settledBefore(step: Int) -> RunPoint? { steps[step].settledBefore }

  /// Whether the run was stopping before the step settled.
  package func wasStopped(step: Int) -> Bool { steps[step].wasStopped }

  /// When and why the run began to stop in this round; nil if it did not.
  package var stopping: (point: RunPoint, reason: StopReason)? {
    guard let stopReason, let mark = marks.last(where: { $0.body.kind == .runStopping }) else {
      return nil
    }
    return (mark.point, stopReason)
  }

  /// The step's last need to be met, and when; nil without needs, or while one is unmet. Of needs
  /// met at the same time, the first counts.
  package func lastNeed(ofStep step: Int) -> (step: Int, point: RunPoint)? {
    var last: (step: Int, point: RunPoint)?
    guard let state else { return nil }
    let isFinally = state.definition.isFinally(step)
    if isFinally { last = lastOrdinaryEnd }
    for need in state.definition.steps[step].needs {
      if isFinally, !state.definition.isFinally(Int(need)) { continue }
      // What is left out ends with the last that it needs.
      guard var end = state.isSelected(Int(need)) ? need : state.passedBy(Int(need)) else {
        continue
      }
      // What comes after a step that was rolled back waits for that.
      if !state.definition.isRollback(step), state.callsRollback(Int(end)) {
        end = state.definition.rollback(ofStep: Int(end)) ?? end
      }
      guard let point = settledAt(step: Int(end)) else { return nil }
      if let found = last, found.point.elapsed >= point.elapsed { continue }
      last = (Int(end), point)
    }
    return last
  }

  /// The last of the steps that are not of `finally` to end, and when; nil before all have.
  private var lastOrdinaryEnd: (step: Int, point: RunPoint)? {
    guard let state, state.isConcluding || state.conclusion != nil else { return nil }
    var last: (step: Int, point: RunPoint)?
    for step in state.definition.ordinarySteps where state.isSelected(step) {
      guard let point = settledAt(step: step) else { continue }
      if let found = last, found.point.elapsed >= point.elapsed { continue }
      last = (step, point)
    }
    return last
  }
}
