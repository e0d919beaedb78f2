/// Steps that can start now, by precedence: longest remaining chain first, then definition order.
package struct ReadyQueue: Equatable, Sendable {
  /// Ranks instead of steps: the graph has sorted the steps once.
  private var ranks = BinaryHeap<Int32>()

  package init() {}

  package var isEmpty: Bool { ranks.isEmpty }
  package var count: Int { ranks.count }

  package func first(in graph: DependencyGraph) -> Int? {
    ranks.min.map { graph.step(ranked: $0) }
  }

  /// The steps that start next, in order.
  package func first(_ count: Int, in graph: DependencyGraph) -> [Int] {
    ranks.smallest(count).map { graph.step(ranked: $0) }
  }

  package mutating func insert(_ step: Int, in graph: DependencyGraph) {
    ranks.insert(graph.rank(of: step))
  }

  package mutating func removeFirst() {
    _ = ranks.removeMin()
  }

  package mutating func removeAll() {
    ranks.removeAll()
  }
}
