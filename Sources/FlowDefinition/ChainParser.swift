import FlowCore
import FlowText

/// The steps that run for each item of a node, before they have their places behind all others.
struct ChainReading {
  /// The keys that a step with `steps` can have: the others are of the steps themselves.
  static let keys = ["id", "needs", "when", "description", "allowFailure", "forEach", "steps"]

  /// What its steps cannot have, and why.
  static let refused: [(name: String, why: String)] = [
    ("forEach", nested), ("steps", nested),
    ("call", "a step that runs for each item has a \"run\""),
    ("ask", "a question is asked once: ask before the step with \"forEach\""),
    (
      "onFailure",
      "what a step of a chain leaves behind, another one can undo that needs it with \"when\":"
        + " \"failed\""
    ),
  ]
  private static let nested =
    "there is no forEach within a forEach: make one list of all combinations, as with \"matrix\""

  /// The index of the node.
  var node: Int
  /// The steps in the order of the file, with names that are known among them only.
  var table: StepTable
  var offset: Int
  var path: String
}

/// The steps of a chain in their places.
struct PlacedChain {
  let node: Int
  /// In the order of the file.
  let steps: [Int]
  /// By name in the chain, the step.
  let names: [String: Int32]

  var range: Range<Int> { (steps.min() ?? 0)..<(steps.max() ?? -1) + 1 }
}

extension DefinitionReader {
  /// Takes the value of `steps` in a step.
  mutating func readChain(of node: Int, into table: inout StepTable) throws(SyntaxError) {
    let offset = try nextOffset()
    guard !isInChain else {
      // What it says is reported with the step.
      try skipValue()
      return
    }
    var chain = ChainReading(
      node: node, table: StepTable(), offset: offset, path: pathDescription)
    chain.table.pathOfSteps = chain.path
    let own = currentStep
    let known = templates.count
    isInChain = true
    defer {
      isInChain = false
      currentStep = own
      let begin = StepTable.chainsBegin + table.chains.reduce(0) { $0 + $1.table.steps.count }
      for index in known..<templates.count {
        templates[index].step = templates[index].step.map { $0 + begin }
      }
      table.chains.append(chain)
    }
    try readSteps(into: &chain.table, isFinally: false)
    if chain.table.steps.count > ForEach.mostChained {
      report(
        at: offset,
        "\(chain.table.steps.count) steps for each item exceed the limit of \(ForEach.mostChained)")
    }
  }

  /// Reports what a step of a chain cannot have, and what a step cannot have that has a chain.
  mutating func checkChain(_ cursor: ObjectCursor<StepKey>) {
    let place = pathDescription
    if isInChain {
      for (name, why) in ChainReading.refused {
        if let offset = cursor.offset(of: name) {
          report(at: offset, path: "\(place).\(name)", why)
        }
      }
      return
    }
    guard let steps = cursor.offset(of: "steps") else { return }
    if !cursor.has("forEach") {
      report(
        at: steps, path: "\(place).steps",
        "\"steps\" of a step run for each item of its \"forEach\", which is missing")
    }
    for name in StepKey.table.names where !ChainReading.keys.contains(name) {
      guard let offset = cursor.offset(of: name),
        !ForEachKey.refused.contains(where: { $0.name == name })
      else { continue }
      report(
        at: offset, path: "\(place).\(name)",
        "a step with \"steps\" has no \"\(name)\": give it to those of its steps that shall have it"
      )
    }
  }

  /// Puts the steps of chains behind all others, each behind those that it needs.
  mutating func placeChains(in table: inout StepTable) {
    if table.chains.isEmpty { return }
    var places: [Int] = []
    for index in table.chains.indices {
      resolveNeeds(of: &table.chains[index].table)
      places += table.place(table.chains[index])
      checkOutputs(of: table.chains[index])
    }
    for index in templates.indices {
      guard let step = templates[index].step, step >= StepTable.chainsBegin,
        step < StepTable.noticesBegin
      else { continue }
      templates[index].step = places[step - StepTable.chainsBegin]
    }
  }

