import FlowCore
import Testing

/// Steps that run only when a condition holds.
@Suite struct EngineConditionTests {
  /// `steps.NEED.result == RESULT`
  private static func result(
    _ need: Int32, _ result: StepResult, _ comparison: Condition.Comparison = .equal
  ) -> Condition {
    Condition([.result(step: need), .literal(.result(result)), .compare(comparison)])
  }

  private static let never = Condition([.literal(.flag(false))])
  private static let always = Condition([.literal(.flag(true))])

  private static func workflow(
    _ workflow: WorkflowDefinition, _ conditions: [String: Condition]
  ) -> WorkflowDefinition {
    var workflow = workflow
    workflow.extras = [StepExtras()]
    for (index, step) in workflow.steps.enumerated() {
      // The edges that the text gave.
      var extras = StepExtras(condition: conditions[step.id])
      extras.edges = step.extrasIndex == 0 ? [] : [Edge(need: step.needs[0], wanted: .settled)]
      workflow.steps[index].extrasIndex = 0
      workflow.give(extras, toStep: index)
    }
    return workflow
  }

  @Test func whatHasAFalseConditionIsSkippedAtOnceAndItsDependentsRun() throws {
    var run = try EngineHarness(
      Self.workflow(.of("a", "b < a"), ["a": Self.never, "b": Self.always]), jobs: 1)
    #expect(run.history.contains("a skipped: its condition is false"))
    #expect(run.phase("a") == .skipped && run.phase("b") == .starting)
    run.end("b")
    #expect(run.outcome == .succeeded)
    #expect(!run.state.canReopen)
  }

