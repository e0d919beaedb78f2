import FlowCore

/// What is said of a step with `forEach`.
extension RunState {
  /// `812 of 1000 items, 3 failed`, or what is wrong with its items; nil for other steps, and before the items
  /// are known.
  func itemsText(ofNode step: Int) -> String? {
    guard let forEach = definition.forEach(ofStep: step), let expanded = expanded(step) else {
      return nil
    }
    if let fault = expanded.fault { return fault.text(most: forEach.most) }
    // It waits for its needs again.
    if !steps[step].isSettled && steps[step].phase != .expanded { return nil }
    let count = expanded.children.count
    if count == 0 { return "no items" }
    let items = count == 1 ? "1 item" : "\(count) items"
    let done = count - Int(expanded.unsettled)
    var text = done == count ? items : "\(done) of \(items)"
    if expanded.failed > 0 {
      let isTolerated = expanded.failed <= forEach.tolerated(of: Int32(count))
      text += ", \(expanded.failed) failed\(isTolerated ? " (tolerated)" : "")"
    }
    if expanded.isStopping { text += ", the others are stopped" }
    return text
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
