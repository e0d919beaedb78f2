/// Which steps a run has, chosen when it is created.
///
/// What `only` names, or what `from` and `to` leave, without what `skip` names. With `from`, these are
/// the steps that it names and all that need them, directly or not; with `to`, those and all that they
/// need; with both, the steps that belong to both. With none of the three, all.
package struct StepSelection: Equatable, Sendable {
  package var only: [Int32] = []
  package var from: [Int32] = []
  package var to: [Int32] = []
  package var skip: [Int32] = []
  /// Of nodes of which it does not have all items.
  package var items: [ItemSelection] = []

  package init() {}

  package var isEmpty: Bool { only.isEmpty && from.isEmpty && to.isEmpty && skip.isEmpty }

  /// Why a step is selected or not.
  package enum Reason: Equatable, Sendable {
    case named
    /// It needs this step, which `from` names.
    case after(Int32)
    /// This step needs it, which `to` names.
    case before(Int32)
    /// It lies between the two.
    case between(Int32, Int32)
    /// Nothing selects, and nothing skips it.
    case notSkipped
    case skipped
    case notNamed
    case notAfter
    case notBefore
    /// It belongs to `finally`, of which only `skip` leaves steps out, or to `notify`.
    case concluding
    /// It is a rollback, and its step is selected or not.
    case withStep
  }

  /// By step, why it is selected or not. Takes time linear in steps and needs.
  package func reasons(
    _ definition: WorkflowDefinition, _ graph: DependencyGraph
  ) -> [(isSelected: Bool, reason: Reason)] {
    let count = definition.declaredCount
    let after = reach(from, count) { step, visit in
      for dependent in graph.dependents(of: step) { visit(dependent) }
    }
    let before = reach(to, count) { step, visit in
      for need in definition.steps[step].needs { visit(need) }
    }
    let named = StepSet(only).flags(of: count)
    let skipped = StepSet(skip).flags(of: count)
    var reasons = (0..<count).map { step -> (isSelected: Bool, reason: Reason) in
      // Whatever a run has, it can tell what it came to.
      if definition.isNotify(step) { return (true, .concluding) }
      if skipped[step] { return (false, .skipped) }
      if definition.isFinally(step), !only.isEmpty || !from.isEmpty || !to.isEmpty {
        let isNamed = (only + from + to).contains(Int32(step))
        return (true, isNamed ? .named : .concluding)
      }
      if !only.isEmpty { return named[step] ? (true, .named) : (false, .notNamed) }
      let (first, last) = (after[step], before[step])
      if !from.isEmpty, first == nil { return (false, .notAfter) }
      if !to.isEmpty, last == nil { return (false, .notBefore) }
      switch (first, last) {
      case (nil, nil): return (true, .notSkipped)
      case (let first?, nil): return (true, first == Int32(step) ? .named : .after(first))
      case (nil, let last?): return (true, last == Int32(step) ? .named : .before(last))
      case (let first?, let last?):
        return (true, first == step || last == Int32(step) ? .named : .between(first, last))
      }
    }
    for step in reasons.indices {
      guard let own = definition.stepRolledBack(by: step) else { continue }
      reasons[step] = (reasons[Int(own)].isSelected, .withStep)
    }
    return reasons
  }

  /// The steps that are not selected.
  package func unselected(_ definition: WorkflowDefinition, _ graph: DependencyGraph) -> StepSet {
    StepSet(flags: reasons(definition, graph).map { !$0.isSelected })
  }

  /// By step, the first of some steps from which it is reached; nil if it is from none.
  private func reach(
    _ starts: [Int32], _ count: Int, _ next: (Int, (Int32) -> Void) -> Void
  ) -> [Int32?] {
    var reached = [Int32?](repeating: nil, count: count)
    // What is named is reached from itself.
    for start in starts { reached[Int(start)] = start }
    for start in starts {
      var pending = [start]
      while let step = pending.popLast() {
        next(Int(step)) { other in
          if reached[Int(other)] == nil {
            reached[Int(other)] = start
            pending.append(other)
          }
        }
      }
    }
    return reached
  }
}
