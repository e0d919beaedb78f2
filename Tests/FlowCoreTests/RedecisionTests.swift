import Testing

@testable import FlowCore

@Suite struct RedecisionTests {
  /// A history with every kind of decision in it.
  private static let history: [Event] = {
    do {
      var workflow = WorkflowDefinition.of(
        "a", "b", "c < a", "d", "e", "g", "n", "f", each: .retrying(2)
      )
      .finally()
      workflow.settings.append(StepSettings(onLost: .probe, probe: .shell("true")))
      workflow.steps[3].settingsIndex = 1
      workflow.steps[5].command = .shell("")
      var made = StepExtras()
      made.files = ["x"]
      workflow.give(made, toStep: 4)
      workflow.give(StepExtras(question: Question(text: "?")), toStep: 5)
      var extras = StepExtras()
      extras.forEach = ForEach(over: .literal([]))
      workflow.give(extras, toStep: 6)
      workflow = workflow.notifying(.cancelled)
      var run = try EngineHarness(workflow, jobs: 3)
      run.end("a", .exit(1))
      run.end("b", .lost)
      run.end("d", .lost)
      run.end("e")
      run.pass(milliseconds: 1_000)
      run.cancel()
      for attempt in run.running { run.wakeUp([.attemptEnded(attempt, .exit(1, cause: .stop))]) }
      run.end("f")
      run.end("notify/1")
      return run.durable
    } catch {
      preconditionFailure("the sample has no history: \(error)")
    }
  }()

  private static var decisions: [Event] { history.filter { !$0.body.kind.isFact } }

  @Test func theSampleHoldsEveryKindOfDecision() {
    let kinds = Set(Self.decisions.map(\.body.kind))
    #expect(kinds == Set(EventKind.allCases.filter { !$0.isFact }))
  }

  @Test func whatTheEngineDecidedIsDecidedAgain() throws {
    var redecision = Redecision()
    #expect(redecision.differenceAtEnd() == nil)
    var replay = Replay()
    for event in Self.history {
      #expect(try redecision.apply(event) == nil)
      try replay.apply(event)
      #expect(redecision.state == replay.state)
    }
    #expect(redecision.differenceAtEnd() == nil)
  }

  @Test(arguments: decisions.map(\.sequence))
  func aDecisionThatIsMissingIsNamed(sequence: Int64) throws {
    let expected = Self.history[Int(sequence) - 1].body
    var shorter = Self.history
    shorter.remove(at: Int(sequence) - 1)
    for index in shorter.indices { shorter[index].sequence = Int64(index) + 1 }
    let difference = try #require(try Self.firstDifference(in: shorter))
    // An attempt that is not scheduled is missed where the wake-up ends, another decision at once.
    #expect(difference.sequence == sequence)
    #expect(difference.expected == expected)
  }

  @Test(arguments: decisions.map(\.sequence))
  func anotherDecisionIsNamed(sequence: Int64) throws {
    var altered = Self.history
    let expected = altered[Int(sequence) - 1].body
    for body in Self.alterations(of: expected) {
      altered[Int(sequence) - 1].body = body
      #expect(
        try Self.firstDifference(in: altered)
          == .init(sequence: sequence, expected: expected, recorded: body))
    }
  }

  @Test func aDecisionThatNothingCallsForIsNamed() throws {
    let events = Array(Self.history.prefix { $0.body.kind != .attemptEnded })
    var one = events[events.count - 1]
    one.sequence += 1
    one.body = .stepSkipped(step: 4, .runStopping)
    #expect(
      try Self.firstDifference(in: events + [one])
        == .init(sequence: one.sequence, expected: nil, recorded: one.body))
  }

  @Test func aDecisionWakesNobodyUp() throws {
    var altered = Self.history
    let index = try #require(altered.firstIndex { $0.body.kind == .attemptScheduled })
    altered[index].startsWakeUp = true
    #expect(try Self.firstDifference(in: altered)?.sequence == altered[index].sequence)
  }

  @Test func noFactFollowsAnAttemptScheduledInTheSameWakeUp() throws {
    var altered = Self.history
    let index = try #require(altered.firstIndex { $0.body.kind == .attemptEnded })
    altered[index].startsWakeUp = false
    let difference = try Self.firstDifference(in: altered)
    #expect(difference?.sequence == altered[index].sequence)
    #expect(difference?.recorded == altered[index].body)
  }

  @Test func aHistoryThatEndsTooEarlyLacksADecision() throws {
    for end in 2..<Self.history.count {
      let isEndOfWakeUp = Self.history[end].startsWakeUp
      let difference = try Self.firstDifference(in: Array(Self.history[..<end]))
      // The wake-up in which the run begins decides nothing before its last fact.
      let next = Self.history[end].body
      if isEndOfWakeUp {
        #expect(difference == nil)
      } else if !next.kind.isFact {
        #expect(difference == .init(sequence: Int64(end) + 1, expected: next, recorded: nil))
      }
    }
  }

  @Test func anEventOutOfSequenceIsNoDifference() throws {
    var redecision = Redecision()
    for event in Self.history.prefix(4) { #expect(try redecision.apply(event) == nil) }
    #expect(throws: HistoryError(Self.history[5], .outOfSequence(expected: 5))) {
      try redecision.apply(Self.history[5])
    }
  }

  private static func firstDifference(in events: [Event]) throws -> Redecision.Difference? {
    var redecision = Redecision()
    for event in events {
      if let difference = try redecision.apply(event) { return difference }
    }
    return redecision.differenceAtEnd()
  }

  /// The same kind of decision otherwise, and another kind.
  private static func alterations(of body: Event.Body) -> [Event.Body] {
    switch body {
    case .attemptScheduled(let attempt):
      [.attemptScheduled(AttemptID(step: attempt.step ^ 1, number: attempt.number))]
    case .retryScheduled(let attempt, let delay):
      [.retryScheduled(attempt, delayMilliseconds: delay + 1), .rerunScheduled(attempt)]
    case .rerunScheduled(let attempt): [.stepFinished(step: attempt.step, .failed)]
    case .probeScheduled(let attempt): [.rerunScheduled(attempt)]
    case .publishScheduled(let attempt, let completes):
      [
        .publishScheduled(attempt, completes: !completes),
        .stepFinished(step: attempt.step, .succeeded),
      ]
    case .asked: [.asked(step: 0)]
    case .stopRequested(let attempt, let force): [.stopRequested(attempt, force: !force)]
    case .stepFinished(let step, let outcome):
      StepOutcome.allCases.filter { $0 != outcome }.map { .stepFinished(step: step, $0) }
    case .stepExpanded(let step, _): [.stepExpanded(step: step, .children(count: 1, added: 1))]
    case .stepSkipped(let step, _): [.stepSkipped(step: step, .need(step: 0))]
    case .runStopping: [.runStopping(.timedOut), .runFinished(.cancelled)]
    case .runConcluding(let outcome):
      RunOutcome.allCases.filter { $0 != outcome }.map { .runConcluding($0) }
    case .runConcluded(let outcome):
      RunOutcome.allCases.filter { $0 != outcome }.map { .runConcluded($0) }
    case .runFinished(let outcome):
      RunOutcome.allCases.filter { $0 != outcome }.map { .runFinished($0) }
    default: preconditionFailure("\(body) is no decision")
    }
  }
}
