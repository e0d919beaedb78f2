import FlowCore
import Testing

@testable import FlowCommands

/// What people and programs are told of steps that want another end of a need than that it is done.
@Suite struct EdgeWordingTests {
  /// `deploy`, `rollback` if that fails, `audit` if it succeeds, `clean` after any end of `rollback`.
  private static var workflow: WorkflowDefinition {
    var workflow = WorkflowDefinition(
      "deploy", "rollback: deploy", "audit: deploy", "clean: rollback", "after: rollback")
    for (step, need, wanted) in [(1, 0, WantedEnd.failed), (2, 0, .succeeded), (3, 1, .settled)] {
      workflow.give(StepExtras(edges: [Edge(need: Int32(need), wanted: wanted)]), toStep: step)
    }
    return workflow
  }

  private static func run(_ code: UInt8) throws -> Explainer {
    var history = try History(workflow, jobs: 1)
    history.launch("deploy")
    history.end("deploy", .exited(code: code), milliseconds: 10)
    return try #require(Explainer(try history.view(isHeld: true)))
  }

  @Test func aSkippedStepSaysWhichEndItWanted() throws {
    let done = try Self.run(0)
    #expect(
      done.sentences(ofStep: 1) == [
        "rollback was skipped: it needs deploy to fail, which succeeded."
      ])
    #expect(
      done.sentences(ofStep: 4) == [
        "after was skipped: it needs rollback, which needs deploy to fail, which succeeded."
      ])
    #expect(
      try Self.run(1).sentences(ofStep: 2) == [
        "audit was skipped: it needs deploy to succeed, which failed: exit code 1 after 10ms."
      ])
  }

  @Test func aWaitingStepSaysWhichEndItWants() throws {
    var history = try History(Self.workflow, jobs: 1)
    history.launch("deploy")
    let explainer = try #require(Explainer(try history.view(isHeld: true)))
    #expect(
      explainer.sentences(ofStep: 3) == [
        "clean waits for its need: rollback to end, which is waiting too.",
        "Root cause: deploy, which is about to start.",
      ])
    #expect(explainer.unmetNeeds(ofStep: 1) == [0])
  }

  @Test func eventsAndProgressSayIt() throws {
    let explainer = try Self.run(0)
    let words = EventWording(explainer.state.definition)
    #expect(
      words.text(.stepSkipped(step: 1, .need(step: 0)))
        == "rollback skipped: it needs deploy to fail")
    #expect(
      explainer.wording.skipped(1, for: 0, explainer.state)
        == "needs deploy to fail, which succeeded")
    #expect(
      explainer.wording.skipped(4, for: 1, explainer.state) == "needs rollback, which was skipped")
  }

  // MARK: Conditions

  /// `test`, `report` if that has failed, `last` after it.
  private static var conditional: WorkflowDefinition {
    var workflow = WorkflowDefinition("test", "report: test", "last: report", "audit: report")
    let hasFailed = Condition([
      .result(step: 0), .literal(.result(.failed)), .compare(.equal),
    ])
    workflow.give(
      StepExtras(edges: [Edge(need: 0, wanted: .settled)], condition: hasFailed), toStep: 1)
    workflow.give(StepExtras(edges: [Edge(need: 1, wanted: .succeeded)]), toStep: 3)
    return workflow
  }

  @Test func aFalseConditionIsExplainedByItsValues() throws {
    var history = try History(Self.conditional, jobs: 1)
    history.run("test", .exited(code: 0), milliseconds: 10)
    let explainer = try #require(Explainer(try history.view(isHeld: true)))
    #expect(
      explainer.sentences(ofStep: 1) == [
        "report was skipped: its condition is false (steps.test.result is succeeded).",
        #"It runs only when steps.test.result == "failed"."#,
      ])
    #expect(
      explainer.sentences(ofStep: 3) == [
        "audit was skipped: it needs report to succeed, which was skipped, since its condition is"
          + " false."
      ])
    #expect(explainer.isMet(1, of: 2) && !explainer.isMet(1, of: 3))
    var (text, json, export) = ("", "", "")
    StatusPrinter(
      try history.read(), runID: "r", isHeld: true, engineProcessID: 42, now: history.wall
    ).printText(to: &text)
    #expect(text.contains("its condition is false (steps.test.result is succeeded)"), "\(text)")
    ExplanationPrinter(explainer, step: 1).printJSON(to: &json)
    #expect(
      json.contains(
        #""when":"steps.test.result == \"failed\"","state":"skipped","values":{"steps.test.result":"#
          + #""succeeded"}"#), "\(json)")
    JSONExporter(explainer: explainer, forEachEvent: nil).write(to: &export)
    #expect(export.contains(#""when":"steps.test.result == \"failed\"""#))
    #expect(export.contains(#""skippedFor":null,"values":{"steps.test.result":"succeeded"}"#))
  }

  @Test func aPlanHasConditions() throws {
    let workflow = Self.conditional
    let plan = PlanPrinter(workflow, try DependencyGraph(workflow.steps))
    #expect(plan.text.contains("\n  report: runs only when steps.test.result == \"failed\"\n"))
    #expect(plan.json.contains(#""when":"steps.test.result == \"failed\"""#))
  }

  /// As far as the values of the run say it.
  @Test func aPlanSaysWhichConditionsWillNotHold() throws {
    var workflow = Self.conditional
    workflow.parameters = [Parameter(name: "full", type: .bool)]
    workflow.give(StepExtras(condition: Condition([.parameter(0)])), toStep: 2)
    func plan(_ value: String) throws -> PlanPrinter {
      PlanPrinter(
        workflow, try DependencyGraph(workflow.steps),
        [ParameterValue(name: "full", texts: [value])], StepSelection())
    }
    let refused = "its condition is false (params.full is false)"
    #expect(try plan("false").text.hasSuffix("\nlast is skipped: \(refused)\n"))
    #expect(try plan("false").json.contains(#""runs":false,"why":"\#(refused)""#))
    #expect(try !plan("true").text.contains("skipped") && !plan("true").json.contains("false ("))
  }

  // MARK: Plans and graphs

  @Test func plansAndGraphsSayIt() throws {
    let workflow = Self.workflow
    let plan = PlanPrinter(workflow, try DependencyGraph(workflow.steps))
    #expect(plan.text.contains("\n  rollback: runs if deploy has failed\n"))
    #expect(plan.text.contains("\n  clean: runs if rollback has ended\n"))
    #expect(
      plan.json.contains(#""needs":["rollback"],"edges":[{"step":"rollback","when":"settled"}]"#))
    let explainer = try Self.run(0)
    var (dot, mermaid, json) = ("", "", "")
    DotExporter(explainer: explainer).write(to: &dot)
    #expect(dot.contains("  \"deploy\" -> \"rollback\" [label=\"failed\"];\n"))
    #expect(dot.contains("  \"rollback\" -> \"after\";\n"))
    MermaidExporter(explainer: explainer).write(to: &mermaid)
    #expect(mermaid.contains("  s0 -->|succeeded| s2\n") && mermaid.contains("  s1 --> s4\n"))
    ExplanationPrinter(explainer, step: 3).printJSON(to: &json)
    #expect(
      json.contains(#""needs":[{"id":"rollback","state":"skipped","isMet":true,"when":"settled","#),
      "\(json)")
  }
}
