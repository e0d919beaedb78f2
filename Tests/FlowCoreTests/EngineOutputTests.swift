import FlowCore
import Testing

/// What steps put out: in the history before anything reads it, and dropped where it no longer holds.
@Suite struct EngineOutputTests {
  private static let outputs = [
    StepOutput(name: "count", type: .int), StepOutput(name: "files", type: .lines),
  ]

  /// `a` puts out, `b` runs if a condition holds.
  private static func workflow(
    _ settings: StepSettings = StepSettings(), when condition: Condition? = nil,
    steps: [String] = ["a", "b < a"]
  ) -> WorkflowDefinition {
    var workflow = WorkflowDefinition.of(steps[0], steps[1], each: settings)
    workflow.give(StepExtras(outputs: outputs), toStep: 0)
    workflow.give(StepExtras(condition: condition), toStep: 1)
    return workflow
  }

  /// `steps.a.count > 2`
  private static let isMany = Condition([
    .output(step: 0, place: 0), .literal(.number("2")), .compare(.greater),
  ])
  /// `"x" in (steps.a.files ?? [])`
  private static let hasX = Condition([
    .literal(.text("x")), .output(step: 0, place: 1), .literal(.list([])), .otherwise, .contained,
  ])

  private static func parts(_ count: String, _ files: String) -> [OutputPart] {
    [
      OutputPart(output: 0, bytes: Array(count.utf8)),
      OutputPart(output: 1, bytes: Array(files.utf8)),
    ]
  }

  private func put(_ count: String, _ files: String, by run: inout EngineHarness) {
    let attempt = run.attempt("a")
    run.wakeUp([
      .outputsPublished(attempt, Self.parts(count, files)), .attemptEnded(attempt, .success),
    ])
  }

  private func text(_ run: EngineHarness, at place: Int32) -> String? {
    run.state.outputs.value(ofStep: 0, at: place).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func outputsAreRecordedBeforeTheEndInOneCommit() throws {
    var run = try EngineHarness(Self.workflow(), commitsAtOnce: false)
    run.completeCommit()
    let attempt = run.attempt("a")
    run.wakeUp([.attemptLaunched(attempt, processID: 7)])
    run.wakeUp([
      .outputsPublished(attempt, Self.parts("3", "x\n")), .attemptEnded(attempt, .success),
    ])
    while !run.isCommitting { run.pass(milliseconds: 5) }
    #expect(
      run.written.suffix(4).map(\.body.kind)
        == [.outputsPublished, .attemptEnded, .stepFinished, .attemptScheduled])
    run.completeCommit()
    #expect(run.durable == run.written)
    #expect(text(run, at: 0) == "3" && text(run, at: 1) == "x\n")
    #expect(run.state.outputs.attempt(ofStep: 0) == 1)
  }

  @Test(arguments: [("3", true), ("2", false), ("10", true), ("-4", false)])
  func aConditionReadsAnOutput(count: String, runs: Bool) throws {
    var run = try EngineHarness(Self.workflow(when: Self.isMany))
    put(count, "", by: &run)
    #expect(run.phase("b") == (runs ? .starting : .skipped))
    if !runs {
      #expect(run.history.contains("b skipped: its condition is false (steps.a.count is \(count))"))
    }
  }

  @Test(arguments: [("x\ny\n", true), ("xy\n", false), ("", false)])
  func aConditionLooksIntoAList(files: String, runs: Bool) throws {
    var run = try EngineHarness(Self.workflow(when: Self.hasX))
    put("1", files, by: &run)
    #expect(run.phase("b") == (runs ? .starting : .skipped))
  }

  @Test func whatIsAbsentHasWhatStandsForIt() throws {
    let settings = StepSettings(allowFailure: true)
    var run = try EngineHarness(Self.workflow(settings, when: Self.hasX))
    run.end("a", .exit(1))
    #expect(run.phase("b") == .skipped)
    #expect(run.history.contains("b skipped: its condition is false (steps.a.files is absent)"))
  }

  @Test func refusedOutputsAreAFailureOfTheirOwnKind() throws {
    let refused = AttemptEnd.refused(OutputRefusal(.missing, "count"))
    #expect(AttemptConclusion(refused) == .failed(.output, exitCode: 0))
    #expect(AttemptOutcome(refused) == .outputRefused)
    for (kinds, isRetried) in [
      (FailureKinds.all, true), (.output, true), ([.exit, .output], true), (.exit, false),
      ([.exit, .signal, .timeout], false),
    ] {
      var run = try EngineHarness(
        Self.workflow(StepSettings(retry: RetryPolicy(maxAttempts: 2, on: kinds))))
      run.end("a", refused)
      #expect(run.phase("a") == (isRetried ? .backingOff : .failed))
      #expect(run.state.outputs == StepOutputs())
    }
  }

  /// They were published by an engine that died before the end was recorded, or by a bad history.
  @Test func outputsOfAnAttemptThatDidNotSucceedAreDropped() throws {
    var run = try EngineHarness(Self.workflow(StepSettings(retry: RetryPolicy(maxAttempts: 2))))
    let attempt = run.attempt("a")
    run.wakeUp([
      .outputsPublished(attempt, Self.parts("1", "")), .attemptEnded(attempt, .exit(1)),
    ])
    #expect(text(run, at: 0) == nil)
    run.pass(milliseconds: 2_000)
    put("2", "", by: &run)
    #expect(text(run, at: 0) == "2" && run.state.outputs.attempt(ofStep: 0) == 2)
  }

