import FlowCore
import FlowDefinition
import Testing

/// What secrets a workflow has, and which steps get them.
struct SecretTests {
  private static let declared = #""secrets": {"PW": {"file": "pw"}, "KEY": {"env": "CI_KEY"}}"#

  private func steps(_ members: String, _ more: String = declared) -> String {
    #"{"name": "n", "steps": [{"id": "a", "run": "x", \#(members)}], \#(more)}"#
  }

  @Test func aWorkflowSaysWhereTheyComeFrom() throws {
    let workflow = try definition(workflow(with: Self.declared))
    #expect(
      workflow.secrets == [
        Secret(name: "KEY", source: .variable("CI_KEY")), Secret(name: "PW", source: .file("pw")),
      ])
    let yaml = try definition(
      """
      name: n
      secrets:
        PW: {file: pw}
        KEY:
          env: CI_KEY
      steps: [{id: a, run: x}]
      """, as: .yaml)
    #expect(DefinitionCodec.encode(yaml) == DefinitionCodec.encode(workflow))
  }

  @Test func aStepListsWhatItGets() throws {
    let (key, password) = (SecretUse(name: "KEY"), SecretUse(name: "PW"))
    let file = SecretUse(name: "PW", form: .file)
    for (text, uses) in [
      (#""PW""#, [password]), (#"["PW"]"#, [password]), (#"["PW", "KEY"]"#, [key, password]),
      (#"{"PW": "file"}"#, [file]), (#"{"PW": "variable"}"#, [password]),
      (#"["KEY", {"PW": "file"}]"#, [key, file]), ("[]", []), ("{}", []),
      (#"{"PW": "file", "KEY": "variable"}"#, [key, file]),
    ] {
      let workflow = try definition(steps(#""secrets": \#(text)"#))
      #expect(workflow.settings(ofStep: 0).secrets == uses, "\(text)")
    }
    let yaml = try definition(
      "{name: n, secrets: {PW: {file: pw}, KEY: {env: K}},"
        + " steps: [{id: a, run: x, secrets: [KEY, {PW: file}]}, {id: b, run: x, secrets: PW}]}",
      as: .yaml)
    #expect(yaml.settings(ofStep: 0).secrets == [key, file])
    #expect(yaml.settings(ofStep: 1).secrets == [password])
  }

  /// The list of a step replaces that of `defaults`.
  @Test func defaultsMayListThem() throws {
    let text = #"""
      {"name": "n", "defaults": {"secrets": "PW"}, \#(Self.declared), "steps": [
        {"id": "a", "run": "x"}, {"id": "b", "run": "x", "secrets": ["KEY"]},
        {"id": "c", "run": "x", "secrets": []}]}
      """#
    let workflow = try definition(text)
    let names = (0..<3).map { workflow.settings(ofStep: $0).secrets.map(\.name) }
    #expect(names == [["PW"], ["KEY"], []])
  }

  @Test(arguments: [
    Wrong(
      #""secrets": ‸["PW"]"#,
      #"secrets: expected an object such as {"DB_PASSWORD": {"file": "/run/secrets/db"}}, found an array"#
    ),
    Wrong(
      #""secrets": {"PW": ‸"/run/pw"}"#,
      #"secrets.PW: expected an object such as {"file": "/run/secrets/db"} or {"env": "DB_PASSWORD"}, found a string"#
    ),
    Wrong(
      #""secrets": {"PW": ‸{}}"#,
      #"secrets.PW: missing "file" or "env": where the secret comes from"#),
    Wrong(
      #""secrets": {"PW": {"file": "a", "env": ‸"B"}}"#,
      #"secrets.PW.env: a secret comes from "file" or from "env", not from both"#),
    Wrong(
      #""secrets": {"PW": {‸"fil": "a", "env": "B"}}"#,
      #"secrets.PW.fil: unknown key: did you mean "file"?"#),
    Wrong(
      #""secrets": {"PW": {"file": ‸""}}"#,
      "secrets.PW.file: expected the path of a file, found an empty string"),
    Wrong(
      #""secrets": {"PW": {"env": ‸"A=B"}}"#,
      #"secrets.PW.env: the name of an environment variable contains "=""#),
    Wrong(
      #""secrets": {"PW": {"env": ‸1}}"#,
      "secrets.PW.env: expected the name of a variable, found a number", isOfJSON: true),
    Wrong(
      #""secrets": {‸"db-pw": {"file": "a"}}"#,
      "secrets.db-pw: the name of a secret is that of a variable: letters, digits and \"_\", no digit first"
    ),
    Wrong(
      #""secrets": {‸"1PW": {"file": "a"}}"#,
      "secrets.1PW: the name of a secret is that of a variable: letters, digits and \"_\", no digit first"
    ),
    Wrong(
      #""secrets": {‸"FLOW_RUN_ID": {"file": "a"}}"#,
      "secrets.FLOW_RUN_ID: flow itself sets this variable: choose another name"),
    Wrong(
      #""secrets": {‸"PWD": {"file": "a"}}"#,
      "secrets.PWD: flow itself sets this variable: choose another name"),
    Wrong(
      #""secrets": {"PW": {"file": "a"}, ‸"PW": {"file": "b"}}"#,
      "secrets.PW: duplicate secret, first given at 1:63"),
    Wrong(
      #""secrets": {"PW": {"file": "a"}}, "env": {‸"PW": "b"}"#,
      "env.PW: PW is a secret, which steps get by \"secrets\": choose another name for one of them"),
    Wrong(
      #""secrets": {"PW": {"env": "DB"}}, "environment": "clean", ‸"passEnv": ["DB"]"#,
      #"passEnv: DB is a secret: only steps get it that list it in "secrets""#),
    Wrong(
      #""defaults": {"secrets": [‸"PW"]}"#,
      #"defaults.secrets[0]: no secret has the name "PW": say in "secrets" of the workflow where it comes from"#
    ),
    Wrong(
      #""secrets": {"PW": {"file": "a"}}, "defaults": {"secrets": "PW", "stragglers": ‸"keep"}"#,
      #"defaults.stragglers: processes that stay could print a secret later: "stragglers": "keep" and "secrets" exclude each other"#
    ),
  ])
  func theWorkflowsKey(wrong: Wrong) {
    wrong.checkBoth(in: workflow(with:))
  }

  @Test(arguments: [
    Wrong(
      #""secrets": ‸1"#,
      #"steps[0].secrets: expected names of secrets such as ["DB_PASSWORD"], or {"DB_PASSWORD": "file"}, found a number"#,
      isOfJSON: true),
    Wrong(
      #""secrets": ‸"pw""#,
      #"steps[0].secrets: no secret has the name "pw": say in "secrets" of the workflow where it comes from"#
    ),
    Wrong(
      #""secrets": ["PW", ‸"KEYS"]"#,
      #"steps[0].secrets[1]: no secret has the name "KEYS": did you mean "KEY"?"#),
    Wrong(
      #""secrets": {‸"OTHER": "file"}"#,
      #"steps[0].secrets.OTHER: no secret has the name "OTHER": say in "secrets" of the workflow where it comes from"#
    ),
    Wrong(
      #""secrets": ["PW", ‸"PW"]"#, "steps[0].secrets[1]: repeated, first given at 1:61"),
    Wrong(
      #""secrets": ["PW", {‸"PW": "file"}]"#,
      "steps[0].secrets[1].PW: repeated, first given at 1:61"),
    Wrong(
      #""secrets": {"PW": ‸"path"}"#,
      #"steps[0].secrets.PW: expected "variable" or "file", found "path""#),
    Wrong(
      #""secrets": ["PW", ‸""]"#,
      "steps[0].secrets[1]: expected the name of a secret, found an empty string"),
    Wrong(
      #""secrets": "PW", "env": {‸"PW": "x"}"#,
      "steps[0].env.PW: PW is a secret, which steps get by \"secrets\": choose another name for one of them"
    ),
    Wrong(
      #""secrets": "PW", "stragglers": ‸"keep""#,
      #"steps[0].stragglers: processes that stay could print a secret later: "stragglers": "keep" and "secrets" exclude each other"#
    ),
  ])
  func theStepsKey(wrong: Wrong) {
    wrong.checkBoth { steps($0) }
  }

  @Test func stragglersThatStayMayBeADefault() throws {
    func lines(_ step: String) -> [String] {
      FlowDefinitionTests.lines(
        #"{"name": "n", "defaults": {"stragglers": "keep"}, \#(Self.declared), "steps": ["#
          + #"{"id": "a", "run": "x"}, {"id": "b", "run": "x", \#(step)}]}"#)
    }
    #expect(lines(#""secrets": "PW", "stragglers": "kill""#) == [])
    #expect(lines(#""secrets": []"#) == [])
    #expect(lines(#""secrets": "PW""#).count == 1)
    #expect(lines(#""secrets": "PW""#)[0].contains("steps[1].secrets: processes that stay"))
  }

  /// A secret that nothing uses is no error.
  @Test func unusedOnesAreFine() throws {
    #expect(lines(workflow(with: Self.declared)) == [])
    #expect(lines(workflow(with: #""secrets": {}"#)) == [])
  }
}
