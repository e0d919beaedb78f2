/// All ways through decisions, each of which may depend on those before it: a tree, walked depth
/// first, one leaf a walk. Only the path to the current leaf is kept.
struct ChoiceTree {
  private struct Decision {
    var value: Int
    let count: Int
  }

  private var path: [Decision] = []
  /// How many decisions this walk has made.
  private(set) var depth = 0
  /// The decision in which this walk differs from the one before; -1 in the first.
  private var changed = -1

  /// Whether no earlier walk has made the decisions that this one has made so far.
  var isNew: Bool { depth > changed }

  /// A number from zero up to, but not including, `count`. After the same decisions the same one
  /// must be asked for.
  mutating func choose(below count: Int) -> Int {
    precondition(count > 0, "a decision among \(count)")
    if depth == path.count { path.append(Decision(value: 0, count: count)) }
    precondition(
      path[depth].count == count,
      "decision \(depth) is among \(count), and was among \(path[depth].count) before")
    depth += 1
    return path[depth - 1].value
  }

  /// Begins the walk to the next leaf.
  ///
  /// - Returns: false if all were visited.
  mutating func advance() -> Bool {
    precondition(depth == path.count, "a walk ends at decision \(depth), of \(path.count) before")
    while let last = path.last, last.value + 1 == last.count { path.removeLast() }
    changed = path.count - 1
    depth = 0
    guard changed >= 0 else { return false }
    path[changed].value += 1
    return true
  }

  /// Begins the same walk again. Nothing in it is new.
  mutating func rewind() {
    changed = path.count
    depth = 0
  }
}
