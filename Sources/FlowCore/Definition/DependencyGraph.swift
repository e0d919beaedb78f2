/// The dependencies between steps in two flat arrays (compressed sparse rows), and the precedence
/// of ready steps. Building it takes time and memory linear in steps and needs, plus one sort.
package struct DependencyGraph: Equatable, Sendable {
  /// Dependents of step `s` are `dependents[dependentsStart[s] ..< dependentsStart[s + 1]]`.
  private let dependentsStart: [Int32]
  private let dependents: [Int32]
  /// How many needs a step has.
  private let needsCount: [Int32]
  /// Steps by precedence: longest remaining chain first, then definition order.
  private let precedence: [Int32]
  /// The inverse of `precedence`.
  private let rank: [Int32]

  /// - Throws: `DependencyCycle` with one shortest-found cycle, if the needs contain any.
  package init(_ steps: [StepDefinition]) throws(DependencyCycle) {
    let count = steps.count
    var start = [Int32](repeating: 0, count: count + 1)
    for step in steps {
      for need in step.needs { start[Int(need) + 1] += 1 }
    }
    for index in 0..<count { start[index + 1] += start[index] }
    var fill = start
    var edges = [Int32](repeating: 0, count: Int(start[count]))
    for (index, step) in steps.enumerated() {
      for need in step.needs {
        edges[Int(fill[Int(need)])] = Int32(index)
        fill[Int(need)] += 1
      }
    }
    dependentsStart = start
    dependents = edges
    needsCount = steps.map { Int32($0.needs.count) }

    let order = Self.topologicalOrder(start, edges, needsCount)
    guard order.count == count else {
      throw DependencyCycle.find(in: steps, outside: order)
    }
    // The longest chain of dependents below each step, including itself: last steps first.
    var chain = [Int32](repeating: 1, count: count)
    for step in order.reversed() {
      for edge in start[Int(step)]..<start[Int(step) + 1] {
        chain[Int(step)] = max(chain[Int(step)], chain[Int(edges[Int(edge)])] + 1)
      }
    }
    precedence = Self.sortedByChain(chain)
    var rank = [Int32](repeating: 0, count: count)
    for (position, step) in precedence.enumerated() { rank[Int(step)] = Int32(position) }
    self.rank = rank
  }

  /// The steps that need one; none of a child, which comes behind all that the graph has.
  package func dependents(of step: Int) -> ArraySlice<Int32> {
    guard step < needsCount.count else { return [] }
    return dependents[Int(dependentsStart[step])..<Int(dependentsStart[step + 1])]
  }

  package func needsCount(of step: Int) -> Int32 {
    step < needsCount.count ? needsCount[step] : 0
  }

  /// The precedence of a step among ready steps; a smaller rank starts earlier.
  package func rank(of step: Int) -> Int32 { rank[step] }

  /// The step with a given rank.
  package func step(ranked rank: Int32) -> Int { Int(precedence[Int(rank)]) }

  /// Kahn's algorithm; omits steps on a cycle and their dependents.
  private static func topologicalOrder(
    _ start: [Int32], _ edges: [Int32], _ needsCount: [Int32]
  ) -> [Int32] {
    var unmet = needsCount
    var order: [Int32] = []
    order.reserveCapacity(unmet.count)
    for (step, needs) in needsCount.enumerated() where needs == 0 { order.append(Int32(step)) }
    var next = 0
    while next < order.count {
      let step = Int(order[next])
      next += 1
      for edge in start[step]..<start[step + 1] {
        let dependent = Int(edges[Int(edge)])
        unmet[dependent] -= 1
        if unmet[dependent] == 0 { order.append(Int32(dependent)) }
      }
    }
    return order
  }

  /// Counting sort: chains are at most as long as there are steps, and ties keep their order.
  private static func sortedByChain(_ chain: [Int32]) -> [Int32] {
    let longest = Int(chain.max() ?? 0)
    var position = [Int32](repeating: 0, count: longest + 2)
    for length in chain { position[longest - Int(length) + 1] += 1 }
    for index in 0...longest { position[index + 1] += position[index] }
    var sorted = [Int32](repeating: 0, count: chain.count)
    for (step, length) in chain.enumerated() {
      let bucket = longest - Int(length)
      sorted[Int(position[bucket])] = Int32(step)
      position[bucket] += 1
    }
    return sorted
  }
}

/// Steps whose needs form a cycle.
package struct DependencyCycle: Error, Equatable, Sendable {
  /// Step indices; each needs the next, the last needs the first.
  package let steps: [Int]

  /// Walks needs that are themselves not in the topological order until a step repeats.
  fileprivate static func find(in steps: [StepDefinition], outside order: [Int32]) -> Self {
    var sorted = [Bool](repeating: false, count: steps.count)
    for step in order { sorted[Int(step)] = true }
    var visitedAt = [Int](repeating: -1, count: steps.count)
    var path: [Int] = []
    guard var step = sorted.firstIndex(of: false) else {
      preconditionFailure("a cycle was asked for where every step has its place in the order")
    }
    while visitedAt[step] < 0 {
      visitedAt[step] = path.count
      path.append(step)
      guard let need = steps[step].needs.first(where: { !sorted[Int($0)] }) else {
        preconditionFailure("step \(step) is in no topological order, but all its needs are")
      }
      step = Int(need)
    }
    return DependencyCycle(steps: Array(path[visitedAt[step]...]))
  }
}

extension WorkflowDefinition {
  /// The graph of the declared steps. Those of chains run in their children only.
  package func graph() throws(DependencyCycle) -> DependencyGraph {
    try DependencyGraph(chainCount + children.count == 0 ? steps : Array(steps[declaredSteps]))
  }
}
