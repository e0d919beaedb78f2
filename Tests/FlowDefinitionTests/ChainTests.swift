import FlowCore
import FlowDefinition
import Testing

/// `steps` of a step with `forEach`: a chain of steps for each item.
struct ChainTests {
  private static func file(_ steps: String, node: String = "") -> String {
    #"""
    {"name": "w", "params": {"p": {"default": "x"}}, "steps": [
      {"id": "s", "run": "x", "outputs": {"files": "lines", "rev": "string"}},
      {"id": "n", "needs": "s", "forEach": {"over": "steps.s.files"}\#(node), "steps": \#(steps)},
      {"id": "z", "needs": "n", "run": "x"}]}
    """#
  }

  private func said(_ text: String) -> [String] {
    errors(Array(text.utf8))?.errors.map(\.message) ?? []
  }

  @Test func theStepsAreBehindAllOthersEachBehindItsNeeds() throws {
    let workflow = try parse(
      Self.file(
        #"""
        [{"id": "sort", "needs": ["cut", {"step": "align", "when": "settled"}], "run": ["x", "${item}"]},
         {"id": "cut", "needs": "align", "run": "x"}, {"id": "align", "run": "x", "timeout": "5s"}]
        """#))
    #expect(workflow.steps.map(\.id) == ["s", "n", "z", "n/align", "n/cut", "n/sort"])
    #expect(workflow.chain(ofNode: 1) == 3..<6 && workflow.declaredCount == 3)
    #expect(workflow.steps[5].needs == [3, 4])
    #expect(workflow.wanted(ofStep: 5, from: 3) == .settled)
    #expect(workflow.settings(ofStep: 3).timeoutMilliseconds == 5_000)
    #expect(workflow.nameInChain(ofStep: 5) == "sort")
    #expect(try DefinitionCodec.decode(DefinitionCodec.encode(workflow)) == workflow)
  }

  /// The names of a chain come first in it, and elsewhere they mean nothing.
  @Test func whatAStepPutsOutIsKnownInItsChain() throws {
    let workflow = try parse(
      Self.file(
        #"""
        [{"id": "s2", "run": "x", "outputs": {"size": "int"}},
         {"id": "t", "needs": "s2", "when": "steps.s2.size > 3 and steps.s.rev == 'a'",
          "run": ["x", "${steps.s2.size}", "${steps.s.rev}"]}]
        """#))
    #expect(workflow.outputs(ofStep: 1) == [StepOutput(name: "size", type: .json)])
    #expect(
      workflow.conditionText(ofStep: 4) == "steps.s2.size > 3 and steps.s.rev == \"a\"")
  }

  @Test(arguments: [
    (#"[{"id": "a", "needs": "b", "run": "x"}]"#, #"no step has the id "b""#),
    (#"[{"id": "a", "needs": "s", "run": "x"}]"#, #"no step has the id "s""#),
    (
      #"[{"id": "a", "needs": "b", "run": "x"}, {"id": "b", "needs": "a", "run": "x"}]"#,
      "these steps need each other, so that none could start: a → b → a"
    ),
    (
      #"[{"id": "a", "run": "x", "forEach": {"over": ["1"]}}]"#,
      #"there is no forEach within a forEach: make one list of all combinations, as with "matrix""#
    ),
    (
      #"[{"id": "a", "call": "x.yaml"}]"#, #"a step that runs for each item has a "run""#
    ),
    (
      #"[{"id": "a", "ask": {"text": "?"}}]"#,
      #"a question is asked once: ask before the step with "forEach""#
    ),
    (
      #"[{"id": "a", "run": "x", "onFailure": {"run": "y"}}]"#,
      #"what a step of a chain leaves behind, another one can undo that needs it with "when": "failed""#
    ),
    (
      #"[{"id": "a", "run": "x", "outputs": "v"}, {"id": "b", "run": "x", "outputs": "v"}]"#,
      #"the step "a" of the chain has an output "v", too: rename one of them, since both are lists of the"#
        + #" step with "forEach""#
    ),
    (
      #"[{"id": "a", "run": ["x", "${steps.b.v}"]}, {"id": "b", "run": "x", "outputs": "v"}]"#,
      #"the step does not need "n/b", directly or not: add it to "needs""#
    ),
    ("[]", "expected at least one step, found an empty array"),
    (
      #"["x"]"#,
      #"expected an object such as {"id": "build", "run": "make"}, found a string"#
    ),
    ("[[]]", #"expected an object such as {"id": "build", "run": "make"}, found an array"#),
    (
      #"[{"id": "a", "run": "x"}, {"id": "a", "run": "x"}]"#,
      #"duplicate step id "a", first given at 3:84"#
    ),
  ])
  func whatCannotBeIsSaid(steps: String, error: String) {
    #expect(said(Self.file(steps)) == [error])
  }

  @Test(arguments: [
    (#", "run": "x""#, "run"), (#", "timeout": "5s""#, "timeout"),
    (#", "outputs": "v""#, "outputs"),
    (#", "retry": {"maxAttempts": 2}"#, "retry"), (#", "env": {"A": "b"}"#, "env"),
  ])
  func whatIsOfTheStepsIsNotOfTheNode(keys: String, name: String) {
    #expect(
      said(Self.file(#"[{"id": "a", "run": "x"}]"#, node: keys)) == [
        "a step with \"steps\" has no \"\(name)\": give it to those of its steps that shall have it"
      ])
  }

  @Test func aChainNeedsItems() {
    let file = #"{"name": "w", "steps": [{"id": "n", "steps": [{"id": "a", "run": "x"}]}]}"#
    #expect(
      said(file) == [
        #""steps" of a step run for each item of its "forEach", which is missing"#
      ])
  }

  @Test func errorsOfStepsAreWhereTheyAre() {
    let file = Self.file(
      #"[{"id": "a", "run": "x", "timout": "5s"}, {"id": "b", "run": ["${params.q}"]}]"#)
    #expect(
      errors(Array(file.utf8))?.errors.map(\.path) == [
        "steps[1].steps[0].timout", "steps[1].steps[1].run[0]",
      ])
  }

  @Test func theDepthOfNestingIsBounded() {
    let depth = 100_000
    let nested =
      String(repeating: #"[{"id": "a", "steps": "#, count: depth) + "[]"
      + String(repeating: "}]", count: depth)
    #expect(!said(Self.file(nested)).isEmpty)
  }

  @Test func aWorkflowWithChainsCanBeCalled() throws {
    let called = Self.file(
      #"[{"id": "f", "run": "x", "outputs": "v"}, {"id": "g", "needs": "f", "run": ["x", "${steps.f.v}"]}]"#
    )
    let outer = #"""
      {"name": "o", "steps": [{"id": "a", "run": "x"}, {"id": "c", "needs": "a", "call": "w.json"},
        {"id": "m", "needs": "c", "forEach": {"over": ["1"]}, "steps": [{"id": "g", "run": "x"}]}]}
      """#
    struct Files: CalledFiles {
      let text: String

      func file(
        _ path: String, calledFrom caller: DefinitionPlace
      ) throws(CalledFileError) -> CalledFile {
        CalledFile(
          bytes: Array(text.utf8), place: DefinitionPlace(name: path, path: path, folder: ""))
      }
    }
    let workflow = try DefinitionParser.parse(
      Array(outer.utf8), file: "o.json", calling: Files(text: called),
      from: DefinitionPlace(name: "o.json", path: "o.json", folder: ""))
    #expect(
      workflow.steps.map(\.id) == ["a", "c/s", "c/n", "c/z", "m", "c/n/f", "c/n/g", "m/g"])
    #expect(workflow.chain(ofNode: 2) == 5..<7 && workflow.chain(ofNode: 4) == 7..<8)
    #expect(workflow.steps[6].needs == [5])
    #expect(workflow.step(named: "c/f", by: 6) == 5)
    #expect(try DefinitionCodec.decode(DefinitionCodec.encode(workflow)) == workflow)
  }
}
