/// Which step of a workflow needs which: a graph without cycles, whatever the steps are called.
package struct WorkflowShape: Equatable, Sendable {
  /// By step, those before it that it needs, ascending.
  package let needs: [[Int]]

  /// One of each kind: no two are the same with other names for the steps. There are 1, 2, 6, 31
  /// and 302 of 1 to 5 steps; the work grows with `2^(n·(n-1)/2) · n!`.
  ///
  /// - Parameter steps: at most `mostSteps`.
  package static func all(steps: Int) -> [WorkflowShape] {
    precondition((1...mostSteps).contains(steps), "shapes of \(steps) steps")
    let pairs = (0..<steps).flatMap { step in (0..<step).map { (step, $0) } }
    let orders = permutations(of: Array(0..<steps))
    var seen: Set<UInt32> = []
    var shapes: [WorkflowShape] = []
    // Every graph without cycles has an order in which steps need earlier ones only.
    for mask in 0..<(1 << pairs.count) {
      var needs = [[Int]](repeating: [], count: steps)
      for (bit, pair) in pairs.enumerated() where mask >> bit & 1 == 1 {
        needs[pair.0].append(pair.1)
      }
      let shape = WorkflowShape(needs: needs)
      if seen.insert(shape.canonicalForm(orders)).inserted { shapes.append(shape) }
    }
    return shapes
  }

  /// As many as a workflow can be drawn with any needs among them, and as fit a canonical form.
  package static let mostSteps = 5

  /// The least of all numbers that name the graph in some order of its steps.
  private func canonicalForm(_ orders: [[Int]]) -> UInt32 {
    var least = UInt32.max
    for order in orders {
      var form: UInt32 = 0
      for (step, others) in needs.enumerated() {
        for other in others { form |= 1 << UInt32(order[step] * needs.count + order[other]) }
      }
      least = min(least, form)
    }
    return least
  }

  private static func permutations(of items: [Int]) -> [[Int]] {
    if items.isEmpty { return [[]] }
    return items.flatMap { first in
      permutations(of: items.filter { $0 != first }).map { [first] + $0 }
    }
  }

  /// How many steps can be ready or run at once. More slots change nothing.
  package var width: Int {
    var ancestors = [Int](repeating: 0, count: needs.count)
    for (step, others) in needs.enumerated() {
      for other in others { ancestors[step] |= ancestors[other] | 1 << other }
    }
    return (1..<(1 << needs.count)).reduce(1) { widest, set in
      let isAntichain = needs.indices.allSatisfy { set >> $0 & 1 == 0 || ancestors[$0] & set == 0 }
      return isAntichain ? max(widest, set.nonzeroBitCount) : widest
    }
  }
}

extension WorkflowShape: CustomStringConvertible {
  package var description: String {
    needs.enumerated().map { step, others in
      others.isEmpty ? "s\(step)" : "s\(step)(\(others.map { "s\($0)" }.joined(separator: ",")))"
    }.joined(separator: " ")
  }
}
