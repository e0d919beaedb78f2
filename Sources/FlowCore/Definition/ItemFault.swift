/// What is wrong with the items of a node; then none of them runs.
package struct ItemFault: Error, Hashable, Sendable {
  package enum Kind: UInt8, CaseIterable, Sendable {
    /// The output has no value.
    case absent = 0
    /// The value is no list.
    case noList = 1
    /// There are more than `max`; the place is their number.
    case tooMany = 2
    /// The key of the item at the place is empty, longer than one may be, or has a control character; or the
    /// item has a zero.
    case invalid = 3
    /// The key of the item at the place is one of an earlier item.
    case repeated = 4
    /// The item at the place is no object with the values that the step names.
    case noField = 5
    /// The run was told to have an item that is not in the list; the place is that in `ItemSelection.named`.
    case notInList = 6
  }

  package var kind: Kind
  package var place: Int32

  package init(_ kind: Kind, _ place: Int32 = 0) {
    self.kind = kind
    self.place = place
  }

  /// What can be said without the list.
  ///
  /// - Parameter most: that the node allows.
  package func text(most: Int32) -> String {
    switch kind {
    case .absent: "the list for its forEach is missing"
    case .noList: "the value for its forEach is no list"
    case .tooMany: "its forEach has \(place) items, and its max is \(most)"
    case .invalid:
      "the key of item \(Int64(place) + 1) of its forEach is empty, longer than \(ItemKey.mostBytes)"
        + " bytes, or has a control character"
    case .repeated:
      "item \(Int64(place) + 1) of its forEach has the key of an earlier one"
    case .noField:
      "item \(Int64(place) + 1) of its forEach is no object with all the values that the step names"
    case .notInList: "its forEach lacks an item that was named when the run was created"
    }
  }
}

/// What is wrong with the items of a node, in words. These are not escaped.
extension WorkflowDefinition {
  /// - Parameters:
  ///   - texts: the list.
  ///   - selection: what the run was told of the items.
  package func text(
    _ fault: ItemFault, of texts: [String], ofNode index: Int, _ selection: ItemSelection? = nil
  ) -> String {
    let plain = fault.text(most: forEach(ofStep: index)?.most ?? ForEach.impliedMost)
    let place = Int(fault.place)
    if fault.kind == .notInList {
      guard let named = selection?.named, named.indices.contains(place) else { return plain }
      return
        "its forEach has no item \(Self.quoted(named[place].key)), which was named when the run was"
        + " created: \(known(texts, ofNode: index))"
    }
    guard texts.indices.contains(place) else { return plain }
    let key = keys(ofNode: index)
    let own = key(texts[place])
    let number = place + 1
    switch fault.kind {
    case .absent, .noList, .tooMany, .notInList: return plain
    case .invalid where texts[place].utf8.contains(0):
      return "item \(number) of its forEach has a zero byte, which no argument can have"
    case .invalid where own.isEmpty: return "the key of item \(number) of its forEach is empty"
    case .invalid where own.utf8.count > ItemKey.mostBytes:
      return "the key of item \(number) of its forEach is longer than \(ItemKey.mostBytes) bytes:"
        + " \(Self.quoted(own))"
    case .invalid:
      return "the key of item \(number) of its forEach has a control character: \(Self.quoted(own))"
    case .repeated:
      guard let earlier = texts[..<place].firstIndex(where: { key($0) == own }) else {
        return plain
      }
      return "item \(number) of its forEach has the key \(Self.quoted(own)) of item \(earlier + 1)"
    case .noField:
      let fields = itemFields(ofNode: index)
      guard let missing = fields.first(where: { Item.value($0, of: texts[place]) == nil }) else {
        return plain
      }
      return "item \(number) of its forEach has no \"\(missing)\", which the step names:"
        + " \(Self.quoted(texts[place]))"
    }
  }

  /// `it has a, b, c and 4 more`, as ids have them.
  private func known(_ texts: [String], ofNode index: Int) -> String {
    if texts.isEmpty { return "it has none" }
    let shown = texts.prefix(3).map { ItemKey.escaped(keys(ofNode: index)($0)) }
    let more = texts.count - shown.count
    return "it has \(shown.joined(separator: ", "))" + (more > 0 ? " and \(more) more" : "")
  }

  /// Without its end if it is long.
  private static func quoted(_ text: String) -> String {
    let most = 60
    let scalars = text.unicodeScalars
    return scalars.count > most ? "\"\(String(scalars.prefix(most)))…\"" : "\"\(text)\""
  }
}
