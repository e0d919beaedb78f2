/// Finds what someone probably meant.
package enum Suggestion {
  /// The name that is the fewest slips away, the first among equals; nil where every name would take
  /// more than one slip for three characters.
  package static func nearest(to word: String, among names: [String]) -> String? {
    let word = Array(word.unicodeScalars)
    let slips = names.map { distance(word, Array($0.unicodeScalars)) }
    guard let best = slips.indices.min(by: { slips[$0] < slips[$1] }) else { return nil }
    let length = max(word.count, names[best].unicodeScalars.count)
    return slips[best] <= max(1, length / 3) ? names[best] : nil
  }

  /// Optimal string alignment: characters missing, superfluous, wrong, or swapped with the next.
  package static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for (row, a) in left.enumerated() {
      var current = [row + 1]
      for (column, b) in right.enumerated() {
        var cost = min(last[column + 1], current[column]) + 1
        cost = min(cost, last[column] + (a == b ? 0 : 1))
        if row > 0, column > 0, a == right[column - 1], left[row - 1] == b {
          cost = min(cost, beforeLast[column - 1] + 1)
        }
        current.append(cost)
      }
      beforeLast = last
      last = current
    }
    return last[right.count]
  }
}
