import FlowJSON
import Glibc
import TestSupport
import Testing

/// Runs whose engine is gone, and those who take them up.
struct RestartTests {
  /// A step that says when it has begun and goes on until it is let go.
  private static let patient =
    #"{"id": "a", "run": "echo begun; touch begun; while ! test -e go; do sleep 0.1; done; echo done; exit 7", "#
    + #""allowFailure": true}, {"id": "b", "run": "echo b", "needs": ["a"]}"#

  private func begin(
    _ steps: String, _ settings: String = "", in home: Home
  ) async throws -> Subprocess {
    let run = try home.start(["run", home.workflow(steps, settings), "--run-id", "r"])
    #expect(try await eventually { home.folder.has("begun") })
    #expect(try await eventually { try await home.status("r").state(of: "a") == "running" })
    return run
  }

  @Test func aStepOutlivesItsEngineAndIsTakenUpAgain() async throws {
    let home = Home()
    let run = try await begin(Self.patient, in: home)
    run.signal(SIGKILL)
    _ = try await run.end()
    #expect(try await home.status("r")["state"]?.string == "interrupted")
    let second = try home.start(["restart", "r"])
    #expect(try await eventually { second.output.contains("a still runs") })
    home.folder.write("", to: "go")
    #expect(try await second.end().ending == .exit(0))
    let status = try await home.status("r")
    #expect(status.outcomes(of: "a") == ["exited"])
    #expect(status.step("a")?["attempts"]?[0]?["exitCode"]?.integer == 7)
    #expect(try await home.logs("a", of: "r") == "begun\ndone\n")
    #expect(status.state(of: "b") == "succeeded")
  }

  /// Who has mended the file expects the mended steps to run.
  @Test func aFileThatHasChangedIsTold() async throws {
    let home = Home()
    let file = home.workflow(#"{"id": "a", "run": "exit 3"}"#)
    #expect(try await home.flow("run", file, "--run-id", "r").ending == .exit(1))
    let same = try await home.flow("restart", "r", "--failed")
    #expect(same.ending == .exit(1) && !same.errors.contains("has changed"))
    _ = home.workflow(#"{"id": "a", "run": "exit 0"}"#)
    let changed = try await home.flow("restart", "r", "--failed")
    #expect(changed.ending == .exit(1))
    #expect(changed.errors.contains("\(file) has changed since run r was created"))
    #expect(changed.errors.contains("flow run \(file)"))
    #expect(
      !(try await home.flow("restart", "r", "--failed", "--quiet").errors.contains("changed")))
    unsafe _ = unlink(file)
    #expect(!(try await home.flow("restart", "r", "--failed").errors.contains("changed")))
  }

  /// Nobody waits here until it is gone.
  @Test func anEngineThatWasJustKilledDrivesNothing() async throws {
    let home = Home()
    let run = try await begin(Self.patient, in: home)
    run.signal(SIGKILL)
    #expect(try await home.status("r")["state"]?.string == "interrupted")
    let second = try home.start(["restart", "r"])
    #expect(try await eventually { second.output.contains("a still runs") })
    second.signal(SIGKILL)
    home.folder.write("", to: "go")
    #expect(try await home.flow("restart", "r").ending == .exit(0))
    _ = (try await run.end(), try await second.end())
  }

  @Test func anEndThatNoEngineSawIsNotForgotten() async throws {
    let home = Home()
    let run = try await begin(Self.patient, in: home)
    run.signal(SIGKILL)
    _ = try await run.end()
    home.folder.write("", to: "go")
    #expect(try await eventually { try await home.logs("a", of: "r") == "begun\ndone\n" })
    #expect(try await home.flow("restart", "r").ending == .exit(0))
    let attempts = try await home.status("r").step("a")?["attempts"]?.elements
    #expect(attempts?.count == 1)
    #expect(attempts?.first?["exitCode"]?.integer == 7)
  }

  @Test func oneDrivesAndTheOtherSaysWho() async throws {
    let home = Home()
    let run = try await begin(Self.patient, in: home)
    let second = try await home.flow("restart", "r")
    #expect(second.ending == .exit(2))
    #expect(
      second.errors == "flow: run r is already driven by process \(run.processID)\n")
    home.folder.write("", to: "go")
    #expect(try await run.end().ending == .exit(0))
  }

