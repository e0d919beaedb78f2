import FlowCore

/// The items of a workflow's node by the lists that were durable before: which children they are, and which of
/// these the run does not have.
struct KnownItems {
  private let definition: WorkflowDefinition
  private let node: Int32
  private let forEach: ForEach?
  /// Which items the run was told to have; nil for all.
  private let selection: ItemSelection?
  /// By step: of its attempt that has no end, and of its last one that succeeded.
  private var published: [Int32: [UInt8]] = [:]
  private var lists: [Int32: [UInt8]] = [:]
  /// By key, the index of its first child, which it has for ever.
  private(set) var indices: [String: Int32] = [:]
  /// By child.
  private(set) var keys: [Int32: String] = [:]
  /// The children of the items of this round, in their order.
  private(set) var current: [Int32] = []

  init(_ definition: WorkflowDefinition, _ selection: ItemSelection?) {
    self.definition = definition
    self.selection = selection
    node = Int32(definition.node ?? 0)
    forEach = definition.node.flatMap { definition.forEach(ofStep: $0) }
  }

  mutating func learn(_ body: Event.Body) {
    switch body {
    case .outputsPublished(let attempt, let parts):
      for part in parts where part.output == 0 { published[attempt.step] = part.bytes }
    case .attemptEnded(let attempt, let end):
      let list = published.removeValue(forKey: attempt.step)
      if AttemptConclusion(end).isSuccess, let list { lists[attempt.step] = list }
    case .answered(let step, let answer):
      for part in answer.values where part.output == 0 { lists[step] = part.bytes }
    case .stepExpanded(_, .children): expanded()
    default: break
    }
  }

  /// The items, or what is wrong with them.
  func items() -> (items: [String], fault: ItemFault.Kind?) {
    guard let forEach else { return ([], nil) }
    let items: [String]
    switch forEach.source {
    case .literal(let list): items = list
    case .parameter: items = []
    case .output(let step, _):
      guard let list = lists[step] else { return ([], .absent) }
      items = list.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }
    if items.count > Int(forEach.most) { return ([], .tooMany) }
    for (place, item) in items.enumerated() where items[..<place].contains(item) {
      return ([], .repeated)
    }
    if selection?.named.contains(where: { !items.contains($0.key) }) == true {
      return ([], .notInList)
    }
    return (items, nil)
  }

  private mutating func expanded() {
    let perItem = Int32(perItem)
    let items = items().items
    for key in items where indices[key] == nil {
      let first = Int32(definition.firstChild) + Int32(indices.count) * perItem
      indices[key] = first
      for child in first..<first + perItem { keys[child] = key }
    }
    current = items.compactMap { indices[$0] }.flatMap { $0..<$0 + perItem }
  }

  private var perItem: Int { definition.stepsPerItem(ofNode: Int(node)).count }

  /// How many items of this round the run has.
  var selectedCount: Int32 {
    let perItem = perItem
    let firsts = stride(from: 0, to: current.count, by: perItem)
    return Int32(firsts.count { !current[$0..<$0 + perItem].allSatisfy(isLeftOut) })
  }

  /// Whether the run was told not to have a child.
  func isLeftOut(_ child: Int32) -> Bool {
    guard let selection, let key = keys[child] else { return false }
    guard let named = selection.named.first(where: { $0.key == key }) else {
      return !selection.hasOthers
    }
    return !named.steps.contains((child - Int32(definition.firstChild)) % Int32(perItem))
  }
}
