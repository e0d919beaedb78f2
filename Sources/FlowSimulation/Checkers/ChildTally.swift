import FlowCore

/// How the children of a workflow's node have ended in this round, as far as others than `ForEachChecker` need
/// it: whether so many have failed that the node is sure to fail, and the others are stopped.
struct ChildTally {
  private let definition: WorkflowDefinition
  private let forEach: ForEach?
  private let node: Int
  /// How many items the run has.
  private var count: Int32 = 0
  private var failed: Int32 = 0
  /// In a chain, the first children of these items.
  private var failedItems: Set<Int32> = []
  private var known: KnownItems
  private var isRunStopping = false
  /// Whether siblings are stopped.
  private(set) var areStopped = false

  init(_ definition: WorkflowDefinition, _ selection: ItemSelection? = nil) {
    self.definition = definition
    known = KnownItems(definition, selection)
    node = definition.node ?? 0
    forEach = definition.node.flatMap { definition.forEach(ofStep: $0) }
  }

  func isChild(_ step: Int32) -> Bool { definition.isChild(Int(step)) }
  func isNode(_ step: Int32) -> Bool { forEach != nil && node == Int(step) }

  /// Whether the node fails, whatever becomes of the rest.
  var isSureToFail: Bool {
    guard let forEach else { return false }
    return failed > tolerated(forEach)
  }

  /// The first child of the item of a child in a chain; nil for others.
  func item(of step: Int32) -> Int32? {
    guard let child = definition.child(Int(step)), child.step != child.node else { return nil }
    return step - (child.step - Int32(definition.chainSteps.lowerBound))
  }

  private func tolerated(_ forEach: ForEach) -> Int32 {
    switch forEach.tolerance {
    case nil: 0
    case .count(let most): most
    case .percent(let percent): count * percent / 100
    }
  }

  mutating func learn(_ body: Event.Body) {
    known.learn(body)
    switch body {
    case .stepExpanded(_, .children):
      (count, failed, areStopped) = (known.selectedCount, 0, false)
      failedItems = []
    case .stepFinished(let step, .failed) where isChild(step):
      if let first = item(of: step) {
        // A failure of a chain may be allowed, and an item fails once.
        let mayFail = definition.settings(ofStep: Int(step)).allowFailure
        if mayFail || !failedItems.insert(first).inserted { break }
      }
      failed += 1
      if isSureToFail, forEach?.tolerance != nil, !isRunStopping { areStopped = true }
    case .runStopping: isRunStopping = true
    case .runReopened: (isRunStopping, areStopped, failed) = (false, false, 0)
    default: break
    }
  }
}
