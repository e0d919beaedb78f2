import FlowCore
import FlowDefinition
import Testing

/// What steps put out reaches the steps of a called file, and its steps of `finally` run with the others.
extension CallTests {
  // MARK: finally

  /// Its steps of `finally` come behind those of the calling file, and before notices.
  @Test func finallyOfTheCalledFileRunsWithTheOuterOne() throws {
    let called = #"""
      {"name": "c", "finally": [{"id": "off", "run": "o", "needs": [{"step": "on", "when": "succeeded"}]},
         {"id": "last", "run": "l", "needs": "off", "when": "steps.off.result == 'succeeded'"}],
       "steps": [{"id": "on", "run": "x"}, {"id": "use", "run": "y", "needs": "on"}]}
      """#
    let definition = try parse(
      main(
        #"""
        {"id": "c", "call": "c.json", "needs": "own"}, {"id": "own", "run": "z"},
        {"id": "after", "run": "z", "needs": "c"}, {"id": "d", "call": "c.json"}
        """#,
        #""finally": [{"id": "sweep", "run": "s"}], "notify": [{"on": "failed", "run": "n"}], "#),
      ["/w/c.json": called])
    #expect(
      definition.steps.map(\.id) == [
        "c/on", "c/use", "own", "after", "d/on", "d/use", "sweep", "c/off", "c/last", "d/off",
        "d/last", "notify/1",
      ])
    #expect(definition.finallySteps == 6..<11 && definition.notifyCount == 1)
    let needs = needs(definition)
    #expect(needs["after"] == ["c/use"] && needs["c/on"] == ["own"])
    #expect(needs["c/off"] == ["c/on"] && needs["d/last"] == ["d/off"] && needs["sweep"] == [])
    #expect(definition.extras(ofStep: 7).edges == [Edge(need: 0, wanted: .succeeded)])
    #expect(
      definition.conditionText(ofStep: 10) == #"steps["d/off"].result == "succeeded""#)
    #expect(definition.settings(ofStep: 9).timeoutMilliseconds == 300_000)
    #expect(DefinitionCodec.encode(definition) == DefinitionCodec.encode(try roundTrip(definition)))
  }

  // MARK: Outputs

  private static let reading = #"""
    {"name": "r", "params": {"v": {"required": true}, "n": {"type": "int", "default": 1},
       "files": {"type": "list", "default": []}, "day": {"type": "date", "default": "today"}},
     "env": {"V": "<${params.v}>"},
     "steps": [{"id": "a", "run": ["p", "${params.files}", "${params.v}-${params.n}"], "when": "params.n > 3"},
       {"id": "b", "needs": [{"step": "a", "when": "succeeded"}], "forEach": {"over": "params.files"}, "run": "x"},
       {"id": "t", "call": "t.json", "needs": [{"step": "a", "when": "succeeded"}], "with": {"day": "${params.day}", "tag": "${params.v}"}}]}
    """#
  private static let scan = #"""
    {"id": "scan", "run": "s", "outputs": {"v": "string", "n": "int", "x": "number", "files": "lines", "doc": "json"}}
    """#

  @Test func withGivesWhatStepsPutOut() throws {
    let definition = try parse(
      main(
        Self.scan + ","
          + #"""
          {"id": "r", "call": "r.json", "needs": "scan",
           "with": {"v": "v${steps.scan.v}", "n": "${steps.scan.n}", "files": "${steps.scan.files}"}}
          """#, #""params": {"own": {"default": "x"}}, "#),
      ["/w/r.json": Self.reading, "/w/t.json": Self.told])
    // What an output fills is no parameter of the run.
    #expect(
      definition.parameters.map(\.name) == [
        "own", "r/day", "r/t/day", "r/t/n", "r/t/hosts",
      ])
    #expect(
      definition.steps[1].command
        == .program(["p", "${steps.scan.files}", "v${steps.scan.v}-${steps.scan.n}"]))
    #expect(definition.settings(ofStep: 1).environment.first?.value == "<v${steps.scan.v}>")
    #expect(definition.conditionText(ofStep: 1) == "steps.scan.n > 3")
    #expect(definition.forEach(ofStep: 2)?.source == .output(step: 0, place: 1))
    #expect(definition.steps[2].needs == [0, 1])
    #expect(try values(definition).contains("r/t/day=2026-11-29"))
    #expect(DefinitionCodec.encode(definition) == DefinitionCodec.encode(try roundTrip(definition)))
  }

  @Test(arguments: [
    (
      #""n": "${steps.scan.v}""#,
      "with.n: expected a whole number, found an output of the type string"
    ),
    (
      #""n": "1${steps.scan.n}""#,
      "with.n: expected a whole number, found a text with an output in it"
    ),
    (
      #""n": "${steps.scan.x}""#,
      "with.n: expected a whole number, found an output of the type number"
    ),
    (#""v": "${steps.scan.nope}""#, #"with.v: the step "scan" has no output "nope""#),
    (#""v": "${steps.scan.files}""#, "with.v: expected a text, found an output of the type lines"),
    (
      #""v": "${steps.late.x}""#,
      #"with.v: the step does not need "late", directly or not: add it to "needs""#
    ),
    (
      #""v": "${steps.scan.result}""#,
      "with.v: how steps end is not known yet when the values are checked"
    ),
    (
      #""v": "x", "files": ["a", "${steps.scan.files}"]"#,
      "call: a step of that file runs over the parameter files: give it an output of the type \"lines\" alone"
    ),
    (
      #""v": "x", "files": "${steps.scan.doc}""#,
      "call: a step of that file runs over the parameter files: give it an output of the type \"lines\" alone"
    ),
  ])
  func whatOutputsCannotFillIsSaid(with: String, message: String) {
    let found = errors(
      main(
        Self.scan + #", {"id": "late", "run": "l", "outputs": ["x"]},"#
          + #"{"id": "r", "call": "r.json", "needs": "scan", "with": {\#(with.hasPrefix("\"v") ? with : "\"v\": \"x\", " + with)}}"#
      ), ["/w/r.json": Self.reading, "/w/t.json": Self.told])
    #expect(found.contains { $0.hasSuffix("steps[2].\(message)") }, "\(found)")
  }

  /// A step that runs whatever became of the call's needs would read what is not there.
  @Test func anOutputIsThereWhereItIsRead() {
    let called = #"""
      {"name": "c", "params": {"v": {"required": true}, "d": {"default": "x", "enum": ["x"]}},
       "steps": [{"id": "a", "run": "x"},
         {"id": "b", "run": ["y", "${params.v}"], "needs": [{"step": "a", "when": "settled"}]}]}
      """#
    func found(_ with: String) -> [String] {
      errors(
        main(Self.scan + #", {"id": "c", "call": "c.json", "needs": "scan", "with": {\#(with)}}"#),
        ["/w/c.json": called])
    }
    #expect(
      found(#""v": "${steps.scan.v}""#).map { String($0.dropFirst("main.json:1:164: ".count)) } == [
        #"steps[1].call: its step "c/b" can run where "scan" has put out nothing, and reads the parameter v"#
      ])
    // A rollback runs when its step has begun.
    let undone = called.replacing(
      #""a", "run": "x"}"#, with: #""a", "run": "x", "onFailure": {"run": ["u", "${params.v}"]}}"#
    )
    .replacing(#"["y", "${params.v}"]"#, with: #"["y"]"#)
    #expect(
      errors(
        main(
          Self.scan
            + #", {"id": "c", "call": "c.json", "needs": "scan", "with": {"v": "${steps.scan.v}"}}"#
        ),
        ["/w/c.json": undone]) == [])
    #expect(
      found(#""v": "x", "d": "${steps.scan.v}""#).first?.contains(
        "the parameter takes some values only") == true)
  }
}
