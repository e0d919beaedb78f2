import FlowText

/// The keys that an object may have.
struct KeyTable<Key: RawRepresentable & CaseIterable & Sendable>: Sendable
where Key.RawValue == String {
  let keys: [Key]
  /// The keys as bytes, in the same order.
  let names: [[UInt8]]
  /// The keys for a message: `"id", "run", …`.
  let list: String

  init(_ type: Key.Type, of keys: [Key] = Array(Key.allCases)) {
    self.keys = keys
    names = keys.map { Array($0.rawValue.utf8) }
    list = keys.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
  }

  /// Where the name stands in `keys`.
  func index(of name: Span<UInt8>) -> Int? {
    // At most a dozen keys: a hash would cost more than these comparisons.
    for (index, candidate) in names.enumerated() where candidate.count == name.count {
      if name.indices.allSatisfy({ name[$0] == candidate[$0] }) { return index }
    }
    return nil
  }

  /// The key that was probably meant.
  func nearest(to name: Span<UInt8>, _ editDistance: inout EditDistance) -> Key? {
    var limit = EditDistance.limit(for: name)
    var nearest: Key?
    for (index, candidate) in names.enumerated() where limit > 0 {
      guard let distance = editDistance.between(candidate.span, name, limit: limit) else {
        continue
      }
      nearest = keys[index]
      limit = distance - 1
    }
    return nearest
  }
}

extension DefinitionReader {
  func index<Key>(of token: StringToken, in table: KeyTable<Key>) -> Int? {
    if token.hasEscapes { return table.index(of: Array(text(of: token).utf8).span) }
    return table.index(of: scanner.bytes.span.extracting(token.content))
  }

  mutating func reportUnknownKey<Key>(_ token: StringToken, _ cursor: ObjectCursor<Key>) {
    guard diagnostics.wants(token.offset) else { return }
    let name = Array(text(of: token).utf8)
    let message =
      if let nearest = cursor.table.nearest(to: name.span, &editDistance) {
        "unknown key: did you mean \"\(nearest.rawValue)\"?"
      } else {
        "unknown key: \(cursor.owner) takes \(cursor.table.list)"
      }
    diagnostics.keep(.init(offset: token.offset, path: pathDescription, message: message))
  }
}
