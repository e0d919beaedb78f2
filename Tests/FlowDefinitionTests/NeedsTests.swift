import FlowCore
import FlowDefinition
import Testing

struct NeedsTests {
  @Test func needsBecomeAscendingIndices() throws {
    let found = try definition(
      workflow(
        steps: """
          {"id": "d", "run": "x", "needs": ["c", "a", "\\u0062"]},
          {"id": "a", "run": "x", "needs": []},
          {"id": "b", "run": "x", "needs": ["c", "a"]},
          {"id": "c", "run": "x"}
          """))
    #expect(found.steps.map(\.needs) == [[1, 2, 3], [], [1, 3], []])
  }

  @Test(arguments: [
    ("biuld", #"no step has the id "biuld": did you mean "build"?"#),
    ("Build", #"no step has the id "Build": did you mean "build"?"#),
    ("build.", #"no step has the id "build.": did you mean "build"?"#),
    ("test-units", #"no step has the id "test-units": did you mean "test-unit"?"#),
    ("tst-unit", #"no step has the id "tst-unit": did you mean "test-unit"?"#),
    ("deploy", #"no step has the id "deploy""#),
    ("", #"no step has the id """#),
    ("y", #"no step has the id "y""#),
    ("\u{212A}", "no step has the id \"\u{212A}\""),
    (#"a\nb"#, #"no step has the id "a\nb""#),
  ])
  func anUnknownNeedNamesItsNearestNeighbour(need: String, message: String) {
    Wrong(#"["build", ‸"\#(need)"]"#, "steps[4].needs[1]: \(message)").checkBoth {
      workflow(
        steps: """
          {"id": "build", "run": "x"}, {"id": "K", "run": "x"}, {"id": "test-unit", "run": "x"},
          {"id": "x", "run": "x"}, {"id": "last", "run": "x", "needs": \($0)}
          """)
    }
  }

  @Test(arguments: [DefinitionSpelling.json, .yaml])
  func aNeedSaysWhichEndIsWanted(_ spelling: DefinitionSpelling) throws {
    let found = try definition(
      workflow(
        steps: """
          {"id": "d", "run": "x", "needs": [{"step": "c", "when": "failed"}, "a",
            {"when": "settled", "step": "b"}]},
          {"id": "a", "run": "x", "needs": {"step": "b", "when": "succeeded"}},
          {"id": "b", "run": "x", "needs": [{"step": "c"}], "description": "kept"},
          {"id": "c", "run": "x", "needs": []}
          """), as: spelling)
    #expect(found.steps.map(\.needs) == [[1, 2, 3], [2], [3], []])
    #expect(
      found.steps.indices.map { found.extras(ofStep: $0).edges } == [
        [Edge(need: 2, wanted: .settled), Edge(need: 3, wanted: .failed)],
        [Edge(need: 2, wanted: .succeeded)], [], [],
      ])
    #expect(found.extras(ofStep: 2).description == "kept")
    #expect(
      found.wanted(ofStep: 0, from: 1) == .done && found.wanted(ofStep: 0, from: 3) == .failed)
    // In memory, too, it is what a history will say.
    #expect(try DefinitionCodec.decode(DefinitionCodec.encode(found)) == found)
    // That it is to be done is what is meant anyway.
    let same = try definition(
      workflow(steps: #"{"id": "a", "run": "x"}, {"id": "b", "run": "x", "needs": "a"}"#))
    let spelled = try definition(
      workflow(
        steps: """
          {"id": "a", "run": "x"},
          {"id": "b", "run": "x", "needs": {"step": "a", "when": "done"}}
          """))
    #expect(DefinitionCodec.encode(same) == DefinitionCodec.encode(spelled))
  }

  @Test(arguments: [
    Wrong(
      #"{"step": "b", "when": ‸"skipped"}"#,
      #"needs.when: expected "done", "succeeded", "failed" or "settled", found "skipped""#),
    Wrong(
      #"[{"step": "b", ‸"if": "failed"}]"#,
      #"needs[0].if: unknown key: a need takes "step", "when""#),
    Wrong(
      #"["b", {"step": ‸"b", "when": "failed"}]"#,
      "needs[1]: repeated need, first given at 1:84"),
    Wrong(#"[‸{"when": "failed"}]"#, #"needs[0]: missing "step": the id of the step"#),
    Wrong(
      #"[{"when": "failed", "step": ‸"B"}]"#,
      #"needs[0]: no step has the id "B""#),
  ])
  func whatIsWrongWithANeedIsSaid(wrong: Wrong) {
    Wrong(wrong.json, "steps[1].\(wrong.message)").checkBoth {
      workflow(steps: #"{"id": "b", "run": "x"}, {"id": "a", "run": "x", "needs": \#($0)}"#)
    }
  }

  @Test func aStepDoesNotNeedItselfOrAnythingTwice() {
    let json = workflow(
      steps: """
        {"id": "a", "run": "x"},
        {"id": "b", "run": "x", "needs": ["a", "b", "a", "c", "a", "b"]},
        {"id": "c", "run": "x"}
        """)
    #expect(
      lines(json)
        == [
          "2:40: steps[1].needs[1]: a step cannot need itself",
          "2:45: steps[1].needs[2]: repeated need, first given at 2:35",
          "2:55: steps[1].needs[4]: repeated need, first given at 2:35",
          "2:60: steps[1].needs[5]: a step cannot need itself",
        ])
  }

  @Test func aRepeatedIDNamesTheFirst() {
    Wrong(
      #"{"id": "a", "run": "x"}, {"id": ‸"a", "run": "x"}"#,
      #"steps[1].id: duplicate step id "a", first given at 1:32"#
    ).checkBoth(in: workflow(steps:))
  }

  @Test(arguments: [
    (
      #"{"id": "a", "run": "x", "needs": ["b"]}, {"id": "b", "run": "x", "needs": ["a"]}"#,
      "steps[0].needs[0]", "a → b → a"
    ),
    (
      // The cycle begins at its first step in the file; what leads to it is left out.
      #"{"id": "z", "run": "x", "needs": ["b"]}, {"id": "b", "run": "x", "needs": ["z0", "c"]}, "#
        + #"{"id": "z0", "run": "x"}, {"id": "a", "run": "x", "needs": ["b"]}, "#
        + #"{"id": "c", "run": "x", "needs": ["a"]}"#,
      "steps[1].needs[1]", "b → c → a → b"
    ),
  ])
  func aCycleIsSpelledOut(steps: String, path: String, cycle: String) {
    let found = errors(workflow(steps: steps))?.errors
    #expect(found?.map(\.path) == [path])
    #expect(
      found?.map(\.message) == ["these steps need each other, so that none could start: \(cycle)"])
  }

  @Test func aCycleIsReportedBesideOtherErrors() {
    let json = workflow(
      steps: #"{"id": "a", "needs": ["b"]}, {"id": "b", "run": "", "needs": ["a"]}"#)
    #expect(errors(json)?.errors.map(\.path) == ["steps[0]", "steps[0].needs[0]", "steps[1].run"])
  }

  @Test(arguments: [#", "c""#, #", 1"#])
  func aCycleIsReportedBesideAnUnclearNeed(other: String) {
    let json = workflow(
      steps: #"{"id": "a", "run": "x", "needs": ["b"\#(other)]}, "#
        + #"{"id": "b", "run": "x", "needs": ["a"]}"#)
    #expect(errors(json)?.errors.map(\.path) == ["steps[0].needs[0]", "steps[0].needs[1]"])
  }

  /// Each of several cycles is reported; those that share a step count as one.
  @Test func everyCycleIsReported() {
    let json = workflow(
      steps: #"{"id": "a", "run": "x", "needs": ["b", "d"]}, "#
        + #"{"id": "b", "run": "x", "needs": ["a"]}, {"id": "c", "run": "x", "needs": ["d"]}, "#
        + #"{"id": "d", "run": "x", "needs": ["c", "nope"]}"#)
    #expect(
      errors(json)?.errors.map(\.message) == [
        "these steps need each other, so that none could start: a → b → a",
        "these steps need each other, so that none could start: c → d → c",
        #"no step has the id "nope""#,
      ])
  }

  /// A need of an id that two steps have may mean either.
  @Test func aCycleThroughARepeatedIDIsNotReported() {
    let through = workflow(
      steps: #"{"id": "a", "run": "x", "needs": ["b"]}, {"id": "b", "run": "x", "needs": ["a"]}, "#
        + #"{"id": "b", "run": "x"}"#)
    #expect(errors(through)?.errors.map(\.path) == ["steps[2].id"])
    let beside = workflow(
      steps: #"{"id": "a", "run": "x", "needs": ["c"]}, {"id": "c", "run": "x", "needs": ["a"]}, "#
        + #"{"id": "b", "run": "x"}, {"id": "b", "run": "x"}"#)
    #expect(errors(beside)?.errors.map(\.path) == ["steps[0].needs[0]", "steps[3].id"])
  }

  @Test func theMiddleOfALongCycleIsCounted() {
    let count = 1_000
    let steps = (0..<count).map {
      #"{"id": "s\#($0)", "run": "x", "needs": ["s\#(($0 + 1) % count)"]}"#
    }
    let message = errors(workflow(steps: steps.joined(separator: ",")))?.errors.first?.message
    #expect(
      message?.hasSuffix(
        "s19 → … 960 more … → s980 → \((981...999).map { "s\($0)" }.joined(separator: " → ")) → s0")
        == true)
  }
}
