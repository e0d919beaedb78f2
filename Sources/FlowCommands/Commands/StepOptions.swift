import FlowCommandLine
import FlowCore
import FlowText

/// Options that name steps.
struct StepOptions: Equatable {
  static let only = option("only", "run these steps, and nothing that they need")
  static let from = option("from", "run these steps, and all that needs them")
  static let to = option("to", "run these steps, and all that they need")
  static let skip = option("skip", "leave these steps out")

  /// For help.
  static let details = """
    --only, --from, --to and --skip take ids of steps, separated by commas, and may
    be given several times. --from with --to runs what both select; --only stands
    alone; --skip takes steps away. Other steps are skipped as "not selected" and
    hold up nothing, but order stays: what needs one runs after what that needs.
    --only and --skip take items of a step with forEach, too, as STEP/ITEM, and of
    a chain STEP/ITEM/STEP. An item that the list does not have fails the step.
    """

  private let command: String?
  private let named: [(option: Option, steps: [String])]

  static func option(_ name: String, _ help: String) -> Option {
    Option(name, takes: .text(placeholder: "STEPS"), isRepeatable: true, help)
  }

  /// - Parameter options: which of them the command has.
  init(
    _ arguments: ScannedArguments, _ options: [Option], command: String?
  ) throws(UsageError) {
    self.command = command
    named = options.map { ($0, arguments.texts($0)) }.filter { !$0.1.isEmpty }
    guard let only = named.first(where: { $0.option.name == Self.only.name }) else { return }
    let others = [Self.from.name, Self.to.name]
    if let other = named.first(where: { others.contains($0.option.name) }) {
      throw UsageError(
        command: command, .exclusiveOptions(only.option.spelling, other.option.spelling))
    }
  }

  var isEmpty: Bool { named.isEmpty }

  /// The first option that was given.
  var first: Option? { named.first?.option }

  func has(_ option: Option) -> Bool { named.contains { $0.option.name == option.name } }

  /// The steps that an option names; none if it was not given.
  func steps(
    _ option: Option, of definition: WorkflowDefinition
  ) throws(UsageError) -> [Int32] {
    let (steps, items) = try named(option, of: definition)
    if let item = items.first {
      throw UsageError(
        command: command,
        .itemNamed(
          item.id, option: option.spelling, step: definition.steps[Int(item.node)].id))
    }
    return steps
  }

  /// The steps that an option names, and items of steps with `forEach` that a run has yet to make.
  private func named(
    _ option: Option, of definition: WorkflowDefinition
  ) throws(UsageError) -> (steps: [Int32], items: [NamedItem]) {
    guard let texts = named.first(where: { $0.option.name == option.name })?.steps else {
      return ([], [])
    }
    var numbers: [String: Int32] = [:]
    for number in definition.livingSteps { numbers[definition.steps[number].id] = Int32(number) }
    for number in definition.livingSteps {
      let shown = TerminalText.escaped(definition.steps[number].id)
      if numbers[shown] == nil { numbers[shown] = Int32(number) }
    }
    let knownItems = definition.hasChildren ? [] : definition.knownItemIDs
    let chained = definition.chainedSteps
    var steps: [Int32] = []
    var items: [NamedItem] = []
    for text in texts {
      let names = Self.names(in: text) {
        numbers[$0] != nil || knownItems.contains($0) || chained[$0] != nil
      }
      for name in Self.joined(names, definition) {
        guard let step = numbers[name] else {
          // A step that calls another file stands for the steps of that file.
          // None of its steps of `finally` must have run for the call to be done.
          let isRequired = option.name == ValidateCommand.requireOption.name
          let called = (0..<definition.firstNotify).filter {
            definition.steps[$0].id.utf8.starts(with: "\(name)/".utf8)
              && !(isRequired && definition.isFinally($0))
          }
          if !called.isEmpty {
            steps += called.filter { definition.isOwnStep($0) }.map(Int32.init)
            continue
          }
          // An item of a chain stands for all of its steps.
          if let children = chained[name] {
            steps += children
            continue
          }
          items.append(try item(named: name, option, of: definition))
          continue
        }
        if definition.isNotify(Int(step)) {
          throw UsageError(command: command, .noticeNamed(name, option: option.spelling))
        }
        if let own = definition.stepRolledBack(by: Int(step)) {
          throw UsageError(
            command: command,
            .rollbackNamed(
              name, option: option.spelling, step: definition.steps[Int(own)].id))
        }
        steps.append(step)
      }
    }
    return (steps, items)
  }

  private func item(
    named name: String, _ option: Option, of definition: WorkflowDefinition
  ) throws(UsageError) -> NamedItem {
    var suggestion: String?
    if let node = definition.node(named: name) {
      let found = definition.item(named: name, ofNode: node)
      if let item = found.item { return item }
      suggestion = found.suggestion
    } else if let node = definition.anyNode(named: name) {
      throw UsageError(
        command: command,
        .unknownItem(
          name, option: option.spelling, step: definition.steps[node].id,
          known: definition.childIDs(ofNode: node)))
    }
    let nearest = Suggestion.nearest(
      to: name,
      among: definition.steps.indices.lazy.filter { definition.isOwnStep($0) }.map {
        definition.steps[$0].id
      })
    throw UsageError(
      command: command,
      .unknownStep(name, option: option.spelling, suggestion: suggestion ?? nearest))
  }

