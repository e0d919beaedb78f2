/// The engine's decisions: a pure function of the history.
///
/// Decisions follow a versioned policy that a run keeps for life: replay recomputes a history by
/// the policy that decided it.
package enum Decider {
  /// A step whose attempt is lost again after this many reruns fails.
  package static let maxReruns: Int32 = 3

  /// The next decision for this state; nil when none is left.
  ///
  /// - Parameter wakeUpEnds: whether all facts of the wake-up are applied. Only then are attempts
  ///   scheduled, so that a cancel or a step of higher precedence in the same wake-up comes first.
  package static func next(_ state: RunState, wakeUpEnds: Bool) -> Event.Body? {
    if state.isFinished { return nil }
    if let doomed = state.doomed.first {
      // Before anything else: what the run leaves out by its first engine, for example.
      return state.awaitsEngine ? nil : settle(doomed, state)
    }
    if let step = state.undecided.first { return follow(step, state) }
    if case .running = state.phase, let reason = reasonToStop(state) {
      return .runStopping(reason)
    }
    if let attempt = state.toStop.first {
      return .stopRequested(attempt, force: state.cancel?.force ?? false)
    }
    // It takes no slot, and waits for none.
    if let step = state.questions.due.first, !state.awaitsEngine { return .asked(step: step) }
    if let node = state.nodes.due.first, !state.awaitsEngine {
      return .stepExpanded(step: node, state.expansion(ofNode: node))
    }
    if !state.awaitsSync, let end = end(of: state) {
      return end.kind == .runFinished || !state.awaitsEngine ? end : nil
    }
    return wakeUpEnds ? schedule(state) : nil
  }

  /// Whether the run has come to its end, or a part of it, and its work must be synced first.
  static func awaitsSync(_ state: RunState) -> Bool {
    state.awaitsSync && !state.isFinished && end(of: state) != nil
  }

  /// What has come to its end.
  private static func end(of state: RunState) -> Event.Body? {
    if state.restarts { return state.isReadyToRestart ? .runFinished(.failed) : nil }
    if state.definition.hasFinally, state.othersHaveSettled, !state.isConcluding,
      !state.isConcluded
    {
      return .runConcluding(outcome(state))
    }
    if state.definition.hasNotify, state.hasOnlyNotices, !state.isConcluded {
      return .runConcluded(outcome(state))
    }
    return state.unsettledSteps == 0 ? .runFinished(outcome(state)) : nil
  }

  private static func settle(_ doomed: RunState.DoomedStep, _ state: RunState) -> Event.Body {
    state.steps[Int(doomed.step)].hasBegun
      ? .stepFinished(step: doomed.step, .cancelled)
      : .stepSkipped(step: doomed.step, doomed.reason)
  }

  /// The decision that follows the end of an attempt.
  private static func follow(_ step: Int32, _ state: RunState) -> Event.Body {
    let lifecycle = state.steps[Int(step)]
    if case .answered(let outcome) = lifecycle.phase { return .stepFinished(step: step, outcome) }
    if lifecycle.phase == .expanded { return state.outcome(ofNode: step) }
    guard case .ended(let verdict) = lifecycle.phase else {
      preconditionFailure("step \(step) awaits a decision, but is \(lifecycle.phase)")
    }
    let settings = state.definition.settings(ofStep: Int(step))
    let attempt = AttemptID(step: step, number: lifecycle.attempt)
    var isStopping: Bool { state.isStopping(step) }
    switch verdict {
    case .succeeded where state.mustPublish(step),
      .lost where lifecycle.publishes, .interrupted where lifecycle.publishes:
      return .publishScheduled(attempt, completes: state.hasLostStage(step))
    case .succeeded, .reused: return .stepFinished(step: step, .succeeded)
    case .cancelled: return .stepFinished(step: step, .cancelled)
    case .unkillable: return .stepFinished(step: step, .failed)
    case .failed(let kind, let exitCode) where lifecycle.asksProbe:
      if isStopping { return .stepFinished(step: step, .cancelled) }
      return kind == .exit && exitCode == 1
        ? .rerunScheduled(attempt) : .stepFinished(step: step, .failed)
    case .failed(let kind, let exitCode):
      let policy = settings.retry
      guard lifecycle.failures < policy.maxAttempts, policy.covers(kind, exitCode: exitCode)
      else { return .stepFinished(step: step, .failed) }
      // A retry was due, so the step did not fail for good: it counts as cancelled while backing
      // off.
      if isStopping { return .stepFinished(step: step, .cancelled) }
      let delay = policy.delayMilliseconds(
        afterFailures: lifecycle.failures, seed: state.created.seed, step: Int(step))
      return .retryScheduled(attempt, delayMilliseconds: delay)
    case .workGone:
      if isStopping { return .stepFinished(step: step, .cancelled) }
      return lifecycle.losses <= maxReruns && settings.onLost == .rerun
        ? .rerunScheduled(attempt) : .stepFinished(step: step, .failed)
    case .lost:
      if isStopping { return .stepFinished(step: step, .cancelled) }
      guard lifecycle.losses <= maxReruns else { return .stepFinished(step: step, .failed) }
      return followLoss(of: attempt, settings)
    case .interrupted:
      // However often the system is stopped, that is no sign against the step.
      return isStopping
        ? .stepFinished(step: step, .cancelled) : followLoss(of: attempt, settings)
    }
  }

  private static func followLoss(of attempt: AttemptID, _ settings: StepSettings) -> Event.Body {
    switch settings.onLost {
    case .rerun: .rerunScheduled(attempt)
    case .probe: .probeScheduled(attempt)
    case .fail: .stepFinished(step: attempt.step, .failed)
    }
  }

  private static func reasonToStop(_ state: RunState) -> StopReason? {
    switch state.work.failure {
    case .sync: return .workNotSynced
    case .powerLoss: return .workLost
    case nil: break
    }
    if state.cancel != nil { return .cancelled }
    if state.timeoutPassed { return .timedOut }
    if state.definition.failFast, let step = state.firstFailure { return .failFast(step: step) }
    return nil
  }

  /// Neither rollbacks nor steps of `finally` hide what came first.
  private static func outcome(_ state: RunState) -> RunOutcome {
    // Notices change nothing.
    if case .concluded(let outcome) = state.phase { return outcome }
    if case .concluding(let outcome) = state.phase {
      if outcome == .succeeded, state.work.failure != nil { return .failed }
      return outcome.spoiled(by: state.finallyFailure, stopped: state.stoppedFinally)
    }
    return ownOutcome(state).spoiled(by: state.rollbacks.failure, stopped: state.rollbacks.stopped)
  }

  /// What the steps make of the run that are neither rollbacks nor of `finally`.
  private static func ownOutcome(_ state: RunState) -> RunOutcome {
    let own =
      state.firstFailure == nil && state.work.failure == nil
      ? state.leftBehind ?? .succeeded : .failed
    switch state.phase {
    // The attempt was stopped by a process other than the engine.
    case .running where own == .succeeded && state.stoppedSteps > 0: return .cancelled
    case .running: return own
    // The cancel or timeout came after the last step had settled, so it changed nothing.
    case .stopping where state.stoppedSteps == 0: return own
    case .stopping(.cancelled): return .cancelled
    case .stopping(.timedOut), .stopping(.failFast), .stopping(.workNotSynced),
      .stopping(.workLost):
      return .failed
    case .concluding(let outcome), .concluded(let outcome): return outcome
    case .finished: preconditionFailure("a finished run has its outcome")
    }
  }

  /// Schedules up to `jobs` intents ahead of the slots, so that a free slot never waits for a sync.
  private static func schedule(_ state: RunState) -> Event.Body? {
    guard !state.isPaused, let step = state.nextReady else { return nil }
    // Rollbacks and notices need no slot, and a publication has that of its command.
    if state.rollbacks.ready.isEmpty, state.publications.ready.isEmpty,
      state.openAttempts - state.rollbacks.openAttempts >= 2 * Int(state.created.jobs)
    {
      return nil
    }
    return .attemptScheduled(
      AttemptID(step: Int32(step), number: state.steps[step].attempt + 1))
  }
}

extension RunOutcome {
  fileprivate func spoiled(by failure: Int32?, stopped: Int) -> Self {
    if self != .succeeded { return self }
    return failure != nil ? .failed : stopped > 0 ? .cancelled : .succeeded
  }
}

extension RetryPolicy {
  /// Whether a failure of this kind is retried.
  fileprivate func covers(_ kind: FailureKinds, exitCode: UInt8) -> Bool {
    guard on.covers(kind) else { return false }
    guard kind == .exit, let exitCodes else { return true }
    return exitCodes.contains(exitCode)
  }
}
