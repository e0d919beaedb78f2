import FlowCore
import FlowRuntime

/// A child is its key: whatever its place in the list, it is the same step in every round, and its command is
/// told its item. A child that the run leaves out never begins. What a node has for children follows from what was durable before, and is durable before any
/// of them begins. The node ends exactly when its children have, as `tolerate` says; a success stands in later
/// rounds unless something else than the list has run again, and a child without an item does not run.
final class ForEachChecker {
  private let definition: WorkflowDefinition
  private let node: Int32
  private let forEach: ForEach?
  private var ends: StepEnds
  private var known: KnownItems

  // Of this round.

  private var isExpanded = false
  private var hasFault = false
  private var current: [Int32] = []
  private var childEnds: [Int32: StepEnd] = [:]
  private var begun: Set<Int32> = []
  /// Whether in this round order and failures hold across what does not run again.
  private var holdsOrder = false
  /// Whether all children run again.
  private var allAgain = false
  private var tally: ChildTally

  init(
    _ definition: WorkflowDefinition, without unselected: StepSet = StepSet(),
    _ selection: ItemSelection? = nil
  ) {
    self.definition = definition
    node = Int32(definition.node ?? 0)
    forEach = definition.node.flatMap { definition.forEach(ofStep: $0) }
    ends = StepEnds(SelectedSteps(definition, without: unselected))
    tally = ChildTally(definition, selection)
    known = KnownItems(definition, selection)
  }

  /// Takes in an event that is durable.
  func learn(_ event: Event) throws(Violation) {
    guard forEach != nil else { return }
    ends.learn(event)
    tally.learn(event.body)
    switch event.body {
    case .stepExpanded(let step, let expansion): try expands(step, expansion)
    case .attemptScheduled(let attempt): try begins(attempt)
    case .stepFinished(let step, let outcome): try finished(step, outcome)
    case .stepSkipped(let step, let reason): try skipped(step, reason)
    case .runReopened(_, let scope): reopened(scope)
    default: break
    }
    known.learn(event.body)
  }

  // MARK: Items

  private func expands(_ step: Int32, _ expansion: Expansion) throws(Violation) {
    if step != node || isExpanded {
      throw Violation(.forEach, "step \(step) gets children, and is no node, or has some")
    }
    isExpanded = true
    let (items, fault) = known.items()
    switch expansion {
    case .fault(let found):
      guard found.kind == fault else {
        throw Violation(.forEach, "the items are \(found.kind), and should be \(items)")
      }
      hasFault = true
    case .children(let count, let added):
      let new = items.filter { known.indices[$0] == nil }
      guard fault == nil, Int(count) == items.count, Int(added) == new.count else {
        throw Violation(.forEach, "\(count) children, \(added) new, and the items are \(items)")
      }
      known.learn(.stepExpanded(step: step, expansion))
      current = known.current
      if allAgain { for child in current { childEnds[child] = nil } }
      for child in current {
        if !isKept(child) {
          childEnds[child] = nil
        } else if case .skipped = childEnds[child],
          let need = chainNeeds(of: child).first(where: { !isMet($0, for: child) })
        {
          // Whatever it was skipped for, it is now for that.
          childEnds[child] = .skipped(.need(step: need))
        }
      }
      for child in childEnds.keys.sorted() where !current.contains(child) { childEnds[child] = nil }
    }
  }

  // MARK: Children

  /// Whether a child, those before it being judged, has its end from an earlier round.
  private func isKept(_ child: Int32) -> Bool {
    guard let end = childEnds[child], !ends.isSuspect(Int(child)) else { return false }
    let needs = chainNeeds(of: child)
    if needs.contains(where: { childEnds[$0] == nil }) { return false }
    switch end {
    case .succeeded, .skipped(.condition), .skipped(.notSelected): return true
    // For whatever it was, it would be skipped again.
    case .skipped: return !needs.allSatisfy { isMet($0, for: child) }
    case .failed, .cancelled: return false
    }
  }

  /// Whether a child runs as far as its item is concerned: conditions of random workflows ask for one item.
  private func isWanted(_ child: Int32) -> Bool {
    guard let condition = definition.extras(ofStep: Int(child)).condition, condition.asksItem,
      case .literal(.text(let asked)) = condition.terms[1]
    else { return true }
    return (known.keys[child] == asked) == (condition.terms[2] == .compare(.equal))
  }

