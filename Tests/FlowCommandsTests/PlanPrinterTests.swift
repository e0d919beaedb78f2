import FlowCore
import FlowDefinition
import FlowJSON
import Testing

@testable import FlowCommands

/// What the plan says of steps that run per item, and of what steps put out.
@Suite struct PlanPrinterTests {
  private static func plan(_ steps: String, parameters: String = "{}") throws -> PlanPrinter {
    let text = #"{"name": "w", "params": \#(parameters), "steps": [\#(steps)]}"#
    let definition = try DefinitionParser.parse(Array(text.utf8), file: "w.json")
    return PlanPrinter(definition, try DependencyGraph(definition.steps))
  }

  private static let scan =
    #"{"id": "scan", "run": "x", "outputs": {"files": "lines", "size": "int"}}"#

  @Test(arguments: [
    (#""over": "steps.scan.files", "jobs": 4"#, "for each of steps.scan.files, at most 4 at once"),
    (#""over": "steps.scan.files""#, "for each of steps.scan.files"),
    (#""over": "params.days""#, "for each of params.days"),
    (#""over": ["a", "b", "c"], "jobs": 1"#, "for each of 3 items, at most 1 at once"),
    (#""over": ["a"]"#, "for each of 1 item"),
    (
      #""matrix": {"os": ["linux", "mac"], "arch": ["arm", "x86", "riscv"]}"#, "for each of 6 items"
    ),
  ])
  func aNodeSaysWhatItRunsOver(forEach: String, expected: String) throws {
    let plan = try Self.plan(
      #"\#(Self.scan), {"id": "n", "needs": "scan", "run": "x", "forEach": {\#(forEach)}}"#,
      parameters: #"{"days": {"type": "list", "required": true}}"#)
    #expect(plan.text.hasSuffix("\nstage 2: n\n  n: \(expected)\n"), "\(plan.text)")
  }

  @Test func aListThatIsGivenIsCounted() throws {
    var workflow = NodeDisplayTests.workflow([])
    workflow.parameters = [Parameter(name: "days", type: .list)]
    var extras = StepExtras()
    extras.forEach = ForEach(over: .parameter(0))
    workflow.give(extras, toStep: 0)
    let plan = PlanPrinter(
      workflow, try DependencyGraph(workflow.steps),
      [ParameterValue(name: "days", texts: ["a", "b"])])
    #expect(plan.text.contains("  n: for each of params.days (2 items)\n"), "\(plan.text)")
  }

  @Test func outputsHaveNamesAndTypes() throws {
    let plan = try Self.plan(#"\#(Self.scan), {"id": "n", "run": "x"}"#)
    #expect(
      plan.text.hasSuffix("\nstage 1: scan n\n  scan: outputs files (lines), size (int)\n"),
      "\(plan.text)")
  }

  @Test func documentsSayTheSame() throws {
    let plan = try Self.plan(
      #"""
      \#(Self.scan), {"id": "n", "needs": "scan", "run": "x", "forEach": {"over": "steps.scan.files", "jobs": 2}},
      {"id": "m", "run": "x", "forEach": {"over": ["a", "b"]}}
      """#)
    let steps = try JSON(plan.json)["steps"]?.elements ?? []
    #expect(steps.map { $0["forEach"] == nil } == [true, false, false])
    #expect(plan.json.contains(#""outputs":{"files":"lines","size":"int"}"#), "\(plan.json)")
    #expect(
      plan.json.contains(#""forEach":{"over":"steps.scan.files","items":null,"jobs":2}"#),
      "\(plan.json)")
    #expect(plan.json.contains(#""forEach":{"over":null,"items":2,"jobs":null}"#), "\(plan.json)")
  }
}
