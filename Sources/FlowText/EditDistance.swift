/// Finds the most similar of several names by edit distance (insertions,
/// deletions, substitutions, and swaps of neighbours: the optimal string alignment distance).
package struct EditDistance {
  /// Names longer than this have no neighbours; step ids are at most as long.
  package static let longestName = 64

  /// How many more comparisons and table cells there may be, over all searches.
  private var budget: Int

  /// Three rows of the table: two above, one above, and the current one.
  private var rows = [[Int]](repeating: [Int](repeating: 0, count: longestName + 1), count: 3)

  /// - Parameter budget: how many comparisons and table cells there may be, over all searches. The
  ///   default costs about a quarter of a second, however many unknown ids a file has.
  package init(budget: Int = 50_000_000) {
    self.budget = budget
  }

  /// The largest distance of a suggestion: about one letter in three, one in a name of two, and
  /// never more than three. A single letter has no suggestion: every other letter would be equally
  /// near.
  package static func limit(for name: Span<UInt8>) -> Int {
    switch name.count {
    case 2...longestName: min(3, max(1, name.count / 3))
    default: 0
    }
  }

  /// The distance between two names, if it is at most `limit` and the budget is not spent.
  package mutating func between(_ a: Span<UInt8>, _ b: Span<UInt8>, limit: Int) -> Int? {
    budget -= 1
    guard abs(a.count - b.count) <= limit, budget > 0, a.count <= Self.longestName,
      b.count <= Self.longestName
    else { return nil }
    var start = 0
    while start < a.count && start < b.count && a[start] == b[start] { start += 1 }
    var (aEnd, bEnd) = (a.count, b.count)
    while aEnd > start && bEnd > start && a[aEnd - 1] == b[bEnd - 1] {
      aEnd -= 1
      bEnd -= 1
    }
    return table(a.extracting(start..<aEnd), b.extracting(start..<bEnd), limit)
  }

  private mutating func table(_ a: Span<UInt8>, _ b: Span<UInt8>, _ limit: Int) -> Int? {
    var (twoAbove, above, current) = (0, 1, 2)
    for column in 0...b.count { rows[above][column] = column }
    for row in 0..<a.count {
      budget -= b.count + 1
      rows[current][0] = row + 1
      var least = row + 1
      for column in 0..<b.count {
        var distance = rows[above][column] + (a[row] == b[column] ? 0 : 1)
        distance = min(distance, rows[above][column + 1] + 1, rows[current][column] + 1)
        if row > 0 && column > 0 && a[row] == b[column - 1] && a[row - 1] == b[column] {
          distance = min(distance, rows[twoAbove][column - 1] + 1)
        }
        rows[current][column + 1] = distance
        least = min(least, distance)
      }
      // No later row is nearer. A swap skips this row, but costs as much as reaching it.
      if least > limit { return nil }
      (twoAbove, above, current) = (above, current, twoAbove)
    }
    let distance = rows[above][b.count]
    return distance <= limit ? distance : nil
  }
}
