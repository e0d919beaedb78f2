import FlowCore
import Testing

/// Steps that ask: the first answer counts, and what needs it runs on that alone.
@Suite struct EngineQuestionTests {
  private static let fields = [
    StepOutput(name: "count", type: .int), StepOutput(name: "tag", type: .string),
  ]

  /// `a`, then `q` which asks, then `b`.
  private static func workflow(
    _ question: Question = Question(text: "go on?"), fields: [StepOutput] = [],
    mayFail: String? = nil, steps: [String] = ["a", "q < a", "b < q"]
  ) -> WorkflowDefinition {
    let own = mayFail.map { [$0: StepSettings(allowFailure: true)] } ?? [:]
    var workflow = WorkflowDefinition.of(steps, with: own)
    workflow.steps[1].command = .shell("")
    var extras = workflow.extras(ofStep: 1)
    (extras.question, extras.outputs) = (question, fields)
    workflow.extras = [StepExtras()]
    let edges = WorkflowDefinition.of(steps)
    for step in steps.indices {
      workflow.steps[step].extrasIndex = 0
      workflow.give(step == 1 ? extras : edges.extras(ofStep: step), toStep: step)
    }
    return workflow
  }

  private static func values(_ count: String, _ tag: String) -> [OutputPart] {
    [
      OutputPart(output: 0, bytes: Array(count.utf8)),
      OutputPart(output: 1, bytes: Array(tag.utf8)),
    ]
  }

  private static let inAMinute = Question(text: "?", timeoutMilliseconds: 60_000)

  private static func inAMinute(_ otherwise: Question.Otherwise) -> Question {
    Question(text: "?", timeoutMilliseconds: 60_000, otherwise: otherwise)
  }

