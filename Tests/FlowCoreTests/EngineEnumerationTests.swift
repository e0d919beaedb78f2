import FlowCore
import Testing

/// All workflows of three steps with all ends that can be wanted, all ends that steps can have, and some
/// conditions, in two rounds: what becomes of each step is said a second time here, as plainly as it can be.
@Suite struct EngineEnumerationTests {
  private enum End: Equatable {
    case succeeded, failed, skippedForNeed, skippedByCondition
  }

  private struct Case: CustomStringConvertible {
    /// What is wanted of s0 by s1, and of s0 and s1 by s2; nil where it is not needed.
    var wanted: [WantedEnd?]
    /// s2 runs only if s1 has come to this; nil without a condition.
    var condition: StepResult?
    /// By step.
    var mayFail: [Bool]
    var fails: [Bool]

    var description: String { "\(wanted) \(String(describing: condition)) \(mayFail) \(fails)" }

    func needs(_ step: Int) -> [(need: Int, wanted: WantedEnd)] {
      let pairs = [(1, 0), (2, 0), (2, 1)]
      return pairs.enumerated().compactMap { place, pair in
        pair.0 == step ? wanted[place].map { (pair.1, $0) } : nil
      }
    }

    var definition: WorkflowDefinition {
      var definition = WorkflowDefinition(
        name: "w", steps: [], settings: mayFail.map { StepSettings(allowFailure: $0) })
      for step in 0..<3 {
        let needs = needs(step)
        definition.steps.append(
          StepDefinition(
            id: "s\(step)", command: .shell("true"), needs: needs.map { Int32($0.need) },
            settingsIndex: Int32(step)))
        var extras = StepExtras(
          edges: needs.filter { $0.wanted != .done }.map {
            Edge(need: Int32($0.need), wanted: $0.wanted)
          })
        if step == 2, let condition {
          extras.condition = Condition([
            .result(step: 1), .literal(.result(condition)), .compare(.equal),
          ])
        }
        definition.give(extras, toStep: step)
      }
      return definition
    }

    // MARK: What should happen

    private func isMet(_ wanted: WantedEnd, _ need: Int, _ end: End) -> Bool {
      switch wanted {
      case .done: end == .succeeded || end == .skippedByCondition || mayFail[need]
      case .succeeded: end == .succeeded
      case .failed: end == .failed
      case .settled: true
      }
    }

    private func result(_ end: End) -> StepResult {
      switch end {
      case .succeeded: .succeeded
      case .failed: .failed
      case .skippedForNeed, .skippedByCondition: .skipped
      }
    }

    private func end(of step: Int, after ends: [End], fails: [Bool]) -> End {
      for (need, wanted) in needs(step) where !isMet(wanted, need, ends[need]) {
        return .skippedForNeed
      }
      if step == 2, let condition, result(ends[1]) != condition { return .skippedByCondition }
      return fails[step] ? .failed : .succeeded
    }

    var ends: [End] {
      (0..<3).reduce(into: []) { $0.append(end(of: $1, after: $0, fails: fails)) }
    }

    /// The ends of another round, in which nothing fails, and whether each step was part of it; nil if
    /// there is none.
    func next(_ ends: [End]) -> (ends: [End], runsAgain: [Bool])? {
      var (now, again) = (ends, [false, false, false])
      for step in 0..<3 {
        let follows = needs(step).contains { again[$0.need] }
        // A need that keeps its end, and keeps the step from running.
        let isKept = needs(step).contains {
          !again[$0.need] && !isMet($0.wanted, $0.need, now[$0.need])
        }
        switch ends[step] {
        case .failed: again[step] = true
        case .skippedForNeed: again[step] = !isKept
        case .succeeded, .skippedByCondition: again[step] = follows
        }
        if again[step] { now[step] = end(of: step, after: now, fails: [false, false, false]) }
      }
      return again.contains(true) ? (now, again) : nil
    }

    func outcome(_ ends: [End]) -> RunOutcome {
      zip(ends, mayFail).contains { $0 == .failed && !$1 } ? .failed : .succeeded
    }
  }

