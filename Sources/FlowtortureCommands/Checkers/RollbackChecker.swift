/// Checks `Property.rollback`.
enum RollbackChecker {
  static func check(_ record: RoundRecord) -> [String] {
    let rollbacks = record.plan.steps.filter { $0.rolledBack != nil }
    if rollbacks.isEmpty { return [] }
    var problems: [String] = []
    var phase = RunPhase(record.plan)
    // Of this round.
    var ends: [String: String] = [:]
    var begun: Set<String> = []
    for event in record.history {
      phase.take(event.body)
      switch event.body {
      case .scheduled(let attempt):
        begun.insert(attempt.step)
        problems +=
          record.plan.step(attempt.step).map { check($0, attempt, ends, record.plan) } ?? []
      case .stepFinished(let step, let outcome): ends[step] = outcome
      case .stepSkipped(let step, _): ends[step] = "skipped"
      case .runConcluding, .runConcluded, .runFinished:
        problems += rollbacks.compactMap { omission($0, ends, begun, phase) }
      case .runReopened: (ends, begun) = ([:], [])
      default: break
      }
    }
    return problems
  }

  private static func isCalled(_ own: String, _ ends: [String: String]) -> Bool {
    ends[own] == "failed" || ends[own] == "cancelled"
  }

  private static func check(
    _ step: StepPlan, _ attempt: AttemptName, _ ends: [String: String], _ plan: RoundPlan
  ) -> [String] {
    if let own = step.rolledBack {
      return isCalled(own, ends) ? [] : ["\(attempt) was scheduled, but \(own) did not fail"]
    }
    return step.needs.compactMap { need in
      let own = plan.steps[need].id
      let rollback = plan.steps.first { $0.rolledBack == own }
      guard let rollback, isCalled(own, ends), ends[rollback.id] == nil else { return nil }
      return "\(attempt) was scheduled before \(rollback.id) had ended"
    }
  }

  /// Whatever ended the run, it has run if it was called for, unless something by force came while it did.
  private static func omission(
    _ step: StepPlan, _ ends: [String: String], _ begun: Set<String>, _ phase: RunPhase
  ) -> String? {
    guard let own = step.rolledBack else { return nil }
    let end = ends[step.id]
    if isCalled(own, ends) {
      if end == "succeeded" || end == "failed" { return nil }
      if end != nil, phase.endedRollbacks.contains(step.id) { return nil }
      return "\(own) was \(ends[own] ?? ""), but \(step.id) was \(end ?? "never settled")"
    }
    return begun.contains(step.id) ? "\(step.id) ran, but \(own) did not fail" : nil
  }
}
