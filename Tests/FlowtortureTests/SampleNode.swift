import FlowSystem
import FlowtortureCommands

/// Rounds with a node, without violations, which tests change.
extension SampleRound {
  static let x1 = AttemptName("n/x", 1)
  static let y1 = AttemptName("n/y", 1)

  /// `s` puts out the list `x`, `y`, and `n` runs for each, both at once. Events 6 to 13 are of the node.
  ///
  /// - Parameter change: what the node says.
  static func node(_ change: (inout NodePlan) -> Void = { _ in }) -> SampleRound {
    let end = Behaviour([.exit(code: 0)])
    let list = Behaviour([.list(["x", "y"]), .exit(code: 0)])
    var s = StepPlan(id: "s", behaviours: [list])
    s.probe = list
    var n = StepPlan(id: "n", behaviours: [end])
    n.needs = [0]
    var forEach = NodePlan(over: .step(0))
    change(&forEach)
    n.node = forEach
    var sample = SampleRound()
    sample.record.plan = RoundPlan(seed: 1, mode: .engine, steps: [s, n]).withChildren
    let s1 = AttemptName("s", 1)
    let good = AttemptResult("exited", exitCode: 0)
    sample.set([
      (0, .other), (0, .engineStarted(life: 1, process: 10)), (0, .scheduled(s1)),
      (9_000, .ended(s1, good)), (9_000, .stepFinished("s", outcome: "succeeded")),
      (9_000, .expanded("n", items: 2)), (9_000, .scheduled(x1)), (9_000, .scheduled(y1)),
      (19_000, .ended(x1, good)), (19_000, .stepFinished("n/x", outcome: "succeeded")),
      (29_000, .ended(y1, good)), (29_000, .stepFinished("n/y", outcome: "succeeded")),
      (29_000, .stepFinished("n", outcome: "succeeded")),
      (29_000, .runFinished(outcome: "succeeded")),
    ])
    sample.record.ledger = [
      LedgerLine(1_000, .start, s1), LedgerLine(7_000, .list, s1),
      LedgerLine(8_000, .exit(code: 0), s1),
      LedgerLine(10_000, .start, x1, items: ["x", "x"]),
      LedgerLine(11_000, .start, y1, items: ["y", "y"]),
      LedgerLine(18_000, .exit(code: 0), x1), LedgerLine(28_000, .exit(code: 0), y1),
    ]
    sample.record.outputs = []
    sample.show()
    return sample
  }

  /// The same for the item `x` alone, with a chain: `t0`, and `t1`, which needs it.
  static func chain(_ change: (inout NodePlan) -> Void = { _ in }) -> SampleRound {
    var sample = node()
    var node = NodePlan(over: .literal(["x"]))
    let end = Behaviour([.exit(code: 0)])
    var t1 = StepPlan(id: "t1", behaviours: [end])
    t1.needs = [0]
    node.chain = [StepPlan(id: "t0", behaviours: [end]), t1]
    change(&node)
    var steps = Array(sample.record.plan.steps.prefix(2))
    steps[0].behaviours = [end]
    steps[0].probe = end
    steps[1].node = node
    sample.record.plan.steps = steps
    sample.record.plan = sample.record.plan.withChildren
    let (first, second) = (AttemptName("n/x/t0", 1), AttemptName("n/x/t1", 1))
    let good = AttemptResult("exited", exitCode: 0)
    sample.remove(6...14)
    let events: [(Int, HistoryEvent.Body)] = [
      (9_000, .expanded("n", items: 1)), (9_000, .scheduled(first)),
      (19_000, .ended(first, good)), (19_000, .stepFinished("n/x/t0", outcome: "succeeded")),
      (19_000, .scheduled(second)), (29_000, .ended(second, good)),
      (29_000, .stepFinished("n/x/t1", outcome: "succeeded")),
      (29_000, .stepFinished("n", outcome: "succeeded")),
      (29_000, .runFinished(outcome: "succeeded")),
    ]
    for (place, event) in events.enumerated() { sample.insert(at: 6 + place, (event.0, event.1)) }
    sample.record.ledger.removeAll { $0.attempt.step != "s" || $0.what == .list }
    sample.record.ledger += [
      LedgerLine(10_000, .start, first, items: ["x", "x"]),
      LedgerLine(18_000, .exit(code: 0), first),
      LedgerLine(20_000, .start, second, items: ["x", "x"]),
      LedgerLine(28_000, .exit(code: 0), second),
    ]
    sample.show()
    return sample
  }

  /// Gives `flow status` the ends that the history has.
  mutating func show() {
    var ends: [String: String] = [:]
    var outcome = "running"
    for event in record.history {
      switch event.body {
      case .stepFinished(let step, let end): ends[step] = end
      case .stepSkipped(let step, _): ends[step] = "skipped"
      case .runFinished(let end): outcome = end
      default: break
      }
    }
    record.status = StatusReport(
      state: outcome, steps: ends.sorted { $0.key < $1.key }.map { .init($0.key, $0.value) })
    record.commands[0].ending = .exit(["succeeded": 0, "failed": 1][outcome] ?? 3)
  }

  /// Lets an attempt fail, and its step and the node end as given.
  mutating func fail(_ attempts: [AttemptName], node: String) {
    for (index, event) in record.history.enumerated() {
      switch event.body {
      case .ended(let attempt, _) where attempts.contains(attempt):
        replace(index + 1, .ended(attempt, AttemptResult("exited", exitCode: 1)))
      case .stepFinished(let step, _) where attempts.contains(where: { $0.step == step }):
        replace(index + 1, .stepFinished(step, outcome: "failed"))
      case .stepFinished("n", _): replace(index + 1, .stepFinished("n", outcome: node))
      case .runFinished: replace(index + 1, .runFinished(outcome: node))
      default: break
      }
    }
    record.ledger = record.ledger.map { line in
      guard attempts.contains(line.attempt), line.isEnd else { return line }
      return LedgerLine(line.microseconds, .exit(code: 1), line.attempt)
    }
    show()
  }

  /// Reopens the run, and appends what happens then.
  mutating func playAgain(_ events: (at: Int, HistoryEvent.Body)...) {
    record.plan.beatsAgain = []
    var all = record.history.map { ($0.microseconds, $0.body) }
    all.append((100_000, .runReopened(withDependents: true)))
    all += events.map { ($0.at, $0.1) }
    all.append((200_000, .runFinished(outcome: "succeeded")))
    set(all)
    show()
  }
}
