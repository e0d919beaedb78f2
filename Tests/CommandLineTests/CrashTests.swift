import FlowJSON
import Glibc
import TestSupport
import Testing

/// Engines, launchers and monitors that are killed while commands run: nothing is lost, nothing runs
/// twice, and nothing is left.
struct CrashTests {
  /// Notes each start and waits until it is let go; a second step needs the first.
  private static let steps =
    #"{"id": "a", "run": "echo a $FLOW_ATTEMPT $$ >> ledger; while ! test -e go; do sleep 0.1; done"},"#
    + #" {"id": "b", "run": "echo b $FLOW_ATTEMPT $$ >> ledger", "needs": ["a"]}"#

  private struct Run {
    let home = Home()
    let engine: Subprocess

    init() async throws {
      engine = try home.start(["run", home.workflow(CrashTests.steps), "--run-id", "r"])
      try await #require(eventually { !starts().isEmpty })
      try await #require(eventually { try await home.status("r").state(of: "a") == "running" })
    }

    /// Steps with their attempts, in the order of their starts.
    func starts() -> [String] {
      lines.map { line in line.split(separator: " ").prefix(2).joined(separator: " ") }
    }

    /// The process ids of the commands, in that order.
    func commands() -> [Int32] {
      lines.compactMap { line in line.split(separator: " ").last.flatMap { Int32($0) } }
    }

    private var lines: [Substring] { home.folder.contents(of: "ledger").split(separator: "\n") }

    func kill(_ name: String) async throws {
      let processes = home.processes(named: name)
      #expect(processes.count == 1)
      for process in processes { Glibc.kill(process, SIGKILL) }
      #expect(try await eventually { home.processes(named: name).isEmpty })
    }

    func killEngine() async throws {
      engine.signal(SIGKILL)
      #expect(try await engine.end().ending == .signal(SIGKILL))
    }

    func letGo() { home.folder.write("", to: "go") }

    /// Goes on with the run, whose first step may end now.
    func restart() async throws {
      let restart = try home.start(["restart", "r"])
      // Of the new engine, or the run is over already.
      #expect(
        try await eventually { restart.output.contains("taken over") }, "\(restart.errors)")
      letGo()
      #expect(try await restart.end().ending == .exit(0))
    }

    /// That the run is over, and how its first step fared.
    func expectEnd(_ starts: [String], _ outcomes: [String]) async throws {
      #expect(self.starts() == starts)
      let status = try await home.status("r")
      #expect(status["state"]?.string == "succeeded")
      #expect(status.outcomes(of: "a") == outcomes)
      #expect(try await eventually { home.folder.processes() == [] })
      let events = try await home.events("r")
      #expect(events.map { $0["sequence"]?.integer ?? 0 } == Array(1...events.count))
    }
  }

  @Test func aLauncherThatIsKilledIsReplaced() async throws {
    let run = try await Run()
    try await run.kill("flow: launcher")
    run.letGo()
    #expect(try await run.engine.end().ending == .exit(0))
    try await run.expectEnd(["a 1", "b 1"], ["exited"])
  }

  /// Nobody can say what its command would have come to: it is ended, and the step runs again.
  @Test func theAttemptOfAMonitorThatIsKilledIsLost() async throws {
    let run = try await Run()
    try await run.kill("flow: monitor")
    #expect(try await eventually { run.starts().count == 2 })
    #expect(!isAlive(run.commands()[0]))
    run.letGo()
    #expect(try await run.engine.end().ending == .exit(0))
    try await run.expectEnd(["a 1", "a 2", "b 1"], ["lost", "exited"])
  }

  @Test func aMonitorNeedsNobody() async throws {
    let run = try await Run()
    try await run.killEngine()
    try await run.kill("flow: launcher")
    try await run.restart()
    try await run.expectEnd(["a 1", "b 1"], ["exited"])
  }

  @Test func whatEndsWhileNobodyLooksIsTold() async throws {
    let run = try await Run()
    try await run.killEngine()
    run.letGo()
    #expect(try await eventually { run.home.folder.processes() == [] })
    #expect(run.starts() == ["a 1"])
    let restart = try await run.home.flow("restart", "r")
    #expect(restart.ending == .exit(0), "\(restart.errors)")
    try await run.expectEnd(["a 1", "b 1"], ["exited"])
  }

  /// Whoever dies first, the command that nobody watches any more is not run beside itself.
  @Test(arguments: [
    ["engine", "flow: monitor"], ["flow: launcher", "engine", "flow: monitor"],
    ["engine", "flow: launcher", "flow: monitor"],
  ])
  func aCommandIsNotRunBesideItself(dead: [String]) async throws {
    let run = try await Run()
    for name in dead {
      if name == "engine" { try await run.killEngine() } else { try await run.kill(name) }
    }
    let restart = try run.home.start(["restart", "r"])
    #expect(try await eventually { run.starts().count == 2 }, "\(restart.errors)")
    #expect(!isAlive(run.commands()[0]))
    run.letGo()
    #expect(try await restart.end().ending == .exit(0))
    try await run.expectEnd(["a 1", "a 2", "b 1"], ["lost", "exited"])
  }

  @Test func enginesMayDieOneAfterTheOther() async throws {
    let run = try await Run()
    try await run.killEngine()
    for _ in 0..<4 {
      let next = try run.home.start(["restart", "r"])
      #expect(try await eventually { next.output.contains("a still runs") }, "\(next.errors)")
      next.signal(SIGKILL)
      #expect(try await next.end().ending == .signal(SIGKILL))
    }
    try await run.restart()
    try await run.expectEnd(["a 1", "b 1"], ["exited"])
    let lives = try await run.home.events("r").count { $0["kind"]?.string == "engineStarted" }
    #expect(lives == 6)
  }

  // MARK: Cancels

  /// The canceller waits for an engine that does nothing, and takes its place when it dies.
  @Test func aDyingEngineSwallowsNoCancel() async throws {
    let run = try await Run()
    run.engine.signal(SIGSTOP)
    let cancel = try run.home.start(["cancel", "r"])
    #expect(
      try await eventually { !TestFile.names(in: "\(run.home.path)/runs/r/requests").isEmpty })
    try await run.killEngine()
    #expect(try await cancel.end().output == "run r cancelled\n")
    #expect(run.starts() == ["a 1"])
    #expect(try await run.home.status("r").outcomes(of: "a") == ["cancelled"])
    #expect(run.home.folder.processes() == [])
    let requests = try await run.home.events("r").count { $0["kind"]?.string == "cancelRequested" }
    #expect(requests == 1)
  }

  /// Somebody asks while nobody is there to obey, and goes away; whoever comes next obeys.
  @Test func aRequestWaitsForTheNextEngine() async throws {
    let run = try await Run()
    run.engine.signal(SIGSTOP)
    let cancel = try run.home.start(["cancel", "r"])
    #expect(
      try await eventually { !TestFile.names(in: "\(run.home.path)/runs/r/requests").isEmpty })
    cancel.signal(SIGKILL)
    _ = try await cancel.end()
    try await run.killEngine()
    #expect(try await run.home.flow("restart", "r").ending == .exit(3))
    #expect(try await run.home.status("r").outcomes(of: "a") == ["cancelled"])
    #expect(run.starts() == ["a 1"] && run.home.folder.processes() == [])
    // It acts once: another round goes on.
    run.letGo()
    #expect(try await run.home.flow("restart", "r", "--failed").ending == .exit(0))
    #expect(run.starts() == ["a 1", "a 2", "b 1"])
  }
}
