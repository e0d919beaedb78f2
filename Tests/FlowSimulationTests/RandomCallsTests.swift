import FlowCore
import FlowRuntime
import Testing

@testable import FlowSimulation

/// What options draw into random workflows, and that nothing is drawn without them.
struct RandomCallsTests {
  private static func workflow(
    seed: UInt64, _ change: (inout SimulationOptions) -> Void
  ) -> WorkflowDefinition {
    var options = SimulationOptions.quiet
    options.steps = 12
    change(&options)
    return RandomWorkflow.draw(from: SeededChoices(seed: seed), options).definition
  }

  @Test func stepsOfACallAreToldWhatItGives() throws {
    var calls = 0
    for seed in 1...30 as ClosedRange<UInt64> {
      let plain = Self.workflow(seed: seed) { _ in }
      let definition = Self.workflow(seed: seed) { $0.callPercent = 40 }
      // The same workflow, but for ids and commands.
      #expect(definition.steps.map { $0.needs } == plain.steps.map { $0.needs })
      #expect(definition.settings == plain.settings)
      #expect(plain.parameters == [RandomWorkflow.parameter])
      let values = RandomWorkflow.values(seed: seed, definition)
      #expect(values.map(\.name) == definition.parameters.map(\.name))
      #expect(Set(values.map(\.texts)).count <= 2)
      for (index, step) in definition.steps.enumerated() {
        let name = try #require(RandomCalls.parameter(ofStep: index, step))
        let call = step.id.split(separator: "/").dropLast().first
        #expect(name == (call.map { "\($0)/word" } ?? "word"))
        let same = RandomCalls.steps(besides: index, in: definition)
        #expect(same.contains(Int32(index)))
        if call != nil { calls += 1 } else { #expect(same.count == 1) }
      }
    }
    #expect(calls > 50)
  }

  /// What the parser makes of a template, the simulator writes out.
  @Test func aCallGivesWhatItsBindingSays() throws {
    let definition = Self.workflow(seed: 7) { $0.callPercent = 100 }
    let values = RandomWorkflow.values(seed: 7, definition)
    let parameter = try #require(definition.parameters.last)
    let template = try Template(try #require(parameter.binding?.first))
    let text = template.text { reference in
      guard case .parameter("word") = reference else { return "" }
      return values[0].texts[0]
    }
    #expect(values.last?.texts == [text])
  }

  @Test func filesOfVariablesDifferBetweenLives() {
    var shapes: Set<[String]> = []
    for seed in 1...30 as ClosedRange<UInt64> {
      let definition = Self.workflow(seed: seed) { $0.variableFilePercent = 100 }
      let environment = RandomVariables.environment(of: definition, byProcess: 11)
      let files = RandomVariables.read(definition, byProcess: 11)
      #expect(World.environment(ofProcess: 11).ofRun(definition, files: files) == environment)
      #expect(RandomVariables.environment(of: definition, byProcess: 12) != environment)
      shapes.insert(environment.variables.map { String(decoding: $0, as: UTF8.self) })
    }
    #expect(
      shapes == [["FIRST=11", "BOTH=second 11"], ["CALLER=11", "FIRST=11", "BOTH=second 11"]])
    #expect(Self.workflow(seed: 1) { _ in }.variableFiles == [])
  }

  /// Definitions of policy 1 have neither.
  @Test func policyOneHasNone() {
    let definition = Self.workflow(seed: 1) {
      $0.policy = 1
      ($0.callPercent, $0.variableFilePercent) = (100, 100)
    }
    #expect(definition.parameters == [] && definition.variableFiles == [])
    #expect(definition.steps.map(\.id) == (0..<12).map { "s\($0)" })
  }
}
