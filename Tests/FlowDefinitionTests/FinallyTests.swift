import FlowCore
import FlowDefinition
import Testing

/// Steps of `finally` in a definition file.
struct FinallyTests {
  private static let steps =
    #""steps": [{"id": "a", "run": "x", "needs": ["b"]}, {"id": "b", "run": "y"}]"#
  private static let finally =
    #""finally": [{"id": "tidy", "run": "z", "needs": [{"step": "b", "when": "settled"}, "undo"]}, "#
    + #"{"id": "undo", "run": "u", "needs": {"step": "a", "when": "failed"}, "#
    + #""when": "steps.a.result == 'failed'"}]"#

  /// Wherever they stand in the file, they come after all others.
  @Test(arguments: ["\(steps), \(finally)", "\(finally), \(steps)"])
  func theyAreTheLastSteps(members: String) throws {
    let workflow = try parse(#"{"name": "n", \#(members)}"#)
    #expect(workflow.steps.map(\.id) == ["a", "b", "tidy", "undo"])
    #expect(workflow.steps.map(\.needs) == [[1], [], [1, 3], [0]])
    #expect(workflow.finallyCount == 2)
    #expect(workflow.wanted(ofStep: 2, from: 1) == .settled)
    #expect(workflow.wanted(ofStep: 2, from: 3) == .done)
    #expect(workflow.wanted(ofStep: 3, from: 0) == .failed)
    #expect(workflow.conditionText(ofStep: 3) == #"steps.a.result == "failed""#)
    let both = try parse(#"{"name": "n", \#(Self.steps), \#(Self.finally)}"#)
    #expect(workflow == both)
  }

  @Test func theyHaveATimeout() throws {
    func timeouts(_ defaults: String) throws -> [Int64?] {
      let workflow = try parse(
        #"{"name": "n", \#(defaults)"steps": [{"id": "a", "run": "x"}], "finally": "#
          + #"[{"id": "b", "run": "x"}, {"id": "c", "run": "x", "timeout": "1h"}]}"#)
      return workflow.steps.indices.map { workflow.settings(ofStep: $0).timeoutMilliseconds }
    }
    #expect(try timeouts("") == [nil, 300_000, 3_600_000])
    #expect(try timeouts(#""defaults": {"timeout": "10s"}, "#) == [10_000, 10_000, 3_600_000])
  }

  @Test(arguments: ["\(finally), ", ""]) func errorsNameTheirPlace(first: String) {
    let last = first.isEmpty ? ", \(Self.finally)" : ""
    let text =
      #"{"name": "n", \#(first)"steps": [{"id": "a", "run": "x", "needs": "undo"}, "#
      + #"{"id": "b", "run": "y", "probe": "p"}]\#(last)}"#
    let found = messages(text)
    #expect(
      found.contains {
        $0.contains("steps[0].needs[0]: a step of \"finally\" runs when all others have ended")
      }, "\(found)")
    #expect(found.contains { $0.contains("steps[1].probe: ") }, "\(found)")
  }

  @Test func mistakesInThemAreReported() {
    func found(_ steps: String) -> [String] {
      messages(#"{"name": "n", "steps": [{"id": "a", "run": "x"}], "finally": [\#(steps)]}"#)
    }
    func expect(_ steps: String, _ message: String) {
      let found = found(steps)
      #expect(found.count == 1 && found[0].hasSuffix(message), "\(found)")
    }
    expect(
      #"{"id": "a", "run": "y"}"#, #"finally[0].id: duplicate step id "a", first given at 1:32"#)
    expect(
      #"{"id": "b", "run": "y", "needs": ["c"]}, {"id": "c", "run": "y", "needs": ["b"]}"#,
      "finally[0].needs[0]: these steps need each other, so that none could start: b → c → b")
    expect(
      #"{"id": "b", "run": "y", "needs": ["b"]}"#, "finally[0].needs[0]: a step cannot need itself")
    expect(
      #"{"id": "b", "call": "c.json"}"#,
      #"finally[0].call: a step of "finally" has no "call": give it a "run""#)
    expect(
      #"{"id": "b", "run": "y", "onLost": "probe"}"#,
      #"finally[0].onLost: "probe" asks a command: give it as "probe" in the step or in "defaults""#
    )
    expect(
      #"{"id": "b", "run": "y", "when": "steps.a.result == 'failed'"}"#,
      #"the step does not need "a": add it to "needs", with "when": "settled" if any end will do"#)
  }

  /// It is of the whole run.
  @Test func aWorkflowThatIsCalledHasNone() {
    #expect(
      messages(#"{"name": "n", "finally": [{"id": "b", "run": "y"}]}"#).contains {
        $0.contains("missing \"steps\"")
      })
  }
}