  // MARK: What happens

  private static let now = Moment(
    monotonic: Instant(microseconds: 0), wall: WallTime(microseconds: 0))

  /// - Returns: the outcome; the steps that had an attempt are added to `ran`.
  private static func drive(
    _ engine: inout Engine, fails: [Bool], _ ran: inout Set<Int32>
  ) -> RunOutcome? {
    var running: [AttemptID] = []
    while true {
      while let effect = engine.nextEffect() {
        switch effect {
        case .commit(let events):
          if let last = events.last { engine.handle(.committed(through: last.sequence), at: now) }
        case .launch(let launch): running.append(launch.attempt)
        case .finish(let outcome): return outcome
        case .stop, .syncWork: return nil
        }
      }
      guard !running.isEmpty else { return nil }
      let attempt = running.removeFirst()
      ran.insert(attempt.step)
      let end: AttemptEnd = fails[Int(attempt.step)] ? .exit(1) : .success
      engine.handle(.attemptEnded(attempt, end), at: now)
    }
  }

  private static func ends(_ state: RunState) -> [End?] {
    state.steps.map { step in
      switch step.phase {
      case .succeeded: .succeeded
      case .failed: .failed
      case .skipped: step.isRefused ? .skippedByCondition : .skippedForNeed
      default: nil
      }
    }
  }

  private func check(_ one: Case) throws {
    let definition = one.definition
    let run = NewRun(
      runID: "r", seed: 0, programVersion: "0", jobs: 2, definitionFolder: "/",
      definition: definition, graph: try DependencyGraph(definition.steps))
    let life = EngineStarted(life: 1, processID: 1, host: HostContext(bootID: "b"))
    var engine = Engine.create(run, engine: life, at: Self.now)
    var ran: Set<Int32> = []
    let outcome = Self.drive(&engine, fails: one.fails, &ran)
    let expected = one.ends
    #expect(Self.ends(engine.state) == expected, "\(one)")
    #expect(outcome == one.outcome(expected), "\(one)")
    for step in 0..<3 {
      let hasRun = expected[step] == .succeeded || expected[step] == .failed
      #expect(ran.contains(Int32(step)) == hasRun, "\(one), step \(step)")
    }

    let next = one.next(expected)
    #expect(engine.state.canReopen == (next != nil), "\(one)")
    guard let next, engine.state.canReopen else { return }
    #expect(try engine.state.stepsRunningAgain(.withDependents) == next.runsAgain, "\(one)")
    var second = Engine.reopen(
      engine.state, engine: EngineStarted(life: 2, processID: 2, host: life.host), ignoring: [],
      scope: .withDependents, at: Self.now)
    ran = []
    #expect(
      Self.drive(&second, fails: [false, false, false], &ran) == .succeeded, "second round: \(one)")
    #expect(Self.ends(second.state) == next.ends, "second round: \(one)")
    #expect(
      ran.allSatisfy { next.runsAgain[Int($0)] && next.ends[Int($0)] == .succeeded }, "\(one)")
  }

  private static let wishes: [WantedEnd?] = [nil] + WantedEnd.allCases.map { $0 }

  private static let flags: [[Bool]] = (0..<8).map { bits in (0..<3).map { bits >> $0 & 1 == 1 } }

  @Test(arguments: 0..<5)
  func everyStepEndsAsItsNeedsAndItsConditionSay(first: Int) throws {
    var count = 0
    for second in Self.wishes {
      for third in Self.wishes {
        // A condition asks for a step that is needed.
        let conditions: [StepResult?] = third == nil ? [nil] : [nil, .succeeded, .failed, .skipped]
        for condition in conditions {
          for mayFail in Self.flags {
            for fails in Self.flags {
              count += 1
              try check(
                Case(
                  wanted: [Self.wishes[first], second, third], condition: condition,
                  mayFail: mayFail, fails: fails))
            }
          }
        }
      }
    }
    #expect(count == 5 * (1 + 4 * 4) * 64)
  }
}