  @Test func aNewEngineFindsOutputsWithTheEnd() throws {
    var run = try EngineHarness(Self.workflow(when: Self.isMany))
    let found = FoundAttempt(run.attempt("a"), .ended(.success), outputs: Self.parts("3", ""))
    let engine = Engine.resume(
      run.state, engine: EngineStarted(life: 2, processID: 1, host: HostContext(bootID: "b")),
      found: [found], at: run.now)
    #expect(engine.state.outputs.value(ofStep: 0, at: 0) == [UInt8(ascii: "3")])
    #expect(engine.state.steps[1].phase == .ready)
    run.crash(losingCommit: false, found: [:])
    #expect(text(run, at: 0) == nil)
  }

  @Test func aProbeThatSaysDoneHasPutOutWhatItsStepDeclares() throws {
    var run = try EngineHarness(
      Self.workflow(StepSettings(onLost: .probe, probe: .shell("probe")), when: Self.isMany))
    run.end("a", .lost)
    put("5", "", by: &run)
    #expect(run.phase("a") == .succeeded && run.phase("b") == .starting)
    #expect(run.state.outputs.attempt(ofStep: 0) == 2)
    var other = try EngineHarness(
      Self.workflow(StepSettings(onLost: .probe, probe: .shell("probe"))))
    other.end("a", .lost)
    other.end("a", .refused(OutputRefusal(.missing, "count")))
    #expect(other.phase("a") == .failed)
  }

  @Test func aRoundKeepsTheOutputsOfWhatStandsAndDropsTheOthers() throws {
    var run = try EngineHarness(Self.workflow(when: Self.isMany))
    put("3", "", by: &run)
    run.end("b", .exit(1))
    run.reopen(ignoring: [], scope: .withDependents)
    #expect(text(run, at: 0) == "3" && run.phase("b") == .starting)
    run.end("b", .exit(1))
    run.reopen(ignoring: [], scope: .from(StepSet([0])))
    #expect(text(run, at: 0) == nil)
    put("1", "", by: &run)
    #expect(text(run, at: 0) == "1" && run.phase("b") == .skipped)
  }

  /// An event is much smaller than a frame of the log.
  @Test func aLongOutputTakesSeveralEvents() throws {
    var run = try EngineHarness(Self.workflow())
    let files = String(repeating: "0123456789abcde\n", count: 40_000)
    put("7", files, by: &run)
    let published = run.durable.filter { $0.body.kind == .outputsPublished }
    #expect(published.count == 3)
    #expect(text(run, at: 0) == "7" && text(run, at: 1) == files)
  }

  @Test(arguments: [
    OutputPart(output: 2, bytes: []), OutputPart(output: -1, bytes: []),
    OutputPart(output: 0, bytes: [UInt8](repeating: 0x31, count: (64 << 10) + 1)),
  ])
  func aHistoryCannotHaveWhatIsNotDeclared(part: OutputPart) throws {
    var replay = Replay()
    let run = try EngineHarness(Self.workflow())
    for event in run.durable { try replay.apply(event) }
    let event = Event(
      sequence: Int64(run.durable.count) + 1, moment: run.now, startsWakeUp: true,
      body: .outputsPublished(run.attempt("a"), [part]))
    #expect(throws: HistoryError(event, .misplaced)) { try replay.apply(event) }
  }

  // MARK: What is certain

  @Test func whatHasSucceededForCertain() {
    var workflow = WorkflowDefinition.of(
      "a", "b < a", "c < b", "d < b:failed", "e < c d:settled",
      with: ["c": StepSettings(allowFailure: true)])
    #expect(workflow.certainSteps(before: 2) == [0, 1])
    // b has run, so a has succeeded; b itself has not.
    #expect(workflow.certainSteps(before: 3) == [0])
    #expect(workflow.certainSteps(before: 4) == [])
    #expect(workflow.stepsBefore(4) == [0, 1, 2, 3])
    workflow.extras = [StepExtras()]
    for step in workflow.steps.indices { workflow.steps[step].extrasIndex = 0 }
    workflow.give(StepExtras(condition: Self.isMany), toStep: 1)
    // b may be skipped for its condition, once a has succeeded.
    #expect(workflow.certainSteps(before: 2) == [0])
  }

  @Test func aRunDoesNotLeaveOutWhatAStepReads() {
    var workflow = Self.workflow(when: Self.isMany)
    #expect(workflow.unselectedRead(StepSet([0]))?.read.name == "count")
    #expect(workflow.unselectedRead(StepSet([0, 1])) == nil)
    #expect(workflow.unselectedRead(StepSet()) == nil)
    #expect(Self.workflow(when: Self.hasX).unselectedRead(StepSet([0])) == nil)
    workflow = Self.workflow()
    workflow.steps[1].command = .program(["x", "${steps.a.files}"])
    workflow.hasTemplates = true
    #expect(workflow.unselectedRead(StepSet([0]))?.reader == 1)
  }
}
