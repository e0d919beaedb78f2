import FlowCore
import Testing

/// Notices that compare the run with the one before it, and those of a run that takes long.
@Suite struct EngineNoticeKindTests {
  private static let stopped = AttemptEnd.exit(0, cause: .stop)
  private static let killed = AttemptEnd.exit(0, cause: .force)

  private func count(_ line: String, in run: EngineHarness) -> Int {
    run.history.count { $0 == line }
  }

  // MARK: Recovery

  @Test(arguments: [nil, RunOutcome.succeeded, .failed, .cancelled])
  func aRecoveryIsASuccessAfterAnotherEnd(before: RunOutcome?) throws {
    let workflow = WorkflowDefinition.of("a").notifying(
      .recovered, [.failed, .recovered], [.succeeded, .recovered])
    var run = try EngineHarness(workflow, after: before)
    run.end("a")
    let recovers = before == .failed || before == .cancelled
    for step in ["notify/1", "notify/2"] {
      #expect(run.phase(step) == (recovers ? .starting : .skipped))
    }
    #expect(run.phase("notify/3") == .starting)
    #expect(run.state.news(ofNotice: 3) == (recovers ? "recovered" : "succeeded"))
    // No other end is one, whatever came before.
    run = try EngineHarness(workflow, after: before)
    run.end("a", .exit(1))
    #expect(run.phase("notify/1") == .skipped && run.phase("notify/2") == .starting)
    #expect(run.state.news(ofNotice: 2) == "failed")
  }

  @Test func theRoundBeforeIsWhatARoundIsComparedWith() throws {
    var run = try EngineHarness(.of("a").notifying(.recovered), after: .succeeded)
    run.end("a", .exit(1))
    #expect(run.outcome == .failed)
    run.reopen()
    run.end("a")
    #expect(run.phase("notify/1") == .starting)
    run.end("notify/1")
    #expect(run.outcome == .succeeded && run.state.previousOutcome == .failed)
  }

  @Test func onlyAWorkflowThatAsksRecordsTheRunBefore() throws {
    let run = try EngineHarness(.of("a").notifying(.ends), after: .failed)
    #expect(run.state.created.previousOutcome == nil)
  }

  // MARK: Runs that take long

