import FlowCore

/// What becomes of steps and of the run follows from how the steps ended. It is computed a second
/// time here, from the durable history: the engine's own state would agree with its own mistakes.
final class OutcomeChecker {
  private let definition: WorkflowDefinition
  private let selected: SelectedSteps
  /// By step: attempts that were scheduled in this round, without those that were withdrawn.
  private var attempts: [Int]
  private var ends: StepEnds
  /// How the round before ended, where this one does not rerun something that has not succeeded.
  private var leftBehind: RunOutcome?
  private var lastOutcome = RunOutcome.succeeded
  private var stopping: StopReason?
  /// Steps that ended in this round only because the run stopped, or as cancelled.
  private var hasStoppedSteps = false
  /// Whether a step has failed in this round that was not allowed to.
  private var hasFailed = false
  /// What the run came to before the steps of `finally`, and the same of these.
  private var concluded: RunOutcome?
  private var isForced = false
  private var hasStoppedFinally = false
  /// The same of rollbacks.
  private var hasStoppedRollback = false
  private var hasFailedRollback = false
  private var rollbacks: DueRollbacks
  private var children: ChildTally
  private var hasFailedFinally = false

  init(
    _ definition: WorkflowDefinition, without unselected: StepSet = StepSet(),
    _ items: ItemSelection? = nil
  ) {
    self.definition = definition
    selected = SelectedSteps(definition, without: unselected)
    attempts = [Int](repeating: 0, count: definition.steps.count)
    ends = StepEnds(selected)
    rollbacks = DueRollbacks(definition, selected)
    children = ChildTally(definition, items)
  }

  /// Takes in an event that is durable.
  func learn(_ event: Event) throws(Violation) {
    let endsBefore = ends.ends
    ends.learn(event)
    rollbacks.learn(event.body)
    children.learn(event.body)
    switch event.body {
    case .attemptScheduled(let attempt): attempts[Int(attempt.step)] += 1
    case .asked(let step): attempts[Int(step)] += 1
    case .attemptWithdrawn(let attempt): attempts[Int(attempt.step)] -= 1
    case .stepFinished(let step, let outcome): try finished(step, outcome)
    case .stepSkipped(let step, let reason): try skipped(step, reason)
    case .workSynced(_, .some): fails()
    case .attemptFound(let attempt, .unsynced):
      if SuspectSteps.mayRunAgain(attempt.step, definition) { fails() }
    case .runStopping(let reason): stopping = reason
    case .runConcluding(let outcome): try runConcludes(outcome)
    case .runConcluded(let outcome): try checkWhole(outcome)
    case .cancelRequested(let request): if concluded != nil, request.force { isForced = true }
    case .runFinished(let outcome): try runFinished(outcome)
    case .runReopened: reopened(endsBefore)
    default: break
    }
  }

  /// What its steps have made may be lost.
  private func fails() {
    if concluded == nil { hasFailed = true } else { hasFailedFinally = true }
  }

  private func finished(_ step: Int32, _ outcome: StepOutcome) throws(Violation) {
    guard attempts[Int(step)] > 0 || children.isNode(step) else {
      throw Violation(.outcome, "\(id(step)) is \(outcome), and had no attempt in this round")
    }
    switch outcome {
    case .succeeded: break
    // What that means, the node says.
    case .failed where children.isChild(step): break
    case .failed where isAllowedToFail(step) || definition.isNotify(Int(step)): break
    case .failed where definition.isFinally(Int(step)): hasFailedFinally = true
    case .failed where rollbacks.isRollback(step): hasFailedRollback = true
    case .failed: hasFailed = true
    case .cancelled: hasStopped(step)
    }
  }

  private func hasStopped(_ step: Int32) {
    if definition.isNotify(Int(step)) { return }
    if children.isChild(step), children.areStopped { return }
    if definition.isFinally(Int(step)) {
      hasStoppedFinally = true
    } else if rollbacks.isRollback(step) {
      hasStoppedRollback = true
    } else {
      hasStoppedSteps = true
    }
  }

