import FlowCore

/// In each round a step has one end and the run has one end, which nothing follows but the next
/// round. A step that has succeeded keeps its end in later rounds, unless it came after a step that
/// runs again, or is named.
final class TerminalChecker {
  /// By step, the event that was its end.
  private var endedAt: [Int32: Int64] = [:]
  private var ends: StepEnds
  private var runFinishedAt: Int64?
  private var lastSequence: Int64 = 0

  init(_ definition: WorkflowDefinition, without unselected: StepSet = StepSet()) {
    ends = StepEnds(SelectedSteps(definition, without: unselected))
  }

  func check(_ event: Event) throws(Violation) {
    guard event.sequence == lastSequence + 1 else {
      throw Violation(.terminal, "event \(event.sequence) follows event \(lastSequence)")
    }
    lastSequence = event.sequence
    ends.learn(event)
    if case .runReopened = event.body { return try reopen(event) }
    if let end = runFinishedAt {
      throw Violation(.terminal, "event \(event.sequence) follows the end of the run (\(end))")
    }
    switch event.body {
    case .stepFinished(let step, _), .stepSkipped(let step, _): try end(step, event)
    case .runFinished: runFinishedAt = event.sequence
    default: break
    }
  }

  private func end(_ step: Int32, _ event: Event) throws(Violation) {
    if let before = endedAt.updateValue(event.sequence, forKey: step) {
      throw Violation(
        .terminal, "step \(step) ended in event \(before) and again in \(event.sequence)")
    }
  }

  private func reopen(_ event: Event) throws(Violation) {
    guard runFinishedAt != nil else {
      throw Violation(.terminal, "event \(event.sequence) reopens a run that has not ended")
    }
    runFinishedAt = nil
    endedAt = endedAt.filter { !ends.mayRunAgain(Int($0.key)) }
  }
}

extension TerminalChecker: Checker {
  func learned(_ event: Event, in world: World) throws(Violation) { try check(event) }
}
