import FlowCore

/// When a round ends, each step that ran did so after the last ends of its needs: none has an end
/// that follows from something that has run again since.
///
/// Rounds of earlier rules keep the end of a step that ran although its need had failed.
final class FreshChecker {
  private struct Step {
    /// The event that scheduled its last attempt.
    var scheduledAt: Int64 = 0
    /// The event that was its last end.
    var endedAt: Int64 = 0
    /// Whether that end says what its work came to.
    var hasRun = false
  }

  private let definition: WorkflowDefinition
  private var steps: [Step]
  private var hasOldRounds = false

  init(_ definition: WorkflowDefinition) {
    self.definition = definition
    steps = [Step](repeating: Step(), count: definition.steps.count)
  }

  /// Takes in an event that is durable.
  func learn(_ event: Event) throws(Violation) {
    switch event.body {
    case .attemptScheduled(let attempt): steps[Int(attempt.step)].scheduledAt = event.sequence
    case .stepFinished(let step, let outcome):
      steps[Int(step)].endedAt = event.sequence
      steps[Int(step)].hasRun = outcome != .cancelled
    case .stepSkipped(let step, _):
      steps[Int(step)].endedAt = event.sequence
      steps[Int(step)].hasRun = false
    case .runReopened(_, let scope): if scope == .unsuccessful { hasOldRounds = true }
    case .runFinished: if !hasOldRounds { try checkEnds() }
    default: break
    }
  }

  private func checkEnds() throws(Violation) {
    for (index, step) in steps.enumerated() where step.hasRun {
      for need in definition.steps[index].needs
      where steps[Int(need)].endedAt > step.scheduledAt {
        throw Violation(
          .fresh,
          "\(definition.steps[index].id) last ran before \(definition.steps[Int(need)].id), which it"
            + " needs, had its last end (event \(steps[Int(need)].endedAt))")
      }
    }
  }
}

extension FreshChecker: Checker {
  func learned(_ event: Event, in world: World) throws(Violation) { try learn(event) }
}

extension ReopenScope {
  /// By step, whether it runs again in a round of this scope, by a rule that shares no code with
  /// the engine's: steps are marked until none is left that needs a marked one.
  func steps(of definition: WorkflowDefinition, _ hasSucceeded: (Int) -> Bool) -> [Bool] {
    var runsAgain = definition.steps.indices.map { !hasSucceeded($0) }
    guard self == .withDependents else { return runsAgain }
    var hasChanged = true
    while hasChanged {
      hasChanged = false
      for (index, step) in definition.steps.enumerated() where !runsAgain[index] {
        if step.needs.contains(where: { runsAgain[Int($0)] }) {
          runsAgain[index] = true
          hasChanged = true
        }
      }
    }
    return runsAgain
  }
}