  @Test func aRunThatTakesLongIsToldOnceAndContinues() throws {
    var run = try EngineHarness(.of("a").slow(milliseconds: 5_000), jobs: 1)
    #expect(run.engine.nextDeadline == run.now.monotonic.advanced(byMilliseconds: 5_000))
    run.pass(milliseconds: 4_999)
    #expect(run.phase("notify/1") == .waiting(unmetNeeds: 1) && run.state.isIdleNotice(1))
    let effects = run.pass(milliseconds: 1)
    #expect(
      effects == [
        "commit: the run is slow: notify/1, schedule notify/1#1", "launch notify/1#1",
      ])
    #expect(run.state.news(ofNotice: 1) == "slow" && !run.state.isIdleNotice(1))
    run.end("notify/1", .exit(1))
    #expect(run.phase("notify/1") == .failed && run.outcome == nil)
    run.pass(milliseconds: 5_000)
    run.end("a")
    #expect(run.outcome == .succeeded && count("the run is slow: notify/1", in: run) == 1)
  }

  @Test func aRunThatEndsBeforeIsNotTold() throws {
    var run = try EngineHarness(.of("a").notifying(.failed).slow(milliseconds: 5_000))
    run.end("a", .exit(1))
    #expect(run.phase("notify/2") == .skipped && run.phase("notify/1") == .starting)
    run.pass(milliseconds: 10_000)
    #expect(count("notify/2 has nothing to tell", in: run) == 1)
    run.end("notify/1")
    #expect(run.outcome == .failed && run.engine.nextDeadline == nil)
  }

  @Test func theEndDoesNotWaitForItAndIsToldBesides() throws {
    var run = try EngineHarness(
      .of("a").notifying(.succeeded).slow(milliseconds: 1_000, each: .retrying(2)))
    run.pass(milliseconds: 1_000)
    run.end("notify/2", .exit(1))
    #expect(run.phase("notify/2") == .backingOff)
    run.end("a")
    #expect(run.state.conclusion == .succeeded && run.phase("notify/1") == .starting)
    run.end("notify/1")
    #expect(run.outcome == nil)
    // What could not be told yet is tried again all the same.
    run.pass(milliseconds: 1_000)
    run.end("notify/2")
    #expect(run.outcome == .succeeded && run.phase("notify/2") == .succeeded)
  }

  @Test(arguments: [false, true]) func whatStopsTheRunLetsItBe(isTimeout: Bool) throws {
    var run = try EngineHarness(
      WorkflowDefinition.of("a", "end", timeoutMilliseconds: 2_000).finally()
        .slow(milliseconds: 1_000, each: .retrying(2)).slow(milliseconds: 3_000)
        .slow(milliseconds: 5_000))
    run.pass(milliseconds: 1_000)
    run.end("notify/1", .exit(1))
    if isTimeout { run.pass(milliseconds: 1_000) } else { run.cancel() }
    #expect(run.phase("a") == .stopping && run.phase("notify/1") != .doomed)
    run.pass(milliseconds: 2_000)
    // One was tried again, and one began while the run was stopping.
    #expect(run.phase("notify/1") == .starting && run.phase("notify/2") == .starting)
    run.end("a", Self.stopped)
    #expect(run.phase("end") == .starting && run.phase("notify/2") == .starting)
    run.pass(milliseconds: 2_000)
    #expect(run.phase("notify/3") == .starting)
    run.end("end")
    for number in 1...3 { run.end("notify/\(number)") }
    #expect(run.outcome == (isTimeout ? .failed : .cancelled))
  }

  @Test func aCancelByForceEndsIt() throws {
    var run = try EngineHarness(
      WorkflowDefinition.of("a", "a/onFailure").rollingBack()
        .slow(milliseconds: 1_000).slow(milliseconds: 1_000, each: .retrying(2))
        .slow(milliseconds: 9_000))
    run.pass(milliseconds: 1_000)
    run.end("notify/2", .exit(1))
    run.cancel(force: true)
    #expect(run.phase("notify/1") == .stopping && run.phase("notify/2") == .cancelled)
    #expect(run.phase("a") == .stopping)
    run.pass(milliseconds: 20_000)
    #expect(run.phase("notify/3") == .waiting(unmetNeeds: 1))
    run.end("notify/1", Self.killed)
    run.end("a", Self.killed)
    #expect(run.phase("notify/1") == .cancelled)
    #expect(run.phase("a/onFailure") == .starting)
    run.end("a/onFailure")
    #expect(run.outcome == .cancelled && run.phase("notify/3") == .skipped)
    #expect(count("notify/3 has nothing to tell", in: run) == 1)
  }

  @Test func anIntentThatForceTakesBackIsNotTold() throws {
    var run = try EngineHarness(.of("a").slow(milliseconds: 1_000), commitsAtOnce: false)
    run.completeCommit()
    run.pass(milliseconds: 1_000)
    #expect(run.phase("notify/1") == .starting)
    run.cancel(force: true)
    run.commitsAtOnce = true
    run.completeCommit()
    run.end("a", Self.killed)
    #expect(run.outcome == .cancelled && run.phase("notify/1") == .skipped)
  }

  @Test func theNextEngineTellsWhatBecameDueMeanwhile() throws {
    var run = try EngineHarness(.of("a").slow(milliseconds: 3_600_000))
    run.jump(wallMilliseconds: 3_600_000)
    run.crash(found: ["a": .running(processID: 5, forMicroseconds: 9)], boot: "other")
    run.pass(milliseconds: 1)
    #expect(run.phase("notify/1") == .starting)
    // Whether it was told is unknown.
    run.crash(found: ["a": .running(processID: 5, forMicroseconds: 9)], boot: "other")
    #expect(run.phase("notify/1") == .starting && run.attempt("notify/1").number == 2)
    run.end("notify/1")
    run.end("a")
    #expect(run.outcome == .succeeded)
  }

  @Test func eachRoundHasItsTime() throws {
    var run = try EngineHarness(.of("a").slow(milliseconds: 1_000))
    run.pass(milliseconds: 1_000)
    run.end("notify/1")
    run.end("a", .exit(1))
    #expect(run.outcome == .failed)
    run.pass(milliseconds: 60_000)
    run.reopen()
    #expect(run.phase("notify/1") == .waiting(unmetNeeds: 1))
    run.pass(milliseconds: 1_000)
    run.end("notify/1")
    run.end("a")
    #expect(run.outcome == .succeeded && count("the run is slow: notify/1", in: run) == 2)
  }
}