  /// The children for the same item that it needs.
  private func chainNeeds(of child: Int32) -> [Int32] {
    definition.steps[Int(child)].needs.filter { definition.isChild(Int($0)) }
  }

  /// Whether a child has ended as another wants it to.
  private func isMet(_ need: Int32, for child: Int32) -> Bool {
    let mayFail = definition.settings(ofStep: Int(need)).allowFailure
    switch (definition.wanted(ofStep: Int(child), from: need), childEnds[need]) {
    case (_, nil): return false
    case (.settled, _), (.done, .succeeded), (.succeeded, .succeeded), (.failed, .failed):
      return true
    case (.done, .skipped(.condition)): return true
    case (.done, .skipped(.notSelected)), (.succeeded, .skipped(.notSelected)): return true
    case (.done, _): return mayFail
    case (.succeeded, _), (.failed, _): return false
    }
  }

  private func begins(_ attempt: AttemptID) throws(Violation) {
    let child = attempt.step
    guard definition.isChild(Int(child)) else {
      if child == node { throw Violation(.forEach, "a node has an attempt") }
      return
    }
    guard isExpanded, current.contains(child) else {
      throw Violation(.forEach, "child \(child) begins, and has no item in this round")
    }
    if let end = childEnds[child] {
      throw Violation(.forEach, "child \(child) begins, and has its end: \(end)")
    }
    if let need = chainNeeds(of: child).first(where: { !isMet($0, for: child) }) {
      throw Violation(.forEach, "child \(child) begins before \(need) has ended as it wants")
    }
    if known.isLeftOut(child) {
      throw Violation(.forEach, "child \(child) begins, and is left out")
    }
    if !isWanted(child) { throw Violation(.forEach, "child \(child) begins, and is not wanted") }
    begun.insert(child)
  }

  private func ended(_ child: Int32, _ end: StepEnd) throws(Violation) {
    guard current.contains(child), childEnds[child] == nil else {
      throw Violation(.forEach, "child \(child) ends (\(end)), and does not run")
    }
    childEnds[child] = end
  }

  private func finished(_ step: Int32, _ outcome: StepOutcome) throws(Violation) {
    if definition.isChild(Int(step)) {
      let end: StepEnd =
        switch outcome {
        case .succeeded: .succeeded
        case .failed: .failed
        case .cancelled: .cancelled
        }
      return try ended(step, end)
    }
    guard step == node else { return }
    guard isExpanded else {
      throw Violation(.forEach, "the node is \(outcome), and its items are not known")
    }
    let expected: StepOutcome
    if hasFault {
      expected = .failed
    } else if current.isEmpty {
      expected = forEach?.whenEmpty == .succeed ? .succeeded : .failed
    } else {
      if let open = current.first(where: { childEnds[$0] == nil }) {
        throw Violation(.forEach, "the node is \(outcome), and child \(open) has no end")
      }
      let wasStopped = current.contains { child in
        switch childEnds[child] {
        case .cancelled, .skipped(.runStopping): true
        default: false
        }
      }
      expected = tally.isSureToFail ? .failed : wasStopped ? .cancelled : .succeeded
    }
    if outcome != expected {
      throw Violation(.forEach, "the node is \(outcome), and its children make it \(expected)")
    }
  }

