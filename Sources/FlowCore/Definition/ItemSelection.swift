/// Which items of a node a run has, chosen when it is created: before anyone knows which there are. Items that
/// it does not have get children like others, and these are skipped as not selected. An item that is named and
/// that the list turns out not to have fails the node before any of its children begins.
package struct ItemSelection: Hashable, Sendable {
  /// An item that is named.
  package struct Named: Hashable, Sendable {
    /// Its key as ids have it.
    package var key: String
    /// Which steps the run has for it, by their places among those that run for each item.
    package var steps: StepSet

    package init(key: String, steps: StepSet) {
      self.key = key
      self.steps = steps
    }
  }

  package var node: Int32
  /// Whether the run has the items that are not named.
  package var hasOthers: Bool
  package var named: [Named]

  package init(node: Int32, hasOthers: Bool, named: [Named]) {
    self.node = node
    self.hasOthers = hasOthers
    self.named = named
  }

  /// By key as ids have it, which steps the run has for an item.
  ///
  /// - Parameter perItem: how many steps run for each.
  func steps(perItem: Int32) -> (String) -> StepSet {
    let byKey = Dictionary(named.map { ($0.key, $0.steps) }, uniquingKeysWith: { one, _ in one })
    let others = hasOthers ? StepSet(0..<perItem) : StepSet()
    return { byKey[$0] ?? others }
  }

  /// The place of the first item that is named and not in a list; nil if all are.
  package func missing(among items: [Item]) -> Int? {
    let keys = Set(items.map { ItemKey.escaped($0.key) })
    return named.firstIndex { !keys.contains($0.key) }
  }
}

extension WorkflowDefinition {
  /// The ids of what a run has of the items that are named, or of what it does not have of them.
  package func ids(_ selection: ItemSelection, selected: Bool) -> [String] {
    let node = Int(selection.node)
    let perItem = stepsPerItem(ofNode: node)
    return selection.named.flatMap { item -> [String] in
      let id = "\(steps[node].id)/\(item.key)"
      let places = perItem.indices.map { Int32($0 - perItem.lowerBound) }
        .filter { item.steps.contains($0) == selected }
      if places.count == perItem.count { return [id] }
      return places.map { place in
        "\(id)/\(nameInChain(ofStep: perItem.lowerBound + Int(place)) ?? "")"
      }
    }
  }

  /// Whether selections of items can be those of a run: each of a node of its own, in order, and of steps that
  /// there are.
  func isSound(_ selections: [ItemSelection]) -> Bool {
    var last: Int32 = -1
    for selection in selections {
      guard selection.node > last, Int(selection.node) < declaredCount,
        forEach(ofStep: Int(selection.node)) != nil, !selection.named.isEmpty
      else { return false }
      last = selection.node
      let perItem = stepsPerItem(ofNode: Int(selection.node)).count
      for item in selection.named where item.steps.last.map({ Int($0) >= perItem }) ?? false {
        return false
      }
    }
    return true
  }
}