  /// The ids that a text lists, with commas between them. An id of an item can have commas of its own: the longest
  /// that is known counts.
  private static func names(in text: String, isKnown: (String) -> Bool) -> [String] {
    var rest = text.unicodeScalars.split(separator: ",", omittingEmptySubsequences: false)[...]
    var names: [String] = []
    while !rest.isEmpty {
      let count =
        (1...rest.count).last { isKnown(rest.prefix($0).map(String.init).joined(separator: ",")) }
        ?? 1
      names.append(rest.prefix(count).map(String.init).joined(separator: ","))
      rest = rest.dropFirst(count)
    }
    return names
  }

  /// Puts together what a comma of a key has cut: where an item of an unknown list is followed by what names
  /// nothing.
  private static func joined(_ names: [String], _ definition: WorkflowDefinition) -> [String] {
    func isOfUnknownList(_ name: String) -> Bool {
      definition.node(named: name).map { definition.knownKeys(ofNode: $0) == nil } ?? false
    }
    func namesSomething(_ name: String) -> Bool {
      definition.node(named: name) != nil
        || definition.steps.contains {
          $0.id.utf8.elementsEqual(name.utf8) || $0.id.utf8.starts(with: "\(name)/".utf8)
        }
    }
    return names.reduce(into: []) { joined, name in
      if let last = joined.last, isOfUnknownList(last), !namesSomething(name) {
        joined[joined.count - 1] = "\(last),\(name)"
      } else {
        joined.append(name)
      }
    }
  }

  /// What a new run leaves out, and why.
  func selection(of definition: WorkflowDefinition) throws(UsageError) -> StepSelection {
    var selection = StepSelection()
    let only = try named(Self.only, of: definition)
    let skip = try named(Self.skip, of: definition)
    // An item stands for its step, and a step that is named itself for all of its items.
    selection.only = only.steps + only.items.map(\.node)
    selection.from = try steps(Self.from, of: definition)
    selection.to = try steps(Self.to, of: definition)
    selection.skip = skip.steps
    if let both = selection.only.first(where: { selection.skip.contains($0) }) {
      throw contradiction(definition.steps[Int(both)].id)
    }
    selection.items = definition.selections(
      only: only.items.filter { !only.steps.contains($0.node) }, skipped: skip.items)
    let isLeft = { (item: NamedItem) in
      selection.items.contains {
        $0.node == item.node && $0.named.contains { $0.key == item.key && !$0.steps.isEmpty }
      }
    }
    if !only.items.isEmpty,
      let both = only.items.first(where: { !isLeft($0) && !only.steps.contains($0.node) })
    {
      throw contradiction(both.id)
    }
    return selection
  }

  private func contradiction(_ id: String) -> UsageError {
    UsageError(
      command: command, .contradictorySteps(id, Self.only.spelling, Self.skip.spelling))
  }

  /// What a new run leaves out.
  ///
  /// - Throws: if no step is left.
  func leftOut(
    _ definition: WorkflowDefinition, _ graph: DependencyGraph
  ) throws(UsageError) -> (steps: StepSet, items: [ItemSelection]) {
    if isEmpty { return (StepSet(), []) }
    let selection = try selection(of: definition)
    let unselected = selection.unselected(definition, graph)
    if unselected.count == definition.firstNotify {
      throw UsageError(command: command, .noStepsLeft)
    }
    let items = selection.items.filter { !unselected.contains($0.node) }
    if let (reader, read) = definition.unselectedRead(unselected, items) {
      throw UsageError(
        command: command,
        .unselectedOutput(
          read.name, of: definition.steps[Int(read.step)].id,
          reader: definition.steps[reader].id))
    }
    return (unselected, items)
  }

  /// The selections of items with the keys of the lists, as far as the run's values say these. Of other lists the
  /// run says what they lack.
  ///
  /// - Throws: if an item is named that is not in its list.
  func checked(
    _ selections: [ItemSelection], _ definition: WorkflowDefinition, _ values: [ParameterValue]
  ) throws(UsageError) -> [ItemSelection] {
    var checked: [ItemSelection] = []
    for var selection in selections {
      let node = definition.steps[Int(selection.node)].id
      if let keys = definition.knownKeys(ofNode: Int(selection.node), values) {
        let known = Set(keys)
        for place in selection.named.indices {
          let named = selection.named[place].key
          if known.contains(named) { continue }
          guard let key = keys.first(where: { TerminalText.escaped($0) == named }) else {
            throw UsageError(
              command: command,
              .unknownItem(
                "\(node)/\(named)", option: (selection.hasOthers ? Self.skip : Self.only).spelling,
                step: node, known: keys.map { "\(node)/\($0)" }))
          }
          selection.named[place].key = key
        }
      }
      checked.append(selection)
    }
    return checked
  }

  /// - Throws: if a child of a run is named whose item is gone, and cannot come in the round.
  func checkGone(_ gone: [Int32], _ state: RunState) throws(UsageError) {
    guard let step = gone.first, let child = state.definition.child(Int(step)) else { return }
    let node = Int(child.node)
    throw UsageError(
      command: command,
      .goneItem(
        state.definition.steps[Int(step)].id, option: first?.spelling ?? "",
        step: state.definition.steps[node].id,
        known: (state.expanded(node)?.children ?? []).map { state.definition.steps[Int($0)].id }))
  }

  /// For the command line of a detached engine.
  var words: [String] {
    named.flatMap { named in named.steps.map { "\(named.option.spelling)=\($0)" } }
  }

  static func == (left: Self, right: Self) -> Bool { left.words == right.words }
}
