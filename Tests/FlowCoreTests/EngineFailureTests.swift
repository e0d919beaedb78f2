import FlowCore
import Testing

@Suite struct EngineFailureTests {
  @Test func aFailedStepSkipsItsDependentsTransitively() throws {
    var run = try EngineHarness(.of("a", "b < a", "c < a", "d < b c", "e < d", "other"), jobs: 3)
    run.end("a")
    #expect(
      run.end("b", .exit(1)) == [
        "commit: ended b#1, b failed, d skipped for b, e skipped for d"
      ])
    #expect(run.running == [run.attempt("other"), run.attempt("c")])
    run.end("c")
    run.end("other")
    #expect(run.outcome == .failed)
    #expect(run.phase("c") == .succeeded)
    #expect(run.phase("e") == .skipped)
  }

  @Test func aStepIsSkippedOnce() throws {
    var run = try EngineHarness(.of("a", "b", "c < a b"))
    run.end("a", .exit(1))
    run.end("b", .exit(1))
    #expect(run.history.filter { $0.hasPrefix("c skipped") } == ["c skipped for a"])
    #expect(run.outcome == .failed)
  }

  @Test func aStepThatMayFailHoldsNothingUp() throws {
    var run = try EngineHarness(.of("a", "b < a", with: ["a": StepSettings(allowFailure: true)]))
    #expect(run.end("a", .exit(1)).last == "launch b#1")
    run.end("b")
    #expect(run.phase("a") == .failed)
    #expect(run.outcome == .succeeded)
  }

  @Test func aStepThatMayFailMayBeSkippedToo() throws {
    var run = try EngineHarness(
      .of("a", "b < a", "c < b", with: ["b": StepSettings(allowFailure: true)]))
    #expect(
      run.end("a", .exit(1)) == [
        "commit: ended a#1, a failed, b skipped for a, schedule c#1", "launch c#1",
      ])
    run.end("c")
    #expect(run.outcome == .failed)
  }

  @Test func failFastStopsEverythingElse() throws {
    var run = try EngineHarness(.of("a", "b", "c", "d < b", failFast: true))
    // In definition order within one chain length: b, which has a dependent, and a.
    #expect(run.running == [run.attempt("b"), run.attempt("a")])
    #expect(
      run.end("a", .exit(1)) == [
        "commit: ended a#1, a failed, stopping: a failed, d skipped, to stop b#1, to stop c#1, "
          + "withdrawn c#1, c skipped",
        "stop b#1",
      ])
    run.end("b", .signal(15, cause: .stop))
    #expect(run.phase("b") == .cancelled)
    #expect(run.outcome == .failed)
  }

  @Test func failFastEndsDelays() throws {
    var run = try EngineHarness(
      .of("a", "b", with: ["b": .retrying(2)], failFast: true))
    run.end("b", .exit(1))
    run.end("a", .exit(1))
    #expect(run.phase("b") == .cancelled)
    #expect(run.outcome == .failed)
    #expect(run.engine.nextDeadline == nil)
  }

  @Test func failFastLetsStepsFailThatMay() throws {
    var run = try EngineHarness(
      .of("a", "b", with: ["a": StepSettings(allowFailure: true)], failFast: true))
    run.end("a", .exit(1))
    #expect(run.state.phase == .running)
    run.end("b")
    #expect(run.outcome == .succeeded)
  }

  @Test func aRunThatTakesTooLongIsStopped() throws {
    var run = try EngineHarness(.of("a", "b < a", timeoutMilliseconds: 5_000))
    #expect(run.engine.nextDeadline == run.now.monotonic.advanced(byMilliseconds: 5_000))
    #expect(run.pass(microseconds: 4_999_999) == [])
    #expect(
      run.pass(microseconds: 1) == [
        "commit: run timeout, stopping: timed out, b skipped, to stop a#1", "stop a#1",
      ])
    run.end("a", .signal(15, cause: .stop))
    #expect(run.outcome == .failed)
  }

  @Test func aRunThatIsJustInTimeSucceeds() throws {
    var run = try EngineHarness(.of("a", timeoutMilliseconds: 5_000))
    run.pass(milliseconds: 4_999)
    run.end("a")
    #expect(run.pass(milliseconds: 1) == [])
    #expect(run.outcome == .succeeded)
  }

  /// `flow cancel --force` stops attempts even where it cannot reach the engine.
  @Test func aRunWithAStepStoppedFromOutsideIsCancelled() throws {
    var run = try EngineHarness(.of("a", "b < a"))
    run.end("a", .signal(9, cause: .force))
    #expect(run.phase("a") == .cancelled)
    #expect(run.phase("b") == .skipped)
    #expect(run.outcome == .cancelled)
  }

  @Test func failureOutweighsAStopFromOutside() throws {
    var run = try EngineHarness(.of("a", "b"))
    run.end("a", .signal(9, cause: .force))
    run.end("b", .exit(1))
    #expect(run.outcome == .failed)
  }
}
