import FlowCore
import FlowRuntime
import FlowStorage

/// The rollback of a step runs exactly once in each round in which its step has failed or was cancelled after
/// it had begun, and in no other: before anything that needs the step, and whatever stops the run. Nothing
/// but a cancel by force ends it. It is told of its step.
final class RollbackChecker {
  private let definition: WorkflowDefinition
  private let selected: SelectedSteps
  private var ends: StepEnds
  private var rollbacks: DueRollbacks

  // Of this round.

  /// Steps that have got their end.
  private var settled: Set<Int32> = []
  /// By step: attempts that were scheduled, without those that were withdrawn.
  private var attempts: [Int]
  /// The last that was scheduled.
  private var last: [Int32: Int32] = [:]

  init(_ definition: WorkflowDefinition, without unselected: StepSet = StepSet()) {
    self.definition = definition
    selected = SelectedSteps(definition, without: unselected)
    ends = StepEnds(selected)
    rollbacks = DueRollbacks(definition, selected)
    attempts = [Int](repeating: 0, count: definition.steps.count)
  }

  /// Takes in an event that is durable.
  func learn(_ event: Event) throws(Violation) {
    try check(event.body)
    ends.learn(event)
    rollbacks.learn(event.body)
    switch event.body {
    case .attemptScheduled(let attempt):
      attempts[Int(attempt.step)] += 1
      last[attempt.step] = attempt.number
    case .attemptWithdrawn(let attempt):
      attempts[Int(attempt.step)] -= 1
      last[attempt.step] = attempt.number - 1
    case .stepFinished(let step, _), .stepSkipped(let step, _): settled.insert(step)
    case .runReopened:
      settled = []
      for index in attempts.indices { attempts[index] = 0 }
    default: break
    }
  }

  private func check(_ body: Event.Body) throws(Violation) {
    switch body {
    case .attemptScheduled(let attempt):
      try checkBegins(attempt.step)
      try checkOrder(attempt.step)
    case .stopRequested(let attempt, _): try checkMayBeEnded(attempt.step, "is stopped")
    case .stepFinished(let step, let outcome):
      if rollbacks.isRollback(step), settled.contains(step) {
        throw Violation(.rollback, "\(id(step)) ends twice")
      }
      if outcome == .cancelled { try checkMayBeEnded(step, "is cancelled") }
    case .stepSkipped(let step, .runStopping): try checkMayBeEnded(step, "is skipped for a stop")
    case .stepSkipped(let step, .nothingFailed): try checkNothingFailed(step)
    case .stepSkipped(let step, .need(let need)):
      if rollbacks.isRollback(step) {
        throw Violation(.rollback, "\(id(step)) is skipped for a need")
      }
      // Another need can decide about it earlier.
      if let rollback = definition.rollback(ofStep: Int(need)), rollbacks.due.contains(rollback) {
        throw Violation(
          .rollback, "\(id(step)) is skipped for \(id(need)) before \(id(rollback)) has ended")
      }
    case .runConcluding, .runConcluded, .runFinished: try checkRound()
    default: break
    }
  }

  private func checkBegins(_ step: Int32) throws(Violation) {
    guard rollbacks.isRollback(step) else { return }
    if !rollbacks.due.contains(step) {
      throw Violation(.rollback, "\(id(step)) is scheduled, and nothing calls for it")
    }
    if rollbacks.ended.contains(step) {
      throw Violation(.rollback, "\(id(step)) is scheduled after a cancel by force")
    }
  }

  /// Who needs a step waits for its rollback.
  private func checkOrder(_ step: Int32) throws(Violation) {
    if rollbacks.isRollback(step) { return }
    for need in definition.steps[Int(step)].needs {
      guard let rollback = definition.rollback(ofStep: Int(need)),
        rollbacks.due.contains(rollback)
      else { continue }
      throw Violation(.rollback, "\(id(step)) is scheduled before \(id(rollback)) has ended")
    }
  }

  private func checkMayBeEnded(_ step: Int32, _ fact: String) throws(Violation) {
    if !rollbacks.isRollback(step) || rollbacks.ended.contains(step) { return }
    throw Violation(.rollback, "\(id(step)) \(fact), and no cancel by force came while it ran")
  }

  private func checkNothingFailed(_ step: Int32) throws(Violation) {
    guard let own = definition.stepRolledBack(by: Int(step)) else {
      throw Violation(.rollback, "\(id(step)) is no rollback, and is skipped like one")
    }
    switch ends[own] {
    case .succeeded, .skipped: break
    case nil: throw Violation(.rollback, "\(id(step)) is skipped before \(id(own)) has ended")
    case .failed, .cancelled:
      throw Violation(.rollback, "\(id(step)) is skipped, and its step did not succeed")
    }
  }

  /// Of the steps that have got their ends in this round.
  private func checkRound() throws(Violation) {
    for index in definition.steps.indices {
      guard let own = definition.stepRolledBack(by: index), selected.contains(index),
        settled.contains(own)
      else { continue }
      let step = Int32(index)
      guard settled.contains(step) else {
        throw Violation(.rollback, "\(id(own)) has ended, and \(id(step)) has not")
      }
      let isCalled = ends[own] == .failed || ends[own] == .cancelled
      let hasRun = attempts[index] > 0
      if isCalled != hasRun, !rollbacks.ended.contains(step) {
        throw Violation(
          .rollback, "\(id(own)) has ended, and \(id(step)) \(hasRun ? "ran" : "did not run")")
      }
    }
  }

  /// What a rollback is told of its step.
  func check(
    _ variables: [EnvironmentVariable], ofStep step: Int32, in folder: RunFolder,
    failure: (String) -> [UInt8]?
  ) throws(Violation) {
    guard let own = definition.stepRolledBack(by: Int(step)) else { return }
    func value(_ name: String) -> String? { variables.last { $0.name == name }?.value }
    let outcome = ends[own] == .failed ? "failed" : "cancelled"
    guard value("FLOW_OUTCOME") == outcome, value("FLOW_FAILED_STEPS") == nil else {
      throw Violation(.rollback, "\(id(step)) is told another end than its step has")
    }
    // Without space there is no other.
    guard let path = value("FLOW_FAILURE"), path != "/dev/null" else { return }
    guard path == folder.failure(ofStep: Int(own)) else {
      throw Violation(.rollback, "\(id(step)) is told of a failure in \(path)")
    }
    guard let bytes = failure(path) else { return }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    let attempt = "\(id(own))#\(last[own] ?? 0)"
    guard lines.first?.hasSuffix(": \(id(own)) \(outcome)") == true,
      lines.contains(where: { $0.hasPrefix(attempt) })
    else {
      throw Violation(.rollback, "the file of the failure says: \(lines.joined(separator: " / "))")
    }
  }

  private func id(_ step: Int32) -> String { definition.steps[Int(step)].id }
}

extension RollbackChecker: Checker {
  func learned(_ event: Event, in world: World) throws(Violation) { try learn(event) }

  func launches(_ request: LaunchRequest, in world: World) throws(Violation) {
    guard let run = world.run else { return }
    try check(request.environment, ofStep: request.attempt.step, in: run.folder) {
      world.contentToJudge(at: $0)
    }
  }
}
