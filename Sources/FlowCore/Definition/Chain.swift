/// The chains of nodes whose `forEach` has several steps for each item. The steps of chains are behind all that
/// have a life of their own: they never run, and each child is a copy of one of them, for one item. The chains
/// are in the order of their nodes, and a step of a chain is behind those of it that it needs.
extension WorkflowDefinition {
  package var chainSteps: Range<Int> { declaredCount..<declaredCount + chainCount }

  package func isInChain(_ index: Int) -> Bool { chainCount > 0 && chainSteps.contains(index) }

  /// All others: those that the file declares, and children.
  package var livingSteps: [Int] { Array(declaredSteps) + childSteps }

  /// The same without what is of single items, as far as the ends of declared steps are asked for.
  package var withoutItems: WorkflowDefinition {
    if !hasForEach { return self }
    var definition = self
    definition.steps.removeSubrange(chainSteps)
    definition.chainCount = 0
    for index in definition.extras.indices {
      definition.extras[index].forEach?.chain = 0..<0
      if extras[index].condition?.asksItem == true { definition.extras[index].condition = nil }
    }
    return definition
  }

  /// The chain of the step at `index`; empty where it has none, and runs itself for each item if it is a node.
  package func chain(ofNode index: Int) -> Range<Int> {
    guard chainCount > 0, let chain = forEach(ofStep: index)?.chain else { return 0..<0 }
    return Int(chain.lowerBound)..<Int(chain.upperBound)
  }

  /// The steps that run for each item of a node.
  package func stepsPerItem(ofNode index: Int) -> Range<Int> {
    let chain = chain(ofNode: index)
    return chain.isEmpty ? index..<index + 1 : chain
  }

  /// The node in whose chain a step is; nil if it is in none.
  package func node(ofChainStep index: Int) -> Int? {
    guard isInChain(index) else { return nil }
    return declaredSteps.first { chain(ofNode: $0).contains(index) }
  }

  /// Whether the step at `index` is a child in a chain.
  package func isChained(_ index: Int) -> Bool {
    child(index).map { $0.step != $0.node } ?? false
  }

  /// The id of a step as the others of its chain name it; nil for what is in none.
  package func nameInChain(ofStep index: Int) -> String? {
    let place = child(index).map { Int($0.step) } ?? index
    guard let node = node(ofChainStep: place) else { return nil }
    return String(steps[place].id.dropFirst(steps[node].id.count + 1))
  }

  /// The step that another one means by an id in its texts: in a chain, one of that first; nil if there is
  /// none. In a workflow that is called these ids begin with that of the call.
  package func step(named id: String, by index: Int) -> Int? {
    let place = child(index).map { Int($0.step) } ?? index
    if let node = node(ofChainStep: place) {
      let call = steps[node].id.utf8.lastIndex(of: UInt8(ascii: "/"))
      let prefix = call.map { steps[node].id[...$0] } ?? ""
      if id.hasPrefix(prefix),
        let found = chain(ofNode: node).first(where: {
          steps[$0].id.utf8.elementsEqual("\(steps[node].id)/\(id.dropFirst(prefix.count))".utf8)
        })
      {
        return found
      }
    }
    return steps[declaredSteps].firstIndex { $0.id.utf8.elementsEqual(id.utf8) }
  }

  /// What stands for a step where a child names it: of the steps of its chain, the one for the same item.
  package func counterpart(of step: Int32, forChild index: Int) -> Int32 {
    guard isInChain(Int(step)), let child = child(index), child.step != child.node else {
      return step
    }
    return Int32(index) - child.step + step
  }

  /// The children for the same item that need a child.
  package func siblings(needing index: Int) -> ArraySlice<Int32> {
    guard let child = child(index), child.step != child.node else { return [] }
    let chain = chain(ofNode: Int(child.node))
    return ArraySlice(
      (Int(child.step) + 1..<chain.upperBound).filter { steps[$0].needs.contains(child.step) }
        .map { Int32(index) - child.step + Int32($0) })
  }

  /// The children for the same item that a child needs.
  package func neededSiblings(ofChild index: Int) -> ArraySlice<Int32> {
    guard isChained(index) else { return [] }
    return steps[index].needs.drop { !isChild(Int($0)) }
  }

  /// Whether the chains are as they can be: behind each other, and each in an order in which it can run.
  var hasSoundChains: Bool {
    var next = declaredCount
    for node in declaredSteps {
      guard let chain = forEach(ofStep: node)?.chain, !chain.isEmpty else { continue }
      let steps = Int(chain.lowerBound)..<Int(chain.upperBound)
      guard steps.lowerBound == next, steps.upperBound <= chainSteps.upperBound,
        steps.count <= ForEach.mostChained, steps.allSatisfy({ isSound($0, inChain: steps) })
      else { return false }
      next = steps.upperBound
    }
    return next == chainSteps.upperBound
  }

  private func isSound(_ step: Int, inChain chain: Range<Int>) -> Bool {
    let extras = extras(ofStep: step)
    return steps[step].needs.allSatisfy { chain.contains(Int($0)) && $0 < step }
      && extras.forEach == nil && extras.question == nil && !extras.isRollback
      && extras.notice == nil
  }

  /// What the chain of a node puts out, by name, each with the step of the chain that does.
  package func chainOutputs(ofNode index: Int) -> [(output: StepOutput, step: Int, place: Int32)] {
    chain(ofNode: index).flatMap { step in
      extras(ofStep: step).outputs.enumerated().map { ($1, step, Int32($0)) }
    }.sorted { Array($0.output.name.utf8).lexicographicallyPrecedes(Array($1.output.name.utf8)) }
  }
}
