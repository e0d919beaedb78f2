/// Checks `Property.retry` with a model of the policy that shares no code with the engine's.
enum RetryChecker {
  fileprivate struct Step {
    var failures = 0
    var losses = 0
    var asksProbe = false
    /// The end that needs a decision.
    var undecided: AttemptResult?
    /// No attempt may be scheduled before this time.
    var notBefore = 0
  }

  private enum Decision: Equatable {
    case retry, rerun, probe
    case finish(String)
  }

  /// A step that is lost once more after so many reruns fails.
  private static let maxReruns = 3

  static func check(_ record: RoundRecord) -> [String] {
    var steps: [String: Step] = [:]
    var phase = RunPhase(record.plan)
    var problems: [String] = []
    for event in record.history {
      // What an event leads to is not what it follows from.
      defer { phase.take(event.body) }
      switch event.body {
      case .scheduled(let attempt):
        let early = (steps[attempt.step]?.notBefore ?? 0) - event.microseconds
        // A new boot has only the wall clock to tell how much of a delay is left.
        if early > (record.cuts.isEmpty ? 0 : 50_000) {
          problems.append("\(attempt) was scheduled \(early) us before the end of its delay")
        }
      case .ended(let attempt, let result):
        steps[attempt.step, default: Step()].note(result)
      case .retryScheduled(let attempt, let delay):
        problems += decide(.retry, attempt.step, &steps, phase, record)
        problems += check(delay, of: attempt, steps, record)
        steps[attempt.step]?.notBefore = event.microseconds + delay * 1_000
      case .rerunScheduled(let attempt):
        problems += decide(.rerun, attempt.step, &steps, phase, record)
      case .probeScheduled(let attempt):
        problems += decide(.probe, attempt.step, &steps, phase, record)
      // The end of a node follows from those of its children, and that of a question from the answer.
      case .stepFinished(let step, _)
      where record.plan.step(step)?.node != nil || record.plan.step(step)?.question != nil:
        break
      case .stepFinished(let step, let outcome):
        // A step that was backing off, or whose attempt was withdrawn, is cancelled without an end.
        if outcome != "cancelled" || steps[step]?.undecided != nil {
          problems += decide(.finish(outcome), step, &steps, phase, record)
        }
      case .runReopened: steps = [:]
      case .engineStarted, .launched, .deadlinePassed, .withdrawn, .found, .unsynced,
        .stopRequested,
        .stepSkipped, .expanded, .refusedItems, .cancelRequested, .runStopping, .runConcluding,
        .runConcluded, .runFinished,
        .asked, .answered, .timePassed, .other:
        break
      }
    }
    return problems
  }

  private static func decide(
    _ decision: Decision, _ id: String, _ steps: inout [String: Step], _ phase: RunPhase,
    _ record: RoundRecord
  ) -> [String] {
    guard let plan = record.plan.step(id), let result = steps[id]?.undecided else {
      return ["\(id): \(decision) without an end that it could follow from"]
    }
    let expected = expected(after: result, steps[id] ?? Step(), plan, phase.isStopping(plan))
    steps[id]?.undecided = nil
    if decision == .probe { steps[id]?.asksProbe = true }
    if decision == .rerun { steps[id]?.asksProbe = false }
    if decision == expected { return [] }
    return ["\(id): after \(result) expected \(expected), found \(decision)"]
  }

  private static func expected(
    after result: AttemptResult, _ step: Step, _ plan: StepPlan, _ isStopping: Bool
  ) -> Decision {
    if result.unkillable > 0 { return .finish("failed") }
    if result.outcome == "cancelled" { return .finish("cancelled") }
    if result.hasSucceeded { return .finish("succeeded") }
    if result.outcome == "lost" {
      if isStopping { return .finish("cancelled") }
      if step.losses > maxReruns { return .finish("failed") }
      return after(loss: plan.onLost)
    }
    if result.outcome == "interrupted" {
      return isStopping ? .finish("cancelled") : after(loss: plan.onLost)
    }
    if step.asksProbe {
      if isStopping { return .finish("cancelled") }
      return result.outcome == "exited" && result.exitCode == 1 ? .rerun : .finish("failed")
    }
    guard step.failures < plan.retry.maxAttempts,
      plan.retry.covers(result.failureKind, exitCode: result.exitCode)
    else { return .finish("failed") }
    return isStopping ? .finish("cancelled") : .retry
  }

  private static func after(loss onLost: StepPlan.OnLost) -> Decision {
    switch onLost {
    case .rerun: .rerun
    case .probe: .probe
    case .fail: .finish("failed")
    }
  }

  private static func check(
    _ delay: Int, of attempt: AttemptName, _ steps: [String: Step], _ record: RoundRecord
  ) -> [String] {
    guard let retry = record.plan.step(attempt.step)?.retry else { return [] }
    let longest = retry.longestDelay(afterFailures: steps[attempt.step]?.failures ?? 1)
    let isRight = retry.hasJitter ? (0...longest).contains(delay) : delay == longest
    return isRight ? [] : ["\(attempt): a delay of \(delay) ms, but the policy says \(longest)"]
  }
}

extension RetryChecker.Step {
  fileprivate mutating func note(_ result: AttemptResult) {
    undecided = result
    if result.unkillable > 0 || result.hasSucceeded || result.outcome == "cancelled" { return }
    if result.outcome == "lost" {
      losses += 1
    } else if result.outcome != "interrupted" && !asksProbe {
      failures += 1
    }
  }
}

extension AttemptResult {
  /// The name that retry policies have for it.
  fileprivate var failureKind: String {
    switch outcome {
    case "timedOut": "timeout"
    case "launchFailed": "launch"
    case "signalled": "signal"
    case "outputRefused": "output"
    case "exited" where shellSignal != nil: "signal"
    default: "exit"
    }
  }
}
