import FlowJSON
import Glibc
import TestSupport
import Testing

/// What `onFailure` runs, with real processes.
struct RollbackTests {
  /// Notes what it is told; waits while there is a file `hold`.
  private static let undo = #"""
    "onFailure": {"run": "echo \"$FLOW_STEP_ID $FLOW_OUTCOME\" >> told; cat \"$FLOW_FAILURE\" > failure; touch undoing; test ! -e hold || exec sleep 600"}
    """#

  private static let broken = #"{"id": "a", "run": "echo half; exit 3", \#(undo)}"#
  private static let endless = #"{"id": "a", "run": "touch begun; exec sleep 600", \#(undo)}"#
  private static let later =
    #"{"id": "b", "run": "echo b >> told", "needs": {"step": "a", "when": "settled"}}"#
  private static let end = #""finally": [{"id": "end", "run": "echo end >> told"}]"#

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
    let told: [String]
  }

  static let cases = [
    Case(
      testDescription: "success", steps: #"{"id": "a", "run": "true", \#(undo)}, \#(later)"#,
      code: 0,
      told: ["b", "end"]),
    Case(
      testDescription: "failure", steps: "\(broken), \(later)", code: 1,
      told: ["a/onFailure failed", "b", "end"]),
    Case(
      testDescription: "a failure that is retried",
      steps:
        #"{"id": "a", "run": "exit 3", \#(undo), "retry": {"maxAttempts": 2, "initialDelay": "1ms"}}"#,
      code: 1, told: ["a/onFailure failed", "end"]),
    Case(
      testDescription: "failFast",
      steps:
        #"\#(endless), {"id": "x", "run": "while ! test -e begun; do sleep 0.01; done; exit 1"}"#,
      settings: #""failFast": true, "jobs": 2"#, code: 1, told: ["a/onFailure cancelled", "end"]),
    Case(
      testDescription: "timeout of the run", steps: endless, settings: #""timeout": "500ms""#,
      code: 1, told: ["a/onFailure cancelled", "end"]),
    Case(
      testDescription: "lost",
      steps: #"{"id": "a", "run": "kill -9 $PPID", "onLost": "fail", \#(undo)}"#, code: 1,
      told: ["a/onFailure failed", "end"]),
    Case(
      testDescription: "it never began",
      steps: #"{"id": "x", "run": "exit 1"}, {"id": "a", "run": "true", "needs": "x", \#(undo)}"#,
      code: 1, told: ["end"]),
  ]

  @Test(arguments: cases) func itRunsOnceWhereItIsCalledFor(_ row: Case) async throws {
    let home = Home()
    let settings = row.settings.isEmpty ? Self.end : "\(row.settings), \(Self.end)"
    let run = try await home.flow("run", home.workflow(row.steps, settings), "--run-id", "r")
    #expect(run.ending == .exit(row.code), "\(run.output) \(run.errors)")
    #expect(told(home) == row.told)
    try await check(home)
  }

  @Test func itIsToldWhatFailed() async throws {
    let home = Home()
    _ = try await home.flow("run", home.workflow(Self.broken), "--run-id", "r")
    let lines = home.folder.contents(of: "failure").split(separator: "\n").map(String.init)
    try #require(lines.count == 4, "\(lines)")
    #expect(lines[0] == "run r of w: a failed")
    #expect(lines[1].hasPrefix("a#1 exited 3 after "))
    #expect(lines[2] == "    half")
    // It is of no use later.
    #expect(!home.folder.has("home/runs/r/failure.0"))
    let logs = try await home.flow("logs", "r", "a/onFailure")
    #expect(logs.ending == .exit(0))
  }

  // MARK: Cancels

  @Test func aCancelLeavesItToItsEnd() async throws {
    let home = Home()
    let file = home.workflow("\(Self.endless), \(Self.later)", Self.end)
    let run = try home.start(["run", file, "--run-id", "r"])
    #expect(try await eventually { home.folder.has("begun") })
    home.folder.write("", to: "hold")
    run.signal(SIGINT)
    #expect(try await eventually { home.folder.has("undoing") })
    #expect(try await home.flow("cancel", "r").ending == .exit(0))
    #expect(!home.folder.processes().isEmpty)
    let status = try await home.status("r")
    #expect(status.step("a/onFailure")?["onFailureOf"]?.string == "a")
    #expect(status.step("a/onFailure")?["state"]?.string == "running")
    // A second interrupt ends it.
    run.signal(SIGINT)
    #expect(try await run.end().ending == .exit(3))
    #expect(told(home) == ["a/onFailure cancelled", "end"])
    let why = try await home.flow("why", "r", "a/onFailure")
    #expect(why.output.contains("A cancel by force came before it had ended."), "\(why.output)")
    try await check(home)
  }

  @Test func aCancelByForceOfItsStepIsRolledBack() async throws {
    let home = Home()
    let run = try home.start(["run", home.workflow(Self.endless, Self.end), "--run-id", "r"])
    #expect(try await eventually { home.folder.has("begun") })
    #expect(try await home.flow("cancel", "r", "--force", "--wait").ending == .exit(0))
    #expect(try await run.end().ending == .exit(3))
    #expect(told(home) == ["a/onFailure cancelled", "end"])
    try await check(home)
  }

  // MARK: Engines and rounds

  @Test func anEngineThatIsKilledInIt() async throws {
    let home = Home()
    home.folder.write("", to: "hold")
    let run = try home.start(
      ["run", home.workflow("\(Self.broken), \(Self.later)", Self.end), "--run-id", "r"])
    #expect(try await eventually { home.folder.has("undoing") })
    run.signal(SIGKILL)
    _ = try await run.end()
    let restart = try home.start(["restart", "r"])
    #expect(try await eventually { restart.output.contains("a/onFailure still runs") })
    for process in home.folder.processes() where TestFile.text("/proc/\(process)/comm") == "sleep\n"
    {
      kill(process, SIGKILL)
    }
    #expect(try await restart.end().ending == .exit(1))
    #expect(told(home) == ["a/onFailure failed", "b", "end"])
    try await check(home)
  }

  @Test func itBeginsAgainWithItsStep() async throws {
    let home = Home()
    let steps = #"{"id": "a", "run": "test -e mended", \#(Self.undo)}, {"id": "x", "run": "true"}"#
    _ = try await home.flow("run", home.workflow(steps), "--run-id", "r")
    _ = try await home.flow("restart", "r", "--failed")
    #expect(told(home) == ["a/onFailure failed", "a/onFailure failed"])
    #expect(try await home.flow("restart", "r", "--only", "x").ending == .exit(1))
    home.folder.write("", to: "mended")
    #expect(try await home.flow("restart", "r", "--failed").ending == .exit(0))
    #expect(told(home).count == 2)
    let named = try await home.flow("restart", "r", "--from", "a/onFailure")
    #expect(named.ending == .exit(2))
    #expect(
      named.errors.contains(
        #"--from names "a/onFailure", which runs only with its step: name "a""#), "\(named.errors)")
    try await check(home)
  }

  // MARK: What is shown

  @Test func itIsShownWhereItRan() async throws {
    let home = Home()
    let quiet = #"{"id": "x", "run": "true", "onFailure": {"run": "false"}}"#
    let run = try await home.flow(
      "run", home.workflow("\(Self.broken), \(Self.later), \(quiet)"), "--run-id", "r")
    #expect(run.output.contains("\nrun failed in "))
    #expect(run.output.contains(": 3 succeeded, 1 failed\n"), "\(run.output)")
    #expect(!run.output.contains("x/onFailure"))
    let table = try await home.flow("status", "r")
    #expect(table.output.contains("\na/onFailure  ✓ succeeded"), "\(table.output)")
    #expect(!table.output.contains("x/onFailure"))
    let status = try await home.status("r")
    #expect(status.step("x/onFailure")?["skip"]?["reason"]?.string == "nothingFailed")
    let why = try await home.flow("why", "r", "x/onFailure")
    #expect(why.output.contains("x/onFailure was skipped: x did not fail."), "\(why.output)")
    // What is rolled back has failed, and the rollback has not.
    let junit = try await home.flow("export", "r", "--format", "junit")
    #expect(
      junit.output.contains(#"tests="4" failures="1" errors="0" skipped="0""#), "\(junit.output)")
    #expect(junit.output.contains(#"name="a/onFailure" time="#))
    #expect(!junit.output.contains("x/onFailure"))
    let chart = try await home.flow("export", "r", "--format", "mermaid")
    #expect(chart.output.contains("s0 -->|onFailure| s1"), "\(chart.output)")
    let graph = try await home.flow("export", "r", "--format", "dot")
    #expect(graph.output.contains(#""a" -> "a/onFailure" [label="onFailure"]"#), "\(graph.output)")
    #expect(
      try await home.flow("report", "r", "--output", home.path + "/r.html").ending == .exit(0))
  }

  @Test func itsFailureFailsTheRun() async throws {
    let home = Home()
    let step =
      #"{"id": "a", "run": "exit 1", "allowFailure": true, "onFailure": {"run": "exit 9"}}"#
    let run = try await home.flow("run", home.workflow(step), "--run-id", "r")
    #expect(run.ending == .exit(1))
    #expect(run.output.contains("✗ a/onFailure failed: exit code 9"), "\(run.output)")
    let why = try await home.flow("why", "r")
    #expect(why.output.contains("what a/onFailure ran failed"), "\(why.output)")
    try await check(home)
  }

  @Test func plansAndSelections() async throws {
    let home = Home()
    let file = home.workflow("\(Self.broken), \(Self.later)")
    let plan = try await home.flow("validate", file)
    #expect(
      plan.output
        == "w: 2 steps, longest chain 2\nstage 1: a\n"
        + "  a/onFailure: runs if a fails, or is cancelled after it has begun\n"
        + "stage 2: b\n  b: runs if a has ended\n")
    let only = try await home.flow("run", file, "--only", "b", "--run-id", "r")
    #expect(only.output.contains("1 of 2 steps are selected\n"), "\(only.output)")
    #expect(only.ending == .exit(0) && told(home) == ["b"])
    let skip = try await home.flow("run", file, "--skip", "a/onFailure")
    #expect(skip.ending == .exit(2))
    try await check(home)
  }
}
