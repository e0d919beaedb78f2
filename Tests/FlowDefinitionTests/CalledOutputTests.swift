import FlowCore
import FlowDefinition
import Testing

/// Outputs of the steps of a file that is called, named in the calling file.
struct CalledOutputTests {
  private struct File: CalledFiles {
    let texts: [String: String]

    func file(
      _ path: String, calledFrom caller: DefinitionPlace
    ) throws(CalledFileError) -> CalledFile {
      CalledFile(
        bytes: Array((texts[path] ?? "").utf8),
        place: DefinitionPlace(name: path, path: path, folder: ""))
    }
  }

  /// Steps of the called file; the last two may have put out nothing when the call is done.
  private static let called = #"""
    {"name": "c", "params": {"full": {"type": "bool", "default": true}}, "steps": [
      {"id": "list", "run": "x", "outputs": {"files": "lines", "n": "int", "any": "json"}},
      {"id": "sum", "run": "x", "needs": "list", "outputs": ["hash"]},
      {"id": "maybe", "run": "x", "needs": "list", "when": "params.full", "outputs": ["v"]},
      {"id": "weak", "run": "x", "allowFailure": true, "outputs": ["v"]}]}
    """#
  private static let outer =
    #"{"name": "o", "steps": [{"id": "in", "call": "c.json"}, {"id": "r", "run": ["p", "${steps[\"in/sum\"].hash}"], "needs": "in"}]}"#

  private func parse(_ steps: String) throws(DefinitionErrors) -> WorkflowDefinition {
    let text = #"{"name": "m", "steps": [{"id": "c", "call": "c.json"}, \#(steps)]}"#
    return try DefinitionParser.parse(
      Array(text.utf8), file: "m.json",
      calling: File(texts: ["c.json": Self.called, "o.json": Self.outer]))
  }

  private func messages(_ steps: String) -> [String] {
    do throws(DefinitionErrors) {
      _ = try parse(steps)
      return []
    } catch {
      return error.errors.map { "\($0.path): \($0.message)" }
    }
  }

  @Test func theyAreReadAsAnyOther() throws {
    let definition = try parse(
      #"""
      {"id": "a", "needs": "c", "run": ["p", "${steps[\"c/list\"].files}", "${steps.c/list.n}"]},
      {"id": "b", "needs": "a", "run": "x", "env": {"H": "${steps[\"c/sum\"].hash}"},
       "when": "steps[\"c/list\"].n > 1 and size(steps[\"c/list\"].files) > 0 and (steps['c/maybe'].v ?? '') == ''"},
      {"id": "e", "needs": "c", "forEach": {"over": "steps[\"c/list\"].files"}, "steps": [
        {"id": "s", "run": ["p", "${item}", "${steps[\"c/sum\"].hash}"], "when": "steps['c/list'].n > 0"}]},
      {"id": "o", "call": "o.json"},
      {"id": "n", "needs": "o", "run": ["p", "${steps[\"o/in/sum\"].hash}"]}
      """#)
    let ids = definition.steps.map(\.id)
    func step(_ id: String) throws -> Int { try #require(ids.firstIndex(of: id)) }
    func reads(_ id: String) throws -> [String] {
      definition.outputsRead(byStep: try step(id)).map { "\(ids[Int($0.step)]).\($0.name)" }
    }
    #expect(try reads("a") == ["c/list.files", "c/list.n"])
    #expect(try reads("b") == ["c/sum.hash", "c/list.n", "c/list.files"])
    #expect(try reads("e") == ["c/list.files"])
    #expect(try reads("e/s") == ["c/sum.hash", "c/list.n"])
    #expect(try reads("n") == ["o/in/sum.hash"])
    #expect(try reads("o/r") == ["o/in/sum.hash"])
    let text = definition.conditionText(ofStep: try step("b"))
    #expect(
      text == #"steps["c/list"].n > 1 and size(steps["c/list"].files) > 0"#
        + #" and steps["c/maybe"].v ?? "" == """#)
    let decoded = try DefinitionCodec.decode(DefinitionCodec.encode(definition))
    #expect(DefinitionCodec.encode(decoded) == DefinitionCodec.encode(definition))
  }

  /// So that it gets all of them as files. What is no last step does not hold it back in any other way.
  @Test func whoNeedsACallNeedsItsStepsThatPutOutSomething() throws {
    let definition = try parse(#"{"id": "a", "needs": "c", "run": "x"}"#)
    #expect(definition.steps[4].needs == [0, 1, 2, 3])
    #expect(definition.extras(ofStep: 4).edges == [Edge(need: 0, wanted: .settled)])
  }

  @Test(arguments: [
    (
      #"{"id": "a", "needs": "c", "run": ["p", "${steps[\"c/lst\"].files}"]}"#,
      #"steps[1].run[1]: no step has the id "c/lst": did you mean "c/list"?"#
    ),
    (
      #"{"id": "a", "needs": "c", "run": ["p", "${steps[\"c/sum\"].hsh}"]}"#,
      #"steps[1].run[1]: the step "c/sum" has no output "hsh": did you mean "hash"?"#
    ),
    (
      #"{"id": "a", "run": ["p", "${steps[\"c/sum\"].hash}"]}"#,
      #"steps[1].run[1]: the step does not need "c/sum", directly or not: add it to "needs""#
    ),
    (
      #"{"id": "a", "needs": {"step": "c", "when": "settled"}, "run": ["p", "${steps[\"c/sum\"].hash}"]}"#,
      #"steps[1].run[1]: the step "c/sum" can end without its outputs when this step runs: need it with "when": "succeeded", or read the file in "$FLOW_INPUTS""#
    ),
    (
      #"{"id": "a", "needs": "c", "run": ["p", "${steps[\"c/weak\"].v}"]}"#,
      #"steps[1].run[1]: the step "c/weak" can end without its outputs when this step runs: need it with "when": "succeeded", or read the file in "$FLOW_INPUTS""#
    ),
    (
      #"{"id": "a", "needs": "c", "run": "x", "env": {"F": "${steps[\"c/list\"].files}"}}"#,
      #"steps[1].env.F: files is a list, which stands for whole elements of a "run" array only"#
    ),
    (
      #"{"id": "a", "needs": "c", "run": "x", "when": "steps['c/list'].n == 'x'"}"#,
      "steps[1].when: a number cannot be compared with a text"
    ),
    (
      #"{"id": "a", "needs": "c", "run": "x", "when": "steps['c/maybe'].v == ''"}"#,
      #"steps[1].when: the step "c/maybe" can end without its outputs when this step runs: write what stands for it then, as in "steps.ID.v ?? ''""#
    ),
    (
      #"{"id": "a", "needs": "c", "run": "x", "when": "steps['c/list'].any == ''"}"#,
      #"steps[1].when: a condition does not look into an output of the type "json""#
    ),
    (
      #"{"id": "a", "run": "x", "when": "steps['c/list'].n > 1"}"#,
      #"steps[1].when: the step does not need "c/list", directly or not: add it to "needs""#
    ),
    (
      #"{"id": "a", "needs": "c", "run": "x", "forEach": {"over": "steps[\"c/sum\"].hash"}}"#,
      #"steps[1].forEach.over: hash is no list: give it the type "lines" or "json""#
    ),
    (
      #"{"id": "a", "needs": "c", "run": "x", "forEach": {"over": "steps[\"c/no\"].files"}}"#,
      #"steps[1].forEach.over: no step has the id "c/no""#
    ),
    (
      #"{"id": "b", "call": "c.json", "needs": "c", "with": {"full": "${steps[\"c/sum\"].hash}"}}"#,
      "steps[1].call: parameter full: expected true or false, found an output of the type string"
    ),
    (
      #"{"id": "b", "call": "c.json", "needs": "c", "with": {"full": "${steps[\"c/no\"].hash}"}}"#,
      #"steps[1].call: no step has the id "c/no""#
    ),
    (
      #"{"id": "b", "call": "c.json", "needs": "c", "with": {"full": "${steps[\"c/sum\"].hsh}"}}"#,
      #"steps[1].call: the step "c/sum" has no output "hsh": did you mean "hash"?"#
    ),
  ])
  func whatIsWrongIsSaid(step: String, message: String) {
    #expect(messages(step) == [message])
  }
}
