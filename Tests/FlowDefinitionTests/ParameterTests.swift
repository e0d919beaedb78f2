import FlowCore
import FlowDefinition
import FlowText
import Testing

struct ParameterTests {
  private func errors(_ text: String) -> [String] {
    do throws(DefinitionErrors) {
      _ = try DefinitionParser.parse(Array(text.utf8), file: "w", matching: UnboundedMatching())
      return []
    } catch {
      return error.errors.map { "\($0.path): \($0.message)" }
    }
  }

  private func workflow(_ params: String, _ step: String = #""run": "x""#) -> String {
    #"{"name": "w", "params": {\#(params)}, "steps": [{"id": "a", \#(step)}]}"#
  }

  private func parameters(_ params: String) throws -> [Parameter] {
    try DefinitionParser.parse(Array(workflow(params).utf8), file: "w").parameters
  }

  // MARK: Definitions

  @Test func everyKeyIsTaken() throws {
    let text = #"""
      "since": {"type": "date", "default": "yesterday", "help": "first day"},
      "n": {"default": 3, "type": "int", "min": 1, "max": 9},
      "x": {"type": "number", "default": 1e3, "min": -0.5},
      "on": {"type": "bool", "default": true}, "t": {"default": "a", "enum": ["a", "b"]},
      "w": {"type": "duration", "default": "10s", "max": "1h"},
      "name": {"required": true, "pattern": "[a-z]+"},
      "hosts": {"type": "list", "default": ["a", 1], "max": 3}
      """#
    #expect(
      try parameters(text) == [
        Parameter(name: "since", type: .date, standard: ["yesterday"], help: "first day"),
        Parameter(name: "n", type: .int, standard: ["3"], least: "1", greatest: "9"),
        Parameter(name: "x", type: .number, standard: ["1e3"], least: "-0.5"),
        Parameter(name: "on", type: .bool, standard: ["true"]),
        Parameter(name: "t", standard: ["a"], choices: ["a", "b"]),
        Parameter(name: "w", type: .duration, standard: ["10s"], greatest: "1h"),
        Parameter(name: "name", isRequired: true, pattern: "[a-z]+"),
        Parameter(name: "hosts", type: .list, standard: ["a", "1"], greatest: "3"),
      ])
  }

  @Test(arguments: [
    (
      #""1a": {"default": ""}"#,
      "params.1a: the name of a parameter has letters, digits and \"_\", and begins with no digit"
    ),
    (
      #""a": {"type": "text", "default": ""}"#,
      #"params.a.type: expected "string", "int", "number", "bool", "date", "duration" or "list", found "text""#
    ),
    (#""a": {"typ": "int", "default": 1}"#, #"params.a.typ: unknown key: did you mean "type"?"#),
    (#""a": {}"#, #"params.a: missing "default", or "required": true"#),
    (
      #""a": {"required": true, "default": 1}"#,
      "params.a.default: a parameter that is required has no \"default\""
    ),
    (
      #""a": {"type": "int", "default": 1.5}"#,
      #"params.a.default: expected a whole number, found "1.5""#
    ),
    (
      #""a": {"type": "int", "default": 0, "min": 1}"#,
      #"params.a.default: expected a whole number, at least 1, found "0""#
    ),
    (
      #""a": {"type": "int", "default": 0, "max": "x"}"#,
      #"params.a.max: expected a whole number, found "x""#
    ),
    (#""a": {"default": "", "min": 1}"#, #"params.a.min: a parameter of type string has no "min""#),
    (
      #""a": {"type": "date", "default": "2025-02-29"}"#,
      #"params.a.default: expected a date such as 2026-11-29, found "2025-02-29""#
    ),
    (
      #""a": {"type": "bool", "default": "yes"}"#,
      #"params.a.default: expected true or false, found "yes""#
    ),
    (
      #""a": {"default": "c", "enum": ["a", "b"]}"#,
      #"params.a.default: expected one of a, b, found "c""#
    ),
    (
      #""a": {"default": "", "pattern": "["}"#,
      "params.a.pattern: no regular expression, or one of more than 1000 bytes"
    ),
    (
      #""a": {"default": "", "enum": []}"#,
      "params.a.enum: expected at least one value, found an empty array"
    ),
    (#""a": {"default": "x", "enum": ["x", "y", "x"]}"#, #"params.a.enum: "x" is repeated"#),
    (
      #""a": {"type": "int", "required": true, "min": 5, "max": 2}"#,
      "params.a.max: no value is at least 5 and at most 2"
    ),
    (
      #""a": {"type": "list", "required": true, "min": 2, "max": 1}"#,
      "params.a.max: no value is at least 2 and at most 1"
    ),
    (
      #""a": {"type": "int", "required": true, "min": 5, "enum": [5, 4]}"#,
      #"params.a.enum: expected a whole number, at least 5, found "4""#
    ),
    (
      #""a": {"required": true, "pattern": "[a-z]+", "enum": ["x", "X"]}"#,
      #"params.a.enum: expected a text that matches [a-z]+, found "X""#
    ),
    (
      #""a": {"default": "X", "pattern": "[a-z]+"}"#,
      #"params.a.default: expected a text that matches [a-z]+, found "X""#
    ),
    (
      #""a": {"type": "list", "default": [], "min": 1}"#,
      "params.a.default: expected a list of at least 1 elements, found nothing"
    ),
    (
      #""a": {"default": {}}"#,
      "params.a.default: expected a value, or an array of texts, found an object"
    ),
    (
      #""a": {"default": 1}, "a": {"default": 2}"#,
      "params.a: duplicate parameter, first given at 1:26"
    ),
  ])
  func wrongOnesAreRefused(params: String, message: String) {
    #expect(errors(workflow(params)) == [message])
  }

  // MARK: References

  private static let params =
    #""since": {"type": "date", "required": true}, "l": {"type": "list", "default": []}"#

  @Test(arguments: [
    (
      #""run": ["x", "${params.sinec}"]"#,
      #"steps[0].run[1]: no parameter has the name "sinec": did you mean "${params.since}"?"#
    ),
    (
      #""run": "echo ${params.since}""#,
      #"steps[0].run: "${params.…" is not replaced in a line for the shell: put it into "env", and use the variable"#
    ),
    (
      #""run": "x", "env": {"A": "${params.l}"}"#,
      "steps[0].env.A: l is a list, which stands for whole elements of a \"run\" array only"
    ),
    (
      #""run": ["x", "a${params.l}"]"#,
      "steps[0].run[1]: l is a list, which stands for whole elements of a \"run\" array only"
    ),
    (
      #""run": "x", "cwd": "${item}""#,
      "steps[0].cwd: \"${item}\" stands for an item of \"forEach\", which the step does not have"
    ),
    (
      #""run": ["x", "${run.idd}"]"#,
      #"steps[0].run[1]: "${…}" stands for "params.NAME", "steps.ID.OUTPUT", "steps.ID.result", "item", "run.id", "run.name" or "run.outcome"; for the text "${" itself write "$${" (did you mean "${run.id}"?)"#
    ),
    (
      #""run": "x", "env": {"A": "${param.since}"}"#,
      #"steps[0].env.A: "${…}" stands for "params.NAME", "steps.ID.OUTPUT", "steps.ID.result", "item", "run.id", "run.name" or "run.outcome"; for the text "${" itself write "$${" (did you mean "${params.since}"?)"#
    ),
    (
      #""run": ["x", "${run.outcome}"]"#,
      #"steps[0].run[1]: "${run.outcome}" is known in steps of "finally" and in "notify" only"#
    ),
    (
      #""run": ["x", "${steps.b.result}"]"#, #"steps[0].run[1]: no step has the id "b""#
    ),
    (
      #""run": ["x", "${steps.a.result}"]"#,
      #"steps[0].run[1]: the step does not need "a": add it to "needs", with "when": "settled" if any end will do"#
    ),
    (
      #""run": ["x", "${run.id"]"#,
      "steps[0].run[1]: \"${\" has no \"}\"; for the text \"${\" itself write \"$${\""
    ),
  ])
  func badReferencesAreRefused(step: String, message: String) {
    #expect(errors(workflow(Self.params, step)) == [message])
  }

  @Test func theEndOfARunIsNotKnownToASlowNotice() {
    let text = #"""
      {"name": "w", "steps": [{"id": "a", "run": "x"}], "notify": [{"on": "failed", "run": ["x", "${run.outcome}"]},
        {"slow": "1s", "run": ["x", "${run.outcome}"]}]}
      """#
    #expect(
      errors(text) == [
        #"notify[1].run[1]: "${run.outcome}" is not known yet where "slow" tells of a run that is not over"#
      ])
  }

  @Test(arguments: [
    (#""run": "echo ${HOME} ${x:-y}""#, false), (#""run": ["x", "$HOME"]"#, false),
    (#""run": ["x", "$${HOME}"]"#, true), (#""run": ["x", "${params.l}"]"#, true),
    (#""run": "x", "cwd": "a/${params.since}""#, true),
  ])
  func onlyTextsOutsideOfShellsAreTemplates(step: String, isTemplate: Bool) throws {
    let text = workflow(Self.params, step)
    let definition = try DefinitionParser.parse(Array(text.utf8), file: "w")
    #expect(definition.hasTemplates == isTemplate)
  }

  // MARK: Values

  private func values(
    _ given: [(String, String)], _ params: String
  ) throws -> [String: [String]] {
    var parameters = GivenParameters()
    for (name, text) in given { parameters.add(text, to: name) }
    let values = try parameters.values(
      of: try self.parameters(params), today: "2026-11-29", yesterday: "2026-11-28")
    return Dictionary(uniqueKeysWithValues: values.map { ($0.name, $0.texts) })
  }

  @Test func whatIsNotGivenHasItsDefault() throws {
    let params = #""a": {"default": "x"}, "b": {"type": "list", "default": ["1", "2"]}"#
    #expect(try values([], params) == ["a": ["x"], "b": ["1", "2"]])
    #expect(
      try values([("b", "3"), ("a", "$(y)"), ("b", "4")], params) == [
        "a": ["$(y)"], "b": ["3", "4"],
      ])
  }

  @Test func todayIsADate() throws {
    let params = #""a": {"type": "date", "default": "today"}, "b": {"default": "today"}"#
    #expect(try values([], params) == ["a": ["2026-11-29"], "b": ["today"]])
    #expect(try values([("a", "yesterday")], params)["a"] == ["2026-11-28"])
  }

  @Test func aPatternIsMatchedWhole() throws {
    let params = #""a": {"required": true, "pattern": "[a-z]+|x1"}"#
    for text in ["abc", "x1"] { #expect(try values([("a", text)], params) == ["a": [text]]) }
    for text in ["", "aB", "x1y", "a\n"] {
      let error = #expect(throws: ParameterErrors.self) { _ = try values([("a", text)], params) }
      #expect(
        error?.messages.first?.hasPrefix(
          "parameter a: expected a text that matches [a-z]+|x1, found") == true)
    }
  }

  /// What is no UTF-8 is a value like any other, and a scalar that stands for a byte elsewhere is itself.
  @Test func valuesAreBytes() throws {
    let params = #""a": {"default": "\#u{10FFE9}"}, "b": {"required": true}"#
    let text = RawText.text([0x61, 0xE9, 0xFF])
    let found = try values([("b", text)], params)
    #expect(found["a"].map { RawText.bytes($0[0]) } == Array("\u{10FFE9}".utf8))
    #expect(found["b"].map { RawText.bytes($0[0]) } == [0x61, 0xE9, 0xFF])
    let file = try ParameterFileParser.parse(Array("b: \u{10FFE9}".utf8), file: "p.yaml")
    #expect(file.values.map { RawText.bytes($0.texts[0]) } == [Array("\u{10FFE9}".utf8)])
  }

  @Test(arguments: [
    (
      #""run": "x", "env": {"BIG": "${params.v}"}"#,
      "step a: with the values of parameters the variable BIG has 131072 bytes"
    ),
    (
      #""run": ["x", "a${params.v}bcd"]"#,
      "step a: with the values of parameters an argument has 131072 bytes"
    ),
    (
      #""run": ["x", "${params.l}"]"#,
      "step a: with the values of parameters the arguments take 6500"
    ),
  ])
  func whatNoLinuxExecutesIsRefused(step: String, message: String) throws {
    let text = workflow(
      #""v": {"required": true}, "l": {"type": "list", "required": true}"#, step)
    let definition = try DefinitionParser.parse(Array(text.utf8), file: "w")
    func fault(_ length: Int, _ count: Int) -> String? {
      let values = [
        ParameterValue(name: "v", texts: [String(repeating: "x", count: length)]),
        ParameterValue(
          name: "l", texts: Array(repeating: String(repeating: "y", count: 130_000), count: count)),
      ]
      do throws(ParameterErrors) { try definition.checkLengths(with: values) } catch {
        return error.messages.first
      }
      return nil
    }
    #expect(fault(131_068, 50)?.hasPrefix(message) == true, "\(fault(131_068, 50) ?? "none")")
    #expect(fault(131_067, 40) == nil)
  }

  @Test func allErrorsAreToldAtOnce() throws {
    let params = #""a": {"required": true}, "n": {"type": "int", "default": 1}"#
    let error = #expect(throws: ParameterErrors.self) {
      _ = try values([("m", "1"), ("n", "x")], params)
    }
    #expect(
      error?.messages == [
        #"no parameter has the name "m""#,
        "parameter a is required: give it with -p a=…, a text",
        #"parameter n: expected a whole number, found "x""#,
      ])
    #expect(throws: ParameterErrors.self) { _ = try values([("a", "1"), ("a", "2")], params) }
  }

  @Test(arguments: [
    #"{"a": 1, "b": ["x", true], "c": "y"}"#, "a: 1\nb:\n  - x\n  - true\nc: y\n",
  ])
  func aFileGivesThem(text: String) throws {
    let given = try ParameterFileParser.parse(Array(text.utf8), file: "f")
    #expect(
      given.values == [
        ParameterValue(name: "a", texts: ["1"]), ParameterValue(name: "b", texts: ["x", "true"]),
        ParameterValue(name: "c", texts: ["y"]),
      ])
  }

  @Test func aFileThatIsNoneIsRefused() {
    #expect(throws: DefinitionErrors.self) {
      _ = try ParameterFileParser.parse(Array(#"{"a": {}, "b": 1, "b": 2}"#.utf8), file: "f")
    }
  }
}
