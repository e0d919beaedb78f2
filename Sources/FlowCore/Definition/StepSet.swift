/// Some steps of a workflow, by their numbers, as ranges: a selection from a hundred thousand steps
/// is mostly a few of them.
package struct StepSet: Hashable, Sendable {
  /// Ascending; none is empty or touches the next.
  package private(set) var ranges: [Range<Int32>] = []

  package init() {}

  /// - Parameter flags: by step, whether it is one of them.
  package init(flags: [Bool]) {
    for (step, isOne) in flags.enumerated() where isOne { append(Int32(step)) }
  }

  package init(_ steps: some Sequence<Int32>) {
    for step in steps.sorted() where step != ranges.last.map({ $0.upperBound - 1 }) { append(step) }
  }

  /// - Returns: false, and changes nothing, if the range does not follow the last one with a gap.
  mutating func append(_ range: Range<Int32>) -> Bool {
    guard !range.isEmpty, range.lowerBound >= 0 else { return false }
    if let last = ranges.last, last.upperBound >= range.lowerBound { return false }
    ranges.append(range)
    return true
  }

  private mutating func append(_ step: Int32) {
    if let last = ranges.last, last.upperBound == step {
      ranges[ranges.count - 1] = last.lowerBound..<step + 1
    } else {
      ranges.append(step..<step + 1)
    }
  }

  package var isEmpty: Bool { ranges.isEmpty }
  package var count: Int { ranges.reduce(0) { $0 + $1.count } }
  /// The number of the last step; nil if there is none.
  package var last: Int32? { ranges.last.map { $0.upperBound - 1 } }

  /// All of them, ascending.
  package var steps: some Sequence<Int32> { ranges.lazy.joined() }

  package func contains(_ step: Int32) -> Bool {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound <= step { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].contains(step)
  }

  /// By step of a workflow, whether it is one of them.
  package func flags(of count: Int) -> [Bool] {
    var flags = [Bool](repeating: false, count: count)
    for range in ranges {
      for step in range where Int(step) < count { flags[Int(step)] = true }
    }
    return flags
  }
}
