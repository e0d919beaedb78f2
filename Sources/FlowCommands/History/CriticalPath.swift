package import FlowCore

/// The steps that decided how long a run took.
extension RunHistory {
  /// From a step without needs to the step that ended last. Each is the need of the next that was
  /// met last: a faster one might have made the run faster. Empty for an unfinished run.
  package func criticalPath() -> [Int] {
    guard let state, state.isFinished else { return [] }
    var last: (step: Int, elapsed: Int64)?
    // A node ends with the last of its children, and stands for them.
    for step in state.definition.declaredSteps
    where lastAttempt(ofStep: step) != nil || state.expanded(step) != nil {
      guard let elapsed = settledAt(step: step)?.elapsed else { continue }
      if last.map({ elapsed > $0.elapsed }) ?? true { last = (step, elapsed) }
    }
    var path: [Int] = []
    var next = last?.step
    while let step = next {
      path.append(step)
      next = lastNeed(ofStep: step)?.step
    }
    path.reverse()
    return path
  }
}
