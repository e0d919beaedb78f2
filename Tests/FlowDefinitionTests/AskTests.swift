import FlowCore
import FlowDefinition
import Testing

/// `ask` in a definition file.
struct AskTests {
  private func steps(_ steps: String) -> String { #"{"name": "w", "steps": [\#(steps)]}"# }

  @Test func aQuestionIsRead() throws {
    let workflow = try parse(
      steps(
        #"{"id": "a", "ask": {"text": "Go ${run.id}?", "timeout": "2h", "otherwise": "reject", "#
          + #""fields": {"tag": "string", "n": "int"}}, "allowFailure": true}"#))
    #expect(
      workflow.question(ofStep: 0)
        == Question(text: "Go ${run.id}?", timeoutMilliseconds: 7_200_000, otherwise: .reject))
    #expect(
      workflow.outputs(ofStep: 0) == [StepOutput(name: "n", type: .int), StepOutput(name: "tag")])
    #expect(workflow.settings(ofStep: 0) == StepSettings(allowFailure: true))
    #expect(workflow.hasTemplates)
    let canonical = DefinitionCodec.encode(workflow)
    #expect(try DefinitionCodec.decode(canonical) == workflow)
  }

  @Test func withoutATimeoutItWaitsForEver() throws {
    let workflow = try parse(steps(#"{"id": "a", "ask": {"text": "?"}}"#))
    #expect(workflow.question(ofStep: 0) == Question(text: "?"))
  }

  /// It has no attempts, so what `defaults` say of them is not its own.
  @Test func defaultsDoNotReachItButForAllowFailure() throws {
    let workflow = try parse(
      #"{"name": "w", "defaults": {"timeout": "1m", "retry": {"maxAttempts": 3}, "allowFailure": true, "env": {"A": "b"}}, "#
        + #""steps": [{"id": "a", "ask": {"text": "?"}}, {"id": "b", "run": "x"}]}"#)
    #expect(workflow.settings(ofStep: 0) == StepSettings(allowFailure: true))
    #expect(workflow.settings(ofStep: 1).timeoutMilliseconds == 60_000)
  }

  @Test(arguments: [
    (#""run": "x""#, "run", "it runs no command"),
    (#""retry": {"maxAttempts": 2}"#, "retry", "it runs no command"),
    (#""env": {"A": "b"}"#, "env", "it runs no command"),
    (#""cwd": "x""#, "cwd", "it runs no command"),
    (#""secrets": []"#, "secrets", "it runs no command"),
    (#""onLost": "fail""#, "onLost", "it runs no command"),
    (#""shell": "bash""#, "shell", "it runs no command"),
    (#""timeout": "1s""#, "timeout", #"the "timeout" for the answer belongs into "ask""#),
    (#""outputs": "v""#, "outputs", #"its outputs are the "fields" of "ask""#),
  ])
  func otherKeysAreRefused(member: String, name: String, why: String) {
    let found = messages(steps(#"{"id": "a", "ask": {"text": "?"}, \#(member)}"#))
    #expect(found.count == 1)
    #expect(
      found.first?.hasSuffix("steps[0].\(name): a step with \"ask\" has no \"\(name)\": \(why)")
        == true, "\(found)")
  }

  @Test(arguments: [
    (
      #"{"id": "a", "ask": {"text": "?", "otherwise": "fail"}}"#,
      #"steps[0].ask.otherwise: "otherwise" says what counts after the "timeout": give a "timeout""#
    ),
    (
      #"{"id": "a", "ask": {"text": "?", "timeout": "1h", "otherwise": "approve", "fields": "x"}}"#,
      #"steps[0].ask.otherwise: without an answer the "fields" have no values: choose "reject" or "fail""#
    ),
    (
      #"{"id": "a", "ask": {"text": "${params.x}"}}"#,
      #"steps[0].ask.text: no parameter has the name "x""#
    ),
    (
      #"{"id": "a", "ask": {"text": "${steps.b.x}"}}, {"id": "b", "run": "x", "outputs": "x"}"#,
      #"steps[0].ask.text: the step does not need "b", directly or not: add it to "needs""#
    ),
    (
      #"{"id": "a", "call": "x.json", "ask": {"text": "?"}}"#,
      #"steps[0].ask: a step with "call" has no "ask": the steps of the other file say how they run"#
    ),
  ])
  func errorsNameTheirPlace(text: String, message: String) {
    let found = messages(steps(text))
    #expect(found.contains { $0.hasSuffix(message) }, "\(found)")
  }

  @Test func noneOfFinallyAsks() {
    let found = messages(
      #"{"name": "w", "steps": [{"id": "a", "run": "x"}], "finally": [{"id": "b", "ask": {"text": "?"}}]}"#
    )
    #expect(found.count == 1)
    #expect(
      found.first?.hasSuffix(
        #"finally[0].ask: a step of "finally" has no "ask": it would keep the run from its end"#)
        == true)
  }

  @Test func aTextHasALimit() {
    let most = String(repeating: "x", count: Question.mostTextBytes)
    #expect(messages(steps(#"{"id": "a", "ask": {"text": "\#(most)"}}"#)) == [])
    #expect(messages(steps(#"{"id": "a", "ask": {"text": "\#(most)x"}}"#)).count == 1)
  }

  /// What an approval gives is there for certain where the step must have succeeded.
  @Test func fieldsAreOutputsOfConditionsAndTexts() throws {
    let question = #"{"id": "q", "ask": {"text": "?", "fields": {"n": "int"}}}"#
    let reader =
      #"{"id": "b", "needs": "q", "when": "steps.q.n > 1", "run": ["x", "${steps.q.n}"]}"#
    #expect(messages(steps("\(question), \(reader)")) == [])
    let any =
      #"{"id": "b", "needs": {"step": "q", "when": "settled"}, "run": ["x", "${steps.q.n}"]}"#
    #expect(
      messages(steps("\(question), \(any)")).first?.contains("can end without its outputs") == true)
  }
}
