import FlowCore
import Testing

@testable import FlowDefinition

/// What `files` of steps can say together.
@Suite struct FilesTests {
  private func messages(_ text: String) -> [String] {
    errors(Array(text.utf8), as: .yaml)?.errors.map(\.message) ?? []
  }

  @Test func pathsAreKeptInTheOrderOfTheirBytes() throws {
    let workflow = try definition(
      """
      name: n
      steps:
        - {id: a, run: x, files: [site/, out/b, out/a], cwd: sub}
        - {id: b, run: x, files: one, publish: inPlace}
      """)
    #expect(workflow.files(ofStep: 0) == ["out/a", "out/b", "site/"])
    #expect(workflow.publishMode(ofStep: 0) == .stage)
    #expect(workflow.files(ofStep: 1) == ["one"])
    #expect(workflow.publishMode(ofStep: 1) == .inPlace)
  }

  private func definition(_ text: String) throws -> WorkflowDefinition {
    try DefinitionParser.parse(Array(text.utf8), file: "w.yaml")
  }

  @Test(arguments: [
    ("out/x", "out/x", #""out/x" is also made by the step "a": let one step make it"#),
    ("out/", "out/x", #""out/x" is also made by the step "a", with "out/": let one step make it"#),
    ("out/x", "out/", #""out/" is also made by the step "a", with "out/x": let one step make it"#),
    (
      "out/${params.p}", "out/${params.p}",
      #""out/${params.p}" is also made by the step "a": let one step make it"#
    ),
  ])
  func noTwoStepsMakeTheSameFile(first: String, second: String, message: String) {
    let text = """
      name: n
      params: {p: {default: x}}
      steps:
        - {id: a, run: x, files: ["\(first)"]}
        - {id: b, run: x, files: ["\(second)"]}
      """
    func isRefused(_ text: String) -> Bool {
      let found = messages(text)
      return found.count == 1 && found[0].hasPrefix(message)
    }
    #expect(isRefused(text))
    // In another folder it is another file.
    #expect(messages(text.replacing("id: b,", with: "id: b, cwd: other,")).isEmpty)
    // This is the same folder.
    #expect(isRefused(text.replacing("id: b,", with: "id: b, cwd: ./x/..,")))
  }

  @Test func noStepDeclaresAFileInAFolderOfItsOwn() {
    let text = "{name: n, steps: [{id: a, run: x, files: [site/, site/index.html]}]}"
    #expect(
      messages(text) == [
        #""site/index.html" is declared with "site/", of which one is part of the other"#
      ])
  }

  @Test func everyItemMakesAFileOfItsOwn() {
    func text(_ path: String, cwd: String = ".") -> String {
      "{name: n, steps: [{id: a, run: x, cwd: '\(cwd)', forEach: {over: [p, q]}, files: ['\(path)']}]}"
    }
    #expect(
      messages(text("out/x")) == [#"every item would make "out/x": put "${item}" into it"#])
    #expect(messages(text("out/${item}")).isEmpty)
    #expect(messages(text("x", cwd: "of-${item}")).isEmpty)
  }

  @Test func whoHasNoCommandOfItsOwnDeclaresNone() {
    let ask = "{name: n, steps: [{id: a, ask: {text: Go?}, files: x}]}"
    #expect(messages(ask) == [#"a step with "ask" has no "files": it runs no command"#])
    let rollback = "{name: n, steps: [{id: a, run: x, onFailure: {run: y, files: x}}]}"
    #expect(
      messages(rollback).first?.hasPrefix(#""onFailure" has no "files": give them to the step"#)
        == true)
    let mode = "{name: n, steps: [{id: a, run: x, publish: inPlace}]}"
    #expect(
      messages(mode) == [
        #""publish" says how "files" come to their place, and the step declares none"#
      ])
  }
}
