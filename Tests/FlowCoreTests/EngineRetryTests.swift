import FlowCore
import Testing

@Suite struct EngineRetryTests {
  @Test func aFailedAttemptIsTriedAgainAfterADelay() throws {
    var run = try EngineHarness(.of("a", each: .retrying(3)))
    run.end("a", .exit(1))
    #expect(run.phase("a") == .backingOff)
    #expect(run.engine.nextDeadline == run.now.monotonic.advanced(byMilliseconds: 1_000))
    #expect(run.pass(microseconds: 999_999) == [])
    run.pass(microseconds: 1)
    run.end("a", .signal(11))
    run.pass(milliseconds: 2_000)
    run.end("a", .exit(1, cause: .deadline))
    #expect(
      run.history == [
        "engine 1", "schedule a#1",
        "ended a#1", "retry a#1 in 1000 ms", "delay of a over", "schedule a#2",
        "ended a#2", "retry a#2 in 2000 ms", "delay of a over", "schedule a#3",
        "ended a#3", "a failed", "run failed",
      ])
  }

  @Test func jitterComesFromSeedStepAndFailures() throws {
    let settings = StepSettings(retry: RetryPolicy(maxAttempts: 2, jitter: .full))
    var run = try EngineHarness(.of("a", "b", each: settings), seed: 42)
    #expect(run.end("a", .exit(1)).first == "commit: ended a#1, retry a#1 in 713 ms")
    #expect(run.end("b", .exit(1)).first == "commit: ended b#1, retry b#1 in 340 ms")
  }

  @Test func aStepThatBacksOffHoldsNoSlot() throws {
    var run = try EngineHarness(.of("a", "b", "c", each: .retrying(2)), jobs: 1)
    #expect(run.end("a", .exit(1)).first == "launch b#1")
    #expect(run.end("b").first == "launch c#1")
    #expect(run.phase("a") == .backingOff)
  }

  @Test func theNextDeadlineIsThatOfTheEarliestTimer() throws {
    var run = try EngineHarness(
      .of(
        "a", "b", "c",
        with: [
          "a": .retrying(2, initialDelayMilliseconds: 3_000),
          "b": .retrying(2, initialDelayMilliseconds: 1_000),
          "c": .retrying(2, initialDelayMilliseconds: 2_000),
        ], timeoutMilliseconds: 2_500), jobs: 3)
    for step in ["a", "b", "c"] { run.end(step, .exit(1)) }
    let start = run.now.monotonic.microseconds
    var deadlines: [Int64] = []
    while let deadline = run.engine.nextDeadline {
      deadlines.append(deadline.microseconds - start)
      run.pass(microseconds: deadline.microseconds - run.now.monotonic.microseconds)
    }
    #expect(deadlines == [1_000_000, 2_000_000, 2_500_000])
  }

  @Test func timersFireInTheOrderOfTheirDeadlines() throws {
    var run = try EngineHarness(
      .of(
        "a", "b", "c",
        with: [
          "a": .retrying(2, initialDelayMilliseconds: 2_000),
          "b": .retrying(2, initialDelayMilliseconds: 1_000),
          "c": .retrying(2, initialDelayMilliseconds: 1_000),
        ]), jobs: 3)
    for step in ["c", "b", "a"] { run.end(step, .exit(1)) }
    #expect(
      run.pass(milliseconds: 60_000).first
        == "commit: delay of b over, delay of c over, delay of a over, "
        + "schedule a#2, schedule b#2, schedule c#2")
  }

  @Test func aThousandStepsThatBackOffAreQuiet() throws {
    let settings = StepSettings(
      retry: RetryPolicy(maxAttempts: 2, initialDelayMilliseconds: 60_000))
    var run = try EngineHarness(.independent(1_000, each: settings), jobs: 1_000)
    run.wakeUp(run.running.map { .attemptEnded($0, .exit(1)) })
    #expect(run.state.steps.allSatisfy { $0.phase == .backingOff })
    let delays = (0..<1_000).map {
      settings.retry.delayMilliseconds(afterFailures: 1, seed: 0, step: $0)
    }
    let earliest = try #require(delays.min())
    #expect(run.engine.nextDeadline == run.now.monotonic.advanced(byMilliseconds: earliest))
    let last = run.state.lastSequence
    #expect(run.pass(microseconds: earliest * 1_000 - 1) == [])
    #expect(run.state.lastSequence == last)
    #expect(run.pass(microseconds: 1).count == 1 + delays.filter { $0 == earliest }.count)
  }

  @Test(
    arguments: [
      (AttemptEnd.exit(1), FailureKinds.exit), (.signal(9), .signal),
      (.exit(0, cause: .deadline), .timeout), (.launchFailure(errno: 2), .launch),
    ])
  func onlyNamedKindsOfFailureAreTriedAgain(end: AttemptEnd, kind: FailureKinds) throws {
    for kinds in [kind, .all, [], FailureKinds.all.subtracting(kind)] {
      var run = try EngineHarness(.of("a", each: .retrying(2, on: kinds)))
      run.end("a", end)
      #expect(run.phase("a") == (kinds.contains(kind) ? .backingOff : .failed))
    }
  }

  @Test(arguments: [(1, false), (7, true), (8, false), (75, true)] as [(UInt8, Bool)])
  func onlyNamedExitCodesAreTriedAgain(code: UInt8, isTriedAgain: Bool) throws {
    var run = try EngineHarness(.of("a", each: .retrying(2, exitCodes: [7, 75])))
    run.end("a", .exit(code))
    #expect(run.phase("a") == (isTriedAgain ? .backingOff : .failed))
  }

  @Test func exitCodesSayNothingOfOtherFailures() throws {
    var run = try EngineHarness(.of("a", each: .retrying(2, exitCodes: [7])))
    run.end("a", .signal(9))
    #expect(run.phase("a") == .backingOff)
  }

  @Test func aLostAttemptIsRunAgainAtMostThreeTimes() throws {
    var run = try EngineHarness(.of("a"))
    for attempt in 1...3 {
      #expect(
        run.end("a", .lost) == [
          "commit: ended a#\(attempt), rerun a#\(attempt), schedule a#\(attempt + 1)",
          "launch a#\(attempt + 1)",
        ])
    }
    #expect(run.end("a", .lost).first == "commit: ended a#4, a failed, run failed")
  }

  @Test func aRerunUsesUpNoRetry() throws {
    var run = try EngineHarness(.of("a", each: .retrying(2)))
    run.end("a", .lost)
    #expect(run.end("a", .exit(1)).first == "commit: ended a#2, retry a#2 in 1000 ms")
    run.pass(milliseconds: 1_000)
    run.end("a", .lost)
    run.end("a", .exit(1))
    #expect(run.outcome == .failed)
    #expect(run.attempt("a").number == 4)
  }

  @Test func aLostAttemptFailsIfTheStepSaysSo() throws {
    var run = try EngineHarness(.of("a", each: StepSettings(onLost: .fail)))
    #expect(run.end("a", .lost).first == "commit: ended a#1, a failed, run failed")
  }
}
