package import FlowCore

/// Judges each launch by what is durable and by what really happened.
package struct LaunchOracle: Sendable {
  private let definition: WorkflowDefinition
  private let jobs: Int
  private var scheduled: Set<AttemptID> = []
  /// Those that ask a probe.
  private var probes: Set<AttemptID> = []
  private var isCancelled = false
  /// Steps whose dependents may run.
  private var done: Set<Int32> = []
  /// Failures that count, by step.
  private var failures: [Int32: Int32] = [:]
  /// When an attempt may be followed by another: at once after a loss, or after a delay.
  private var nextAllowed: [AttemptID: Instant] = [:]

  package init(_ definition: WorkflowDefinition, jobs: Int) {
    self.definition = definition
    self.jobs = jobs
  }

  /// Takes in an event that is durable.
  package mutating func learn(_ event: Event) {
    switch event.body {
    case .attemptScheduled(let attempt): scheduled.insert(attempt)
    case .attemptWithdrawn(let attempt): scheduled.remove(attempt)
    case .cancelRequested: isCancelled = true
    case .attemptEnded(let attempt, let end):
      if !probes.contains(attempt), case .failed = AttemptVerdict(end) {
        failures[attempt.step, default: 0] += 1
      }
    case .stepFinished(let step, let outcome):
      if outcome == .succeeded || mayFail(step) { done.insert(step) }
    case .stepSkipped(let step, _): if mayFail(step) { done.insert(step) }
    case .retryScheduled(let attempt, let delay):
      nextAllowed[attempt] = event.moment.monotonic.advanced(byMilliseconds: delay)
    case .rerunScheduled(let attempt): nextAllowed[attempt] = event.moment.monotonic
    case .probeScheduled(let attempt):
      nextAllowed[attempt] = event.moment.monotonic
      probes.insert(AttemptID(step: attempt.step, number: attempt.number + 1))
    default: break
    }
  }

  /// - Parameter ledger: with the new entry at its end.
  package func check(
    _ attempt: AttemptID, at now: Instant, _ ledger: Ledger
  ) throws(Violation) {
    let before = ledger.entries.dropLast()
    guard scheduled.contains(attempt) else {
      throw Violation(.intent, "\(name(attempt)) starts without a durable intent")
    }
    if before.contains(where: { $0.attempt == attempt }) {
      throw Violation(.intent, "\(name(attempt)) starts a second time")
    }
    if isCancelled {
      throw Violation(.cancel, "\(name(attempt)) starts after a durable cancel")
    }
    if ledger.running > jobs {
      throw Violation(.slots, "\(ledger.running) attempts run at once, and jobs is \(jobs)")
    }
    for need in definition.steps[Int(attempt.step)].needs {
      try checkNeed(need, of: attempt, before)
    }
    try checkRepetition(attempt, at: now, before)
  }

  private func checkNeed(
    _ need: Int32, of attempt: AttemptID, _ before: ArraySlice<Ledger.Entry>
  ) throws(Violation) {
    let id = definition.steps[Int(need)].id
    guard done.contains(need) else {
      throw Violation(.order, "\(name(attempt)) starts before \(id) is durably done")
    }
    if mayFail(need) { return }
    // What the history says must have happened.
    let last = before.last { $0.attempt.step == need }
    guard let end = last?.end, AttemptVerdict(end) == .succeeded else {
      throw Violation(.order, "\(name(attempt)) starts although \(id) has not succeeded")
    }
  }

  private func checkRepetition(
    _ attempt: AttemptID, at now: Instant, _ before: ArraySlice<Ledger.Entry>
  ) throws(Violation) {
    let earlier = before.filter { $0.attempt.step == attempt.step }
    if earlier.isEmpty { return }
    if let running = earlier.first(where: { $0.endedAt == nil }) {
      throw Violation(.again, "\(name(attempt)) starts beside \(name(running.attempt))")
    }
    let predecessor = AttemptID(step: attempt.step, number: attempt.number - 1)
    guard let allowed = nextAllowed[predecessor] else {
      throw Violation(.again, "\(name(attempt)) starts without a retry or a loss")
    }
    if now < allowed {
      throw Violation(
        .retry,
        "\(name(attempt)) starts \(allowed.microseconds - now.microseconds) µs before its delay"
          + " is over")
    }
    let failed = failures[attempt.step, default: 0]
    let policy = definition.settings(ofStep: Int(attempt.step)).retry
    if failed >= policy.maxAttempts {
      throw Violation(
        .retry, "\(name(attempt)) starts after \(failed) failures of \(policy.maxAttempts)")
    }
  }

  private func mayFail(_ step: Int32) -> Bool {
    definition.settings(ofStep: Int(step)).allowFailure
  }

  private func name(_ attempt: AttemptID) -> String {
    "\(definition.steps[Int(attempt.step)].id)#\(attempt.number)"
  }
}