  private func skipped(_ step: Int32, _ reason: SkipReason) throws(Violation) {
    guard attempts[Int(step)] == 0 else {
      throw Violation(.outcome, "\(id(step)) is skipped, and had an attempt in this round")
    }
    switch reason {
    case .runStopping:
      // Who judges rollbacks and notices knows when force came.
      let isRollback = definition.needsNoSlot(Int(step))
      guard definition.isFinally(Int(step)) ? isForced : isRollback || stopping != nil else {
        throw Violation(.outcome, "\(id(step)) is skipped for a stop, and the run does not stop")
      }
      hasStopped(step)
    // Others judge these.
    case .notSelected, .condition, .nothingFailed, .nothingToTell, .noItems, .removed,
      .siblingsFailed:
      break
    case .need(let need):
      guard ends.isReason(need, toSkip: step) else {
        throw Violation(.outcome, "\(id(step)) is skipped for \(id(need)), which is no reason to")
      }
    }
  }

  private func runConcludes(_ outcome: RunOutcome) throws(Violation) {
    concluded = outcome
    guard outcome == ownOutcome else {
      throw Violation(
        .outcome, "the run concludes as \(outcome), and its steps make it \(ownOutcome)")
    }
  }

  /// What the steps besides those of `finally` make of the run.
  private var ownOutcome: RunOutcome {
    Self.spoiled(plainOutcome, hasFailed: hasFailedRollback, hasStopped: hasStoppedRollback)
  }

  /// What comes later spoils a success, and hides nothing else.
  private static func spoiled(
    _ outcome: RunOutcome, hasFailed: Bool, hasStopped: Bool
  ) -> RunOutcome {
    if outcome != .succeeded { return outcome }
    if hasFailed { return .failed }
    return hasStopped ? .cancelled : .succeeded
  }

  /// The same without rollbacks.
  private var plainOutcome: RunOutcome {
    switch stopping {
    // A stop that came when every step had its end has changed nothing.
    case .cancelled? where hasStoppedSteps: .cancelled
    case .timedOut? where hasStoppedSteps, .failFast? where hasStoppedSteps: .failed
    case .workNotSynced?, .workLost?: .failed
    case nil where !hasFailed && hasStoppedSteps && leftBehind == nil: .cancelled
    default: hasFailed ? .failed : leftBehind ?? .succeeded
    }
  }

  private func runFinished(_ outcome: RunOutcome) throws(Violation) {
    if let open = ends.open {
      throw Violation(.outcome, "the run is \(outcome), and \(id(Int32(open))) has no end")
    }
    lastOutcome = outcome
    try checkWhole(outcome)
  }

  /// Notices change nothing.
  private func checkWhole(_ outcome: RunOutcome) throws(Violation) {
    let expected = Self.spoiled(
      ownOutcome, hasFailed: hasFailedFinally, hasStopped: hasStoppedFinally)
    guard outcome == expected else {
      throw Violation(.outcome, "the run is \(outcome), and its steps make it \(expected)")
    }
  }

  private func reopened(_ endsBefore: [StepEnd?]) {
    let isLeftBehind = endsBefore.indices.contains {
      selected.isLeftBehind($0, endsBefore, ends.runsAgain)
        || $0 < definition.firstFinally && ends.isSuspect($0) && !ends.mayRunAgain($0)
    }
    leftBehind = isLeftBehind && lastOutcome != .succeeded ? lastOutcome : nil
    for index in attempts.indices { attempts[index] = 0 }
    stopping = nil
    hasStoppedSteps = false
    hasFailed = false
    concluded = nil
    isForced = false
    hasStoppedFinally = false
    hasFailedFinally = false
    hasStoppedRollback = false
    hasFailedRollback = false
  }

  private func isAllowedToFail(_ step: Int32) -> Bool {
    definition.settings(ofStep: Int(step)).allowFailure
  }

  private func id(_ step: Int32) -> String { definition.steps[Int(step)].id }
}

extension OutcomeChecker: Checker {
  func learned(_ event: Event, in world: World) throws(Violation) { try learn(event) }
}