  /// All needs have ended by then.
  @Test(arguments: [
    (AttemptEnd.success, StepResult.succeeded), (.exit(1), .failed),
    (.exit(0, cause: .stop), .cancelled),
  ])
  func aConditionKnowsHowNeedsHaveEnded(end: AttemptEnd, result: StepResult) throws {
    var run = try EngineHarness(
      Self.workflow(
        .of("a", "other", "b < a:settled other", "c < a:settled"),
        ["b": Self.result(0, result), "c": Self.result(0, result, .unequal)]), jobs: 2)
    run.end("a", end)
    #expect(run.phase("b") == .waiting(unmetNeeds: 1))
    #expect(run.phase("c") == .skipped)
    #expect(
      run.history.contains(
        "c skipped: its condition is false (steps.a.result is \(result))"))
    run.end("other")
    #expect(run.phase("b") == .starting)
  }

  @Test func whatIsSkippedOrLeftOutHasThatResult() throws {
    let conditions = ["c": Self.result(1, .skipped)]
    var run = try EngineHarness(
      Self.workflow(.of("a", "b < a", "c < b:settled"), conditions), jobs: 1)
    // The text wants any end of all needs: a has ended, whatever it came to.
    run.end("a")
    run.end("b")
    #expect(run.phase("c") == .skipped)
    var partial = try EngineHarness(
      Self.workflow(.of("a", "b", "c < b:settled"), conditions), jobs: 1, without: ["b"])
    partial.end("a")
    #expect(partial.phase("c") == .starting)
  }

  /// Nothing that asks for the condition's own step is true of a failure.
  @Test func aNeedThatEndsOtherwiseComesFirst() throws {
    var run = try EngineHarness(
      Self.workflow(.of("a", "b < a"), ["b": Self.result(0, .failed)]), jobs: 1)
    run.end("a", .exit(1))
    #expect(run.history.contains("b skipped for a"))
    #expect(run.outcome == .failed)
  }

  @Test func aRetryDoesNotAskAgain() throws {
    var run = try EngineHarness(
      Self.workflow(.of("a", "b < a", each: .retrying(2)), ["b": Self.result(0, .succeeded)]),
      jobs: 1)
    run.end("a")
    run.end("b", .exit(1))
    run.pass(milliseconds: 1_000)
    run.end("b")
    #expect(run.outcome == .succeeded && run.attempt("b").number == 2)
  }

  @Test func otherEndsThanDoneAreNotThoseOfAStepWithAFalseCondition() throws {
    var workflow = WorkflowDefinition.of("a", "b < a", "c < a", "d < a", "e < a")
    workflow.give(StepExtras(condition: Self.never), toStep: 0)
    for (step, wanted) in [(1, WantedEnd.succeeded), (2, .failed), (3, .settled)] {
      workflow.give(StepExtras(edges: [Edge(need: 0, wanted: wanted)]), toStep: step)
    }
    var run = try EngineHarness(workflow, jobs: 1)
    for step in ["b", "c"] { #expect(run.history.contains("\(step) skipped for a")) }
    for step in ["d", "e"] { run.end(step) }
    #expect(run.outcome == .succeeded)
  }

  /// A condition is evaluated by the engine that starts, and never while a run stops.
  @Test func aCancelComesFirst() throws {
    var run = try EngineHarness(
      Self.workflow(.of("a", "b < a"), ["b": Self.never]), jobs: 1)
    run.wakeUp([
      .cancelRequested(CancelRequest(id: 1, force: false)),
      .attemptEnded(run.attempt("a"), .success),
    ])
    #expect(run.history.contains("b skipped"))
    #expect(run.outcome == .cancelled)
  }

  // MARK: Rounds and crashes

  /// Selections and conditions stand, unless something before runs again.
  @Test func aConditionIsAskedAgainOnlyAfterWhatRunsAgain() throws {
    var run = try EngineHarness(
      Self.workflow(
        .of("a", "b < a:settled", "c", "d < c"),
        ["b": Self.result(0, .succeeded), "d": Self.never]), jobs: 1)
    run.end("a", .exit(1))
    #expect(run.phase("b") == .skipped)
    run.end("c")
    #expect(run.phase("d") == .skipped && run.outcome == .failed)
    #expect(run.reopen() == ["commit: reopened, engine 2, schedule a#2", "launch a#2"])
    #expect(run.phase("b") == .waiting(unmetNeeds: 1) && run.phase("d") == .skipped)
    run.end("a")
    run.end("b")
    #expect(run.outcome == .succeeded)
    #expect(!run.state.canReopen)
  }

  @Test func whatIsNamedIsAskedAgainWhenItsEngineIsThere() throws {
    var run = try EngineHarness(Self.workflow(.of("a", "b"), ["b": Self.never]), jobs: 1)
    run.end("a")
    #expect(run.outcome == .succeeded)
    let effects = run.reopen(scope: .only(StepSet([1])))
    #expect(
      effects.first
        == "commit: reopened, engine 2, b skipped: its condition is false, run succeeded")
    #expect(run.outcome == .succeeded)
  }

  @Test func anEngineThatDiesInBetweenChangesNothing() throws {
    var run = try EngineHarness(
      Self.workflow(.of("a", "b < a", "c < b"), ["b": Self.never]), jobs: 1)
    run.end("a")
    run.crash(losingCommit: false, found: ["c": .neverLaunched])
    run.end("c")
    #expect(run.outcome == .succeeded)
    #expect(run.history.count { $0.hasPrefix("b skipped") } == 1)
  }

  // MARK: Values

  private static func parameters(
    _ parameter: Parameter, _ texts: [String], _ condition: Condition
  ) throws -> (holds: Bool, history: [Event]) {
    var workflow = WorkflowDefinition.of("a", "b")
    workflow.parameters = [parameter]
    workflow.give(StepExtras(condition: condition), toStep: 0)
    let run = NewRun(
      runID: "r", seed: 0, programVersion: "0", jobs: 1, definitionFolder: "/",
      definition: workflow, graph: try DependencyGraph(workflow.steps),
      parameters: [ParameterValue(name: parameter.name, texts: texts)])
    let now = Moment(monotonic: Instant(microseconds: 0), wall: WallTime(microseconds: 0))
    var engine = Engine.create(
      run, engine: EngineStarted(life: 1, processID: 1, host: HostContext(bootID: "b")), at: now)
    guard case .commit(let events)? = engine.nextEffect() else {
      Issue.record("there is nothing to commit")
      return (false, [])
    }
    return (engine.state.steps[0].phase == .starting, events)
  }

  @Test func valuesOfTheRunDecide() throws {
    let full = Parameter(name: "full", type: .bool)
    #expect(try Self.parameters(full, ["true"], Condition([.parameter(0)])).holds)
    let (holds, events) = try Self.parameters(full, ["false"], Condition([.parameter(0)]))
    #expect(!holds)
    let inputs = [ConditionInput(name: "params.full", value: "false")]
    #expect(events.contains { $0.body == .stepSkipped(step: 0, .condition(inputs)) })
    let hosts = Parameter(name: "hosts", type: .list)
    let among = Condition([.literal(.text("b")), .parameter(0), .contained])
    #expect(try Self.parameters(hosts, ["a", "b"], among).holds)
    #expect(try !Self.parameters(hosts, [], among).holds)
  }

  /// What a history holds of them is bounded; the values themselves are in its first event.
  @Test func longValuesAreCut() throws {
    let name = Parameter(name: "name")
    let isEmpty = Condition([.parameter(0), .literal(.text("")), .compare(.equal)])
    let (_, events) = try Self.parameters(
      name, [String(repeating: "é", count: 1_000)], isEmpty)
    let cut = String(repeating: "é", count: 50) + "…"
    #expect(
      events.contains {
        $0.body
          == .stepSkipped(step: 0, .condition([ConditionInput(name: "params.name", value: cut)]))
      })
    let list = ConditionInput(name: "n", cutting: (0..<100_000).map { "element \($0)" })
    #expect(list.value.hasPrefix(#"["element 0", "element 1", "#) && list.value.utf8.count < 110)
    #expect(ConditionInput(name: "n", cutting: ["a", "\""]).value == #"["a", "\""]"#)
  }

  /// A history that lacks a value, which no engine writes, makes no condition true.
  @Test func whatIsAbsentIsNotTrue() {
    func holds(_ terms: Condition.Term...) -> Bool { Condition(terms).holds { _ in nil } }
    let absent = Condition.Term.parameter(0)
    let yes = Condition.Term.literal(.flag(true))
    #expect(!holds(absent) && !holds(absent, .not))
    #expect(holds(absent, yes, .or) && holds(yes, absent, .or) && !holds(absent, yes, .and))
    #expect(holds(absent, yes, .otherwise))
  }
}
