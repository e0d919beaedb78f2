import FlowCore
import FlowDefinition
import Testing

struct SyntaxTests {
  @Test(arguments: [
    "\u{FEFF}" + #"{"name": "n", "steps": [{"id": "a", "run": "x"}]}"#,
    #"{"name": "n", "steps": [{"id": "a", "run": "x",},],}"#,
    #"// first\#n{/* a * b **/"name":/**/"n", "steps": [{"id": "a", "run": "x"}]} // no newline"#,
    "{\r\n\t\"name\" : \"n\",\r\n\"steps\":[{\"id\":\"a\",\"run\":\"x\"}]\r\n}\r\n",
    #"{"\u006eame": "n", "steps": [{"id": "\u0061", "run": "x"}]}"#,
  ])
  func allowsCommentsTrailingCommasAndAByteOrderMark(json: String) throws {
    let expected = WorkflowDefinition(
      name: "n", steps: [StepDefinition(id: "a", command: .shell("x"))])
    #expect(try definition(json) == expected)
  }

  @Test(arguments: [
    Wrong("‸", "the file holds no value: expected an object"),
    Wrong(" \n // nothing\n‸", "the file holds no value: expected an object"),
    Wrong("‸[]", #"expected an object such as {"name": "nightly", "steps": […]}, found an array"#),
    Wrong("‸null", #"expected an object such as {"name": "nightly", "steps": […]}, found null"#),
    Wrong(
      #"{"name": ‸'n'}"#, "name: single quotes are not allowed: use double quotes"),
    Wrong(#"{‸'name': "n"}"#, "single quotes are not allowed: use double quotes"),
    Wrong(#"{‸name: "n"}"#, #"a key must be in double quotes: "name""#),
    Wrong(#"{‸"#, "unexpected end of the file in the object, opened at 1:1"),
    Wrong(#"{"steps": [‸"#, "steps: unexpected end of the file in the array, opened at 1:11"),
    Wrong(#"{"name"‸"#, #"expected ":" after the key, found the end of the file"#),
    Wrong(#"{"name" ‸= "n"}"#, #"expected ":" after the key, found "=""#),
    Wrong(#"{"name": ‸"#, "name: unexpected end of the file in the object, opened at 1:1"),
    Wrong(#"{"name": "n"‸"#, "unexpected end of the file in the object, opened at 1:1"),
    Wrong("{\"name\": \"n\"\n ‸\"jobs\": 1}", #"missing "," before this"#),
    Wrong(#"{"name": "n" ‸jobs: 1}"#, #"missing "," before this"#),
    Wrong(
      #"{"name": "n"‸]"#, #"expected "," or "}", found "]", for what was opened at 1:1"#),
    Wrong(#"{"name": "n", ‸, "jobs": 1}"#, #"expected a key in double quotes or "}", found ",""#),
    Wrong(#"{‸,}"#, #"expected a key in double quotes or "}", found ",""#),
    Wrong(#"{‸é: 1}"#, #"expected a key in double quotes or "}", found "é""#),
    Wrong(#"{"name": ‸"n}"#, "name: unterminated string: the closing quote is missing"),
    Wrong(
      "{\"name\": ‸\"n\n\"}",
      "name: unterminated string: the closing quote is missing on its line"),
    Wrong(#"{‸/* never ended * / }"#, #"unterminated comment: "*/" is missing"#),
    Wrong(#"{‸# no comment"#, ##"expected a key in double quotes or "}", found "#""##),
    Wrong(#"{‸/ "#, #"a comment begins with "//" or "/*""#),
    Wrong(#"{"jobs": ‸012}"#, "jobs: bad number: leading zeros are not allowed"),
    Wrong(#"{"jobs": ‸-}"#, #"jobs: bad number: a digit must follow "-""#),
    Wrong(#"{"jobs": ‸1.}"#, #"jobs: bad number: a digit must follow ".""#),
    Wrong(#"{"jobs": ‸1e+}"#, "jobs: bad number: an exponent needs a digit"),
    Wrong(
      #"{"jobs": ‸+1}"#, #"jobs: bad number: it must begin with a digit or "-", not "+""#),
    Wrong(
      #"{"jobs": ‸.5}"#, #"jobs: bad number: it must begin with a digit or "-", not ".""#),
    Wrong(
      #"{"jobs": ‸0x10}"#,
      #"jobs: bad number: "x" must not follow a number; text goes in double quotes"#),
    Wrong(
      #"{"timeout": ‸10s}"#,
      #"timeout: bad number: "s" must not follow a number; text goes in double quotes"#),
  ])
  func saysWhereAndWhyTheTextIsNoJSON(wrong: Wrong) {
    wrong.check()
  }

  @Test func theByteOrderMarkIsNoColumn() {
    #expect(lines("\u{FEFF}  1").first?.hasPrefix("1:3: expected an object") == true)
    #expect(lines("\u{FEFF}") == ["1:1: the file holds no value: expected an object"])
  }

  @Test(arguments: ["NaN", "Infinity", "True", "nul", "trueish", "undefined"])
  func namesAWordThatIsNoValue(word: String) {
    Wrong(
      #"{"jobs": ‸\#(word)}"#,
      "jobs: expected a value (a string in double quotes, a number, true, false, an array or an "
        + "object), found \"\(word)\""
    ).check()
  }

  @Test func nothingMayFollowTheOutermostObject() {
    Wrong(
      workflow(with: #""jobs": 1"#) + "\n‸}",
      #"expected the end of the file after the outermost "}", found "}""#
    ).check()
  }

  @Test func whatWasFoundBeforeASyntaxErrorIsReportedToo() {
    let json = """
      {
        "name": "",
        "jbos": 3,
        "steps": [
          {"id": "a b", "run": []},
          {"id": "b", "run": "x", "needs": ["later"]},
          {"id": "c" "run": "x"},
          {"id": ""}
        ]
      }
      """
    #expect(
      lines(json) == [
        "2:11: name: expected a name of 1 to 200 characters, none of them a control character, "
          + "found an empty string",
        #"3:3: jbos: unknown key: did you mean "jobs"?"#,
        #"5:12: steps[0].id: expected a step id: 1 to 64 letters, digits, ".", "_" or "-", "#
          + #"the first a letter or digit, found "a b""#,
        "5:26: steps[0].run: expected a line for the shell, or an array of a program and its "
          + "arguments, found an empty array",
        #"7:16: steps[2]: missing "," before this"#,
      ])
  }

  @Test func nestingEndsAtThirtyTwoLevels() {
    func nested(_ depth: Int) -> [String] {
      // The workflow itself is the first level.
      let brackets = (opening: "[" + String(repeating: "[", count: depth - 2), count: depth - 1)
      let closing = String(repeating: "]", count: brackets.count)
      return lines(#"{"x": \#(brackets.opening)\#(closing), "name": "n", "steps": 1}"#)
    }
    let unknown =
      #"1:2: x: unknown key: a workflow takes "name", "description", "jobs", "env", "#
      + #""environment", "passEnv", "envFiles", "timeout", "failFast", "exclusive", "onConflict", "params", "secrets", "defaults", "steps", "finally", "notify""#
    #expect(nested(32).count == 2)
    #expect(nested(32).first == unknown)
    #expect(
      nested(33) == [unknown, "1:38: x: nested too deeply: at most 32 levels are allowed"])
  }

  @Test(arguments: ["[", #"{"a":"#, #"{"steps":[{"run":["#])
  func endlessNestingIsRefused(opening: String) {
    let json = String(repeating: opening, count: 1_000_000)
    #expect(
      errors(json)?.errors.last?.message == "nested too deeply: at most 32 levels are allowed")
  }
}
