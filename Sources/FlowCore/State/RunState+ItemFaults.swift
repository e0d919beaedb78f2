/// What is wrong with lists, and what they lack.
extension RunState {
  /// The children that a round is asked for and that would not run: their items are gone, and what puts out the
  /// list does not run again.
  package func childrenWithoutItem(_ reopening: Reopening) -> [Int32] {
    let scope = reopening.scope(created.policyVersion)
    guard definition.hasChildren, let named = scope.named,
      let runsAgain = try? stepsRunningAgain(scope)
    else { return [] }
    return named.steps.filter { step in
      guard let child = definition.child(Int(step)), steps[Int(step)].isRemoved else {
        return false
      }
      guard case .output(let source, _)? = definition.forEach(ofStep: Int(child.node))?.source
      else { return true }
      return !runsAgain[Int(source)]
    }
  }

  /// What is wrong with the items of a node in this round; nil if nothing is. It is not escaped.
  package func itemFault(ofNode node: Int) -> String? {
    guard let fault = expanded(node)?.fault, let forEach = definition.forEach(ofStep: node) else {
      return nil
    }
    // While the node waits for another round, the list can be another one already.
    guard expansion(ofNode: Int32(node)) == .fault(fault), let texts = try? texts(forEach.source)
    else { return fault.text(most: forEach.most) }
    return definition.text(fault, of: texts, ofNode: node, created.selection(ofNode: Int32(node)))
  }
}
