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

  init(_ selected: SelectedSteps) {
    self.selected = selected
    ends = [StepEnd?](repeating: nil, count: selected.definition.steps.count)
    runsAgain = [Bool](repeating: false, count: ends.count)
  }

  subscript(step: Int32) -> StepEnd? { ends[Int(step)] }

  mutating func learn(_ body: Event.Body) {
    switch body {
    case .stepFinished(let step, .succeeded): ends[Int(step)] = .succeeded
    case .stepFinished(let step, .failed): ends[Int(step)] = .failed
    case .stepFinished(let step, .cancelled): ends[Int(step)] = .cancelled
    case .stepSkipped(let step, let reason): ends[Int(step)] = .skipped(reason)
    case .runReopened(_, let scope):
      runsAgain = selected.runningAgain(scope, ends)
      for step in ends.indices where runsAgain[step] { ends[step] = nil }
    default: break
    }
  }
}
