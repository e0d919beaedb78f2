/// Checks `Property.values`. Values name the attempt that has put them out.
enum ValueChecker {
  static func check(_ record: RoundRecord, _ story: Story) -> [String] {
    guard record.plan.steps.contains(where: { $0.hasOutput || $0.hasList }) else { return [] }
    return handed(record) + judged(record, story)
  }

  /// By attempt, what it should have been handed: a value for each step.
  private static func expected(_ record: RoundRecord) -> [AttemptName: [String: String]] {
    let plan = record.plan
    var last: [String: AttemptName] = [:]
    var values: [String: String] = [:]
    var answers: [String: String] = [:]
    var ends = StepEnds(record.plan)
    var expected: [AttemptName: [String: String]] = [:]
    for event in record.history {
      for step in ends.take(event.body).keys { values[step] = nil }
      switch event.body {
      case .scheduled(let attempt):
        last[attempt.step] = attempt
        var own: [String: String] = [:]
        // A rollback is handed what its step was.
        let step = plan.step(attempt.step)
        for need in step?.rolledBack.flatMap(plan.step)?.needs ?? step?.needs ?? [] {
          own[plan.steps[need].id] = values[plan.steps[need].id]
        }
        expected[attempt] = own
      case .answered(let step, let answer): answers[step] = answer.value
      case .stepFinished(let step, outcome: "succeeded"):
        guard let plan = plan.step(step), plan.hasOutput else { continue }
        values[step] = plan.question == nil ? last[step]?.description : answers[step]
      default: break
      }
    }
    return expected
  }

  private static func handed(_ record: RoundRecord) -> [String] {
    let expected = expected(record)
    var taken: [AttemptName: [String: String]] = [:]
    var problems: [String] = []
    for line in record.ledger {
      guard case .took(let step, let value) = line.what else { continue }
      taken[line.attempt, default: [:]][step] = value
      let right = expected[line.attempt]?[step]
      if value != right {
        problems.append(
          "\(line.attempt) was handed \(value) as the value of \(step), which is \(right ?? "none")"
        )
      }
    }
    // What ended by itself had the time to say all.
    for line in record.ledger where line.isEnd {
      let missing = (expected[line.attempt] ?? [:]).keys.filter {
        taken[line.attempt]?[$0] == nil
      }
      for step in missing.sorted() {
        problems.append("\(line.attempt) was not handed the value of \(step)")
      }
    }
    return problems
  }

  /// What has put out nothing has failed, and nothing else for that reason.
  private static func judged(_ record: RoundRecord, _ story: Story) -> [String] {
    let put = Set(record.ledger.filter { $0.what == .put }.map(\.attempt))
    let listed = Set(record.ledger.filter { $0.what == .list }.map(\.attempt))
    return story.names.compactMap { name in
      guard let result = story.attempts[name]?.result,
        ["exited", "outputRefused"].contains(result.outcome), result.exitCode == 0,
        result.cause == "byItself", result.unkillable == 0
      else { return nil }
      let step = record.plan.step(name.step)
      let isRight =
        (put.contains(name) || step?.hasOutput != true)
        && (listed.contains(name) || step?.hasList != true)
      let isRefused = result.outcome == "outputRefused"
      if isRight != isRefused { return nil }
      return "\(name) has put out \(isRight ? "what it declares" : "nothing"), and the history says"
        + " \(isRefused ? "otherwise" : "nothing of that")"
    }
  }
}
