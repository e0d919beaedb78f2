/// Queries about the steps that a run has and those that it leaves out.
extension RunState {
  /// Whether the run has the step, and does not leave it out.
  package func isSelected(_ step: Int) -> Bool {
    passages[step] == nil && !(definition.isChild(step) && steps[step].isLeftOut)
  }

  /// Through which end of a selected step the dependents of an unselected one may run, or never
  /// will; nil if they still wait, or through none.
  package func passedBy(_ step: Int) -> Int32? { passages[step]?.by }

  /// Attempts that are scheduled and have no end, in the order of their steps.
  package var openAttemptIDs: [AttemptID] {
    if openAttempts == 0 { return [] }
    return steps.indices.filter { steps[$0].hasOpenAttempt }
      .map { AttemptID(step: Int32($0), number: steps[$0].attempt) }
  }

  /// Whether the run leaves no step out.
  package var hasAllSteps: Bool { created.unselected.isEmpty }

  /// How many steps the run has, without rollbacks that nothing calls for.
  package var selectedSteps: Int { countedSteps.selected }

  /// The steps for whose ends a step waits: its needs, and in place of one that the run leaves out, or that
  /// keeps its end in this round, what that one needs.
  package func selectedNeeds(ofStep step: Int) -> [Int32] {
    let needs = definition.steps[step].needs
    if !needs.contains(where: { passages.crosses($0) }) { return needs }
    var found: [Int32] = []
    var seen: Set<Int32> = []
    var pending = Array(needs.reversed())
    while let need = pending.popLast() {
      guard seen.insert(need).inserted else { continue }
      if !passages.crosses(need) {
        found.append(need)
      } else {
        pending += (passages.kept(need)?.awaited ?? definition.steps[Int(need)].needs).reversed()
      }
    }
    return found
  }

  /// The steps that the end of a selected step was told: its dependents, and in place of one that the
  /// run leaves out and that waited for nothing else, those of that one.
  package func dependents(toldBy step: Int) -> ArraySlice<Int32> {
    if hasAllSteps { return graph.dependents(of: step) }
    var told: [Int32] = []
    var seen: Set<Int32> = []
    var pending = [Int32(step)]
    while let next = pending.popLast() {
      for dependent in graph.dependents(of: Int(next)) {
        if isSelected(Int(dependent)) {
          told.append(dependent)
        } else if passedBy(Int(dependent)) == Int32(step), seen.insert(dependent).inserted {
          pending.append(dependent)
        }
      }
    }
    return told[...]
  }
}

// MARK: Items

extension RunCreated {
  /// What the run was told of the items of a node; nil if nothing.
  package func selection(ofNode node: Int32) -> ItemSelection? {
    items.first { $0.node == node }
  }
}

extension RunState {
  /// Notes which of the new children of a node the run does not have.
  ///
  /// - Parameter firsts: the first child of each item of this round.
  mutating func leaveOut(children firsts: [Int32], added: Range<Int32>, at place: Int) {
    guard let selection = created.selection(ofNode: nodes.expanded[place].node) else { return }
    let perItem = nodes.expanded[place].perItem
    let selected = selection.steps(perItem: perItem)
    for child in added {
      guard let item = definition.child(Int(child))?.item else { continue }
      let step = (child - added.lowerBound) % perItem
      steps[Int(child)].isLeftOut = !selected(ItemKey.escaped(item.key)).contains(step)
    }
    nodes.expanded[place].leftOut = Int32(
      firsts.count { first in (first..<first + perItem).allSatisfy { steps[Int($0)].isLeftOut } })
  }
}
