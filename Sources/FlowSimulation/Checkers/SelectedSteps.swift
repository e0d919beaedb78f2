import FlowCore

/// The steps that a run has, and what they wait for, by rules that share no code with the engine's:
/// they follow the definition and the ends of steps, and not the events.
struct SelectedSteps {
  /// What the end of a step means for one that needs it.
  enum Standing {
    case open, met, failed
  }

  let definition: WorkflowDefinition
  private let isLeftOut: [Bool]
  /// By step: the selected steps after whose ends it runs. These are its needs, and for one that is left
  /// out and must not have been skipped, what comes before that.
  private(set) var before: [[Int32]] = []
  /// The same of those that must have succeeded, if they ran at all.
  private(set) var mustSucceed: [[Int32]] = []

  /// - Parameter unselected: what the run was told to leave out.
  init(_ definition: WorkflowDefinition, without unselected: StepSet) {
    self.definition = definition
    isLeftOut = definition.steps.indices.map { unselected.contains(Int32($0)) }
    var known: [Int32: Set<Int32>] = [:]
    before = definition.steps.indices.map { step in
      look(Int32(step), &known) { wanted, need, isSelected in
        isSelected || wanted != .settled && (wanted == .succeeded || !mayFail(need))
      }.sorted()
    }
    known = [:]
    mustSucceed = definition.steps.indices.map { step in
      look(Int32(step), &known) { wanted, need, _ in
        wanted == .succeeded || wanted == .done && !mayFail(need)
      }.sorted()
    }
  }

  /// The selected steps that a step needs, directly or through what is left out.
  ///
  /// - Parameter counts: whether a need counts of which that end is wanted.
  private func look(
    _ step: Int32, _ known: inout [Int32: Set<Int32>],
    _ counts: (WantedEnd, Int32, _ isSelected: Bool) -> Bool
  ) -> Set<Int32> {
    if let found = known[step] { return found }
    var found: Set<Int32> = []
    for need in definition.steps[Int(step)].needs {
      let wanted = definition.wanted(ofStep: Int(step), from: need)
      guard counts(wanted, need, contains(Int(need))) else { continue }
      if contains(Int(need)) {
        found.insert(need)
      } else {
        found.formUnion(look(need, &known, counts))
      }
    }
    known[step] = found
    return found
  }

  func contains(_ step: Int) -> Bool { !isLeftOut[step] }

  private func mayFail(_ step: Int32) -> Bool {
    definition.settings(ofStep: Int(step)).allowFailure
  }

  // MARK: Edges

  /// Whether a step may run as far as one of its needs is concerned.
  ///
  /// - Parameter end: how a selected step has ended; nil if it has not.
  func standing(_ need: Int32, of step: Int32, _ end: (Int32) -> StepEnd?) -> Standing {
    var known: [Int32: Standing] = [:]
    return standing(need, of: step, end, &known)
  }

  /// - Parameter known: by step that is left out, whether it would have run, or been skipped.
  private func standing(
    _ need: Int32, of step: Int32, _ end: (Int32) -> StepEnd?, _ known: inout [Int32: Standing]
  ) -> Standing {
    let wanted = definition.wanted(ofStep: Int(step), from: need)
    if contains(Int(need)) {
      guard let end = end(need) else { return .open }
      return isMet(wanted, end, mayFail: mayFail(need)) ? .met : .failed
    }
    if wanted == .failed { return .failed }
    let own: Standing
    if let found = known[need] {
      own = found
    } else {
      let standings = definition.steps[Int(need)].needs.map {
        standing($0, of: need, end, &known)
      }
      own = standings.contains(.failed) ? .failed : standings.contains(.open) ? .open : .met
      known[need] = own
    }
    switch (own, wanted) {
    case (.open, _): return .open
    case (_, .settled), (.met, .done), (.met, .succeeded): return .met
    case (.failed, .done): return mayFail(need) ? .met : .failed
    case (.failed, .succeeded), (_, .failed): return .failed
    }
  }

  func isMet(_ wanted: WantedEnd, _ end: StepEnd, mayFail: Bool) -> Bool {
    switch (wanted, end) {
    case (.settled, _), (.done, .succeeded), (.succeeded, .succeeded), (.failed, .failed): true
    case (.done, .skipped(.condition)), (.done, .skipped(.noItems)): true
    // Of a child, whose needs have ended as it wants.
    case (.done, .skipped(.notSelected)), (.succeeded, .skipped(.notSelected)): true
    case (.done, .failed), (.done, .cancelled), (.done, .skipped): mayFail
    case (.succeeded, _), (.failed, _): false
    }
  }

  /// Whether a step can never run, because of one of its needs.
  func isBarred(_ step: Int, _ end: (Int32) -> StepEnd?) -> Bool {
    definition.steps[step].needs.contains { standing($0, of: Int32(step), end) == .failed }
  }

  /// Whether a step can be skipped because of another: it or, in place of a need that is left out, one
  /// before that has ended otherwise than wanted.
  ///
  /// - Parameter isKept: whether a step keeps its end, and lets through what others come to.
  func isReason(
    _ need: Int32, toSkip step: Int32, _ end: (Int32) -> StepEnd?, _ isKept: (Int32) -> Bool
  ) -> Bool {
    definition.steps[Int(step)].needs.contains { own in
      guard standing(own, of: step, end) == .failed else { return false }
      return own == need
        || (!contains(Int(own)) || isKept(own)) && leads(to: need, from: own, isKept)
    }
  }

  private func leads(to need: Int32, from step: Int32, _ isKept: (Int32) -> Bool) -> Bool {
    definition.steps[Int(step)].needs.contains {
      $0 == need || (!contains(Int($0)) || isKept($0)) && leads(to: need, from: $0, isKept)
    }
  }

