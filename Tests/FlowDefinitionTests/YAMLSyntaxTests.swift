import FlowCore
import FlowDefinition
import Testing

/// What of YAML is taken and what is not, and where an error is.
struct YAMLSyntaxTests {
  private static let minimal = WorkflowDefinition(
    name: "n", steps: [StepDefinition(id: "a", command: .shell("x"))])

  @Test(arguments: [
    "name: n\nsteps:\n- id: a\n  run: x\n", "name: n\nsteps:\n  -\n    id: a\n    run: x",
    "\u{FEFF}name: n\r\nsteps:\r\n- id: a\r\n  run: x\r\n", "{name: n, steps: [{id: a, run: x}]}",
    "# a comment\n---\nname: n # another\nsteps: [{id: a, run: x,},]\n...\n# the last\n",
    "%YAML 1.1\n---\nname: n\nsteps: [{id: a, run: x}]",
    "? name\n: n\n? steps\n: - {id: a, run: x}\n",
    "name: &n n\nsteps:\n- &s\n  id: &a a\n  run: x\n",
    #"{"name": "n", "steps": [{"id": "a", "run": "x"}]}"#,
    "{\"name\":\"n\",\"steps\":[{\"id\":\"a\",\"run\":\"x\"}]}",
  ])
  func isRead(text: String) throws {
    #expect(try definition(text, as: .yaml) == Self.minimal)
  }

