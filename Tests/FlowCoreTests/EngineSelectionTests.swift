import FlowCore
import Testing

/// Runs that leave steps out.
@Suite struct EngineSelectionTests {
  @Test func whatIsLeftOutIsSkippedAtOnce() throws {
    var run = try EngineHarness(.of("a", "b < a", "c < b"), jobs: 1, without: ["a", "c"])
    #expect(
      run.history.filter { $0.contains("not selected") } == ["a not selected", "c not selected"])
    #expect(run.phase("b") == .starting)
    run.end("b")
    #expect(run.outcome == .succeeded)
    #expect(run.phase("a") == .skipped && run.phase("c") == .skipped)
    #expect(run.attempt("a").number == 0)
  }

  /// It counts as done, and does not let its dependents pass what it would have waited for.
  @Test func whatNeedsALeftOutStepComesAfterItsNeeds() throws {
    var run = try EngineHarness(.of("a", "b < a", "c < b", "d < c"), without: ["b", "c"])
    #expect(run.phase("d") == .waiting(unmetNeeds: 1))
    #expect(run.state.selectedNeeds(ofStep: 3) == [0])
    run.end("a")
    #expect(run.phase("d") == .starting)
    run.end("d")
    #expect(run.outcome == .succeeded)
  }

  @Test func whatNeedsALeftOutStepIsSkippedForAFailureBeforeIt() throws {
    var run = try EngineHarness(.of("a", "x", "b < a x", "c < b"), jobs: 1, without: ["b"])
    run.end("a", .exit(1))
    #expect(run.history.contains("c skipped for a"))
    run.end("x")
    #expect(run.outcome == .failed)
    #expect(run.phase("b") == .skipped)
  }

  /// As if it had been skipped for the failure: then its dependents run, too.
  @Test func aLeftOutStepThatMayFailLetsItsDependentsRun() throws {
    var run = try EngineHarness(
      .of("a", "b < a", "c < b", with: ["b": StepSettings(allowFailure: true)]), without: ["b"])
    run.end("a", .exit(1))
    #expect(run.phase("c") == .starting)
    run.end("c")
    #expect(run.outcome == .failed)
  }

  @Test func aLongChainOfLeftOutStepsIsPassed() throws {
    let count = 100_000
    let workflow = WorkflowDefinition.chain(count)
    let run = NewRun(
      runID: "r", seed: 0, programVersion: "0", jobs: 1, definitionFolder: "/",
      definition: workflow, graph: try DependencyGraph(workflow.steps),
      unselected: StepSet((1..<count - 1).map(Int32.init)))
    #expect(run.created.unselected.ranges.count == 1)
    let now = Moment(
      monotonic: Instant(microseconds: 0), wall: WallTime(microseconds: 0))
    let life = EngineStarted(life: 1, processID: 1, host: HostContext(bootID: "b"))
    var engine = Engine.create(run, engine: life, at: now)
    func work() {
      while let effect = engine.nextEffect() {
        if case .commit(let events) = effect, let last = events.last {
          engine.handle(.committed(through: last.sequence), at: now)
        }
      }
    }
    work()
    #expect(engine.state.unsettledSteps == 2)
    engine.handle(.attemptEnded(AttemptID(step: 0, number: 1), .success), at: now)
    work()
    #expect(engine.state.steps[count - 1].phase == .starting)
  }

  @Test func aNewEngineKnowsTheSelection() throws {
    var run = try EngineHarness(.of("a", "b < a", "c < b"), jobs: 1, without: ["b"])
    run.crash(found: ["a": .neverLaunched])
    run.end("a")
    run.end("c")
    #expect(run.outcome == .succeeded)
    #expect(run.attempt("b").number == 0)
  }

  @Test func aCancelChangesNothingOfWhatIsLeftOut() throws {
    var run = try EngineHarness(.of("a", "b < a"), jobs: 1, without: ["b"])
    run.cancel()
    run.end("a")
    #expect(run.outcome == .succeeded)
  }

  @Test func aSelectionBeyondTheStepsIsNone() throws {
    let workflow = WorkflowDefinition.of("a")
    let run = NewRun(
      runID: "r", seed: 0, programVersion: "0", jobs: 1, definitionFolder: "/",
      definition: workflow, graph: try DependencyGraph(workflow.steps), unselected: StepSet([1]))
    let life = EngineStarted(life: 1, processID: 1, host: HostContext(bootID: "b"))
    let now = Moment(monotonic: Instant(microseconds: 0), wall: WallTime(microseconds: 0))
    var engine = Engine.create(run, engine: life, at: now)
    guard case .commit(let events)? = engine.nextEffect() else {
      Issue.record("there is nothing to commit")
      return
    }
    var replay = Replay()
    #expect(throws: HistoryError(events[1], .unknownStep(1))) {
      for event in events { try replay.apply(event) }
    }
  }

  // MARK: Rounds

  @Test func aReopenedRunLeavesOutWhatItLeftOut() throws {
    var run = try EngineHarness(.of("a", "b < a", "c < b"), jobs: 1, without: ["b"])
    run.end("a", .exit(1))
    #expect(run.outcome == .failed)
    run.reopen()
    #expect(run.phase("c") == .waiting(unmetNeeds: 1))
    run.end("a")
    run.end("c")
    #expect(run.outcome == .succeeded)
    #expect(run.phase("b") == .skipped && run.attempt("b").number == 0)
    #expect(!run.state.canReopen)
  }

  private static func steps(_ run: EngineHarness, _ ids: String...) -> StepSet {
    StepSet(ids.map(run.workflow.step))
  }

  private static func succeeded(without unselected: [String] = []) throws -> EngineHarness {
    var run = try EngineHarness(
      .of("a", "b < a", "c < b", "d", "e < a"), jobs: 1, without: unselected)
    while let attempt = run.running.first { run.wakeUp([.attemptEnded(attempt, .success)]) }
    #expect(run.outcome == .succeeded)
    return run
  }

  private static func finish(_ run: inout EngineHarness) -> [Int32] {
    while let attempt = run.running.first { run.wakeUp([.attemptEnded(attempt, .success)]) }
    return run.state.steps.map(\.attempt)
  }

  @Test func fromRerunsAllThatFollowsAndNothingElse() throws {
    var run = try Self.succeeded()
    run.reopen(scope: .from(Self.steps(run, "b")))
    #expect(Self.finish(&run) == [1, 2, 2, 1, 1])
    #expect(run.outcome == .succeeded)
  }

  @Test func fromGoesOnBehindWhatIsLeftOut() throws {
    var run = try Self.succeeded(without: ["b"])
    run.reopen(scope: .from(Self.steps(run, "a")))
    #expect(run.phase("c") == .waiting(unmetNeeds: 1))
    #expect(Self.finish(&run) == [2, 0, 2, 1, 2])
    #expect(run.outcome == .succeeded)
  }

  @Test func onlyRerunsOnlyThat() throws {
    var run = try Self.succeeded()
    run.reopen(scope: .only(Self.steps(run, "a", "d")))
    #expect(Self.finish(&run) == [2, 1, 1, 2, 1])
    #expect(run.outcome == .succeeded)
  }

  @Test func aStepThatFailsWhenItIsRerunFailsTheRun() throws {
    var run = try Self.succeeded()
    run.reopen(scope: .only(Self.steps(run, "a")))
    run.end("a", .exit(1))
    #expect(run.outcome == .failed)
    #expect(run.phase("b") == .succeeded)
  }

  /// What has not succeeded and is not rerun keeps the run from success, and the next round runs it.
  @Test func whatIsLeftBehindDecidesTheOutcome() throws {
    var run = try EngineHarness(.of("a", "b < a", "c"), jobs: 1, commitsAtOnce: true)
    run.end("a", .exit(1))
    run.end("c")
    run.reopen(scope: .only(Self.steps(run, "c")))
    run.end("c")
    #expect(run.outcome == .failed)
    run.reopen(scope: .only(Self.steps(run, "a")))
    run.end("a")
    #expect(run.phase("b") == .skipped)
    #expect(run.outcome == .failed)
    run.reopen()
    run.end("b")
    #expect(run.outcome == .succeeded)
  }

  @Test func aCancelledRunStaysSoIfOnlyOthersAreRerun() throws {
    var run = try EngineHarness(.of("a", "b < a"), jobs: 1)
    run.end("a")
    run.cancel()
    run.end("b", .exit(15, cause: .stop))
    #expect(run.outcome == .cancelled)
    run.reopen(scope: .only(Self.steps(run, "a")))
    run.end("a")
    #expect(run.outcome == .cancelled)
  }

  /// With failFast, a failure of an earlier round stops nothing.
  @Test func anEarlierFailureStopsNothing() throws {
    var run = try EngineHarness(.of("a", "b", failFast: true), jobs: 1)
    run.end("a")
    run.end("b", .exit(1))
    #expect(run.outcome == .failed)
    run.reopen(scope: .only(Self.steps(run, "a")))
    run.end("a")
    #expect(run.outcome == .failed)
    #expect(run.attempt("a").number == 2)
  }

  @Test func whatAStepNeedsMustBeDone() throws {
    var run = try EngineHarness(.of("a", "b < a", "c < b", "d < c"), jobs: 1, without: ["b"])
    run.end("a", .exit(1))
    func problem(_ scope: ReopenScope) -> ReopenProblem? {
      do throws(ReopenProblem) {
        _ = try run.state.stepsRunningAgain(scope)
        return nil
      } catch {
        return error
      }
    }
    #expect(problem(.only(Self.steps(run, "c"))) == .blocked([.init(step: 2, need: 0)]))
    #expect(problem(.only(Self.steps(run, "d"))) == .blocked([.init(step: 3, need: 2)]))
    #expect(problem(.from(Self.steps(run, "c"))) == .blocked([.init(step: 2, need: 0)]))
    #expect(problem(.only(Self.steps(run, "a", "c"))) == nil)
    #expect(problem(.from(Self.steps(run, "a"))) == nil)
    #expect(problem(.only(Self.steps(run, "a", "b"))) == .notSelected([1]))
    #expect(problem(.only(StepSet([4]))) == .noSuchStep(4))
    #expect(problem(.only(StepSet())) == .nothing)
    var state = run.state
    let reopened = Event(
      sequence: state.lastSequence + 1, moment: run.now, startsWakeUp: true,
      body: .runReopened(ignoring: [], scope: .only(Self.steps(run, "c"))))
    #expect(throws: HistoryError(reopened, .misplaced)) { try state.apply(reopened) }
  }

  @Test func whatAUserWantsIsAScope() {
    #expect(Reopening.unsuccessful.scope(1) == .unsuccessful)
    #expect(Reopening.unsuccessful.scope(2) == .withDependents)
    #expect(Reopening.only(StepSet([1])).scope(2) == .only(StepSet([1])))
    #expect(Reopening.from(StepSet([1])).scope(1) == .from(StepSet([1])))
  }
}
