import FlowCore
import Testing

@testable import FlowDefinition

/// What `inputs` and `cache` of steps can say together.
@Suite struct InputTests {
  private func messages(_ steps: String, _ workflow: String = "") -> [String] {
    let text = "name: n\n\(workflow)steps:\n\(steps)"
    return errors(Array(text.utf8), as: .yaml)?.errors.map(\.message) ?? []
  }

  @Test func inputsAreKeptInTheOrderOfTheirBytes() throws {
    let workflow = try DefinitionParser.parse(
      Array(
        """
        name: n
        steps:
          - {id: a, run: x, inputs: ["src/**", data/], cache: true}
          - {id: b, run: x, inputs: one}
        """.utf8), file: "w.yaml")
    #expect(workflow.inputs(ofStep: 0) == ["data/", "src/**"] && workflow.caches(ofStep: 0))
    #expect(workflow.inputs(ofStep: 1) == ["one"] && !workflow.caches(ofStep: 1))
  }

  @Test(arguments: ["out/x", "out/*", "**/x", "out/", "out", "*/x"])
  func aStepNeedsThoseThatMakeWhatItReads(_ input: String) {
    let make = "  - {id: make, run: x, files: [out/x]}\n"
    let message = #""\#(input)" has "out/x", which the step "make" makes: add it to "needs""#
    #expect(messages(make + "  - {id: use, run: x, inputs: [\"\(input)\"]}") == [message])
    #expect(messages(make + "  - {id: use, run: x, needs: make, inputs: [\"\(input)\"]}").isEmpty)
    // Through another one.
    #expect(
      messages(
        make + "  - {id: mid, run: x, needs: make}\n"
          + "  - {id: use, run: x, needs: mid, inputs: [\"\(input)\"]}"
      ).isEmpty)
  }

  @Test func foldersAreFollowedFromTheFolderOfEachStep() {
    let make = "  - {id: make, run: x, cwd: a, files: [b/]}\n"
    #expect(
      messages(make + "  - {id: use, run: x, cwd: a/b, inputs: [c]}") == [
        #""c" has "b/", which the step "make" makes: add it to "needs""#
      ])
    #expect(messages(make + "  - {id: use, run: x, cwd: b, inputs: [c]}").isEmpty)
  }

  @Test func whatAStepMakesIsNotItsInput() {
    #expect(
      messages("  - {id: a, run: x, files: [out/x], inputs: [out/x]}") == [
        #""out/x" is made by the step itself, and cannot be its input"#
      ])
    // A pattern leaves it out.
    #expect(messages("  - {id: a, run: x, files: [out/x], inputs: [\"**\"]}").isEmpty)
  }

  @Test(arguments: [
    ("../x", #""../x" leads out of the folder of the step"#),
    ("/x", #""/x" is not relative to the folder of the step"#),
    (
      ".flow-stage/x",
      #"".flow-stage/x" is in .flow-stage, where steps write what is not published yet"#
    ),
  ])
  func inputsAreInTheFolderOfTheStep(_ input: String, _ message: String) {
    #expect(messages("  - {id: a, run: x, inputs: [\"\(input)\"]}") == [message])
  }

  @Test func whatACachedStepGetsOfFilesOfVariablesIsKnown() {
    let step = "  - {id: a, run: x, cache: true}"
    #expect(
      messages(step, "envFiles: [.env]\n") == [
        "what a cached step gets of \"envFiles\" must be told from what it inherits: give the workflow"
          + " \"environment\": \"clean\""
      ])
    #expect(messages(step, "envFiles: [.env]\nenvironment: clean\n").isEmpty)
  }

  @Test(arguments: [
    "  - {id: a, ask: {text: q}, cache: true}",
    "  - {id: a, run: x, onFailure: {run: y, cache: true}}",
    "  - {id: a, run: x, onFailure: {run: y, inputs: [z]}}",
    "  - {id: a, forEach: {over: [\"1\"]}, cache: true, steps: [{id: b, run: x}]}",
  ])
  func onlyCommandsHaveInputsAndResults(_ step: String) {
    #expect(messages(step).count == 1)
  }
}
