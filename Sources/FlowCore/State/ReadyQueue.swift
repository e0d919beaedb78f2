/// Steps that can start now, by precedence: longest remaining chain first, then definition order. Children
/// come at the place of their node, in the order in which they were added.
package struct ReadyQueue: Equatable, Sendable {
  /// Ranks instead of steps: the graph has sorted the steps once.
  private var precedences = BinaryHeap<UInt64>()

  package init() {}

  package var isEmpty: Bool { precedences.isEmpty }
  package var count: Int { precedences.count }

  /// - Parameters:
  ///   - rank: of the step in the graph; of a child that of its node.
  ///   - child: the index of the step if it is a child, else 0.
  package static func precedence(rank: Int32, child: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: rank)) << 32 | UInt64(UInt32(bitPattern: child))
  }

  private static func step(_ precedence: UInt64, in graph: DependencyGraph) -> Int {
    let child = Int32(truncatingIfNeeded: precedence)
    return child != 0 ? Int(child) : graph.step(ranked: Int32(truncatingIfNeeded: precedence >> 32))
  }

  package func first(in graph: DependencyGraph) -> Int? {
    precedences.min.map { Self.step($0, in: graph) }
  }

  /// The steps that start next, in order.
  package func first(_ count: Int, in graph: DependencyGraph) -> [Int] {
    precedences.smallest(count).map { Self.step($0, in: graph) }
  }

  package mutating func insert(_ precedence: UInt64) {
    precedences.insert(precedence)
  }

  /// - Returns: the precedence of the step that was first.
  @discardableResult
  package mutating func removeFirst() -> UInt64? {
    precedences.removeMin()
  }

  /// Removes children.
  mutating func removeAll(where isRemoved: (Int) -> Bool) {
    var rest = BinaryHeap<UInt64>()
    while let precedence = precedences.removeMin() {
      let child = Int32(truncatingIfNeeded: precedence)
      if child == 0 || !isRemoved(Int(child)) { rest.insert(precedence) }
    }
    precedences = rest
  }

  package mutating func removeAll() {
    precedences.removeAll()
  }
}
