/// Checks `Property.terminal`.
enum TerminalChecker {
  static func check(_ record: RoundRecord) -> [String] {
    var problems: [String] = []
    var ends = StepEnds(record.plan)
    var outcome: String?
    var phase = RunPhase(record.plan)
    for (index, event) in record.history.enumerated() {
      if event.sequence != index + 1 {
        problems.append("expected event \(index + 1), found event \(event.sequence)")
      }
      let isReopening = if case .runReopened = event.body { true } else { false }
      if let outcome, !isReopening {
        problems.append("event \(event.sequence) comes after the end (\(outcome))")
      }
      phase.take(event.body)
      switch event.body {
      case .runFinished(let end) where phase.isGivenUp: outcome = end
      case .stepFinished(let step, let end): problems += settle(step, end, ends)
      case .stepSkipped(let step, _): problems += settle(step, "skipped", ends)
      case .runFinished(let end):
        outcome = end
        let open = open(ends, record.plan)
        if !open.isEmpty { problems.append("the run ended, but not its steps \(open)") }
        problems += check(end, ends.ends, record.plan)
      case .runReopened: outcome = nil
      case .engineStarted, .scheduled, .launched, .deadlinePassed, .ended, .withdrawn, .found,
        .unsynced,
        .retryScheduled, .rerunScheduled, .probeScheduled, .stopRequested, .expanded, .refusedItems,
        .cancelRequested,
        .runStopping, .runConcluding, .runConcluded, .asked, .answered, .timePassed, .other:
        break
      }
      ends.take(event.body)
    }
    if outcome == nil { problems.append("the history has no end") }
    return problems + compare(record.status, outcome, ends.ends)
  }

  private static func settle(_ step: String, _ end: String, _ ends: StepEnds) -> [String] {
    ends.ends[step].map { ["step \(step) was \($0), and then \(end)"] } ?? []
  }

  /// The steps that should have ended: all but children that the node has not, or not in this round.
  private static func open(_ ends: StepEnds, _ plan: RoundPlan) -> [String] {
    let declared = plan.steps.filter { $0.child == nil }.map(\.id)
    return (declared + (ends.children ?? [])).filter { ends.ends[$0] == nil }
  }

  private static func check(
    _ outcome: String, _ ends: [String: String], _ plan: RoundPlan
  ) -> [String] {
    // Notices change nothing, and children count for the run with their node.
    let steps = plan.steps.filter { $0.notice == nil && $0.child == nil }
    let bad = steps.filter { ends[$0.id] == "failed" && !$0.allowFailure }.map(\.id)
    let cancelled = steps.filter { ends[$0.id] == "cancelled" }.map(\.id)
    if outcome == "succeeded", !bad.isEmpty || !cancelled.isEmpty {
      return ["the run succeeded, but not its steps \(bad + cancelled)"]
    }
    let isClean = steps.allSatisfy { ends[$0.id] == "succeeded" || $0.rolledBack != nil }
    return outcome != "succeeded" && isClean
      ? ["the run is \(outcome), but every step succeeded"] : []
  }

  /// The last `status` must agree with the history.
  private static func compare(
    _ status: StatusReport, _ outcome: String?, _ ends: [String: String]
  ) -> [String] {
    var problems: [String] = []
    if let outcome, status.state != outcome {
      problems.append("status says \(status.state), the history \(outcome)")
    }
    for step in status.steps where ends[step.id] != step.state {
      problems.append(
        "status says \(step.id) \(step.state), the history \(ends[step.id] ?? "nothing")")
    }
    return problems
  }
}
