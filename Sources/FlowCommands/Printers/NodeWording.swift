import FlowCommandLine
import FlowCore
import FlowText

/// What is said of a step with `forEach`.
extension RunState {
  /// `812 of 1000 items, 3 failed`, or what is wrong with its items; nil for other steps, and before the items
  /// are known.
  func itemsText(ofNode step: Int) -> String? {
    guard let expanded = expanded(step) else { return nil }
    if let fault = itemFault(ofNode: step) { return TerminalText.escaped(fault) }
    // It waits for its needs again.
    if !steps[step].isSettled && steps[step].phase != .expanded { return nil }
    if expanded.children.isEmpty { return "no items" }
    return NodeProgress(expanded).text + (toleratesFailures(ofNode: step) ? " (tolerated)" : "")
      + (expanded.isStopping ? ", the others are stopped" : "")
  }

  /// What to name in place of a step that prints nothing itself.
  func whereItemsPrint(ofNode step: Int) -> String {
    let id = TerminalText.escaped(definition.steps[step].id)
    guard let expanded = expanded(step), expanded.fault == nil else {
      return "step \(id) runs for each item, and has none so far"
    }
    if expanded.children.isEmpty { return "step \(id) runs for each item, and has none" }
    let ids = expanded.children.map { definition.steps[Int($0)].id }
    return
      "step \(id) runs for each item, and prints nothing itself: name one of \(ItemList.text(ids))"
  }

  /// Whether children of a node have failed, and no more of them than may.
  func toleratesFailures(ofNode step: Int) -> Bool {
    guard let forEach = definition.forEach(ofStep: step), let expanded = expanded(step) else {
      return false
    }
    return expanded.failed > 0
      && expanded.failed <= forEach.tolerated(of: expanded.selectedItems)
  }

  /// Whether a step is a child of such a node.
  func isTolerated(_ step: Int) -> Bool {
    definition.child(step).map { toleratesFailures(ofNode: Int($0.node)) } ?? false
  }

  /// How far all nodes together are; nil if there is none whose items are known.
  var items: NodeProgress? {
    let nodes = definition.declaredSteps.compactMap { expanded($0) }
    return nodes.isEmpty
      ? nil
      : nodes.reduce(into: NodeProgress(count: 0)) { $0.add(NodeProgress($1)) }
  }

  /// The steps that are shown where not all are: those of the file, and behind each node its children that run
  /// or have not succeeded.
  func shownSteps(_ steps: Range<Int>, all: Bool) -> [Int] {
    steps.flatMap { step in
      [step] + (expanded(step)?.children ?? []).map { Int($0) }.filter { all || isOfNote($0) }
    }
  }

  private func isOfNote(_ child: Int) -> Bool {
    switch steps[child].phase {
    case .starting, .running, .stopping, .ended, .backingOff, .failed, .cancelled: true
    case .waiting, .ready, .asking, .answered, .expanded, .doomed, .succeeded, .skipped: false
    }
  }
}

extension Explainer {
  /// The same, with how many run.
  func itemsText(ofNode step: Int) -> String? {
    guard let text = state.itemsText(ofNode: step), let expanded = state.expanded(step) else {
      return nil
    }
    let running = expanded.children.count {
      [.running, .stopping].contains(status(Int($0)))
    }
    return text + (running == 0 ? "" : ", \(running) running")
  }
}

/// How many items of nodes have come to their end: of all of their steps.
package struct NodeProgress: Equatable, Sendable {
  package private(set) var count: Int
  package private(set) var settled = 0
  /// For good.
  package private(set) var failed = 0
  /// Those that did not come to their end by themselves.
  package private(set) var cancelled = 0
  /// How many more there are, which the run leaves out.
  package private(set) var leftOut = 0

  init(count: Int) { self.count = count }

  init(_ expanded: Expanded) {
    leftOut = Int(expanded.leftOut)
    count = Int(expanded.items) - leftOut
    settled = count - Int(expanded.unsettledItems)
    failed = Int(expanded.failed)
    cancelled = Int(expanded.stoppedItems)
  }

  /// At the beginning of a round.
  ///
  /// - Parameter expanded: what became known by that; a child can keep an end from an earlier round.
  /// - Returns: nil if the items have a fault.
  init?(_ expansion: Expansion, _ expanded: Expanded?) {
    guard case .children(let count, let added) = expansion else { return nil }
    let leftOut = Int(expanded?.leftOut ?? 0)
    self.init(count: Int(count) - leftOut)
    self.leftOut = leftOut
    guard added < count, let expanded else { return }
    settled = max(0, self.count - Int(expanded.unsettledItems))
    failed = Int(expanded.failed)
  }

  mutating func add(_ other: NodeProgress) {
    count += other.count
    settled += other.settled
    failed += other.failed
    cancelled += other.cancelled
    leftOut += other.leftOut
  }

  /// `300 of 1000 items, 2 failed`, or once all have ended `1000 items, 2 failed`.
  var text: String {
    let items = count == 1 ? "1 item" : "\(count) items"
    return (settled < count ? "\(settled) of \(items)" : items)
      + (failed == 0 ? "" : ", \(failed) failed")
      + (cancelled == 0 ? "" : ", \(cancelled) cancelled")
      + (leftOut == 0 ? "" : ", \(leftOut) not selected")
  }

  /// An item has come to its end.
  ///
  /// - Returns: the text at every tenth of the way; nil at the end, which the node has a line for, and for a
  ///   child that was stopped or skipped: of these there are many at a time.
  mutating func end(_ outcome: StepOutcome) -> String? {
    let tenths = settled * 10 / max(1, count)
    settled += 1
    if outcome == .failed { failed += 1 }
    return outcome != .cancelled && settled < count && settled * 10 / count > tenths ? text : nil
  }
}

extension SkipReason {
  /// Why a node or a child was skipped; nil for other reasons.
  var itemText: String? {
    switch self {
    case .noItems: "it has no items"
    case .removed: "its item is no longer in the list"
    case .siblingsFailed: "more items have failed than may"
    case .need, .runStopping, .notSelected, .condition, .nothingFailed, .nothingToTell: nil
    }
  }
}
