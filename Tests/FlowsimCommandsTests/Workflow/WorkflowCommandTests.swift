import FlowJSON
import TestSupport
import Testing

@testable import FlowSimulation
@testable import FlowsimCommands

/// `flowsim --workflow` with real files, from the command line to the exit code.
struct WorkflowCommandTests {
  private struct Finished {
    let code: Int32
    let output: String
    let errors: String
  }

  private let folder = TemporaryFolder()

  private func flowsim(
    _ line: [String], answer: @escaping HazardStudy.World = Simulation.answer
  ) -> Finished {
    let console = Console()
    console.answer = answer
    let code = console.flowsim(line)
    return Finished(code: code, output: console.output, errors: console.errors)
  }

  private static let chain = """
    {"name": "chain", "steps": [
      {"id": "first", "run": "x", "onLost": "fail"},
      {"id": "second", "run": "x", "needs": ["first"]},
    ]}
    """

  private func files(
    _ workflow: String = chain, model: String = #"{"default": {"duration": "1m"}}"#
  ) -> [String] {
    [
      "--workflow", folder.write(workflow, to: "w.json"),
      "--model", folder.write(model, to: "m.json"),
    ]
  }

  // MARK: Values and items

  /// Outputs are of the types that are declared, and conditions over them are judged.
  @Test func whatStepsPutOutIsOfItsType() {
    let finished = flowsim(
      files(
        #"""
        {"name": "w", "steps": [
          {"id": "a", "run": "x", "outputs": {"n": "int", "x": "number", "d": "date", "b": "bool", "j": "json", "l": "lines", "s": "string"}},
          {"id": "b", "run": "x", "needs": "a", "when": "steps.a.n > 3 or steps.a.x < 1 and steps.a.b"},
          {"id": "c", "run": "x", "needs": "a", "when": "steps.a.d < '2026-12-01' and 'a' in steps.a.l and steps.a.s != 'x'"}]}
        """#) + ["--runs", "30"])
    #expect(finished.code == 0, "\(finished.output)")
  }

  /// Two items stand for all. What happens to one is of the step that it is a copy of.
  @Test func aStepOrAChainThatRunsForEachItemIsStudied() {
    let each =
      #"{"id": "each", "needs": "a", "forEach": {"over": "steps.a.l", "tolerate": "50%"}, "#
    for body in [
      #""run": "x", "retry": {"maxAttempts": 2}"#,
      #""steps": [{"id": "t", "run": "x"}, {"id": "u", "run": "x", "needs": "t"}]"#,
    ] {
      let workflow =
        #"{"name": "w", "steps": [{"id": "a", "run": "x", "outputs": {"l": "lines"}}, \#(each)\#(body)}, {"id": "z", "run": "x", "needs": "each"}]}"#
        .replacing(#""t", "run": "x"}"#, with: #""t", "run": "x", "outputs": ["v"]}"#)
      let finished = flowsim(
        files(workflow, model: #"{"default": {"duration": "1m", "fails": "10%"}}"#)
          + ["--runs", "60"])
      #expect(finished.code == 0, "\(finished.output)")
      let name = body.hasPrefix(#""run"#) ? "each" : "each/t"
      #expect(finished.output.contains("step \"\(name)\""), "\(finished.output)")
    }
  }

  @Test func twoStepsWithItemsAreNotStudied() {
    let finished = flowsim(
      files(
        #"""
        {"name": "w", "steps": [{"id": "a", "run": "x", "forEach": {"over": ["1"]}},
          {"id": "b", "run": "x", "forEach": {"over": ["1"]}}]}
        """#))
    #expect(finished.code == 2)
    #expect(
      finished.errors.hasPrefix("flowsim: step b has forEach: a study takes one such step"),
      "\(finished.errors)")
  }

  // MARK: Reports

  @Test func theReportTellsTheRunAndItsSteps() throws {
    let finished = flowsim(files() + ["--runs", "60"])
    #expect(finished.code == 0)
    #expect(finished.errors == "")
    let joined = finished.output.replacing("\n  ", with: " ")
    let lines = joined.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines[0] == "chain: 2 steps, 4 jobs, in 60 worlds from seed 1")
    #expect(lines[1] == "behaviour: from \(folder.path)/m.json")
    #expect(lines[2].hasPrefix("faults: of the machine: "))
    let quiet = try #require(lines.first { $0.hasPrefix("without faults") })
    #expect(quiet.split(separator: " ").suffix(5) == ["2m00s", "2m00s", "2m00s", "60", "0"])
    #expect(lines.contains { $0.hasPrefix("under faults") })
    // What each step's policy does after a loss, and what another one would do.
    let parts = finished.output.replacing("\n    ", with: " ").split(separator: "\nstep ")
    let first = try #require(parts.first { $0.hasPrefix("\"first\"") })
    #expect(first.contains("failed because it was lost, in "))
    #expect(!first.contains("runs twice: "))
    #expect(first.contains(#"with "onLost": "rerun": runs twice in "#))
    let second = try #require(parts.first { $0.hasPrefix("\"second\"") })
    #expect(second.contains("runs twice: lost and run again in "))
    #expect(finished.output.contains("FLOW_IDEMPOTENCY_KEY"))
    #expect(second.contains(#"with "onLost": "fail": runs twice in 0 instead of "#))
    // The same command says the same.
    #expect(flowsim(files() + ["--runs", "60", "--seed", "1"]).output == finished.output)
  }

  @Test func forAProgramTheReportIsJSON() throws {
    let finished = flowsim(files() + ["--runs", "40", "--seed", "7", "--json"])
    #expect(finished.code == 0)
    let json = try JSON(finished.output)
    #expect(json["workflow"]?.string == "chain")
    #expect(json["seed"]?.string == "7")
    #expect(json["model"]?["path"]?.string == "\(folder.path)/m.json")
    let quiet = try #require(json["withoutFaults"])
    #expect(quiet["worlds"]?.integer == 40)
    #expect(quiet["succeeded"]?.integer == 40)
    #expect(quiet["lostWorkMs"]?.integer == 0)
    let faulty = try #require(json["underFaults"])
    let (lost, failed) = (faulty["lostWorkMs"]?.integer, faulty["failed"]?.integer)
    #expect(try #require(lost) > 0)
    #expect(try #require(failed) > 0)
    #expect(json["hazards"]?.elements.count == 2)
  }

  @Test func jobsAndOtherKeysOfTheDefinitionCount() throws {
    let wide = """
      {"name": "wide", "jobs": 3, "steps": [
        {"id": "a", "run": "x"}, {"id": "b", "run": "x"}, {"id": "c", "run": "x"},
      ]}
      """
    let finished = flowsim(files(wide) + ["--runs", "5", "--json"])
    let json = try JSON(finished.output)
    #expect(json["jobs"]?.integer == 3)
    #expect(json["withoutFaults"]?["worstMs"]?.integer.map { $0 / 1_000 } == 60)
  }

  @Test func theModelSaysHowStepsFail() throws {
    let model = """
      {
        "default": {"duration": "10s"},
        "steps": {"first": {"fails": "50%", "exitCode": 3}, "second": {"hangs": "30%"}},
      }
      """
    let finished = flowsim(files(model: model) + ["--runs", "50"])
    #expect(finished.code == 0)
    #expect(finished.output.contains("failed for good, with at most 1 attempt, in "))
    #expect(finished.output.contains("hung in "))
    #expect(finished.output.contains(#""timeout": "1m""#))
    #expect(finished.output.contains(#""retry": {"maxAttempts": 3}"#))
  }

  // MARK: Invalid files

  private func refusal(of line: [String]) -> String {
    let finished = flowsim(line + ["--runs", "1"])
    #expect(finished.code == 2)
    #expect(finished.output == "")
    return finished.errors
  }

  @Test func aDefinitionWithErrorsIsRefusedWithAllOfThem() {
    let workflow = """
      {"name": "n", "steps": [
        {"id": "a", "rum": "x"},
        {"id": "b", "run": "x", "needs": ["c"]},
      ]}
      """
    let path = "\(folder.path)/w.json"
    let errors = refusal(of: files(workflow)).split(separator: "\n")
    #expect(errors.allSatisfy { $0.hasPrefix("\(path):") })
    #expect(errors.contains { $0.hasPrefix("\(path):2:15: steps[0].rum: ") })
    #expect(errors.contains { $0.hasPrefix("\(path):3:37: steps[1].needs[0]: ") })
  }

  @Test(arguments: [
    (
      #"{"default": {"duration": "1s"}, "steps": {"secnd": {"fails": "1%"}}}"#,
      #":1:43: steps.secnd: no step has the id "secnd": did you mean "second"?"#
    ),
    (
      #"{"default": {"duration": 5}}"#,
      #":1:26: default.duration: expected "#
    ),
    (
      "{\n  \"default\": {\"duration\": \"1s\", \"fails\": \"120%\"}\n}",
      ":2:42: default.fails: expected a rate from"
    ),
    (
      #"{"default": {"duration": "1s", "fails": "60%", "hangs": "50%"}}"#,
      ":1:13: default: at most 100% of attempts can fail: the rates add up to 110%"
    ),
    (
      #"{"default": {"duration": "1s", "failz": "1%"}}"#,
      #":1:32: default.failz: "#
    ),
    (
      #"{"steps": {"first": {"duration": "1s"}}}"#,
      #":1:1: missing "duration" of step "second""#
    ),
    (#"{"default": {"duration": "1s"}"#, ":1:31: "),
    ("[]", ":1:1: expected an object"),
    ("", ":1:1: the file holds no value"),
  ])
  func aModelWithErrorsIsRefusedWithTheirPlaces(model: String, expected: String) {
    let errors = refusal(of: files(model: model))
    #expect(errors.hasPrefix("\(folder.path)/m.json\(expected)"), "\(errors)")
  }

  @Test func filesThatCannotBeReadAreNamed() {
    let missing = "\(folder.path)/none.json"
    let reason = "no such file or directory (ENOENT)"
    #expect(
      refusal(of: ["--workflow", missing])
        == "flowsim: cannot read \(missing): \(reason)\n")
    let workflow = folder.write(Self.chain, to: "w.json")
    #expect(
      refusal(of: ["--workflow", workflow, "--model", missing])
        == "flowsim: cannot read \(missing): \(reason)\n")
    #expect(
      refusal(of: ["--workflow", workflow, "--model", folder.path])
        == "flowsim: cannot read \(folder.path): is a directory (EISDIR)\n")
  }

  // MARK: Invalid command lines

  @Test func aModelNeedsAWorkflow() {
    let errors = refusal(of: ["--model", folder.write("{}", to: "m.json")])
    #expect(errors.hasPrefix("flowsim: missing argument --workflow FILE\n"))
  }

  @Test(arguments: [
    ["--trace", "t"], ["--timeline"], ["--choices"], ["--hashes"], ["--twice"],
    ["--option", "steps=2"],
  ])
  func whatShowsSingleWorldsDoesNotGoWithAWorkflow(option: [String]) {
    let errors = refusal(of: files() + option)
    #expect(errors.hasPrefix("flowsim: options --workflow and \(option[0]) cannot be combined\n"))
  }

  // MARK: Worlds that break

  @Test func aWorldThatBreaksIsShownWithTheLineThatMakesItAgain() throws {
    /// In this world the engine meets an impossible state as soon as power is lost.
    func broken(
      _ question: HazardStudy.Question, _ options: SimulationOptions, _ choices: any ChoiceSource,
      _ trace: Trace
    ) -> HazardStudy.Answer {
      let answer = Simulation.answer(question, options, choices, trace)
      guard answer.report.coverage.count(.powerLoss) > 0 else { return answer }
      return .init(answer.report.failing(Violation(.prefix, "it is a pity")), nil)
    }
    let line = files() + ["--runs", "50"]
    let finished = flowsim(line, answer: broken)
    #expect(finished.code == 1)
    #expect(finished.output.contains(" fails: prefix: it is a pity\n"))
    #expect(finished.output.contains("the simplest failing world, found after "))
    #expect(finished.output.contains("power is lost"))
    let seed = try #require(finished.output.split(separator: " ").dropFirst().first)
    #expect(
      finished.output.hasSuffix(
        "to see it again: flowsim \(files().joined(separator: " ")) --seed \(seed) --runs 1\n"))
    let again = flowsim(files() + ["--seed", "\(seed)", "--runs", "1"], answer: broken)
    #expect(again.output == finished.output)
    let json = try JSON(flowsim(line + ["--json"], answer: broken).output)
    #expect(json["seed"]?.string == "\(seed)")
    #expect(json["message"]?.string == "it is a pity")
  }
}

extension Simulation.Report {
  fileprivate func failing(_ violation: Violation) -> Self {
    Self(
      seed: seed, options: options, violation: violation, outcome: outcome, traceHash: traceHash,
      events: events, launches: launches, lives: lives,
      simulatedMicroseconds: simulatedMicroseconds, coverage: coverage)
  }
}
