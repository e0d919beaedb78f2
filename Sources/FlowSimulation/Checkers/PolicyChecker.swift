import FlowCore

/// What follows the end of an attempt obeys the step's `retry`, its `onLost`, and the answer of its
/// probe. It is decided a second time here, from the durable history.
final class PolicyChecker {
  private struct Step {
    /// Failures that count, and losses, in this round.
    var failures: Int32 = 0
    var losses: Int32 = 0
    /// What the open attempt, or the next one, is for.
    var task = AttemptTask.command
    var asksProbe: Bool { task == .probe }
    /// What must follow; nil where no attempt has ended.
    var expected: Consequence?
  }

  private enum Consequence: Equatable {
    case finished(StepOutcome)
    case retry
    case rerun
    case probe
    case publication
  }

  private let definition: WorkflowDefinition
  private var steps: [Step]
  private var isStopping = false
  private var isConcluding = false
  private var isConcluded = false
  /// Whether a cancel by force has ended notices.
  private var areNoticesEnded = false
  private var areSlowNoticesEnded = false
  private var rollbacks: DueRollbacks
  private var children: ChildTally
  /// Of the run; nil before its first event.
  private var seed: UInt64?

  init(_ definition: WorkflowDefinition, _ items: ItemSelection? = nil) {
    self.definition = definition
    rollbacks = DueRollbacks(definition)
    children = ChildTally(definition, items)
    steps = [Step](repeating: Step(), count: definition.steps.count)
  }

  /// Takes in an event that is durable.
  func learn(_ event: Event) throws(Violation) {
    defer {
      rollbacks.learn(event.body)
      children.learn(event.body)
    }
    switch event.body {
    case .attemptEnded(let attempt, let end): ended(&steps[Int(attempt.step)], attempt.step, end)
    case .answered(let step, let answer):
      steps[Int(step)].expected =
        .finished(answer.verdict == .approved ? .succeeded : .failed)
    case .timerFired(.question(let step)):
      let otherwise = definition.question(ofStep: Int(step))?.otherwise
      steps[Int(step)].expected = .finished(otherwise == .approve ? .succeeded : .failed)
    // What a node comes to is `ForEachChecker`'s.
    case .stepFinished(let step, _) where children.isNode(step): break
    case .stepFinished(let step, let outcome): try follow(step, .finished(outcome))
    case .runCreated(let created): seed = created.seed
    case .retryScheduled(let attempt, let delay):
      try follow(attempt.step, .retry)
      try checkDelay(delay, ofStep: Int(attempt.step))
      steps[Int(attempt.step)].task = .command
    case .rerunScheduled(let attempt):
      try follow(attempt.step, .rerun)
      steps[Int(attempt.step)].task = .command
    case .probeScheduled(let attempt):
      try follow(attempt.step, .probe)
      steps[Int(attempt.step)].task = .probe
    case .publishScheduled(let attempt, let completes):
      try follow(attempt.step, .publication)
      steps[Int(attempt.step)].task = completes ? .completion : .publication
    case .runStopping: isStopping = true
    case .runConcluding: (isStopping, isConcluding) = (false, true)
    case .runConcluded: isConcluded = true
    case .cancelRequested(let request):
      if isConcluding, request.force { isStopping = true }
      if isConcluded, request.force { areNoticesEnded = true }
      if request.force { areSlowNoticesEnded = true }
    case .runReopened:
      (isStopping, isConcluding) = (false, false)
      (isConcluded, areNoticesEnded, areSlowNoticesEnded) = (false, false, false)
      for index in steps.indices { steps[index] = Step() }
    default: break
    }
  }

  private func isStopping(_ step: Int32) -> Bool {
    if definition.isSlowNotice(Int(step)) { return areSlowNoticesEnded }
    if definition.isNotify(Int(step)) { return areNoticesEnded }
    if children.isChild(step) { return isStopping || children.areStopped }
    return rollbacks.isRollback(step) ? rollbacks.ended.contains(step) : isStopping
  }

  private func ended(_ step: inout Step, _ index: Int32, _ end: AttemptEnd) {
    let verdict = AttemptConclusion(end, of: step.task)
    switch verdict {
    case .failed: if !step.asksProbe { step.failures += 1 }
    case .lost: if !step.task.publishes { step.losses += 1 }
    case .workGone: step.losses += 1
    case .succeeded, .reused, .cancelled, .interrupted, .unkillable: break
    }
    step.expected = consequence(
      of: verdict, step, definition.settings(ofStep: Int(index)),
      hasFiles: !definition.files(ofStep: Int(index)).isEmpty, isStopping: isStopping(index))
  }