  /// A process that is killed while it starts another leaves it the lock for a moment.
  @Test func aLockThatADeadEngineHasLeftIsWaitedFor() async throws {
    let home = Home()
    let run = try await begin(Self.patient, in: home)
    run.signal(SIGKILL)
    _ = try await run.end()
    home.folder.write("", to: "go")
    let heir = unsafe open("\(home.path)/runs/r/lock", O_RDWR | O_CLOEXEC)
    var lock = flock(l_type: Int16(F_WRLCK), l_whence: 0, l_start: 0, l_len: 0, l_pid: 0)
    // F_OFD_SETLK: as the engine's own lock.
    #expect(try await eventually { unsafe fcntl(heir, 37, &lock) == 0 })
    let second = try home.start(["restart", "r", "--quiet"])
    close(heir)
    #expect(try await second.end().ending == .exit(0))
  }

  /// SIGTERM lets go of the run, and what runs goes on.
  @Test func anEngineThatIsToldToLeaveSaysHowToGoOn() async throws {
    let home = Home()
    // The other step is scheduled, and waits for the slot.
    let steps = Self.patient + #", {"id": "c", "run": "true"}"#
    let run = try await begin(steps, #""jobs": 1"#, in: home)
    run.signal(SIGTERM)
    let left = try await run.end()
    #expect(left.ending == .exit(4))
    #expect(
      left.errors
        == "flow: detached; 1 attempt still running; resume with: flow restart r\n")
    home.folder.write("", to: "go")
    #expect(try await home.flow("restart", "r", "--quiet").ending == .exit(0))
    #expect(try await home.status("r").outcomes(of: "a") == ["exited"])
  }

  @Test func whatDidNotSucceedRunsAgain() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "true"}, {"id": "b", "run": "test -e go", "needs": ["a"]}, "#
        + #"{"id": "c", "run": "true", "needs": ["b"]}"#)
    #expect(try await home.flow("run", file, "--run-id", "r").ending == .exit(1))
    #expect(try await home.flow("restart", "r").ending == .exit(1))
    #expect(try await home.status("r").outcomes(of: "b") == ["exited"])
    home.folder.write("", to: "go")
    #expect(try await home.flow("restart", "r", "--failed").ending == .exit(0))
    let status = try await home.status("r")
    #expect(status.outcomes(of: "a") == ["exited"])
    #expect(status.outcomes(of: "b") == ["exited", "exited"])
    #expect(status.outcomes(of: "c") == ["exited"])
    let third = try await home.flow("restart", "r", "--failed")
    #expect(third.ending == .exit(2))
    #expect(third.errors == "flow: nothing to run again: every step of run r has succeeded\n")
  }

  /// What is counted and shown of a step is of the round in which it has begun last.
  @Test func countsAreOfTheRound() async throws {
    let home = Home()
    let file = home.workflow(
      #"""
      {"id": "a", "run": "true"}, {"id": "p", "needs": "a", "run": "test -e ok"},
      {"id": "q", "run": "true", "needs": "p"}
      """#)
    home.folder.write("", to: "ok")
    #expect(try await home.flow("run", file, "-q", "--run-id", "r").ending == .exit(0))
    TestFile.removeTree("\(home.folder.path)/ok")
    #expect(try await home.flow("restart", "r", "-q", "--from", "p").ending == .exit(1))
    let status = try await home.flow("status", "r").lines
    func row(_ step: String) -> [Substring] {
      status.first { $0.hasPrefix("\(step) ") }.map { $0.split(separator: "  ") } ?? []
    }
    #expect(row("a").dropFirst(2).prefix(2).map { $0.filter { $0 != " " } } == ["1", "exit0"])
    #expect(row("p").dropFirst(2).prefix(2).map { $0.filter { $0 != " " } } == ["1of2", "exit1"])
    #expect(row("q").dropFirst(2).prefix(1).map { $0.filter { $0 != " " } } == ["0of1"])
    #expect(!row("q").contains { $0.contains("exit 0") })
    let json = try await home.status("r")
    #expect(
      ["a", "p", "q"].map { json.step($0)?["attemptsInRound"]?.integer } == [1, 1, 0], "\(json)")
    let why = try await home.flow("why", "r", "p").output
    #expect(why.contains("\n1 (round 1)  ") && why.contains("\n2            "), "\(why)")
    #expect(try await !home.flow("why", "r").output.contains("after more than one attempt"))
    _ = try await home.flow("report", "r", in: home.folder.path)
    let report = home.folder.contents(of: "r.html")
    #expect(report.contains("run reopened: p runs again, and all that follows"))
  }
}
