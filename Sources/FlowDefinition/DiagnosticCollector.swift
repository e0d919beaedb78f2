/// Gathers diagnostics in any order, counts them all and keeps the first ones of the file.
///
/// Callers ask `wants` before they build the text: of a million errors, texts are built for
/// a few hundred.
struct DiagnosticCollector {
  struct Entry {
    /// In bytes from the start of the file.
    var offset: Int
    var path: String
    var message: String
    var related: RelatedPlace?
  }

  private(set) var count = 0
  private var kept: [Entry] = []
  /// The offset of the last of the first `DefinitionErrors.limit` errors, once there are that many.
  private var bound = Int.max

  /// Counts an error, and returns whether its text will be kept.
  mutating func wants(_ offset: Int) -> Bool {
    count += 1
    return offset < bound
  }

  /// Keeps an error that `wants` has counted.
  mutating func keep(_ entry: Entry) {
    kept.append(entry)
    if kept.count == 2 * DefinitionErrors.limit { prune() }
  }

  private mutating func prune() {
    // The standard library's sort is stable: what was found first at a place stays first.
    kept.sort { $0.offset < $1.offset }
    guard kept.count >= DefinitionErrors.limit else { return }
    kept.removeLast(kept.count - DefinitionErrors.limit)
    bound = kept[DefinitionErrors.limit - 1].offset
  }

  /// All that was found, with lines and columns; nil if nothing was.
  mutating func errors(in bytes: [UInt8], file: String) -> DefinitionErrors? {
    guard count > 0 else { return nil }
    prune()
    let offsets = kept.map(\.offset) + kept.compactMap { $0.related?.offset }
    let positions = TextPosition.positions(of: offsets, in: bytes)
    func position(_ offset: Int) -> TextPosition {
      guard let position = positions[offset] else {
        preconditionFailure("offset \(offset) was not among those to be found")
      }
      return position
    }
    let errors = kept.map { entry in
      let addition = entry.related.map { ", \($0.relation) \(position($0.offset))" } ?? ""
      return DefinitionError(
        file: file, position: position(entry.offset), path: entry.path,
        message: entry.message + addition)
    }
    return DefinitionErrors(errors: errors, omittedCount: count - errors.count)
  }
}

/// Another place that a message points to; it is appended as `, first given at 3:7`.
struct RelatedPlace {
  /// Such as `first given at`.
  var relation: String
  /// In bytes from the start of the file.
  var offset: Int
}
