import FlowCore
import FlowDefinition

/// For each key of the tables values that are wrong: of another type, or out of what the key takes.
///
/// By the key's path, where `step.` stands for a step and for `defaults`, `own.` for a step alone, and
/// `param.` for a parameter. A key without a row fails the tests.
enum WrongValues {
  struct Row: Sendable {
    /// JSON, with the mark where the error is.
    let value: String
    let message: String
    /// Whether a schema can tell.
    let isForSchema: Bool

    init(_ value: String, _ message: String, schema: Bool = true) {
      self.value = value
      self.message = message
      isForSchema = schema
    }
  }

  static let paths: [String] =
    WorkflowDefinition.keys.map(\.name) + StepDefinition.keys.map { "own.\($0.name)" }
    + paths(StepSettings.keys, under: "step.")
    + ParameterKey.allCases.map { "param.\($0.rawValue)" }

  private static func paths(
    _ keys: [DefinitionKey<StepSettings>], under prefix: String
  ) -> [String] {
    keys.flatMap { ["\(prefix)\($0.name)"] + paths($0.members, under: "\(prefix)\($0.name).") }
  }

  private static let variables = #"expected an object of variables such as {"LANG": "C"}"#
  private static let command =
    "expected a line for the shell, or an array of a program and its arguments"
  private static let duration = #"expected a duration such as "500ms", "10s", "5m" or "2h""#
  private static let description = "expected a description in words"
  private static let size =
    #"expected a size from "4KiB" to "1024TiB", such as "500MB" or "10MiB", or a number of bytes"#
  private static let name =
    "expected a name of 1 to 200 characters, none of them a control character"
  private static let shell = #"expected "sh", "bash", or an array such as ["python3", "-c"]"#
  private static let signals = #"expected "TERM", "INT", "HUP", "QUIT", "USR1" or "USR2""#
  private static let types =
    #"expected "string", "int", "number", "bool", "date", "duration" or "list""#
  private static let id =
    #"expected a step id: 1 to 64 letters, digits, ".", "_" or "-", the first a letter or digit"#
  private static let attempts = "expected a whole number from 1 to 1000000"
  private static let multiplier =
    "expected a number from 1 to 1000 with at most three decimal places"
  private static let above = "expected a duration above zero, of at most ten years"
  private static let atMost = "expected a duration of at most ten years"
  private static let file =
    #"expected the path of a file of variables, or an object such as {"path": "local.env", "optional": true}"#

