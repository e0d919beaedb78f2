import FlowCore
import Testing

/// What `onFailure` runs: once in each round, after a step that failed or was cancelled after it had begun, and
/// before anything that comes after that step.
@Suite struct EngineRollbackTests {
  private static let workflow = WorkflowDefinition.of(
    "a", "a/onFailure", "b < a", "c < a:settled", "d"
  ).rollingBack()

  private func count(_ line: String, in run: EngineHarness) -> Int {
    run.history.count { $0 == line }
  }

  private static let stopped = AttemptEnd.exit(0, cause: .stop)

  // MARK: When it runs

  @Test func notAfterSuccess() throws {
    var run = try EngineHarness(Self.workflow, jobs: 4)
    #expect(run.state.selectedSteps == 4)
    #expect(
      run.end("a") == [
        "commit: ended a#1, a succeeded, a/onFailure not needed, schedule b#1, schedule c#1",
        "launch b#1", "launch c#1",
      ])
    for step in ["b", "c", "d"] { run.end(step) }
    #expect(run.outcome == .succeeded && !run.state.canReopen)
    #expect(run.state.countedSteps == (4, 4, 0))
  }

  @Test func beforeWhatComesAfterAFailure() throws {
    var run = try EngineHarness(Self.workflow, jobs: 4)
    let effects = run.end("a", .exit(1))
    #expect(
      effects == ["commit: ended a#1, a failed, schedule a/onFailure#1", "launch a/onFailure#1"])
    #expect(run.phase("b") == .waiting(unmetNeeds: 1))
    #expect(run.phase("c") == .waiting(unmetNeeds: 1))
    #expect(run.state.pendingRollback(ofStep: 0) == 1)
    #expect(run.state.countedSteps == (5, 1, 0))
    run.end("a/onFailure")
    #expect(run.phase("b") == .skipped && run.phase("c") == .starting)
    run.end("c")
    run.end("d")
    #expect(run.outcome == .failed)
    #expect(count("a/onFailure succeeded", in: run) == 1)
  }

  @Test(arguments: [
    AttemptEnd.exit(1), .lost(), .exit(0, cause: .deadline),
    AttemptEnd(
      result: .launchFailed(LaunchFailure(operation: .execute, errno: 2)), cause: .byItself,
      durationMicroseconds: 0),
  ])
  func afterEachKindOfFailureForGood(end: AttemptEnd) throws {
    var run = try EngineHarness(
      .of("a", "a/onFailure", each: StepSettings(onLost: .fail)).rollingBack())
    run.end("a", end)
    #expect(run.phase("a/onFailure") == .starting)
    run.end("a/onFailure")
    #expect(run.outcome == .failed)
  }

  @Test func notBetweenRetries() throws {
    var run = try EngineHarness(
      .of("a", "a/onFailure", with: ["a": .retrying(2)]).rollingBack())
    run.end("a", .exit(1))
    #expect(run.phase("a/onFailure") == .waiting(unmetNeeds: 1))
    run.pass(milliseconds: 1_000)
    run.end("a", .exit(1))
    run.end("a/onFailure")
    #expect(run.outcome == .failed && count("a/onFailure succeeded", in: run) == 1)
    // Nor after a loss that is followed by another run.
    run = try EngineHarness(.of("a", "a/onFailure").rollingBack())
    run.end("a", .lost())
    #expect(run.phase("a/onFailure") == .waiting(unmetNeeds: 1))
    run.end("a")
    #expect(run.outcome == .succeeded && run.phase("a/onFailure") == .skipped)
  }

  @Test func aStepThatNeverBeganIsNotRolledBack() throws {
    var run = try EngineHarness(
      .of("a", "b < a", "b/onFailure", "c", "c/onFailure").rollingBack(), jobs: 1)
    run.end("a", .exit(1))
    #expect(run.phase("b") == .skipped && run.phase("b/onFailure") == .skipped)
    run.cancel()
    run.end("c", Self.stopped)
    #expect(run.phase("c/onFailure") == .starting)
    run.end("c/onFailure")
    #expect(run.outcome == .cancelled)
    // One whose launch was taken back has not begun.
    run = try EngineHarness(.of("a", "x < a", "b", "b/onFailure").rollingBack(), jobs: 1)
    run.cancel()
    run.end("a", Self.stopped)
    #expect(run.phase("b") == .skipped && run.phase("b/onFailure") == .skipped)
  }

  // MARK: What stops a run

  @Test(arguments: ["cancel", "timeout", "failFast"])
  func whatStopsTheRunLetsItBe(reason: String) throws {
    var run = try EngineHarness(
      .of(
        "a", "a/onFailure", "x", timeoutMilliseconds: reason == "timeout" ? 1_000 : nil,
        failFast: reason == "failFast"
      ).rollingBack())
    switch reason {
    case "cancel": run.cancel()
    case "timeout": run.pass(milliseconds: 1_000)
    default: run.end("x", .exit(1))
    }
    #expect(run.phase("a") == .stopping)
    run.end("a", Self.stopped)
    if reason != "failFast" { run.end("x", Self.stopped) }
    #expect(run.phase("a/onFailure") == .starting)
    run.cancel(2)
    #expect(run.phase("a/onFailure") == .starting)
    run.end("a/onFailure")
    #expect(run.outcome == (reason == "cancel" ? .cancelled : .failed))
  }

  @Test func aCancelWhileItRunsStopsOnlyTheOthers() throws {
    var run = try EngineHarness(Self.workflow, jobs: 4)
    run.end("a", .exit(1))
    let effects = run.cancel()
    #expect(effects.contains("stop d#1") && !effects.contains { $0.contains("onFailure") })
    #expect(run.phase("c") == .skipped)
    run.end("d", Self.stopped)
    run.end("a/onFailure")
    #expect(run.outcome == .cancelled)
  }

  /// Where nothing else was left to stop, a cancel changes nothing.
  @Test func aCancelThatComesTooLateChangesNothing() throws {
    var run = try EngineHarness(
      .of("a", "a/onFailure", with: ["a": StepSettings(allowFailure: true)]).rollingBack())
    run.end("a", .exit(1))
    run.cancel()
    run.end("a/onFailure")
    #expect(run.outcome == .succeeded)
  }

  @Test func forceEndsWhatRunsWhenItComes() throws {
    var run = try EngineHarness(
      .of("a", "a/onFailure", "b", "b/onFailure").rollingBack())
    run.end("a", .exit(1))
    let effects = run.cancel(1, force: true)
    #expect(effects.contains("kill a/onFailure#1") && effects.contains("kill b#1"), "\(effects)")
    run.end("a/onFailure", .exit(0, cause: .force))
    #expect(run.phase("a/onFailure") == .cancelled)
    // What was killed in the middle of its work is rolled back all the same.
    run.end("b", .exit(0, cause: .force))
    #expect(run.phase("b/onFailure") == .starting)
    #expect(run.cancel(2, force: true).last == "kill b/onFailure#1")
    run.end("b/onFailure", .exit(0, cause: .force))
    #expect(run.outcome == .cancelled && run.state.canReopen)
  }

  /// As with a step of `finally`.
  @Test func forceMakesASuccessACancel() throws {
    var run = try EngineHarness(
      .of("a", "a/onFailure", with: ["a": StepSettings(allowFailure: true)]).rollingBack())
    run.end("a", .exit(1))
    run.cancel(force: true)
    run.end("a/onFailure", .exit(0, cause: .force))
    #expect(run.outcome == .cancelled && run.state.canReopen)
  }

  @Test func forceEndsADelayAndWhatWasNotLaunched() throws {
    var run = try EngineHarness(
      .of("a", "a/onFailure", with: ["a/onFailure": .retrying(3)]).rollingBack())
    run.end("a", .exit(1))
    run.end("a/onFailure", .exit(1))
    #expect(run.phase("a/onFailure") == .backingOff)
    run.cancel(1)
    #expect(run.phase("a/onFailure") == .backingOff)
    run.pass(milliseconds: 1_000)
    run.end("a/onFailure", .exit(1))
    run.cancel(2, force: true)
    #expect(run.phase("a/onFailure") == .cancelled && run.outcome == .failed)
    run = try EngineHarness(
      .of("a", "a/onFailure").rollingBack(), commitsAtOnce: false)
    run.completeCommit()
    run.end("a", .exit(1))
    run.cancel(force: true)
    while run.isCommitting { run.completeCommit() }
    #expect(run.phase("a/onFailure") == .skipped && run.outcome == .failed)
  }

  // MARK: Outcomes

  @Test func itsFailureFailsARunThatHadSucceeded() throws {
    let workflow = WorkflowDefinition.of(
      "a", "a/onFailure", "b < a", with: ["a": StepSettings(allowFailure: true)],
      failFast: true
    ).rollingBack()
    var run = try EngineHarness(workflow)
    run.end("a", .exit(1))
    run.end("a/onFailure", .exit(1))
    // It is no reason to stop.
    #expect(run.phase("b") == .starting)
    run.end("b")
    #expect(run.outcome == .failed && run.state.firstFailure == nil)
    #expect(run.state.rollbacks.failure == 1)
    run.reopen()
    #expect(run.phase("a/onFailure") == .waiting(unmetNeeds: 1))
    run.end("a", .exit(1))
    run.end("a/onFailure")
    run.end("b")
    #expect(run.outcome == .succeeded)
  }

  @Test func itsFailureHidesNoCause() throws {
    var run = try EngineHarness(.of("a", "a/onFailure", "end").rollingBack().finally())
    run.cancel()
    run.end("a", Self.stopped)
    run.end("a/onFailure", .exit(1))
    #expect(run.state.phase == .concluding(.cancelled))
    run.end("end")
    #expect(run.outcome == .cancelled)
  }

  @Test func finallyComesAfterIt() throws {
    var run = try EngineHarness(.of("a", "a/onFailure", "end").rollingBack().finally())
    run.end("a", .exit(1))
    #expect(run.phase("end") == .waiting(unmetNeeds: 1))
    run.end("a/onFailure")
    #expect(run.phase("end") == .starting)
    run.end("end")
    #expect(run.outcome == .failed)
  }

  @Test func aFailureThatIsAllowedDoesNot() throws {
    var run = try EngineHarness(
      .of("a", "a/onFailure", each: StepSettings(allowFailure: true)).rollingBack())
    run.end("a", .exit(1))
    run.end("a/onFailure", .exit(1))
    #expect(run.outcome == .succeeded)
  }

  // MARK: Slots

  @Test func itNeedsNoSlot() throws {
    var run = try EngineHarness(
      .of("a", "a/onFailure", "b", "b/onFailure", "c", "d", "e").rollingBack(), jobs: 1)
    run.end("a", .exit(1))
    #expect(run.running.count == 2)
    run.end("b", .exit(1))
    #expect(run.running.map(\.step).sorted() == [1, 3, 4])
    #expect(run.engine.runningAttempts == 1)
    for step in ["a/onFailure", "b/onFailure", "c", "d", "e"] { run.end(step) }
    #expect(run.outcome == .failed)
  }

  // MARK: Engines that die

  @Test func anEngineThatDiesInItIsRecovered() throws {
    var run = try EngineHarness(Self.workflow, jobs: 1)
    run.end("a", .exit(1))
    run.crash(
      losingCommit: false, found: ["a/onFailure": .running(processID: 3, forMicroseconds: 1)])
    run.crash(losingCommit: false)
    #expect(run.attempt("a/onFailure").number == 2)
    run.end("a/onFailure")
    #expect(run.phase("b") == .skipped)
    #expect(count("a failed", in: run) == 1)
  }

  @Test func aCancelByForceThatTheNextEngineFindsEndsIt() throws {
    var run = try EngineHarness(.of("a", "a/onFailure").rollingBack())
    run.end("a", .exit(1))
    let effects = run.crash(
      losingCommit: false, found: ["a/onFailure": .running(processID: 3, forMicroseconds: 1)],
      requests: [CancelRequest(id: 9, force: true)])
    #expect(effects.contains("kill a/onFailure#1"), "\(effects)")
    // The next one does it again.
    let again = run.crash(
      losingCommit: false, found: ["a/onFailure": .running(processID: 3, forMicroseconds: 1)])
    #expect(again.contains("kill a/onFailure#1"), "\(again)")
    run.end("a/onFailure", .exit(0, cause: .force))
    #expect(run.outcome == .failed)
  }

  @Test func nothingIsLaunchedIntoAShutdown() throws {
    var run = try EngineHarness(.of("a", "b", "b/onFailure").rollingBack())
    run.cancel()
    run.end(
      "a",
      AttemptEnd(
        result: .signalled(signal: 15), cause: .byItself, durationMicroseconds: 1,
        wasInterrupted: true))
    run.end("b", Self.stopped)
    #expect(run.state.isPaused && run.phase("b/onFailure") == .ready)
    run.pass(milliseconds: RunState.launchPauseMilliseconds)
    run.end("b/onFailure")
    #expect(run.outcome == .cancelled)
  }

  // MARK: Rounds

  @Test func itBeginsAgainWithItsStep() throws {
    var run = try EngineHarness(.of("a", "a/onFailure", "b", "b/onFailure").rollingBack())
    run.end("a", .exit(1))
    run.end("a/onFailure")
    run.end("b")
    run.reopen()
    #expect(run.phase("a/onFailure") == .waiting(unmetNeeds: 1) && run.phase("b") == .succeeded)
    #expect(run.phase("b/onFailure") == .skipped)
    run.end("a", .exit(1))
    run.end("a/onFailure", .exit(1))
    #expect(run.outcome == .failed && run.attempt("a/onFailure").number == 2)
    // A round that does not run its step again keeps its end.
    run.reopen(scope: .only(StepSet([2])))
    run.end("b")
    #expect(run.phase("a/onFailure") == .failed && run.outcome == .failed)
    run.reopen()
    run.end("a")
    #expect(run.phase("a/onFailure") == .skipped && run.outcome == .succeeded)
    #expect(run.state.countedSteps == (2, 2, 0))
    // It has no round of its own.
    #expect(throws: ReopenProblem.nothing) {
      try run.state.stepsRunningAgain(.only(StepSet([1])))
    }
  }

  @Test func aFailedRollbackThatIsLeftBehindKeepsTheRunFromSuccess() throws {
    var run = try EngineHarness(
      .of("a", "a/onFailure", "b", with: ["a": StepSettings(allowFailure: true)]).rollingBack())
    run.end("a", .exit(1))
    run.end("a/onFailure", .exit(1))
    run.end("b")
    run.reopen(scope: .only(StepSet([2])))
    run.end("b")
    #expect(run.outcome == .failed)
  }

  // MARK: Selections

  @Test func itIsSelectedWithItsStep() throws {
    let graph = try DependencyGraph(Self.workflow.steps)
    var selection = StepSelection()
    selection.only = [0]
    #expect(Array(selection.unselected(Self.workflow, graph).steps) == [2, 3, 4])
    #expect(selection.reasons(Self.workflow, graph)[1].reason == .withStep)
    selection = StepSelection()
    selection.skip = [0]
    #expect(Array(selection.unselected(Self.workflow, graph).steps) == [0, 1])
    selection.skip = [1]
    #expect(selection.unselected(Self.workflow, graph).isEmpty)
    var run = try EngineHarness(Self.workflow, without: ["a", "a/onFailure"])
    for step in ["b", "c", "d"] { run.end(step) }
    #expect(run.outcome == .succeeded && run.state.countedSteps == (3, 3, 1))
  }

  /// No flow selects so, and a history that does has an end all the same.
  @Test(arguments: ["a", "a/onFailure"]) func oneOfTheTwoAlone(leftOut: String) throws {
    var run = try EngineHarness(Self.workflow, jobs: 4, without: [leftOut])
    if leftOut != "a" { run.end("a", .exit(1)) }
    for step in ["b", "c", "d"] where run.phase(step) == .starting { run.end(step) }
    #expect(run.outcome == (leftOut == "a" ? .succeeded : .failed))
    #expect(run.phase("a/onFailure") == .skipped)
  }

  // MARK: Definitions

  @Test func theEncodingRefusesWhatIsNoRollback() throws {
    let sound = Self.workflow
    #expect(try DefinitionCodec.decode(DefinitionCodec.encode(sound)) == sound)
    func refuses(_ change: (inout WorkflowDefinition) -> Void) {
      var workflow = sound
      change(&workflow)
      #expect(throws: CodingError.self) {
        try DefinitionCodec.decode(DefinitionCodec.encode(workflow))
      }
    }
    let place = Int(sound.steps[1].extrasIndex)
    refuses { $0.extras[place].edges = [] }
    refuses { $0.extras[place].outputs = [StepOutput(name: "a", type: .string)] }
    refuses { $0.extras[place].condition = Condition([.literal(.flag(true))]) }
    refuses {
      $0.steps[1].needs = [2]
      $0.extras[place].edges = [Edge(need: 2, wanted: .settled)]
    }
    refuses { $0.extras[Int($0.steps[3].extrasIndex)].isRollback = true }
    refuses { $0.finallyCount = 4 }
    // The first step has none before it.
    var first = WorkflowDefinition.of("x", "a")
    var extras = StepExtras()
    extras.isRollback = true
    first.give(extras, toStep: 0)
    #expect(throws: CodingError.self) { try DefinitionCodec.decode(DefinitionCodec.encode(first)) }
  }
}
