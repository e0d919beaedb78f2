import FlowCore
import Testing

/// What `notify` runs: last of all, when what the run has come to stands, which nothing changes then.
@Suite struct EngineNotifyTests {
  private static let stopped = AttemptEnd.exit(0, cause: .stop)
  private static let killed = AttemptEnd.exit(0, cause: .force)

  private func count(_ line: String, in run: EngineHarness) -> Int {
    run.history.count { $0 == line }
  }

  @Test func theOutcomeIsDurableBeforeItIsTold() throws {
    var run = try EngineHarness(
      .of("a", "b < a").notifying(.succeeded, [.failed, .cancelled]))
    #expect(run.state.countedSteps == (2, 0, 0))
    run.end("a")
    let effects = run.end("b")
    #expect(
      effects == [
        "commit: ended b#1, b succeeded, concluded: succeeded, notify/2 has nothing to tell,"
          + " schedule notify/1#1", "launch notify/1#1",
      ])
    #expect(run.state.conclusion == .succeeded && run.outcome == nil)
    #expect(run.state.countedSteps == (2, 2, 0))
    run.end("notify/1")
    #expect(run.outcome == .succeeded && !run.state.canReopen)
    #expect(run.state.countedSteps == (2, 2, 0))
  }

  @Test(arguments: RunOutcome.allCases) func eachEndHasItsNotices(outcome: RunOutcome) throws {
    var run = try EngineHarness(.of("a").notifying(.succeeded, .failed, .cancelled), jobs: 1)
    switch outcome {
    case .succeeded: run.end("a")
    case .failed: run.end("a", .exit(1))
    case .cancelled:
      run.cancel()
      run.end("a", Self.stopped)
    }
    for (index, other) in RunOutcome.allCases.enumerated() {
      #expect(run.phase("notify/\(index + 1)") == (other == outcome ? .starting : .skipped))
      if other == outcome { run.end("notify/\(index + 1)") }
    }
    #expect(run.outcome == outcome)
  }

  @Test func allRunAtOnceAndTakeNoSlot() throws {
    var run = try EngineHarness(.of("a").notifying(.all, .all, .all), jobs: 1)
    run.end("a")
    for number in 1...3 { #expect(run.phase("notify/\(number)") == .starting) }
    for number in [2, 1, 3] { run.end("notify/\(number)") }
    #expect(run.outcome == .succeeded)
  }

  @Test(arguments: [
    AttemptEnd.exit(1), .exit(0, cause: .deadline), .exit(0, cause: .stop),
    AttemptEnd(
      result: .launchFailed(LaunchFailure(operation: .execute, errno: 2)), cause: .byItself,
      durationMicroseconds: 0),
  ])
  func whateverBecomesOfThemChangesNothing(end: AttemptEnd) throws {
    var run = try EngineHarness(.of("a", failFast: true).notifying(.succeeded, .succeeded))
    run.end("a")
    run.end("notify/1", end)
    #expect(run.phase("notify/2") == .starting && run.outcome == nil)
    run.end("notify/2")
    #expect(run.outcome == .succeeded && run.state.firstFailure == nil)
    #expect(!run.state.canReopen)
  }

  @Test func theyAreTriedAgainAndRunAgainAfterALoss() throws {
    var run = try EngineHarness(.of("a").notifying(.failed, each: .retrying(2)))
    run.end("a", .exit(1))
    run.end("notify/1", .lost())
    run.end("notify/1", .exit(1))
    #expect(run.phase("notify/1") == .backingOff)
    run.pass(milliseconds: 1_000)
    #expect(run.phase("notify/1") == .starting)
    run.end("notify/1")
    #expect(run.outcome == .failed)
    #expect(count("notify/1 succeeded", in: run) == 1)
  }

  @Test func theyComeAfterFinallyAndKnowItsFailure() throws {
    var run = try EngineHarness(
      WorkflowDefinition.of("a", "tidy").finally().notifying(.failed, .succeeded))
    run.end("a")
    #expect(run.phase("tidy") == .starting && !run.state.isConcluded)
    run.end("tidy", .exit(1))
    #expect(run.state.conclusion == .failed && run.phase("notify/1") == .starting)
    run.end("notify/1")
    #expect(run.outcome == .failed)
    #expect(
      run.history.filter { $0.hasPrefix("conclu") } == [
        "concluding: succeeded", "concluded: failed",
      ])
  }

  // MARK: Cancels

  @Test func aCancelComesTooLate() throws {
    var run = try EngineHarness(.of("a").notifying(.succeeded, each: .retrying(2)))
    run.end("a")
    run.cancel()
    #expect(run.phase("notify/1") == .starting)
    run.end("notify/1", .exit(1))
    run.pass(milliseconds: 1_000)
    run.end("notify/1")
    #expect(run.outcome == .succeeded && count("notify/1 succeeded", in: run) == 1)
  }

  @Test func onlyALaterCancelByForceEndsThem() throws {
    let workflow = WorkflowDefinition.of("a").notifying(
      .cancelled, .cancelled, each: .retrying(2))
    var run = try EngineHarness(workflow)
    run.cancel(force: true)
    run.end("a", Self.killed)
    // The force was for the steps.
    #expect(run.state.conclusion == .cancelled)
    run.end("notify/2", .exit(1))
    #expect(run.phase("notify/2") == .backingOff)
    run.cancel(2, force: true)
    #expect(run.phase("notify/1") == .stopping && run.phase("notify/2") == .cancelled)
    #expect(run.state.areNoticesEnded)
    run.end("notify/1", Self.killed)
    #expect(run.phase("notify/1") == .cancelled && run.outcome == .cancelled)
    // And nothing else.
    run = try EngineHarness(.of("a").notifying(.succeeded))
    run.end("a")
    run.cancel(force: true)
    run.end("notify/1", Self.killed)
    #expect(run.outcome == .succeeded)
  }

  @Test func theTimeoutOfTheRunIsOver() throws {
    var run = try EngineHarness(
      .of("a", timeoutMilliseconds: 1_000).notifying(.succeeded))
    run.end("a")
    run.pass(milliseconds: 5_000)
    #expect(run.phase("notify/1") == .starting)
    run.end("notify/1")
    #expect(run.outcome == .succeeded)
  }

  // MARK: Engines

  @Test func theNextEngineTells() throws {
    var run = try EngineHarness(.of("a").notifying(.failed))
    run.end("a", .exit(1))
    // Whether it was told is unknown: it is told again.
    run.crash(found: [:])
    #expect(run.state.conclusion == .failed && run.phase("notify/1") == .starting)
    run.end("notify/1")
    #expect(run.outcome == .failed && count("concluded: failed", in: run) == 1)
  }

  @Test func anInterruptedOneIsToldAfterThePause() throws {
    var run = try EngineHarness(.of("a").notifying(.succeeded))
    run.end("a")
    run.end("notify/1", .interruption)
    #expect(run.state.isPaused && run.phase("notify/1") == .ready)
    run.pass(milliseconds: RunState.launchPauseMilliseconds)
    run.end("notify/1")
    #expect(run.outcome == .succeeded)
  }

  // MARK: Rounds

  @Test func eachRoundTells() throws {
    var run = try EngineHarness(.of("a", "b").notifying(.failed, .succeeded))
    run.end("a", .exit(1))
    run.end("b")
    run.end("notify/1")
    #expect(run.outcome == .failed && run.state.canReopen)
    run.reopen()
    #expect(run.phase("notify/1") == .waiting(unmetNeeds: 1) && !run.state.areNoticesEnded)
    run.end("a")
    #expect(run.phase("notify/1") == .skipped && run.phase("notify/2") == .starting)
    run.end("notify/2", .exit(1))
    #expect(run.outcome == .succeeded && !run.state.canReopen)
  }

  @Test func oneThatFailedIsNoReasonForAnotherRound() throws {
    var run = try EngineHarness(.of("a").notifying(.succeeded))
    run.end("a")
    run.end("notify/1", .exit(1))
    #expect(throws: ReopenProblem.nothing) {
      try run.state.stepsRunningAgain(.only(StepSet([1])))
    }
  }

  @Test func noSelectionLeavesThemOut() throws {
    let workflow = WorkflowDefinition.of("a", "b").notifying(.succeeded)
    let graph = try DependencyGraph(workflow.steps)
    var selection = StepSelection()
    selection.only = [0]
    #expect(selection.unselected(workflow, graph) == StepSet([1]))
    selection = StepSelection()
    selection.skip = [1, 2]
    #expect(selection.unselected(workflow, graph) == StepSet([1]))
    var run = try EngineHarness(workflow, without: ["b"])
    #expect(run.state.countedSteps == (1, 0, 1))
    run.end("a")
    run.end("notify/1")
    #expect(run.outcome == .succeeded)
  }

  // MARK: Definitions

  @Test func aDefinitionIsSoundOrNotRead() throws {
    let workflow = WorkflowDefinition.of("a", "b").finally().notifying([.failed, .cancelled])
    #expect(try DefinitionCodec.decode(DefinitionCodec.encode(workflow)) == workflow)
    func isRead(_ change: (inout WorkflowDefinition) -> Void) -> Bool {
      var changed = workflow
      change(&changed)
      return (try? DefinitionCodec.decode(DefinitionCodec.encode(changed))) != nil
    }
    #expect(isRead { _ in })
    #expect(!isRead { $0.steps[2].needs = [0] })
    #expect(!isRead { $0.steps[1].needs = [2] })
    #expect(!isRead { $0.notifyCount = 0 })
    #expect(!isRead { $0.notifyCount = 2 })
    #expect(!isRead { $0.extras[1].notice = nil })
    #expect(!isRead { $0.extras[1].condition = Condition([.literal(.flag(true))]) })
    #expect(!isRead { $0.settings[1].onLost = .fail })
    #expect(!isRead { $0.extras[1].notice = Notice(on: []) })
    #expect(!isRead { $0.extras[1].notice = Notice(on: NoticeOutcomes(rawValue: 16)) })
    #expect(isRead { $0.extras[1].notice = Notice(on: [.failed, .recovered]) })
    #expect(isRead { $0.extras[1].notice = Notice(slowMilliseconds: 1) })
    #expect(!isRead { $0.extras[1].notice = Notice(slowMilliseconds: 0) })
    #expect(!isRead { $0.extras[1].notice?.slowMilliseconds = 5 })
    // A newer flow has written what this one does not know.
    var later = workflow
    later.extras[1].notice = Notice(on: NoticeOutcomes(rawValue: 16))
    #expect {
      try DecodedDefinition.read(later)
    } throws: { ($0 as? CodingError)?.isNewer == true }
  }
}

private enum DecodedDefinition {
  static func read(_ workflow: WorkflowDefinition) throws(CodingError) {
    _ = try DefinitionCodec.decode(DefinitionCodec.encode(workflow))
  }
}
