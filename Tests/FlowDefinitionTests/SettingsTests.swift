import FlowCore
import FlowDefinition
import Testing

struct SettingsTests {
  @Test func everyKeyReachesTheDefinition() throws {
    let found = try definition(
      """
      {
        "name": "nightly", "jobs": 8, "env": {"B": "2", "A": "1", "a": ""}, "timeout": "2h",
        "failFast": true,
        "steps": [
          {
            "id": "build", "run": ["make", "", "all"], "needs": ["fetch"],
            "env": {"CC": "clang"}, "cwd": "src", "timeout": "10m", "killGrace": "1500ms",
            "retry": {
              "maxAttempts": 3, "initialDelay": "2s", "multiplier": 1.5, "maxDelay": "1m",
              "jitter": "none", "on": ["timeout", "exit"], "exitCodes": [75, 1, 255]
            },
            "allowFailure": true, "onLost": "probe", "probe": ["test", "-e", "out"],
            "stragglers": "keep", "maxOutput": "64KiB"
          },
          {"id": "fetch", "run": "curl -O x"}
        ]
      }
      """)
    let retry = RetryPolicy(
      maxAttempts: 3, initialDelayMilliseconds: 2_000, multiplierThousandths: 1_500,
      maxDelayMilliseconds: 60_000, jitter: .none, on: [.exit, .timeout], exitCodes: [1, 75, 255])
    let settings = StepSettings(
      environment: [EnvironmentVariable(name: "CC", value: "clang")], workingDirectory: "src",
      timeoutMilliseconds: 600_000, killGraceMilliseconds: 1_500, retry: retry, allowFailure: true,
      onLost: .probe, probe: .program(["test", "-e", "out"]), stragglers: .keep,
      maxOutputBytes: 65_536)
    let environment = [("A", "1"), ("B", "2"), ("a", "")].map(EnvironmentVariable.init)
    let expected = WorkflowDefinition(
      name: "nightly", jobs: 8, environment: environment, timeoutMilliseconds: 7_200_000,
      failFast: true,
      steps: [
        StepDefinition(id: "build", command: .program(["make", "", "all"]), needs: [1]),
        StepDefinition(id: "fetch", command: .shell("curl -O x"), settingsIndex: 1),
      ],
      settings: [settings, StepSettings()])
    #expect(found == expected)
  }

