/// What a drawn step says with `forEach`: it is a *node*, and runs once for each item of a list.
package struct NodePlan: Equatable, Sendable {
  package enum Source: Equatable, Sendable {
    case literal([String])
    /// What a step before it puts out, by its place in the plan.
    case step(Int)
  }

  package enum Tolerance: Equatable, Sendable {
    case count(Int)
    case percent(Int)
  }

  package enum WhenEmpty: String, CaseIterable, Sendable {
    case skip, fail, succeed
  }

  package var source: Source
  package var most = 1_000
  package var jobs: Int?
  package var tolerance: Tolerance?
  package var whenEmpty = WhenEmpty.skip
  /// The steps that run for each item; empty where the node itself does. Their needs are places among them,
  /// each before the step.
  package var chain: [StepPlan] = []

  package init(over source: Source) {
    self.source = source
  }

  /// How many of so many items may fail.
  package func tolerated(of count: Int) -> Int {
    switch tolerance {
    case nil: 0
    case .count(let most): most
    case .percent(let percent): count * percent / 100
    }
  }

  /// What is wrong with a list, spelled as in the history; nil if nothing is.
  package func fault(in list: [String]) -> String? {
    if list.count > most { return "tooMany" }
    return Set(list).count < list.count ? "repeated" : nil
  }
}

/// What a step is for that a node runs for one item.
package struct ChildPlan: Equatable, Sendable {
  /// The id of its node.
  package let node: String
  package let item: String
  /// The ids of those that it needs in its chain.
  package let needs: [String]
  /// Whether it is a step of a chain.
  package let isChained: Bool
}

extension RoundPlan {
  /// The only node.
  package var node: StepPlan? { nodePlace.map { steps[$0] } }
  private var nodePlace: Int? { steps.firstIndex { $0.node != nil } }

  /// The list that a node runs over.
  ///
  /// - Parameter attempt: of the step that puts it out; nil for its probe.
  package func list(fromAttempt attempt: Int?) -> [String] {
    switch node?.node?.source {
    case nil: []
    case .literal(let items): items
    case .step(let place):
      (attempt.map { steps[place].behaviour(ofAttempt: $0) } ?? steps[place].probe).list ?? []
    }
  }

  /// All lists that the node can get.
  private var lists: [[String]] {
    guard case .step(let place) = node?.node?.source else { return [list(fromAttempt: nil)] }
    return (steps[place].behaviours + [steps[place].probe]).map { $0.list ?? [] }
  }

  /// As an id has the key of an item.
  private static func escaped(_ key: String) -> String {
    key.map { $0 == "%" ? "%25" : $0 == "/" ? "%2F" : $0 == "@" ? "%40" : String($0) }.joined()
  }

  /// The steps that a node runs for an item, by their ids.
  package static func children(of node: StepPlan, for item: String) -> [String] {
    let own = "\(node.id)/\(escaped(item))"
    let chain = node.node?.chain ?? []
    return chain.isEmpty ? [own] : chain.map { "\(own)/\($0.id)" }
  }

  /// The same plan as checkers read it, in which all steps that the node can run for items are steps of their
  /// own.
  package var withChildren: RoundPlan {
    guard let node, let forEach = node.node else { return self }
    var plan = self
    var children: [StepPlan] = []
    var known: Set<String> = []
    for item in lists.joined() where known.insert(item).inserted {
      let ids = Self.children(of: node, for: item)
      let first = steps.count + children.count
      for (place, id) in ids.enumerated() {
        var child = forEach.chain.isEmpty ? node : forEach.chain[place]
        let siblings = forEach.chain.isEmpty ? [] : child.needs
        child.child = ChildPlan(
          node: node.id, item: item, needs: siblings.map { ids[$0] },
          isChained: !forEach.chain.isEmpty)
        child.id = id
        child.node = nil
        child.needs = node.needs + siblings.map { first + $0 }
        child.behaviours = child.behaviours(forItem: item)
        children.append(child)
      }
    }
    plan.steps += children
    return plan
  }
}
