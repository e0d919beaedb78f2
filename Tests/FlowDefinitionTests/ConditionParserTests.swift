import FlowCore
import FlowDefinition
import Testing

/// `when` of a step: how conditions are written, and what is said of wrong ones.
struct ConditionParserTests {
  private static let parameters = """
    "params": {"full": {"type": "bool", "default": false}, "name": {"default": "x"},
      "count": {"type": "int", "default": 3}, "ratio": {"type": "number", "default": 0.5},
      "since": {"type": "date", "default": "2026-11-29"},
      "wait": {"type": "duration", "default": "10s"}, "hosts": {"type": "list", "default": ["a"]}}
    """

  /// Step 2 has the condition, and needs `test` and `a.b`.
  private static func file(_ condition: String) -> String {
    """
    {"name": "n", \(parameters), "steps": [
    {"id": "test", "run": "x"}, {"id": "a.b", "run": "x"},
    {"id": "last", "run": "x", "needs": ["test", "a.b"], "when": "\(condition)"},
    {"id": "other", "run": "x", "needs": {"step": "test", "when": "settled"}, "description": "d"}]}
    """
  }

  /// The condition as flow writes it itself; what is read again is the same.
  private func text(_ condition: String) throws -> String {
    let found = try definition(Self.file(Self.escaped(condition)))
    let text = try #require(found.conditionText(ofStep: 2))
    let again = try definition(Self.file(Self.escaped(text)))
    #expect(again == found)
    #expect(try DefinitionCodec.decode(DefinitionCodec.encode(found)) == found)
    return text
  }

