import FlowCore
import Testing

/// Steps that want another end of a need than that it is done.
@Suite struct EngineEdgeTests {
  private static let mayFail = StepSettings(allowFailure: true)

  @Test func whatIsForAFailureRunsAfterOneOnly() throws {
    var run = try EngineHarness(.of("deploy", "rollback < deploy:failed"))
    run.end("deploy", .exit(1))
    #expect(run.phase("rollback") == .starting)
    run.end("rollback")
    #expect(run.outcome == .failed)

    var other = try EngineHarness(.of("deploy", "rollback < deploy:failed"))
    other.end("deploy")
    #expect(other.history.contains("rollback skipped for deploy"))
    // Nothing has failed.
    #expect(other.outcome == .succeeded)
    #expect(!other.state.canReopen)
  }

  /// A failure that is followed by a retry is none yet.
  @Test func aFailureIsOneForGood() throws {
    var run = try EngineHarness(
      .of("a", "b < a:failed", with: ["a": .retrying(2)]), jobs: 1)
    run.end("a", .exit(1))
    #expect(run.phase("b") == .waiting(unmetNeeds: 1))
    run.pass(milliseconds: 1_000)
    run.end("a", .exit(1))
    #expect(run.phase("b") == .starting)
  }

  @Test(arguments: [
    (AttemptEnd.success, ["done", "settled", "succeeded"]),
    (.exit(1), ["done", "failed", "settled"]),
    (.exit(0, cause: .stop), ["done", "settled"]),
  ])
  func eachEndIsWantedByItself(end: AttemptEnd, expected: [String]) throws {
    var run = try EngineHarness(
      .of(
        "a", "done < a", "failed < a:failed", "settled < a:settled", "succeeded < a:succeeded",
        with: ["a": Self.mayFail]), jobs: 4)
    run.end("a", end)
    let started = ["done", "failed", "settled", "succeeded"].filter { run.phase($0) == .starting }
    #expect(started == expected)
  }

  /// It has an end, and no step needs it to be done.
  @Test func anyEndIsThatOfASkippedStepToo() throws {
    var run = try EngineHarness(.of("a", "b < a", "c < b:settled", "d < b:failed"), jobs: 1)
    run.end("a", .exit(1))
    #expect(run.phase("b") == .skipped)
    #expect(run.history.contains("d skipped for b"))
    #expect(run.phase("c") == .starting)
    run.end("c")
    #expect(run.outcome == .failed)
  }

  /// One skip leads to the next only where the end is not the wanted one.
  @Test func onlyDirectNeedsCount() throws {
    var run = try EngineHarness(
      .of("a", "b < a", "c < b:settled", "d < c", "e < a:failed d"), jobs: 1)
    run.end("a", .exit(1))
    run.end("c")
    run.end("d")
    #expect(run.phase("e") == .starting)
    run.end("e")
    #expect(run.outcome == .failed)
  }

  @Test func whatIsForAFailureIsNotRunBesideAStop() throws {
    var run = try EngineHarness(.of("a", "b < a:failed", failFast: true), jobs: 1)
    run.end("a", .exit(1))
    #expect(run.phase("b") == .skipped)
    #expect(run.outcome == .failed)
  }

  // MARK: Runs that leave steps out

  @Test func whatIsLeftOutHasSucceededAndNotFailed() throws {
    var run = try EngineHarness(
      .of("a", "b < a", "c < b:succeeded", "d < b:failed", "e < b:settled"), jobs: 1,
      without: ["b"])
    #expect(run.phase("d") == .waiting(unmetNeeds: 1))
    run.end("a")
    #expect(run.history.contains("d skipped for b"))
    for step in ["c", "e"] { run.end(step) }
    #expect(run.outcome == .succeeded)
  }

  @Test func whatIsLeftOutFromTheBeginningHasNotFailed() throws {
    var run = try EngineHarness(.of("a", "b < a:failed", "c"), jobs: 1, without: ["a"])
    #expect(run.history.contains("b skipped for a"))
    run.end("c")
    #expect(run.outcome == .succeeded)
  }

