/// Checks `Property.terminal`.
enum TerminalChecker {
  static func check(_ record: RoundRecord) -> [String] {
    var problems: [String] = []
    var ends: [String: String] = [:]
    var outcome: String?
    for (index, event) in record.history.enumerated() {
      if event.sequence != index + 1 {
        problems.append("expected event \(index + 1), found event \(event.sequence)")
      }
      let isReopening = if case .runReopened = event.body { true } else { false }
      if let outcome, !isReopening {
        problems.append("event \(event.sequence) comes after the end (\(outcome))")
      }
      switch event.body {
      case .stepFinished(let step, let end): problems += settle(step, end, &ends)
      case .stepSkipped(let step): problems += settle(step, "skipped", &ends)
      case .runFinished(let end):
        outcome = end
        let open = record.plan.steps.map(\.id).filter { ends[$0] == nil }
        if !open.isEmpty { problems.append("the run ended, but not its steps \(open)") }
        problems += check(end, ends, record.plan)
      case .runReopened(let withDependents):
        outcome = nil
        let kept = record.plan.keptSteps(
          Set(ends.filter { $0.value == "succeeded" }.keys), withDependents: withDependents)
        // A rollback begins again with its step.
        ends = ends.filter { end in
          kept.contains(record.plan.step(end.key)?.rolledBack ?? end.key)
        }
      case .engineStarted, .scheduled, .launched, .deadlinePassed, .ended, .withdrawn, .found,
        .retryScheduled, .rerunScheduled, .probeScheduled, .stopRequested, .cancelRequested,
        .runStopping, .runConcluding, .runConcluded, .other:
        break
      }
    }
    if outcome == nil { problems.append("the history has no end") }
    return problems + compare(record.status, outcome, ends)
  }

  private static func settle(
    _ step: String, _ end: String, _ ends: inout [String: String]
  ) -> [String] {
    defer { ends[step] = end }
    return ends[step].map { ["step \(step) was \($0), and then \(end)"] } ?? []
  }

  private static func check(
    _ outcome: String, _ ends: [String: String], _ plan: RoundPlan
  ) -> [String] {
    // Notices change nothing.
    let steps = plan.steps.filter { $0.notice == nil }
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
