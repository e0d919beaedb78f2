/// What `forEach` of a step says: the step runs once per item, each time as a step of its own, a *child*.
/// The step itself is the *node* of its children: it has no attempts, and ends with the last of them.
package struct ForEach: Hashable, Sendable {
  package enum Source: Hashable, Sendable {
    /// Texts, or objects of JSON.
    case literal([String])
    /// A list parameter, by its place among the parameters of the workflow.
    case parameter(Int32)
    /// An output of a step that is needed, by its place among those of the step.
    case output(step: Int32, place: Int32)
  }

  /// How many children may fail for good without failing the node.
  package enum Tolerance: Hashable, Sendable {
    case count(Int32)
    /// Of all children, rounded down.
    case percent(Int32)
  }

  /// What becomes of the node where there is no item.
  package enum WhenEmpty: UInt8, CaseIterable, Sendable {
    /// It counts as done.
    case skip = 0
    case fail = 1
    case succeed = 2
  }

  package var source: Source
  /// A template over the item, which tells children apart; nil for the item itself.
  package var key: String?
  /// With more items the node fails, and none of them runs.
  package var most: Int32
  /// How many attempts of its children may run at once; nil for no limit of its own.
  package var jobs: Int32?
  /// With nil no failure stops other children, and each fails the node.
  package var tolerance: Tolerance?
  package var whenEmpty: WhenEmpty
  /// The steps that run for each item in place of the node; empty where the node itself does.
  package var chain: Range<Int32> = 0..<0

  package init(
    over source: Source, key: String? = nil, most: Int32 = impliedMost, jobs: Int32? = nil,
    tolerance: Tolerance? = nil, whenEmpty: WhenEmpty = .skip
  ) {
    self.source = source
    self.key = key
    self.most = most
    self.jobs = jobs
    self.tolerance = tolerance
    self.whenEmpty = whenEmpty
  }

  package static let impliedMost: Int32 = 1_000
  /// The limit for `max`.
  package static let greatestMost: Int32 = 1_000_000

  /// The limit for the steps of a chain.
  package static let mostChained = 100

  /// How many of so many items may fail for good.
  package func tolerated(of count: Int32) -> Int32 {
    switch tolerance {
    case nil: 0
    case .count(let most): most
    case .percent(let percent): Int32(Int64(count) * Int64(percent) / 100)
    }
  }
}

/// One of the children of a node.
package struct Child: Hashable, Sendable {
  /// The index of its node.
  package let node: Int32
  /// The step of which it is a copy: one of the chain of its node, or that node.
  package let step: Int32
  package let item: Item

  package init(node: Int32, step: Int32? = nil, item: Item) {
    self.node = node
    self.step = step ?? node
    self.item = item
  }
}

/// What a child is for.
package struct Item: Hashable, Sendable {
  /// What tells it from the others of its node: never its place.
  package let key: String
  /// A text, or an object of JSON with values that have names.
  package let text: String

  package init(key: String, text: String) {
    self.key = key
    self.text = text
  }

  /// By bytes: texts that Unicode calls equivalent are different items.
  package static func == (one: Item, other: Item) -> Bool {
    one.key.utf8.elementsEqual(other.key.utf8) && one.text.utf8.elementsEqual(other.text.utf8)
  }

  package func hash(into hasher: inout Hasher) {
    for byte in key.utf8 { hasher.combine(byte) }
  }

  /// A value of the item.
  ///
  /// - Parameter field: the name of a member; nil for the whole item.
  /// - Returns: nil if it has none of that name.
  package func value(_ field: String?) -> String? { Self.value(field, of: text) }

  static func value(_ field: String?, of text: String) -> String? {
    guard let field else { return text }
    return JSONList.member(field, of: Array(text.utf8))
  }
}

/// The children of a run's definition. They are known only while it runs, and no part of what a history
/// records of the definition: they are steps behind all that the file declares, and stay when another round
/// has no item for them, so that an index always means the same step.
extension WorkflowDefinition {
  /// How many steps the file declares.
  package var declaredCount: Int { steps.count - children.count - chainCount }

