import FlowJSON
import TestSupport
import Testing

/// Runs with steps that want other ends of their needs, and with conditions.
struct EndsAndConditionsTests {
  private static let steps = #"""
    {"id": "deploy", "run": "echo deploy >> ran; test -e works"},
    {"id": "extra", "run": "echo extra >> ran", "needs": {"step": "deploy", "when": "settled"},
     "when": "params.full and steps.deploy.result == 'succeeded'"},
    {"id": "undo", "run": "echo undo >> ran", "needs": {"step": "deploy", "when": "failed"}},
    {"id": "tell", "run": "echo tell >> ran", "description": "always",
     "needs": [{"step": "undo", "when": "settled"}, {"step": "extra", "when": "settled"}]},
    {"id": "ship", "run": "echo ship >> ran", "needs": ["deploy", "extra"]}
    """#

  private static let workflow =
    #"{"name": "w", "params": {"full": {"type": "bool", "default": false}}, "steps": [\#(steps)]}"#

  private func file(_ home: Home) -> String {
    home.folder.write(Self.workflow, to: "w.json")
  }

  private func ran(_ home: Home) -> [String] {
    home.folder.contents(of: "ran").split(separator: "\n").map(String.init).sorted()
  }

  private func check(_ home: Home, _ run: String) async throws {
    #expect(try await home.flow("replay", run, "--verify").ending == .exit(0))
    let verify = try await home.flow("verify", run)
    #expect(verify.ending == .exit(0) && !verify.output.contains("note"), "\(verify.output)")
  }

  @Test func whatHappensDecidesWhatRuns() async throws {
    let home = Home()
    let file = file(home)
    let failed = try await home.flow("run", file, "--run-id", "r", "-j1")
    #expect(failed.ending == .exit(1))
    #expect(ran(home) == ["deploy", "tell", "undo"])
    try await check(home, "r")
    var status = try await home.status("r")
    #expect(status.state(of: "ship") == "skipped" && status.state(of: "extra") == "skipped")

    // Mended: what was for the failure is skipped, what had not run does.
    home.folder.write("", to: "works")
    let restart = try await home.flow("restart", "r", "--failed")
    #expect(restart.ending == .exit(0), "\(restart.errors)")
    #expect(restart.output.contains("undo skipped: needs deploy to fail, which succeeded"))
    #expect(
      restart.output.contains(
        "extra skipped: its condition is false (params.full is false, steps.deploy.result is succeeded)"
      ))
    #expect(ran(home) == ["deploy", "deploy", "ship", "tell", "tell", "undo"])
    status = try await home.status("r")
    #expect(status["state"]?.string == "succeeded" && status.state(of: "undo") == "skipped")
    try await check(home, "r")
    let again = try await home.flow("restart", "r", "--failed")
    #expect(again.ending == .exit(2))
    #expect(again.errors.contains("or was skipped because of its condition or the end of a need"))
    let only = try await home.flow("restart", "r", "--only", "undo")
    #expect(only.ending == .exit(2))
    #expect(
      only.errors.contains("would not run again: deploy, whose failure undo needs"),
      "\(only.errors)")
  }

  @Test func valuesOfTheRunDecideWhatRuns() async throws {
    let home = Home()
    let file = file(home)
    home.folder.write("", to: "works")
    #expect(try await home.flow("run", file, "-p", "full=true", "-j1").ending == .exit(0))
    #expect(ran(home) == ["deploy", "extra", "ship", "tell"])
    let why = try await home.flow("why", "latest", "undo")
    #expect(why.output.contains("it needs deploy to fail, which succeeded."))
  }

  /// What is left out has not failed; what needs it runs as if it had succeeded.
  @Test func partialRunsAreAsIfTheRestHadSucceeded() async throws {
    let home = Home()
    let file = file(home)
    let run = try await home.flow(
      "run", file, "--run-id", "r", "--skip", "deploy", "-p", "full=true")
    #expect(run.ending == .exit(0))
    // The result of what is left out is `skipped`.
    #expect(ran(home) == ["ship", "tell"])
    try await check(home, "r")
    let why = try await home.flow("why", "r", "undo")
    #expect(
      why.output.contains("it needs deploy to fail, which is not selected in this run."),
      "\(why.output)")
  }
}
