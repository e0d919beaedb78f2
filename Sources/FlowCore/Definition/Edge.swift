/// What a step wants of a need before it runs.
package enum WantedEnd: UInt8, CaseIterable, Sendable {
  /// That its dependents may build on it: it succeeded, failed and may, or is left out on purpose.
  case done = 0
  case succeeded = 1
  /// For good.
  case failed = 2
  /// Any end.
  case settled = 3
}

extension WantedEnd {
  /// Whether a step may build on a need that has ended.
  ///
  /// - Parameters:
  ///   - isRefused: whether the need was skipped by its own condition.
  ///   - mayFail: whether its failure is allowed.
  package func isMet(
    hasSucceeded: Bool, hasFailed: Bool, isRefused: Bool, mayFail: Bool
  ) -> Bool {
    switch self {
    case .done: hasSucceeded || isRefused || mayFail
    case .succeeded: hasSucceeded
    case .failed: hasFailed
    case .settled: true
    }
  }
}

/// A need of which another end is wanted than that it is done.
package struct Edge: Hashable, Sendable {
  /// The step that is needed.
  package var need: Int32
  package var wanted: WantedEnd

  package init(need: Int32, wanted: WantedEnd) {
    self.need = need
    self.wanted = wanted
  }
}

extension WorkflowDefinition {
  /// What the step at `index` wants of one of its needs.
  package func wanted(ofStep index: Int, from need: Int32) -> WantedEnd {
    guard let child = child(index), child.step != child.node else {
      return wantedAsDeclared(ofStep: index, from: need)
    }
    return isChild(Int(need))
      ? wantedAsDeclared(ofStep: Int(child.step), from: need - Int32(index) + child.step)
      : wantedAsDeclared(ofStep: Int(child.node), from: need)
  }

  private func wantedAsDeclared(ofStep index: Int, from need: Int32) -> WantedEnd {
    let place = steps[index].extrasIndex
    if place == 0 { return .done }
    let edges = extras[Int(place)].edges
    var (low, high) = (0, edges.count)
    while low < high {
      let middle = (low + high) / 2
      if edges[middle].need < need { low = middle + 1 } else { high = middle }
    }
    return low < edges.count && edges[low].need == need ? edges[low].wanted : .done
  }
}
