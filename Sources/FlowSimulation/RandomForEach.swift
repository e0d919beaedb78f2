import FlowCore

/// One step of a random workflow runs once per item: of a list of the workflow, or of one that a step before it
/// puts out, which differs from round to round and can have an item twice. Its command is told the item last.
enum RandomForEach {
  /// The keys that there can be.
  static let keys = ["a", "b", "c"]

  static func draw(
    for definition: inout WorkflowDefinition, from choices: any ChoiceSource,
    _ options: SimulationOptions
  ) {
    guard options.hasForEach,
      choices.happens(.forEach, perMille: options.forEachPercent * 10)
    else { return }
    let possible = definition.ordinarySteps.filter { step in
      definition.question(ofStep: step) == nil && !definition.isRollback(step)
        && definition.rollback(ofStep: step) == nil && !isRead(step, in: definition)
    }
    if possible.isEmpty { return }
    // Lists that differ from round to round are the most telling.
    let fed = possible.filter { !certainNeeds(of: $0, definition).isEmpty }
    let isFed = !fed.isEmpty && choices.happens(.forEach, perMille: 800)
    let candidates = isFed ? fed : possible
    let node = candidates[choices.choose(.forEach, below: candidates.count)]
    guard case .program(let arguments) = definition.steps[node].command else { return }
    definition.steps[node].command = .program(
      arguments + [Template.spelled([.reference(.item(nil))])])
    var extras = definition.steps.indices.map { definition.extras(ofStep: $0) }
    extras[node].outputs = []
    extras[node].forEach = forEach(from: choices)
    if isFed, let source = certainNeeds(of: node, definition).last {
      if extras[Int(source)].outputs.isEmpty { extras[Int(source)].outputs = RandomOutputs.all }
      extras[node].forEach?.source = .output(step: source, place: RandomOutputs.listPlace)
    } else if case .literal(let items)? = extras[node].forEach?.source {
      // A list of the file is checked before there is a run.
      extras[node].forEach?.most = 10 + Int32(items.count)
    }
    // In the order of the steps, as they are read again.
    definition.extras = [StepExtras()]
    for step in extras.indices {
      definition.steps[step].extrasIndex = 0
      definition.give(extras[step], toStep: step)
    }
  }

  /// Two or three steps for each item, in place of the node: the last steps of the workflow.
  static func drawChain(
    for definition: inout WorkflowDefinition, from choices: any ChoiceSource,
    _ options: SimulationOptions
  ) {
    guard options.hasForEach, options.chainPercent > 0, let node = definition.node else { return }
    let isConditional = choices.happens(.chains, perMille: 300)
    let condition = Condition([
      .item(nil), .literal(.text(keys[choices.choose(.chains, below: keys.count)])),
      .compare(choices.happens(.chains, perMille: 500) ? .equal : .unequal),
    ])
    let own = Int(definition.steps[node].extrasIndex)
    guard choices.happens(.chains, perMille: options.chainPercent * 10) else {
      if isConditional, definition.extras[own].condition == nil {
        definition.extras[own].condition = condition
      }
      return
    }
    let command = definition.steps[node].command
    definition.steps[node].command = .shell("")
    let first = definition.steps.count
    let others = definition.ordinarySteps.filter {
      !definition.isRollback($0) && definition.question(ofStep: $0) == nil
    }
    let count = choices.choose(.chains, in: 2...3)
    let asking = isConditional ? choices.choose(.chains, below: count) : -1
    for place in 0..<count {
      var extras = StepExtras()
      var step = StepDefinition(id: "\(definition.steps[node].id)/t\(place)", command: command)
      step.settingsIndex =
        definition.steps[others[choices.choose(.chains, below: others.count)]].settingsIndex
      for other in first..<first + place where choices.happens(.chains, perMille: 700) {
        let wanted = [WantedEnd.done, .done, .done, .settled, .failed, .succeeded]
        step.needs.append(Int32(other))
        let edge = Edge(need: Int32(other), wanted: wanted[choices.choose(.chains, below: 6)])
        if edge.wanted != .done { extras.edges.append(edge) }
      }
      definition.steps.append(step)
      if place == asking { extras.condition = condition }
      definition.give(extras, toStep: first + place)
    }
    definition.chainCount = count
    definition.extras[own].forEach?.chain = Int32(first)..<Int32(first + count)
  }

