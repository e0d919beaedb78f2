/// What a run knows of the children of a node, in this round or the last that had any.
package struct Expanded: Equatable, Sendable {
  package let node: Int32
  /// Why there are none.
  package internal(set) var fault: ItemFault?
  /// Its children, in the order of their items.
  package internal(set) var children: [Int32] = []
  package internal(set) var unsettled: Int32 = 0
  /// How many have failed for good.
  package internal(set) var failed: Int32 = 0
  /// How many did not settle by themselves.
  package internal(set) var stopped: Int32 = 0
  /// Whether more have failed than may, and the others are stopped.
  package internal(set) var isStopping = false
  /// Their attempts that are scheduled and have not ended.
  package internal(set) var openAttempts: Int32 = 0
  /// How many are in the run's queue.
  fileprivate(set) var queued: Int32 = 0
  /// Those that are ready, and wait until fewer of its attempts are open.
  package fileprivate(set) var held = ReadyQueue()
}

/// Which children of a node run again in another round, besides those that did not succeed.
enum ChildrenAgain: Equatable, Sendable {
  case none
  case named(Set<Int32>)
  case all
}

/// The nodes of a run.
struct Nodes: Equatable, Sendable {
  /// In the order in which they were expanded first.
  fileprivate(set) var expanded: [Expanded] = []
  /// By node, its place there.
  private var places: [Int32: Int] = [:]
  /// Nodes whose items must be read.
  var due = WorkQueue<Int32>()
  /// By node. What has run again, its children must follow, be it in a later round: a node can be skipped, or
  /// its items can have a fault.
  private(set) var again: [Int32: ChildrenAgain] = [:]

  /// Where what is known of a node stands; nil before it has been expanded.
  func place(of node: Int32) -> Int? { places[node] }

  /// Another round begins.
  mutating func plan(_ again: [Int32: ChildrenAgain]) {
    self.again = self.again.filter { $0.value == .all }
      .merging(again) { known, new in known == .all ? known : new }
  }

  fileprivate mutating func takeAgain(_ node: Int32) -> ChildrenAgain {
    again.removeValue(forKey: node) ?? .none
  }

  fileprivate mutating func begin(_ node: Int32) -> Int {
    if let place = places[node] {
      expanded[place] = Expanded(node: node)
      return place
    }
    places[node] = expanded.count
    expanded.append(Expanded(node: node))
    return expanded.count - 1
  }
}

// MARK: Queries

extension RunState {
  /// What is known of the children of a node; nil before its items were.
  package func expanded(_ node: Int) -> Expanded? {
    nodes.place(of: Int32(node)).map { nodes.expanded[$0] }
  }

  /// The place of what is known of a child's node; nil for what is no child.
  private func place(ofParentOf step: Int32) -> Int? {
    guard let child = definition.child(Int(step)) else { return nil }
    return nodes.place(of: child.node)
  }

  /// Whether the siblings of a child are stopped, since more of them have failed than may.
  func isStoppedWithSiblings(_ step: Int32) -> Bool {
    place(ofParentOf: step).map { nodes.expanded[$0].isStopping } ?? false
  }

  /// Whether children of a node have failed that it tolerates.
  func hasFailedChildren(_ node: Int) -> Bool {
    expanded(node).map { $0.failed > 0 } ?? false
  }

  /// Why a step is not scheduled any more.
  func reasonToStop(_ step: Int32) -> SkipReason {
    !isStopping && isStoppedWithSiblings(step) ? .siblingsFailed : .runStopping
  }

  /// The items of a node, each a child of its own.
  private func items(ofNode node: Int32) throws(ItemFault) -> [Item] {
    guard let forEach = definition.forEach(ofStep: Int(node)) else {
      preconditionFailure("step \(node) has items, but is no node")
    }
    let texts = try texts(forEach.source)
    guard texts.count <= Int(forEach.most) else {
      throw ItemFault(.tooMany, Int32(clamping: texts.count))
    }
    return try definition.items(texts, ofNode: Int(node))
  }

  private func texts(_ source: ForEach.Source) throws(ItemFault) -> [String] {
    switch source {
    case .literal(let items): return items
    case .parameter(let place): return created.parameters[Int(place)].texts
    case .output(let step, let place):
      guard let output = definition.output(ofStep: step, at: place),
        let value = outputs.value(ofStep: step, at: place)
      else { throw ItemFault(.absent) }
      if output.type == .lines { return OutputType.lines(of: value) }
      guard let items = JSONList.elements(of: value) else { throw ItemFault(.noList) }
      return items
    }
  }

  /// What comes of the items of a node that is due: the decision.
  func expansion(ofNode node: Int32) -> Expansion {
    do throws(ItemFault) {
      let items = try items(ofNode: node)
      let known = definition.hasChildren ? children(ofNode: node) : [:]
      let added = known.isEmpty ? items.count : items.count { known[$0.key] == nil }
      return .children(count: Int32(items.count), added: Int32(added))
    } catch {
      return .fault(error)
    }
  }

