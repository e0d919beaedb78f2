import FlowCore
import FlowDefinition
import Testing

/// The key decides what a scalar is, whatever it looks like.
struct YAMLScalarTests {
  private static func step(_ members: String) -> String {
    "name: n\nsteps:\n- id: a\n  run: x\n\(members)"
  }

  private static func value(of text: String) throws -> String? {
    let line = text.hasSuffix("\n") ? text : text + "\n"
    let found = try definition("name: n\nenv:\n  A: \(line)steps: [{id: a, run: x}]\n", as: .yaml)
    #expect(found.environment.map(\.name) == ["A"])
    return found.environment.first?.value
  }

  @Test(arguments: [
    "3.10", "1.0", "010", "0o7", "0x1F", "1e3", "1_000", "+1", "-1", ".5", ".inf", "-.INF", ".nan",
    "22:22", "190:20:30", "2026-11-29", "2001-12-14t21:59:43.10-05:00", "NO", "no", "No", "yes",
    "Yes", "on", "off", "y", "N", "true", "False", "TRUE", "Null", "NULL", "nil", "=", "-x",
    "a:b", "a#b", "C:\\x\\n", "it's", "a \"b\" c", "éa\u{301}水", "😀", "~a",
    "~/x", "null.", "$HOME/*", "a, b]",
  ])
  func aTextIsTakenAsItStands(text: String) throws {
    #expect(try Self.value(of: text) == text)
    #expect(try Self.value(of: text + " # a comment") == text)
    #expect(try Self.value(of: "'\(text.replacing("'", with: "''"))'") == text)
  }

