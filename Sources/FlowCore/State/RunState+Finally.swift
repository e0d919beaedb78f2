/// When the steps of `finally` run, and what they wait for.
extension RunState {
  /// Whether the steps of `finally` run, and all others have settled.
  package var isConcluding: Bool { if case .concluding = phase { true } else { false } }

  /// Whether no more attempts are scheduled, besides those of rollbacks: the run stops, or it concluded and
  /// is ended by force.
  package var isStopping: Bool {
    switch phase {
    case .running: false
    case .concluding: isConclusionForced
    case .stopping, .finished: true
    }
  }

  /// How many needs a step waits for. One of `finally` waits for the others of `finally` that it needs,
  /// and for the conclusion of the run.
  static func needs(
    ofStep step: Int, _ definition: WorkflowDefinition, _ graph: DependencyGraph
  ) -> Int32 {
    if !definition.isFinally(step) { return graph.needsCount(of: step) }
    return 1 + Int32(definition.steps[step].needs.count { definition.isFinally(Int($0)) })
  }

  /// The same in another round.
  func needs(ofStep step: Int, pending plan: RoundPlan) -> Int32 {
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
    for rank in steps.indices {
      let step = graph.step(ranked: Int32(rank))
      if isSelected(step) || definition.isFinally(step) { continue }
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
}