  /// By key, all children that a node ever had.
  private func children(ofNode node: Int32) -> [String: Int32] {
    var found: [String: Int32] = [:]
    for (place, child) in definition.children.enumerated() where child.node == node {
      found[child.item.key] = Int32(definition.declaredCount + place)
    }
    return found
  }

  /// What a node comes to when all of its children have settled.
  func outcome(ofNode node: Int32) -> Event.Body {
    guard let expanded = expanded(Int(node)),
      let forEach = definition.forEach(ofStep: Int(node))
    else { preconditionFailure("step \(node) ends as a node, but has not been expanded") }
    if expanded.fault != nil { return .stepFinished(step: node, .failed) }
    if expanded.children.isEmpty {
      switch forEach.whenEmpty {
      case .skip: return .stepSkipped(step: node, .noItems)
      case .fail: return .stepFinished(step: node, .failed)
      case .succeed: return .stepFinished(step: node, .succeeded)
      }
    }
    if expanded.failed > forEach.tolerated(of: Int32(expanded.children.count)) {
      return .stepFinished(step: node, .failed)
    }
    return .stepFinished(step: node, expanded.stopped > 0 ? .cancelled : .succeeded)
  }

  /// The precedence of a step: that of its node and then its own place, for a child.
  package func precedence(of step: Int32) -> UInt64 {
    guard let child = definition.child(Int(step)) else {
      return ReadyQueue.precedence(rank: graph.rank(of: Int(step)), child: 0)
    }
    return ReadyQueue.precedence(rank: graph.rank(of: Int(child.node)), child: step)
  }
}

// MARK: Changes

extension RunState {
  mutating func stepExpanded(
    _ node: Int32, _ expansion: Expansion, _ event: Event
  ) throws(HistoryError) {
    guard nodes.due.first == node, self.expansion(ofNode: node) == expansion else {
      throw HistoryError(event, .misplaced)
    }
    nodes.due.removeFirst()
    try change(node, event, .expanded)
    let place = nodes.begin(node)
    switch expansion {
    case .fault(let fault):
      // The children that it had stay as they are: perhaps the next list has their items again.
      nodes.expanded[place].fault = fault
      endNodeIfSettled(place)
    case .children(let count, let added):
      let again = nodes.takeAgain(node)
      var items: [Item] = []
      do throws(ItemFault) { items = try self.items(ofNode: node) } catch {
        preconditionFailure("a node was expanded whose items are faulty: \(error)")
      }
      var children: [Int32] = []
      children.reserveCapacity(items.count)
      if added == count {
        removeChildren(ofNode: node, but: [])
        children += Int32(steps.count)..<(Int32(steps.count) + count)
        definition.addChildren(items, ofStep: node)
      } else {
        children = addChildren(items, ofNode: node)
        removeChildren(ofNode: node, but: Set(children))
      }
      begin(children, added: added, at: place, again)
    }
  }

  /// - Returns: the children of the items, those that the node had before among them.
  private mutating func addChildren(_ items: [Item], ofNode node: Int32) -> [Int32] {
    let known = children(ofNode: node)
    var next = Int32(steps.count)
    var children: [Int32] = []
    var new: [Item] = []
    for item in items {
      if let child = known[item.key] {
        if definition.child(Int(child))?.item != item {
          definition.changeItem(ofChild: Int(child), to: item)
          steps[Int(child)].isOfOtherItem = true
        }
        children.append(child)
      } else {
        children.append(next)
        next += 1
        new.append(item)
      }
    }
    definition.addChildren(new, ofStep: node)
    return children
  }

  /// Begins the children that have not succeeded, or run again.
  private mutating func begin(
    _ children: [Int32], added: Int32, at place: Int, _ again: ChildrenAgain
  ) {
    nodes.expanded[place].children = children
    steps.reserveCapacity(steps.count + Int(added))
    for _ in 0..<added { steps.append(StepLifecycle(needs: 0)) }
    addUnsettled(added)
    let firstAdded = Int32(steps.count) - added
    var ready: [Int32] = []
    for child in children {
      if child < firstAdded {
        if isKept(child, again) {
          countKept(child, at: place)
          continue
        }
        reopenChild(child)
      }
      ready.append(child)
    }
    nodes.expanded[place].unsettled += Int32(ready.count)
    for child in ready { enqueue(child) }
    endNodeIfSettled(place)
  }

  /// Whether a child keeps its end from an earlier round.
  private func isKept(_ child: Int32, _ again: ChildrenAgain) -> Bool {
    if steps[Int(child)].isRemoved || steps[Int(child)].isOfOtherItem { return false }
    switch again {
    case .all: return false
    case .none: return steps[Int(child)].phase == .succeeded
    case .named(let children): return !children.contains(child)
    }
  }

  private mutating func countKept(_ child: Int32, at place: Int) {
    switch steps[Int(child)].phase {
    case .succeeded: break
    case .failed: nodes.expanded[place].failed += 1
    default: nodes.expanded[place].stopped += 1
    }
  }

