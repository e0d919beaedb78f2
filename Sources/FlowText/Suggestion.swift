/// Suggests a name for a misspelled word.
package enum Suggestion {
  /// The name that is nearest to a word by `EditDistance`, the first among equals; nil if none is
  /// near.
  package static func nearest(to word: String, among names: some Sequence<String>) -> String? {
    let word = Array(word.utf8)
    var limit = EditDistance.limit(for: word.span)
    var distance = EditDistance()
    var nearest: String?
    for name in names {
      let other = Array(name.utf8)
      guard let found = distance.between(word.span, other.span, limit: limit) else { continue }
      nearest = name
      if found == 0 { break }
      // From now on only a nearer name counts.
      limit = found - 1
    }
    return nearest
  }
}
