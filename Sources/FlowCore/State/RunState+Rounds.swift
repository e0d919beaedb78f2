/// Queries about another round of a finished run.
extension RunState {
  /// Whether another round for what did not succeed would run any step.
  package var canReopen: Bool {
    isFinished && RoundPlan(self, .current(created.policyVersion)).runsAgain.contains(true)
  }

  /// By step, whether it runs again in another round of a finished run.
  package func stepsRunningAgain(_ scope: ReopenScope) throws(ReopenProblem) -> [Bool] {
    try round(scope).runsAgain
  }

  func round(_ scope: ReopenScope) throws(ReopenProblem) -> RoundPlan {
    if let named = scope.named {
      if let last = named.last, Int(last) >= steps.count { throw .noSuchStep(last) }
      if let step = named.steps.first(where: { definition.isInChain(Int($0)) }) {
        throw .noSuchStep(step)
      }
      let unselected = named.steps.filter { !isSelected(Int($0)) }
      if !unselected.isEmpty { throw .notSelected(unselected) }
      if named.isEmpty { throw .nothing }
    } else if !isFinished {
      throw .nothing
    }
    let plan = RoundPlan(self, scope)
    if !plan.blocked.isEmpty { throw .blocked(plan.blocked) }
    if !plan.runsAgain.contains(true) { throw .nothing }
    return plan
  }

  func plan(_ scope: ReopenScope, _ event: Event) throws(HistoryError) -> RoundPlan {
    if restarts {
      guard scope == restartScope else { throw HistoryError(event, .misplaced) }
      return RoundPlan(self, scope)
    }
    do throws(ReopenProblem) { return try round(scope) } catch {
      throw HistoryError(event, .misplaced)
    }
  }

  /// The steps that an engine of this run may still run.
  ///
  /// - Parameter reopening: what another round of a finished run is for; nil for the round that is.
  package func stepsToRun(reopening: Reopening?) -> [Int] {
    guard let reopening else {
      return steps.indices.filter { !steps[$0].isSettled && isSelected($0) }
    }
    // Where no such round is possible, none runs.
    let runsAgain = (try? stepsRunningAgain(reopening.scope(created.policyVersion))) ?? []
    return runsAgain.indices.filter { runsAgain[$0] }
  }
}

/// What another round of a finished run does with each step.
///
/// A step that was skipped because a need did not end as it wanted is left as it is where that stands:
/// the need does not run again. So is one whose condition was false, unless something before it runs again.
struct RoundPlan {
  private(set) var runsAgain: [Bool]
  /// Whether it runs again or, if it does not run and lets through what others come to, waits for what does.
  private(set) var isPending: [Bool]
  /// The need that has not ended as the step wants, and does not run again.
  private(set) var unmetNeeds: [Int32?]
  /// Named steps, and what follows from them, that could not run.
  private(set) var blocked: [ReopenProblem.Blocked] = []
  /// Whether a step that keeps the run from success does not run again.
  private(set) var leavesFailure = false
  /// Whether a step that runs again comes after another that does only through one that does not.
  private(set) var crossesKept = false

  /// The step that keeps the dependents of a step from being done: itself, if it is selected.
  private var obstacles: [Int32?]
  /// Whether it follows from a step that runs again, or is one.
  private var isReached: [Bool]
  /// Whether something before it, directly or not, runs again, or it does. Empty where nothing is asked.
  private var isStirred: [Bool] = []
  /// By node that runs again, which of its children do.
  private(set) var childrenAgain: [Int32: ChildrenAgain] = [:]
  /// Steps that were approved, do not ask again, and must before anything that needs them runs.
  private(set) var stale: Set<Int32> = []

  init(_ state: RunState, _ scope: ReopenScope) {
    let count = state.steps.count
    runsAgain = [Bool](repeating: false, count: count)
    isPending = runsAgain
    isReached = runsAgain
    unmetNeeds = [Int32?](repeating: nil, count: count)
    obstacles = unmetNeeds
    let named = scope.named?.flags(of: count)
    // A node is named with any of its children.
    var namedChildren: [Int32: Set<Int32>] = [:]
    if state.definition.hasChildren, let steps = scope.named?.steps {
      for step in steps {
        guard let child = state.definition.child(Int(step)) else { continue }
        namedChildren[child.node, default: []].insert(step)
      }
    }
    if state.definition.hasQuestions { isStirred = isReached }
    let suspects = state.suspectSteps
    // Needs first.
    for rank in state.definition.declaredSteps {
      let step = state.graph.step(ranked: Int32(rank))
      if step >= state.definition.firstFinally { continue }
      if let own = state.definition.stepRolledBack(by: step) {
        plan(rollback: step, of: Int(own), state)
        continue
      }
      let needs = state.definition.steps[step].needs
      let obstacle = look(at: needs, of: step, state)
      let follows = scope.takesDependents && needs.contains { isReached[Int($0)] }
      if state.isSelected(step) {
        let lifecycle = state.steps[step]
        let isSuspect = !suspects.isEmpty && suspects.contains(Int32(step))
        let isContent =
          lifecycle.phase == .succeeded && !state.isStale(step) && !state.hasFailedChildren(step)
          && !isSuspect || lifecycle.isRefused
        let children = namedChildren[Int32(step)]
        plan(
          step, isNamed: named.map { $0[step] || children != nil } ?? !isContent, follows, obstacle,
          hasNames: named != nil, isSuspect: isSuspect, state)
        if scope.holdsOrder, !runsAgain[step] {
          isPending[step] = needs.contains { isPending[Int($0)] }
        }
        planChildren(of: step, isNamed: named?[step] ?? false, children, needs, state)
      } else {
        isReached[step] = follows
        isPending[step] = needs.contains { isPending[Int($0)] }
        if !state.mayFail(Int32(step)) { obstacles[step] = obstacle }
      }
      if scope.holdsOrder, !crossesKept, runsAgain[step] || !state.isSelected(step) {
        crossesKept = needs.contains { isKept(Int($0), state) }
      }
      lookAtApproval(step, needs, state)
    }
    planFinally(named, state)
    planNotices(state)
  }

