import FlowCore
import FlowDefinition
import TestSupport
import Testing

/// Model files: what they say, and one broken rule each.
struct ModelTests {
  private static let definition = WorkflowDefinition(
    name: "n",
    steps: ["fetch", "build", "test-all"].map { StepDefinition(id: $0, command: .shell("x")) })

  private static func parse(_ json: String) -> Result<BehaviourModel, DefinitionErrors> {
    Result { () throws(DefinitionErrors) in
      try ModelParser.parse(Array(json.utf8), file: "w.json", for: definition)
    }
  }

  private static func model(_ json: String) throws -> [BehaviourModel.Step] {
    try parse(json).get().steps
  }

  private static func problems(_ json: String) -> [String] {
    if case .failure(let errors) = parse(json) { lines(errors) } else { [] }
  }

  // MARK: What they say

  @Test func aDefaultAloneIsForEveryStep() throws {
    let steps = try Self.model(#"{"default": {"duration": "10s"}}"#)
    let command = CommandModel(shortestMilliseconds: 10_000, longestMilliseconds: 10_000)
    #expect(steps == Array(repeating: .init(command: command), count: 3))
  }

  @Test func everyKeyIsRead() throws {
    let steps = try Self.model(
      """
      \u{FEFF}// How it was last week.
      {
        "default": {"duration": "1m"},
        "steps": {
          "build": {
            "duration": ["500ms", "2h"], "fails": "5%", "exitCode": 255, "crashes": "0.001%",
            "hangs": "10.25%", "launchFails": "0%",
            "probe": {"duration": ["0s", "1s"], "fails": "1.5%", "hangs": "98.5%",},
          },
        },
      }
      """)
    #expect(
      steps[1]
        == .init(
          command: CommandModel(
            shortestMilliseconds: 500, longestMilliseconds: 7_200_000, failing: 5_000,
            exitCode: 255, crashing: 1, hanging: 10_250),
          probe: CommandModel(longestMilliseconds: 1_000, failing: 1_500, hanging: 98_500)))
  }

  @Test func whatAStepGivesGoesOverTheDefaultWhichMayComeLater() throws {
    let steps = try Self.model(
      """
      {
        "steps": {"build": {"fails": "0%", "probe": {"fails": "2%"}}, "fetch": {"duration": "1s"}},
        "default": {"duration": "3s", "fails": "1%", "hangs": "7%", "probe": {"duration": "2s"}}
      }
      """)
    var expected = BehaviourModel.Step(
      command: CommandModel(
        shortestMilliseconds: 3_000, longestMilliseconds: 3_000, failing: 1_000, hanging: 7_000),
      probe: CommandModel(shortestMilliseconds: 2_000, longestMilliseconds: 2_000))
    #expect(steps[2] == expected)
    var fetch = expected
    fetch.command.shortestMilliseconds = 1_000
    fetch.command.longestMilliseconds = 1_000
    #expect(steps[0] == fetch)
    expected.command.failing = 0
    expected.probe.failing = 2_000
    #expect(steps[1] == expected)
  }

  @Test func noDefaultIsNeededWhereEveryStepHasADuration() throws {
    let all = #"{"steps": {"fetch": {"duration": "1s"}, "build": {"duration": "2s"}"#
    let steps = try Self.model(all + #", "test-all": {"duration": "3s"}}}"#)
    #expect(steps.map(\.command.longestMilliseconds) == [1_000, 2_000, 3_000])
  }

  @Test func modelsInYAMLAreTheSame() throws {
    let json = """
      {
        "default": {"duration": ["10s", "2m"], "fails": "1%", "probe": {"duration": "1s"}},
        "steps": {"build": {"exitCode": 3}}
      }
      """
    let yaml = """
      # How it was last week.
      default: {duration: [10s, 2m], fails: 1%, probe: {duration: 1s}}
      steps:
        build:
          exitCode: "3"
      """
    let model = try ModelParser.parse(Array(yaml.utf8), file: "m.yaml", for: Self.definition)
    #expect(try model.steps == Self.model(json))
  }

  @Test func errorsOfModelsInYAMLHaveAPlace() {
    let yaml = "default: {duration: 1s, fails: 5}\nsteps: {biuld: {}}\n"
    do throws(DefinitionErrors) {
      _ = try ModelParser.parse(Array(yaml.utf8), file: "m.yaml", for: Self.definition)
      Issue.record("taken")
    } catch {
      #expect(
        error.errors.map { "\($0.position) \($0.path)" } == [
          "1:32 default.fails", "2:9 steps.biuld",
        ])
    }
  }

