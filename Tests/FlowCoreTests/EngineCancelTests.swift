import FlowCore
import Testing

@Suite struct EngineCancelTests {
  @Test func cancelStopsWhatRunsAndSkipsTheRest() throws {
    var run = try EngineHarness(.of("a", "b < a"))
    run.commitsAtOnce = false
    #expect(
      run.cancel() == ["commit: cancel, stopping: cancelled, b skipped, to stop a#1"])
    #expect(run.completeCommit() == ["stop a#1"])
    #expect(
      run.end("a", .signal(15, cause: .stop)) == [
        "commit: ended a#1, a cancelled, run cancelled"
      ])
    #expect(run.completeCommit() == ["finish: cancelled"])
  }

  @Test func forceLeavesNoGrace() throws {
    var run = try EngineHarness(.of("a"))
    #expect(
      run.cancel(force: true) == [
        "commit: forced cancel, stopping: cancelled, to kill a#1", "kill a#1",
      ])
  }

  @Test func forceComesOnTopOfAStop() throws {
    var run = try EngineHarness(.of("a", "b", failFast: true))
    run.end("b", .exit(1))
    run.cancel(1)
    #expect(run.cancel(2, force: true) == ["commit: forced cancel, to kill a#1", "kill a#1"])
    run.end("a", .signal(9, cause: .force))
    #expect(run.outcome == .failed)
  }

  @Test func aRequestIsRecordedOnce() throws {
    var run = try EngineHarness(.of("a"))
    run.cancel(5)
    #expect(run.cancel(5) == [])
    run.crash()
    #expect(run.cancel(5) == [])
  }

  /// Else its sender would wait for it, and a later round would find it.
  @Test func aRequestThatChangesNothingIsRecordedToo() throws {
    var run = try EngineHarness(.of("a"))
    run.cancel(1)
    #expect(run.cancel(2) == ["commit: cancel"])
    #expect(run.state.cancelRequests == [1, 2])
  }

  @Test func forceIsNotTakenBack() throws {
    var run = try EngineHarness(.of("a"))
    run.cancel(1, force: true)
    #expect(run.cancel(2) == ["commit: cancel"])
    #expect(run.cancel(3, force: true) == ["commit: forced cancel"])
    #expect(run.state.cancel?.force == true)
  }

  @Test func anIntentThatIsHeldBackIsWithdrawn() throws {
    var run = try EngineHarness(.of("a"), commitsAtOnce: false)
    #expect(run.cancel() == [])
    #expect(
      run.completeCommit() == [
        "commit: cancel, stopping: cancelled, to stop a#1, withdrawn a#1, a skipped, run cancelled"
      ])
    #expect(run.completeCommit() == ["finish: cancelled"])
  }

  @Test func aDurableIntentWithoutASlotIsWithdrawnToo() throws {
    var run = try EngineHarness(.of("a", "b"), jobs: 1)
    #expect(
      run.cancel() == [
        "commit: cancel, stopping: cancelled, to stop a#1, to stop b#1, withdrawn b#1, b skipped",
        "stop a#1",
      ])
    #expect(run.end("a", .exit(143, cause: .stop)).last == "finish: cancelled")
  }

  @Test func aStepBetweenAttemptsIsCancelledAtOnce() throws {
    var run = try EngineHarness(.of("a", each: .retrying(2)))
    run.end("a", .exit(1))
    #expect(
      run.cancel() == [
        "commit: cancel, stopping: cancelled, a cancelled, run cancelled", "finish: cancelled",
      ])
    #expect(run.engine.nextDeadline == nil)
  }

  @Test func aRetryThatIsHeldBackLeavesTheStepCancelled() throws {
    var run = try EngineHarness(.of("a", each: .retrying(2)))
    run.end("a", .exit(1))
    run.commitsAtOnce = false
    run.pass(milliseconds: 1_000)
    run.cancel()
    run.completeCommit()
    run.completeCommit()
    #expect(run.history.suffix(3) == ["withdrawn a#2", "a cancelled", "run cancelled"])
  }

  @Test func anEndThatCameFirstWins() throws {
    var run = try EngineHarness(.of("a", "b < a"))
    let inputs = [
      Input.attemptEnded(run.attempt("a"), .success),
      .cancelRequested(CancelRequest(id: 1, force: false)),
    ]
    #expect(
      run.wakeUp(inputs) == [
        "commit: ended a#1, a succeeded, cancel, stopping: cancelled, b skipped, run cancelled",
        "finish: cancelled",
      ])
  }

  @Test func aCancelThatCameFirstKeepsDependentsFromStarting() throws {
    var run = try EngineHarness(.of("a", "b < a"))
    let inputs = [
      Input.cancelRequested(CancelRequest(id: 1, force: false)),
      .attemptEnded(run.attempt("a"), .success),
    ]
    run.wakeUp(inputs)
    #expect(run.phase("a") == .succeeded)
    #expect(run.phase("b") == .skipped)
    #expect(run.outcome == .cancelled)
  }

  @Test func aRunWhoseStepsAllSucceededAnywayIsSucceeded() throws {
    var run = try EngineHarness(.of("a", "b"))
    run.cancel()
    run.end("a")
    run.end("b")
    #expect(run.outcome == .succeeded)
  }

  @Test func aStepThatFailedForGoodAnywayIsFailed() throws {
    var run = try EngineHarness(.of("a"))
    run.cancel()
    run.end("a", .exit(1))
    #expect(run.phase("a") == .failed)
    #expect(run.outcome == .failed)
  }

  @Test func aStepThatWouldHaveBeenTriedAgainIsCancelled() throws {
    var run = try EngineHarness(.of("a", each: .retrying(2)))
    run.cancel()
    run.end("a", .exit(1))
    #expect(run.phase("a") == .cancelled)
    #expect(run.outcome == .cancelled)
  }

  @Test func aStepThatIsLostDuringACancelIsNotRunAgain() throws {
    var run = try EngineHarness(.of("a"))
    run.cancel()
    run.end("a", .lost)
    #expect(run.outcome == .cancelled)
  }

  @Test func whatEndedMeanwhileIsNotStopped() throws {
    var run = try EngineHarness(.of("a", "b"))
    run.commitsAtOnce = false
    run.cancel()
    run.end("a")
    #expect(run.completeCommit() == ["stop b#1", "commit: ended a#1, a succeeded"])
  }

  @Test func aStopCanOvertakeTheReportOfTheLaunch() throws {
    var run = try EngineHarness(.of("a"))
    run.cancel()
    #expect(run.wakeUp([.attemptLaunched(run.attempt("a"), processID: 7)]) == [])
    #expect(run.phase("a") == .stopping)
    run.end("a", .exit(143, cause: .stop))
    #expect(run.outcome == .cancelled)
  }
}