  /// As if it had been skipped for the failure before it.
  @Test func whatIsLeftOutPassesOnWhatItWanted() throws {
    var run = try EngineHarness(
      .of(
        "a", "b < a:succeeded", "c < b", "d < b:succeeded", "e < b:settled", "f < b:failed",
        with: ["a": Self.mayFail]), jobs: 1, without: ["b"])
    run.end("a", .exit(1))
    for step in ["c", "d"] { #expect(run.history.contains("\(step) skipped for a")) }
    #expect(run.history.contains("f skipped for b"))
    run.end("e")
    #expect(run.outcome == .succeeded)
  }

  // MARK: Rounds

  @Test func whatRanForAFailureIsSkippedWhenItIsMended() throws {
    var run = try EngineHarness(.of("deploy", "rollback < deploy:failed", "last < rollback"))
    run.end("deploy", .exit(1))
    for step in ["rollback", "last"] { run.end(step) }
    run.reopen()
    #expect(run.phase("rollback") == .waiting(unmetNeeds: 1))
    run.end("deploy")
    #expect(run.phase("rollback") == .skipped && run.phase("last") == .skipped)
    #expect(run.outcome == .succeeded)
    #expect(!run.state.canReopen)
  }

  /// Its need does not run again, and has not failed.
  @Test func whatIsForAFailureStaysSkippedInAnotherRound() throws {
    var run = try EngineHarness(
      .of("deploy", "rollback < deploy:failed", "after < rollback", "x"), jobs: 1)
    for step in ["deploy"] { run.end(step) }
    run.end("x", .exit(1))
    #expect(run.outcome == .failed)
    #expect(run.reopen() == ["commit: reopened, engine 2, schedule x#2", "launch x#2"])
    #expect(run.phase("rollback") == .skipped && run.phase("after") == .skipped)
    run.end("x")
    #expect(run.outcome == .succeeded)
  }

  @Test func whatCanNeverRunCannotBeNamed() throws {
    var run = try EngineHarness(.of("deploy", "rollback < deploy:failed", "x"), jobs: 1)
    for step in ["deploy", "x"] { run.end(step) }
    let named = StepSet([1])
    #expect(throws: ReopenProblem.blocked([.init(step: 1, need: 0)])) {
      try run.state.stepsRunningAgain(.only(named))
    }
    #expect(try run.state.stepsRunningAgain(.from(StepSet([0]))) == [true, true, false])
    // It fails, or not: then what is for a failure runs, or is skipped again.
    run.reopen(scope: .from(StepSet([0])))
    run.end("deploy", .exit(1))
    run.end("rollback")
    #expect(run.outcome == .failed)
  }

  /// A need has another end than when the step ran. It is decided when an engine is there.
  @Test func whatFollowsIsSkippedIfItsNeedHasAnotherEndMeanwhile() throws {
    var run = try EngineHarness(
      .of("deploy", "x", "rollback < deploy:failed x", "after < rollback:settled"), jobs: 1)
    run.end("deploy", .exit(1))
    for step in ["x", "rollback", "after"] { run.end(step) }
    run.reopen(scope: .only(StepSet([0])))
    run.end("deploy")
    #expect(run.outcome == .succeeded)
    #expect(run.phase("rollback") == .succeeded)
    let effects = run.reopen(scope: .from(StepSet([1])))
    #expect(
      effects.first == "commit: reopened, engine 3, rollback skipped for deploy, schedule x#2,"
        + " schedule after#2")
    run.end("x")
    run.end("after")
    #expect(run.phase("rollback") == .skipped)
    #expect(run.outcome == .succeeded)
  }

  /// What is not done holds up who builds on it, and nobody who does not.
  @Test func aFailureHoldsUpWhatBuildsOnIt() throws {
    var run = try EngineHarness(.of("a", "b", "c < a b", "d < a:settled b"), jobs: 1)
    run.end("a", .exit(1))
    for step in ["b", "d"] { run.end(step) }
    #expect(throws: ReopenProblem.blocked([.init(step: 2, need: 0)])) {
      try run.state.stepsRunningAgain(.from(StepSet([1])))
    }
    #expect(try run.state.stepsRunningAgain(.only(StepSet([3]))) == [false, false, false, true])
    run.reopen(scope: .only(StepSet([3])))
    run.end("d")
    #expect(run.outcome == .failed)
    #expect(run.state.leftBehind == .failed)
  }

  @Test func anEngineThatDiesInBetweenChangesNothing() throws {
    var run = try EngineHarness(.of("a", "b < a:failed", "c < b:settled"), jobs: 1)
    run.end("a")
    run.crash(losingCommit: false, found: ["c": .neverLaunched])
    #expect(run.phase("b") == .skipped)
    run.end("c")
    #expect(run.outcome == .succeeded)
  }
}