  /// Within a string of JSON.
  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      .replacing("\n", with: "\\n").replacing("\t", with: "\\t")
  }

  @Test(arguments: [
    ("params.full", "params.full"), ("  ( ( params.full ) )", "params.full"),
    ("true or false and not params.full", "true or false and not params.full"),
    ("(true or false) and params.full", "(true or false) and params.full"),
    ("not (true and false)", "not (true and false)"), ("not not true", "not not true"),
    ("not params.count == 3", "not params.count == 3"),
    ("(not params.full) == true", "(not params.full) == true"),
    ("params.full == not true", "params.full == (not true)"),
    ("(params.count < 3) == (1 < 2)", "(params.count < 3) == (1 < 2)"),
    ("true and (false and true)", "true and (false and true)"),
    ("true and false and true", "true and false and true"),
    ("params.name ?? 'y' ?? 'z' == 'x'", #"params.name ?? "y" ?? "z" == "x""#),
    ("params.name in ['x', \"it's\"]", #"params.name in ["x", "it's"]"#),
    (#"params.name == 'it\'s \\ "'"#, #"params.name == "it's \\ \"""#),
    ("params.count>=-2", "params.count >= -2"), ("params.ratio < 1.5e3", "params.ratio < 1.5e3"),
    ("params.count == params.ratio", "params.count == params.ratio"),
    ("steps.test.result != 'failed'", #"steps.test.result != "failed""#),
    ("'failed' == steps.test.result", #""failed" == steps.test.result"#),
    (
      "steps['a.b'].result in ['failed','skipped']",
      #"steps["a.b"].result in ["failed", "skipped"]"#
    ),
    (
      "steps.test.result == steps[\"a.b\"].result",
      #"steps.test.result == steps["a.b"].result"#
    ),
    ("params.since >= '2026-01-01'", #"params.since >= "2026-01-01""#),
    ("params.wait < ('2h')", #"params.wait < "7200000ms""#),
    (
      "'30s' in ['10s'] or params.wait in ['30s', '1m']",
      #""30s" in ["10s"] or params.wait in ["30000ms", "60000ms"]"#
    ),
    (
      "size(params.hosts) > 0 and params.hosts != []",
      "size(params.hosts) > 0 and params.hosts != []"
    ),
    ("size(['a', 'b'] ?? [ ]) == 2", #"size(["a", "b"] ?? []) == 2"#),
    ("params.name in [] or\n\tparams.full", "params.name in [] or params.full"),
  ])
  func conditionsAreReadAndWritten(condition: String, written: String) throws {
    #expect(try text(condition) == written)
  }

  /// With the mark `‸` before what is wrong.
  @Test(arguments: [
    ("‸params.count", "expected what is true or false, found a number"),
    ("‸'true'", "expected what is true or false, found a text"),
    ("params.full and‸", "expected a value, found the end"),
    ("params.full ‸params.full", #"expected an operator, found "params.full""#),
    ("(params.full ‸'x')", "expected an operator, found a text"),
    ("‸(params.full", #"this parenthesis has no end: ")" is missing"#),
    ("‸size(params.hosts == []", #"this parenthesis has no end: ")" is missing"#),
    ("params.full‸)", "no parenthesis is open here"), ("‸)", #"expected a value, found ")""#),
    ("params.full ‸&& true", #""&&" is no operator: write "and""#),
    ("params.full ‸|| true", #""||" is no operator: write "or""#),
    ("‸!params.full", #""!" is no operator: write "not""#),
    ("params.name ‸= 'x'", #""=" is no operator: write "==""#),
    ("‸${params.full}", ##"a condition names values without "${" and "}": params.NAME"##),
    ("params.full ‸; true", #"unexpected ";""#), ("‸$FULL", #"unexpected "$""#),
    ("params.full == ‸é", #"unexpected "é""#),
    ("‸full", #"expected a value, found "full""#),
    ("‸params.ful", #"no parameter has the name "ful": did you mean "params.full"?"#),
    ("‸params", #"a condition can ask for "params.NAME", "steps.ID.OUTPUT" and "steps.ID.result""#),
    (
      "‸params.full.x",
      #"a condition can ask for "params.NAME", "steps.ID.OUTPUT" and "steps.ID.result""#
    ),
    (
      "‸item == 'x'", #""item" stands for an item of "forEach", which the step does not have"#
    ),
    (
      "‸run.outcome == 'x'",
      #"a condition can ask for "params.NAME", "steps.ID.OUTPUT" and "steps.ID.result""#
    ),
    ("params.‸", "expected a name after the point"),
    ("steps[‸test].result == 'failed'", #"expected the id of a step in quotes: steps["a.b"]"#),
    ("steps['test'‸.result == 'failed'", #"expected "]""#),
    ("‸steps.tset.result == 'failed'", #"no step has the id "tset": did you mean "test"?"#),
    (
      "‸steps.a.b.result == 'failed'",
      #"expected "steps.ID.result" or "steps.ID.OUTPUT"; an id with a point is written steps["a.b"]"#
    ),
    (
      "‸steps.test.revision == 'x'",
      #"the step "test" has no output "revision""#
    ),
    (
      "‸steps.other.result == 'failed'",
      #"the step does not need "other": add it to "needs", with "when": "settled" if any end will do"#
    ),
    (
      "steps.test.result == ‸'faild'",
      #"expected "succeeded", "failed", "skipped" or "cancelled", found "faild""#
    ),
    ("params.since < ‸'2026-02-30'", #"expected a date such as 2026-11-29, found "2026-02-30""#),
    (
      "params.wait in ‸['10s', '10']",
      #"expected a duration such as 500ms, 10s, 5m or 2h, found "10""#
    ),
    ("params.name ‸== 3", "a text cannot be compared with a number"),
    ("params.full ‸== 'true'", "true or false cannot be compared with a text"),
    ("params.hosts ‸== 'a'", "a list cannot be compared with a text"),
    ("params.name ‸< 'x'", #""<" compares numbers, dates and durations, found a text"#),
    (
      "steps.test.result ‸>= 'failed'",
      #"">=" compares numbers, dates and durations, found a result"#
    ),
    ("1 < 2 ‸< 3", #"comparisons do not follow each other: join them with "and""#),
    ("1 == 1 ‸in [true]", #"comparisons do not follow each other: join them with "and""#),
    ("params.full ‸and params.count", #""and" joins what is true or false, found a number"#),
    ("params.name ‸or params.full", #""or" joins what is true or false, found a text"#),
    ("‸not params.name", #""not" takes what is true or false, found a text"#),
    ("‸size(params.name) > 1", #""size" takes a list, found a text"#),
    ("‸size params.hosts > 1", #"expected a list in parentheses after "size""#),
    ("params.name ‸in 'abc'", #""in" looks into a list, found a text"#),
    ("params.name ‸in [1, 2]", #""in" looks for a number, found a text"#),
    ("params.name ‸?? 1 == 'x'", #""??" takes two values of one type, found a text and a number"#),
    (
      "params.name in ['a', ‸1]", "a list has elements of one type: expected a text, found a number"
    ),
    ("params.name in ['a' ‸'b']", #"expected "," or "]", found a text"#),
    (
      "params.name in [‸params.name]", #"expected a value that is spelled out, found "params.name""#
    ),
    ("params.name in [‸['a']]", #"expected a value that is spelled out, found "[""#),
    ("params.count == ‸10s", "this is no number; dates, durations and other texts stand in quotes"),
    ("params.count == ‸01", "this is no number; dates, durations and other texts stand in quotes"),
    ("params.count == ‸1.", "this is no number; dates, durations and other texts stand in quotes"),
    ("params.name == ‸'x", "this text has no end: its quote is missing"),
  ])
  func whatIsWrongIsSaidWhereItIs(condition: String, message: String) {
    Wrong(condition, "steps[2].when: \(message)").check { Self.file($0) }
  }

  @Test func thePlaceIsSaidWhereTheFileHasAnotherText() {
    Wrong(
      #"‸"params.name == \"x\" and full""#,
      #"steps[0].when: expected a value, found "full" (at character 24 of the condition)"#
    ).check {
      """
      {"name": "n", \(Self.parameters), "steps": [{"id": "a", "run": "x", "when": \($0)}]}
      """
    }
    func yaml(_ condition: String) -> [String] {
      linesOfYAML(
        "name: n\nsteps:\n- {id: b, run: x}\n- id: a\n  run: x\n  when: \(condition)\n")
    }
    #expect(yaml("true and full") == [#"6:18: steps[1].when: expected a value, found "full""#])
    #expect(
      yaml(">-\n    true and\n    full") == [
        #"6:9: steps[1].when: expected a value, found "full" (at character 10 of the condition)"#
      ])
    #expect(
      yaml("steps.b.result == 'failed'") == [
        #"6:9: steps[1].when: the step does not need "b": add it to "needs", with "when": "settled" if"#
          + " any end will do"
      ])
  }

  /// In YAML it is a text, in JSON a string.
  @Test func aConditionIsAText() throws {
    let found = try definition(
      "name: n\nsteps:\n- {id: a, run: x, when: true}\n", as: .yaml)
    #expect(found.conditionText(ofStep: 0) == "true")
    let expected =
      #"steps[0].when: expected a condition such as "params.full and steps.test.result == 'failed'","#
    Wrong("‸true", "\(expected) found true").check { workflow(withStep: "\"when\": \($0)") }
    Wrong(#"‸"  ""#, "\(expected) found an empty string").check {
      workflow(withStep: "\"when\": \($0)")
    }
  }

  @Test func conditionsAreBounded() throws {
    func messages(_ condition: String) -> [String] {
      lines(workflow(withStep: "\"when\": \"\(condition)\"")).map {
        String($0.split(separator: ": ", maxSplits: 2)[2])
      }
    }
    let tooLong = "the condition is too long: it exceeds the limit of 1000 terms"
    let tooDeep = "the condition is nested too deep: it exceeds the limit of 100 levels"
    func joined(_ count: Int) -> String {
      Array(repeating: "true", count: count).joined(separator: " and ")
    }
    #expect(messages(joined(500)) == [] && messages(joined(501)) == [tooLong])
    #expect(messages(joined(10_000)) == [tooLong])
    let elements = Array(repeating: "1", count: 10_000).joined(separator: ",")
    #expect(messages("1 in [\(elements)]") == [tooLong])
    func nested(_ count: Int) -> String {
      String(repeating: "(", count: count) + "true" + String(repeating: ")", count: count)
    }
    #expect(messages(nested(100)) == [] && messages(nested(101)) == [tooDeep])
    #expect(messages(nested(100_000)) == [tooDeep])
    #expect(messages(String(repeating: "not ", count: 1_000) + "true") == [tooDeep])
    #expect(messages(String(repeating: "true == (", count: 1_000) + "true") == [tooDeep])
  }

  // MARK: Any text

  private struct Dice {
    var state: UInt64

    mutating func below(_ count: Int) -> Int {
      state &+= 1
      return Int(SplitMix64.mix(state) % UInt64(count))
    }

    mutating func pick(_ texts: [String]) -> String { texts[below(texts.count)] }
  }

  private static let pieces = [
    "params.full", "params.name", "params.count", "params.since", "params.wait", "params.hosts",
    "steps.test.result", "steps['a.b'].result", "true", "false", "'failed'", "'x'", "1", "-2.5",
    "['x', 'y']", "[1]", "[]", "'10s'", "'2026-11-29'", "(", ")", "size(", "not", "and", "or", "in",
    "==", "!=", "<", "<=", ">", ">=", "??", "[", "]", ",", "'", "é", "\\", "params.", "steps", "$",
  ]

  private static let questions = [
    "params.full", "not params.full", "steps.test.result == 'failed'",
    "(params.count < 1 or false)", "params.name in ['x']", "size(params.hosts) >= 1",
    "params.name ?? 'x' != 'y'", "params.since <= '2026-11-29'", "'1m' > params.wait",
  ]

  /// Whatever is written, it is read or refused at one place; and what is read is written so that it is the
  /// same when it is read again.
  @Test(arguments: 0..<8)
  func anyTextIsReadOrRefused(block: UInt64) throws {
    var dice = Dice(state: block &* 1_000_000)
    var readCount = 0
    for _ in 0..<1_000 {
      var parts: [String] = []
      for _ in 0...dice.below(3) {
        // A question, mostly, and then anything.
        parts +=
          dice.below(5) > 0
          ? [dice.pick(Self.questions), dice.pick(["and", "or", "==", "!="])]
          : [dice.pick(Self.pieces)]
      }
      if dice.below(4) > 0 { parts.removeLast() }
      let condition = parts.joined(separator: dice.below(8) == 0 ? "" : " ")
      let json = Self.file(condition.replacing("\\", with: "\\\\"))
      do throws(DefinitionErrors) {
        _ = try DefinitionParser.parse(Array(json.utf8), file: "w")
      } catch {
        #expect(error.errors.count == 1, "\(condition)")
        let isThere = "\(error)".contains("steps[2].when")
        #expect(isThere, "\(condition): \(error)")
        continue
      }
      readCount += 1
      _ = try text(condition)
    }
    #expect(readCount > 200)
  }
}