  @Test(arguments: [
    (#""""#, ""), ("''", ""), (#""~""#, "~"), ("'null'", "null"), (#"" a ""#, " a "),
    (#""\t\n\\\"\/\x41\u00e9\U0001F600\e""#, "\t\n\\\"/Aé😀\u{1B}"),
    ("a\n    b", "a b"), ("a\n\n    b", "a\nb"), ("'a\n    b'", "a b"), ("\"a\\\n    b\"", "ab"),
    ("|\n    a\n     b\n", "a\n b\n"), ("|-\n    a\n    b\n", "a\nb"),
    ("|+\n    a\n\n\n", "a\n\n\n"),
    ("|\n    a\n\n\n", "a\n"), ("|2\n     a\n", " a\n"),
    (">\n    a\n    b\n\n    c\n", "a b\nc\n"), (">-\n    a\n    b\n", "a b"),
    (">+\n    a\n\n", "a\n\n"), (">\n    a\n      b\n    c\n", "a\n  b\nc\n"), ("|\n", ""),
    ("|+\n\n", "\n"),
    ("|-\n    # no comment\n", "# no comment"), ("| # a comment\n    a\n", "a\n"),
  ])
  func quotesAndBlocks(text: String, value: String) throws {
    #expect(try Self.value(of: text) == value)
  }

  /// As JSON has characters beyond U+FFFF, and YAML has not.
  @Test func aPairOfEscapesIsExplained() {
    let found = linesOfYAML(#"name: "a\uD83D\uDE00""# + "\nsteps: [{id: a, run: x}]\n")
    #expect(
      found.count == 1 && found[0].contains(#"write it itself, or as \U0001F600"#), "\(found)")
  }

  @Test func booleansAreTrueAndFalseQuotedOrNot() throws {
    for text in ["true", "\"true\"", "'true'", "|-\n    true"] {
      #expect(try definition("failFast: \(text)\n" + Self.step(""), as: .yaml).failFast)
    }
    #expect(try !definition("failFast: 'false'\n" + Self.step(""), as: .yaml).failFast)
  }

  @Test(arguments: ["yes", "NO", "on", "True", "FALSE", "1", "0", "y"])
  func nothingElseIsABoolean(text: String) {
    Wrong("failFast: ‸\(text)", "failFast: expected true or false, found \"\(text)\"").check(
      in: { "\($0)\n" + Self.step("") }, by: linesOfYAML)
  }

  @Test(arguments: [("4", 4), ("\"4\"", 4), ("'16'", 16), ("4096", 4096)])
  func numbersMayBeQuoted(text: String, number: Int) throws {
    #expect(try definition("jobs: \(text)\n" + Self.step(""), as: .yaml).jobs == number)
  }

  @Test(arguments: [
    "0x1F", "0o7", "012", "1_000", "+4", "4.0", "1e1", "four", "4,", ".5", "2:30", "0b11", "1 2",
  ])
  func numbersFollowTheGrammarOfJSON(text: String) {
    let isNumber = ["4.0", "1e1"].contains(text)
    Wrong(
      "jobs: ‸\(text)",
      "jobs: expected a whole number from 1 to 4096, found "
        + (isNumber ? text : "\"\(text)\"")
    ).check(in: { "\($0)\n" + Self.step("") }, by: linesOfYAML)
  }

  @Test func decimalsAndSizes() throws {
    let found = try definition(
      Self.step("  retry: {multiplier: \"1.125\"}\n  maxOutput: '4096'\n"), as: .yaml)
    #expect(found.settings(ofStep: 0).retry.multiplierThousandths == 1_125)
    #expect(found.settings(ofStep: 0).maxOutputBytes == 4_096)
    let other = try definition(Self.step("  maxOutput: 10MiB\n"), as: .yaml)
    #expect(other.settings(ofStep: 0).maxOutputBytes == 10 << 20)
  }

  @Test func aGroupIsNamedInQuotesIfItIsCalledTrue() throws {
    func exclusive(_ text: String) throws -> RunGroupName? {
      try definition("exclusive: \(text)\n" + Self.step(""), as: .yaml).exclusive
    }
    #expect(try exclusive("true") == .workflow)
    #expect(try exclusive("false") == nil)
    #expect(try exclusive("\"true\"") == .named("true"))
    #expect(try exclusive("4") == .named("4"))
  }

  @Test(arguments: [
    Wrong("env: {A: ‸~}", "env.A: expected a string, found ~: write \"\" for an empty text"),
    Wrong("env: {A: ‸null}", "env.A: expected a string, found null: write \"\" for an empty text"),
    Wrong("env:\n  A:‸", "env.A: expected a string, found no value: write \"\" for an empty text"),
    Wrong(
      "env: {A‸, B: c}", "env.A: expected a string, found no value: write \"\" for an empty text"),
    Wrong(
      "description:‸",
      "description: expected a description in words, found no value: write \"\" for an empty text"),
    Wrong(
      "env:‸", "env: expected an object of variables such as {\"LANG\": \"C\"}, found no value"),
    Wrong("jobs: ‸~", "jobs: expected a whole number from 1 to 4096, found ~"),
    Wrong("failFast:‸", "failFast: expected true or false, found no value"),
  ])
  func whatIsNoTextIsSaid(wrong: Wrong) {
    wrong.check(in: { "\($0)\nname: n\nsteps: [{id: a, run: x}]\n" }, by: linesOfYAML)
  }

  @Test func keysAreTextsToo() throws {
    let found = try definition(
      Self.step(
        "  retry: {on: [exit], \"maxAttempts\": 2}\n  env: {1: a, yes: b, 'on': c, 3.10: d}\n"),
      as: .yaml)
    #expect(found.settings(ofStep: 0).retry.on == .exit)
    #expect(found.settings(ofStep: 0).environment.map(\.name) == ["1", "3.10", "on", "yes"])
  }

  @Test func commandsAreOfTexts() throws {
    let found = try definition(
      "name: n\nsteps:\n- {id: 1, run: [2, 3.10, NO, \"\"]}\n- {id: 2e5, run: 4, needs: [1]}\n",
      as: .yaml)
    #expect(found.steps.map(\.id) == ["1", "2e5"])
    #expect(found.steps.map(\.command) == [.program(["2", "3.10", "NO", ""]), .shell("4")])
    #expect(found.steps[1].needs == [0])
  }
}
