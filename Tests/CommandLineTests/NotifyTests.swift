import FlowJSON
import Glibc
import TestSupport
import Testing

/// What `notify` runs, with real processes.
struct NotifyTests {
  /// Notes what it is told; waits while there is a file `hold`.
  private static let tell = #"""
    "echo \"$FLOW_STEP_ID $FLOW_OUTCOME $FLOW_FAILED_STEPS $FLOW_IDEMPOTENCY_KEY\" >> told; cat \"$FLOW_FAILURE\" > failure; touch telling; test ! -e hold || exec sleep 600"
    """#

  private static func notify(_ ends: String, _ more: String = "") -> String {
    #""notify": [{"on": [\#(ends)], "run": \#(tell)\#(more)}]"#
  }

  private static let every = notify(#""succeeded", "failed", "cancelled""#)

  private func told(_ home: Home) -> [String] {
    home.folder.contents(of: "told").split(separator: "\n").map(String.init)
  }

  private func check(_ home: Home) async throws {
    #expect(try await home.flow("replay", "r", "--verify").ending == .exit(0))
    #expect(try await home.flow("verify", "r").ending == .exit(0))
    #expect(home.folder.processes() == [])
  }

  @Test func aFailureIsTold() async throws {
    let home = Home()
    let finally = #""finally": [{"id": "end", "run": "echo end >> told"}]"#
    let path = home.workflow(
      #"{"id": "a", "run": "echo broken; exit 3"}, {"id": "b", "run": "true"}"#,
      "\(finally), \(Self.every)")
    let run = try await home.flow("run", path, "--run-id", "r")
    #expect(run.ending == .exit(1), "\(run.output) \(run.errors)")
    #expect(told(home) == ["end", "notify/1 failed a r/notify/1/1"])
    #expect(run.output.contains("run has come to its end (failed): its notify commands run\n"))
    let failure = home.folder.contents(of: "failure")
    #expect(failure.contains(": failed\n") && failure.contains("    broken\n"), "\(failure)")
    let status = try await home.flow("status", "r")
    #expect(status.output.contains("NOTIFY    STATE"), "\(status.output)")
    #expect(status.output.contains("3 steps: 2 succeeded, 1 failed"), "\(status.output)")
    // Another round tells of its own end.
    let again = try await home.flow("restart", "r", "--failed")
    #expect(again.ending == .exit(1))
    #expect(told(home).suffix(2) == ["end", "notify/1 failed a r/notify/1/2"])
    try await check(home)
  }

  /// The last run that has an end counts, of the same workflow alone.
  @Test func aRecoveryIsToldOnce() async throws {
    let home = Home()
    let notify =
      #""notify": [{"on": ["failed", "recovered"], "run": "echo $FLOW_RUN_ID $FLOW_OUTCOME $FLOW_NOTICE ${FLOW_PREVIOUS_OUTCOME-none} >> told"}]"#
    let path = home.workflow(#"{"id": "a", "run": "test ! -e broken"}"#, notify)
    func run(_ id: String, _ code: Int32, file: String) async throws {
      let run = try await home.flow("run", file, "--run-id", id)
      #expect(run.ending == .exit(code), "\(run.output) \(run.errors)")
    }
    try await run("r1", 0, file: path)
    home.folder.write("", to: "broken")
    try await run("r2", 1, file: path)
    unsafe _ = unlink("\(home.folder.path)/broken")
    home.folder.write(
      #"{"name": "other", "steps": [{"id": "a", "run": "true"}]}"#, to: "other.json")
    try await run("r3", 0, file: "\(home.folder.path)/other.json")
    home.folder.write("garbage", to: "home/runs/r3/log/00000001.seg")
    try await run("r4", 0, file: path)
    try await run("r5", 0, file: path)
    #expect(told(home) == ["r2 failed failed succeeded", "r4 succeeded recovered failed"])
    // Nothing is left that it was compared with, and a replay needs nothing of it.
    #expect(try await home.flow("rm", "r1", "r2", "r5").ending == .exit(0))
    #expect(try await home.flow("replay", "r4", "--verify").ending == .exit(0))
    #expect(try await home.flow("events", "r4").output.contains("; the run before failed"))
  }

  @Test func aRunThatTakesLongIsToldWhileItRuns() async throws {
    let home = Home()
    let notify =
      #""notify": [{"slow": "300ms", "run": "echo slow ${FLOW_OUTCOME-none} $FLOW_NOTICE $FLOW_IDEMPOTENCY_KEY >> told; touch slow"}, {"slow": "1h", "run": "echo never >> told"}, {"on": ["succeeded"], "run": "echo end $FLOW_NOTICE >> told"}]"#
    let path = home.workflow(
      #"{"id": "a", "run": "until test -e slow; do sleep 0.05; done"}"#, notify)
    let plan = try await home.flow("run", path, "--dry-run")
    #expect(plan.output.contains("notify/1: if the run takes longer than 300ms"), "\(plan.output)")
    let run = try await home.flow("run", path, "--run-id", "r", "--jobs", "1")
    #expect(run.ending == .exit(0), "\(run.output) \(run.errors)")
    #expect(told(home) == ["slow none slow r/notify/1/1", "end succeeded"])
    #expect(run.output.contains("run takes long: notify/1 tells of it"), "\(run.output)")
    let why = try await home.flow("why", "r", "notify/2")
    #expect(
      why.output.contains("notify/2 was skipped: it runs if the run takes longer than 1h"),
      "\(why.output)")
    let status = try await home.status("r")
    #expect(status.step("notify/1")?["slowMs"] == .number(300), "\(status)")
    try await check(home)
  }

  @Test func whatHasNothingToTellDoesNotRun() async throws {
    let home = Home()
    let path = home.workflow(#"{"id": "a", "run": "true"}"#, Self.notify(#""failed", "cancelled""#))
    let run = try await home.flow("run", path, "--run-id", "r")
    #expect(run.ending == .exit(0) && told(home) == [])
    #expect(!run.output.contains("come to its end"), "\(run.output)")
    #expect(!(try await home.flow("status", "r")).output.contains("NOTIFY"))
    let why = try await home.flow("why", "r", "notify/1")
    #expect(
      why.output.contains("runs at the end, if the run has failed or been cancelled") == false)
    #expect(
      why.output.contains(
        "notify/1 was skipped: it runs if the run has failed or been cancelled."),
      "\(why.output)")
    try await check(home)
  }

  @Test func itsFailureChangesNothing() async throws {
    let home = Home()
    let path = home.workflow(
      #"{"id": "a", "run": "true"}"#, #""notify": [{"on": ["succeeded"], "run": "exit 1"}]"#)
    let run = try await home.flow("run", path, "--run-id", "r")
    #expect(run.ending == .exit(0), "\(run.output) \(run.errors)")
    #expect(run.output.contains("notify/1 failed"), "\(run.output)")
    let quiet = try await home.flow("run", path, "--quiet")
    #expect(quiet.ending == .exit(0) && quiet.output == "")
    #expect(quiet.errors.contains("\n✗ notify/1 failed: exit code 1 after"), "\(quiet.errors)")
    #expect(quiet.errors.contains("\nrun succeeded in "), "\(quiet.errors)")
    #expect(try await home.flow("status", "r", "--exit-status").ending == .exit(0))
    try await check(home)
  }

  @Test func oneThatHangsEndsByItsTimeout() async throws {
    let home = Home()
    home.folder.write("", to: "hold")
    let path = home.workflow(
      #"{"id": "a", "run": "true"}"#, Self.notify(#""succeeded""#, #", "timeout": "300ms""#))
    let run = try await home.flow("run", path, "--run-id", "r")
    #expect(run.ending == .exit(0), "\(run.output) \(run.errors)")
    #expect(told(home) == ["notify/1 succeeded  r/notify/1/1"])
    try await check(home)
  }

  @Test func theOutcomeIsKnownWhileItRuns() async throws {
    let home = Home()
    home.folder.write("", to: "hold")
    let path = home.workflow(
      #"{"id": "a", "run": "exit 1"}"#, Self.notify(#""failed""#, #", "timeout": "1h""#))
    let run = try home.start(["run", path, "--run-id", "r"])
    #expect(try await eventually { home.folder.has("telling") })
    let wait = try await home.flow("wait", "r")
    #expect(wait.ending == .exit(1) && wait.output == "run r failed\n", "\(wait.output)")
    #expect(try await home.flow("status", "r", "--exit-status").ending == .exit(1))
    let status = try await home.status("r")
    #expect(status["state"]?.string == "failed" && status["notifying"]?.string == "failed")
    // Its command can have begun before the engine has heard of it.
    #expect(
      try await eventually {
        try await home.status("r").step("notify/1")?["state"]?.string == "running"
      })
    let why = try await home.flow("why", "r")
    #expect(why.output.contains("and its notify commands run."), "\(why.output)")
    // A cancel changes nothing; a second one ends it.
    let cancel = try await home.flow("cancel", "r")
    #expect(
      cancel.output
        == "run r has come to its end, which a cancel does not change; kill its notify commands with:"
        + " flow cancel --force r\n")
    run.signal(SIGINT)
    #expect(
      try await eventually {
        run.output.contains(
          "which a cancel does not change; press Ctrl-C again to kill its notify commands\n")
      })
    #expect(!home.folder.processes().isEmpty)
    run.signal(SIGINT)
    #expect(try await run.end().ending == .exit(1))
    try await check(home)
  }

  @Test func anEngineThatIsKilledInIt() async throws {
    let home = Home()
    home.folder.write("", to: "hold")
    let path = home.workflow(
      #"{"id": "a", "run": "true"}"#, Self.notify(#""succeeded""#, #", "timeout": "1h""#))
    let run = try home.start(["run", path, "--run-id", "r"])
    #expect(try await eventually { home.folder.has("telling") })
    run.signal(SIGKILL)
    _ = try await run.end()
    let status = try await home.flow("status", "r")
    #expect(status.output.contains("not all ended, no engine drives it"), "\(status.output)")
    let restart = try home.start(["restart", "r"])
    #expect(try await eventually { restart.output.contains("notify/1 still runs") })
    for process in home.folder.processes() where TestFile.text("/proc/\(process)/comm") == "sleep\n"
    {
      kill(process, SIGKILL)
    }
    #expect(try await restart.end().ending == .exit(0))
    try await check(home)
  }
}
