import FlowCore
import FlowDefinition
import TestSupport
import Testing

/// Steps that stand for the steps of another file.
struct CallTests {
  /// Files by their path; the one that is run is `/w/main.json`.
  struct Files: CalledFiles {
    let texts: [String: String]

    func file(
      _ path: String, calledFrom caller: DefinitionPlace
    ) throws(CalledFileError) -> CalledFile {
      let full = path.hasPrefix("/") ? path : "\(caller.folder)/\(path)"
      guard let text = texts[full] else { throw CalledFileError(message: "no such file") }
      let folder = full[..<(full.lastIndex(of: "/") ?? full.startIndex)]
      return CalledFile(
        bytes: Array(text.utf8),
        place: DefinitionPlace(name: String(full.dropFirst(3)), path: full, folder: String(folder)))
    }
  }

  func parse(
    _ main: String, _ files: [String: String]
  ) throws(DefinitionErrors) -> WorkflowDefinition {
    try DefinitionParser.parse(
      Array(main.utf8), file: "main.json", calling: Files(texts: files),
      from: DefinitionPlace(name: "main.json", path: "/w/main.json", folder: "/w"))
  }

  func errors(_ main: String, _ files: [String: String] = [:]) -> [String] {
    do throws(DefinitionErrors) {
      _ = try parse(main, files)
      return []
    } catch {
      return error.errors.map(\.description)
    }
  }

  func main(_ steps: String, _ keys: String = "") -> String {
    #"{"name": "main", \#(keys)"steps": [\#(steps)]}"#
  }

  func needs(_ definition: WorkflowDefinition) -> [String: [String]] {
    Dictionary(
      uniqueKeysWithValues: definition.steps.map { step in
        (step.id, step.needs.map { definition.steps[Int($0)].id })
      })
  }