  @Test func aStepAsksWhenItsNeedsHaveEndedAndTakesNoSlot() throws {
    var run = try EngineHarness(Self.workflow(), jobs: 1)
    #expect(run.end("a") == ["commit: ended a#1, a succeeded, q asks"])
    #expect(run.phase("q") == .asking)
    #expect(run.state.askingSteps == [1])
    #expect(run.state.openAttempts == 0)
    // Nothing wakes the engine up.
    #expect(run.engine.nextDeadline == nil)
    #expect(
      run.take(run.answer("q")) == ["commit: q approved, q succeeded, schedule b#1", "launch b#1"])
    run.end("b")
    #expect(run.outcome == .succeeded)
  }

  @Test func aFirstStepAsksAtOnce() throws {
    let run = try EngineHarness(Self.workflow(steps: ["a", "q", "b < q"]))
    #expect(run.firstEffects.first == "commit: engine 1, q asks, schedule a#1")
  }

  /// An intent is launched only when what it follows from is durable.
  @Test func nothingRunsBeforeTheAnswerIsDurable() throws {
    var run = try EngineHarness(Self.workflow(), commitsAtOnce: false)
    run.completeCommit()
    run.end("a")
    while !run.isCommitting { run.pass(milliseconds: 5) }
    run.completeCommit()
    let effects = run.take(run.answer("q"))
    #expect(effects == ["commit: q approved, q succeeded, schedule b#1"])
    #expect(run.running.isEmpty)
    #expect(run.completeCommit() == ["launch b#1"])
  }

  @Test func aRejectionIsAFailure() throws {
    var run = try EngineHarness(Self.workflow())
    run.end("a")
    run.take(run.answer("q", .rejected))
    #expect(run.phase("q") == .failed)
    #expect(run.phase("b") == .skipped)
    #expect(run.outcome == .failed)
  }

  @Test func aRejectionCanBeAllowedOrWanted() throws {
    var allowed = try EngineHarness(Self.workflow(mayFail: "q"))
    allowed.end("a")
    allowed.take(allowed.answer("q", .rejected))
    allowed.end("b")
    #expect(allowed.outcome == .succeeded)
    var wanted = try EngineHarness(Self.workflow(steps: ["a", "q < a", "b < q:failed"]))
    wanted.end("a")
    wanted.take(wanted.answer("q", .rejected))
    #expect(wanted.phase("b") == .starting)
  }

  @Test func theFirstAnswerCounts() throws {
    var run = try EngineHarness(Self.workflow())
    run.end("a")
    let (first, second) = (run.answer("q", .rejected, id: 1), run.answer("q", id: 2))
    #expect(
      run.take(first, second) == [
        "commit: q rejected, q failed, b skipped for q, run failed", "finish: failed",
      ])
    #expect(run.state.asked(byStep: 1)?.answer?.id == 1)
  }

  @Test func theSameAnswerTwiceCountsOnce() throws {
    var run = try EngineHarness(Self.workflow())
    run.end("a")
    let answer = run.answer("q")
    run.take(answer, answer)
    run.take(answer)
    #expect(run.durable.count { $0.body.kind == .answered } == 1)
  }

  @Test func whatIsNoAnswerIsIgnored() throws {
    var run = try EngineHarness(Self.workflow(fields: Self.fields))
    let early = run.answer("q", values: Self.values("1", "x"))
    #expect(run.take(early) == [])
    run.end("a")
    let good = run.answer("q", values: Self.values("1", "x"))
    var wrong: [FiledAnswer] = [early]
    for values in [
      [], Array(good.answer.values.prefix(1)), Self.values("one", "x"), Self.values("1\n", "x"),
      Self.values("1", "x\u{0}"), good.answer.values + [OutputPart(output: 2, bytes: [])],
      Array(good.answer.values.reversed()), good.answer.values + good.answer.values,
      Self.values("1", String(repeating: "x", count: Answer.mostBytes + 1)),
      [good.answer.values[0], OutputPart(output: 1, bytes: [0xFF])],
    ] {
      var other = good
      other.answer.values = values
      wrong.append(other)
    }
    var other = good
    other.step = 0
    wrong.append(other)
    other.step = 17
    wrong.append(other)
    other = good
    other.answer.asked += 1
    wrong.append(other)
    other = good
    other.answer.verdict = .rejected
    wrong.append(other)
    other = good
    other.answer.note = String(repeating: "n", count: Answer.mostBytes + 1)
    wrong.append(other)
    other.answer.note = "a\u{0}b"
    wrong.append(other)
    for answer in wrong { #expect(run.take(answer) == [], "\(answer)") }
    #expect(run.phase("q") == .asking)
    run.take(good)
    #expect(run.phase("q") == .succeeded)
  }

  @Test func fieldsAreOutputs() throws {
    let most = String(repeating: "x", count: Answer.mostBytes)
    var run = try EngineHarness(Self.workflow(fields: Self.fields))
    run.end("a")
    run.take(run.answer("q", values: Self.values("-12", most)))
    #expect(run.state.outputs.value(ofStep: 1, at: 0) == Array("-12".utf8))
    #expect(run.state.outputs.value(ofStep: 1, at: 1) == Array(most.utf8))
    #expect(run.state.outputs.attempt(ofStep: 1) == 1)
  }

  // MARK: Time

  @Test(arguments: [
    (Question.Otherwise.fail, StepLifecycle.Phase.failed), (.reject, .failed),
    (.approve, .succeeded),
  ])
  func whatCountsWhenTimePasses(otherwise: Question.Otherwise, phase: StepLifecycle.Phase) throws {
    var run = try EngineHarness(Self.workflow(Self.inAMinute(otherwise)))
    run.end("a")
    run.pass(milliseconds: 59_999)
    #expect(run.phase("q") == .asking)
    run.pass(milliseconds: 1)
    #expect(run.phase("q") == phase)
    #expect(run.state.asked(byStep: 1)?.hasExpired == true)
    #expect(run.state.asked(byStep: 1)?.answer == nil)
  }

  @Test func anAnswerEndsTheTime() throws {
    var run = try EngineHarness(Self.workflow(Self.inAMinute))
    run.end("a")
    run.take(run.answer("q"))
    #expect(run.engine.nextDeadline == nil)
    run.pass(milliseconds: 100_000)
    run.end("b")
    #expect(run.outcome == .succeeded)
  }

  @Test func timeGoesOnWithoutAnEngine() throws {
    var run = try EngineHarness(Self.workflow(Self.inAMinute))
    run.end("a")
    run.pass(milliseconds: 50_000)
    run.elapse(milliseconds: 20_000)
    run.crash(boot: "other")
    run.pass(milliseconds: 0)
    #expect(run.phase("q") == .failed)
  }

  @Test func theRestOfTheTimeGoesOnAfterAReboot() throws {
    var run = try EngineHarness(Self.workflow(Self.inAMinute))
    run.end("a")
    run.pass(milliseconds: 20_000)
    run.crash(boot: "other")
    run.pass(milliseconds: 39_999)
    #expect(run.phase("q") == .asking)
    run.pass(milliseconds: 1)
    #expect(run.phase("q") == .failed)
  }

  /// However late it is read.
  @Test(arguments: ["boot", "other"], [false, true])
  func whatWasGivenInTimeCounts(boot: String, isLate: Bool) throws {
    var run = try EngineHarness(Self.workflow(Self.inAMinute(.reject)))
    run.end("a")
    run.pass(milliseconds: 20_000)
    run.elapse(milliseconds: isLate ? 40_000 : 39_999)
    let answer = run.answer("q")
    run.elapse(milliseconds: 60_000)
    run.crash(boot: boot, answers: [answer])
    run.pass(milliseconds: 0)
    #expect(run.phase("q") == (isLate ? .failed : .succeeded))
    #expect(run.state.asked(byStep: 1)?.hasExpired == isLate)
  }

  @Test func ofSeveralTheFirstThatWasGivenInTimeCounts() throws {
    var run = try EngineHarness(Self.workflow(Self.inAMinute(.approve)))
    run.end("a")
    let first = run.answer("q", .rejected, id: 1)
    run.elapse(milliseconds: 60_000)
    let late = run.answer("q", id: 2)
    run.crash(answers: [late, first])
    #expect(run.state.asked(byStep: 1)?.answer == first.answer)
  }

  /// A new boot restarts the timer, and the next one must not take its start for the end of the time.
  @Test func whatWasGivenTooLateStaysSoInALaterLife() throws {
    var run = try EngineHarness(Self.workflow(Self.inAMinute))
    run.end("a")
    run.elapse(milliseconds: 60_000)
    let late = run.answer("q")
    run.elapse(milliseconds: 60_000)
    run.crash(boot: "second", answers: [late])
    #expect(run.phase("q") == .asking)
    run.elapse(milliseconds: 60_000)
    run.crash(boot: "third", answers: [late])
    run.pass(milliseconds: 0)
    #expect(run.phase("q") == .failed)
  }

  @Test func whatASuspendedEngineReadsTooLateDoesNotCount() throws {
    var run = try EngineHarness(Self.workflow(Self.inAMinute))
    run.end("a")
    run.elapse(milliseconds: 60_000)
    #expect(run.take(run.answer("q")) == [])
    run.pass(milliseconds: 0)
    #expect(run.phase("q") == .failed)
  }

  /// As it makes no delay longer or shorter.
  @Test(arguments: [3_600_000, -3_600_000] as [Int64], [false, true])
  func aClockThatIsSetChangesNothing(by jump: Int64, isLate: Bool) throws {
    var run = try EngineHarness(Self.workflow(Self.inAMinute))
    run.end("a")
    run.jump(wallMilliseconds: jump)
    run.pass(milliseconds: 20_000)
    run.elapse(milliseconds: isLate ? 40_000 : 39_999)
    let answer = run.answer("q")
    run.elapse(milliseconds: 60_000)
    run.crash(answers: [answer])
    run.pass(milliseconds: 0)
    #expect(run.phase("q") == (isLate ? .failed : .succeeded))
  }

  /// Engines of earlier versions have recorded such answers.
  @Test func whatAHistorySaysCounts() throws {
    var run = try EngineHarness(Self.workflow(Self.inAMinute))
    run.end("a")
    run.elapse(milliseconds: 60_000)
    var state = run.state
    try state.apply(
      Event(
        sequence: state.lastSequence + 1, moment: run.now, startsWakeUp: true,
        body: .answered(step: 1, run.answer("q").answer)))
    #expect(state.steps[1].phase == .answered(.succeeded))
  }

  // MARK: Stops

  @Test func aCancelSettlesIt() throws {
    var run = try EngineHarness(Self.workflow())
    run.end("a")
    let answer = run.answer("q")
    run.cancel()
    #expect(run.phase("q") == .cancelled)
    #expect(run.outcome == .cancelled)
    #expect(run.durable.count { $0.body.kind == .answered } == 0)
    #expect(run.state.takes(answer.answer, ofStep: 1) == false)
  }

  @Test func aCancelThatWasLeftMeanwhileComesFirst() throws {
    var run = try EngineHarness(Self.workflow())
    run.end("a")
    run.crash(requests: [CancelRequest(id: 9, force: false)], answers: [run.answer("q")])
    #expect(run.outcome == .cancelled)
  }

  @Test func theTimeoutOfTheRunSettlesIt() throws {
    var workflow = Self.workflow()
    workflow.timeoutMilliseconds = 1_000
    var run = try EngineHarness(workflow)
    run.end("a")
    run.pass(milliseconds: 1_000)
    #expect(run.phase("q") == .cancelled)
    #expect(run.outcome == .failed)
  }

  @Test func failFastSettlesIt() throws {
    var workflow = Self.workflow(steps: ["a", "q", "b"])
    workflow.failFast = true
    var run = try EngineHarness(workflow, jobs: 3)
    run.end("a", .exit(1))
    #expect(run.phase("q") == .cancelled)
  }

  // MARK: Rounds

  @Test func anotherRoundAsksAgainUnlessItWasApproved() throws {
    var run = try EngineHarness(Self.workflow())
    run.end("a")
    let before = run.answer("q", .rejected)
    run.take(before)
    run.reopen()
    #expect(run.phase("q") == .asking)
    // What was answered before is no answer to this.
    #expect(run.take(before) == [])
    run.take(run.answer("q"))
    run.end("b", .exit(1))
    #expect(run.outcome == .failed)
    run.reopen()
    #expect(run.phase("q") == .succeeded)
    #expect(run.phase("b") == .starting)
  }

  @Test func anApprovalFallsWithWhatItNeeds() throws {
    var run = try EngineHarness(Self.workflow(fields: Self.fields))
    run.end("a")
    run.take(run.answer("q", values: Self.values("1", "x")))
    run.end("b")
    run.reopen(scope: .from(StepSet([0])))
    #expect(run.phase("q") == .waiting(unmetNeeds: 1))
    #expect(run.state.outputs.value(ofStep: 1, at: 0) == nil)
    run.end("a")
    #expect(run.phase("q") == .asking)
    run.take(run.answer("q", id: 2, values: Self.values("2", "y")))
    #expect(run.state.outputs.attempt(ofStep: 1) == 2)
  }

  /// A step that is rerun alone leaves an approval behind that no longer stands.
  @Test func anApprovalOfWhatWasRerunAloneIsAskedAgain() throws {
    var run = try EngineHarness(Self.workflow())
    run.end("a")
    run.take(run.answer("q"))
    run.end("b", .exit(1))
    // What needs it cannot run on it.
    #expect(throws: ReopenProblem.blocked([.init(step: 2, need: 1)])) {
      _ = try run.state.stepsRunningAgain(.only(StepSet([0, 2])))
    }
    run.reopen(scope: .only(StepSet([0])))
    #expect(run.phase("q") == .succeeded)
    run.end("a")
    #expect(throws: ReopenProblem.blocked([.init(step: 2, need: 1)])) {
      _ = try run.state.stepsRunningAgain(.only(StepSet([2])))
    }
    run.reopen()
    #expect(run.phase("q") == .asking)
    run.take(run.answer("q", id: 2))
    run.end("b")
    #expect(run.outcome == .succeeded)
  }

  /// A run whose question is approved, and whether that stands in the round of `restart --failed` after it.
  struct Reopening: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let steps: [String]
    var mayFail: String?
    /// Of the steps before the question, those that fail; all that come after it do.
    var failing: [String] = []
    /// Whether time has approved it.
    var isByTime = false
    let stands: Bool
  }

  private static let reopenings = [
    Reopening(
      testDescription: "what comes after it failed", steps: ["a", "q < a", "b < q"], stands: true),
    Reopening(
      testDescription: "time approved it", steps: ["a", "q < a", "b < q"], isByTime: true,
      stands: true),
    Reopening(
      testDescription: "what it does not need failed", steps: ["a", "q", "d < a"], failing: ["a"],
      stands: true),
    Reopening(
      testDescription: "a need failed, which it may", steps: ["a", "q < a", "b < q"], mayFail: "a",
      failing: ["a"], stands: false),
    Reopening(
      testDescription: "a need failed, and time approved", steps: ["a", "q < a", "b < q"],
      mayFail: "a", failing: ["a"], isByTime: true, stands: false),
    Reopening(
      testDescription: "a need failed of which any end is wanted",
      steps: ["a", "q < a:settled", "b < q"], failing: ["a"], stands: false),
    Reopening(
      testDescription: "a need of its need failed",
      steps: ["a", "q < c", "b < q", "c < a:settled"],
      failing: ["a"], stands: false),
    Reopening(
      testDescription: "one of two needs failed", steps: ["a", "q < a:settled c", "b < q", "c"],
      failing: ["a"], stands: false),
  ]

  @Test(arguments: reopenings)
  func anApprovalStandsIfNothingThatItNeedsRunsAgain(_ row: Reopening) throws {
    let question = row.isByTime ? Self.inAMinute(.approve) : Question(text: "?")
    var run = try EngineHarness(
      Self.workflow(question, mayFail: row.mayFail, steps: row.steps), jobs: 4)
    func runOut(_ run: inout EngineHarness, failing: [String]) {
      while let next = run.running.first {
        let id = run.workflow.steps[Int(next.step)].id
        run.end(id, failing.contains(id) ? .exit(1) : .success)
      }
    }
    runOut(&run, failing: row.failing)
    if row.isByTime { run.pass(milliseconds: 60_000) } else { run.take(run.answer("q")) }
    #expect(run.phase("q") == .succeeded)
    runOut(&run, failing: ["b", "d"])
    #expect(run.outcome == .failed)
    run.reopen()
    runOut(&run, failing: [])
    #expect(run.phase("q") == (row.stands ? .succeeded : .asking))
    if !row.stands { run.take(run.answer("q", id: 2)) }
    runOut(&run, failing: [])
    #expect(run.outcome == .succeeded)
  }

  /// It does not come to stand again by what runs later.
  @Test func anApprovalThatNoLongerStandsIsMarkedUntilItIsAskedAgain() throws {
    var run = try EngineHarness(Self.workflow(steps: ["a", "q < a", "b < q", "d"]))
    run.end("a")
    run.take(run.answer("q"))
    run.end("b", .exit(1))
    run.end("d")
    #expect(!run.state.isStale(1))
    for (step, stays) in [("d", false), ("a", true), ("d", true)] {
      run.reopen(scope: .only(StepSet([run.workflow.step(step)])))
      run.end(step)
      #expect(run.phase("q") == .succeeded && run.state.isStale(1) == stays, "after \(step)")
    }
    run.reopen()
    #expect(run.phase("q") == .asking && !run.state.isStale(1))
  }

  @Test func whatIsLeftOutIsNotAsked() throws {
    var run = try EngineHarness(Self.workflow(), without: ["q"])
    run.end("a")
    run.end("b")
    #expect(run.outcome == .succeeded)
    #expect(run.durable.count { $0.body.kind == .asked } == 0)
  }
}
