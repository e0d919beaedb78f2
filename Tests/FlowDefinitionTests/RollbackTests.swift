import FlowCore
import FlowDefinition
import Testing

/// `onFailure` in a definition file.
struct RollbackTests {
  private static let undo =
    #""onFailure": {"run": ["undo", "${params.p}"], "description": "Undoes it.", "env": {"A": "b"}}"#

  private static let steps =
    #""params": {"p": {"default": "x"}}, "steps": [{"id": "a", \#(undo), "run": "x"}, "#
    + #"{"id": "b", "run": "y", "needs": "a", "onFailure": {"run": "z", "timeout": "1h"}}]"#

  @Test func itIsAStepBehindItsOwn() throws {
    let workflow = try parse(#"{"name": "n", \#(Self.steps)}"#)
    #expect(workflow.steps.map(\.id) == ["a", "a/onFailure", "b", "b/onFailure"])
    #expect(workflow.steps.map(\.needs) == [[], [0], [0], [2]])
    #expect(workflow.stepRolledBack(by: 1) == 0 && workflow.rollback(ofStep: 2) == 3)
    #expect(workflow.rollback(ofStep: 1) == nil && workflow.stepRolledBack(by: 2) == nil)
    #expect(workflow.wanted(ofStep: 1, from: 0) == .settled)
    #expect(workflow.steps[1].command == .program(["undo", "${params.p}"]))
    #expect(workflow.extras(ofStep: 1).description == "Undoes it.")
    #expect(workflow.settings(ofStep: 1).environment.map(\.name) == ["A"])
    let timeouts = workflow.steps.indices.map { workflow.settings(ofStep: $0).timeoutMilliseconds }
    #expect(timeouts == [nil, 300_000, nil, 3_600_000])
    #expect(try DefinitionCodec.decode(DefinitionCodec.encode(workflow)) == workflow)
  }

  @Test func finallyBeforeTheStepsMovesThem() throws {
    let finally = #""finally": [{"id": "end", "run": "x", "needs": "b"}]"#
    let workflow = try parse(#"{"name": "n", \#(finally), \#(Self.steps)}"#)
    #expect(workflow == (try parse(#"{"name": "n", \#(Self.steps), \#(finally)}"#)))
    #expect(workflow.steps.map(\.id) == ["a", "a/onFailure", "b", "b/onFailure", "end"])
    #expect(workflow.steps[4].needs == [2])
  }

  @Test func errorsNameTheirPlace() {
    func errors(_ steps: String) -> [String] {
      messages(#"{"name": "n", "steps": [\#(steps)]}"#)
    }
    func expect(_ steps: String, _ message: String) {
      let found = errors(steps)
      #expect(found.count == 1 && found.allSatisfy { $0.contains(message) }, "\(found)")
    }
    let first = #"{"id": "a", "run": "x", "onFailure": {"run": "u"}}"#
    for key in [
      #""id": "b""#, #""needs": "a""#, #""when": "true""#, #""onFailure": {"run": "x"}"#,
      #""outputs": "v""#, #""call": "f""#, #""with": {}"#,
    ] {
      let name = key.prefix { $0 != ":" }
      expect(
        #"{"id": "a", "run": "x", "onFailure": {"run": "u", \#(key)}}"#,
        #"onFailure.\#(name.dropFirst().dropLast()): "onFailure" has no \#(name)"#)
    }
    // The places of later steps are those of the file.
    expect(
      #"\#(first), {"id": "b", "run": "x", "needs": "c"}"#,
      #"steps[1].needs[0]: no step has the id "c""#)
    expect(
      #"\#(first), {"id": "b", "run": "x", "onFailure": {"run": "u", "onLost": "probe"}}"#,
      #"steps[1].onFailure.onLost: "probe" asks a command"#)
    expect(
      #"\#(first), {"id": "b", "run": "x", "needs": "a/onFailure"}"#,
      #"steps[1].needs[0]: no step can need what "onFailure" runs: who needs "a" waits for it, too"#
    )
    // It is suggested for nothing.
    expect(
      #"\#(first), {"id": "b", "run": "x", "needs": "a/onFailur"}"#,
      #"no step has the id "a/onFailur""#)
    #expect(
      errors(#"\#(first), {"id": "b", "run": "x", "needs": "a/onFailur"}"#)
        .allSatisfy { !$0.contains("did you mean") })
    let call = errors(#"{"id": "a", "call": "f.json", "onFailure": {"run": "u"}}"#)
    #expect(
      call.count == 2
        && call[1].contains(#"steps[0].onFailure: a step with "call" has no "onFailure""#),
      "\(call)")
    expect(
      #"{"id": "onFailure", "run": "x"}"#, #"steps[0].id: no step can have the id "onFailure""#)
    let ofFinally = messages(
      #"{"name": "n", "steps": [{"id": "a", "run": "x"}], "finally": [{"id": "b", "run": "x", "onFailure": {"run": "u"}}]}"#
    )
    #expect(
      ofFinally.count == 1
        && ofFinally[0].contains(#"finally[0].onFailure: a step of "finally" has no "onFailure""#),
      "\(ofFinally)")
    // Nothing is said twice of a step without an id.
    #expect(errors(#"{"run": "x", "onFailure": {"run": "u"}}"#).count == 1)
  }

  /// It is told what its step is told, and nothing of that itself.
  @Test func itReadsWhatItsStepReads() throws {
    func file(_ run: String) -> String {
      #"""
      {"name": "n", "steps": [{"id": "a", "run": "x", "outputs": "v"}, {"id": "b", "run": "x", "needs": "a",
        "outputs": "w", "onFailure": {"run": ["x", "\#(run)"]}}, {"id": "c", "run": "x", "outputs": "v"}]}
      """#
    }
    let workflow = try parse(file("${steps.a.v}"))
    #expect(workflow.outputsRead(byStep: 2).map { "\($0.step) \($0.name)" } == ["0 v"])
    #expect(workflow.sources(ofStep: 2) == [0])
    let own = messages(file("${steps.b.w}"))
    #expect(own.count == 1 && own[0].contains("its step has put out nothing"), "\(own)")
    let other = messages(file("${steps.c.v}"))
    #expect(other.count == 1 && other[0].contains(#"does not need "c""#), "\(other)")
  }

  @Test func stepsOfACalledFileHaveTheirs() throws {
    struct Files: CalledFiles {
      func file(
        _ path: String, calledFrom caller: DefinitionPlace
      ) throws(CalledFileError) -> CalledFile {
        let text = #"""
          {"name": "c", "steps": [{"id": "a", "run": "x", "onFailure": {"run": "u"}},
            {"id": "b", "run": "y", "needs": "a", "onFailure": {"run": "v"}}]}
          """#
        return CalledFile(
          bytes: Array(text.utf8), place: DefinitionPlace(name: path, path: path, folder: ""))
      }
    }
    let text =
      #"{"name": "w", "steps": [{"id": "first", "run": "x", "onFailure": {"run": "t"}}, "#
      + #"{"id": "c", "call": "c.json", "needs": "first"}, {"id": "last", "run": "z", "needs": "c"}]}"#
    let found = try DefinitionParser.parse(
      Array(text.utf8), file: "w.json", calling: Files())
    #expect(
      found.steps.map(\.id) == [
        "first", "first/onFailure", "c/a", "c/a/onFailure", "c/b", "c/b/onFailure", "last",
      ])
    // Who needs the call needs its last step, and waits for its rollback with it.
    #expect(found.steps.map(\.needs) == [[], [0], [0], [2], [2], [4], [4]])
    #expect((0..<7).filter(found.isRollback) == [1, 3, 5])
    #expect((0..<7).filter(found.isCalled) == [2, 3, 4, 5])
    #expect(try DefinitionCodec.decode(DefinitionCodec.encode(found)) == found)
  }
}
