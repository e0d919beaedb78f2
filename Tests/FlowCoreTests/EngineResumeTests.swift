import FlowCore
import Testing

/// Another engine goes on from the durable history of one that died.
@Suite struct EngineResumeTests {
  @Test func openAttemptsAreLostAndRunAgain() throws {
    var run = try EngineHarness(.of("a", "b"), jobs: 1)
    #expect(
      run.crash() == [
        "commit: engine 2, ended a#1, rerun a#1, ended b#1, rerun b#1, schedule a#2, schedule b#2",
        "launch a#2",
      ])
  }

  @Test func whatWasNotDurableDidNotHappen() throws {
    var run = try EngineHarness(.of("a", "b < a"))
    run.commitsAtOnce = false
    run.end("a")
    #expect(run.crash() == ["commit: engine 2, ended a#1, rerun a#1, schedule a#2"])
  }

  @Test func aCommitUnderWayMayHaveBecomeDurable() throws {
    var run = try EngineHarness(.of("a", "b < a"))
    run.commitsAtOnce = false
    run.end("a")
    #expect(
      run.crash(losingCommit: false) == [
        "commit: engine 2, ended b#1, rerun b#1, schedule b#2"
      ])
  }

  @Test func delaysGoOn() throws {
    var run = try EngineHarness(.of("a", each: .retrying(2)))
    run.end("a", .exit(1))
    run.pass(milliseconds: 400)
    run.crash()
    #expect(run.engine.nextDeadline == run.now.monotonic.advanced(byMilliseconds: 600))
    #expect(run.pass(milliseconds: 600).last == "launch a#2")
  }

  @Test func aCancelSurvives() throws {
    var run = try EngineHarness(.of("a", "b < a"))
    run.cancel()
    #expect(
      run.crash() == [
        "commit: engine 2, ended a#1, a cancelled, run cancelled", "finish: cancelled",
      ])
  }

  /// They may have been launched, so that their work may have been done.
  @Test func attemptsOfAnEarlierLifeAreLostAndNotWithdrawn() throws {
    var run = try EngineHarness(
      .of("a", "b", each: StepSettings(onLost: .fail), failFast: true))
    #expect(
      run.crash() == [
        "commit: engine 2, ended a#1, a failed, stopping: a failed, to stop b#1, ended b#1, "
          + "b cancelled, run failed",
        "finish: failed",
      ])
  }

  @Test func everyLifeCanDie() throws {
    var run = try EngineHarness(.of("a", each: .retrying(2)), commitsAtOnce: false)
    run.completeCommit()
    for _ in 0..<5 { run.crash() }
    #expect(run.state.lives == 2)
    for _ in 0..<3 { run.crash(losingCommit: false) }
    #expect(run.state.lives == 5)
    #expect(run.phase("a") == .failed)
  }
}
