import FlowCore
import Testing

/// Intent before act, fact before consequence, durable before said; and as few commits as that
/// takes.
@Suite struct EngineWriteAheadTests {
  @Test func anIntentIsDurableBeforeItsLaunch() throws {
    var run = try EngineHarness(.of("a"), commitsAtOnce: false)
    #expect(run.firstEffects == ["commit: engine 1, schedule a#1"])
    #expect(run.completeCommit() == ["launch a#1"])
  }

  @Test func anEndIsDurableBeforeItsConsequence() throws {
    var run = try EngineHarness(.of("a", "b < a"))
    run.commitsAtOnce = false
    #expect(run.end("a") == ["commit: ended a#1, a succeeded, schedule b#1"])
    #expect(run.completeCommit() == ["launch b#1"])
  }

  @Test func aRunIsOverWhenItsEndIsDurable() throws {
    var run = try EngineHarness(.of("a"))
    run.commitsAtOnce = false
    #expect(run.end("a") == ["commit: ended a#1, a succeeded, run succeeded"])
    #expect(run.outcome == nil)
    #expect(run.completeCommit() == ["finish: succeeded"])
  }

  @Test func nothingFollowsTheEnd() throws {
    var run = try EngineHarness(.of("a", each: .retrying(2), timeoutMilliseconds: 1_000))
    run.end("a")
    #expect(run.outcome == .succeeded)
    #expect(run.engine.nextDeadline == nil)
    #expect(run.end("a") == [])
    #expect(run.cancel() == [])
    #expect(run.cancel(force: true) == [])
    #expect(run.pass(milliseconds: 10_000) == [])
    #expect(run.history.last == "run succeeded")
    #expect(run.state.lastSequence == run.durable.count)
  }

  @Test func whatIsSaidOfAnAttemptThatHasEndedIsIgnored() throws {
    var run = try EngineHarness(.of("a", "b"))
    let attempt = run.attempt("a")
    run.end("a")
    for input in [
      Input.attemptLaunched(attempt, processID: 7), .deadlinePassed(attempt),
      .attemptEnded(attempt, .exit(1)), .attemptWithdrawn(attempt),
    ] {
      #expect(run.wakeUp([input]) == [])
    }
    #expect(run.pass(milliseconds: 1_000) == [])
    #expect(run.phase("a") == .succeeded)
    #expect(run.state.lastSequence == run.durable.count)
  }

  @Test(arguments: [1, 4])
  func aChainCostsOneCommitAHop(jobs: Int) throws {
    var run = try EngineHarness(.chain(10), jobs: jobs)
    for step in 0..<10 {
      #expect(run.commitCount == step + 1)
      run.end("s\(step)")
    }
    #expect(run.commitCount == 11)
    #expect(run.outcome == .succeeded)
  }

  @Test func allOfAWakeUpSharesOneCommit() throws {
    var run = try EngineHarness(.of("a", "b", "c < a", "d < b"))
    let ends = ["a", "b"].map { Input.attemptEnded(run.attempt($0), .success) }
    #expect(
      run.wakeUp(ends) == [
        "commit: ended a#1, a succeeded, ended b#1, b succeeded, schedule c#1, schedule d#1",
        "launch c#1", "launch d#1",
      ])
  }

  @Test func whatComesDuringACommitGoesWithTheNext() throws {
    var run = try EngineHarness(.of("a", "b", "c < a", "d < b"))
    run.commitsAtOnce = false
    #expect(run.end("a") == ["commit: ended a#1, a succeeded, schedule c#1"])
    #expect(run.end("b") == [])
    #expect(
      run.completeCommit() == ["launch c#1", "commit: ended b#1, b succeeded, schedule d#1"])
    #expect(run.completeCommit() == ["launch d#1"])
  }

  @Test func aCommitCausesNoEvent() throws {
    var run = try EngineHarness(.independent(5), jobs: 1, commitsAtOnce: false)
    let last = run.state.lastSequence
    run.completeCommit()
    #expect(run.state.lastSequence == last)
  }

  @Test func launchReportsAreDurableAfter100Milliseconds() throws {
    var run = try EngineHarness(.of("a"))
    let attempt = run.attempt("a")
    #expect(run.engine.nextDeadline == nil)
    #expect(run.wakeUp([.attemptLaunched(attempt, processID: 7)]) == [])
    #expect(run.engine.nextDeadline == run.now.monotonic.advanced(byMilliseconds: 100))
    #expect(run.pass(microseconds: 99_999) == [])
    #expect(run.pass(microseconds: 1) == ["commit: launched a#1"])
    #expect(run.engine.nextDeadline == nil)
  }

  @Test func theFirstReportSaysWhenAllAreCommitted() throws {
    var run = try EngineHarness(.of("a", "b"))
    run.wakeUp([.attemptLaunched(run.attempt("a"), processID: 7)])
    run.pass(milliseconds: 60)
    #expect(run.wakeUp([.attemptLaunched(run.attempt("b"), processID: 8)]) == [])
    #expect(run.wakeUp([.deadlinePassed(run.attempt("b"))]) == [])
    #expect(run.pass(milliseconds: 40) == ["commit: launched a#1, launched b#1, late b#1"])
  }

  @Test func launchReportsShareTheCommitOfWhatComesNext() throws {
    var run = try EngineHarness(.of("a", "b < a"))
    run.wakeUp([.attemptLaunched(run.attempt("a"), processID: 7)])
    #expect(
      run.end("a") == [
        "commit: launched a#1, ended a#1, a succeeded, schedule b#1", "launch b#1",
      ])
    #expect(run.engine.nextDeadline == nil)
  }

  @Test func launchReportsThatComeDuringACommitAreDurableToo() throws {
    var run = try EngineHarness(.of("a", "b", "c < b"))
    run.commitsAtOnce = false
    run.end("b")
    run.wakeUp([.attemptLaunched(run.attempt("a"), processID: 7)])
    #expect(run.pass(milliseconds: 100) == [])
    #expect(run.engine.nextDeadline == nil)
    #expect(run.completeCommit() == ["launch c#1", "commit: launched a#1"])
  }

  @Test func aDefinitionOfMoreThanOnePartIsReplayed() throws {
    var workflow = WorkflowDefinition.of("a")
    let line = String(repeating: "x", count: 600 << 10)
    workflow.steps[0].command = .shell(line)
    let run = try EngineHarness(workflow)
    #expect(run.durable.filter { $0.body.kind == .definitionPart }.count == 3)
    var replay = Replay()
    for event in run.durable { try replay.apply(event) }
    #expect(replay.state?.definition == workflow)
    #expect(replay.state == run.state)
  }
}