  private func consequence(
    of verdict: AttemptConclusion, _ step: Step, _ settings: StepSettings, hasFiles: Bool,
    isStopping: Bool
  ) -> Consequence {
    let isRepeated: Bool
    let repetition: Consequence
    switch verdict {
    case .succeeded where hasFiles && !step.task.publishes: return .publication
    case .lost where step.task.publishes, .interrupted where step.task.publishes:
      return .publication
    case .succeeded, .reused: return .finished(.succeeded)
    case .workGone:
      let isTooOften = step.losses > Decider.maxReruns
      (isRepeated, repetition) = (settings.onLost == .rerun && !isTooOften || isStopping, .rerun)
    case .cancelled: return .finished(.cancelled)
    case .unkillable: return .finished(.failed)
    case .failed(let kind, let code) where step.asksProbe:
      // While the run stops, the answer of the probe changes nothing.
      (isRepeated, repetition) = (kind == .exit && code == 1 || isStopping, .rerun)
    case .failed(let kind, let code):
      let retry = settings.retry
      let isCovered =
        (retry.on == .all || retry.on.contains(kind))
        && (kind != .exit || retry.exitCodes?.contains(code) ?? true)
      (isRepeated, repetition) = (isCovered && step.failures < retry.maxAttempts, .retry)
    case .lost, .interrupted:
      let isTooOften = verdict == .lost && step.losses > Decider.maxReruns
      switch settings.onLost {
      case .rerun: (isRepeated, repetition) = (!isTooOften || isStopping, .rerun)
      case .probe: (isRepeated, repetition) = (!isTooOften || isStopping, .probe)
      case .fail: (isRepeated, repetition) = (isStopping, .rerun)
      }
    }
    if isRepeated && isStopping { return .finished(.cancelled) }
    return isRepeated ? repetition : .finished(.failed)
  }

  /// A step may also end without an attempt: as cancelled, before the next one.
  private func follow(
    _ step: Int32, _ consequence: Consequence
  ) throws(Violation) {
    let expected = steps[Int(step)].expected
    steps[Int(step)].expected = nil
    if expected == consequence { return }
    if expected == nil, consequence == .finished(.cancelled), isStopping(step) { return }
    let id = definition.steps[Int(step)].id
    throw Violation(
      .retry, "\(id): \(text(consequence)), where \(expected.map(text) ?? "nothing") should follow")
  }

  /// The delay is neither longer nor shorter than the policy and the seed make it.
  private func checkDelay(_ delay: Int64, ofStep step: Int) throws(Violation) {
    guard let seed else { return }
    let retry = definition.settings(ofStep: step).retry
    // In microseconds, and so wide that nothing overflows.
    let longest = Int128(retry.maxDelayMilliseconds) * 1_000
    var ceiling = min(Int128(retry.initialDelayMilliseconds) * 1_000, longest)
    for _ in 1..<max(steps[step].failures, 1) {
      let next = min(ceiling * Int128(retry.multiplierThousandths) / 1_000, longest)
      if next == ceiling { break }
      ceiling = next
    }
    ceiling /= 1_000
    var expected = ceiling
    if retry.jitter != .none {
      let draw = SplitMix64.hash(seed, UInt64(step), UInt64(steps[step].failures))
      let least = retry.jitter == .equal ? ceiling / 2 : 0
      expected = least + Int128((UInt128(draw) * UInt128(ceiling - least + 1)) >> 64)
    }
    if delay != expected {
      throw Violation(
        .retry,
        "\(definition.steps[step].id) waits \(delay) ms after \(steps[step].failures) failures, and its"
          + " policy says \(expected) ms")
    }
  }

  private func text(_ consequence: Consequence) -> String {
    switch consequence {
    case .finished(let outcome): "it is \(outcome)"
    case .retry: "a retry"
    case .rerun: "another run"
    case .probe: "a probe"
    case .publication: "a publication"
    }
  }
}

extension PolicyChecker: Checker {
  func learned(_ event: Event, in world: World) throws(Violation) { try learn(event) }
}