  static let rows: [String: [Row]] = [
    "name": [Row("‸[]", name), Row(#"‸"""#, name), Row(#"‸"a\nb""#, name, schema: false)],
    "description": [Row("‸{}", description), Row(#"‸"""#, description)],
    "jobs": [
      Row("‸{}", "expected a whole number from 1 to 4096"),
      Row("‸0", "expected a whole number from 1 to 4096"),
    ],
    "env": [
      Row(#"‸["A=b"]"#, variables), Row(#"{"A": ‸[]}"#, "expected a string"),
      Row(#"{‸"A=B": "c"}"#, #"the name of an environment variable contains "=""#),
    ],
    "environment": [
      Row("‸[]", #"expected "inherit" or "clean""#),
      Row(#"‸"none""#, #"expected "inherit" or "clean""#),
    ],
    "passEnv": [
      Row("‸{}", #"expected an array of names of variables such as ["SSH_AUTH_SOCK"]"#),
      Row(#"[‸"LC_*"]"#, #"expected the name of a variable: "*" stands for no other text"#),
      Row(#"["A", ‸"A"]"#, "repeated"),
    ],
    "envFiles": [
      Row("‸null", #"expected an array of paths such as ["prod.env"]"#),
      Row(#"[‸[]]"#, file), Row(#"[‸{"optional": true}]"#, "missing"),
    ],
    "timeout": [Row("‸{}", duration), Row(#"‸"0s""#, above), Row(#"‸"10 s""#, duration)],
    "failFast": [Row("‸[]", "expected true or false"), Row(#"‸"yes""#, "expected true or false")],
    "exclusive": [
      Row("‸[]", "expected true, or the name of a group"),
      Row(#"‸"""#, "expected true, or the name of a group"),
    ],
    "onConflict": [
      Row("‸{}", #"expected "fail", "queue", "skip", "resume" or "replace""#),
      Row(#"‸"wait""#, #"expected "fail", "queue", "skip", "resume" or "replace""#),
    ],
    "params": [
      Row(
        #"‸["day"]"#, #"expected an object such as {"since": {"type": "date", "required": true}}"#),
      Row(
        #"{‸"a-b": {"default": "x"}}"#,
        "the name of a parameter has letters, digits and \"_\", and begins with no digit"),
      Row(#"{"a": ‸[]}"#, #"expected an object such as {"type": "date", "required": true}"#),
    ],
    "secrets": [
      Row(#"‸["PW"]"#, #"expected an object such as {"DB_PASSWORD": {"file": "/run/secrets/db"}}"#),
      Row(#"{‸"a-b": {"file": "x"}}"#, "the name of a secret is that of a variable"),
      Row(#"{"PW": ‸{}}"#, #"missing "file" or "env": where the secret comes from"#),
      Row(#"{"PW": {"file": ‸""}}"#, "expected the path of a file"),
      Row(#"{"PW": {"env": ‸"A=B"}}"#, "the name of an environment variable contains"),
    ],
    "defaults": [
      Row("‸[]", #"expected an object such as {"timeout": "10m"}"#),
      Row(#"{‸"id": "x"}"#, "unknown key"),
    ],
    "steps": [
      Row("‸{}", "expected an array of steps"), Row("‸[]", "expected at least one step"),
      Row("[‸[]]", #"expected an object such as {"id": "build", "run": "make"}"#),
    ],
    "finally": [
      Row("‸{}", "expected an array of steps"), Row("‸[]", "expected at least one step"),
      Row("[‸[]]", #"expected an object such as {"id": "build", "run": "make"}"#),
    ],
    "notify": [
      Row("‸{}", #"expected an array of objects such as {"on": ["failed"]"#),
      Row("‸[]", #"expected at least one object such as {"on": ["failed"]"#),
      Row("[‸[]]", #"expected an object such as {"on": ["failed"]"#),
      Row(#"[‸{"run": "x"}]"#, #"missing "on""#),
      Row(#"[‸{"on": ["failed"]}]"#, #"missing "run""#),
      Row(#"[{"run": "x", "on": ‸[]}]"#, "expected at least one end of the run"),
      Row(
        #"[{"run": "x", "on": ‸{}}]"#, #"expected an array such as ["failed", "cancelled"]"#),
      Row(
        #"[{"run": "x", "on": [‸"done"]}]"#,
        #"expected "succeeded", "failed", "cancelled" or "recovered""#),
      Row(#"[{"run": "x", "slow": ‸"0s"}]"#, "expected "),
      Row(#"[{"run": "x", "slow": ‸5}]"#, duration),
      Row(
        #"[{"run": "x", "on": ["failed"], ‸"slow": "1h"}]"#,
        #""slow" tells of a run that is not over"#),
      Row(#"[{"run": "x", "on": ["failed"], ‸"needs": "a"}]"#, #""notify" has no "needs""#),
      Row(#"[{"run": "x", "on": ["failed"], ‸"onLost": "fail"}]"#, #""notify" has no "onLost""#),
      Row(
        #"[{"run": "x", "on": ["failed"], "retry": ‸{"maxAttempts": 11}}]"#,
        #""maxAttempts" is at most 10 here"#, schema: false),
      Row(
        #"[{"run": "x", "on": ["failed"], ‸"nope": 1}]"#,
        #"unknown key: an element of "notify" takes "on", "slow", "run", "description", "env""#),
    ],
    "own.id": [
      Row("‸[]", id), Row(#"‸"a b""#, id),
      Row(#"‸"onFailure""#, #"no step can have the id "onFailure""#),
    ],
    "own.onFailure": [
      Row(#"‸"undo""#, #"expected an object such as {"run": "./undo.sh"}"#),
      Row("‸{}", #"missing "run""#), Row(#"{"run": ‸[]}"#, command),
      Row(#"{"run": "x", ‸"needs": "a"}"#, #""onFailure" has no "needs""#),
      Row(#"{"run": "x", ‸"id": "a"}"#, #""onFailure" has no "id""#),
      Row(#"{"run": "x", "timeout": ‸1}"#, duration),
      Row(
        #"{"run": "x", ‸"nope": 1}"#, #"unknown key: "onFailure" takes "run", "description", "env""#
      ),
    ],
    "own.forEach": [
      Row(#"‸"a""#, #"expected an object such as {"over": "steps.scan.files"}"#),
      Row("‸{}", #"missing "over""#),
      Row(
        #"‸{"over": ["a"], "matrix": {"x": ["1"]}}"#, #""forEach" has either "over" or "matrix""#),
      Row(
        #"{"over": ["a", ‸"a"]}"#, #"item 2 of its forEach has the key "a" of item 1"#,
        schema: false),
      Row(#"{"over": ["a", ‸""]}"#, "the key of item 2 of its forEach is empty", schema: false),
      Row(#"{"over": ["a", ‸[]]}"#, "expected a text, or an object of texts"),
      Row(#"{"over": [‸"${params.p}"]}"#, "no value is put into a list", schema: false),
      Row(#"{"over": ‸"nope"}"#, #"expected a list, "params.NAME" or "steps.ID.OUTPUT""#),
      Row(#"{"over": ‸"params.nope"}"#, #"no parameter has the name "nope""#, schema: false),
      Row(#"{"over": ‸"steps.nope.files"}"#, #"no step has the id "nope""#, schema: false),
      Row(#"{"over": ["a"], "max": ‸0}"#, "expected a whole number from 1 to 1000000"),
      Row(#"{‸"over": ["a", "b"], "max": 1}"#, "2 items are more than", schema: false),
      Row(#"{"over": ["a"], "jobs": ‸0}"#, "expected a whole number from 1 to 10000"),
      Row(#"{"over": ["a"], "tolerate": ‸"101%"}"#, #"expected how many items may fail"#),
      Row(#"{"over": ["a"], "tolerate": ‸-1}"#, #"expected how many items may fail"#),
      Row(#"{"over": ["a"], "empty": ‸"no"}"#, #"expected "skip", "fail" or "succeed""#),
      Row(#"{"over": ["a"], "key": ‸"k"}"#, "the key is the same for all items"),
      Row(
        #"{"over": ["a"], "key": ‸"${item}${run.id}"}"#, "a key is made of the item alone",
        schema: false),
      Row(#"{"over": ["a"], ‸"exclude": []}"#, #""exclude" is for a "matrix""#, schema: false),
      Row(#"{"matrix": ‸{}}"#, "expected at least one axis"),
      Row(#"{"matrix": {"x": ‸[]}}"#, "expected at least one value"),
      Row(
        #"{"matrix": {"x": ["1"]}, ‸"exclude": [{"y": "1"}]}"#, #"the matrix has no axis "y""#,
        schema: false),
      Row(#"{"over": ["a"], ‸"nope": 1}"#, #"unknown key: "forEach" takes"#),
    ],
    "own.steps": [
      Row(#"‸"x""#, "expected an array of steps"),
      Row("‸[]", "expected at least one step"),
      Row(#"[‸{"id": "b"}]"#, #"missing "run""#),
      Row(#"[{"id": "b", "run": "x", "needs": ‸"a"}]"#, #"no step has the id "a""#, schema: false),
      Row(#"[{"id": "b", "run": "x", ‸"onFailure": {"run": "y"}}]"#, "what a step of a chain"),
    ],
    "own.run": [
      Row("‸{}", command), Row("‸[]", command), Row(#"‸"""#, command),
      Row(#"[‸""]"#, "expected the name or path of a program"),
      Row(#"‸"echo ${params.x}""#, #""${params.…" is not replaced in a line for the shell"#),
    ],
    "own.needs": [
      Row(#"[‸"nope"]"#, #"no step has the id "nope""#, schema: false),
      Row(
        "[‸[]]", #"expected a step id, or an object such as {"step": "build", "when": "settled"}"#),
      Row("‸{}", #"missing "step": the id of the step"#),
      Row(#"[{"step": ‸"nope", "when": "failed"}]"#, #"no step has the id "nope""#, schema: false),
      Row(#"[{"step": ‸[]}]"#, "expected a step id"),
    ],
    "own.when": [
      Row("‸[]", "expected a condition such as"), Row(#"‸"""#, "expected a condition such as"),
      Row(#"‸"   ""#, "expected a condition such as"),
      Row(#""‸1""#, "expected what is true or false, found a number", schema: false),
    ],
    "own.call": [
      Row("‸[]", "expected the path of a definition file"),
      Row(#"‸"""#, "expected the path of a definition file"),
    ],
    "own.with": [
      Row("‸[]", #"expected an object such as {"since": "${params.since}"}"#),
      Row(#"{"since": ‸{}}"#, "expected a value, or an array of values"),
    ],
    "own.ask": [
      Row("‸[]", #"expected an object such as {"text": "Release ${params.version}?""#),
      Row("‸{}", #"missing "text": what is asked"#),
      Row(#"{"text": ‸""}"#, "expected a question in words"),
      Row(#"{"text": "q", ‸"until": "1h"}"#, "unknown key"),
      Row(#"{"text": "q", "timeout": ‸"0s"}"#, above),
      Row(#"{"text": "q", ‸"otherwise": "fail"}"#, #""otherwise" says what counts after"#),
      Row(
        #"{"text": "q", "timeout": "1h", "otherwise": ‸"yes"}"#,
        #"expected "approve", "reject" or "fail""#),
      Row(#"{"text": "q", "fields": {"x": ‸"text"}}"#, #"expected "string""#),
      Row(#"{"text": "q", "fields": ‸"result"}"#, #""result" is how a step ended"#),
    ],
    "own.description": [Row("‸[]", description), Row(#"‸"""#, description)],
    "step.env": [Row("‸[]", variables), Row(#"{"A": ‸{}}"#, "expected a string")],
    "step.cwd": [
      Row("‸[]", "expected the path of a folder"), Row(#"‸"""#, "expected the path of a folder"),
    ],
    "step.timeout": [Row("‸[]", duration), Row(#"‸"0m""#, above)],
    "step.killGrace": [
      Row("‸[]", duration), Row(#"‸"-1s""#, duration),
      Row(#"‸"999999h""#, atMost, schema: false),
    ],
    "step.retry": [
      Row("‸[]", #"expected an object such as {"maxAttempts": 3}"#),
      Row(#"{‸"attempts": 3}"#, "unknown key"),
    ],
    "step.retry.maxAttempts": [Row("‸[]", attempts), Row("‸0", attempts)],
    "step.retry.initialDelay": [Row("‸{}", duration), Row(#"‸"1d""#, duration)],
    "step.retry.multiplier": [Row("‸[]", multiplier), Row("‸0.5", multiplier)],
    "step.retry.maxDelay": [Row("‸{}", duration), Row(#"‸"5 m""#, duration)],
    "step.retry.jitter": [
      Row("‸{}", #"expected "none", "full" or "equal""#),
      Row(#"‸"half""#, #"expected "none", "full" or "equal""#),
    ],
    "step.retry.on": [
      Row("‸{}", #"expected an array such as ["exit", "timeout"]"#),
      Row("‸[]", "expected at least one kind of failure"),
      Row(#"[‸"crash"]"#, #"expected "exit", "signal", "timeout", "launch" or "output""#),
      Row(#"["exit", ‸"exit"]"#, "repeated"),
    ],
    "step.retry.exitCodes": [
      Row("‸{}", "expected an array of exit codes from 1 to 255"),
      Row("[‸256]", "expected an exit code from 1 to 255"), Row("[75, ‸75]", "repeated"),
    ],
    "step.allowFailure": [
      Row("‸[]", "expected true or false"), Row(#"‸"on""#, "expected true or false"),
    ],
    "step.onLost": [
      Row("‸[]", #"expected "rerun", "fail" or "probe""#),
      Row(#"‸"retry""#, #"expected "rerun", "fail" or "probe""#),
    ],
    "step.probe": [Row("‸{}", command), Row("‸[]", command)],
    "step.stragglers": [
      Row("‸{}", #"expected "kill" or "keep""#), Row(#"‸"none""#, #"expected "kill" or "keep""#),
    ],
    "step.shell": [Row("‸{}", shell), Row(#"‸"zsh""#, shell), Row("‸[]", shell)],
    "step.stopSignal": [Row("‸{}", signals), Row(#"‸"KILL""#, signals)],
    "step.secrets": [
      Row("‸null", #"expected names of secrets such as ["DB_PASSWORD"]"#),
      Row(#"[‸[]]"#, "expected the name of a secret"),
      Row(#"‸"""#, "expected the name of a secret"),
    ],
    "own.files": [
      Row("‸null", #"expected an array of paths such as ["out/a.csv", "site/"]"#),
      Row(#"‸"""#, "expected the path of a file"),
      Row(#"‸"/tmp/x""#, #""/tmp/x" is not relative to the folder of the step"#),
      Row(
        #"["a", ‸"../b"]"#, #""../b" leads out of the folder of the step"#, schema: false),
      Row(#"‸"a/../../b""#, #""a/../../b" leads out of the folder of the step"#, schema: false),
      Row(#"‸"a//b""#, #""a//b" is not in its shortest form"#, schema: false),
      Row(#"‸"./a""#, #""./a" is not in its shortest form"#, schema: false),
      Row(#"‸".flow-stage/a""#, #"".flow-stage/a" is in .flow-stage"#, schema: false),
      Row(#"["a", ‸"a"]"#, "repeated"),
      Row(#"‸"${params.none}""#, "no parameter has the name", schema: false),
    ],
    "own.inputs": [
      Row("‸null", #"expected an array of paths such as ["out/a.csv", "site/"]"#),
      Row(#"‸"""#, "expected the path of a file"),
      Row(#"["a", ‸"../b"]"#, #""../b" leads out of the folder of the step"#, schema: false),
      Row(#"["a", ‸"a"]"#, "repeated"),
      Row(#"‸"${params.none}""#, "no parameter has the name", schema: false),
    ],
    "own.cache": [
      Row("‸1", "expected true or false"),
      Row("‸\"yes\"", "expected true or false"),
    ],
    "own.publish": [
      Row("‸[]", #"expected "stage" or "inPlace""#),
      Row(#"‸"later""#, #"expected "stage" or "inPlace""#),
    ],
    "own.outputs": [
      Row("‸null", #"expected names of outputs such as ["version"]"#),
      Row(#"[‸[]]"#, "expected the name of an output"),
      Row(#"‸"1x""#, "expected the name of an output"),
      Row(#"‸"result""#, #""result" is how a step ended"#),
      Row(#"{"x": ‸"text"}"#, #"expected "string""#),
    ],
    "step.maxOutput": [Row("‸[]", size), Row(#"‸"10 MB""#, size), Row("‸4095", size)],
    "param.type": [Row("‸{}", types), Row(#"‸"text""#, types)],
    "param.default": [
      Row("‸{}", "expected a value, or an array of texts"),
      Row(#"‸["a", "b"]"#, "expected one value", schema: false),
    ],
    "param.required": [
      Row("‸[]", "expected true or false"), Row(#"‸"yes""#, "expected true or false"),
    ],
    "param.enum": [
      Row("‸{}", "expected an array of values"),
      Row(#"[‸[]]"#, "expected a value"),
    ],
    "param.pattern": [
      Row("‸[]", "expected a regular expression"), Row(#"‸"""#, "expected a regular expression"),
      Row(#"‸"(""#, "no regular expression", schema: false),
    ],
    "param.min": [
      Row("‸{}", "expected a value"),
      Row("‸1", #"a parameter of type string has no "min""#, schema: false),
    ],
    "param.max": [
      Row("‸[]", "expected a value"),
      Row("‸1", #"a parameter of type string has no "max""#, schema: false),
    ],
    "param.help": [Row("‸[]", description), Row(#"‸"""#, description)],
  ]
}
