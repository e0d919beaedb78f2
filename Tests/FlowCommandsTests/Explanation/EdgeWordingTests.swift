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