  /// The lists of a chain's outputs are outputs of the node, which has one of each name.
  private mutating func checkOutputs(of chain: ChainReading) {
    var owners: [String: String] = [:]
    for (place, step) in chain.table.steps.enumerated() {
      for output in chain.table.extras[Int(step.extrasIndex)].outputs {
        if let other = owners[output.name] {
          report(
            at: Int(chain.table.offsets[place]), path: "\(chain.path)[\(place)].outputs",
            "the step \(Quoting.quoted(other)) of the chain has an output"
              + " \(Quoting.quoted(output.name)), too: rename one of them, since both are lists of the step with \"forEach\""
          )
        } else {
          owners[output.name] = step.id
        }
      }
    }
  }
}

extension StepTable {
  /// Stands for the place of the first step of a chain while others are read: no file has as many steps.
  static let chainsBegin = 1 << 29

  /// Appends the steps of a chain.
  ///
  /// - Returns: by step in the order of the file, its place.
  fileprivate mutating func place(_ chain: ChainReading) -> [Int] {
    let own = chain.table
    let first = steps.count
    // What is in a cycle was reported.
    let graph = try? DependencyGraph(own.steps)
    let order = own.steps.indices.map { graph?.step(ranked: Int32($0)) ?? $0 }
    var places = Array(repeating: first, count: order.count)
    for (rank, step) in order.enumerated() { places[step] = first + rank }
    func place(_ step: Int32) -> Int32 { Int32(places[Int(step)]) }
    let node = steps[chain.node].id

    for original in order {
      var step = own.steps[original]
      if !step.id.isEmpty { step.id = "\(node)/\(step.id)" }
      step.needs = step.needs.map(place).filter { $0 < steps.count }.sorted()
      // An element that is no object has noted no settings.
      let settings = Int(step.settingsIndex)
      let overlays = own.overlays.values
      let overlay = overlays.indices.contains(settings) ? overlays[settings] : SettingsOverlay()
      step.settingsIndex = index(of: overlay, isEmpty: overlay == SettingsOverlay())
      if step.extrasIndex != 0 {
        var own = own.extras[Int(step.extrasIndex)]
        own.edges = own.edges.map { Edge(need: place($0.need), wanted: $0.wanted) }
          .sorted { $0.need < $1.need }
        step.extrasIndex = Int32(extras.count)
        extras.append(own)
      }
      offsets.append(own.offsets[original])
      needsEnds.append(UInt32(needs.count))
      steps.append(step)
    }
    conditions += own.conditions.map { $0.moved(to: places[$0.step]) }
    probeUses += own.probeUses.map { use in
      var use = use
      use.step = place(use.step)
      return use
    }.sorted { $0.step < $1.step }
    secretUses += own.secretUses.map { use in
      var use = use
      use.step = place(use.step)
      return use
    }.sorted { $0.step < $1.step }
    var names: [String: Int32] = [:]
    for (original, step) in own.steps.enumerated() where names[step.id] == nil {
      names[step.id] = Int32(places[original])
    }
    chainCount += order.count
    placedChains.append(PlacedChain(node: chain.node, steps: places, names: names))
    if !order.isEmpty {
      changeExtras(ofStep: chain.node) {
        $0.forEach?.chain = Int32(first)..<Int32(first + order.count)
      }
    }
    return places
  }

  /// The chain in which a step is; nil if it is in none.
  func chain(of step: Int) -> PlacedChain? {
    step < steps.count - chainCount ? nil : placedChains.first { $0.range.contains(step) }
  }

  /// The step that another one means by an id: in a chain, one of that first; nil if there is none.
  func step(named id: String, by step: Int) -> Int32? {
    chain(of: step)?.names[id] ?? names.step(named: id)
  }

  /// Whether a step runs for each item of a list.
  func hasItem(_ step: Int) -> Bool {
    extras[Int(steps[step].extrasIndex)].forEach != nil || chain(of: step) != nil
  }

  /// What a step needs, and in a chain what its node does.
  func allNeeds(ofStep step: Int) -> [Int32] {
    guard let chain = chain(of: step) else { return steps[step].needs }
    return steps[step].needs + steps[chain.node].needs
  }
}