  /// A rollback begins again with its step.
  private mutating func plan(rollback: Int, of step: Int, _ state: RunState) {
    runsAgain[rollback] = runsAgain[step] && state.isSelected(rollback)
    isPending[rollback] = runsAgain[rollback]
    if !isStirred.isEmpty { isStirred[rollback] = runsAgain[rollback] }
    if runsAgain[rollback] { return }
    switch state.steps[rollback].phase {
    case .failed: if !state.mayFail(Int32(rollback)) { leavesFailure = true }
    case .cancelled: leavesFailure = true
    default: break
    }
  }

  /// An approval stands only if nothing that it needs, directly or not, runs again. Where one does not and the
  /// round does not ask again, what needs it cannot run.
  private mutating func lookAtApproval(_ step: Int, _ needs: [Int32], _ state: RunState) {
    if isStirred.isEmpty { return }
    let follows = needs.contains { isStirred[Int($0)] }
    // What was skipped for a need, and still is, hands nothing on.
    let isCut =
      state.isSelected(step) && state.steps[step].phase == .skipped && !state.steps[step].isRefused
    isStirred[step] = runsAgain[step] || follows && !isCut
    guard !runsAgain[step], state.isApproved(step), follows || state.isStale(step) else { return }
    stale.insert(Int32(step))
    obstacles[step] = Int32(step)
  }

  /// The successes of children stand unless something that their node needs runs again, besides the step that
  /// puts out its items.
  private mutating func planChildren(
    of node: Int, isNamed: Bool, _ named: Set<Int32>?, _ needs: [Int32], _ state: RunState
  ) {
    guard runsAgain[node], let forEach = state.definition.forEach(ofStep: node) else { return }
    let source: Int32? = if case .output(let step, _) = forEach.source { step } else { nil }
    if isNamed || needs.contains(where: { $0 != source && isPending[Int($0)] }) {
      childrenAgain[Int32(node)] = .all
    } else if let named {
      childrenAgain[Int32(node)] = .named(named)
    }
  }

  /// The steps of `finally` run again, all of them, in each round that runs anything.
  private mutating func planFinally(_ named: [Bool]?, _ state: RunState) {
    let steps = state.definition.finallySteps
    let wasEnded = named == nil && state.stoppedFinally > 0
    let isWanted = steps.contains { step in
      let phase = state.steps[step].phase
      return state.isSelected(step)
        && (named?[step]
          ?? (phase == .failed || phase == .cancelled || wasEnded || state.work.isSuspect(step)))
    }
    guard isWanted || runsAgain.contains(true) else { return }
    for step in steps {
      runsAgain[step] = state.isSelected(step)
      isPending[step] = true
    }
  }

  /// Each round that runs anything tells of its own end.
  private mutating func planNotices(_ state: RunState) {
    guard state.definition.hasNotify, runsAgain.contains(true) else { return }
    for step in state.definition.notifySteps {
      runsAgain[step] = state.isSelected(step)
      isPending[step] = true
    }
  }

  /// Finds the first need that has not ended as the step wants, and does not run again.
  ///
  /// - Returns: the step that keeps a need from being done.
  private mutating func look(at needs: [Int32], of step: Int, _ state: RunState) -> Int32? {
    var obstacle: Int32?
    for need in needs {
      let wanted = state.definition.wanted(ofStep: step, from: need)
      let found = wanted == .done || wanted == .succeeded ? obstacles[Int(need)] : nil
      obstacle = obstacle ?? found
      if unmetNeeds[step] != nil { continue }
      // What is left out never fails, whatever comes before it.
      if wanted == .failed && !state.isSelected(Int(need)) {
        unmetNeeds[step] = need
        continue
      }
      // What blocks a step that is left out.
      let blocking = state.isSelected(Int(need)) ? nil : unmetNeeds[Int(need)]
      if isPending[Int(need)] && blocking == nil && !isKept(Int(need), state) { continue }
      if state.isMet(wanted, by: need, isBlocked: blocking != nil) { continue }
      unmetNeeds[step] = wanted == .failed ? need : blocking ?? need
    }
    return obstacle
  }

  /// Whether a step keeps its end, and comes after one that runs again.
  private func isKept(_ step: Int, _ state: RunState) -> Bool {
    isPending[step] && !runsAgain[step] && state.isSelected(step)
  }

  private mutating func plan(
    _ step: Int, isNamed: Bool, _ follows: Bool, _ obstacle: Int32?, hasNames: Bool,
    isSuspect: Bool, _ state: RunState
  ) {
    let phase = state.steps[step].phase
    let unmet = unmetNeeds[step]
    let stands = phase == .skipped && unmet != nil && obstacle == nil
    if hasNames, isNamed || follows, let need = obstacle ?? (isNamed ? unmet : nil) {
      blocked.append(.init(step: Int32(step), need: need))
    }
    if isNamed && (hasNames || !stands) || follows && !stands {
      runsAgain[step] = true
      isPending[step] = true
      isReached[step] = true
      return
    }
    if phase == .succeeded && isSuspect { leavesFailure = true }
    if phase == .succeeded || stands || state.steps[step].isRefused { return }
    if !state.mayFail(Int32(step)) { obstacles[step] = Int32(step) }
    if !(phase == .failed && state.mayFail(Int32(step))) { leavesFailure = true }
  }
}
