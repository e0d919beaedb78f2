import FlowJSON
import Glibc
import TestSupport
import Testing

/// Steps of `finally` run once in each round, however the run ends.
struct FinallyTests {
  /// Notes what it is told; waits while there is a file `hold`.
  private static let end = #"""
    {"id": "end", "run": "echo \"$FLOW_OUTCOME|$FLOW_FAILED_STEPS\" >> told; cat \"$FLOW_FAILURE\" > failure; touch ending; test ! -e hold || exec sleep 600"}
    """#

  private func workflow(_ home: Home, _ steps: String, _ settings: String = "") -> String {
    home.workflow(steps, #"\#(settings.isEmpty ? "" : "\(settings), ")"finally": [\#(Self.end)]"#)
  }

  private static let endless = #"{"id": "a", "run": "touch begun; exec sleep 600"}"#
  private static let quick = #"{"id": "a", "run": "true"}"#

  private func told(_ home: Home) -> [String] {
    home.folder.contents(of: "told").split(separator: "\n").map(String.init)
  }

  private func check(_ home: Home) async throws {
    #expect(try await home.flow("replay", "r", "--verify").ending == .exit(0))
    #expect(try await home.flow("verify", "r").ending == .exit(0))
    #expect(home.folder.processes() == [])
  }

  // MARK: Ends that need nothing from outside

  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let steps: String
    var settings = ""
    let code: Int32
    let told: String
  }

  static let cases = [
    Case(testDescription: "success", steps: quick, code: 0, told: "succeeded|"),
    Case(
      testDescription: "failure",
      steps: #"{"id": "a", "run": "echo broken; exit 3"}, {"id": "b", "run": "x", "needs": "a"}"#,
      code: 1, told: "failed|a"),
    Case(
      testDescription: "two failures, and one that is allowed",
      steps: #"{"id": "a", "run": "exit 3"}, {"id": "b", "run": "exit 4"}, "#
        + #"{"id": "c", "run": "exit 5", "allowFailure": true}"#,
      code: 1, told: "failed|a b"),
    Case(
      testDescription: "failFast",
      steps: #"{"id": "a", "run": "exit 1"}, {"id": "b", "run": "exec sleep 600"}"#,
      settings: #""failFast": true"#, code: 1, told: "failed|a"),
    Case(
      testDescription: "timeout of the run", steps: endless, settings: #""timeout": "300ms""#,
      code: 1, told: "failed|"),
    Case(
      testDescription: "lost",
      steps: #"{"id": "a", "run": "kill -9 $PPID", "onLost": "fail"}"#, code: 1,
      told: "failed|a"),
  ]

  @Test(arguments: cases) func itRunsOnce(_ row: Case) async throws {
    let home = Home()
    let run = try await home.flow(
      "run", workflow(home, row.steps, row.settings), "--run-id", "r")
    #expect(run.ending == .exit(row.code), "\(run.output) \(run.errors)")
    #expect(told(home) == [row.told])
    #expect(home.folder.contents(of: "failure").isEmpty == (row.code == 0))
    try await check(home)
  }

  @Test func whatFailedIsInAFile() async throws {
    let home = Home()
    _ = try await home.flow("run", workflow(home, Self.cases[1].steps), "--run-id", "r")
    let lines = home.folder.contents(of: "failure").split(separator: "\n").map(String.init)
    try #require(lines.count == 4, "\(lines)")
    #expect(lines[0] == "run r of w: failed")
    #expect(lines[1].hasPrefix("a#1 exited 3 after "))
    #expect(lines[2] == "    broken")
    #expect(lines[3] == "  in \(home.path)/runs/r/attempts/a@1.out")
    // It is of no use later.
    #expect(!home.folder.has("home/runs/r/failure"))
  }

  @Test func secretsInItAreMasked() async throws {
    let home = Home()
    home.folder.write("hush-hush-hush", to: "secret")
    let file = workflow(
      home, #"{"id": "a", "run": "echo $PW; exit 1", "secrets": "PW"}"#,
      #""secrets": {"PW": {"file": "secret"}}"#)
    _ = try await home.flow("run", file, "--run-id", "r")
    let failure = home.folder.contents(of: "failure")
    #expect(failure.contains("***") && !failure.contains("hush"), "\(failure)")
  }

  // MARK: Cancels

  @Test(arguments: [SIGINT, SIGQUIT]) func aCancelBeforeIt(signal: Int32) async throws {
    let home = Home()
    let run = try home.start(["run", workflow(home, Self.endless), "--run-id", "r"])
    #expect(try await eventually { home.folder.has("begun") })
    run.signal(signal)
    #expect(try await run.end().ending == .exit(3))
    #expect(told(home) == ["cancelled|"])
    try await check(home)
  }

  @Test func aCancelWhileNoEngineLives() async throws {
    let home = Home()
    let run = try home.start(["run", workflow(home, Self.endless), "--run-id", "r"])
    #expect(try await eventually { home.folder.has("begun") })
    run.signal(SIGKILL)
    _ = try await run.end()
    #expect(try await home.flow("cancel", "r", "--wait").ending == .exit(0))
    #expect(told(home) == ["cancelled|"])
    try await check(home)
  }

  /// It comes too late to change anything; force ends what runs.
  @Test func aCancelDuringIt() async throws {
    let home = Home()
    home.folder.write("", to: "hold")
    let run = try home.start(["run", workflow(home, Self.quick), "--run-id", "r"])
    #expect(try await eventually { home.folder.has("ending") })
    let status = try await home.status("r")
    #expect(status["state"]?.string == "running" && status["concluding"]?.string == "succeeded")
    #expect(status.step("end")?["finally"] == .bool(true))
    let late = try await home.flow("cancel", "r")
    #expect(
      late.output
        == "run r is concluding, which a cancel does not change; kill its finally steps with:"
        + " flow cancel --force r\n")
    #expect(!home.folder.processes().isEmpty)
    let force = try await home.flow("cancel", "r", "--force", "--wait")
    #expect(force.output == "run r cancelled\n")
    #expect(try await run.end().ending == .exit(3))
    #expect(told(home) == ["succeeded|"])
    try await check(home)
  }

  @Test func aCancelDuringItWhileNoEngineLives() async throws {
    let home = Home()
    home.folder.write("", to: "hold")
    let run = try home.start(["run", workflow(home, Self.quick), "--run-id", "r"])
    #expect(try await eventually { home.folder.has("ending") })
    run.signal(SIGKILL)
    _ = try await run.end()
    let cancel = try home.start(["cancel", "r"])
    #expect(
      try await eventually {
        try await home.events("r").contains { $0["kind"]?.string == "cancelRequested" }
      })
    for process in home.folder.processes() where TestFile.text("/proc/\(process)/comm") == "sleep\n"
    {
      kill(process, SIGKILL)
    }
    let end = try await cancel.end()
    #expect(end.ending == .exit(0))
    #expect(
      end.output == "run r failed: it was concluding already, and the cancel changed nothing\n")
    try await check(home)
  }

  @Test func aSecondInterruptEndsIt() async throws {
    let home = Home()
    home.folder.write("", to: "hold")
    let run = try home.start(["run", workflow(home, Self.endless), "--run-id", "r"])
    #expect(try await eventually { home.folder.has("begun") })
    run.signal(SIGINT)
    #expect(try await eventually { home.folder.has("ending") })
    run.signal(SIGINT)
    let ended = try await run.end()
    #expect(ended.ending == .exit(3))
    #expect(ended.output.contains("run is concluding (cancelled): its finally steps run\n"))
    #expect(told(home) == ["cancelled|"])
    let why = try await home.flow("why", "r", "end")
    #expect(
      why.output.contains("A cancel by force came while the finally steps ran"), "\(why.output)")
    try await check(home)
  }

  @Test func aFirstInterruptDuringItIsAnsweredAndASecondEndsIt() async throws {
    let home = Home()
    home.folder.write("", to: "hold")
    let run = try home.start(["run", workflow(home, Self.quick), "--run-id", "r"])
    #expect(try await eventually { home.folder.has("ending") })
    run.signal(SIGINT)
    #expect(
      try await eventually {
        run.output.contains("the run is concluding, which a cancel does not change")
      })
    run.signal(SIGINT)
    #expect(try await run.end().ending == .exit(3))
    try await check(home)
  }

  @Test func aCancelAfterItChangesNothing() async throws {
    let home = Home()
    _ = try await home.flow("run", workflow(home, Self.quick), "--run-id", "r")
    let cancel = try await home.flow("cancel", "r", "--force")
    #expect(cancel.errors == "flow: run r has already ended: succeeded\n")
    #expect(told(home) == ["succeeded|"])
  }

  // MARK: Engines and rounds

  @Test func anEngineThatIsKilledInIt() async throws {
    let home = Home()
    home.folder.write("", to: "hold")
    let file = workflow(home, #"{"id": "a", "run": "exit 1"}"#)
    let run = try home.start(["run", file, "--run-id", "r"])
    #expect(try await eventually { home.folder.has("ending") })
    run.signal(SIGKILL)
    _ = try await run.end()
    // It still runs, and is reattached to; it ends by its own signal.
    let restart = try home.start(["restart", "r"])
    #expect(try await eventually { restart.output.contains("end still runs") })
    for process in home.folder.processes() where TestFile.text("/proc/\(process)/comm") == "sleep\n"
    {
      kill(process, SIGKILL)
    }
    #expect(try await restart.end().ending == .exit(1))
    #expect(told(home) == ["failed|a"])
    try await check(home)
  }

  @Test func eachRoundRunsIt() async throws {
    let home = Home()
    let steps = #"{"id": "a", "run": "true"}, {"id": "b", "run": "test -e mended"}"#
    _ = try await home.flow("run", workflow(home, steps), "--run-id", "r")
    home.folder.write("", to: "mended")
    #expect(try await home.flow("restart", "r", "--failed").ending == .exit(0))
    #expect(told(home) == ["failed|b", "succeeded|"])
    #expect(home.folder.contents(of: "failure").isEmpty)
    #expect(try await home.flow("restart", "r", "--only", "a").ending == .exit(0))
    #expect(try await home.flow("restart", "r", "--from", "end").ending == .exit(0))
    #expect(told(home).count == 4)
    let nothing = try await home.flow("restart", "r", "--failed")
    #expect(nothing.ending == .exit(2) && told(home).count == 4)
    try await check(home)
  }

  @Test func itsFailureFailsTheRun() async throws {
    let home = Home()
    let file = home.workflow(
      Self.quick, #""finally": [{"id": "end", "run": "exit 9"}, {"id": "last", "run": "true"}]"#)
    let run = try await home.flow("run", file, "--run-id", "r")
    #expect(run.ending == .exit(1))
    let why = try await home.flow("why", "r")
    #expect(why.output.contains("Its other steps succeeded; end of finally failed."))
    let junit = try await home.flow("export", "r", "--format", "junit")
    #expect(junit.output.contains(#"classname="w.finally" name="last""#), "\(junit.output)")
    let table = try await home.flow("status", "r")
    #expect(table.output.contains("\nFINALLY  STATE"), "\(table.output)")
  }

  @Test func plansAndSelections() async throws {
    let home = Home()
    let file = workflow(home, #"{"id": "a", "run": "true"}, {"id": "b", "run": "true"}"#)
    let plan = try await home.flow("validate", file)
    #expect(plan.output == "w: 3 steps, longest chain 1\nstage 1: a b\nfinally: end\n")
    let dry = try await home.flow("run", file, "--dry-run", "--only", "a")
    #expect(dry.output.contains("end runs: it is a step of finally\n"), "\(dry.output)")
    #expect(try await home.flow("run", file, "--only", "a", "--run-id", "r").ending == .exit(0))
    #expect(told(home) == ["succeeded|"])
    let skipped = try await home.flow("run", file, "--skip", "end,b", "--run-id", "s")
    #expect(skipped.ending == .exit(0) && told(home).count == 1)
    let status = try await home.status("s")
    #expect(status.step("b")?["skip"]?["reason"]?.string == "notSelected")
  }
}