  private func skipped(_ step: Int32, _ reason: SkipReason) throws(Violation) {
    guard definition.isChild(Int(step)) else {
      let isEmpty = isExpanded && !hasFault && current.isEmpty && forEach?.whenEmpty == .skip
      if step == node, isExpanded, reason != .noItems || !isEmpty {
        throw Violation(.forEach, "the node is skipped (\(reason)), and its items are known")
      }
      if reason == .noItems, step != node || !isEmpty {
        throw Violation(.forEach, "step \(step) is skipped for its items")
      }
      return
    }
    switch reason {
    case .removed:
      if current.contains(step) || known.keys[step] == nil {
        throw Violation(.forEach, "child \(step) is removed, and has an item, or never was")
      }
    case .siblingsFailed:
      if !tally.areStopped {
        throw Violation(.forEach, "child \(step) is skipped for others, which may fail")
      }
      try ended(step, .skipped(reason))
    case .runStopping: try ended(step, .skipped(reason))
    case .need(let need):
      guard chainNeeds(of: step).contains(need), childEnds[need] != nil, !isMet(need, for: step)
      else {
        throw Violation(.forEach, "child \(step) is skipped for \(need), which is no reason to")
      }
      try ended(step, .skipped(reason))
    case .condition(let inputs):
      guard !isWanted(step), !known.isLeftOut(step),
        inputs == [ConditionInput(name: "item", value: known.keys[step] ?? "")]
      else {
        throw Violation(.forEach, "child \(step) is skipped for \(inputs), and is wanted")
      }
      try ended(step, .skipped(reason))
    case .notSelected:
      guard known.isLeftOut(step), chainNeeds(of: step).allSatisfy({ isMet($0, for: step) }) else {
        throw Violation(.forEach, "child \(step) is left out, and should not, or not yet")
      }
      try ended(step, .skipped(reason))
    case .nothingFailed, .nothingToTell, .noItems:
      throw Violation(.forEach, "child \(step) is skipped (\(reason))")
    }
  }

  private func reopened(_ scope: ReopenScope) {
    holdsOrder = scope.holdsOrder
    if !ends.runsAgain[Int(node)] { return }
    // What has run again in an earlier round still counts where the children could not follow.
    let isPending = allAgain && (!isExpanded || hasFault)
    isExpanded = false
    hasFault = false
    current = []
    begun = []
    let source: Int32? = if case .output(let step, _)? = forEach?.source { step } else { nil }
    allAgain =
      isPending || scope.named?.contains(node) == true
      || definition.steps[Int(node)].needs.contains { $0 != source && hasStirred($0) }
  }

  /// Whether a need runs again; or, of what is left out, something before it.
  private func hasStirred(_ need: Int32) -> Bool {
    ends.runsAgain[Int(need)]
      || (holdsOrder || !ends.isSelected(need))
        && definition.steps[Int(need)].needs.contains { hasStirred($0) }
  }

  // MARK: Commands

  /// The engine has an attempt launched.
  func checkSent(_ request: LaunchRequest) throws(Violation) {
    guard definition.isChild(Int(request.attempt.step)) else { return }
    let key = known.keys[request.attempt.step]
    let told = request.environment.last { $0.name == "FLOW_ITEM" }?.value
    // The commands of random steps get it as their last argument, too.
    let isRandom = request.commandArguments.first == "work"
    if key == nil || told != key || isRandom && request.commandArguments.last != key {
      throw Violation(
        .forEach,
        "child \(request.attempt.step) is told \(request.commandArguments), and its item is"
          + " \(key ?? "not durable")")
    }
  }

  /// A command is started.
  func checkStarted(_ index: Int, _ ledger: Ledger) throws(Violation) {
    let entry = ledger.entries[index]
    guard definition.isChild(Int(entry.attempt.step)), let jobs = forEach?.jobs else { return }
    let beside = ledger.entries.indices.count { other in
      let earlier = ledger.entries[other]
      let isGivenUp = earlier.hadUnkillable && earlier.monitorEndedAt != nil
      return other != index && definition.isChild(Int(earlier.attempt.step))
        && earlier.life == entry.life && earlier.living > 0 && !isGivenUp
        // What it leaves behind on purpose is no attempt any more.
        && (earlier.commandRuns
          || definition.settings(ofStep: Int(earlier.attempt.step)).stragglers == .kill)
    }
    if beside >= Int(jobs) {
      throw Violation(.forEach, "\(beside + 1) items run at once, and the node's jobs is \(jobs)")
    }
  }
}

extension ForEachChecker: Checker {
  func learned(_ event: Event, in world: World) throws(Violation) { try learn(event) }

  func launches(_ request: LaunchRequest, in world: World) throws(Violation) {
    guard world.run?.task(of: request) == .command else { return }
    try checkSent(request)
  }

  func commandStarted(_ entry: Int, in world: World) throws(Violation) {
    try checkStarted(entry, world.ledger)
  }
}