  private static let build = #"""
    {"name": "build", "steps": [
      {"id": "get", "run": "g"}, {"id": "make", "run": "m", "needs": ["get"]},
      {"id": "test", "run": "t", "needs": ["get"]}]}
    """#

  @Test func noTwoCallsMakeTheSameFile() throws {
    let made = #"{"name": "b", "steps": [{"id": "m", "run": "x", "files": ["out"]}]}"#
    let calls = #"{"id": "a", "call": "b.json"}, {"id": "b", "call": "b.json"}"#
    let found = errors(main(calls), ["/w/b.json": made])
    let message =
      #"steps[1].call: "out" is made by the step "b/m" and by "a/m": put a parameter into the path, or"#
      + " call the file once"
    #expect(found.count == 1 && found[0].hasSuffix(message), "\(found)")
    // In another folder it is another file.
    let elsewhere = calls.replacing(#""b", "call": "b.json""#, with: #""b", "call": "s/b.json""#)
    #expect(errors(main(elsewhere), ["/w/b.json": made, "/w/s/b.json": made]).isEmpty)
    let named = #"""
      {"name": "b", "params": {"p": {"required": true}}, "steps": [
        {"id": "m", "run": "x", "files": ["${params.p}/out"]},
        {"id": "n", "forEach": {"over": ["i"]}, "steps": [
          {"id": "s", "run": "x", "files": ["${params.p}/${item}"]}]}]}
      """#
    let telling = #"""
      {"id": "a", "call": "b.json", "with": {"p": "1"}}, {"id": "b", "call": "b.json", "with": {"p": "2"}}
      """#
    let definition = try parse(main(telling), ["/w/b.json": named])
    let files = definition.steps.indices.map { definition.files(ofStep: $0) }
    #expect(
      files.joined().sorted() == [
        "${params.a/p}/${item}", "${params.a/p}/out", "${params.b/p}/${item}", "${params.b/p}/out",
      ])
  }

  @Test func aCallNeedsAndIsNeededLikeOneStep() throws {
    let definition = try parse(
      main(
        #"""
        {"id": "last", "run": "l", "needs": ["b", "first"]}, {"id": "b", "call": "b.json", "needs": ["first"]},
        {"id": "first", "run": "f"}
        """#), ["/w/b.json": Self.build])
    #expect(definition.steps.map(\.id) == ["last", "b/get", "b/make", "b/test", "first"])
    #expect(
      needs(definition) == [
        "last": ["b/make", "b/test", "first"], "b/get": ["first"], "b/make": ["b/get"],
        "b/test": ["b/get"], "first": [],
      ])
    #expect(throws: Never.self) { try DependencyGraph(definition.steps) }
  }

  @Test func callsCanNeedCallsAndCall() throws {
    let outer = #"""
      {"name": "o", "steps": [{"id": "x", "call": "b.json"}, {"id": "y", "call": "b.json", "needs": "x"}]}
      """#
    let definition = try parse(
      main(#"{"id": "o", "call": "sub/o.json"}"#),
      ["/w/sub/o.json": outer, "/w/sub/b.json": Self.build])
    #expect(needs(definition)["o/y/get"] == ["o/x/make", "o/x/test"])
    #expect(definition.steps.count == 6)
    #expect(definition.settings(ofStep: 0).workingDirectory == "sub")
  }

  @Test func theStepsKeepTheSettingsOfTheirFile() throws {
    let called = #"""
      {"name": "c", "description": "d", "env": {"A": "file", "B": "file"},
       "defaults": {"timeout": "5s", "env": {"B": "default"}},
       "steps": [{"id": "s", "run": "x", "description": "does", "cwd": "in"}, {"id": "t", "run": "y", "cwd": "/abs"}]}
      """#
    let definition = try parse(
      main(
        #"{"id": "own", "run": "z", "description": "mine"}, {"id": "c", "call": "../c/c.json"}"#,
        #""defaults": {"timeout": "1h"}, "env": {"A": "main"}, "#),
      ["/w/../c/c.json": called])
    let own = definition.settings(ofStep: 0)
    #expect(own.timeoutMilliseconds == 3_600_000 && own.environment.isEmpty)
    let step = definition.settings(ofStep: 1)
    #expect(step.timeoutMilliseconds == 5_000 && step.workingDirectory == "../c/in")
    #expect(step.environment.map { "\($0.name)=\($0.value)" } == ["A=file", "B=default"])
    #expect(definition.settings(ofStep: 2).workingDirectory == "/abs")
    #expect([0, 1, 2].map { definition.extras(ofStep: $0).description } == ["mine", "does", nil])
  }

  /// Steps and parameters of the called file, wherever they stand in the whole.
  @Test func conditionsOfTheCalledFileAreOverItsOwnStepsAndParameters() throws {
    let called = #"""
      {"name": "c", "params": {"full": {"type": "bool", "default": true}},
       "steps": [{"id": "s", "run": "x", "when": "params.full"},
        {"id": "t", "run": "y", "needs": {"step": "s", "when": "settled"},
         "when": "steps.s.result != 'failed'"}]}
      """#
    let definition = try parse(
      main(
        #"""
        {"id": "own", "run": "z"}, {"id": "c", "call": "c.json", "needs": "own"},
        {"id": "last", "run": "z", "needs": ["c", "own"], "when": "params.mine == 'x' and steps.own.result == 'succeeded'"}
        """#, #""params": {"mine": {"default": "x"}}, "#),
      ["/w/c.json": called])
    #expect(
      definition.steps.indices.map { definition.conditionText(ofStep: $0) } == [
        nil, "params.c/full", #"steps["c/s"].result != "failed""#,
        #"params.mine == "x" and steps.own.result == "succeeded""#,
      ])
    #expect(definition.steps[3].needs == [0, 1, 2])
    #expect(DefinitionCodec.encode(definition) == DefinitionCodec.encode(try roundTrip(definition)))
  }

  func roundTrip(_ definition: WorkflowDefinition) throws -> WorkflowDefinition {
    try DefinitionCodec.decode(DefinitionCodec.encode(definition))
  }

  @Test func aCallHasNoConditionAndNoResult() {
    func messages(_ steps: String) -> [String] {
      lines(#"{"name": "n", "steps": [{"id": "c", "call": "c.json"\#(steps)]}"#)
    }
    #expect(
      messages(#", "when": "true"}"#) == [
        #"1:55: steps[0].when: a step with "call" has no "when": the steps of the other file say how they"#
          + " run"
      ])
    #expect(
      messages(#"}, {"id": "a", "run": "x", "needs": "c", "when": "steps.c.result == 'failed'"}"#)
        == [
          #"1:103: steps[1].when: a step with "call" has no result of its own, its steps have"#
        ])
    #expect(
      messages(#"}, {"id": "a", "run": "x", "needs": {"step": "c", "when": "failed"}}"#) == [
        #"1:98: steps[1].needs[0]: of a step with "call" only "done", "succeeded" or "settled" can be"#
          + " wanted: a step of the other file can need the one that may fail"
      ])
  }

  /// Who needs a call waits for all whose failure counts.
  @Test func aCallIsNeededByWhatPassesOnItsFailures() throws {
    let called = #"""
      {"name": "c", "steps": [{"id": "deploy", "run": "x"},
        {"id": "undo", "run": "y", "needs": {"step": "deploy", "when": "failed"}},
        {"id": "told", "run": "y", "needs": "undo"},
        {"id": "log", "run": "y", "needs": {"step": "deploy", "when": "settled"}}]}
      """#
    let definition = try parse(
      main(
        #"""
        {"id": "c", "call": "c.json"}, {"id": "a", "run": "z", "needs": "c"},
        {"id": "b", "run": "z", "needs": {"step": "c", "when": "settled"}},
        {"id": "d", "run": "z", "needs": {"step": "c", "when": "succeeded"}}
        """#), ["/w/c.json": called])
    #expect(definition.steps[4].needs == [0, 2, 3])
    #expect(definition.extras(ofStep: 4).edges == [Edge(need: 2, wanted: .settled)])
    #expect(
      definition.extras(ofStep: 5).edges == [0, 2, 3].map { Edge(need: $0, wanted: .settled) })
    #expect(definition.extras(ofStep: 6).edges == definition.extras(ofStep: 4).edges)
  }

  private static let secretive = #"""
    {"name": "s", "secrets": {"PW": {"file": "pw"}, "KEY": {"env": "DEPLOY_KEY"}},
     "steps": [{"id": "s", "run": "x", "secrets": "PW"}]}
    """#

  @Test func theSecretsOfAllFilesAreOfTheRun() throws {
    let definition = try parse(
      main(
        #"{"id": "a", "call": "sub/s.json"}, {"id": "b", "call": "sub/s.json"}"#,
        #""secrets": {"OWN": {"file": "own"}}, "#), ["/w/sub/s.json": Self.secretive])
    #expect(
      definition.secrets == [
        Secret(name: "KEY", source: .variable("DEPLOY_KEY")),
        Secret(name: "OWN", source: .file("own")), Secret(name: "PW", source: .file("sub/pw")),
      ])
    #expect(definition.settings(ofStep: 0).secrets == [SecretUse(name: "PW")])
  }

  @Test(arguments: [
    (
      #""secrets": {"PW": {"file": "pw"}}, "#,
      "the secret PW of that file comes from elsewhere than the one with that name here: rename one of them"
    ),
    (
      #""env": {"KEY": "x"}, "#,
      "KEY is a secret of that file, and a variable of this one: rename one of them"
    ),
  ])
  func secretsOfOneNameAreOneSecret(keys: String, message: String) {
    let found = errors(
      main(#"{"id": "a", "call": "sub/s.json"}"#, keys), ["/w/sub/s.json": Self.secretive])
    #expect(found.count == 1 && found[0].hasSuffix("steps[0].call: \(message)"))
  }

  // MARK: Parameters

  static let told = #"""
    {"name": "t", "params": {"day": {"type": "date", "required": true}, "n": {"type": "int", "default": 1, "max": 5},
      "tag": {"default": "x"}, "hosts": {"type": "list", "default": ["a"]}},
     "steps": [{"id": "s", "run": ["p", "${params.hosts}", "${params.day}-$${n}"], "env": {"N": "${params.n}"}}]}
    """#

  func values(
    _ definition: WorkflowDefinition, _ given: [(String, String)] = []
  ) throws -> [String] {
    var told = GivenParameters()
    for (name, text) in given { told.add(text, to: name) }
    return try told.values(of: definition.parameters, today: "2026-11-29", yesterday: "2026-11-28")
      .map { "\($0.name)=\($0.texts.joined(separator: ","))" }
  }

  @Test func withGivesTheParameters() throws {
    let definition = try parse(
      main(
        #"{"id": "t", "call": "t.json", "with": {"day": "${params.since}", "n": 2, "tag": "v${params.since}$${x}", "hosts": ["b", "${params.more}"]}}"#,
        #""params": {"since": {"type": "date", "default": "yesterday"}, "more": {"type": "list", "default": ["c", "d"]}}, "#
      ), ["/w/t.json": Self.told])
    #expect(
      try values(definition) == [
        "since=2026-11-28", "more=c,d", "t/day=2026-11-28", "t/n=2", "t/tag=v2026-11-28${x}",
        "t/hosts=b,c,d",
      ])
    #expect(
      definition.steps[0].command == .program(["p", "${params.t/hosts}", "${params.t/day}-$${n}"]))
    #expect(definition.settings(ofStep: 0).environment[0].value == "${params.t/n}")
  }

  @Test func valuesArePassedThroughEachCall() throws {
    let middle = #"""
      {"name": "m", "params": {"d": {"type": "date", "required": true}},
       "steps": [{"id": "t", "call": "t.json", "with": {"day": "${params.d}"}}]}
      """#
    let definition = try parse(
      main(#"{"id": "m", "call": "m.json", "with": {"d": "today"}}"#),
      ["/w/m.json": middle, "/w/t.json": Self.told])
    #expect(
      try values(definition) == [
        "m/d=2026-11-29", "m/t/day=2026-11-29", "m/t/n=1", "m/t/tag=x", "m/t/hosts=a",
      ])
  }

  @Test func valuesAreCheckedWhenARunIsCreated() throws {
    let definition = try parse(
      main(
        #"{"id": "t", "call": "t.json", "with": {"day": "today", "n": "${params.n}"}}"#,
        #""params": {"n": {"type": "int", "default": 3}}, "#), ["/w/t.json": Self.told])
    let error = #expect(throws: ParameterErrors.self) { try values(definition, [("n", "6")]) }
    #expect(
      error?.messages == [#"parameter t/n: expected a whole number, at most 5, found "6""#])
    let given = #expect(throws: ParameterErrors.self) { try values(definition, [("t/n", "1")]) }
    #expect(
      given?.messages == ["parameter t/n is of a workflow that is called: the call gives it"])
  }

  // MARK: Errors

  @Test(arguments: [
    (
      #"{"id": "c", "call": "no.json"}"#,
      #"main.json:1:48: steps[0].call: "no.json" cannot be read: no such file"#
    ),
    (
      #"{"id": "c", "call": "t.json"}"#,
      #"main.json:1:48: steps[0].call: the workflow "t" requires "day", a date such as 2026-11-29: give it in "with""#
    ),
    (
      #"{"id": "c", "call": "t.json", "with": {"day": "today", "tga": 1}}"#,
      #"main.json:1:83: steps[0].with.tga: the workflow "t" has no parameter "tga": did you mean "tag"?"#
    ),
    (
      #"{"id": "c", "call": "t.json", "with": {"day": "today", "n": 6}}"#,
      #"main.json:1:88: steps[0].with.n: expected a whole number, at most 5, found "6""#
    ),
    (
      #"{"id": "c", "call": "t.json", "with": {"day": "${run.id}"}}"#,
      #"main.json:1:74: steps[0].with.day: "${run.…}" is not known yet when the values are checked; the other file can use it itself"#
    ),
    (
      #"{"id": "c", "call": "t.json", "with": {"day": "${params.dya}"}}"#,
      #"main.json:1:74: steps[0].with.day: no parameter has the name "dya""#
    ),
    (
      #"{"id": "c", "call": "b.json", "run": "x", "timeout": "1s"}"#,
      #"main.json:1:58: steps[0].run: a step with "call" has no "run": the steps of the other file say how they run"#
    ),
    (
      #"{"id": "c", "run": "x", "with": {}}"#,
      #"main.json:1:52: steps[0]: "with" is only for a step with "call""#
    ),
    (
      #"{"id": "c", "call": ""}"#,
      #"main.json:1:48: steps[0].call: expected the path of a definition file, found an empty string"#
    ),
    (
      #"{"id": "c", "call": "run.json"}"#,
      #"run.json:1:15: jobs: a workflow that is called has no "jobs": it is of the whole run, and belongs into the file that is run"#
    ),
    (
      #"{"id": "c", "call": "main.json"}"#,
      #"main.json:1:48: steps[0].call: these files call each other without end: main.json → main.json"#
    ),
  ])
  func whatIsWrongIsSaidWhereItIs(step: String, message: String) {
    let text = main(step)
    let files = [
      "/w/t.json": Self.told, "/w/b.json": Self.build, "/w/main.json": text,
      "/w/run.json": #"{"name": "r", "jobs": 2, "steps": [{"id": "a", "run": "x"}]}"#,
    ]
    #expect(errors(text, files).first == message)
  }

  @Test func allErrorsOfAllFilesAreSaid() {
    let text = main(#"{"id": "c", "call": "c.json", "cwd": "x"}, {"id": "c", "call": "d.json"}"#)
    let found = errors(
      text,
      [
        "/w/c.json": #"{"name": "", "steps": []}"#, "/w/d.json": #"{"name": "d", "step": 1}"#,
      ])
    #expect(
      found.map { String($0.prefix { $0 != " " }) } == [
        "main.json:1:58:", "main.json:1:78:", "c.json:1:10:", "c.json:1:23:", "d.json:1:1:",
        "d.json:1:15:",
      ])
  }

  @Test func aCircleOfSeveralFilesIsSaid() {
    func calling(_ path: String) -> String {
      #"{"name": "n", "steps": [{"id": "s", "call": "\#(path)"}]}"#
    }
    #expect(
      errors(calling("a.json"), ["/w/a.json": calling("b.json"), "/w/b.json": calling("a.json")])
        == [
          "b.json:1:45: steps[0].call: these files call each other without end: a.json → b.json → a.json"
        ])
  }

  /// Ten files, each of which calls the next twice, would be a thousand copies of the last.
  @Test func callsAreBounded() {
    var files: [String: String] = [:]
    for index in 1...12 {
      files["/w/\(index).json"] =
        #"{"name": "n", "steps": [{"id": "a", "call": "\#(index + 1).json"}, {"id": "b", "call": "\#(index + 1).json"}]}"#
    }
    files["/w/13.json"] = #"{"name": "n", "steps": [{"id": "a", "run": "x"}]}"#
    let found = errors(main(#"{"id": "c", "call": "1.json"}"#), files)
    #expect(found.first?.contains("exceed the limit of a run: 1000 calls") == true)
    #expect(found.count <= DefinitionErrors.limit)
  }

  @Test func aFolderThatCanBeAbsoluteIsRefusedElsewhere() {
    let called = #"""
      {"name": "c", "params": {"d": {"default": "x"}}, "steps": [{"id": "s", "run": "x", "cwd": "${params.d}"}]}
      """#
    let main = main(#"{"id": "c", "call": "sub/c.json"}"#)
    #expect(errors(main, ["/w/sub/c.json": called]).count == 1)
    #expect(errors(main, ["/w/sub/c.json": called.replacing("\"${p", with: "\"./${p")]).isEmpty)
  }
}

/// The files beside the fixtures of calls.
private struct FixtureFiles: CalledFiles {
  func file(
    _ path: String, calledFrom caller: DefinitionPlace
  ) throws(CalledFileError) -> CalledFile {
    CalledFile(
      bytes: Fixtures.read("Workflows/calls/\(path)"),
      place: DefinitionPlace(name: path, path: path, folder: ""))
  }
}

extension CallTests {
  @Test func theFixtureIsTheSameInBothSpellings() throws {
    let both = try ["release.json", "release.yaml"].map { name in
      try DefinitionParser.parse(
        Fixtures.read("Workflows/calls/\(name)"), file: name, calling: FixtureFiles())
    }
    #expect(both[0] == both[1])
    #expect(both[0].steps.map(\.id) == ["build", "deploy/copy", "deploy/check", "announce"])
    #expect(
      try values(both[0], [("version", "1.2")]).last(where: { $0.hasPrefix("deploy/hosts") })
        == "deploy/hosts=alpha,beta,gamma")
  }
}

extension String {
  fileprivate func replacing(_ old: String, with new: String) -> String {
    guard let range = firstRange(of: old) else { return self }
    return self[..<range.lowerBound] + new + self[range.upperBound...]
  }
}
