/// Checks `Property.conclusion`.
enum FinallyChecker {
  static func check(_ record: RoundRecord) -> [String] {
    let steps = record.plan.steps.filter(\.isFinally)
    if steps.isEmpty { return [] }
    var problems: [String] = []
    var phase = RunPhase(record.plan)
    var ends: [String: String] = [:]
    for event in record.history {
      if event.body == .runConcluding, phase.isConcluding {
        problems.append("event \(event.sequence) concludes the run once more")
      }
      phase.take(event.body)
      switch event.body {
      case .runReopened: ends = [:]
      case .scheduled(let attempt):
        let isFinally = record.plan.step(attempt.step)?.isFinally == true
        let isNotice = record.plan.step(attempt.step)?.notice != nil
        if isFinally != phase.isConcluding, !isNotice {
          problems.append(
            "\(attempt) was scheduled \(isFinally ? "before" : "after") the run concluded")
        }
      case .stepFinished(let step, let outcome): ends[step] = outcome
      case .stepSkipped(let step, _): ends[step] = "skipped"
      case .runFinished where phase.isGivenUp: break
      case .runFinished:
        if !phase.isConcluding { problems.append("the run ended without having concluded") }
        problems += omissions(steps, ends, phase, record.plan)
      case .engineStarted, .launched, .deadlinePassed, .ended, .withdrawn, .found, .unsynced,
        .retryScheduled, .rerunScheduled, .probeScheduled, .stopRequested, .expanded, .refusedItems,
        .cancelRequested,
        .runStopping, .runConcluding, .runConcluded, .asked, .answered, .timePassed, .other:
        break
      }
    }
    return problems
  }

  /// Whatever ended the run, they have run, unless something by force came while they did.
  private static func omissions(
    _ steps: [StepPlan], _ ends: [String: String], _ phase: RunPhase, _ plan: RoundPlan
  ) -> [String] {
    if phase.isConclusionForced { return [] }
    return steps.compactMap { step in
      let end = ends[step.id]
      if end == "succeeded" || end == "failed" { return nil }
      let isBlocked = step.needs.contains { need in
        ends[plan.steps[need].id] != "succeeded" && !plan.steps[need].allowFailure
      }
      if end == "skipped", isBlocked { return nil }
      return "the run ended, but \(step.id) of finally was \(end ?? "never settled")"
    }
  }
}
