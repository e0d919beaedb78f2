/// How far a run is, by its history.
struct RunPhase {
  private(set) var isConcluding = false
  /// Whether a request by force came while steps of `finally` ran.
  private(set) var isConclusionForced = false
  private(set) var isCancelled = false
  /// What the run has come to, while and after notices run.
  private(set) var conclusion: String?
  /// Whether a request by force came after that.
  private(set) var areNoticesEnded = false
  /// Rollbacks whose step has failed or was cancelled, and which have no end; and those of them that a request
  /// by force has ended. A plan without them has other steps with none of these names.
  private var due: Set<String> = []
  private(set) var endedRollbacks: Set<String> = []
  private var hasStopped = false

  mutating func take(_ body: HistoryEvent.Body) {
    switch body {
    case .runStopping: hasStopped = true
    case .runConcluding: isConcluding = true
    case .runConcluded(let outcome): conclusion = outcome
    case .stepFinished(let step, let outcome):
      due.remove(step)
      if outcome != "succeeded" { due.insert("\(step)/onFailure") }
    case .stepSkipped(let step): due.remove(step)
    case .cancelRequested(_, let force):
      isCancelled = true
      if force, isConcluding { isConclusionForced = true }
      if force, conclusion != nil { areNoticesEnded = true }
      if force { endedRollbacks.formUnion(due) }
    case .runReopened: self = RunPhase()
    case .engineStarted, .scheduled, .launched, .deadlinePassed, .ended, .withdrawn, .found,
      .retryScheduled, .rerunScheduled, .probeScheduled, .stopRequested, .runFinished, .other:
      break
    }
  }

  /// Nil for a step that what stops the run stops, too.
  private func isEndedByForce(_ step: StepPlan?) -> Bool? {
    guard let step else { return nil }
    if step.rolledBack != nil { return endedRollbacks.contains(step.id) }
    if step.notice != nil { return areNoticesEnded }
    return step.isFinally ? isConclusionForced : nil
  }

  /// Whether nothing of a step may be scheduled any more.
  func isStopping(_ step: StepPlan?) -> Bool {
    isEndedByForce(step) ?? hasStopped
  }

  /// The same, as soon as a request is known.
  func isCancelled(_ step: StepPlan?) -> Bool {
    isEndedByForce(step) ?? isCancelled
  }
}
