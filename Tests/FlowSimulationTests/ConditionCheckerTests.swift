import FlowCore
import Testing

@testable import FlowSimulation

/// A step `b` that runs only if `a` has failed, and `c` for a value of the run.
struct ConditionCheckerTests {
  private static let hasFailed = Condition([
    .result(step: 0), .literal(.result(.failed)), .compare(.equal),
  ])
  private static let isWord = Condition([
    .parameter(0), .literal(.list([.text("x"), .text("y")])), .contained, .not, .not,
    .literal(.list([.text("x")])), .size, .literal(.number("0.5")), .compare(.greater), .and,
  ])

  private static let workflow: WorkflowDefinition = {
    var workflow = WorkflowDefinition(
      name: "w",
      steps: [
        StepDefinition(id: "a", command: .shell("true")),
        StepDefinition(id: "b", command: .shell("true"), needs: [0]),
        StepDefinition(id: "c", command: .shell("true")),
      ], settings: [StepSettings()])
    workflow.parameters = [Parameter(name: "word")]
    workflow.give(
      StepExtras(edges: [Edge(need: 0, wanted: .settled)], condition: hasFailed), toStep: 1)
    workflow.give(StepExtras(condition: isWord), toStep: 2)
    return workflow
  }()

  private func fired(_ bodies: [Event.Body], word: String = "x") -> Violation? {
    var created = RunCreated(
      runID: "r", seed: 0, policyVersion: 2, programVersion: "0", jobs: 1, definitionFolder: "/",
      definitionByteCount: 1)
    created.parameters = [ParameterValue(name: "word", texts: [word])]
    let checker = ConditionChecker(Self.workflow)
    return violation(in: [.runCreated(created)] + bodies) { (event) throws(Violation) in
      try checker.learn(event)
    }
  }

  private static func scheduled(_ step: Int32) -> Event.Body {
    .attemptScheduled(AttemptID(step: step, number: 1))
  }

  private static func skipped(_ step: Int32, _ names: String...) -> Event.Body {
    .stepSkipped(step: step, .condition(names.map { ConditionInput(name: $0, value: "") }))
  }

  private static let failed = Event.Body.stepFinished(step: 0, .failed)
  private static let succeeded = Event.Body.stepFinished(step: 0, .succeeded)

  @Test func whatFollowsFromTheConditionHolds() {
    #expect(fired([Self.failed, Self.scheduled(1)]) == nil)
    #expect(fired([Self.succeeded, Self.skipped(1, "steps.a.result")]) == nil)
    #expect(fired([Self.scheduled(2)], word: "y") == nil)
    #expect(fired([Self.skipped(2, "params.word")], word: "z") == nil)
    // Every step may be skipped for another reason.
    #expect(fired([Self.failed, .stepSkipped(step: 1, .runStopping)]) == nil)
  }

  @Test func whatRunsAgainstItsConditionFires() {
    for bodies in [
      [Self.succeeded, Self.scheduled(1)], [Self.failed, Self.skipped(1, "steps.a.result")],
      [.stepFinished(step: 0, .cancelled), Self.scheduled(1)],
      [.stepSkipped(step: 0, .runStopping), Self.scheduled(1)],
    ] {
      #expect(fired(bodies)?.property == .condition, "\(bodies)")
    }
    #expect(fired([Self.scheduled(2)], word: "z")?.property == .condition)
    #expect(fired([Self.skipped(2, "params.word")])?.property == .condition)
  }

  @Test func aConditionThatIsAskedTooEarlyFires() {
    #expect(fired([Self.scheduled(1)])?.message.contains("has not ended") == true)
  }

  @Test func valuesAreThoseThatTheConditionAsksFor() {
    #expect(fired([Self.succeeded, Self.skipped(1)])?.property == .condition)
    #expect(fired([Self.succeeded, Self.skipped(1, "steps.b.result")])?.property == .condition)
  }

  @Test func aStepWithoutConditionIsNotSkippedForOne() {
    #expect(fired([Self.skipped(0)])?.property == .condition)
  }

  // MARK: What follows

  @Test func whatIsSkippedForItsConditionIsDoneAndNothingElse() {
    func standing(_ wanted: WantedEnd) -> SelectedSteps.Standing {
      var workflow = Self.workflow
      workflow.extras[1].edges = [Edge(need: 0, wanted: wanted)].filter { $0.wanted != .done }
      return SelectedSteps(workflow, without: StepSet()).standing(0, of: 1) { _ in
        .skipped(.condition([]))
      }
    }
    #expect(WantedEnd.allCases.map(standing) == [.met, .failed, .failed, .met])
  }

  @Test func aFalseConditionStandsUnlessSomethingBeforeRunsAgain() {
    let selected = SelectedSteps(Self.workflow, without: StepSet())
    let refused = StepEnd.skipped(.condition([]))
    #expect(
      selected.runningAgain(.withDependents, [.succeeded, refused, .failed])
        == [false, false, true])
    #expect(
      selected.runningAgain(.withDependents, [.failed, refused, refused]) == [true, true, false])
    #expect(!selected.isLeftBehind(1, [.succeeded, refused, refused], [false, false, false]))
  }
}
