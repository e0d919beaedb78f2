import FlowCore
import Testing

/// Rounds in which a step that runs again comes after another only through steps that keep their end.
@Suite struct EngineKeptStepTests {
  private static func succeeded(_ workflow: WorkflowDefinition) throws -> EngineHarness {
    var run = try EngineHarness(workflow, jobs: 4, commitsAtOnce: true)
    while let attempt = run.running.first { run.wakeUp([.attemptEnded(attempt, .success)]) }
    #expect(run.outcome == .succeeded)
    return run
  }

  private static func only(_ run: EngineHarness, _ ids: String...) -> ReopenScope {
    .only(StepSet(ids.map { run.workflow.step($0) }))
  }

  @Test func theOrderHoldsAcrossThem() throws {
    var run = try Self.succeeded(.of("a", "b < a", "c < b", "d < c"))
    run.reopen(scope: Self.only(run, "a", "d"))
    #expect(run.phase("d") == .waiting(unmetNeeds: 1))
    #expect(run.state.selectedNeeds(ofStep: 3) == [0])
    run.end("a")
    #expect(run.phase("d") == .starting)
    run.end("d")
    #expect(run.outcome == .succeeded)
    #expect(run.attempt("b").number == 1 && run.attempt("c").number == 1)
  }

  @Test func aFailureHoldsAcrossThem() throws {
    var run = try Self.succeeded(.of("a", "b < a", "c < b"))
    run.reopen(scope: Self.only(run, "a", "c"))
    run.end("a", .exit(1))
    #expect(run.history.contains("c skipped for a"))
    #expect(run.phase("b") == .succeeded)
    #expect(run.outcome == .failed)
  }

  /// As where it would have been skipped for the failure.
  @Test func oneThatMayFailLetsItsDependentsRun() throws {
    var run = try Self.succeeded(
      .of("a", "b < a", "c < b", with: ["b": StepSettings(allowFailure: true)]))
    run.reopen(scope: Self.only(run, "a", "c"))
    run.end("a", .exit(1))
    #expect(run.phase("c") == .starting)
  }

  @Test func eachIsWaitedForOnce() throws {
    var run = try Self.succeeded(.of("a", "b", "k < a b", "l < a", "c < k l a"))
    run.reopen(scope: Self.only(run, "a", "b", "c"))
    #expect(run.phase("c") == .waiting(unmetNeeds: 3))
    run.end("a")
    #expect(run.phase("c") == .waiting(unmetNeeds: 1))
    run.end("b")
    #expect(run.phase("c") == .starting)
  }

  /// What keeps its end in one round may run again in the next.
  @Test func theNextRoundBeginsAnew() throws {
    var run = try Self.succeeded(.of("a", "b < a", "c < b"))
    run.reopen(scope: Self.only(run, "a", "c"))
    run.end("a", .exit(1))
    run.reopen()
    #expect(run.phase("b") == .waiting(unmetNeeds: 1))
    for id in ["a", "b", "c"] { run.end(id) }
    #expect(run.outcome == .succeeded)
    #expect(run.attempt("b").number == 2)
  }

  /// The history says that the order holds only where that is a question: earlier versions read the others.
  @Test func theHistoryNamesTheRuleWhereItCounts() throws {
    func scope(_ ids: String...) throws -> ReopenScope? {
      var run = try Self.succeeded(.of("a", "b < a", "c < b"))
      run.reopen(scope: .only(StepSet(ids.map { run.workflow.step($0) })))
      for event in run.durable {
        if case .runReopened(_, let scope) = event.body { return scope }
      }
      return nil
    }
    #expect(try scope("a", "c")?.holdsOrder == true)
    #expect(try scope("a", "b")?.holdsOrder == false)
    #expect(try scope("b", "c")?.holdsOrder == false)
  }

  /// A round that an earlier version began goes on as it began.
  @Test func earlierRoundsRunThemAtOnce() throws {
    var run = try Self.succeeded(.of("a", "b < a", "c < b"))
    var state = run.state
    let last = run.durable[run.durable.count - 1]
    try state.apply(
      Event(
        sequence: state.lastSequence + 1, moment: last.moment, startsWakeUp: true,
        body: .runReopened(ignoring: [], scope: Self.only(run, "a", "c"))))
    #expect(state.steps[0].phase == .ready && state.steps[2].phase == .ready)
    run.reopen(scope: Self.only(run, "a", "c"))
    #expect(run.phase("c") == .waiting(unmetNeeds: 1))
  }
}
