import FlowCore

/// A run has the steps that were selected when it was created, whichever engine drives it, and a round
/// those that were named: what is left out is skipped once, as not selected, and never runs; what a
/// round names runs again with all that follows, if that is wanted, and nothing else does.
final class SelectionChecker {
  private let selected: SelectedSteps
  private let unselected: StepSet
  private let items: [ItemSelection]
  private var ends: StepEnds
  /// By step, whether it may run in this round.
  private var mayRun: [Bool]

  init(
    _ definition: WorkflowDefinition, without unselected: StepSet, _ items: [ItemSelection] = []
  ) {
    self.unselected = unselected
    self.items = items
    selected = SelectedSteps(definition, without: unselected)
    ends = StepEnds(selected)
    mayRun = definition.steps.indices.map { !unselected.contains(Int32($0)) }
  }

  /// Takes in an event that is durable.
  func learn(_ event: Event) throws(Violation) {
    ends.learn(event)
    switch event.body {
    case .runCreated(let created):
      if created.unselected != unselected || created.items != items {
        throw Violation(.selection, "the run has recorded another selection than it was given")
      }
    case .attemptScheduled(let attempt):
      if !mayRun[Int(attempt.step)] {
        let why = selected.contains(Int(attempt.step)) ? "this round does not rerun" : "is left out"
        throw Violation(.selection, "\(id(attempt.step)) is scheduled, which \(why)")
      }
    case .asked(let step):
      if !mayRun[Int(step)] {
        throw Violation(.selection, "\(id(step)) asks, and is not to run")
      }
    case .stepSkipped(let step, let reason):
      // Which of the children that are, `ForEachChecker` judges.
      if selected.definition.isChild(Int(step)) { break }
      if (reason == .notSelected) == selected.contains(Int(step)) {
        throw Violation(.selection, "\(id(step)) is skipped for the wrong reason: \(reason)")
      }
    case .runFinished:
      if let open = ends.open {
        throw Violation(.selection, "the run has ended, and \(id(Int32(open))) has not")
      }
    case .runReopened(_, let scope):
      if !scope.holdsOrder, let step = ends.acrossKept {
        throw Violation(
          .selection,
          "\(id(Int32(step))) comes after a step of this round, and its order is not held")
      }
      // Which of the children that may do, `ForEachChecker` judges.
      mayRun = mayRun.indices.map { ends.mayRunAgain($0) }
    default: break
    }
  }

  private func id(_ step: Int32) -> String { selected.definition.steps[Int(step)].id }
}

extension SelectionChecker: Checker {
  func learned(_ event: Event, in world: World) throws(Violation) { try learn(event) }
}
