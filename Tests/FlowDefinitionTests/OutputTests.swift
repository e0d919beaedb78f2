import FlowCore
import FlowDefinition
import Testing

/// What steps put out, and who may name it.
struct OutputTests {
  /// Step 0 puts out, step 1 needs it, and step 2 needs that.
  private static func file(
    _ outputs: String, _ second: String = "", _ third: String = "", first: String = ""
  ) -> String {
    """
    {"name": "w", "steps": [
    {"id": "scan", "run": "x", "outputs": \(outputs)\(first)},
    {"id": "mid", "run": "x", "needs": "scan"\(second)},
    {"id": "end", "needs": "mid"\(third.isEmpty ? #", "run": "x""# : third)}]}
    """
  }

  private static let all =
    #"{"version": "string", "files": "lines", "rows": "int", "ok": "bool", "day": "date", "r": "json"}"#

  private func messages(_ text: String) -> [String] {
    errors(text)?.errors.map { "\($0.path): \($0.message)" } ?? []
  }

  // MARK: Declaring

  @Test(arguments: [
    (#""version""#, [StepOutput(name: "version")]),
    (#"["b", "a"]"#, [StepOutput(name: "a"), StepOutput(name: "b")]),
    (#"["b", {"a": "lines"}]"#, [StepOutput(name: "a", type: .lines), StepOutput(name: "b")]),
    (
      #"{"b": "json", "A": "int"}"#,
      [StepOutput(name: "A", type: .int), StepOutput(name: "b", type: .json)]
    ), ("[]", []),
  ])
  func outputsAreListedOrTyped(text: String, outputs: [StepOutput]) throws {
    let found = try definition(Self.file(text))
    #expect(found.outputs(ofStep: 0) == outputs)
    #expect(try DefinitionCodec.decode(DefinitionCodec.encode(found)) == found)
  }

  @Test(arguments: [
    (#"["a", "a"]"#, "steps[0].outputs[1]: duplicate output"),
    (
      #"["1a"]"#,
      "steps[0].outputs[0]: expected the name of an output: 1 to 64 letters, digits and \"_\", no digit first; found \"1a\""
    ),
    (
      #"["../x"]"#,
      "steps[0].outputs[0]: expected the name of an output: 1 to 64 letters, digits and \"_\", no digit first; found \"../x\""
    ),
    (
      #"["result"]"#,
      "steps[0].outputs[0]: \"result\" is how a step ended: choose another name for the output"
    ),
    (
      #"{"a": "text"}"#,
      #"steps[0].outputs.a: expected "string", "int", "number", "bool", "date", "lines" or "json", found "text""#
    ),
  ])
  func whatIsNoOutputIsRefused(text: String, message: String) {
    #expect(
      messages(Self.file(text)).first?.hasPrefix(message) == true, "\(messages(Self.file(text)))")
  }

  @Test func aStepHasNoMoreThanAHundred() {
    let names = (0...100).map { "\"o\($0)\"" }.joined(separator: ", ")
    #expect(messages(Self.file("[\(names)]")).first?.contains("exceeds the limit of 100") == true)
  }

  @Test func aCallAndDefaultsHaveNone() {
    #expect(
      messages(#"{"name": "w", "steps": [{"id": "a", "call": "x.json", "outputs": "v"}]}"#) == [
        #"steps[0].outputs: a step with "call" has no "outputs": the steps of the other file say how they run"#
      ])
    #expect(
      messages(#"{"name": "w", "defaults": {"outputs": "v"}, "steps": [{"id": "a", "run": "x"}]}"#)
        .first?.contains("unknown key") == true)
  }

  // MARK: Texts

  @Test func textsOfLaterStepsNameThem() throws {
    let found = try definition(
      Self.file(
        Self.all, #", "env": {"V": "v${steps.scan.version}"}, "cwd": "d/${steps.scan.day}""#,
        #", "run": ["x", "${steps[\"scan\"].files}", "${steps.scan.r}"]"#))
    #expect(found.hasTemplates)
    #expect(found.outputsRead(byStep: 1).map { "\($0.step) \($0.name)" } == ["0 version", "0 day"])
    #expect(found.outputsRead(byStep: 2).map(\.name) == ["files", "r"])
  }

  @Test(arguments: [
    (
      #"["x", "${steps.scan.versio}"]"#,
      #"the step "scan" has no output "versio": did you mean "version"?"#
    ),
    (#"["x", "${steps.scna.version}"]"#, #"no step has the id "scna": did you mean "scan"?"#),
    (
      #"["x", "${steps.end.version}"]"#, #"the step "end" has no output "version""#
    ),
    (
      #"["x", "a ${steps.scan.files}"]"#,
      #"files is a list, which stands for whole elements of a "run" array only"#
    ),
    (
      #"["x", "${steps.scan}"]"#,
      #"expected "${steps.ID.OUTPUT}"; an id with a point is written "${steps["a.b"].OUTPUT}""#
    ),
    (
      #"["x", "${steps.a.b.version}"]"#,
      #"expected "${steps.ID.OUTPUT}"; an id with a point is written "${steps["a.b"].OUTPUT}""#
    ),
    (
      #""echo ${steps.scan.version}""#,
      #""${steps.…" is not replaced in a line for the shell: put it into "env", and use the variable"#
    ),
  ])
  func whatNamesNothingIsRefused(run: String, message: String) {
    let found = messages(Self.file(Self.all, "", #", "run": \#(run)"#))
    #expect(found.count == 1 && found.first?.hasSuffix(message) == true, "\(found)")
  }

  @Test func onlyAStepThatComesLaterNamesThem() {
    #expect(
      messages(
        #"{"name": "w", "env": {"V": "${steps.a.v}"}, "steps": [{"id": "a", "run": "x", "outputs": "v"}]}"#
      ) == ["env.V: only a step itself can name what other steps put out: give it the variable"])
    #expect(
      messages(
        #"{"name": "w", "steps": [{"id": "a", "run": "x", "outputs": "v"}, {"id": "b", "run": ["x", "${steps.a.v}"]}]}"#
      ) == [
        #"steps[1].run[1]: the step does not need "a", directly or not: add it to "needs""#
      ])
  }

  // MARK: What may be absent

  private static let absent = #"the step "scan" can end without its outputs when this step runs"#

  @Test(arguments: [
    (#", "allowFailure": true"#, ""), (#", "when": "false""#, ""),
    ("", #", "needs": {"step": "scan", "when": "settled"}"#),
    ("", #", "needs": {"step": "scan", "when": "failed"}"#),
  ])
  func whatMayBeAbsentIsNamedInConditionsWithADefaultOnly(first: String, needs: String) throws {
    func file(_ second: String) -> String {
      """
      {"name": "w", "steps": [
      {"id": "scan", "run": "x", "outputs": \(Self.all)\(first)},
      {"id": "use"\(needs.isEmpty ? #", "needs": "scan""# : needs)\(second)}]}
      """
    }
    #expect(
      messages(file(#", "run": ["x", "${steps.scan.version}"]"#)).first?.contains(Self.absent)
        == true)
    let bare = messages(file(#", "run": "x", "when": "steps.scan.rows > 3""#))
    #expect(bare.count == 1 && bare[0].contains(Self.absent), "\(bare)")
    #expect(bare[0].contains(#"as in "steps.ID.rows ?? 0""#))
    // The right side of `??` may be absent, too.
    for condition in [
      "3 > (0 ?? steps.scan.rows)", "steps.scan.rows ?? steps.scan.rows == 1",
      "size(steps.scan.files) > 0 or true",
    ] {
      #expect(messages(file(#", "run": "x", "when": "\#(condition)""#)).count == 1, "\(condition)")
    }
    for condition in [
      "(steps.scan.rows ?? 0) > 3", "(steps.scan.rows > 3) ?? false",
      "'a' in (steps.scan.files ?? [])", "steps.scan.rows ?? steps.scan.rows ?? 1 == 1",
    ] {
      _ = try definition(file(#", "run": "x", "when": "\#(condition)""#))
    }
  }

  @Test func aStepThatMustHaveSucceededIsCertainThroughOthers() throws {
    // mid may be skipped for its condition; scan has succeeded all the same.
    _ = try definition(
      Self.file(
        Self.all, #", "when": "steps.scan.ok""#, #", "run": ["x", "${steps.scan.version}"]"#))
    let through = Self.file(
      Self.all, #", "allowFailure": true"#, #", "run": ["x", "${steps.scan.version}"]"#)
    #expect(messages(through).first?.contains(Self.absent) == true)
  }

  // MARK: Conditions

  @Test(arguments: [
    ("steps.scan.rows >= 3", "steps.scan.rows >= 3"),
    ("steps[\"scan\"].version == '1'", #"steps.scan.version == "1""#),
    ("'a' in steps.scan.files", #""a" in steps.scan.files"#),
    (
      "steps.scan.day < '2026-01-01' and steps.scan.ok",
      #"steps.scan.day < "2026-01-01" and steps.scan.ok"#
    ),
    ("size(steps.scan.files) == steps.scan.rows", "size(steps.scan.files) == steps.scan.rows"),
  ])
  func conditionsReadOutputs(condition: String, written: String) throws {
    let text = condition.replacing("\"", with: "\\\"")
    let found = try definition(Self.file(Self.all, #", "when": "\#(text)""#))
    #expect(found.conditionText(ofStep: 1) == written)
    #expect(try DefinitionCodec.decode(DefinitionCodec.encode(found)) == found)
  }

  @Test(arguments: [
    ("steps.scan.version > 3", "a text cannot be compared with a number"),
    ("steps.scan.r == 'x'", #"a condition does not look into an output of the type "json""#),
    ("steps.scan.row == 1", #"the step "scan" has no output "row": did you mean "rows"?"#),
    ("steps.scan.files", "expected what is true or false, found a list"),
    ("steps.end.x == 'a'", #"the step "end" has no output "x""#),
  ])
  func typesAreChecked(condition: String, message: String) {
    let found = messages(Self.file(Self.all, #", "when": "\#(condition)""#))
    #expect(found.count == 1 && found[0].hasSuffix(message), "\(found)")
  }

  // MARK: Calls

  /// Steps of a called file read each other; what they are called outside is put in.
  @Test func aCalledFileKeepsItsReferences() throws {
    struct Files: CalledFiles {
      func file(
        _ path: String, calledFrom caller: DefinitionPlace
      ) throws(CalledFileError) -> CalledFile {
        let text = #"""
          {"name": "c", "steps": [{"id": "a", "run": "x", "outputs": {"n": "int"}},
            {"id": "b", "needs": "a", "run": ["x", "${steps.a.n}"], "when": "steps.a.n > 1"}]}
          """#
        return CalledFile(
          bytes: Array(text.utf8), place: DefinitionPlace(name: path, path: path, folder: ""))
      }
    }
    let found = try DefinitionParser.parse(
      Array(
        #"{"name": "w", "steps": [{"id": "first", "run": "x"}, {"id": "c", "call": "c.json", "needs": "first"}]}"#
          .utf8), file: "w.json", calling: Files())
    #expect(found.steps.map(\.id) == ["first", "c/a", "c/b"])
    #expect(found.steps[2].command == .program(["x", #"${steps["c/a"].n}"#]))
    #expect(found.conditionText(ofStep: 2) == #"steps["c/a"].n > 1"#)
    #expect(found.outputsRead(byStep: 2).map { "\($0.step) \($0.name)" } == ["1 n", "1 n"])
  }
}
