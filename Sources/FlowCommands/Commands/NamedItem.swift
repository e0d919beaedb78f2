import FlowCommandLine
import FlowCore
import FlowText

/// An item of a step with `forEach` as an option of a new run names it, or one of the steps that run for it:
/// `convert/a.csv`, `deploy/eu/check`. Whether there is such an item is often known only in the run.
struct NamedItem: Equatable {
  /// As it is named.
  let id: String
  let node: Int32
  /// As ids have it.
  let key: String
  /// The place of a step among those that run for each item; nil for all.
  let step: Int32?

  /// Which steps it names, by their places.
  func steps(perItem: Int32) -> StepSet { StepSet(step.map { $0..<$0 + 1 } ?? 0..<perItem) }
}

extension WorkflowDefinition {
  /// The step with `forEach` whose item, or step of a chain, has that id; nil if it can be of none, or the run has
  /// its items.
  func node(named id: String) -> Int? {
    if hasChildren { return nil }
    return declaredSteps.first { step in
      forEach(ofStep: step) != nil && id.utf8.starts(with: "\(steps[step].id)/".utf8)
    }
  }

  /// The item of a node, or a step of its chain, that an id names.
  ///
  /// - Returns: or, with nil, an id that may be meant.
  func item(named id: String, ofNode node: Int) -> (item: NamedItem?, suggestion: String?) {
    let own = steps[node].id
    let rest = String(decoding: id.utf8.dropFirst(own.utf8.count + 1), as: UTF8.self)
    let names = chain(ofNode: node).map { nameInChain(ofStep: $0) ?? "" }
    var parts = rest.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false)
      .map { String($0) }
    if names.isEmpty, parts.count > 1 { return (nil, "\(own)/\(ItemKey.escaped(rest))") }
    let key = parts.removeFirst()
    if key.isEmpty || parts.count > 1 { return (nil, nil) }
    guard let name = parts.first else {
      return (NamedItem(id: id, node: Int32(node), key: key, step: nil), nil)
    }
    guard let place = names.firstIndex(where: { $0.utf8.elementsEqual(name.utf8) }) else {
      return (nil, Suggestion.nearest(to: name, among: names).map { "\(own)/\(key)/\($0)" })
    }
    return (NamedItem(id: id, node: Int32(node), key: key, step: Int32(place)), nil)
  }

  /// The keys of a node's items as ids have them, where the file or the run's values say them.
  ///
  /// - Parameter values: of the parameters; nil where they are not known.
  func knownKeys(ofNode node: Int, _ values: [ParameterValue]? = nil) -> [String]? {
    let texts: [String]
    switch forEach(ofStep: node)?.source {
    case .literal(let items): texts = items
    case .parameter(let place):
      guard let values, values.indices.contains(Int(place)) else { return nil }
      texts = values[Int(place)].texts
    case .output, nil: return nil
    }
    // What is wrong with a list, the run says.
    return (try? items(texts, ofNode: node))?.map { ItemKey.escaped($0.key) }
  }

  /// The ids of the items of all nodes, and of the steps that run for them, as far as the file says them.
  var knownItemIDs: Set<String> {
    var ids: Set<String> = []
    for node in declaredSteps where forEach(ofStep: node) != nil {
      let names = chain(ofNode: node).compactMap { nameInChain(ofStep: $0) }
      for key in knownKeys(ofNode: node) ?? [] {
        let id = "\(steps[node].id)/\(key)"
        ids.insert(id)
        for name in names { ids.insert("\(id)/\(name)") }
      }
    }
    return ids
  }

  /// Which items a run has of which nodes.
  ///
  /// - Parameters:
  ///   - only: of nodes of which it has nothing else.
  ///   - skipped: of nodes of which it has all else.
  func selections(only: [NamedItem], skipped: [NamedItem]) -> [ItemSelection] {
    Set((only + skipped).map(\.node)).sorted().map { node in
      let perItem = Int32(stepsPerItem(ofNode: Int(node)).count)
      let hasOthers = !only.contains { $0.node == node }
      var selection = ItemSelection(node: node, hasOthers: hasOthers, named: [])
      for item in only + skipped where item.node == node {
        if selection.named.contains(where: { $0.key == item.key }) { continue }
        func steps(_ items: [NamedItem]) -> Set<Int32> {
          Set(
            items.filter { $0.node == node && $0.key == item.key }
              .flatMap { $0.steps(perItem: perItem).steps })
        }
        let all = hasOthers ? Set(0..<perItem) : steps(only)
        selection.named.append(
          .init(key: item.key, steps: StepSet(all.subtracting(steps(skipped)))))
      }
      return selection
    }
  }
}