  /// Whether another step reads what a step puts out: what a node puts out is another.
  private static func isRead(_ step: Int, in definition: WorkflowDefinition) -> Bool {
    !definition.outputs(ofStep: step).isEmpty
      && definition.steps.indices.contains { other in
        definition.outputsRead(byStep: other).contains { $0.step == Int32(step) }
          || definition.extras(ofStep: other).condition?.references.contains { reference in
            if case .output(let source, _) = reference { source == Int32(step) } else { false }
          } ?? false
      }
  }

  /// The needs that have succeeded when a step runs, and can put out a list.
  private static func certainNeeds(of step: Int, _ definition: WorkflowDefinition) -> [Int32] {
    let certain = definition.certainSteps(before: step)
    return definition.steps[step].needs.filter {
      certain.contains($0) && definition.question(ofStep: Int($0)) == nil
    }
  }

  private static func forEach(from choices: any ChoiceSource) -> ForEach {
    func pick<Value>(_ values: Value...) -> Value {
      values[choices.choose(.forEach, below: values.count)]
    }
    let literal: [String] = pick(["a"], ["a", "b"], ["c", "a", "b"], [])
    var forEach = ForEach(over: .literal(literal))
    forEach.most = pick(10, 10, 10, 1)
    forEach.jobs = pick(nil, nil, 1, 2)
    forEach.tolerance = pick(nil, nil, .count(0), .count(1), .percent(50))
    forEach.whenEmpty = pick(.skip, .fail, .succeed)
    return forEach
  }

  /// Which items a run has; all, mostly. One that is named can be in no list.
  static func selection(
    of definition: WorkflowDefinition, without unselected: StepSet, from choices: any ChoiceSource,
    _ options: SimulationOptions
  ) -> [ItemSelection] {
    guard options.hasForEach, let node = definition.node,
      !unselected.contains(Int32(node)),
      choices.happens(.itemSelection, perMille: options.itemSelectionPercent * 10)
    else { return [] }
    let perItem = Int32(definition.stepsPerItem(ofNode: node).count)
    var selection = ItemSelection(
      node: Int32(node), hasOthers: choices.happens(.itemSelection, perMille: 500), named: [])
    for key in keys where choices.happens(.itemSelection, perMille: 400) {
      let steps = (0..<perItem).filter { _ in choices.happens(.itemSelection, perMille: 600) }
      selection.named.append(ItemSelection.Named(key: key, steps: StepSet(steps)))
    }
    return selection.named.isEmpty ? [] : [selection]
  }

  /// What the list is put out by, if another round shall begin with that.
  static func source(
    of definition: WorkflowDefinition, from choices: any ChoiceSource, _ options: SimulationOptions
  ) -> Int32? {
    guard options.hasForEach, let node = definition.node,
      case .output(let source, _)? = definition.forEach(ofStep: node)?.source,
      choices.happens(.itemLists, perMille: 600)
    else { return nil }
    return source
  }
}

extension WorkflowDefinition {
  /// The definition as checkers know it: with all children that a run of a random workflow can have. Which of
  /// them it has, its history says.
  var withPossibleChildren: WorkflowDefinition {
    guard let node = declaredSteps.first(where: { forEach(ofStep: $0) != nil }) else { return self }
    var definition = self
    definition.addChildren(Int32(RandomForEach.keys.count), ofStep: Int32(node))
    return definition
  }

  /// Its only node.
  var node: Int? { declaredSteps.first { forEach(ofStep: $0) != nil } }
}