  // MARK: Rounds

  /// By step, whether it runs again in a round: steps are marked until none is left that follows from
  /// a marked one. What was skipped for a need that keeps its end is not marked.
  ///
  /// - Parameter isStale: by step, whether it must be approved again, or its work may be lost.
  func runningAgain(
    _ scope: ReopenScope, _ ends: [StepEnd?], _ isStale: [Bool] = []
  ) -> [Bool] {
    let named = scope.named
    let first = definition.steps.indices.map { step in
      step < definition.firstFinally && !definition.isRollback(step)
        && named?.contains(Int32(step))
          ?? (contains(step)
            && (!isContent(ends[step]) || !isStale.isEmpty && isStale[step]
              || hasFailedChildren(step, ends)))
    }
    // In each pass more steps are known to be left as they are.
    var isLeft = [Bool](repeating: false, count: ends.count)
    while true {
      let marked = marked(from: first, without: isLeft, scope.takesDependents)
      let isOpen = { (step: Int32) in marked[Int(step)] ? nil : ends[Int(step)] }
      let stillLeft = definition.steps.indices.map { step in
        guard case .skipped? = ends[step], named?.contains(Int32(step)) != true,
          step < definition.firstFinally, !definition.isRollback(step)
        else {
          return false
        }
        return contains(step) && isBarred(step, isOpen)
      }
      if stillLeft == isLeft {
        // A rollback begins again with its step.
        let again = marked.indices.map { step in
          contains(step) && marked[definition.stepRolledBack(by: step).map { Int($0) } ?? step]
        }
        return withNotices(withFinally(again, named, ends, isStale))
      }
      isLeft = stillLeft
    }
  }

  /// With anything that runs again, or by themselves, all steps of `finally` do.
  private func withFinally(
    _ again: [Bool], _ named: StepSet?, _ ends: [StepEnd?], _ isStale: [Bool]
  ) -> [Bool] {
    let isWanted = definition.finallySteps.contains { step in
      if !contains(step) { return false }
      if let named { return named.contains(Int32(step)) }
      return [.failed, .cancelled, .skipped(.runStopping)].contains(ends[step])
        || !isStale.isEmpty && isStale[step]
    }
    guard isWanted || again.contains(true) else { return again }
    return again.indices.map { again[$0] || definition.isFinally($0) && contains($0) }
  }

  /// Each round tells of its end.
  private func withNotices(_ again: [Bool]) -> [Bool] {
    guard again.contains(true) else { return again }
    return again.indices.map { again[$0] || definition.isNotify($0) && contains($0) }
  }

  private func hasFailedChildren(_ step: Int, _ ends: [StepEnd?]) -> Bool {
    definition.forEach(ofStep: step) != nil
      && definition.childSteps.contains { ends[$0] == .failed }
  }

  /// Whether a step would not run again by itself.
  private func isContent(_ end: StepEnd?) -> Bool {
    switch end {
    case .succeeded, .skipped(.condition), .skipped(.nothingFailed), .skipped(.noItems): true
    case .failed, .cancelled, .skipped, nil: false
    }
  }

  private func marked(
    from first: [Bool], without isLeft: [Bool], _ marksDependents: Bool
  ) -> [Bool] {
    var isMarked = first.indices.map { first[$0] && !isLeft[$0] }
    var hasChanged = marksDependents
    while hasChanged {
      hasChanged = false
      for (index, step) in definition.steps[definition.ordinarySteps].enumerated()
      where !isMarked[index] && !isLeft[index] && !definition.isRollback(index) {
        if step.needs.contains(where: { isMarked[Int($0)] }) {
          isMarked[index] = true
          hasChanged = true
        }
      }
    }
    return isMarked
  }

  /// Whether a step that keeps its end in another round keeps the run from success.
  func isLeftBehind(_ step: Int, _ ends: [StepEnd?], _ runsAgain: [Bool]) -> Bool {
    if runsAgain[step] || !contains(step) || step >= definition.firstFinally { return false }
    switch ends[step] {
    case .succeeded, .skipped(.condition), .skipped(.nothingFailed), .skipped(.noItems):
      return false
    case .failed: return !mayFail(Int32(step))
    case .cancelled, nil: return true
    case .skipped where definition.isRollback(step): return false
    case .skipped: return !isLeftAsItIs(step, ends, runsAgain)
    }
  }

  /// Whether it was skipped because of a need that has ended otherwise, and has not failed.
  private func isLeftAsItIs(_ step: Int, _ ends: [StepEnd?], _ runsAgain: [Bool]) -> Bool {
    isBarred(step) { runsAgain[Int($0)] ? nil : ends[Int($0)] }
      && !builtOn(step).contains { holdsUp(Int($0), ends, runsAgain) }
  }

  /// The needs that a step wants to be done, or to have succeeded.
  private func builtOn(_ step: Int) -> [Int32] {
    definition.steps[step].needs.filter {
      [.done, .succeeded].contains(definition.wanted(ofStep: step, from: $0))
    }
  }

  /// Whether a step has failed, or was skipped for one that has.
  private func holdsUp(_ step: Int, _ ends: [StepEnd?], _ runsAgain: [Bool]) -> Bool {
    if mayFail(Int32(step)) { return false }
    guard contains(step) else {
      return builtOn(step).contains { holdsUp(Int($0), ends, runsAgain) }
    }
    if runsAgain[step] || isContent(ends[step]) { return false }
    guard case .skipped? = ends[step] else { return true }
    return !isLeftAsItIs(step, ends, runsAgain)
  }
}
