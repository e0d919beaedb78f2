/// Checks `Property.order`.
enum OrderChecker {
  static func check(_ record: RoundRecord, _ story: Story) -> [String] {
    var problems: [String] = []
    var ends = StepEnds(record.plan)
    for event in story.history {
      ends.take(event.body)
      guard case .scheduled(let attempt) = event.body, let step = record.plan.step(attempt.step)
      else { continue }
      for need in ends.unmetNeeds(of: step) {
        problems.append("\(attempt) was scheduled before \(need.id) was done")
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
