/// The steps that `onFailure` of other steps adds: rollbacks. Each is right behind its step, which it needs
/// whatever its end.
extension WorkflowDefinition {
  /// What `onFailure` adds to the id of its step.
  package static let rollbackName = "onFailure"

  package var hasRollbacks: Bool { extras.contains(where: \.isRollback) }

  package func isRollback(_ index: Int) -> Bool {
    let place = steps[index].extrasIndex
    return place != 0 && extras[Int(place)].isRollback
  }

  /// The step that the one at `index` rolls back; nil if it is no rollback.
  package func stepRolledBack(by index: Int) -> Int32? {
    isRollback(index) ? Int32(index - 1) : nil
  }

  /// The rollback of the step at `index`; nil if it has none.
  package func rollback(ofStep index: Int) -> Int32? {
    index + 1 < declaredCount && isRollback(index + 1) ? Int32(index + 1) : nil
  }

  /// The steps whose outputs a step gets: those that it needs, and of a rollback those of its step.
  package func sources(ofStep index: Int) -> [Int32] {
    steps[stepRolledBack(by: index).map { Int($0) } ?? index].needs
  }

  /// Whether a step that says so can be the rollback of the one before it.
  func isSoundRollback(_ index: Int) -> Bool {
    let extras = extras(ofStep: index)
    let own = Int32(index - 1)
    return index > 0 && !isRollback(index - 1) && !isFinally(index) && steps[index].needs == [own]
      && extras.edges == [Edge(need: own, wanted: .settled)] && extras.condition == nil
      && extras.outputs.isEmpty
  }
}
