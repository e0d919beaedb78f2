/// The chains of items in later rounds: what runs again there, and in which order.
extension RunState {
  /// Begins those of an item's children that run again. A step runs again that has not succeeded, or comes after
  /// one that does; what was skipped for a need that stands is left as it is.
  ///
  /// - Parameters:
  ///   - chain: the children, which an earlier round had.
  ///   - ready: gets those that need no other.
  mutating func resume(
    chain: Range<Int32>, at place: Int, _ plan: ChildrenPlan, _ ready: inout [Int32]
  ) {
    // Runs again, or comes after what does and keeps its end.
    var isPending: Set<Int32> = []
    var runsAgain: Set<Int32> = []
    for child in chain {
      let needs = definition.neededSiblings(ofChild: Int(child))
      let pending = needs.filter { isPending.contains($0) }
      let unmet = needs.first { need in
        !runsAgain.contains(need)
          && !isMet(definition.wanted(ofStep: Int(child), from: need), by: need)
      }
      let follows = plan.takesDependents && needs.contains { runsAgain.contains($0) }
      guard follows || !isKeptInChain(child, plan.again, unmet) else {
        if !pending.isEmpty {
          isPending.insert(child)
          passages.keep(Int(child), awaiting: pending)
        }
        countKept(child, at: place)
        continue
      }
      isPending.insert(child)
      runsAgain.insert(child)
      reopenChild(child, unmetNeeds: Int32(pending.count))
      nodes.expanded[place].unsettled += 1
      if let unmet {
        doom(child, .need(step: unmet))
      } else if pending.isEmpty {
        ready.append(child)
      }
    }
  }

  /// - Parameter unmet: a need that keeps its end, which is not as the child wants.
  private func isKeptInChain(_ child: Int32, _ again: ChildrenAgain, _ unmet: Int32?) -> Bool {
    if isKept(child, again) { return true }
    let step = steps[Int(child)]
    guard again == .none, !step.isRemoved, !step.isOfOtherItem, step.phase == .skipped else {
      return false
    }
    return step.isRefused || unmet != nil
  }

  /// Whether a child that was skipped did not settle by itself.
  func wasStopped(_ child: Int32) -> Bool {
    if steps[Int(child)].isRefused { return false }
    return definition.neededSiblings(ofChild: Int(child)).allSatisfy { need in
      isMet(definition.wanted(ofStep: Int(child), from: need), by: need)
    }
  }
}

extension WorkflowDefinition {
  /// The children for the item of a child.
  package func siblings(of child: Int32) -> Range<Int32> {
    guard let own = self.child(Int(child)) else { return child..<child + 1 }
    let steps = stepsPerItem(ofNode: Int(own.node))
    let first = child - own.step + Int32(steps.lowerBound)
    return first..<first + Int32(steps.count)
  }
}
