import FlowCore
import Testing

/// Steps of `finally`: they run once in each round, when all others have ended, for whatever reason.
@Suite struct EngineFinallyTests {
  private static let workflow = WorkflowDefinition.of("a", "b < a", "end").finally()

  private func count(_ line: String, in run: EngineHarness) -> Int {
    run.history.count { $0 == line }
  }

  @Test func afterSuccess() throws {
    var run = try EngineHarness(Self.workflow)
    #expect(run.phase("end") == .waiting(unmetNeeds: 1))
    run.end("a")
    #expect(run.phase("end") == .waiting(unmetNeeds: 1))
    #expect(
      run.end("b")
        == [
          "commit: ended b#1, b succeeded, concluding: succeeded, schedule end#1", "launch end#1",
        ])
    run.end("end")
    #expect(run.outcome == .succeeded)
    #expect(!run.state.canReopen)
  }

  @Test func afterAFailureWhichItDoesNotHide() throws {
    var run = try EngineHarness(Self.workflow)
    run.end("a", .exit(1))
    #expect(run.state.phase == .concluding(.failed))
    run.end("end")
    #expect(run.outcome == .failed)
  }

  @Test func afterFailFastWhenTheOthersHaveEnded() throws {
    var run = try EngineHarness(.of("a", "b", "end", failFast: true).finally())
    run.end("a", .exit(1))
    #expect(run.phase("end") == .waiting(unmetNeeds: 1))
    run.end("b", .exit(0, cause: .stop))
    #expect(run.state.phase == .concluding(.failed))
    run.end("end")
    #expect(run.outcome == .failed)
  }

  @Test func afterTheTimeoutOfTheRunWhichIsOverThen() throws {
    var run = try EngineHarness(.of("a", "end", timeoutMilliseconds: 1_000).finally())
    run.pass(milliseconds: 1_000)
    run.end("a", .exit(0, cause: .stop))
    #expect(run.state.phase == .concluding(.failed))
    run.pass(milliseconds: 100_000)
    #expect(run.phase("end") == .starting)
    run.end("end")
    #expect(run.outcome == .failed)
    // It came in time.
    var fast = try EngineHarness(.of("a", "end", timeoutMilliseconds: 1_000).finally())
    fast.end("a")
    fast.pass(milliseconds: 100_000)
    fast.end("end")
    #expect(fast.outcome == .succeeded)
    #expect(count("run timeout", in: fast) == 0)
  }

  @Test(arguments: [false, true]) func afterACancelBefore(force: Bool) throws {
    var run = try EngineHarness(Self.workflow)
    run.cancel(force: force)
    run.end("a", .exit(0, cause: force ? .force : .stop))
    #expect(run.phase("b") == .skipped && run.phase("end") == .starting)
    run.end("end")
    #expect(run.outcome == .cancelled)
  }

  @Test func aCancelWhileItRunsChangesNothing() throws {
    var run = try EngineHarness(Self.workflow)
    run.end("a")
    run.end("b")
    #expect(run.cancel(1) == ["commit: cancel"])
    #expect(run.cancel(2) == ["commit: cancel"])
    run.end("end")
    #expect(run.outcome == .succeeded)
  }

  @Test func aSecondCancelByForceEndsIt() throws {
    var run = try EngineHarness(.of("a", "x", "y < x", "z").finally(3), jobs: 1)
    run.cancel(1)
    run.end("a", .exit(0, cause: .stop))
    #expect(run.state.phase == .concluding(.cancelled))
    let effects = run.cancel(2, force: true)
    #expect(effects.last == "kill x#1", "\(effects)")
    run.end("x", .exit(0, cause: .force))
    #expect(
      run.phase("x") == .cancelled && run.phase("y") == .skipped && run.phase("z") == .skipped)
    #expect(run.outcome == .cancelled)
    // A third has nothing to do.
    #expect(run.cancel(3, force: true) == [])
  }

  @Test func forceMakesASuccessACancelAndLeavesAFailure() throws {
    for (end, outcome) in [(AttemptEnd.success, RunOutcome.cancelled), (.exit(1), .failed)] {
      var run = try EngineHarness(.of("a", "end").finally())
      run.end("a", end)
      run.cancel(force: true)
      run.end("end", .exit(0, cause: .force))
      #expect(run.outcome == outcome)
      #expect(run.state.canReopen)
    }
  }

  /// A cancel by force that came before was for the others.
  @Test func forceBeforeEndsOnlyTheOthers() throws {
    var run = try EngineHarness(Self.workflow)
    run.cancel(1)
    run.cancel(2, force: true)
    run.end("a", .exit(0, cause: .force))
    #expect(run.phase("end") == .starting)
    run.end("end", .exit(1))
    #expect(run.outcome == .cancelled)
  }

  @Test func retriesWork() throws {
    var run = try EngineHarness(.of("a", "end", with: ["end": .retrying(2)]).finally())
    run.end("a")
    run.end("end", .exit(1))
    #expect(run.phase("end") == .backingOff)
    run.cancel()
    run.pass(milliseconds: 1_000)
    run.end("end")
    #expect(run.outcome == .succeeded)
    // Force ends a delay, too.
    run = try EngineHarness(.of("a", "end", with: ["end": .retrying(2)]).finally())
    run.end("a")
    run.end("end", .exit(1))
    run.cancel(force: true)
    #expect(run.outcome == .cancelled && run.phase("end") == .cancelled)
  }

  @Test func aFailureMakesASuccessfulRunFailUnlessItIsAllowed() throws {
    var run = try EngineHarness(Self.workflow)
    run.end("a")
    run.end("b")
    run.end("end", .exit(1))
    #expect(run.outcome == .failed && run.state.firstFailure == nil)
    #expect(run.state.canReopen)
    run.reopen()
    // Nothing else runs again.
    #expect(run.state.phase == .concluding(.succeeded))
    run.end("end")
    #expect(run.outcome == .succeeded)
    run = try EngineHarness(
      .of("a", "end", with: ["end": StepSettings(allowFailure: true)]).finally())
    run.end("a")
    run.end("end", .exit(1))
    #expect(run.outcome == .succeeded)
  }

  @Test func failFastIsOver() throws {
    var run = try EngineHarness(.of("a", "x", "y", failFast: true).finally(2))
    run.end("a")
    run.end("x", .exit(1))
    #expect(run.phase("y") == .starting)
    run.end("y")
    #expect(run.outcome == .failed)
  }

  @Test func needsAmongThemselvesAndOnOthers() throws {
    var run = try EngineHarness(
      .of("a", "b", "x < a", "y < a:failed", "z < x", "w < y:settled").finally(4), jobs: 4)
    run.end("a", .exit(1))
    #expect(run.phase("x") == .waiting(unmetNeeds: 1))
    run.end("b")
    #expect(run.history.contains("x skipped for a"))
    #expect(run.phase("y") == .starting && run.phase("z") == .skipped)
    #expect(run.phase("w") == .waiting(unmetNeeds: 1))
    run.end("y")
    run.end("w")
    #expect(run.outcome == .failed)
  }

  @Test func whatIsCancelledIsNotDone() throws {
    var run = try EngineHarness(.of("a", "b < a", "x < b", "y < b:settled").finally(2), jobs: 1)
    run.cancel()
    run.end("a", .exit(0, cause: .stop))
    #expect(run.phase("x") == .skipped && run.phase("y") == .starting)
    run.end("y")
    #expect(run.outcome == .cancelled)
  }

  // MARK: Engines that die

  @Test func anEngineThatDiesInItIsRecovered() throws {
    var run = try EngineHarness(Self.workflow)
    run.end("a", .exit(1))
    run.crash(losingCommit: false, found: ["end": .running(processID: 3, forMicroseconds: 1)])
    run.crash(losingCommit: false)
    // It is lost, and runs again.
    #expect(run.attempt("end").number == 2)
    run.end("end")
    #expect(run.outcome == .failed)
    #expect(count("concluding: failed", in: run) == 1)
  }

  @Test func powerLossBeforeTheConclusionIsDurable() throws {
    var run = try EngineHarness(Self.workflow, commitsAtOnce: false)
    run.completeCommit()
    run.end("a", .exit(1))
    run.pass(milliseconds: 10)
    run.crash(found: ["a": .ended(.exit(1))], boot: "next")
    run.completeCommit()
    run.end("end")
    run.completeCommit()
    #expect(run.outcome == .failed)
    #expect(count("concluding: failed", in: run) == 1)
  }

  @Test func aCancelByForceThatTheNextEngineFindsEndsIt() throws {
    var run = try EngineHarness(Self.workflow)
    run.end("a", .exit(1))
    let effects = run.crash(
      losingCommit: false, found: ["end": .running(processID: 3, forMicroseconds: 1)],
      requests: [CancelRequest(id: 9, force: true)])
    #expect(effects.contains("kill end#1"), "\(effects)")
    run.end("end", .exit(0, cause: .force))
    #expect(run.outcome == .failed)
  }

  @Test func anEngineReattachesToItAfterItsOwnTimeout() throws {
    var run = try EngineHarness(Self.workflow)
    run.end("a", .exit(1))
    run.wakeUp([.attemptLaunched(run.attempt("end"), processID: 1)])
    run.wakeUp([.deadlinePassed(run.attempt("end"))])
    let effects = run.crash(
      losingCommit: false, found: ["end": .running(processID: 3, forMicroseconds: 1)])
    // Its monitor stops it.
    #expect(!effects.contains { $0.hasPrefix("stop") || $0.hasPrefix("kill") }, "\(effects)")
    run.end("end", .exit(0, cause: .deadline))
    #expect(run.outcome == .failed)
  }

  @Test func nothingIsLaunchedIntoAShutdown() throws {
    var run = try EngineHarness(.of("a", "b", "end").finally())
    let interrupted = AttemptEnd(
      result: .signalled(signal: 15), cause: .byItself, durationMicroseconds: 1,
      wasInterrupted: true)
    run.end("a", interrupted)
    run.cancel()
    run.end("b", .exit(0, cause: .stop))
    #expect(run.state.isConcluding && run.state.isPaused)
    #expect(run.phase("end") == .ready)
    run.pass(milliseconds: RunState.launchPauseMilliseconds)
    run.end("end")
    #expect(run.outcome == .cancelled)
  }

  // MARK: Rounds

  @Test func eachRoundThatRunsAnythingRunsIt() throws {
    var run = try EngineHarness(.of("a", "b", "x", "y < x").finally(2), jobs: 1)
    run.end("a")
    run.end("b", .exit(1))
    run.end("x")
    run.end("y")
    #expect(run.outcome == .failed)
    run.reopen()
    #expect(run.phase("x") == .waiting(unmetNeeds: 1) && run.phase("y") == .waiting(unmetNeeds: 2))
    run.end("b")
    #expect(run.state.phase == .concluding(.succeeded))
    run.end("x")
    run.end("y")
    #expect(run.outcome == .succeeded)
    #expect(run.attempt("x").number == 2 && run.attempt("y").number == 2)
    #expect(run.attempt("a").number == 1)
    run.reopen(scope: .only(StepSet([0])))
    run.end("a")
    run.end("x")
    run.end("y")
    #expect(run.attempt("y").number == 3 && run.outcome == .succeeded)
  }

  /// Its round knows what the run came to before.
  @Test func itCanBeNamedByItself() throws {
    var run = try EngineHarness(Self.workflow)
    run.end("a", .exit(1))
    run.end("end")
    let effects = run.reopen(scope: .only(StepSet([2])))
    #expect(
      effects == [
        "commit: reopened, engine 2, concluding: failed, schedule end#2", "launch end#2",
      ])
    run.end("end")
    #expect(run.outcome == .failed)
    #expect(throws: ReopenProblem.nothing) {
      try run.state.stepsRunningAgain(.only(StepSet()))
    }
  }

  @Test func whatForceEndedRunsAgain() throws {
    var run = try EngineHarness(.of("a", "x", "y").finally(2), jobs: 1)
    run.end("a")
    run.cancel(force: true)
    run.end("x", .exit(0, cause: .force))
    #expect(run.outcome == .cancelled)
    run.reopen(ignoring: [1])
    run.end("x")
    run.end("y")
    #expect(run.outcome == .succeeded)
  }

  // MARK: Selections

  @Test func whatIsLeftOutDoesNotRun() throws {
    var run = try EngineHarness(
      .of("a", "b < a", "x < b", "y < x", "z").finally(3), jobs: 1, without: ["a", "b", "x"])
    #expect(run.state.phase == .concluding(.succeeded))
    run.end("y")
    run.end("z")
    #expect(run.outcome == .succeeded)
    run = try EngineHarness(
      .of("a", "b < a", "x < b", "y < b:failed").finally(2), jobs: 1, without: ["b"])
    run.end("a", .exit(1))
    // What is left out would have been skipped.
    #expect(run.phase("x") == .skipped && run.phase("y") == .skipped)
    #expect(run.outcome == .failed)
  }

  @Test func selectionsKeepTheStepsOfFinally() throws {
    let workflow = WorkflowDefinition.of("a", "b", "x", "y < x").finally(2)
    let graph = try DependencyGraph(workflow.steps)
    var selection = StepSelection()
    selection.only = [0]
    #expect(Array(selection.unselected(workflow, graph).steps) == [1])
    selection.skip = [2]
    #expect(Array(selection.unselected(workflow, graph).steps) == [1, 2])
    selection = StepSelection()
    selection.to = [1]
    #expect(Array(selection.unselected(workflow, graph).steps) == [0])
    selection = StepSelection()
    selection.from = [3]
    #expect(Array(selection.unselected(workflow, graph).steps) == [0, 1])
    #expect(selection.reasons(workflow, graph)[3].reason == .named)
    #expect(selection.reasons(workflow, graph)[2].reason == .concluding)
  }

  // MARK: Histories

  @Test func theConclusionCannotComeEarlyOrTwice() throws {
    var run = try EngineHarness(Self.workflow)
    run.end("a")
    for (events, isEarly) in [(run.durable, true), (run.durable, false)] {
      if !isEarly {
        run.end("b")
        run.end("end", .exit(1))
      }
      var replay = Replay()
      for event in events { try replay.apply(event) }
      let next = Event(
        sequence: Int64(events.count) + 1, moment: run.now, startsWakeUp: false,
        body: .runConcluding(.succeeded))
      #expect(throws: HistoryError.self) { try replay.apply(next) }
    }
    var early = Replay()
    for event in run.durable.prefix(while: { $0.body.kind != .runConcluding }) {
      try early.apply(event)
    }
    let end = Event(
      sequence: (early.state?.lastSequence ?? 0) + 1, moment: run.now, startsWakeUp: false,
      body: .runFinished(.succeeded))
    #expect(throws: HistoryError.self) { try early.apply(end) }
  }

  @Test func aDefinitionWithoutStepsBeforeItIsRefused() {
    var workflow = WorkflowDefinition.of("a", "end < a").finally()
    let bytes = DefinitionCodec.encode(workflow)
    #expect(throws: Never.self) { try DefinitionCodec.decode(bytes) }
    workflow.finallyCount = 2
    #expect(throws: CodingError.self) {
      try DefinitionCodec.decode(DefinitionCodec.encode(workflow))
    }
    // A step before them cannot need one.
    let early = WorkflowDefinition.of("a < end", "end").finally()
    #expect(throws: CodingError.self) { try DefinitionCodec.decode(DefinitionCodec.encode(early)) }
  }
}
