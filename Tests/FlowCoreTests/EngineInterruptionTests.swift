import FlowCore
import Testing

/// Attempts that the system has ended: lost, with a known cause.
@Suite struct EngineInterruptionTests {
  @Test func itUsesUpNoRetry() throws {
    var run = try EngineHarness(.of("a", each: .retrying(1)))
    #expect(run.end("a", .interruption) == ["commit: ended a#1, rerun a#1"])
    #expect(run.state.steps[0].failures == 0 && run.state.steps[0].losses == 0)
    #expect(
      run.pass(milliseconds: 30_000) == [
        "commit: pause after an interruption is over, schedule a#2", "launch a#2",
      ])
    #expect(run.end("a", .exit(1)).first == "commit: ended a#2, a failed, run failed")
  }

  /// Three reruns after losses are the limit; a machine may be stopped more often.
  @Test func itDoesNotCountTowardsTheReruns() throws {
    var run = try EngineHarness(.of("a"))
    for _ in 0..<6 {
      run.end("a", .interruption)
      run.pass(milliseconds: 30_000)
    }
    for _ in 0..<3 { run.end("a", .lost) }
    #expect(run.phase("a") == .starting)
    #expect(run.end("a", .lost).first == "commit: ended a#10, a failed, run failed")
  }

  @Test(arguments: [
    (OnLost.fail, "commit: ended a#1, a failed, run failed"),
    (.probe, "commit: ended a#1, ask for a#1"), (.rerun, "commit: ended a#1, rerun a#1"),
  ])
  func onLostDecides(onLost: OnLost, expected: String) throws {
    let settings = StepSettings(onLost: onLost, probe: .shell("true"))
    var run = try EngineHarness(.of("a", each: settings))
    #expect(run.end("a", .interruption).first == expected)
  }

  @Test func aProbeThatIsInterruptedIsAskedAgain() throws {
    let settings = StepSettings(onLost: .probe, probe: .shell("true"))
    var run = try EngineHarness(.of("a", each: settings))
    run.end("a", .lost)
    #expect(run.end("a", .interruption) == ["commit: ended a#2, ask for a#2"])
    #expect(run.pass(milliseconds: 30_000).last == "probe a#3")
  }

  @Test func aRunThatStopsRerunsNothing() throws {
    var run = try EngineHarness(.of("a"))
    run.cancel()
    #expect(
      run.end("a", .interruption).first == "commit: ended a#1, a cancelled, run cancelled")
  }

  // MARK: The pause

  /// Neither what is ready, nor what was scheduled ahead of its slot.
  @Test func nothingIsLaunchedIntoTheSameShutdown() throws {
    var run = try EngineHarness(.of("a", "b", "c", "d < a"), jobs: 1)
    #expect(run.state.openAttempts == 2)
    run.end("a", .interruption)
    #expect(run.running.isEmpty)
    #expect(run.pass(milliseconds: 29_999) == [])
    #expect(
      run.pass(milliseconds: 1) == [
        "commit: pause after an interruption is over, schedule a#2", "launch b#1",
      ])
  }

  /// What ends the pause must be in the history first.
  @Test func nothingIsLaunchedBeforeTheEndOfThePauseIsDurable() throws {
    var run = try EngineHarness(.of("a", "b"), jobs: 1)
    run.end("a", .interruption)
    run.commitsAtOnce = false
    #expect(
      run.pass(milliseconds: 30_000) == [
        "commit: pause after an interruption is over, schedule a#2"
      ])
    #expect(run.completeCommit() == ["launch b#1"])
  }

  @Test func anotherInterruptionMakesItLonger() throws {
    var run = try EngineHarness(.of("a", "b"))
    run.end("a", .interruption)
    run.pass(milliseconds: 20_000)
    run.end("b", .interruption)
    #expect(run.pass(milliseconds: 29_999) == [])
    #expect(run.pass(milliseconds: 1).suffix(2) == ["launch a#2", "launch b#2"])
  }

  @Test func whatRunsGoesOnMeanwhile() throws {
    var run = try EngineHarness(.of("a", "b", "c < b", each: .retrying(2)))
    run.end("a", .interruption)
    #expect(run.end("b", .exit(1)) == ["commit: ended b#1, retry b#1 in 1000 ms"])
    #expect(run.pass(milliseconds: 1_000) == ["commit: delay of b over"])
    #expect(run.pass(milliseconds: 29_000).suffix(2) == ["launch b#2", "launch a#2"])
  }

  /// Somebody started it after the shutdown.
  @Test(arguments: ["boot", "another boot"])
  func anotherEngineLaunchesAtOnce(boot: String) throws {
    var run = try EngineHarness(.of("a", "b"), jobs: 1)
    run.end("a", .interruption)
    let effects = run.crash(found: ["b": .neverLaunched], boot: boot)
    #expect(effects.last == "launch b#1")
    #expect(!run.state.isPaused)
  }

  @Test func anInterruptionThatRecoveryFindsIsOver() throws {
    var run = try EngineHarness(.of("a"))
    #expect(
      run.crash(found: ["a": .ended(.interruption)]) == [
        "commit: engine 2, ended a#1, rerun a#1, schedule a#2", "launch a#2",
      ])
  }

  @Test func aCancelEndsThePause() throws {
    var run = try EngineHarness(.of("a", "b"), jobs: 1)
    run.end("a", .interruption)
    #expect(run.cancel().last == "finish: cancelled")
  }

  // MARK: The first policy

  /// Flow 0.1 must go on reading the run.
  @Test func theFirstPolicyCallsItLost() throws {
    var run = try EngineHarness(.of("a", each: .implied), policy: .first)
    var end = AttemptEnd.interruption
    end.stragglers = 2
    #expect(
      run.end("a", end) == ["commit: ended a#1, rerun a#1, schedule a#2", "launch a#2"])
    let recorded = run.durable.compactMap { event in
      if case .attemptEnded(_, let end) = event.body { end } else { nil }
    }
    #expect(recorded == [.lost(killed: 2)])
    #expect(run.state.steps[0].losses == 1)
    run.crash(found: ["a": .ended(end)])
    #expect(run.state.steps[0].losses == 2)
  }
}