  @Test(arguments: [
    (
      DefinitionSpelling.json,
      #"""
      {"name": "n", "passEnv": ["B", "A"], "environment": "clean", "envFiles":
        ["prod.env", {"optional": true, "path": "local.env"}, {"path": "/etc/all.env"}],
        "steps": [{"id": "a", "run": "true"}]}
      """#
    ),
    (
      .yaml,
      """
      name: n
      passEnv: [B, A]
      environment: clean
      envFiles:
        - prod.env
        - {optional: true, path: local.env}
        - path: /etc/all.env
      steps: [{id: a, run: "true"}]
      """
    ),
  ])
  func whereVariablesComeFrom(spelling: DefinitionSpelling, text: String) throws {
    let found = try definition(text, as: spelling)
    #expect(found.inheritance == .clean)
    #expect(found.passedVariables == ["A", "B"])
    #expect(
      found.variableFiles == [
        VariableFile(path: "prod.env"), VariableFile(path: "local.env", isOptional: true),
        VariableFile(path: "/etc/all.env"),
      ])
    let positions = DefinitionParser.positions(
      ofVariableFilesIn: Array(text.utf8), file: "w", as: spelling)
    let lines = positions.map { "\($0)" }
    #expect(lines == (spelling == .json ? ["2:4", "2:16", "2:57"] : ["5:5", "6:5", "7:5"]))
  }

  @Test func oneNameAndOneFileStandAlone() throws {
    let found = try definition(
      workflow(with: #""environment": "clean", "passEnv": "A", "envFiles": "a.env""#))
    #expect(found.passedVariables == ["A"])
    #expect(found.variableFiles == [VariableFile(path: "a.env")])
    let optional = try definition(
      workflow(with: #""envFiles": {"path": "a.env", "optional": true}"#))
    #expect(optional.variableFiles == [VariableFile(path: "a.env", isOptional: true)])
    let usual = try definition(workflow(with: #""passEnv": [], "envFiles": []"#))
    #expect(usual == (try definition(workflow(with: #""failFast": false"#))))
    #expect(usual.inheritance == .inherit)
  }

  @Test(arguments: [
    ("", nil), (#""exclusive": false, "#, nil), (#""exclusive": true, "#, "n"),
    (#""exclusive": "a group", "#, "a group"),
  ])
  func groups(text: String, group: String?) throws {
    let found = try definition(
      #"{\#(text)"name": "n", "onConflict": "queue", "steps": [{"id": "a", "run": "true"}]}"#)
    #expect(found.group == group)
    #expect(found.onConflict == .queue)
  }

  @Test(
    arguments: [
      ("500ms", 500), ("10s", 10_000), ("5m", 300_000), ("2h", 7_200_000), ("0h", 0),
      ("007s", 7_000),
      ("87600h", 315_360_000_000),
    ] as [(String, Int64)])
  func durations(text: String, milliseconds: Int64) throws {
    let found = try definition(workflow(withStep: #""killGrace": "\#(text)""#))
    #expect(found.settings(ofStep: 0).killGraceMilliseconds == milliseconds)
  }

  @Test(
    arguments: [
      ("4096", 4_096), (#""4096B""#, 4_096), (#""4KiB""#, 4_096), (#""10MiB""#, 10 << 20),
      (#""1GiB""#, 1 << 30), (#""2TiB""#, 2 << 40), (#""5kB""#, 5_000), (#""5KB""#, 5_000),
      (#""500MB""#, 500_000_000), (#""1GB""#, 1_000_000_000), (#""1TB""#, 1_000_000_000_000),
      ("1125899906842624", 1 << 50),
    ] as [(String, Int64)])
  func sizes(json: String, bytes: Int64) throws {
    let found = try definition(workflow(withStep: #""maxOutput": \#(json)"#))
    #expect(found.settings(ofStep: 0).maxOutputBytes == bytes)
  }

  @Test(
    arguments: [
      ("1", 1_000), ("1.0", 1_000), ("1.5", 1_500), ("1.05", 1_050), ("1.005", 1_005),
      ("999.999", 999_999), ("1000.000", 1_000_000),
    ] as [(String, Int64)])
  func multipliersAreExact(json: String, thousandths: Int64) throws {
    let found = try definition(workflow(withStep: #""retry": {"multiplier": \#(json)}"#))
    #expect(found.settings(ofStep: 0).retry.multiplierThousandths == thousandths)
  }

  @Test(arguments: [true, false])
  func stepsInheritDefaultsWhereverTheyStand(defaultsFirst: Bool) throws {
    let defaults = """
      "defaults": {
        "env": {"A": "1", "C": "3", "E": "5"}, "cwd": "work", "timeout": "1m",
        "retry": {"maxAttempts": 3, "initialDelay": "2s", "exitCodes": [1, 2]}
      }
      """
    let steps = """
      "steps": [
        {"id": "a", "run": "x"},
        {
          "id": "b", "run": "x", "env": {"F": "", "C": "three", "B": "2"}, "cwd": "other",
          "retry": {"maxAttempts": 5, "exitCodes": [9]}
        }
      ]
      """
    let members = defaultsFirst ? [defaults, steps] : [steps, defaults]
    let found = try definition("{\"name\": \"n\", \(members.joined(separator: ","))}")
    func variables(_ step: Int) -> [String] {
      found.settings(ofStep: step).environment.map { "\($0.name)=\($0.value)" }
    }
    #expect(variables(0) == ["A=1", "C=3", "E=5"])
    #expect(variables(1) == ["A=1", "B=2", "C=three", "E=5", "F="])
    #expect(found.settings.map(\.workingDirectory) == ["work", "other"])
    #expect(found.settings.map(\.timeoutMilliseconds) == [60_000, 60_000])
    #expect(found.settings.map(\.retry.maxAttempts) == [3, 5])
    #expect(found.settings.map(\.retry.initialDelayMilliseconds) == [2_000, 2_000])
    #expect(found.settings.map(\.retry.exitCodes) == [[1, 2], [9]])
  }

  @Test func equalSettingsAreHeldOnceInTheOrderOfTheirFirstUse() throws {
    let found = try definition(
      """
      {
        "name": "n", "defaults": {"killGrace": "10s", "timeout": "1h"},
        "steps": [
          {"id": "a", "run": "x", "cwd": "later"},
          {"id": "b", "run": "x"},
          {"id": "c", "run": "x", "retry": {}, "env": {}},
          {"id": "d", "run": "x", "timeout": "60m"},
          {"id": "e", "run": "x", "timeout": "60s"},
          {"id": "f", "run": "x", "cwd": "later", "killGrace": "10000ms"}
        ]
      }
      """)
    #expect(found.steps.map(\.settingsIndex) == [0, 1, 1, 1, 2, 0])
    #expect(found.settings.count == 3)
  }

  @Test func textIsComparedByteByByte() throws {
    // One letter in two spellings, which `String` takes for equal. To a program they differ.
    let (composed, decomposed) = ("\u{E9}", "e\u{301}")
    let found = try definition(
      workflow(
        steps: """
          {"id": "a", "run": "x", "cwd": "\(composed)"},
          {"id": "b", "run": "x", "cwd": "\(decomposed)"},
          {"id": "c", "run": "x", "cwd": "\(composed)"},
          {"id": "d", "run": "x", "env": {"\(composed)": "1", "\(decomposed)": "2"}}
          """))
    #expect(found.steps.map(\.settingsIndex) == [0, 1, 0, 2])
    #expect(found.settings[2].environment.map(\.value) == ["2", "1"])
  }

  // MARK: Probes

  @Test(arguments: [
    // defaults, step: the settings that come out
    (#"{"onLost": "probe", "probe": "p"}"#, #""timeout": "1s""#, "probe p"),
    (#"{"onLost": "probe", "probe": "p"}"#, #""probe": "q""#, "probe q"),
    (#"{"onLost": "probe", "probe": "p"}"#, #""onLost": "fail""#, "fail"),
    (#"{"onLost": "probe"}"#, #""probe": "q""#, "probe q"),
    (#"{"probe": "p"}"#, #""onLost": "probe""#, "probe p"),
    (#"{"onLost": "fail"}"#, #""onLost": "probe", "probe": "q""#, "probe q"),
  ])
  func aProbeMayBeInherited(defaults: String, step: String, expected: String) throws {
    let json =
      #"{"name": "n", "defaults": \#(defaults), "steps": [{"id": "a", "run": "x", \#(step)}]}"#
    let settings = try definition(json).settings(ofStep: 0)
    if case .shell(let line) = settings.probe {
      #expect("\(settings.onLost) \(line)" == expected)
    } else {
      #expect("\(settings.onLost)" == expected)
    }
  }

  @Test(arguments: [
    Wrong(
      #"{} {"onLost": ‸"probe"}"#,
      #"steps[0].onLost: "probe" asks a command: give it as "probe" in the step or in "defaults""#),
    Wrong(
      #"{} {"probe": ‸"p"}"#,
      #"steps[0].probe: a probe is asked only with "onLost": "probe": add that, or leave the "#
        + "probe out"),
    Wrong(
      #"{"onLost": "probe"} {"probe": ‸["p"], "onLost": "rerun"}"#,
      #"steps[0].probe: a probe is asked only with "onLost": "probe": add that, or leave the "#
        + "probe out"),
    Wrong(
      #"{"onLost": ‸"probe"} {"timeout": "1s"}"#,
      #"defaults.onLost: "probe" asks a command, and steps[0] has none: give it as "probe" in "#
        + #""defaults" or in every step"#),
    Wrong(
      #"{"probe": ‸["p"]} {"timeout": "1s"}"#,
      #"defaults.probe: a probe is asked only with "onLost": "probe": no step has that, nor has "#
        + #""defaults""#),
  ])
  func aProbeAndOnLostComeTogether(wrong: Wrong) {
    wrong.checkBoth { json in
      let parts = json.split(separator: "} {", maxSplits: 1)
      return
        #"{"name": "n", "defaults": \#(parts[0])}, "steps": [{"id": "a", "run": "x", \#(parts[1])]}"#
    }
  }

  @Test func aFaultyProbeIsReportedOnce() {
    Wrong(
      #""onLost": "probe", "probe": ‸7"#,
      "steps[0].probe: expected a line for the shell, or an array of a program and its arguments, "
        + "found a number", isOfJSON: true
    ).checkBoth(in: workflow(withStep:))
    #expect(lines(workflow(withStep: #""onLost": "prob", "probe": "p""#)).count == 1)
    let inDefaults = #""defaults": {"onLost": "prob", "probe": "p"}"#
    #expect(lines(workflow(with: inDefaults)).count == 1)
  }
}
