import FlowCore

/// The steps that a run has, and what they wait for, by rules that share no code with the engine's:
/// they follow the definition, and not the events.
struct SelectedSteps {
  /// What the end of a step means for those that need it.
  enum Standing {
    case open, met, failed
  }

  let definition: WorkflowDefinition
  private let isLeftOut: [Bool]
  /// By step: the selected steps after whose ends it runs. These are its needs, and for one that is left
  /// out and may not be skipped for a failure, what comes before that.
  private(set) var before: [[Int32]]

  /// - Parameter unselected: what the run was told to leave out.
  init(_ definition: WorkflowDefinition, without unselected: StepSet) {
    self.definition = definition
    isLeftOut = definition.steps.indices.map { unselected.contains(Int32($0)) }
    before = definition.steps.map(\.needs)
    if unselected.isEmpty { return }
    // Each time, what stands for one step that is left out takes its place.
    for step in unselected.steps {
      let own = mayFail(step) ? [] : before[Int(step)]
      for index in before.indices where before[index].contains(step) {
        let needs = Set(before[index].filter { $0 != step } + own)
        before[index] = needs.sorted()
      }
    }
  }

  func contains(_ step: Int) -> Bool { !isLeftOut[step] }

  private func mayFail(_ step: Int32) -> Bool {
    definition.settings(ofStep: Int(step)).allowFailure
  }

  /// - Parameter own: what the end of a selected step means, or that it has none.
  func standing(_ step: Int32, _ own: (Int32) -> Standing) -> Standing {
    var known: [Int32: Standing] = [:]
    return standing(step, own, &known)
  }

  private func standing(
    _ step: Int32, _ own: (Int32) -> Standing, _ known: inout [Int32: Standing]
  ) -> Standing {
    if contains(Int(step)) { return own(step) }
    if let standing = known[step] { return standing }
    var standings: [Standing] = []
    for need in definition.steps[Int(step)].needs {
      standings.append(standing(need, own, &known))
    }
    let standing: Standing =
      standings.contains(.failed)
      ? (mayFail(step) ? .met : .failed) : standings.contains(.open) ? .open : .met
    known[step] = standing
    return standing
  }

  /// By step, whether it runs again in a round: steps are marked until none is left that follows from
  /// a marked one.
  func runningAgain(_ scope: ReopenScope, _ hasSucceeded: (Int) -> Bool) -> [Bool] {
    let steps = definition.steps
    var isMarked: [Bool]
    let marksDependents: Bool
    switch scope {
    case .unsuccessful, .withDependents:
      isMarked = steps.indices.map { contains($0) && !hasSucceeded($0) }
      marksDependents = scope == .withDependents
    case .only(let named), .from(let named):
      isMarked = steps.indices.map { named.contains(Int32($0)) }
      marksDependents = scope == .from(named)
    }
    var hasChanged = marksDependents
    while hasChanged {
      hasChanged = false
      for index in steps.indices where !isMarked[index] {
        if steps[index].needs.contains(where: { isMarked[Int($0)] }) {
          isMarked[index] = true
          hasChanged = true
        }
      }
    }
    return steps.indices.map { isMarked[$0] && contains($0) }
  }
}
