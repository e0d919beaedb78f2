import FlowCore
import Testing

/// What another engine makes of what it finds (`FoundAttempt`).
@Suite struct EngineRecoveryTests {
  private static let survivor = FoundAttempt.State.running(processID: 7, forMicroseconds: 9)

  @Test func aSurvivorGoesOn() throws {
    var run = try EngineHarness(.of("a", "b < a"), jobs: 1)
    #expect(run.crash(found: ["a": Self.survivor]) == ["commit: engine 2, still runs a#1"])
    #expect(run.end("a") == ["commit: ended a#1, a succeeded, schedule b#1", "launch b#1"])
  }

  @Test func whatWasNeverLaunchedIsLaunchedAsTheSameAttempt() throws {
    var run = try EngineHarness(.of("a"))
    #expect(
      run.crash(found: ["a": .neverLaunched]) == [
        "commit: engine 2, never launched a#1", "launch a#1",
      ])
    run.end("a")
    #expect(run.outcome == .succeeded)
  }

  @Test func anEndThatNobodyHeardOfCounts() throws {
    var run = try EngineHarness(.of("a", "b < a"), jobs: 1)
    #expect(
      run.crash(found: ["a": .ended(.success)]) == [
        "commit: engine 2, ended a#1, a succeeded, schedule b#1", "launch b#1",
      ])
  }

  /// It lay there before this engine did, and the history must hold it.
  @Test func aRequestThatWasLeftComesBeforeAnEndThatEndsTheRun() throws {
    var run = try EngineHarness(.of("a"))
    let request = CancelRequest(id: 7, force: false)
    #expect(
      run.crash(found: ["a": .ended(.success)], requests: [request]).first
        == "commit: engine 2, cancel, stopping: cancelled, to stop a#1, ended a#1, a succeeded,"
        + " run succeeded")
    #expect(run.state.cancelRequests.contains(7))
    #expect(run.outcome == .succeeded)
  }

  @Test func survivorsHoldTheirSlots() throws {
    var run = try EngineHarness(.of("a", "b", "c"), jobs: 1)
    #expect(run.state.openAttempts == 2)
    #expect(
      run.crash(found: ["a": Self.survivor, "b": .neverLaunched]) == [
        "commit: engine 2, still runs a#1, never launched b#1"
      ])
    #expect(run.end("a").prefix(1) == ["launch b#1"])
  }

  @Test func whatTheHistorySaysWasLaunchedCannotHaveNeverBeen() throws {
    var run = try EngineHarness(.of("a", each: StepSettings(onLost: .fail)))
    run.wakeUp([.attemptLaunched(run.attempt("a"), processID: 7)])
    run.pass(milliseconds: 100)
    #expect(
      run.crash(found: ["a": .neverLaunched]).first
        == "commit: engine 2, ended a#1, a failed, run failed")
  }

  /// The engine that wanted it stopped may have died before it did anything about it.
  @Test(arguments: [false, true])
  func aSurvivorOfARunThatStopsIsStoppedAgain(force: Bool) throws {
    var run = try EngineHarness(.of("a"))
    run.cancel(force: force)
    #expect(
      run.crash(found: ["a": Self.survivor]) == [
        "commit: engine 2, still runs a#1", "\(force ? "kill" : "stop") a#1",
      ])
  }

  /// Its monitor does that by itself, and gave it its grace.
  @Test func aSurvivorThatIsPastItsDeadlineIsNotStoppedAgain() throws {
    var run = try EngineHarness(.of("a"))
    let attempt = run.attempt("a")
    run.wakeUp([.attemptLaunched(attempt, processID: 7), .deadlinePassed(attempt)])
    run.pass(milliseconds: 100)
    #expect(run.phase("a") == .stopping)
    #expect(run.crash(found: ["a": Self.survivor]) == ["commit: engine 2, still runs a#1"])
  }

  @Test func whatWasToBeStoppedBeforeItsLaunchIsWithdrawn() throws {
    var run = try EngineHarness(.of("a"))
    run.cancel()
    #expect(
      run.crash(found: ["a": .neverLaunched]) == [
        "commit: engine 2, never launched a#1, withdrawn a#1, a skipped, run cancelled",
        "finish: cancelled",
      ])
  }

  @Test func aFailureFoundStopsSurvivorsFoundAfterIt() throws {
    var run = try EngineHarness(.of("a", "b", failFast: true))
    #expect(
      run.crash(found: ["a": .ended(.exit(1)), "b": Self.survivor]) == [
        "commit: engine 2, ended a#1, a failed, stopping: a failed, to stop b#1, still runs b#1",
        "stop b#1",
      ])
  }

  @Test func aCancelRequestFiledMeanwhileStopsSurvivors() throws {
    var run = try EngineHarness(.of("a"))
    #expect(
      run.crash(
        found: ["a": Self.survivor], requests: [CancelRequest(id: 5, force: false)]) == [
          "commit: engine 2, cancel, stopping: cancelled, to stop a#1, still runs a#1", "stop a#1",
        ])
    // A request that was recorded is done with.
    #expect(
      run.crash(
        found: ["a": Self.survivor], requests: [CancelRequest(id: 5, force: false)]) == [
          "commit: engine 3, still runs a#1", "stop a#1",
        ])
  }

  // MARK: Probes

  private static let probed = StepSettings(onLost: .probe, probe: .shell("test -e done"))

  @Test func aLostAttemptIsAskedForByAnAttemptOfItsOwn() throws {
    var run = try EngineHarness(.of("a", each: Self.probed))
    #expect(
      run.end("a", .lost) == ["commit: ended a#1, ask for a#1, schedule a#2", "probe a#2"])
    #expect(
      run.end("a", .success) == [
        "commit: ended a#2, a succeeded, run succeeded", "finish: succeeded",
      ])
  }

  @Test func aProbeThatSaysNoRunsTheStepAgain() throws {
    var run = try EngineHarness(.of("a", each: Self.probed))
    run.end("a", .lost)
    #expect(run.end("a", .exit(1)) == ["commit: ended a#2, rerun a#2, schedule a#3", "launch a#3"])
    // Neither the loss nor the answer is a failure of the step.
    #expect(run.state.steps[0].failures == 0)
  }

  @Test(arguments: [
    AttemptEnd.exit(2), .exit(15, cause: .deadline), .signal(9), .launchFailure(errno: 2),
  ])
  func aProbeThatFailsFailsTheStep(end: AttemptEnd) throws {
    var run = try EngineHarness(.of("a", each: Self.probed))
    run.end("a", .lost)
    #expect(run.end("a", end).first == "commit: ended a#2, a failed, run failed")
  }

  @Test func aLostProbeIsRunAgainAndNotForEver() throws {
    var run = try EngineHarness(.of("a", each: Self.probed))
    run.end("a", .lost)
    #expect(run.end("a", .lost).last == "probe a#3")
    #expect(run.end("a", .lost).last == "probe a#4")
    #expect(run.end("a", .lost).last == "finish: failed")
  }

  @Test(arguments: [AttemptEnd.exit(1), .exit(2), .lost])
  func whatAProbeSaysDuringACancelRunsNothingAgain(end: AttemptEnd) throws {
    var run = try EngineHarness(.of("a", each: Self.probed))
    run.end("a", .lost)
    run.cancel()
    #expect(run.end("a", end).first == "commit: ended a#2, a cancelled, run cancelled")
  }

  @Test func aProbeOutlivesItsEngine() throws {
    var run = try EngineHarness(.of("a", each: Self.probed))
    run.end("a", .lost)
    #expect(run.crash(found: ["a": .neverLaunched]).last == "probe a#2")
    run.crash(found: ["a": Self.survivor])
    run.end("a", .success)
    #expect(run.outcome == .succeeded)
  }

  /// Nothing may run beside what cannot be stopped.
  @Test func whatCannotBeKilledIsNotRunAgain() throws {
    var run = try EngineHarness(.of("a", each: .retrying(3)))
    #expect(run.end("a", .lost(unkillable: 1)).last == "finish: failed")
  }

  // MARK: Clocks

  @Test func delaysGoOnAfterARebootLessTheTimeThatWentBy() throws {
    var run = try EngineHarness(.of("a", each: .retrying(2)))
    run.end("a", .exit(1))
    run.pass(milliseconds: 100)
    run.jump(wallMilliseconds: 300)
    run.crash(boot: "boot 2")
    #expect(run.engine.nextDeadline == run.now.monotonic.advanced(byMilliseconds: 600))
  }

  @Test(arguments: [(-5_000, 1_000), (5_000, 0)])
  func aWallClockThatWasSetMovesADelayWithinItsBounds(jump: Int64, remains: Int64) throws {
    var run = try EngineHarness(.of("a", each: .retrying(2)))
    run.end("a", .exit(1))
    run.jump(wallMilliseconds: jump)
    run.crash(boot: "boot 2")
    let expected = run.now.monotonic.advanced(byMilliseconds: remains)
    #expect(run.engine.nextDeadline == expected)
  }

  @Test func withinOneBootWallTimeDecidesNothing() throws {
    var run = try EngineHarness(.of("a", each: .retrying(2)))
    run.end("a", .exit(1))
    run.jump(wallMilliseconds: -3_600_000)
    #expect(run.pass(milliseconds: 999) == [])
    #expect(
      run.pass(milliseconds: 1) == [
        "commit: clock jumped -3600000 ms, delay of a over, schedule a#2", "launch a#2",
      ])
  }

  @Test func aJumpWhileNoEngineLivesIsRecorded() throws {
    var run = try EngineHarness(.of("a"))
    run.jump(wallMilliseconds: 5_000)
    #expect(
      run.crash(found: ["a": Self.survivor]) == [
        "commit: engine 2, clock jumped 5000 ms, still runs a#1"
      ])
  }
}