  @Test func certainFailureIsAllowed() throws {
    let steps = try Self.model(
      #"{"default": {"duration": "1s", "fails": "99.999%", "crashes": "0.001%"}}"#)
    #expect(steps[0].command.failing == 99_999)
  }

  @Test(arguments: Fixtures.names(in: "Workflows/models", endingWith: ".json"))
  func fixturesBelongToTheirDefinitions(name: String) throws {
    let isExample = Fixtures.names(in: "Workflows", endingWith: ".json").contains(name)
    let bytes = Fixtures.read("Workflows/\(isExample ? "" : "valid/")\(name).json")
    let definition = try DefinitionParser.parse(bytes, file: "\(name).json")
    let model = Fixtures.read("Workflows/models/\(name).json")
    #expect(
      try ModelParser.parse(model, file: "\(name).json", for: definition).steps.count
        == definition.steps.count)
  }

  // MARK: What is wrong

  @Test(arguments: [
    Wrong(
      "‸[]",
      #"expected an object such as {"default": {"duration": "10s"}, "steps": {…}}, "#
        + "found an array"),
    Wrong("‸", "the file holds no value: expected an object"),
    Wrong(
      #"{"default": {"duration": "1s"}} ‸x"#,
      #"expected the end of the file after the outermost "}", found "x""#),
    Wrong(
      "‸{}",
      #"missing "duration" of step "fetch" and 2 others: give it in "steps", or for all in "default""#
    ),
    Wrong(
      #"‸{"steps": {"fetch": {"duration": "1s"}, "build": {"duration": "1s"}}}"#,
      #"missing "duration" of step "test-all": give it in "steps", or for all in "default""#),
    Wrong(
      #"{"default": {"duration": "1s"}, ‸"step": {}}"#, #"step: unknown key: did you mean "steps"?"#
    ),
    Wrong(
      #"{"default": {"duration": "1s"}, ‸"other": {}}"#,
      #"other: unknown key: a model takes "default", "steps""#),
    Wrong(
      #"{"default": ‸"1s", "steps": {"fetch": {"duration": "1s"}, "build": {"duration": "1s"}, "#
        + #""test-all": {"duration": "1s"}}}"#,
      #"default: expected an object such as {"duration": "10s", "fails": "1%"}, found a string"#),
  ])
  func theFile(wrong: Wrong) {
    wrong.check(by: Self.problems)
  }

  @Test(arguments: [
    Wrong(
      #"‸"biuld": {"fails": 1}"#, #"steps.biuld: no step has the id "biuld": did you mean "build"?"#
    ),
    Wrong(#"‸"deploy": {}"#, #"steps.deploy: no step has the id "deploy""#),
    Wrong(
      #"‸"a\u001b[31m": {}"#, #"steps["a\u{1B}[31m"]: no step has the id "a\u{1B}[31m""#),
    Wrong(
      #""build": {}, ‸"b\u0075ild": {"fails": "1%"}"#,
      "steps.build: duplicate key, first given at 1:43"),
    Wrong(
      #""build": ‸[]"#,
      #"steps.build: expected an object such as {"duration": "10s", "fails": "1%"}, found an array"#
    ),
    Wrong(#""build": {‸"fail": "1%"}"#, #"steps.build.fail: unknown key: did you mean "fails"?"#),
    Wrong(
      #""build": {‸"timeout": "1m"}"#,
      #"steps.build.timeout: unknown key: a step takes "duration", "fails", "hangs", "exitCode", "#
        + #""crashes", "launchFails", "probe""#),
    Wrong(
      #""build": {"probe": {‸"exitCode": 3}}"#,
      #"steps.build.probe.exitCode: unknown key: a probe takes "duration", "fails", "hangs""#),
    Wrong(
      #""build": {"probe": ‸"1s"}"#,
      #"steps.build.probe: expected an object such as {"duration": "1s"}, found a string"#),
    Wrong(
      #""build": {"exitCode": ‸0}"#,
      "steps.build.exitCode: expected an exit code from 1 to 255, found 0"),
    Wrong(
      #""build": ‸{"fails": "60%", "hangs": "60.5%"}"#,
      "steps.build: at most 100% of attempts can fail: the rates add up to 120.5%"),
    Wrong(
      #""build": {"probe": ‸{"fails": "99.999%", "hangs": "0.002%"}}"#,
      "steps.build.probe: at most 100% of attempts can fail: the rates add up to 100.001%"),
  ])
  func steps(wrong: Wrong) {
    wrong.check(
      in: { #"{"default": {"duration": "1s"}, "steps": {\#($0)}}"# }, by: Self.problems)
  }

  private static let rate =
    #"default.fails: expected a rate from "0%" to "100%" with at most three decimal places, "#
    + #"such as "5%" or "0.1%", found "#
  private static let range =
    #"default.duration: expected the shortest and the longest duration, such as "#
    + #"["10s", "2m"], found "#

  @Test(arguments: [
    Wrong(#""duration": "1s", "fails": ‸5"#, rate + "a number"),
    Wrong(#""duration": "1s", "fails": ‸"5""#, rate + #""5""#),
    Wrong(#""duration": "1s", "fails": ‸"%""#, rate + #""%""#),
    Wrong(#""duration": "1s", "fails": ‸"-1%""#, rate + #""-1%""#),
    Wrong(#""duration": "1s", "fails": ‸"0.0001%""#, rate + #""0.0001%""#),
    Wrong(#""duration": "1s", "fails": ‸"1 %""#, rate + #""1 %""#),
    Wrong(#""duration": "1s", "fails": ‸"100.001%""#, rate + #""100.001%""#),
    Wrong(
      #""duration": "1s", "fails": ‸"99999999999999999999%""#, rate + #""99999999999999999999%""#),
    Wrong(#""duration": ‸[]"#, range + "an array of 0 elements"),
    Wrong(#""duration": ‸["1s"]"#, range + "an array of 1 element"),
    Wrong(#""duration": ‸["1s", "2s", "3s"]"#, range + "an array of 3 elements"),
    Wrong(#""duration": ‸["2s", "1s"]"#, range + "the longest first"),
    Wrong(
      #""duration": ‸90"#,
      #"default.duration: expected a duration such as "500ms", "10s", "5m" or "2h", found a number"#
    ),
    Wrong(
      #""duration": ["1s", ‸"2 s"]"#,
      #"default.duration[1]: expected a duration such as "500ms", "10s", "5m" or "2h", found "2 s""#
    ),
    Wrong(
      #""duration": ‸"87601h""#,
      #"default.duration: expected a duration of at most ten years, found "87601h""#),
  ])
  func values(wrong: Wrong) {
    wrong.check(in: { #"{"default": {\#($0)}}"# }, by: Self.problems)
  }

  @Test func ratesOfTheDefaultThatAreTooHighAreToldOnce() {
    let found = Self.problems(
      #"{"default": {"duration": "1s", "fails": "70%", "crashes": "70%"}, "steps": {"build": {}}}"#)
    #expect(
      found == [
        "1:13: default: at most 100% of attempts can fail: the rates add up to 140%"
      ])
  }

  @Test func allErrorsComeAtOnceInTheOrderOfTheFile() {
    let found = Self.problems(
      """
      {
        "steps": {
          "fetsh": {"duration": "1s"},
          "build": {"duration": 5, "fails": "x"},
        },
        "defaults": {},
      }
      """)
    #expect(found.map { $0.split(separator: ": ")[0] } == ["1:1", "3:5", "4:27", "4:39", "6:3"])
  }
}
