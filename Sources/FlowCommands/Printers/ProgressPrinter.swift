import FlowCommandLine
package import FlowCore
import FlowText

/// The progress of a run where standard output is no terminal: a line for each event that matters
/// to people. It gets every event once, in order, after it is durable.
package struct ProgressPrinter: Sendable {
  /// Of the round.
  private var startedAt: WallTime?
  /// When the last round ended, and how long the rounds took so far.
  private var endedAt: WallTime?
  private var earlierRounds: Int64 = 0
  /// Ends of attempts whose consequence has not come yet; it comes within the same wake-up.
  private var ends: [Int32: AttemptEnd] = [:]
  /// Whether the steps of `finally` run.
  private var isConcluding = false
  private var isNotifying = false
  /// The requests to cancel that Ctrl-C has made here: it can be pressed again.
  package var interrupts: Set<UInt64> = []
  private var nodes: [Int32: NodeProgress] = [:]
  /// By node with a chain, the first children of the items that are counted there.
  private var endedItems: [Int32: Set<Int32>] = [:]
  /// Whether children of nodes have the lines of other steps, instead of what is said of their node.
  private let isVerbose: Bool

  /// - Parameter startedAt: when the run was created; nil where its first event follows.
  package init(startedAt: WallTime? = nil, isVerbose: Bool = false) {
    self.startedAt = startedAt
    self.isVerbose = isVerbose
  }

  /// The line for an event, with its line feed; nil for what only matters to the engine.
  ///
  /// - Parameter state: of the run, with the event or later: the engine continues while a commit is
  ///   under way.
  package mutating func line(for event: Event, in state: RunState) -> String? {
    text(event, state, StepWording(state)).map { $0 + "\n" }
  }

  private mutating func text(
    _ event: Event, _ state: RunState, _ wording: StepWording
  ) -> String? {
    switch event.body {
    case .runCreated(let created):
      startedAt = event.moment.wall
      return "run \(TerminalText.escaped(created.runID))"
    case .engineStarted(let engine):
      if engine.life > 1 { return "taken over by process \(engine.processID)" }
      if state.hasAllSteps { return nil }
      let counted = state.countedSteps
      return "\(counted.selected) of \(counted.selected + counted.unselected) steps are selected"
    case .attemptLaunched(let attempt, _)
    where !isVerbose && state.definition.isChild(Int(attempt.step)):
      return nil
    // What is published belongs to the command before.
    case .attemptLaunched(let attempt, _)
    where state.maker(ofStep: attempt.step) ?? attempt.number != attempt.number:
      return nil
    case .attemptLaunched(let attempt, _):
      let again = attempt.number == 1 ? "" : " (attempt \(attempt.number))"
      return "\(wording.id(attempt.step)) started\(again)"
    case .deadlinePassed(let attempt):
      let limit = state.definition.settings(ofStep: Int(attempt.step)).timeoutMilliseconds
      let after = limit.map { " after \(DurationText.of(milliseconds: $0))" } ?? ""
      return "\(wording.id(attempt.step)) timed out\(after); stopping"
    case .attemptEnded(let attempt, let end):
      // A step takes as long as its command.
      let isCommand = state.maker(ofStep: attempt.step) ?? attempt.number == attempt.number
      if isCommand || end.result != .exited(code: 0) { ends[attempt.step] = end }
      return nil
    case .cancelRequested(let request):
      return cancelRequested(request)
    case .retryScheduled(let attempt, let delay):
      let number = Self.retry(after: attempt, state.steps[Int(attempt.step)])
      let limit = state.definition.settings(ofStep: Int(attempt.step)).retry.maxAttempts - 1
      return failed(attempt.step, "failed", wording)
        + "; retry \(number) of \(limit) in \(DurationText.of(milliseconds: delay))"
    case .rerunScheduled(let attempt):
      return loss(of: attempt, wording) + "it runs again, so its work may be done twice"
    case .probeScheduled(let attempt):
      return loss(of: attempt, wording) + "its probe is asked whether the work was done"
    case .timerFired(.launchPause), .timerFired(.slow): return wording.text(event.body)
    case .asked(let step):
      guard let question = QuestionWording(Int(step), state) else { return nil }
      let first = question.lines.first ?? ""
      let more = question.lines.count > 1 ? " …" : ""
      return
        "\(wording.id(step)) asks: \(first)\(more)\n  answer with: \(question.command), or --reject"
    case .answered(let step, let answer):
      return "\(wording.id(step)) \(QuestionWording.text(answer))"
    case .timerFired(.question(let step)):
      return QuestionWording(Int(step), state)?.outcome.map { "\(wording.id(step)) \($0)" }
    case .attemptFound(let attempt, .running(let processID, _)):
      let process = processID == 0 ? "" : " as process \(processID)"
      return "\(wording.id(attempt.step)) still runs\(process)"
    case .runConcluding:
      isConcluding = true
      return wording.text(event.body)
    case .runConcluded:
      isConcluding = false
      isNotifying = state.tellsOfConclusion
      return isNotifying ? "\(wording.text(event.body)): its notify commands run" : nil
    case .runReopened:
      isConcluding = false
      isNotifying = false
      if let startedAt, let endedAt {
        let span = DurationText.microseconds(from: startedAt, to: endedAt)
        earlierRounds = DurationText.sum(earlierRounds, span)
      }
      startedAt = event.moment.wall
      return wording.text(event.body)
    case .workSynced(_, .none): return nil
    case .workSynced: return wording.text(event.body)
    case .roomReturned, .runStopping: return wording.text(event.body)
    case .stepExpanded(let step, let expansion):
      nodes[step] = NodeProgress(expansion, state.expanded(Int(step)))
      endedItems[step] = nil
      if case .fault = expansion, let text = state.itemsText(ofNode: Int(step)) {
        return "\(wording.id(step)): \(text)"
      }
      return wording.text(event.body)
    case .stepFinished(let step, let outcome) where state.definition.isChild(Int(step)):
      return childEnded(step, outcome, state, wording)
    case .stepSkipped(_, .removed): return nil
    case .stepSkipped(let step, .notSelected) where state.definition.isChild(Int(step)):
      // It can be the last of the steps for an item that the run has.
      let item = state.definition.siblings(of: step)
      if item.contains(where: { state.isSelected(Int($0)) }) {
        count(.cancelled, ofChild: step, state)
      }
      return nil
    case .stepSkipped(let step, let reason) where state.definition.isChild(Int(step)):
      count(.cancelled, ofChild: step, state)
      if !isVerbose { return nil }
      switch reason {
      case .need, .condition: return wording.text(event.body)
      default: return "\(wording.id(step)) skipped: \(reason.itemText ?? "the run is stopping")"
      }
    case .stepSkipped(_, .noItems): return wording.text(event.body)
    case .stepFinished(let step, let outcome): return finished(step, outcome, state, wording)
    case .stepSkipped(let step, .need(let need)):
      return "\(wording.id(step)) skipped: \(wording.skipped(Int(step), for: Int(need), state))"
    case .stepSkipped(_, .condition): return wording.text(event.body)
    case .stepSkipped(let step, .runStopping):
      return "\(wording.id(step)) skipped: the run is stopping"
    // The beginning has said how many they are.
    case .stepSkipped(_, .notSelected): return nil
    case .stepSkipped(_, .nothingFailed), .stepSkipped(_, .nothingToTell): return nil
    case .runFinished(let outcome):
      let span = startedAt.map { DurationText.microseconds(from: $0, to: event.moment.wall) }
      let duration = span.map { " in \(DurationText.of(microseconds: $0))" } ?? ""
      let total = DurationText.of(microseconds: DurationText.sum(earlierRounds, span ?? 0))
      let rounds = earlierRounds == 0 ? "" : " (\(total) in all rounds)"
      endedAt = event.moment.wall
      let tally = StepTally(state, in: RunStatus(.finished(outcome), isHeld: true))
      return "run \(outcome)\(duration)\(rounds): \(tally)"
    default: return nil
    }
  }

  private func cancelRequested(_ request: CancelRequest) -> String {
    if request.force { return "cancel requested, by force" }
    let (what, why) =
      isConcluding
      ? ("finally steps", "; the run is concluding, which a cancel does not change")
      : isNotifying
        ? ("notify commands", "; the run has come to its end, which a cancel does not change")
        : ("running steps", "")
    let advice =
      interrupts.contains(request.id)
      ? "; press Ctrl-C again to kill \(isConcluding || isNotifying ? "its " : "")\(what)" : ""
    return "cancel requested\(why)\(advice)"
  }

  /// The number of the retry after an attempt, within the round.
  ///
  /// - Parameter lifecycle: with that attempt or later, also of the next round.
  private static func retry(after attempt: AttemptID, _ lifecycle: StepLifecycle) -> Int32 {
    if lifecycle.attemptBefore >= attempt.number { return attempt.number }
    // Lost attempts, and probes, have numbers too, but use up no retry.
    let counted = attempt.number - lifecycle.attemptBefore - lifecycle.uncounted
    return max(1, min(counted, lifecycle.failures))
  }

  private mutating func loss(of attempt: AttemptID, _ wording: StepWording) -> String {
    let end = ends.removeValue(forKey: attempt.step)
    let id = wording.id(attempt.step)
    if end?.wasInterrupted == true {
      return "\(id) interrupted: the system told attempt \(attempt.number) to end; "
    }
    return "\(id) lost: the outcome of attempt \(attempt.number) is unknown; "
  }

  /// A line for each failure, and for every tenth of the way of its node.
  private mutating func childEnded(
    _ step: Int32, _ outcome: StepOutcome, _ state: RunState, _ wording: StepWording
  ) -> String? {
    let tenth = count(outcome, ofChild: step, state).map { node, text in
      "\(wording.id(node)): \(text)"
    }
    if isVerbose { return ended(step, outcome, state, wording) }
    let failure = outcome == .failed ? failed(step, "failed", wording) : nil
    ends[step] = nil
    let lines = [failure, tenth].compactMap(\.self)
    return lines.isEmpty ? nil : lines.joined(separator: "\n")
  }

  /// - Returns: the node and how far it is, where that has a line.
  @discardableResult
  private mutating func count(
    _ outcome: StepOutcome, ofChild step: Int32, _ state: RunState
  ) -> (node: Int32, text: String)? {
    guard let node = state.definition.child(Int(step))?.node else { return nil }
    if !state.definition.isChained(Int(step)) {
      return (nodes[node]?.end(outcome)).map { (node, $0) }
    }
    // The state can be ahead of the event: each item is counted once.
    let item = state.definition.siblings(of: step)
    guard item.allSatisfy({ state.steps[Int($0)].isSettled }),
      endedItems[node, default: []].insert(item.lowerBound).inserted
    else { return nil }
    let hasFailed = state.expanded(Int(node))?.failedItems.contains(item.lowerBound) ?? false
    return (nodes[node]?.end(hasFailed ? .failed : .succeeded)).map { (node, $0) }
  }

  private mutating func finished(
    _ step: Int32, _ outcome: StepOutcome, _ state: RunState, _ wording: StepWording
  ) -> String {
    if let node = nodes.removeValue(forKey: step) {
      return "\(wording.id(step)) \(outcome): \(node.text)"
    }
    return ended(step, outcome, state, wording)
  }

  /// The end of a step with attempts.
  private mutating func ended(
    _ step: Int32, _ outcome: StepOutcome, _ state: RunState, _ wording: StepWording
  ) -> String {
    switch outcome {
    case .succeeded:
      let end = ends.removeValue(forKey: step)
      if case .hit? = end?.look {
        return "\(wording.id(step)) succeeded: its former result is used"
      }
      let duration = end.map { " in \(DurationText.of(microseconds: $0.durationMicroseconds))" }
      return "\(wording.id(step)) succeeded\(duration ?? "")"
    case .failed:
      let isAllowed = state.definition.settings(ofStep: Int(step)).allowFailure
      return failed(step, isAllowed ? "failed (allowed)" : "failed", wording)
    case .cancelled:
      ends[step] = nil
      return "\(wording.id(step)) cancelled"
    }
  }

  private mutating func failed(
    _ step: Int32, _ word: String, _ wording: StepWording
  ) -> String {
    let why = ends.removeValue(forKey: step).map { ": \(wording.failure($0, ofStep: step))" }
    return "\(wording.id(step)) \(word)\(why ?? "")"
  }
}