  /// The steps that the file declares.
  package var declaredSteps: Range<Int> { 0..<declaredCount }

  package var childSteps: Range<Int> { firstChild..<steps.count }

  package var firstChild: Int { steps.count - children.count }

  package func isChild(_ index: Int) -> Bool { index >= firstChild }

  /// The child that the step at `index` is; nil if it is none.
  package func child(_ index: Int) -> Child? {
    isChild(index) ? children[index - firstChild] : nil
  }

  /// What the step at `index` says, if it is a node.
  package func forEach(ofStep index: Int) -> ForEach? {
    let place = steps[index].extrasIndex
    return place == 0 || isChild(index) ? nil : extras[Int(place)].forEach
  }

  /// The step as the files of its attempts name it: by its id, but a child, whose id can be long, by its index.
  package func fileID(ofStep index: Int) -> String {
    isChild(index) ? "/\(index)" : steps[index].id
  }

  /// By that name, the index of each step.
  package var stepsByFileID: [String: Int] {
    Dictionary(
      steps.indices.map { (fileID(ofStep: $0), $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// As the file has it.
  package var withoutChildren: WorkflowDefinition {
    var definition = self
    definition.steps.removeLast(children.count)
    definition.children = []
    return definition
  }

  package var hasChildren: Bool { !children.isEmpty }

  package var hasForEach: Bool { extras.contains { $0.forEach != nil } }

  /// Adds the children of a node: it for each item, under its own id, `/` and the key; or each step of its
  /// chain, under that, `/` and its name in the chain.
  package mutating func addChildren(_ items: [Item], ofStep node: Int32) {
    let step = steps[Int(node)]
    let chain = stepsPerItem(ofNode: Int(node)).map { steps[$0] }
    let names = self.chain(ofNode: Int(node)).map { nameInChain(ofStep: $0).map { "/\($0)" } ?? "" }
    let first = Int32(stepsPerItem(ofNode: Int(node)).lowerBound)
    steps.makeRoom(for: items.count * chain.count)
    children.makeRoom(for: items.count * chain.count)
    for item in items {
      let id = "\(step.id)/\(ItemKey.escaped(item.key))"
      let start = Int32(steps.count)
      for (place, original) in chain.enumerated() {
        var child = original
        child.id = names.isEmpty ? id : id + names[place]
        if !names.isEmpty { child.needs = step.needs + original.needs.map { $0 - first + start } }
        steps.append(child)
        children.append(Child(node: node, step: first + Int32(place), item: item))
      }
    }
  }

  /// Adds children of which only the number is known.
  package mutating func addChildren(_ count: Int32, ofStep node: Int32) {
    let first = children.count
    let keys = (0..<Int(count)).map { "#\(first + $0)" }
    addChildren(keys.map { Item(key: $0, text: $0) }, ofStep: node)
  }

  /// A known child gets an item that differs, but has its key.
  mutating func changeItem(ofChild index: Int, to item: Item) {
    let place = index - firstChild
    children[place] = Child(node: children[place].node, step: children[place].step, item: item)
  }

  /// The fields of items that a node names, or its chain.
  func itemFields(ofNode index: Int) -> [String] {
    var fields: [String] = []
    let texts = stepsPerItem(ofNode: index).flatMap { templates(ofStep: $0) }
    for text in texts + [forEach(ofStep: index)?.key].compactMap(\.self) {
      for case .reference(.item(let field?)) in (try? Template(text))?.parts ?? []
      where !fields.contains(field) {
        fields.append(field)
      }
    }
    for step in stepsPerItem(ofNode: index) {
      for case .item(let field?) in extras(ofStep: step).condition?.references ?? []
      where !fields.contains(field) {
        fields.append(field)
      }
    }
    return fields
  }

  /// The items of a node, with their keys.
  ///
  /// - Throws: of the first that cannot be one.
  package func items(_ texts: [String], ofNode index: Int) throws(ItemFault) -> [Item] {
    let fields = itemFields(ofNode: index)
    let key = keys(ofNode: index)
    var seen: Set<String> = []
    seen.reserveCapacity(texts.count)
    var items: [Item] = []
    items.reserveCapacity(texts.count)
    for (place, text) in texts.enumerated() {
      let place = Int32(clamping: place)
      for field in fields where Item.value(field, of: text) == nil {
        throw ItemFault(.noField, place)
      }
      // What becomes arguments and variables ends at a zero.
      if text.utf8.contains(0) { throw ItemFault(.invalid, place) }
      let item = Item(key: key(text), text: text)
      if !ItemKey.isValid(item.key) { throw ItemFault(.invalid, place) }
      if !seen.insert(item.key).inserted { throw ItemFault(.repeated, place) }
      items.append(item)
    }
    return items
  }

  /// The key of an item of a node.
  func keys(ofNode index: Int) -> (String) -> String {
    guard let text = forEach(ofStep: index)?.key else { return { $0 } }
    let key: Template
    do throws(Template.Fault) { key = try Template(text) } catch {
      preconditionFailure("a definition that was checked has a bad key: \(error.message)")
    }
    return { item in
      key.text { reference in
        if case .item(let field) = reference { Item.value(field, of: item) ?? "" } else { "" }
      }
    }
  }

  /// Whether a step that has `forEach` can have it.
  func isSoundNode(_ index: Int) -> Bool {
    let extras = extras(ofStep: index)
    guard let forEach = extras.forEach else { return true }
    if !forEach.chain.isEmpty, !extras.outputs.isEmpty { return false }
    if isFinally(index) || isNotify(index) || extras.isRollback || extras.question != nil {
      return false
    }
    let limits = 1...ForEach.greatestMost
    guard limits.contains(forEach.most), forEach.jobs.map({ $0 > 0 }) ?? true else { return false }
    switch forEach.tolerance {
    case .count(let count)? where count < 0: return false
    case .percent(let percent)? where !(0...100).contains(percent): return false
    default: break
    }
    switch forEach.source {
    case .literal(let items):
      return (try? self.items(items, ofNode: index)) != nil
    case .parameter(let place):
      return parameters.indices.contains(Int(place)) && parameters[Int(place)].type == .list
    case .output(let need, let place):
      guard steps[index].needs.contains(need) else { return false }
      let type = output(ofStep: need, at: place)?.type
      return type == .lines || type == .json
    }
  }
}

extension Array {
  /// Reserves room as `append` does: what many nodes add one after the other is not moved each time. The
  /// children of a single node leave none over.
  mutating func makeRoom(for more: Int) {
    if count + more > capacity { reserveCapacity(Swift.max(count + more, capacity * 3 / 2)) }
  }
}

/// The keys of items.
package enum ItemKey {
  /// The limit for a key, in bytes.
  package static let mostBytes = 200

  package static func isValid(_ key: String) -> Bool {
    !key.isEmpty && key.utf8.count <= mostBytes
      && key.unicodeScalars.allSatisfy { scalar in
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029: false
        default: true
        }
      }
  }

  /// A key as it stands in ids: `/`, `@` and `%` are written as `%2F`, `%40` and `%25`, and of the keys `.`
  /// and `..` each point as `%2E`.
  package static func escaped(_ key: String) -> String {
    if key == "." { return "%2E" }
    if key == ".." { return "%2E%2E" }
    guard
      key.utf8.contains(where: {
        $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "@") || $0 == UInt8(ascii: "%")
      })
    else { return key }
    var bytes: [UInt8] = []
    for byte in key.utf8 {
      switch byte {
      case UInt8(ascii: "/"): bytes += "%2F".utf8
      case UInt8(ascii: "@"): bytes += "%40".utf8
      case UInt8(ascii: "%"): bytes += "%25".utf8
      default: bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
