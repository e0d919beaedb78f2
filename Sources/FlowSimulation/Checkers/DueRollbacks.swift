import FlowCore

/// Which rollbacks have to run, by the durable history: those whose step failed, or was cancelled after it
/// had begun, and which have no end; and those of them that a cancel by force has ended since.
struct DueRollbacks {
  private let definition: WorkflowDefinition
  private let selected: SelectedSteps
  private(set) var due: Set<Int32> = []
  /// In this round.
  private(set) var ended: Set<Int32> = []

  init(_ definition: WorkflowDefinition, _ selected: SelectedSteps? = nil) {
    self.definition = definition
    self.selected = selected ?? SelectedSteps(definition, without: StepSet())
  }

  mutating func learn(_ body: Event.Body) {
    switch body {
    case .stepFinished(let step, let outcome):
      due.remove(step)
      guard outcome != .succeeded, let rollback = definition.rollback(ofStep: Int(step)),
        selected.contains(Int(rollback))
      else { return }
      due.insert(rollback)
    case .stepSkipped(let step, _): due.remove(step)
    case .cancelRequested(let request): if request.force { ended.formUnion(due) }
    case .runReopened: (due, ended) = ([], [])
    default: break
    }
  }

  func isRollback(_ step: Int32) -> Bool { definition.isRollback(Int(step)) }
}
