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
  /// By step, whether it was approved before something that it needs, directly or not, ran again, and has
  /// not been asked since.
  private var isStale: [Bool]

  init(_ selected: SelectedSteps) {
    self.selected = selected
    ends = [StepEnd?](repeating: nil, count: selected.definition.steps.count)
    // A child that the run does not have counts as one without an item.
    for child in selected.definition.childSteps { ends[child] = .skipped(.removed) }
    runsAgain = [Bool](repeating: false, count: ends.count)
    isStale = runsAgain
  }

  /// Whether a step runs again in this round, or may, as a child of a node that does: that its list decides.
  func mayRunAgain(_ step: Int) -> Bool {
    runsAgain[selected.definition.child(step).map { Int($0.node) } ?? step]
  }

  func isSelected(_ step: Int32) -> Bool { selected.contains(Int(step)) }

  subscript(step: Int32) -> StepEnd? { ends[Int(step)] }

  mutating func learn(_ body: Event.Body) {
    switch body {
    case .attemptScheduled(let attempt):
      // The list decides which children run again.
      if selected.definition.isChild(Int(attempt.step)) { ends[Int(attempt.step)] = nil }
    case .stepFinished(let step, .succeeded): ends[Int(step)] = .succeeded
    case .stepFinished(let step, .failed): ends[Int(step)] = .failed
    case .stepFinished(let step, .cancelled): ends[Int(step)] = .cancelled
    case .stepSkipped(let step, let reason): ends[Int(step)] = .skipped(reason)
    case .runReopened(_, let scope):
      runsAgain = selected.runningAgain(scope, ends, isStale)
      isStale = isStale.indices.map { step in
        !runsAgain[step] && ends[step] == .succeeded
          && selected.definition.question(ofStep: step) != nil
          && (isStale[step] || isStirred(step))
      }
      for step in ends.indices where runsAgain[step] { ends[step] = nil }
    default: break
    }
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
