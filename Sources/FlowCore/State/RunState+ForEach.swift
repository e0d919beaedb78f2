/// Nodes and their children: what comes of the items, and what a node comes to.

// MARK: Queries

extension RunState {
  /// What is known of the children of a node; nil before its items were.
  package func expanded(_ node: Int) -> Expanded? {
    nodes.place(of: Int32(node)).map { nodes.expanded[$0] }
  }

  /// The place of what is known of a child's node; nil for what is no child.
  func place(ofParentOf step: Int32) -> Int? {
    guard let child = definition.child(Int(step)) else { return nil }
    return nodes.place(of: child.node)
  }

  /// Whether the siblings of a child are stopped, since more of them have failed than may.
  func isStoppedWithSiblings(_ step: Int32) -> Bool {
    place(ofParentOf: step).map { nodes.expanded[$0].isStopping } ?? false
  }

  /// Whether children of a node have failed that it tolerates, or that may.
  func hasFailedChildren(_ node: Int) -> Bool {
    expanded(node)?.hasFailures ?? false
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

  func texts(_ source: ForEach.Source) throws(ItemFault) -> [String] {
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
  func expansion(ofNode node: Int32) -> Expansion { expand(node).expansion }

  private func expand(_ node: Int32) -> (expansion: Expansion, items: [Item]) {
    do throws(ItemFault) {
      let items = try items(ofNode: node)
      if let missing = created.selection(ofNode: node)?.missing(among: items) {
        throw ItemFault(.notInList, Int32(missing))
      }
      let known = children(ofNode: node)
      let added = known.isEmpty ? items.count : items.count { known[$0.key] == nil }
      return (.children(count: Int32(items.count), added: Int32(added)), items)
    } catch {
      return (.fault(error), [])
    }
  }

  /// By key, the first child of each item that a node ever had.
  private func children(ofNode node: Int32) -> [String: Int32] {
    var found: [String: Int32] = [:]
    let perItem = definition.stepsPerItem(ofNode: Int(node)).count
    for added in expanded(Int(node))?.added ?? [] {
      for first in stride(from: added.lowerBound, to: added.upperBound, by: perItem) {
        if let child = definition.child(Int(first)) { found[child.item.key] = first }
      }
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
    if expanded.failed > forEach.tolerated(of: expanded.selectedItems) {
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
    guard nodes.due.first == node else { throw HistoryError(event, .misplaced) }
    let (own, items) = expand(node)
    guard own == expansion else { throw HistoryError(event, .misplaced) }
    nodes.due.removeFirst()
    try change(node, event, .expanded)
    let place = nodes.begin(node)
    switch expansion {
    case .fault(let fault):
      // The children that it had stay as they are: perhaps the next list has their items again.
      nodes.expanded[place].fault = fault
      endNodeIfSettled(place)
    case .children(let count, let added):
      let plan = nodes.takePlan(ofNode: node)
      let perItem = Int32(definition.stepsPerItem(ofNode: Int(node)).count)
      var firsts: [Int32] = []
      firsts.reserveCapacity(items.count)
      if added == count {
        removeChildren(at: place, but: [])
        let next = Int32(steps.count)
        for place in 0..<count { firsts.append(next + place * perItem) }
        definition.addChildren(items, ofStep: node)
      } else {
        firsts = addChildren(items, ofNode: node, perItem)
        removeChildren(at: place, but: Set(firsts.flatMap { $0..<$0 + perItem }))
      }
      begin(firsts, perItem, at: place, plan)
    }
  }

  /// - Returns: the first child of each item, those that the node had before among them.
  private mutating func addChildren(
    _ items: [Item], ofNode node: Int32, _ perItem: Int32
  ) -> [Int32] {
    let known = children(ofNode: node)
    var next = Int32(steps.count)
    var firsts: [Int32] = []
    var new: [Item] = []
    for item in items {
      if let first = known[item.key] {
        if definition.child(Int(first))?.item != item {
          for child in first..<first + perItem {
            definition.changeItem(ofChild: Int(child), to: item)
            steps[Int(child)].isOfOtherItem = true
          }
        }
        firsts.append(first)
      } else {
        firsts.append(next)
        next += perItem
        new.append(item)
      }
    }
    definition.addChildren(new, ofStep: node)
    return firsts
  }

  /// Begins the children that have not succeeded, or run again.
  ///
  /// - Parameter firsts: of each item.
  private mutating func begin(
    _ firsts: [Int32], _ perItem: Int32, at place: Int, _ plan: ChildrenPlan
  ) {
    nodes.expanded[place].perItem = perItem
    nodes.expanded[place].children =
      perItem == 1 ? firsts : firsts.flatMap { $0..<$0 + perItem }
    let added = definition.steps.count - steps.count
    let firstAdded = Int32(steps.count)
    if added > 0 {
      nodes.expanded[place].added.append(firstAdded..<firstAdded + Int32(added))
    }
    steps.makeRoom(for: added)
    for child in definition.steps.indices.suffix(added) {
      steps.append(StepLifecycle(needs: Int32(definition.neededSiblings(ofChild: child).count)))
    }
    addUnsettled(Int32(added))
    leaveOut(children: firsts, added: firstAdded..<firstAdded + Int32(added), at: place)
    nodes.expanded[place].unsettled += Int32(added)
    var ready: [Int32] = []
    for first in firsts {
      if perItem > 1, first < firstAdded {
        resume(chain: first..<first + perItem, at: place, plan, &ready)
        continue
      }
      for child in first..<first + perItem {
        if child < firstAdded {
          if isKept(child, plan.again) {
            countKept(child, at: place)
            continue
          }
          reopenChild(child)
          nodes.expanded[place].unsettled += 1
        }
        if steps[Int(child)].phase == .ready { ready.append(child) }
      }
    }
    nodes.expanded[place].unsettledItems =
      perItem == 1
      ? nodes.expanded[place].unsettled
      : Int32(firsts.count { isOpen(item: $0..<$0 + perItem) })
    for child in ready { needsEnded(Int(child)) }
    endNodeIfSettled(place)
  }

  /// Whether any child of an item has not settled.
  private func isOpen(item: Range<Int32>) -> Bool {
    item.contains { !steps[Int($0)].isSettled }
  }

  /// Whether a child keeps its end from an earlier round.
  func isKept(_ child: Int32, _ again: ChildrenAgain) -> Bool {
    if steps[Int(child)].isRemoved || steps[Int(child)].isOfOtherItem { return false }
    switch again {
    case .all: return false
    case .none:
      return steps[Int(child)].phase == .succeeded && !work.isSuspect(Int(child))
        || steps[Int(child)].isRefused
    case .named(let children): return !children.contains(child)
    }
  }

  mutating func countKept(_ child: Int32, at place: Int) {
    switch steps[Int(child)].phase {
    case .succeeded: break
    case .skipped where steps[Int(child)].isRefused: break
    case .failed: countFailure(of: child, at: place)
    case .skipped where definition.isChained(Int(child)) && !wasStopped(child): break
    default: countStopped(child, at: place)
    }
  }

  private mutating func countStopped(_ child: Int32, at place: Int) {
    nodes.expanded[place].stopped += 1
    if definition.isChained(Int(child)) {
      nodes.expanded[place].stoppedInChains.insert(definition.siblings(of: child).lowerBound)
    }
  }

  mutating func reopenChild(_ child: Int32, unmetNeeds: Int32 = 0) {
    steps[Int(child)].reopen(unmetNeeds: unmetNeeds)
    outputs.drop(child)
    failedEnds[child] = nil
    work.forget(child)
    addUnsettled(1)
  }

  /// Those that no item of this round is for.
  private mutating func removeChildren(at place: Int, but kept: Set<Int32>) {
    for added in nodes.expanded[place].added {
      for child in added where !kept.contains(child) {
        let step = steps[Int(child)]
        if step.phase == .skipped && step.isRemoved { continue }
        reopenChild(child)
        steps[Int(child)].isRemoved = true
        doom(child, .removed)
      }
    }
  }

  /// A child has settled.
  mutating func childSettled(_ step: Int32) {
    guard let place = place(ofParentOf: step), !steps[Int(step)].isRemoved else { return }
    nodes.expanded[place].unsettled -= 1
    if !isOpen(item: definition.siblings(of: step)) { nodes.expanded[place].unsettledItems -= 1 }
    if steps[Int(step)].phase == .failed, countFailure(of: step, at: place) {
      failed(step, at: place)
    }
    if definition.isChained(Int(step)), !isStopping, !nodes.expanded[place].isStopping {
      tellDependents(of: step, by: step)
    }
    endNodeIfSettled(place)
  }

  /// A child has failed for good.
  ///
  /// - Returns: whether its item has failed now.
  @discardableResult
  private mutating func countFailure(of child: Int32, at place: Int) -> Bool {
    nodes.expanded[place].hasFailures = true
    if definition.isChained(Int(child)) {
      let first = definition.siblings(of: child).lowerBound
      guard !mayFail(child), nodes.expanded[place].failedItems.insert(first).inserted else {
        return false
      }
    }
    nodes.expanded[place].failed += 1
    return true
  }

  /// An item has failed, with this child.
  private mutating func failed(_ step: Int32, at place: Int) {
    let expanded = nodes.expanded[place]
    guard let forEach = definition.forEach(ofStep: Int(expanded.node)),
      expanded.failed > forEach.tolerated(of: expanded.selectedItems)
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
    countStopped(step, at: place)
    return true
  }

  /// What the children of a node have put out becomes what it puts out: lists in the order of the items.
  mutating func gatherOutputs(ofNode node: Int32) {
    guard let place = nodes.place(of: node) else { return }
    let declared = definition.outputs(ofStep: Int(node))
    if declared.isEmpty { return }
    let sources = definition.chainOutputs(ofNode: Int(node))
    let first = definition.stepsPerItem(ofNode: Int(node)).lowerBound
    let children = nodes.expanded[place].children
    let firsts = stride(from: 0, to: children.count, by: Int(nodes.expanded[place].perItem))
    let parts = declared.indices.map { output in
      // Which of an item's children puts it out, and as which of its outputs.
      let (offset, own) =
        sources.isEmpty ? (0, Int32(output)) : (sources[output].step - first, sources[output].place)
      return OutputPart(
        output: Int32(output),
        bytes: JSONList.spelled(
          firsts.map { place in
            let child = children[place + offset]
            let type = definition.outputs(ofStep: Int(child))[Int(own)].type
            return outputs.value(ofStep: child, at: own).map { JSONList.element($0, type) }
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
