/// Checks `Property.notify`.
enum NoticeChecker {
  static func check(_ record: RoundRecord) -> [String] {
    let notices = record.plan.steps.filter { $0.notice != nil }
    if notices.isEmpty { return [] }
    var problems: [String] = []
    var phase = RunPhase(record.plan)
    var ends: [String: String] = [:]
    for event in record.history {
      if case .runConcluded = event.body, phase.conclusion != nil {
        problems.append("event \(event.sequence) says once more what the run has come to")
      }
      phase.take(event.body)
      switch event.body {
      case .scheduled(let attempt):
        let ends = record.plan.step(attempt.step)?.notice
        switch (ends, phase.conclusion) {
        case (nil, nil): break
        case (let ends?, let outcome?) where ends.contains(outcome): break
        default:
          problems.append(
            "\(attempt) was scheduled in a run that \(phase.conclusion ?? "has no end")")
        }
      case .stepFinished(let step, let outcome): ends[step] = outcome
      case .stepSkipped(let step, _): ends[step] = "skipped"
      case .runFinished(let outcome):
        if phase.conclusion != outcome {
          problems.append(
            "the run \(outcome), and notices told of \(phase.conclusion ?? "nothing")")
        }
        problems += notices.compactMap { omission($0, outcome, ends, phase) }
      case .runReopened: ends = [:]
      default: break
      }
    }
    return problems
  }

  /// Each that is called for has run, unless something by force came while it did.
  private static func omission(
    _ step: StepPlan, _ outcome: String, _ ends: [String: String], _ phase: RunPhase
  ) -> String? {
    let end = ends[step.id] ?? "never settled"
    if step.notice?.contains(outcome) != true {
      return end == "skipped" ? nil : "the run \(outcome), but \(step.id) was \(end)"
    }
    if end == "succeeded" || end == "failed" || phase.areNoticesEnded { return nil }
    return "the run \(outcome), but \(step.id), which tells of that, was \(end)"
  }
}
