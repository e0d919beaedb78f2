/// Checks `Property.notify`.
struct NoticeChecker {
  private let plan: RoundPlan
  private let record: RoundRecord
  private var phase: RunPhase
  private var ends: [String: String] = [:]
  /// What the run, or the round, before this one came to.
  private var previous: String?
  /// When this round began.
  private var begunAt = 0
  /// Since when an engine can have looked at the time.
  private var livesSince = 0
  /// When the run was seen to have come to its end in this round.
  private var concludedAt: Int?
  /// Slow notices whose time has passed in this round.
  private var fired: Set<String> = []
  private var problems: [String] = []

  static func check(_ record: RoundRecord) -> [String] {
    if !record.plan.steps.contains(where: { $0.notice != nil }) { return [] }
    var checker = NoticeChecker(record)
    for event in record.history { checker.take(event) }
    return checker.problems
  }

  private init(_ record: RoundRecord) {
    self.record = record
    plan = record.plan
    phase = RunPhase(record.plan)
    previous = record.plan.outcomeBefore
    begunAt = record.history.first?.microseconds ?? 0
  }

  private mutating func take(_ event: HistoryEvent) {
    if case .runConcluded = event.body, phase.conclusion != nil {
      problems.append("event \(event.sequence) says once more what the run has come to")
    }
    phase.take(event.body)
    switch event.body {
    case .engineStarted: livesSince = event.microseconds
    case .scheduled(let attempt): begin(attempt)
    case .timePassed(let step, timer: "slow"): timePassed(step, at: event.microseconds)
    case .stepFinished(let step, let outcome): ends[step] = outcome
    case .stepSkipped(let step, _): ends[step] = "skipped"
    case .runConcluded: concludedAt = event.microseconds
    case .runFinished where phase.isGivenUp: break
    case .runFinished(let outcome):
      if phase.conclusion != outcome {
        problems.append(
          "the run \(outcome), and notices told of \(phase.conclusion ?? "nothing")")
      }
      for step in plan.steps where step.notice != nil {
        if let problem = step.slow == nil ? omission(step, outcome) : omission(ofSlow: step) {
          problems.append(problem)
        }
      }
      previous = outcome
    case .runReopened:
      (ends, fired, concludedAt) = ([:], [], nil)
      (begunAt, livesSince) = (event.microseconds, event.microseconds)
    default: break
    }
  }

  // MARK: Ends

  private func tells(_ step: StepPlan, of outcome: String) -> Bool {
    guard let ends = step.notice else { return false }
    let recovers = outcome == "succeeded" && previous != nil && previous != "succeeded"
    return ends.contains(outcome) || ends.contains("recovered") && recovers
  }

  private mutating func begin(_ attempt: AttemptName) {
    let step = plan.step(attempt.step)
    if step?.slow != nil {
      if !fired.contains(attempt.step) {
        problems.append("\(attempt) was scheduled before the time of its step had passed")
      }
      return
    }
    switch (step?.notice, phase.conclusion) {
    case (nil, nil): break
    case (_?, let outcome?) where step.map { tells($0, of: outcome) } ?? false: break
    default:
      problems.append("\(attempt) was scheduled in a run that \(phase.conclusion ?? "has no end")")
    }
  }

  /// Each that is called for has run, unless something by force came while it did.
  private func omission(_ step: StepPlan, _ outcome: String) -> String? {
    let end = ends[step.id] ?? "never settled"
    if !tells(step, of: outcome) {
      return end == "skipped" ? nil : "the run \(outcome), but \(step.id) was \(end)"
    }
    if end == "succeeded" || end == "failed" || phase.areNoticesEnded { return nil }
    return "the run \(outcome), but \(step.id), which tells of that, was \(end)"
  }

  // MARK: Slow runs

  private mutating func timePassed(_ id: String, at microseconds: Int) {
    guard let slow = plan.step(id)?.slow else {
      problems.append("the time of \(id) passed, which waits for none")
      return
    }
    if !fired.insert(id).inserted { problems.append("the time of \(id) passed twice in a round") }
    if phase.conclusion != nil { problems.append("the time of \(id) passed after the run's end") }
    let early = begunAt + slow * 1_000 - microseconds
    // A new boot has only the wall clock.
    if early > (record.cuts.isEmpty ? 0 : 50_000) {
      problems.append("the time of \(id) passed \(early) us too early")
    }
  }

  private func omission(ofSlow step: StepPlan) -> String? {
    let end = ends[step.id] ?? "never settled"
    if phase.isForced { return nil }
    if fired.contains(step.id) {
      return end == "succeeded" || end == "failed"
        ? nil : "the time of \(step.id) passed, but it was \(end)"
    }
    if end != "skipped" { return "the time of \(step.id) did not pass, but it was \(end)" }
    let due = max(begunAt + (step.slow ?? 0) * 1_000, livesSince) + record.slackMicroseconds
    guard let concludedAt, concludedAt > due, record.cuts.isEmpty, !record.wasDiskFull else {
      return nil
    }
    return "the run went on \(concludedAt - due) us after \(step.id) should have told of it"
  }
}
