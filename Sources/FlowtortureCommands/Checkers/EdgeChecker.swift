/// Checks `Property.edges` with a model of edges and conditions that shares no code with the engine's.
struct EdgeChecker {
  private let plan: RoundPlan
  private var ends: StepEnds
  private var phase: RunPhase
  /// Steps that have begun in this round, and that were skipped, with the time.
  private var begun: Set<String> = []
  private var skipped: [String: Int] = [:]
  private var lastAttempts: [String: String] = [:]
  private var answers: [String: String] = [:]
  private var values: [String: String] = [:]
  /// By step, when it could not run.
  private var pauses: [String: [Range<Int>]] = [:]
  private var problems: [String] = []

  static func check(_ record: RoundRecord) -> [String] {
    var checker = EdgeChecker(record.plan)
    for event in record.history { checker.take(event) }
    for step in checker.skipped.keys { checker.endPause(of: step, at: .max) }
    return checker.problems + checker.strays(record)
  }

  private init(_ plan: RoundPlan) {
    self.plan = plan
    ends = StepEnds(plan)
    phase = RunPhase(plan)
  }

  /// Of steps that people name, besides those of `finally`: others run for other reasons.
  private func ruled(_ id: String) -> StepPlan? {
    guard let step = plan.step(id), step.isOwn, !step.isFinally, step.child == nil else {
      return nil
    }
    return step
  }

  private mutating func take(_ event: HistoryEvent) {
    switch event.body {
    case .scheduled(let attempt):
      begin(attempt.step)
      lastAttempts[attempt.step] = attempt.description
    case .asked(let step): begin(step)
    case .expanded(let step, _), .refusedItems(let step, _): begin(step)
    case .answered(let step, let answer): answers[step] = answer.value
    case .stepFinished(let id, let outcome):
      guard outcome == "succeeded", let step = plan.step(id), step.hasOutput else { break }
      values[id] = step.question == nil ? lastAttempts[id] : answers[id]
    case .stepSkipped(let step, let reason):
      skip(step, reason)
      skipped[step] = event.microseconds
    case .runReopened: begun = []
    default: break
    }
    for step in ends.take(event.body).keys {
      values[step] = nil
      endPause(of: step, at: event.microseconds)
    }
    phase.take(event.body)
  }

  private func holds(_ condition: ConditionPlan) -> Bool {
    condition.holds {
      ends.ends[plan.steps[$0].id]
    } value: {
      values[plan.steps[$0].id]
    }
  }

  private mutating func begin(_ id: String) {
    guard let step = ruled(id), begun.insert(id).inserted else { return }
    for need in ends.unmetNeeds(of: step) {
      problems.append("\(id) began, but \(need.id) \(ends.ends[need.id] ?? "has not ended")")
    }
    if let condition = step.condition, !holds(condition) {
      problems.append("\(id) began, and its condition was false: \(condition.text(plan))")
    }
  }

  private mutating func skip(_ id: String, _ reason: String) {
    guard let step = ruled(id) else { return }
    let isRight: Bool
    switch reason {
    case "condition":
      let isFalse = step.condition.map { !holds($0) } ?? false
      isRight = isFalse && ends.unmetNeeds(of: step).isEmpty
    case "need":
      isRight = step.needs.contains {
        ends.isMet(step.wanted(from: $0), by: plan.steps[$0]) == false
      }
    case "runStopping": isRight = phase.hasStopped
    case "noItems": isRight = step.node != nil
    default: isRight = false
    }
    if !isRight { problems.append("\(id) was skipped, for no such reason: \(reason)") }
  }

  // MARK: What really ran

  private mutating func endPause(of step: String, at microseconds: Int) {
    guard let since = skipped.removeValue(forKey: step), since < microseconds else { return }
    pauses[step, default: []].append(since..<microseconds)
  }

  /// No command of a step starts while it is skipped.
  private func strays(_ record: RoundRecord) -> [String] {
    record.ledger.compactMap { line in
      guard line.isStart, ruled(line.attempt.step) != nil,
        pauses[line.attempt.step]?.contains(where: { $0.contains(line.microseconds) }) == true
      else { return nil }
      return "\(line.attempt) ran, although its step was skipped"
    }
  }
}
