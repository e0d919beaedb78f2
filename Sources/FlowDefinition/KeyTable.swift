import FlowText

/// The keys that an object may have.
struct KeyTable<Key: Sendable>: Sendable {
  let keys: [Key]
  let names: [String]
  /// The names as bytes, in the same order.
  private let nameBytes: [[UInt8]]
  /// The keys for a message: `"id", "run", …`.
  let list: String
  /// How many of them, the first ones, are said in messages.
  private let told: Int

  /// - Parameter refused: keys that are known only so that a message can say why there is none.
  init(_ keys: [(name: String, key: Key)], refused: [(name: String, key: Key)] = []) {
    let all = keys + refused
    self.keys = all.map(\.key)
    names = all.map(\.name)
    nameBytes = names.map { Array($0.utf8) }
    list = keys.map { "\"\($0.name)\"" }.joined(separator: ", ")
    told = keys.count
  }

  /// The index of the name in `keys`.
  func index(of name: Span<UInt8>) -> Int? {
    // At most a dozen keys: a hash would cost more than these comparisons.
    for (index, candidate) in nameBytes.enumerated() where candidate.count == name.count {
      if name.indices.allSatisfy({ name[$0] == candidate[$0] }) { return index }
    }
    return nil
  }

  /// The name of the most similar key.
  func nearest(to name: Span<UInt8>, _ editDistance: inout EditDistance) -> String? {
    var limit = EditDistance.limit(for: name)
    var nearest: String?
    for (index, candidate) in nameBytes.prefix(told).enumerated() where limit > 0 {
      guard let distance = editDistance.between(candidate.span, name, limit: limit) else {
        continue
      }
      nearest = names[index]
      limit = distance - 1
    }
    return nearest
  }
}

extension KeyTable where Key: RawRepresentable, Key.RawValue == String {
  init(_ keys: [Key]) {
    self.init(keys.map { (name: $0.rawValue, key: $0) })
  }
}

extension DefinitionReader {
  func index<Key>(of token: TextToken, in table: KeyTable<Key>) -> Int? {
    if token.hasEscapes { return table.index(of: Array(text(of: token).utf8).span) }
    // A span of the getter's result would copy the entire source.
    let bytes = source.bytes
    return table.index(of: bytes.span.extracting(token.content))
  }

  mutating func reportUnknownKey<Key>(_ token: TextToken, _ cursor: ObjectCursor<Key>) {
    guard diagnostics.wants(token.offset) else { return }
    let name = Array(text(of: token).utf8)
    let message =
      if let nearest = cursor.table.nearest(to: name.span, &editDistance) {
        "unknown key: did you mean \(Quoting.quoted(nearest))?"
      } else {
        "unknown key: \(cursor.owner) takes \(cursor.table.list)"
      }
    diagnostics.keep(.init(offset: token.offset, path: pathDescription, message: message))
  }
}
