import FlowCore

extension StepTable {
  /// Puts the steps of `finally` behind all others, wherever the file has them.
  ///
  /// - Parameter templates: where steps have templates.
  mutating func moveFinallyToEnd(with templates: inout [TemplateUse]) {
    let count = steps.count
    let moved = finallySteps
    if moved.isEmpty || moved.upperBound == count { return }
    precondition(moved.lowerBound == 0, "the file has two lists of steps")
    let first = moved.count
    func place(_ step: Int) -> Int {
      if step >= count { return step }
      return step < first ? step + count - first : step - first
    }
    func place32(_ step: Int32) -> Int32 { Int32(place(Int(step))) }

    let ranges = (0..<count).map { needsRange(ofStep: $0) }
    let order = Array(first..<count) + Array(0..<first)
    let (oldNeeds, oldEnds) = (needs, wantedEnds)
    needs = []
    needsEnds = []
    wantedEnds = [:]
    for step in order {
      for element in ranges[step] {
        if let wanted = oldEnds[element] { wantedEnds[needs.count] = wanted }
        needs.append(oldNeeds[element])
      }
      needsEnds.append(UInt32(needs.count))
    }
    for index in templates.indices { templates[index].step = templates[index].step.map(place) }
    steps = order.map { steps[$0] }
    offsets = order.map { offsets[$0] }
    for name in names.steps.indices where names.steps[name] >= 0 {
      names.steps[name] = place32(names.steps[name])
    }
    duplicates = Set(duplicates.map(place32))
    conditions = conditions.map { $0.moved(to: place($0.step)) }.sorted { $0.step < $1.step }
    for index in forEachUses.indices {
      forEachUses[index].step = place(forEachUses[index].step)
    }
    for index in chains.indices { chains[index].node = place(chains[index].node) }
    calls = calls.map { $0.moved(to: place($0.step)) }
    for index in probeUses.indices { probeUses[index].step = place32(probeUses[index].step) }
    probeUses.sort { $0.step < $1.step }
    for index in secretUses.indices { secretUses[index].step = place32(secretUses[index].step) }
    secretUses.sort { $0.step < $1.step }
    rollbacks = rollbacks.map(place).sorted()
    finallySteps = count - first..<count
  }
}

extension DefinitionReader {
  /// Refuses needs of steps that run before those of `finally`.
  mutating func checkNeedsOfFinally(in table: StepTable) {
    if table.finallySteps.isEmpty { return }
    for step in table.steps.indices where !table.isFinally(step) {
      for (element, place) in table.needsRange(ofStep: step).enumerated() {
        let need = table.needs[place]
        guard need.name >= 0, table.names.steps[Int(need.name)] >= 0,
          table.isFinally(Int(table.names.steps[Int(need.name)]))
        else { continue }
        report(
          at: Int(need.offset), path: "\(table.path(ofStep: step)).needs[\(element)]",
          "a step of \"finally\" runs when all others have ended: only another one of \"finally\" can need"
            + " it")
      }
    }
  }
}
