/// Checks `Property.forEach` with a model of nodes that shares no code with the engine's.
struct ForEachChecker {
  private let plan: RoundPlan
  private let node: StepPlan
  private let forEach: NodePlan
  private var ends: StepEnds
  private var phase: RunPhase
  /// Whether in this round the list is none of items.
  private var hasFault = false
  /// Children that were skipped since the run was stopping.
  private var stopped: Set<String> = []
  private var problems: [String] = []

  static func check(_ record: RoundRecord) -> [String] {
    let told = ItemLedger.told(record)
    guard let node = record.plan.node, let forEach = node.node else { return told }
    var checker = ForEachChecker(record.plan, node, forEach)
    for event in record.history { checker.take(event.body) }
    return told + checker.problems + ItemLedger.check(record, forEach)
  }

  private init(_ plan: RoundPlan, _ node: StepPlan, _ forEach: NodePlan) {
    self.plan = plan
    self.node = node
    self.forEach = forEach
    ends = StepEnds(plan)
    phase = RunPhase(plan)
  }

  private mutating func take(_ body: HistoryEvent.Body) {
    switch body {
    case .expanded(let step, let items): expands(step, items)
    case .refusedItems(_, let fault):
      hasFault = true
      let expected = ends.list.map { forEach.fault(in: $0) ?? "sound" } ?? "not known"
      if fault != expected {
        problems.append("the list of items is \(fault), and should be \(expected)")
      }
    case .scheduled(let attempt): begins(attempt)
    case .stepFinished(let step, let outcome):
      if step == node.id { nodeEnds(outcome) } else { childEnds(step, outcome) }
    case .stepSkipped(let step, let reason):
      if step == node.id { nodeIsSkipped(reason) } else { childIsSkipped(step, reason) }
    case .runReopened: (hasFault, stopped) = (false, [])
    default: break
    }
    ends.take(body)
    phase.take(body)
  }

  private func isChild(_ step: String) -> Bool { step.hasPrefix("\(node.id)/") }

  private func isCurrent(_ child: String) -> Bool { ends.children?.contains(child) == true }

  // MARK: Items

  private mutating func expands(_ step: String, _ items: Int) {
    if step != node.id { problems.append("\(step) has items, and is no node") }
    if ends.children != nil { problems.append("\(step) gets items twice in a round") }
    for need in node.needs where !isDone(plan.steps[need]) {
      problems.append("\(step) gets items before \(plan.steps[need].id) is done")
    }
    guard let list = ends.list else {
      problems.append("\(step) gets items before there is a list")
      return
    }
    if let fault = forEach.fault(in: list) {
      problems.append("\(step) gets \(items) items of a list that is \(fault)")
    } else if items != list.count {
      problems.append("\(step) gets \(items) items of a list of \(list.count)")
    }
  }

  private func isDone(_ step: StepPlan) -> Bool { ends.isMet(.done, by: step) == true }

  // MARK: Children

  private mutating func begins(_ attempt: AttemptName) {
    if attempt.step == node.id { problems.append("\(attempt) is an attempt of a node") }
    guard isChild(attempt.step) else { return }
    if !isCurrent(attempt.step) {
      problems.append("\(attempt) was scheduled, and has no item in this round")
    } else if let end = ends.ends[attempt.step] {
      problems.append("\(attempt) was scheduled, and has its end: \(end)")
    }
  }

  private mutating func childEnds(_ step: String, _ outcome: String) {
    if isChild(step), !isCurrent(step) {
      problems.append("\(step) \(outcome), and has no item in this round")
    }
  }

  private mutating func childIsSkipped(_ step: String, _ reason: String) {
    guard isChild(step) else { return }
    let isRight: Bool
    switch reason {
    case "removed": isRight = ends.children != nil && !isCurrent(step)
    case "siblingsFailed": isRight = isCurrent(step) && phase.areChildrenStopped
    case "runStopping":
      isRight = isCurrent(step) && phase.hasStopped
      stopped.insert(step)
    case "need":
      let needs = plan.step(step)?.child?.needs.compactMap(plan.step) ?? []
      isRight = isCurrent(step) && needs.contains { ends.ends[$0.id] != nil && !isDone($0) }
    default: isRight = false
    }
    if !isRight { problems.append("\(step) was skipped, for no such reason: \(reason)") }
  }

  // MARK: The node

  private mutating func nodeEnds(_ outcome: String) {
    guard let children = ends.children else {
      problems.append("\(node.id) \(outcome) before its items were known")
      return
    }
    let open = children.filter { ends.ends[$0] == nil }.sorted()
    if !open.isEmpty { problems.append("\(node.id) \(outcome) before \(open)") }
    let expected: String
    if hasFault || phase.hasTooManyFailures {
      expected = "failed"
    } else if children.isEmpty {
      expected =
        ["succeed": "succeeded", "fail": "failed"][forEach.whenEmpty.rawValue] ?? "skipped"
    } else {
      let wasStopped = children.contains { ends.ends[$0] == "cancelled" || stopped.contains($0) }
      expected = wasStopped ? "cancelled" : "succeeded"
    }
    if outcome != expected {
      problems.append("\(node.id) \(outcome), and its items make it \(expected)")
    }
  }

  private mutating func nodeIsSkipped(_ reason: String) {
    let isEmpty = ends.children?.isEmpty == true && !hasFault && forEach.whenEmpty == .skip
    let isRight = ends.children == nil ? reason != "noItems" : reason == "noItems" && isEmpty
    if !isRight {
      problems.append("\(node.id) was skipped (\(reason)), and its items say otherwise")
    }
  }
}
