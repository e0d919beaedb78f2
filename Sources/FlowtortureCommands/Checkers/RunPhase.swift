/// How far a run is, by its history.
struct RunPhase {
  private(set) var isConcluding = false
  /// Whether a request by force came while steps of `finally` ran.
  private(set) var isConclusionForced = false
  private(set) var isCancelled = false
  /// Whether a request by force came in this round.
  private(set) var isForced = false
  /// What the run has come to, while and after notices run.
  private(set) var conclusion: String?
  /// Whether a request by force came after that.
  private(set) var areNoticesEnded = false
  /// Rollbacks whose step has failed or was cancelled, and which have no end; and those of them that a request
  /// by force has ended. A plan without them has other steps with none of these names.
  private var due: Set<String> = []
  private(set) var endedRollbacks: Set<String> = []
  private(set) var hasStopped = false
  /// Whether the round is given up for lost work: another one follows, which has an end.
  private(set) var isGivenUp = false
  /// The items that have failed, of so many as the node has in this round.
  private(set) var failedItems: Set<String> = []
  private var itemCount = 0
  /// Whether so many have failed that the other children are stopped.
  private(set) var areChildrenStopped = false
  private let plan: RoundPlan

  init(_ plan: RoundPlan) {
    self.plan = plan
  }

  mutating func take(_ body: HistoryEvent.Body) {
    switch body {
    case .runStopping(let reason):
      hasStopped = true
      isGivenUp = reason == "workLost"
    case .runConcluding:
      isConcluding = true
      isGivenUp = false
    case .runConcluded(let outcome):
      conclusion = outcome
      isGivenUp = false
    case .stepFinished(let step, let outcome):
      due.remove(step)
      if outcome != "succeeded" { due.insert("\(step)/onFailure") }
      if outcome == "failed", let step = plan.step(step), let child = step.child {
        noteFailure(of: step, for: child)
      }
    case .expanded(_, let items): (itemCount, failedItems, areChildrenStopped) = (items, [], false)
    case .stepSkipped(let step, _): due.remove(step)
    case .cancelRequested(_, let force):
      isCancelled = true
      if force { isForced = true }
      if force, isConcluding { isConclusionForced = true }
      if force, conclusion != nil { areNoticesEnded = true }
      if force { endedRollbacks.formUnion(due) }
    case .runReopened: self = RunPhase(plan)
    case .engineStarted, .scheduled, .launched, .deadlinePassed, .ended, .withdrawn, .found,
      .unsynced,
      .retryScheduled, .rerunScheduled, .probeScheduled, .stopRequested, .refusedItems,
      .runFinished,
      .asked, .answered, .timePassed, .other:
      break
    }
  }

  private mutating func noteFailure(of step: StepPlan, for child: ChildPlan) {
    // In a chain a failure may be allowed; a node that runs itself counts each.
    if child.isChained && step.allowFailure { return }
    failedItems.insert(child.item)
    let tolerates = plan.node?.node?.tolerance != nil
    if tolerates, hasTooManyFailures, !hasStopped { areChildrenStopped = true }
  }

  /// Whether the node is sure to fail.
  var hasTooManyFailures: Bool {
    failedItems.count > plan.node?.node?.tolerated(of: itemCount) ?? 0
  }

  /// Nil for a step that what stops the run stops, too.
  private func isEndedByForce(_ step: StepPlan?) -> Bool? {
    guard let step else { return nil }
    if step.rolledBack != nil { return endedRollbacks.contains(step.id) }
    if step.slow != nil { return isForced }
    if step.notice != nil { return areNoticesEnded }
    return step.isFinally ? isConclusionForced : nil
  }

  /// Whether nothing of a step may be scheduled any more.
  func isStopping(_ step: StepPlan?) -> Bool {
    isEndedByForce(step) ?? (hasStopped || step?.child != nil && areChildrenStopped)
  }

  /// The same, as soon as a request is known.
  func isCancelled(_ step: StepPlan?) -> Bool {
    isEndedByForce(step) ?? isCancelled
  }
}
