import FlowCore
import Testing

@Suite struct EngineSchedulingTests {
  @Test func intentsRunAheadOfTheSlotsByAsManyAsThere() throws {
    let run = try EngineHarness(.independent(7), jobs: 2)
    #expect(
      run.firstEffects == [
        "commit: engine 1, schedule s0#1, schedule s1#1, schedule s2#1, schedule s3#1",
        "launch s0#1", "launch s1#1",
      ])
  }

  @Test func aFreeSlotWaitsForNoCommit() throws {
    var run = try EngineHarness(.independent(7), jobs: 2)
    run.commitsAtOnce = false
    #expect(run.end("s1") == ["launch s2#1"])
    // The last intent that is durable is taken: what comes after it has to become so.
    #expect(
      run.end("s0") == [
        "launch s3#1",
        "commit: ended s1#1, s1 succeeded, schedule s4#1, ended s0#1, s0 succeeded, schedule s5#1",
      ])
  }

  @Test func endsShareACommitWhileEveryFreeSlotFindsADurableIntent() throws {
    var run = try EngineHarness(.independent(16), jobs: 4)
    for done in 0..<2 { #expect(run.end("s\(done)") == ["launch s\(done + 4)#1"]) }
    let commits = run.end("s2").filter { $0.hasPrefix("commit") }
    #expect(commits.count == 1 && commits[0].contains("s0 succeeded") && commits[0].contains("s2"))
  }

  @Test func anEndIsCommittedSoonThoughNothingWaitsForIt() throws {
    var run = try EngineHarness(.independent(7), jobs: 2)
    #expect(run.end("s1") == ["launch s2#1"])
    #expect(run.pass(milliseconds: 4) == [])
    #expect(run.pass(milliseconds: 1) == ["commit: ended s1#1, s1 succeeded, schedule s4#1"])
  }

  @Test func anEndThatAFreeSlotWaitsForIsCommittedAtOnce() throws {
    var run = try EngineHarness(.of("a", "b < a", "c", "d"), jobs: 3)
    #expect(run.end("a") == ["commit: ended a#1, a succeeded, schedule b#1", "launch b#1"])
  }

  @Test(arguments: 1...5)
  func asManyRunAsThereAreJobs(jobs: Int) throws {
    var run = try EngineHarness(.independent(12), jobs: jobs)
    for done in 0..<12 {
      #expect(run.running.count == min(jobs, 12 - done))
      run.end("s\(done)")
    }
    #expect(run.outcome == .succeeded)
  }

  @Test func readyStepsStartLongestChainFirst() throws {
    var run = try EngineHarness(
      .of("alone", "short", "x < short", "long", "y < long", "z < y"), jobs: 1)
    #expect(
      run.firstEffects == ["commit: engine 1, schedule long#1, schedule short#1", "launch long#1"])
    #expect(run.end("long").last == "commit: ended long#1, long succeeded, schedule y#1")
  }

  @Test func allOfAWakeUpIsKnownBeforeAnAttemptIsScheduled() throws {
    var run = try EngineHarness(.of("a", "b", "short < a", "long < b", "z < long"))
    let ends = ["a", "b"].map { Input.attemptEnded(run.attempt($0), .success) }
    #expect(run.wakeUp(ends).suffix(2) == ["launch long#1", "launch short#1"])
  }

  @Test func aStepWaitsForAllItsNeeds() throws {
    var run = try EngineHarness(.of("a", "b", "c < a b"))
    run.end("b")
    #expect(run.phase("c") == .waiting(unmetNeeds: 1))
    #expect(run.running == [run.attempt("a")])
    #expect(run.end("a").last == "launch c#1")
  }

  @Test func endsThatComeLateOrTwiceAreIgnored() throws {
    var run = try EngineHarness(.of("a", "b < a", "c", each: .retrying(2)), jobs: 1)
    let first = run.attempt("a")
    run.end("a", .exit(1))
    let before = run.state
    #expect(run.wakeUp([.attemptEnded(first, .success)]) == [])
    #expect(run.wakeUp([.attemptLaunched(first, processID: 7)]) == [])
    #expect(run.wakeUp([.deadlinePassed(first)]) == [])
    #expect(run.state == before)
  }

  @Test func anEndIsNotCreditedToTheNextAttempt() throws {
    var run = try EngineHarness(.of("a", each: .retrying(2)))
    let first = run.attempt("a")
    run.end("a", .exit(1))
    run.pass(milliseconds: 1_000)
    #expect(run.running == [AttemptID(step: 0, number: 2)])
    let before = run.state
    #expect(run.wakeUp([.attemptEnded(first, .success)]) == [])
    #expect(run.state == before)
    run.end("a", .exit(1))
    #expect(run.outcome == .failed)
  }

  @Test func aLaunchIsReportedBeforeTheAttemptEnds() throws {
    var run = try EngineHarness(.of("a"))
    #expect(run.phase("a") == .starting)
    run.wakeUp([.attemptLaunched(run.attempt("a"), processID: 7)])
    #expect(run.phase("a") == .running)
    run.wakeUp([.deadlinePassed(run.attempt("a"))])
    #expect(run.phase("a") == .stopping)
    run.end("a", .exit(0, cause: .deadline))
    #expect(run.phase("a") == .failed)
  }
}
