import FlowCore

/// In each round a step has one end and the run has one end, which nothing follows but the next
/// round. A step that has succeeded keeps its end in later rounds, unless it came after a step that
/// runs again, or is named.
final class TerminalChecker {
  private struct End {
    let sequence: Int64
    let isSuccess: Bool
  }

  private let selected: SelectedSteps
  private var ends: [Int32: End] = [:]
  private var runFinishedAt: Int64?
  private var lastSequence: Int64 = 0

  init(_ definition: WorkflowDefinition, without unselected: StepSet = StepSet()) {
    selected = SelectedSteps(definition, without: unselected)
  }

  func check(_ event: Event) throws(Violation) {
    guard event.sequence == lastSequence + 1 else {
      throw Violation(.terminal, "event \(event.sequence) follows event \(lastSequence)")
    }
    lastSequence = event.sequence
    if case .runReopened(_, let scope) = event.body { return try reopen(scope, event) }
    if let end = runFinishedAt {
      throw Violation(.terminal, "event \(event.sequence) follows the end of the run (\(end))")
    }
    switch event.body {
    case .stepFinished(let step, let outcome):
      try end(step, isSuccess: outcome == .succeeded, event)
    case .stepSkipped(let step, _): try end(step, isSuccess: false, event)
    case .runFinished: runFinishedAt = event.sequence
    default: break
    }
  }

  private func end(
    _ step: Int32, isSuccess: Bool, _ event: Event
  ) throws(Violation) {
    let end = End(sequence: event.sequence, isSuccess: isSuccess)
    if let before = ends.updateValue(end, forKey: step) {
      throw Violation(
        .terminal,
        "step \(step) ended in event \(before.sequence) and again in \(event.sequence)")
    }
  }

  private func reopen(_ scope: ReopenScope, _ event: Event) throws(Violation) {
    guard runFinishedAt != nil else {
      throw Violation(.terminal, "event \(event.sequence) reopens a run that has not ended")
    }
    runFinishedAt = nil
    let runsAgain = selected.runningAgain(scope) { ends[Int32($0)]?.isSuccess == true }
    ends = ends.filter { !runsAgain[Int($0.key)] }
  }
}

extension TerminalChecker: Checker {
  func learned(_ event: Event, in world: World) throws(Violation) { try check(event) }
}