  @Test(arguments: [
    Wrong("‸", "the file holds no value: expected an object"),
    Wrong("# nothing\n‸", "the file holds no value: expected an object"),
    Wrong("‸[]", #"expected an object such as {"name": "nightly", "steps": […]}, found an array"#),
    Wrong(
      "---\n‸", #"expected an object such as {"name": "nightly", "steps": […]}, found no value"#),
    Wrong("‸a", #"expected an object such as {"name": "nightly", "steps": […]}, found "a""#),
    Wrong(
      "name: n\nsteps:\n‸\t- id: a",
      "steps: found character that cannot start any token, while scanning for the next token"),
    Wrong(
      "name: n\nsteps:\n- id: a\n ‸jobs: 1",
      "did not find expected key, while parsing a block mapping at 1:1"),
    Wrong(
      "name: n‸: m", "mapping values are not allowed in this context"),
    Wrong(
      "name: \"n‸", "name: found unexpected end of stream, while scanning a quoted scalar at 1:7"),
    Wrong(
      "name: [n‸", "name: did not find expected ',' or ']', while parsing a flow sequence at 1:7"),
    Wrong(
      "name: \"‸\\q\"",
      "name: found unknown escape character, while parsing a quoted scalar at 1:7"),
    Wrong(
      "name: ‸@n",
      "name: found character that cannot start any token, while scanning for the next token"),
    Wrong(
      "name: ‸`n",
      "name: found character that cannot start any token, while scanning for the next token"),
  ])
  func libyamlsErrorsHaveTheirPlace(wrong: Wrong) {
    let mark = wrong.json.replacing("‸", with: "")
    let found = linesOfYAML(mark)
    #expect(found.count == 1 || found.count == 2, "\(found)")
    wrong.check(by: { Array(linesOfYAML($0).suffix(1)) })
  }

  @Test(arguments: [
    Wrong("env: {A: b, ‸A: c}", "env.A: duplicate variable, first given at 1:7"),
    Wrong("jobs: 1\n‸jobs: many", "jobs: duplicate key, first given at 1:1"),
    Wrong("jobs: 1\n‸\"jobs\": 2", "jobs: duplicate key, first given at 1:1"),
    Wrong("‸[a, b]: c", "a key must be a text, found an array"),
    Wrong("? ‸{a: b}\n: c", "a key must be a text, found an object"),
    Wrong("‸~: c", "[\"~\"]: a key must be a text: write \"~\" in quotes if that is meant"),
    Wrong("‸null: c", "null: a key must be a text: write \"null\" in quotes if that is meant"),
    Wrong(
      "env:\n  ?‸\n  : c", "env[\"\"]: a key must be a text: write \"\" in quotes if that is meant"),
    Wrong(
      "defaults:\n  ‸<<: {timeout: 1m}",
      "defaults[\"<<\"]: merge keys are not allowed: \"defaults\" has what all steps share"),
    Wrong(
      "defaults:\n  ‸\"<<\": 1",
      #"defaults["<<"]: unknown key: "defaults" takes "env", "cwd", "timeout", "killGrace", "retry", "allowFailure", "onLost", "probe", "stragglers", "shell", "stopSignal", "maxOutput", "secrets""#
    ),
    Wrong("jobs: ‸!!int 4", "jobs: tags are not allowed: the key decides what its value is"),
    Wrong("env: {A: ‸! b}", "env.A: tags are not allowed: the key decides what its value is"),
    Wrong("env: ‸!!map {A: b}", "env: tags are not allowed: the key decides what its value is"),
    Wrong("env: {‸!!str A: b}", "env.A: tags are not allowed: the key decides what its value is"),
    Wrong("env: {A: ‸*x}", "env.A: no anchor \"&x\" comes before this alias"),
    Wrong("env: {‸*x : b}", "env: no anchor \"&x\" comes before this alias"),
    Wrong("env: &e {A: ‸*e}", "env.A: the alias is in the value of its own anchor"),
    Wrong("env: {A: ‸\"x\\0\"}", "env.A: NUL is not allowed: no program can be given one"),
    Wrong(
      "env: {‸\"x\\0\": a}", "env[\"x\\u{0}\"]: NUL is not allowed: no program can be given one"),
    Wrong(
      "# é😀\u{10FFFF}\nenv: {é😀: ‸[\"\u{10FFFF}\"]}",
      "env[\"é😀\"]: expected a string, found an array"),
    Wrong("env: {'😀': a, \"é\": 😀, b: ‸{}}", "env.b: expected a string, found an object"),
    Wrong("env: {A: b}\n‸jbos: 1", "jbos: unknown key: did you mean \"jobs\"?"),
  ])
  func otherErrorsDoNotEndTheReading(wrong: Wrong) {
    wrong.check(in: { "\($0)\nname: n\nsteps: [{id: a, run: x}]\n" }, by: linesOfYAML)
  }

  @Test func aSecondDocumentIsRefused() {
    for text in ["‸--- b", "‸---\nname: m", "...\n‸b: c", "...\n‸--- "] {
      let isStart = text.contains("---")
      let message =
        isStart
        ? "a second document begins here: a file holds one workflow"
        : "did not find expected <document start>"
      Wrong(text, message).check(
        in: { "name: n\nsteps: [{id: a, run: x}]\n\($0)" }, by: linesOfYAML)
    }
  }

  @Test(
    arguments: [
      ([0xFF], "invalid UTF-8 (byte 0xFF)"), ([0xC0, 0x80], "invalid UTF-8 (byte 0xC0)"),
      ([0xED, 0xA0, 0x80], "invalid UTF-8 (byte 0xED)"),
      ([0xE2, 0x82], "invalid UTF-8 (byte 0xE2)"),
      ([0], "NUL is not allowed: no program can be given one"),
      ([1], #"a control character must be written as an escape in double quotes: \u0001"#),
      ([0x7F], #"a control character must be written as an escape in double quotes: \u007f"#),
      (
        [0xC2, 0x80], #"a control character must be written as an escape in double quotes: \u0080"#
      ),
      (
        [0xEF, 0xBF, 0xBE],
        #"a control character must be written as an escape in double quotes: \ufffe"#
      ),
    ] as [([UInt8], String)])
  func whatNoTextCanHoldIsRefused(bytes: [UInt8], message: String) {
    let before = Array("name: ''\ndescription: é😀".utf8)
    #expect(
      lines(errors(before + bytes + Array("\nsteps: []\n".utf8), as: .yaml)).last
        == "2:16: description: \(message)")
    let inComment = Array("name: ''\n# é😀".utf8) + bytes
    #expect(
      lines(errors(inComment, as: .yaml)).last
        == "2:5: \(message)")
  }

  /// UTF-16, which YAML allows, is not read.
  @Test func otherEncodingsAreRefused() {
    #expect(lines(errors([0xFF, 0xFE, 0x61, 0], as: .yaml)) == ["1:1: invalid UTF-8 (byte 0xFF)"])
  }

  @Test func allErrorsComeAtOnceInTheOrderOfTheFile() {
    let found = linesOfYAML(
      """
      name: ""
      jbos: 3
      defaults: {timeout: !!str 1m}
      steps:
      - id: a b
        run: []
      - id: b
        run: x
        needs: [later, *c]
      - {id: b, run: x,
         env: {A: [}
      """)
    #expect(
      found.map { String($0.prefix { $0 != " " }) } == [
        "1:7:", "2:1:", "3:21:", "5:7:", "6:8:", "9:18:", "10:8:", "11:13:", "11:14:",
      ])
  }
}
