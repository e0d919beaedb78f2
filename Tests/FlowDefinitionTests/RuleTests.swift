import FlowCore
import FlowDefinition
import Testing

/// One broken rule each: the message, and where it points.
struct RuleTests {
  @Test(arguments: [
    Wrong(
      #"‸{}"#, #"missing "name": a name for the workflow"#),
    Wrong(#"‸{"name": "n"}"#, #"missing "steps": an array of steps"#),
  ])
  func aWorkflowHasANameAndSteps(wrong: Wrong) {
    let found = lines(wrong.json.replacing("‸", with: ""))
    #expect(found.first == "1:1: " + wrong.message)
  }

  @Test(arguments: [
    Wrong(#""steps": ‸[]"#, "steps: expected at least one step, found an empty array"),
    Wrong(#""steps": ‸{}"#, "steps: expected an array of steps, found an object"),
    Wrong(
      #""steps": [‸"a"]"#,
      #"steps[0]: expected an object such as {"id": "build", "run": "make"}, found a string"#),
    Wrong(#""steps": [‸{"run": "x"}]"#, #"steps[0]: missing "id": a name for the step"#),
    Wrong(
      #""steps": [‸{"id": "a"}]"#,
      #"steps[0]: missing "run": a line for the shell, or an array of a program and its "#
        + "arguments"),
  ])
  func stepsAreWhole(wrong: Wrong) {
    wrong.checkBoth { #"{"name": "n", \#($0)}"# }
  }

  @Test(arguments: [
    Wrong(#""jobs": ‸0"#, "jobs: expected a whole number from 1 to 4096, found 0"),
    Wrong(#""jobs": ‸4097"#, "jobs: expected a whole number from 1 to 4096, found 4097"),
    Wrong(#""jobs": ‸-1"#, "jobs: expected a whole number from 1 to 4096, found -1"),
    Wrong(#""jobs": ‸2.0"#, "jobs: expected a whole number from 1 to 4096, found 2.0"),
    Wrong(#""jobs": ‸1e3"#, "jobs: expected a whole number from 1 to 4096, found 1e3"),
    Wrong(
      #""jobs": ‸99999999999999999999999999999999999"#,
      "jobs: expected a whole number from 1 to 4096, found 99999999999999999999999999999999…"),
    Wrong(
      #""jobs": ‸"4""#, "jobs: expected a whole number from 1 to 4096, found a string",
      isOfJSON: true),
    Wrong(#""jobs": ‸null"#, "jobs: expected a whole number from 1 to 4096, found null"),
    Wrong(#""failFast": ‸1"#, "failFast: expected true or false, found a number"),
    Wrong(
      #""failFast": ‸"true""#, "failFast: expected true or false, found a string", isOfJSON: true),
    Wrong(
      #""timeout": ‸"0s""#,
      #"timeout: expected a duration above zero, of at most ten years, found "0s""#),
    Wrong(
      #""env": ‸[]"#, #"env: expected an object of variables such as {"LANG": "C"}, found an array"#
    ),
    Wrong(
      #""env": {‸"A=B": "c"}"#,
      #"env["A=B"]: the name of an environment variable contains "=""#),
    Wrong(#""env": {‸"": "c"}"#, #"env[""]: the name of an environment variable is empty"#),
    Wrong(
      #""env": {"A": ‸1}"#,
      "env.A: expected a string (numbers too go in double quotes), found a number",
      isOfJSON: true),
    Wrong(
      #""env": {"A": "1", "B": "2", ‸"A": "3"}"#, "env.A: duplicate variable, first given at 1:59"),
    Wrong(
      #""defaults": ‸true"#,
      #"defaults: expected an object such as {"timeout": "10m"}, found true"#),
    Wrong(
      #""defaults": {‸"run": "x"}"#,
      #"defaults.run: unknown key: "defaults" takes "env", "cwd", "timeout", "killGrace", "#
        + #""retry", "allowFailure", "onLost", "probe", "stragglers", "shell", "stopSignal", "maxOutput", "secrets""#
    ),
    Wrong(
      #""jobs": 1, ‸"jobs": "many""#, "jobs: duplicate key, first given at 1:51"),
    Wrong(#""jobs": 1, ‸"j\u006fbs": 2"#, "jobs: duplicate key, first given at 1:51"),
    Wrong(#"‸"Jobs": 1"#, #"Jobs: unknown key: did you mean "jobs"?"#),
    Wrong(#"‸"failfsat": 1"#, #"failfsat: unknown key: did you mean "failFast"?"#),
    Wrong(
      #"‸"retry": {"maxAttempts": 1}"#,
      #"retry: unknown key: a workflow takes "name", "description", "jobs", "env", "environment", "#
        + #""passEnv", "envFiles", "timeout", "failFast", "exclusive", "onConflict", "params", "secrets", "defaults", "#
        + #""steps", "finally", "notify""#),
    Wrong(
      #""exclusive": ‸1"#, "exclusive: expected true, or the name of a group, found a number",
      isOfJSON: true),
    Wrong(
      #""exclusive": ‸"""#,
      "exclusive: expected true, or the name of a group, found an empty string"),
    Wrong(
      #""exclusive": ‸"a\tb""#,
      "exclusive: expected true, or the name of a group, found one that is too long, or has control characters"
    ),
    Wrong(
      #""environment": ‸"cleen""#,
      #"environment: expected "inherit" or "clean", found "cleen""#),
    Wrong(
      #""environment": ‸true"#,
      #"environment: expected "inherit" or "clean", found true"#, isOfJSON: true),
    Wrong(#"‸"enviroment": "clean""#, #"enviroment: unknown key: did you mean "environment"?"#),
    Wrong(#"‸"passenv": ["A"]"#, #"passenv: unknown key: did you mean "passEnv"?"#),
    Wrong(#"‸"envFile": "a.env""#, #"envFile: unknown key: did you mean "envFiles"?"#),
    Wrong(
      #"‸"passEnv": ["A"]"#,
      #"passEnv: only for "environment": "clean"; otherwise the steps get all variables anyway"#),
    Wrong(
      #""environment": "inherit", ‸"passEnv": "A""#,
      #"passEnv: only for "environment": "clean"; otherwise the steps get all variables anyway"#),
    // One error, not two.
    Wrong(
      #""passEnv": "A", "environment": ‸"none""#,
      #"environment: expected "inherit" or "clean", found "none""#),
    Wrong(
      #""environment": "clean", "passEnv": ["A", ‸"B=C"]"#,
      #"passEnv[1]: the name of an environment variable contains "=""#),
    Wrong(
      #""environment": "clean", "passEnv": ‸"""#,
      "passEnv: the name of an environment variable is empty"),
    Wrong(
      #""environment": "clean", "passEnv": ["AWS", ‸"AWS_*"]"#,
      #"passEnv[1]: expected the name of a variable: "*" stands for no other text"#),
    Wrong(
      #""environment": "clean", "passEnv": ["A", "B", ‸"A"]"#,
      "passEnv[2]: repeated, first given at 1:87"),
    Wrong(
      #""environment": "clean", "passEnv": [‸1]"#,
      "passEnv[0]: expected the name of a variable, found a number", isOfJSON: true),
    Wrong(
      #""environment": "clean", "passEnv": ‸{}"#,
      #"passEnv: expected an array of names of variables such as ["SSH_AUTH_SOCK"], found an object"#
    ),
    Wrong(
      #""envFiles": ‸1"#,
      #"envFiles: expected an array of paths such as ["prod.env"], found a number"#,
      isOfJSON: true),
    Wrong(
      #""envFiles": ‸"""#,
      "envFiles: expected the path of a file of variables, found an empty string"),
    Wrong(
      #""envFiles": ["a", ‸true]"#,
      #"envFiles[1]: expected the path of a file of variables, or an object such as "#
        + #"{"path": "local.env", "optional": true}, found true"#, isOfJSON: true),
    Wrong(
      #""envFiles": [‸{"optional": true}]"#,
      #"envFiles[0]: missing "path": the path of a file of variables"#),
    Wrong(
      #""envFiles": {"path": "a", "optional": ‸"maybe"}"#,
      "envFiles.optional: expected true or false, found a string", isOfJSON: true),
    Wrong(
      #""envFiles": [{"path": "a", ‸"optinal": true}]"#,
      #"envFiles[0].optinal: unknown key: did you mean "optional"?"#),
  ])
  func theWorkflowsKeys(wrong: Wrong) {
    wrong.checkBoth(in: workflow(with:))
  }

  @Test func aRepeatedVariableIsReportedWhateverItsValue() {
    let found = errors(workflow(with: #""env": {"A": 1, "A": "2"}"#))
    #expect(found?.errors.map(\.path) == ["env.A", "env.A"])
    #expect(found?.errors.last?.message == "duplicate variable, first given at 1:59")
  }

  @Test func namesAreShortAndPlain() {
    let expected = "expected a name of 1 to 200 characters, none of them a control character"
    func check(_ name: String, _ found: String) {
      Wrong(#"‸"\#(name)""#, "name: \(expected), found \(found)").checkBoth {
        #"{"steps": [{"id": "a", "run": "x"}], "name": \#($0)}"#
      }
    }
    check("", "an empty string")
    check(#"a\nb"#, #""a\nb""#)
    check(String(repeating: "ä", count: 201), "\"" + String(repeating: "ä", count: 80) + "…\"")
    #expect(
      lines(
        #"{"name": "\#(String(repeating: "ä", count: 200))", "steps": [{"id": "a", "run": "x"}]}"#)
        == [])
  }

  @Test(arguments: [
    "", "-a", ".a", "_", "a b", "a/b", "é", "a\u{301}", "\u{212A}",
    String(repeating: "a", count: 65),
  ])
  func badIDsAreRefused(id: String) {
    Wrong(
      #"‸"\#(id)""#,
      #"steps[0].id: expected a step id: 1 to 64 letters, digits, ".", "_" or "-", the first a "#
        + "letter or digit, found \"\(id)\""
    ).checkBoth { workflow(steps: #"{"id": \#($0), "run": "x"}"#) }
  }

  @Test(arguments: ["a", "0", "Z.y_x-9", String(repeating: "a", count: 64)])
  func goodIDsAreTaken(id: String) throws {
    #expect(try definition(workflow(steps: #"{"id": "\#(id)", "run": "x"}"#)).steps[0].id == id)
  }

  @Test(arguments: [
    (#""""#, "run", "an empty string"), ("[]", "run", "an empty array"), ("1", "run", "a number"),
    ("{}", "run", "an object"),
  ])
  func commandsAreNotEmpty(json: String, path: String, found: String) {
    let expected = "expected a line for the shell, or an array of a program and its arguments"
    let isOfJSON = found == "a number"
    Wrong("‸\(json)", "steps[0].run: \(expected), found \(found)", isOfJSON: isOfJSON).checkBoth {
      workflow(steps: #"{"id": "a", "run": \#($0)}"#)
    }
    Wrong("‸\(json)", "steps[0].probe: \(expected), found \(found)", isOfJSON: isOfJSON).checkBoth {
      workflow(withStep: #""onLost": "probe", "probe": \#($0)"#)
    }
  }

  @Test(arguments: [
    Wrong(
      #"[‸"", "x"]"#,
      "steps[0].run[0]: expected the name or path of a program, found an empty string"),
    Wrong(
      #"["x", ‸1]"#, "steps[0].run[1]: expected a string, found a number", isOfJSON: true),
    Wrong(#"["x", "", ‸["y"]]"#, "steps[0].run[2]: expected a string, found an array"),
  ])
  func argumentsAreStrings(wrong: Wrong) {
    wrong.checkBoth { workflow(steps: #"{"id": "a", "run": \#($0)}"#) }
  }

  @Test(arguments: [
    Wrong(#""needs": ‸"b""#, #"needs[0]: no step has the id "b""#),
    Wrong(
      #""shell": ‸"zsh""#,
      #"shell: expected "sh", "bash", or an array such as ["python3", "-c"], found "zsh""#),
    Wrong(
      #""shell": ‸[]"#,
      #"shell: expected "sh", "bash", or an array such as ["python3", "-c"], found an empty array"#),
    Wrong(
      #""stopSignal": ‸"SIGINT""#,
      #"stopSignal: expected "TERM", "INT", "HUP", "QUIT", "USR1" or "USR2", found "SIGINT""#),
    Wrong(
      #""needs": [‸1]"#,
      #"needs[0]: expected a step id, or an object such as {"step": "build", "when": "settled"}, found a"#
        + " number", isOfJSON: true),
    Wrong(#""cwd": ‸"""#, "cwd: expected the path of a folder, found an empty string"),
    Wrong(#""allowFailure": ‸0"#, "allowFailure: expected true or false, found a number"),
    Wrong(
      #""onLost": ‸"retry""#, #"onLost: expected "rerun", "fail" or "probe", found "retry""#),
    Wrong(#""stragglers": ‸"Kill""#, #"stragglers: expected "kill" or "keep", found "Kill""#),
    Wrong(#""stragglers": ‸false"#, #"stragglers: expected "kill" or "keep", found false"#),
    Wrong(
      #""retry": ‸3"#, #"retry: expected an object such as {"maxAttempts": 3}, found a number"#),
    Wrong(
      #""retry": {‸"maxAttempt": 3}"#,
      #"retry.maxAttempt: unknown key: did you mean "maxAttempts"?"#),
    Wrong(
      #""retry": {‸"backoff": 3}"#,
      #"retry.backoff: unknown key: "retry" takes "maxAttempts", "initialDelay", "multiplier", "#
        + #""maxDelay", "jitter", "on", "exitCodes""#),
    Wrong(
      #""retry": {"maxAttempts": ‸0}"#,
      "retry.maxAttempts: expected a whole number from 1 to 1000000, found 0"),
    Wrong(
      #""retry": {"maxAttempts": ‸1000001}"#,
      "retry.maxAttempts: expected a whole number from 1 to 1000000, found 1000001"),
    Wrong(
      #""retry": {"jitter": ‸"half"}"#,
      #"retry.jitter: expected "none", "full" or "equal", found "half""#),
    Wrong(
      #""retry": {"on": ‸"lost"}"#,
      #"retry.on: expected "exit", "signal", "timeout", "launch" or "output", found "lost""#),
    Wrong(
      #""retry": {"on": ‸{}}"#,
      #"retry.on: expected an array such as ["exit", "timeout"], found an object"#),
    Wrong(
      #""retry": {"exitCodes": ‸0}"#,
      "retry.exitCodes: expected an exit code from 1 to 255, found 0"),
    Wrong(
      #""retry": {"on": ‸[]}"#,
      "retry.on: expected at least one kind of failure, found an empty array"),
    Wrong(
      #""retry": {"on": ["exit", ‸"lost"]}"#,
      #"retry.on[1]: expected "exit", "signal", "timeout", "launch" or "output", found "lost""#),
    Wrong(
      #""retry": {"on": ["exit", "launch", ‸"exit"]}"#,
      "retry.on[2]: repeated, first given at 1:66"),
    Wrong(
      #""retry": {"exitCodes": ‸[]}"#,
      "retry.exitCodes: expected at least one exit code, found an empty array"),
    Wrong(
      #""retry": {"exitCodes": [1, ‸0]}"#,
      "retry.exitCodes[1]: expected an exit code from 1 to 255, found 0"),
    Wrong(
      #""retry": {"exitCodes": [‸256]}"#,
      "retry.exitCodes[0]: expected an exit code from 1 to 255, found 256"),
    Wrong(
      #""retry": {"exitCodes": [3, 2, ‸3]}"#,
      "retry.exitCodes[2]: repeated, first given at 1:73"),
  ])
  func theStepsKeys(wrong: Wrong) {
    Wrong(wrong.json, "steps[0]." + wrong.message, isOfJSON: wrong.isOfJSON).checkBoth(
      in: workflow(withStep:))
  }

  @Test(arguments: ["-1", "0", "0.999", "1000.001", "1001", "1.0001", "1e1", "2.0000"])
  func multipliersAreFromOneToAThousandWithThreePlaces(number: String) {
    Wrong(
      #"{"multiplier": ‸\#(number)}"#,
      "steps[0].retry.multiplier: expected a number from 1 to 1000 with at most three decimal "
        + "places, found \(number)"
    ).checkBoth { workflow(withStep: #""retry": \#($0)"#) }
  }

  @Test(arguments: [
    "", "10", "s", "10 s", " 10s", "10S", "10sec", "1.5h", "-1s", "+1s", "1d", "1h30m", "１s",
    "9223372036854775807h", "99999999999999999999ms",
  ])
  func durationsAreANumberAndAUnit(text: String) {
    for key in ["timeout", "killGrace"] {
      Wrong(
        #""\#(key)": ‸"\#(text)""#,
        #"steps[0].\#(key): expected a duration such as "500ms", "10s", "5m" or "2h", found "#
          + "\"\(text)\""
      ).checkBoth(in: workflow(withStep:))
    }
  }

  @Test func durationsAreBounded() {
    for key in ["initialDelay", "maxDelay"] {
      Wrong(
        #"{"\#(key)": ‸"87601h"}"#,
        #"steps[0].retry.\#(key): expected a duration of at most ten years, found "87601h""#
      ).checkBoth { workflow(withStep: #""retry": \#($0)"#) }
    }
    for text in ["87601h", "0ms", "0h"] {
      Wrong(
        #""timeout": ‸"\#(text)""#,
        "steps[0].timeout: expected a duration above zero, of at most ten years, found "
          + "\"\(text)\""
      ).checkBoth(in: workflow(withStep:))
    }
    #expect(lines(workflow(withStep: #""timeout": "87600h", "killGrace": "0s""#)) == [])
  }

  @Test(arguments: [
    #""""#, #""1""#, #""1 GiB""#, #""1gib""#, #""1.5GiB""#, #""3KiB""#, #""1025TiB""#,
    #""99999999999TiB""#, "\"5\u{212A}iB\"",
  ])
  func sizesAreANumberAndAUnit(text: String) {
    Wrong(
      #""maxOutput": ‸\#(text)"#,
      #"steps[0].maxOutput: expected a size from "4KiB" to "1024TiB", such as "500MB" or "#
        + #""10MiB", or a number of bytes, found \#(text)"#
    ).checkBoth(in: workflow(withStep:))
  }

  @Test(arguments: ["4095", "0", "-1", "1125899906842625", "5000.0"])
  func sizesInBytesAreBounded(number: String) {
    Wrong(
      #""maxOutput": ‸\#(number)"#,
      #"steps[0].maxOutput: expected a size from "4KiB" to "1024TiB", such as "500MB" or "#
        + #""10MiB", or a number of bytes, found \#(number)"#
    ).checkBoth(in: workflow(withStep:))
  }

  /// Whatever the limits of a process are (execve(2)): with its zero a string may have 32 pages.
  @Test func whatNoLinuxExecutesIsRefused() {
    func text(_ count: Int) -> String { String(repeating: "x", count: count) }
    func messages(_ run: String, _ more: String = "") -> [String] {
      lines(workflow(steps: #"{"id": "a", "run": \#(run)\#(more)}"#)).map {
        String($0.drop { $0 != " " }.dropFirst())
      }
    }
    let limit = "Linux executes nothing with one of 131072 (128 KiB) or more: put it into a file"
    #expect(messages("\"\(text(131_071))\"").isEmpty)
    #expect(
      messages("\"\(text(131_072))\"") == [
        "steps[0].run: the line has 131072 bytes, and \(limit)"
      ])
    #expect(
      messages("[\"echo\", \"\(text(200_000))\"]") == [
        "steps[0].run[1]: the argument has 200000 bytes, and \(limit)"
      ])
    // Bytes count, not characters; and a variable with its name.
    #expect(messages("\"\(String(repeating: "é", count: 65_535))\"").isEmpty)
    #expect(messages("\"\(String(repeating: "é", count: 65_536))\"").count == 1)
    #expect(messages("\"x\"", ", \"env\": {\"A\": \"\(text(131_069))\"}").isEmpty)
    #expect(
      messages("\"x\"", ", \"env\": {\"A\": \"\(text(131_070))\"}") == [
        "steps[0].env.A: the variable has 131072 bytes, and \(limit)"
      ])
    let many = (0..<49).map { _ in "\"\(text(131_000))\"" }.joined(separator: ", ")
    #expect(
      messages("[\(many)]") == [
        "steps[0].run: the arguments take 6419441 bytes, and Linux executes nothing with more than"
          + " 6291456 (6 MiB): put them into a file"
      ])
  }
}