  private mutating func reopenChild(_ child: Int32) {
    steps[Int(child)].reopen(unmetNeeds: 0)
    outputs.drop(child)
    failedEnds[child] = nil
    addUnsettled(1)
  }

  /// Those that no item of this round is for.
  private mutating func removeChildren(ofNode node: Int32, but kept: Set<Int32>) {
    guard definition.hasChildren else { return }
    for child in definition.childSteps where Int(child) < steps.count {
      guard definition.child(child)?.node == node, !kept.contains(Int32(child)),
        !(steps[child].phase == .skipped && steps[child].isRemoved)
      else { continue }
      reopenChild(Int32(child))
      steps[child].isRemoved = true
      doom(Int32(child), .removed)
    }
  }

  /// A child has settled.
  mutating func childSettled(_ step: Int32) {
    guard let place = place(ofParentOf: step), !steps[Int(step)].isRemoved else { return }
    nodes.expanded[place].unsettled -= 1
    if steps[Int(step)].phase == .failed {
      nodes.expanded[place].failed += 1
      failed(step, at: place)
    }
    endNodeIfSettled(place)
  }

  /// A child has failed for good.
  private mutating func failed(_ step: Int32, at place: Int) {
    let expanded = nodes.expanded[place]
    guard let forEach = definition.forEach(ofStep: Int(expanded.node)),
      expanded.failed > forEach.tolerated(of: Int32(expanded.children.count))
    else { return }
    // The node is sure to fail.
    if !mayFail(expanded.node) { firstFailure = firstFailure ?? step }
    guard forEach.tolerance != nil, !expanded.isStopping, !isStopping else { return }
    nodes.expanded[place].isStopping = true
    let isSibling = Set(expanded.children)
    ready.removeAll { isSibling.contains(Int32($0)) }
    nodes.expanded[place].queued = 0
    nodes.expanded[place].held.removeAll()
    timers.removeRetries { isSibling.contains($0) }
    for child in expanded.children {
      doom(child, .siblingsFailed)
      if steps[Int(child)].hasOpenAttempt { queueStop(Int(child)) }
    }
  }

  private mutating func endNodeIfSettled(_ place: Int) {
    if nodes.expanded[place].unsettled == 0 { undecided.append(nodes.expanded[place].node) }
  }

  /// A child did not settle by itself.
  ///
  /// - Returns: whether that counts for the run.
  mutating func childStopped(_ step: Int32) -> Bool {
    guard let place = place(ofParentOf: step) else { return true }
    // It was stopped since others have failed.
    if nodes.expanded[place].isStopping { return false }
    nodes.expanded[place].stopped += 1
    return true
  }

  /// What the children of a node have put out becomes what it puts out: lists in the order of the items.
  mutating func gatherOutputs(ofNode node: Int32) {
    guard let place = nodes.place(of: node) else { return }
    let declared = definition.outputs(ofStep: Int(node))
    if declared.isEmpty { return }
    let children = nodes.expanded[place].children
    let parts = declared.indices.map { output in
      OutputPart(
        output: Int32(output),
        bytes: JSONList.spelled(
          children.map { child in
            outputs.value(ofStep: child, at: Int32(output)).map {
              String(decoding: $0, as: UTF8.self)
            }
          }))
    }
    outputs.give(parts, ofStep: node, number: 1)
  }

  // MARK: The queue

  /// Puts a ready child into the run's queue, as far as `jobs` of its node lets it.
  mutating func enqueueChild(_ step: Int32) {
    guard let place = place(ofParentOf: step),
      definition.forEach(ofStep: Int(nodes.expanded[place].node))?.jobs != nil
    else {
      ready.insert(precedence(of: step))
      return
    }
    nodes.expanded[place].held.insert(precedence(of: step))
    fillQueue(at: place)
  }

  private mutating func fillQueue(at place: Int) {
    let node = nodes.expanded[place].node
    guard let jobs = definition.forEach(ofStep: Int(node))?.jobs else { return }
    while nodes.expanded[place].openAttempts + nodes.expanded[place].queued < jobs,
      let next = nodes.expanded[place].held.removeFirst()
    {
      ready.insert(next)
      nodes.expanded[place].queued += 1
    }
  }

  /// An attempt of a child was scheduled.
  mutating func childLeftQueue(_ step: Int32) {
    guard let place = place(ofParentOf: step), nodes.expanded[place].queued > 0 else { return }
    nodes.expanded[place].queued -= 1
  }

  mutating func countOpenChild(_ step: Int32, _ change: Int) {
    guard let place = place(ofParentOf: step) else { return }
    nodes.expanded[place].openAttempts += Int32(change)
    if change < 0 { fillQueue(at: place) }
  }

  /// Nothing is scheduled any more.
  mutating func emptyNodeQueues() {
    nodes.due.removeAll()
    for place in nodes.expanded.indices {
      nodes.expanded[place].queued = 0
      nodes.expanded[place].held.removeAll()
    }
  }
}
