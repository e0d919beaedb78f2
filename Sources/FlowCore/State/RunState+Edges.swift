/// What the ends of steps mean for those that need them.
extension RunState {
  func mayFail(_ step: Int32) -> Bool { definition.settings(ofStep: Int(step)).allowFailure }

  /// Whether a step that has ended, or that the run leaves out, has ended as wanted.
  package func isMet(_ wanted: WantedEnd, by need: Int32) -> Bool {
    if passages.kept(need)?.isBlocked == true { return isMetBySkip(wanted, of: need) }
    // A child that is left out is skipped for that only where its needs have ended as it wants.
    let step = steps[Int(need)]
    return isMet(
      wanted, by: need,
      isBlocked: passages[Int(need)]?.isBlocked ?? (step.isLeftOut && !step.isRefused))
  }

  /// Whether a step is wanted to end so that it may be skipped for a need.
  private func isMetBySkip(_ wanted: WantedEnd, of need: Int32) -> Bool {
    wanted.isMet(hasSucceeded: false, hasFailed: false, isRefused: false, mayFail: mayFail(need))
  }

  /// Whether a step that keeps its end hands it on, now that one has ended that it needs. What others came to
  /// that keep their ends as well, it has seen.
  private func handsOn(_ dependent: Int32, endOf need: Int32) -> Bool {
    let wanted = definition.wanted(ofStep: Int(dependent), from: need)
    guard let passage = passages.kept(need) else { return isMet(wanted, by: need) }
    return passage.isBlocked ? isMetBySkip(wanted, of: need) : true
  }

  /// - Parameter isBlocked: whether a need of it, if it is left out, has not ended as it wanted: then
  ///   it counts as skipped for that need, and else as having succeeded.
  func isMet(_ wanted: WantedEnd, by need: Int32, isBlocked: Bool) -> Bool {
    let phase = steps[Int(need)].phase
    let hasSucceeded = isSelected(Int(need)) ? phase == .succeeded : !isBlocked
    return wanted.isMet(
      hasSucceeded: hasSucceeded, hasFailed: phase == .failed,
      isRefused: steps[Int(need)].isRefused, mayFail: mayFail(need))
  }
}

// MARK: Changes

extension RunState {
  private func dependents(of step: Int) -> ArraySlice<Int32> {
    definition.isChild(step) ? definition.siblings(needing: step) : graph.dependents(of: step)
  }

  /// The needs of a step have ended as it wants: now its condition decides, once in a round.
  mutating func needsEnded(_ step: Int) {
    if steps[step].isLeftOut { return doom(Int32(step), .notSelected) }
    if let inputs = refusal(ofStep: step) {
      doom(Int32(step), .condition(inputs))
    } else if definition.question(ofStep: step) != nil {
      questions.due.append(Int32(step))
    } else if definition.forEach(ofStep: step) != nil {
      nodes.due.append(Int32(step))
    } else {
      enqueue(Int32(step))
    }
  }

  /// - Parameter end: the selected step because of whose end the dependents may run, or never will;
  ///   nil if they wait for none.
  mutating func tellDependents(of step: Int32, by end: Int32?) {
    // A chain of steps that do not run can be as long as the workflow.
    var passed: [Int32] = []
    var current = step
    while true {
      for dependent in dependents(of: Int(current)) {
        // The end of all other steps together decides about those of `finally`, and its own about a rollback.
        if concludes(current, before: dependent) || definition.isRollback(Int(dependent)) {
          continue
        }
        let wanted = definition.wanted(ofStep: Int(dependent), from: current)
        let isMet =
          passages.kept(dependent) == nil
          ? isMet(wanted, by: current) : handsOn(dependent, endOf: current)
        if passages.crosses(dependent) {
          let isOver =
            isMet ? passages.needMet(dependent, by: end) : passages.needFailed(dependent, by: end)
          if isOver { passed.append(dependent) }
        } else if isMet {
          let wasMet = steps[Int(dependent)].apply(.needMet)
          precondition(wasMet, "a need of step \(dependent) was met after the step had started")
          if steps[Int(dependent)].phase == .ready { needsEnded(Int(dependent)) }
        } else {
          // What is left out has not failed, whatever came before it.
          let isOwn = wanted == .failed && !isSelected(Int(current))
          doom(dependent, .need(step: isOwn ? current : end ?? current))
        }
      }
      guard let next = passed.popLast() else { return }
      current = next
    }
  }
}
