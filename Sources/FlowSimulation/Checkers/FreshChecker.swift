import FlowCore

/// When a round ends, each step that ran did so after the last ends of its needs: none has an end
/// that follows from something that has run again since.
///
/// Rounds of earlier rules keep the end of a step that ran although its need had failed, and a step
/// can be rerun alone.
final class FreshChecker {
  private struct Step {
    /// The event that scheduled its last attempt.
    var scheduledAt: Int64 = 0
    /// The event that was its last end.
    var endedAt: Int64 = 0
    /// Whether that end says what its work came to.
    var hasRun = false
    /// The event since which it was rerun without what follows from it, by wish.
    var aloneSince: Int64?
  }

  private let definition: WorkflowDefinition
  private let selected: SelectedSteps
  private var ends: StepEnds
  private var steps: [Step]
  private var tasks: AttemptTasks
  private var hasOldRounds = false
  /// Whether the items of the node had a fault; then its children are as they were.
  private var hasItemFault = false

  init(_ definition: WorkflowDefinition, without unselected: StepSet = StepSet()) {
    self.definition = definition
    selected = SelectedSteps(definition, without: unselected)
    ends = StepEnds(selected)
    tasks = AttemptTasks(definition)
    steps = [Step](repeating: Step(), count: definition.steps.count)
  }

  /// Takes in an event that is durable.
  func learn(_ event: Event) throws(Violation) {
    ends.learn(event)
    tasks.learn(event.body)
    switch event.body {
    case .attemptScheduled(let attempt):
      // What is published was made before.
      if !tasks[attempt.step].publishes { steps[Int(attempt.step)].scheduledAt = event.sequence }
    case .stepExpanded(let node, let expansion):
      steps[Int(node)].scheduledAt = event.sequence
      if case .fault = expansion { hasItemFault = true } else { hasItemFault = false }
    case .asked(let step): steps[Int(step)].scheduledAt = event.sequence
    case .stepFinished(let step, let outcome):
      steps[Int(step)].endedAt = event.sequence
      steps[Int(step)].hasRun = outcome != .cancelled
    case .stepSkipped(let step, _):
      steps[Int(step)].endedAt = event.sequence
      steps[Int(step)].hasRun = false
    case .runReopened(_, let scope): reopened(scope, event)
    // A round that is given up comes to nothing.
    case .runFinished: if !hasOldRounds, !ends.isGivenUp { try checkEnds() }
    default: break
    }
  }

  private func reopened(_ scope: ReopenScope, _ event: Event) {
    switch (scope.named, scope.takesDependents) {
    case (nil, false): hasOldRounds = true
    case (nil, true): break
    case (let named?, false):
      for step in named.steps { steps[Int(step)].aloneSince = event.sequence }
    case (_?, true):
      for index in steps.indices where ends.mayRunAgain(index) { steps[index].aloneSince = nil }
    }
  }

  private func checkEnds() throws(Violation) {
    for (index, step) in steps.enumerated() where step.hasRun {
      let child = definition.child(index)
      if let child, hasItemFault || !steps[Int(child.node)].hasRun { continue }
      for need in selected.before[index] where steps[Int(need)].endedAt > step.scheduledAt {
        // Another list leaves the children as they are whose keys it has.
        if child != nil,
          case .output(need, _)? = definition.node.flatMap(definition.forEach)?.source
        {
          continue
        }
        if let alone = steps[Int(need)].aloneSince, step.scheduledAt < alone { continue }
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
