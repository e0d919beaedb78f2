/// Checks `Property.order`.
enum OrderChecker {
  static func check(_ record: RoundRecord, _ story: Story) -> [String] {
    var problems: [String] = []
    /// Steps whose dependents may run.
    var done: [String: HistoryEvent] = [:]
    var ends = StepEnds(record.plan)
    for event in story.history {
      for step in ends.take(event.body).keys { done[step] = nil }
      switch event.body {
      case .stepFinished(let step, let outcome):
        let isAllowed = record.plan.step(step)?.allowFailure == true && outcome == "failed"
        if outcome == "succeeded" || isAllowed { done[step] = event }
      case .stepSkipped(let step, let reason):
        if reason == "noItems" || record.plan.step(step)?.allowFailure == true {
          done[step] = event
        }
      case .scheduled(let attempt):
        for need in needs(of: attempt.step, record.plan) where done[need] == nil {
          problems.append("\(attempt) was scheduled before \(need) was done")
        }
      case .engineStarted, .launched, .deadlinePassed, .ended, .withdrawn, .found, .retryScheduled,
        .rerunScheduled, .probeScheduled, .stopRequested, .expanded, .refusedItems,
        .cancelRequested, .runStopping, .runConcluding, .runConcluded, .runFinished, .runReopened,
        .other:
        break
      }
    }
    return problems + starts(record)
  }

  private static func needs(of step: String, _ plan: RoundPlan) -> [String] {
    plan.step(step)?.needs.map { plan.steps[$0].id } ?? []
  }

  /// The same by the ledger: no attempt of a step may start after a dependent has started.
  private static func starts(_ record: RoundRecord) -> [String] {
    var problems: [String] = []
    var lastStart: [String: Int] = [:]
    for line in record.ledger where line.isStart {
      lastStart[line.attempt.step] = max(lastStart[line.attempt.step] ?? 0, line.microseconds)
    }
    for line in record.ledger where line.isStart {
      for need in needs(of: line.attempt.step, record.plan) {
        // In a later round of the run a failed need reruns after its dependent.
        guard record.plan.beatsAgain == nil, let start = lastStart[need] else { continue }
        if start > line.microseconds {
          problems.append(
            "\(line.attempt) started before the last attempt of \(need), which it needs")
        }
      }
    }
    return problems
  }
}
