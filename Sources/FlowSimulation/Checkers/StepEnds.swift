import FlowCore

/// How a step has ended.
enum StepEnd: Equatable {
  case succeeded, failed, cancelled
  case skipped(SkipReason)
}

/// How the steps of a run have ended so far, each in the last round that it had.
struct StepEnds {
  private let selected: SelectedSteps
  /// By step; nil while it has no end in this round.
  private(set) var ends: [StepEnd?]
  /// By step, whether it runs again in this round.
  private(set) var runsAgain: [Bool]
  /// Whether in this round order and failures hold across what does not run again.
  private var holdsOrder = false
  /// By step, whether it was approved before something that it needs, directly or not, ran again, and has
  /// not been asked since.
  private var isStale: [Bool]

  private var suspects: SuspectSteps
  /// Whether this round is given up for lost work, and comes to nothing.
  var isGivenUp: Bool { suspects.isGivenUp }

  init(_ selected: SelectedSteps) {
    suspects = SuspectSteps(selected.definition)
    self.selected = selected
    ends = [StepEnd?](repeating: nil, count: selected.definition.steps.count)
    // A child that the run does not have counts as one without an item.
    for child in selected.definition.childSteps { ends[child] = .skipped(.removed) }
    // Steps of chains run in children only.
    for step in selected.definition.chainSteps { ends[step] = .skipped(.removed) }
    runsAgain = [Bool](repeating: false, count: ends.count)
    isStale = runsAgain
  }

  /// Whether a step runs again in this round, or may, as a child of a node that does: that its list decides.
  func mayRunAgain(_ step: Int) -> Bool {
    runsAgain[selected.definition.child(step).map { Int($0.node) } ?? step]
  }

  func isSelected(_ step: Int32) -> Bool { selected.contains(Int(step)) }

  subscript(step: Int32) -> StepEnd? { ends[Int(step)] }

  /// A step without an end; nil if there is none. Where a round is given up for lost work, those of `finally` and
  /// notices have none: another round follows.
  var open: Int? {
    ends.indices.first { step in
      let isOfEnd = selected.definition.isFinally(step) || selected.definition.isNotify(step)
      return ends[step] == nil && !(isGivenUp && isOfEnd)
    }
  }

  /// Whether its work may be lost, or that of a child.
  func isSuspect(_ step: Int) -> Bool { suspects.contains(step) }

  mutating func learn(_ event: Event) {
    suspects.learn(event)
    switch event.body {
    case .attemptScheduled(let attempt):
      // The list decides which children run again.
      if selected.definition.isChild(Int(attempt.step)) { ends[Int(attempt.step)] = nil }
    case .stepFinished(let step, .succeeded): ends[Int(step)] = .succeeded
    case .stepFinished(let step, .failed): ends[Int(step)] = .failed
    case .stepFinished(let step, .cancelled): ends[Int(step)] = .cancelled
    case .stepSkipped(let step, let reason): ends[Int(step)] = .skipped(reason)
    case .runReopened(_, let scope):
      holdsOrder = scope.holdsOrder
      runsAgain = selected.runningAgain(
        scope, ends, isStale.indices.map { isStale[$0] || isSuspect($0) })
      isStale = isStale.indices.map { step in
        !runsAgain[step] && ends[step] == .succeeded
          && selected.definition.question(ofStep: step) != nil
          && (isStale[step] || isStirred(step))
      }
      for step in ends.indices where runsAgain[step] { ends[step] = nil }
    default: break
    }
  }

  // MARK: Edges

  /// A step that runs again in this round after another only through one that keeps its end; nil if there is
  /// none.
  var acrossKept: Int? {
    let definition = selected.definition
    return definition.ordinarySteps.first { step in
      guard runsAgain[step], !definition.isRollback(step) else { return false }
      // With each step whether one that keeps its end is on the way.
      var rest = definition.steps[step].needs.map { (need: $0, isAcross: false) }
      var seen: Set<Int32> = []
      while let (need, isAcross) = rest.popLast() {
        if runsAgain[Int(need)] {
          if isAcross { return true }
          continue
        }
        let isKept = isAcross || isSelected(need)
        guard seen.insert(isKept ? need : -1 - need).inserted else { continue }
        rest += definition.steps[Int(need)].needs.map { ($0, isKept) }
      }
      return false
    }
  }

  /// Whether a step may run as far as one of its needs is concerned.
  func standing(_ need: Int32, of step: Int32) -> SelectedSteps.Standing {
    asksOwnEnd(need, of: step)
      ? selected.standing(need, of: step) { ends[Int($0)] }
      : selected.standing(need, of: step, endAcross)
  }

  /// A step of `finally` runs in each round, and asks how a step that is none has ended, in whatever round.
  private func asksOwnEnd(_ need: Int32, of step: Int32) -> Bool {
    selected.definition.isFinally(Int(step)) && !selected.definition.isFinally(Int(need))
  }

  /// Whether a step can be skipped because of another.
  func isReason(_ need: Int32, toSkip step: Int32) -> Bool {
    asksOwnEnd(need, of: step)
      ? selected.isReason(need, toSkip: step, { ends[Int($0)] }, { _ in false })
      : selected.isReason(need, toSkip: step, endAcross) { holdsOrder && !runsAgain[Int($0)] }
  }

  /// How a step has ended for those that need it. One that keeps its end has none before those have ended that
  /// come before it and run again, and counts as skipped if one of them ends otherwise than it wants.
  private func endAcross(_ step: Int32) -> StepEnd? {
    guard holdsOrder, !runsAgain[Int(step)], isSelected(step) else { return ends[Int(step)] }
    var known: [Int32: SelectedSteps.Standing?] = [:]
    switch crossing(step, &known) {
    case .open: return nil
    case .failed: return .skipped(.need(step: step))
    case .met, nil: return ends[Int(step)]
    }
  }

  /// Whether what runs again before a step that does not has ended as it wants; nil if there is nothing.
  private func crossing(
    _ step: Int32, _ known: inout [Int32: SelectedSteps.Standing?]
  ) -> SelectedSteps.Standing? {
    if let found = known[step] { return found }
    var standings: [SelectedSteps.Standing] = []
    for need in selected.definition.steps[Int(step)].needs {
      if runsAgain[Int(need)] {
        standings.append(selected.standing(need, of: step) { ends[Int($0)] })
      } else if !isSelected(need) {
        if crossing(need, &known) != nil { standings.append(standing(need, of: step)) }
      } else if let found = crossing(need, &known) {
        let isSkipWanted =
          selected.isMet(
            selected.definition.wanted(ofStep: Int(step), from: need), .skipped(.need(step: need)),
            mayFail: selected.definition.settings(ofStep: Int(need)).allowFailure)
        standings.append(found == .failed && isSkipWanted ? .met : found)
      }
    }
    let result: SelectedSteps.Standing? =
      standings.isEmpty
      ? nil : standings.contains(.failed) ? .failed : standings.contains(.open) ? .open : .met
    known[step] = result
    return result
  }

  /// Whether something before it runs again, directly or not; what was skipped, and not by its own condition,
  /// hands nothing on.
  private func isStirred(_ step: Int) -> Bool {
    var seen: Set<Int32> = []
    var rest = selected.definition.steps[step].needs
    while let need = rest.popLast() {
      if runsAgain[Int(need)] { return true }
      switch ends[Int(need)] {
      case .skipped(.need), .skipped(.runStopping), .skipped(.nothingFailed): continue
      default: break
      }
      if seen.insert(need).inserted { rest += selected.definition.steps[Int(need)].needs }
    }
    return false
  }
}
