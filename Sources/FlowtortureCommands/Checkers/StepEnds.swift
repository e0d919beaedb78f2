/// The ends that steps have by a history, which of them another round of the run keeps, and what the node of the
/// plan runs over.
struct StepEnds {
  private let plan: RoundPlan
  private let node: StepPlan?
  private(set) var ends: [String: String] = [:]
  /// Those that were skipped by their condition, or since they have no items: what needs them may run.
  private var refused: Set<String> = []
  /// The list of the node that counts now: that of the last success of what puts it out.
  private(set) var list: [String]?
  /// The children of the node in this round; nil before its items are known.
  private(set) var children: Set<String>?
  /// Whether the node was skipped since it has no items, which counts as done.
  private var isEmpty = false

  /// Whether the next attempt of what puts out the list is a probe, and whether the last one was.
  private var asksProbe = false
  private var lastAttempt: (number: Int, isProbe: Bool) = (1, false)
  /// Whether in this round a step runs again with those that come after it.
  private var withDependents = true
  /// The steps that run again in this round; nil where their ends decide.
  private var named: Set<String>?
  /// Whether all children run again, since the node needs something that does.
  private var allAgain = false

  init(_ plan: RoundPlan) {
    self.plan = plan
    node = plan.node
    if case .literal(let items) = node?.node?.source { list = items }
  }

  /// The id of the step that puts out the list.
  private var source: String? {
    if case .step(let place) = node?.node?.source { plan.steps[place].id } else { nil }
  }

  /// - Returns: the ends that count no longer.
  @discardableResult
  mutating func take(_ body: HistoryEvent.Body) -> [String: String] {
    switch body {
    case .scheduled(let attempt) where attempt.step == source:
      lastAttempt = (attempt.number, asksProbe)
    case .probeScheduled(let attempt) where attempt.step == source: asksProbe = true
    case .rerunScheduled(let attempt) where attempt.step == source: asksProbe = false
    case .stepFinished(let step, let outcome):
      ends[step] = outcome
      if step == source, outcome == "succeeded" {
        list = plan.list(fromAttempt: lastAttempt.isProbe ? nil : lastAttempt.number)
      }
    case .stepSkipped(let step, let reason):
      ends[step] = "skipped"
      if reason == "condition" || reason == "noItems" { refused.insert(step) }
      if step == node?.id { isEmpty = reason == "noItems" }
    case .expanded(let step, _) where step == node?.id: return expand()
    case .refusedItems(let step, _) where step == node?.id: children = []
    case .runReopened(_, let named?): return reopen(named)
    case .runReopened(let withDependents, nil): return reopen(withDependents)
    default: break
    }
    return [:]
  }

  private mutating func drop(where isDropped: (String) -> Bool) -> [String: String] {
    let dropped = ends.filter { isDropped($0.key) }
    for step in dropped.keys { ends[step] = nil }
    refused.subtract(dropped.keys)
    return dropped
  }

  /// Whether a step has ended as one that needs it wants; nil before its end.
  func isMet(_ wanted: NeededEnd, by step: StepPlan) -> Bool? {
    guard let end = ends[step.id] else { return nil }
    switch wanted {
    case .settled: return true
    case .succeeded, .failed: return end == wanted.rawValue
    case .done:
      return end == "succeeded" || refused.contains(step.id)
        || step.allowFailure && (end == "failed" || end == "skipped")
    }
  }

  /// The needs of a step that have not ended as it wants, or not yet.
  func unmetNeeds(of step: StepPlan) -> [StepPlan] {
    step.needs.filter { isMet(step.wanted(from: $0), by: plan.steps[$0]) != true }
      .map { plan.steps[$0] }
  }

  /// The steps that keep their end when the run is reopened.
  private func kept(_ succeeded: Set<String>) -> Set<String> {
    var kept: Set<String> = []
    // Needs come before their dependents. What runs for items follows its node.
    for step in plan.steps where step.isOwn && !step.isFinally && step.child == nil {
      let follows =
        withDependents && !step.needs.allSatisfy { kept.contains(plan.steps[$0].id) }
      // What it was skipped for keeps its end.
      let stands =
        ends[step.id] == "skipped" && !refused.contains(step.id)
        && unmetNeeds(of: step).contains { kept.contains($0.id) }
      let isContent = succeeded.contains(step.id) || refused.contains(step.id)
      if stands || isContent && !follows { kept.insert(step.id) }
    }
    return kept
  }

  /// These run again, and nothing else but what each round has at its end.
  private mutating func reopen(_ named: Set<String>) -> [String: String] {
    asksProbe = false
    (withDependents, allAgain, self.named) = (false, false, named)
    if let node, named.contains(node.id) { (children, isEmpty) = (nil, false) }
    let plan = plan
    return drop { id in
      guard let step = plan.step(id) else { return true }
      return named.contains(step.rolledBack ?? id) || step.isFinally || step.notice != nil
    }
  }

  private mutating func reopen(_ withDependents: Bool) -> [String: String] {
    asksProbe = false
    named = nil
    self.withDependents = withDependents
    var succeeded = Set(ends.filter { $0.value == "succeeded" }.keys)
    if let node, isEmpty { succeeded.insert(node.id) }
    // What a node tolerates has failed all the same.
    if let node, children?.contains(where: { ends[$0] == "failed" }) == true {
      succeeded.remove(node.id)
    }
    let plan = plan
    let kept = kept(succeeded)
    if let node, !kept.contains(node.id) {
      (children, isEmpty) = (nil, false)
      let others = node.needs.map { plan.steps[$0].id }.filter { $0 != source }
      allAgain = others.contains { !kept.contains($0) }
    }
    // A rollback begins again with its step; children wait for their list.
    return drop { id in
      let step = plan.step(id)
      return step?.child == nil && !kept.contains(step?.rolledBack ?? id)
    }
  }

  private mutating func expand() -> [String: String] {
    guard let node else { return [:] }
    let children = (list ?? []).flatMap { RoundPlan.children(of: node, for: $0) }
    self.children = Set(children)
    let plan = plan
    var kept: Set<String> = []
    if named != nil { kept = Set(children.filter { ends[$0] != nil }) }
    for child in children where !allAgain && ends[child] == "succeeded" {
      let needs = plan.step(child)?.child?.needs ?? []
      if !withDependents || needs.allSatisfy(kept.contains) { kept.insert(child) }
    }
    return drop { plan.step($0)?.child != nil && !kept.contains($0) }
  }
}
