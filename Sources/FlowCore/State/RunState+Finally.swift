/// When the steps of `finally` run, and what they wait for.
extension RunState {
  /// Whether the steps of `finally` run, and all others have settled.
  package var isConcluding: Bool { if case .concluding = phase { true } else { false } }

  /// Whether no more attempts are scheduled, besides those of rollbacks and notices: the run stops, or it
  /// concluded and is ended by force.
  package var isStopping: Bool {
    switch phase {
    case .running: false
    case .concluding: isConclusionForced
    case .stopping, .concluded, .finished: true
    }
  }

  /// How many needs a step waits for. One of `finally` waits for the others of `finally` that it needs,
  /// and for the conclusion of the run.
  static func needs(
    ofStep step: Int, _ definition: WorkflowDefinition, _ graph: DependencyGraph
  ) -> Int32 {
    // The end of all others.
    if definition.isNotify(step) { return 1 }
    if !definition.isFinally(step) { return graph.needsCount(of: step) }
    return 1 + Int32(definition.steps[step].needs.count { definition.isFinally(Int($0)) })
  }

  /// The same in another round.
  func needs(ofStep step: Int, pending plan: RoundPlan) -> Int32 {
    if definition.isNotify(step) { return 1 }
    let isFinally = definition.isFinally(step)
    let needs = definition.steps[step].needs.count {
      plan.isPending[Int($0)] && (!isFinally || definition.isFinally(Int($0)))
    }
    return Int32(needs) + (isFinally ? 1 : 0)
  }

  /// Whether a step of `finally` needs a step that is none.
  func concludes(_ step: Int32, before dependent: Int32) -> Bool {
    definition.isFinally(Int(dependent)) && !definition.isFinally(Int(step))
  }

  /// By step that the run leaves out, whether it would have been skipped for a need, now that all others
  /// have settled. Empty if the run has all steps.
  var blockedSteps: [Bool] {
    if hasAllSteps { return [] }
    var isBlocked = [Bool](repeating: false, count: steps.count)
    // Needs first.
    for rank in definition.declaredSteps {
      let step = graph.step(ranked: Int32(rank))
      if isSelected(step) || step >= definition.firstFinally { continue }
      isBlocked[step] = definition.steps[step].needs.contains { need in
        !isMet(
          definition.wanted(ofStep: step, from: need), by: need, isBlocked: isBlocked[Int(need)])
      }
    }
    return isBlocked
  }

  /// The first need of a step of `finally`, among the steps that are none, that has not ended as it wants.
  func unmetNeed(ofFinally step: Int, _ isBlocked: [Bool]) -> Int32? {
    definition.steps[step].needs.first { need in
      !definition.isFinally(Int(need))
        && !isMet(
          definition.wanted(ofStep: step, from: need), by: need,
          isBlocked: !isBlocked.isEmpty && isBlocked[Int(need)])
    }
  }

  /// Whether all steps but those of `finally`, and notices, have settled.
  package var othersHaveSettled: Bool {
    unsettledSteps == unsettledFinally + unsettledNotices
  }
}

// MARK: Changes

extension RunState {
  mutating func runConcluding(_ outcome: RunOutcome, _ event: Event) throws(HistoryError) {
    guard definition.hasFinally, !isConcluding, !isConcluded, othersHaveSettled, doomed.isEmpty
    else {
      throw HistoryError(event, .misplaced)
    }
    phase = .concluding(outcome)
    let notices = definition.notifySteps
    timers.removeAllButPause(keepingSlow: true) { notices.contains(Int($0)) }
    let isBlocked = blockedSteps
    for step in definition.finallySteps {
      let need = unmetNeed(ofFinally: step, isBlocked)
      if isSelected(step) {
        if let need {
          doom(Int32(step), .need(step: need))
        } else if steps[step].apply(.needMet), steps[step].phase == .ready {
          needsEnded(step)
        }
      } else {
        let isOver =
          need == nil
          ? passages.needMet(Int32(step), by: nil) : passages.needFailed(Int32(step), by: nil)
        if isOver { tellDependents(of: Int32(step), by: nil) }
      }
    }
  }
}
