import FlowCore
import FlowDefinition
import Testing

/// `notify` in a definition file.
struct NotifyTests {
  private static let steps = #""steps": [{"id": "a", "run": "x", "onFailure": {"run": "u"}}]"#
  private static let finally = #""finally": [{"id": "end", "run": ["y", "${params.p}"]}]"#
  private static let notify =
    #""notify": [{"on": ["failed", "cancelled"], "run": ["z", "${params.p}"], "description": "Mails."}, "#
    + #"{"run": "w", "on": ["succeeded"], "timeout": "5s", "retry": {"maxAttempts": 10}}]"#
  private static let parameters = #""params": {"p": {"default": "x"}}"#

  @Test func theyAreTheLastStepsWhereverTheyStand() throws {
    let workflow = try parse(
      #"{"name": "n", \#(Self.parameters), \#(Self.steps), \#(Self.finally), \#(Self.notify)}"#)
    #expect(workflow.steps.map(\.id) == ["a", "a/onFailure", "end", "notify/1", "notify/2"])
    #expect(workflow.finallySteps == 2..<3 && workflow.notifySteps == 3..<5)
    #expect((0..<5).filter(workflow.isFinally) == [2])
    #expect((0..<5).filter(workflow.isCalled) == [])
    #expect(workflow.extras(ofStep: 3).notice == Notice(on: [.failed, .cancelled]))
    #expect(workflow.extras(ofStep: 4).notice == Notice(on: .succeeded))
    #expect(workflow.extras(ofStep: 3).description == "Mails.")
    #expect(workflow.steps[3].command == .program(["z", "${params.p}"]))
    let timeouts = workflow.steps.indices.map { workflow.settings(ofStep: $0).timeoutMilliseconds }
    #expect(timeouts == [nil, 300_000, 300_000, 60_000, 5_000])
    #expect(try DefinitionCodec.decode(DefinitionCodec.encode(workflow)) == workflow)
    for order in [
      [Self.notify, Self.finally, Self.steps], [Self.finally, Self.notify, Self.steps],
      [Self.steps, Self.notify, Self.finally],
    ] {
      let text = ([Self.parameters] + order).joined(separator: ", ")
      #expect(try parse(#"{"name": "n", \#(text)}"#) == workflow)
    }
  }

  @Test func whatDefaultsSayOfLossesAndFailuresIsForOthers() throws {
    let defaults =
      #""defaults": {"onLost": "probe", "probe": "p", "allowFailure": true, "timeout": "2h", "#
      + #""retry": {"maxAttempts": 50}, "env": {"A": "b"}}"#
    let workflow = try parse(
      #"{"name": "n", \#(defaults), \#(Self.parameters), \#(Self.steps), \#(Self.notify)}"#)
    let settings = workflow.settings(ofStep: 2)
    #expect(settings.onLost == .rerun && settings.probe == nil && !settings.allowFailure)
    #expect(settings.retry.maxAttempts == 10 && settings.timeoutMilliseconds == 7_200_000)
    #expect(settings.environment.map(\.name) == ["A"])
    #expect(workflow.settings(ofStep: 0).retry.maxAttempts == 50)
    #expect(try DefinitionCodec.decode(DefinitionCodec.encode(workflow)) == workflow)
    // A probe is asked by steps alone.
    let lost =
      #"{"name": "n", "defaults": {"onLost": "probe"}, "steps": [{"id": "a", "run": "x", "probe": "p"}], \#(Self.parameters), \#(Self.notify)}"#
    #expect(messages(lost) == [])
  }

  @Test func oneTellsOfARecoveryOrOfARunThatTakesLong() throws {
    let workflow = try parse(
      #"{"name": "n", \#(Self.steps), "notify": [{"on": ["recovered", "failed"], "run": "x"}, {"slow": "2h", "run": "y"}]}"#
    )
    #expect(workflow.extras(ofStep: 2).notice == Notice(on: [.failed, .recovered]))
    #expect(workflow.extras(ofStep: 3).notice == Notice(slowMilliseconds: 7_200_000))
    #expect(workflow.tellsOfRecovery && workflow.isSlowNotice(3) && !workflow.isSlowNotice(2))
    #expect(try DefinitionCodec.decode(DefinitionCodec.encode(workflow)) == workflow)
    #expect(DefinitionCodec.name(in: DefinitionCodec.encode(workflow), policy: .second) == "n")
  }

  @Test func errorsNameTheirPlace() {
    func expect(_ notify: String, _ message: String, steps: String = Self.steps) {
      let found = messages(#"{"name": "n", \#(steps), "notify": [\#(notify)]}"#)
      #expect(found.count == 1 && found.allSatisfy { $0.contains(message) }, "\(found)")
    }
    let first = #"{"on": ["failed"], "run": "x"}"#
    for key in [
      #""id": "b""#, #""needs": "a""#, #""when": "true""#, #""onFailure": {"run": "x"}"#,
      #""outputs": "v""#, #""call": "f.json""#, #""onLost": "fail""#, #""probe": "p""#,
      #""allowFailure": true"#,
    ] {
      let name = key.prefix { $0 != ":" }
      expect(
        #"\#(first), {"on": ["failed"], "run": "u", \#(key)}"#,
        #"notify[1].\#(name.dropFirst().dropLast()): "notify" has no \#(name)"#)
    }
    expect(
      #"\#(first), {"on": ["failed"], "run": ["${params.q}"]}"#, "notify[1].run[0]: no parameter")
    expect(#"{"on": ["failed"], "run": ["${steps.a.v}"]}"#, "notify[0].run[0]: ")
    expect(
      #"{"on": ["failed"], "slow": "1h", "run": "x"}"#,
      #"notify[0].slow: "slow" tells of a run that is not over"#)
    expect(#"{"on": ["slow"], "run": "x"}"#, #"give "slow" a time such as "2h" instead of "on""#)
    expect(
      first, #"steps[0].id: no step can have the id "notify" in a workflow with "notify""#,
      steps: #""steps": [{"id": "notify", "run": "x"}]"#)
    #expect(messages(#"{"name": "n", "steps": [{"id": "notify", "run": "x"}]}"#) == [])
    expect(
      first, "steps[0].needs[0]: ",
      steps: #""steps": [{"id": "a", "run": "x", "needs": "notify/1"}]"#)
  }
}
