import FlowJSON
import Glibc
import TestSupport
import Testing

/// Commands that exit as a run did, and the restart of all runs.
struct WaitTests {
  private static let patient =
    #"{"id": "a", "run": "touch begun-$FLOW_RUN_ID; while ! test -e go; do sleep 0.1; done; exit $(cat go)"}"#

  private func begin(_ id: String, in home: Home) async throws -> Subprocess {
    let run = try home.start(["run", home.workflow(Self.patient), "--run-id", id, "--quiet"])
    #expect(try await eventually { home.folder.has("begun-\(id)") })
    #expect(try await eventually { try await home.status(id).state(of: "a") == "running" })
    return run
  }

  @Test(arguments: [("0", Int32(0), "succeeded"), ("3", 1, "failed")])
  func aWaitEndsAsTheRunDoes(code: String, exit: Int32, word: String) async throws {
    let home = Home()
    let run = try await begin("r", in: home)
    let waiting = try home.start(["wait", "r"])
    let unfinished = try await home.flow("status", "r", "--exit-status")
    #expect(unfinished.ending == .exit(4))
    home.folder.write(code, to: "go")
    let finished = try await waiting.end()
    #expect(finished.ending == .exit(exit))
    #expect(finished.output == "run r \(word)\n")
    _ = try await run.end()
    #expect(try await home.flow("status", "r", "--exit-status").ending == .exit(exit))
    #expect(try await home.flow("status", "r", "--watch", "--exit-status").ending == .exit(exit))
    #expect(try await home.flow("status", "r").ending == .exit(0))
  }

  @Test func aWaitForSeveralEndsAsTheFirstThatDidNotSucceed() async throws {
    let home = Home()
    for (id, code) in [("one", "true"), ("two", "false")] {
      let file = home.workflow(#"{"id": "a", "run": "\#(code)"}"#)
      _ = try await home.flow("run", file, "--run-id", id, "--quiet")
    }
    let waited = try await home.flow("wait", "one", "two")
    #expect(waited.ending == .exit(1))
    #expect(waited.output == "run one succeeded\nrun two failed\n")
    #expect(try await home.flow("wait", "one").ending == .exit(0))
    #expect(try await home.flow("wait", "three").ending == .exit(2))
  }

  @Test func anEndIsToldWhileOthersAreWaitedFor() async throws {
    let home = Home()
    let file = home.workflow(#"{"id": "a", "run": "true"}"#)
    _ = try await home.flow("run", file, "--run-id", "one", "--quiet")
    let two = try await begin("two", in: home)
    let waiting = try home.start(["wait", "one", "two"])
    #expect(try await eventually { waiting.output == "run one succeeded\n" })
    home.folder.write("0", to: "go")
    #expect(try await waiting.end().output == "run one succeeded\nrun two succeeded\n")
    #expect(try await two.end().ending == .exit(0))
  }

  @Test func everyRunWhoseEngineIsGoneIsResumed() async throws {
    let home = Home()
    let (dead, live) = (try await begin("dead", in: home), try await begin("live", in: home))
    dead.signal(SIGKILL)
    _ = try await dead.end()
    #expect(try await home.flow("wait", "dead").ending == .exit(4))
    let all = try await home.flow("restart", "--all")
    #expect(all.ending == .exit(0))
    #expect(all.errors == "")
    #expect(
      all.output.split(separator: "\n").sorted()
        == ["run dead is resumed", "run live is driven by process \(live.processID)"])
    home.folder.write("0", to: "go")
    #expect(try await home.flow("wait", "dead", "live").ending == .exit(0))
    #expect(try await live.end().ending == .exit(0))
    #expect(try await home.status("dead").outcomes(of: "a") == ["exited"])
    let none = try await home.flow("restart", "--all")
    #expect(none.ending == .exit(0))
    #expect(none.output == "")
  }

  @Test func aQuietRestartOfAllWarnsOnly() async throws {
    let home = Home()
    let (dead, live) = (try await begin("dead", in: home), try await begin("live", in: home))
    dead.signal(SIGKILL)
    _ = try await dead.end()
    unsafe _ = unlink("\(home.path)/runs/dead/environment")
    let all = try await home.flow("restart", "--all", "--quiet")
    #expect(all.ending == .exit(0))
    #expect(all.output == "")
    #expect(all.errors.hasPrefix("flow: the run had no saved environment"), "\(all.errors)")
    home.folder.write("0", to: "go")
    #expect(try await home.flow("wait", "dead", "live").ending == .exit(0))
    #expect(try await live.end().ending == .exit(0))
  }

  /// An engine of their own leaves such runs as they are.
  @Test func aRunThatItsGroupKeepsOutIsNotCalledResumed() async throws {
    let home = Home()
    let settings = #""exclusive": "g", "onConflict": "skip""#
    let one = home.workflow(Self.patient, settings, named: "one")
    let run = try home.start(["run", one, "--run-id", "one", "--quiet"])
    #expect(try await eventually { home.folder.has("begun-one") })
    #expect(try await eventually { try await home.status("one").state(of: "a") == "running" })
    run.signal(SIGKILL)
    _ = try await run.end()
    // A command that outlived its launcher would keep the group.
    #expect(try await eventually { home.killProcesses() })
    let two = home.workflow(Self.patient, settings, named: "two")
    var other = try home.start(["run", two, "--run-id", "two", "--quiet"])
    #expect(
      try await eventually {
        if home.folder.has("begun-two") { return true }
        if isAlive(other.processID) { return false }
        _ = try await other.end()
        other = try home.start(["run", two, "--run-id", "two", "--quiet"])
        return false
      })
    let all = try await home.flow("restart", "--all")
    #expect(all.ending == .exit(0))
    #expect(
      all.output.hasPrefix("run one is not resumed: another run of its group is unfinished\n"),
      "\(all.output)")
    home.folder.write("0", to: "go")
    #expect(try await other.end().ending == .exit(0))
    #expect(try await home.flow("cancel", "one").ending == .exit(0))
  }

  @Test func aRunThatCannotBeResumedKeepsNoOtherFromIt() async throws {
    let home = Home()
    let (one, two) = (try await begin("one", in: home), try await begin("two", in: home))
    for run in [one, two] {
      run.signal(SIGKILL)
      _ = try await run.end()
    }
    TestFile.write(Array("?".utf8), to: "\(home.path)/runs/one/environment")
    let all = try await home.flow("restart", "--all")
    #expect(all.ending == .exit(6))
    #expect(all.output == "run two is resumed\n")
    #expect(all.errors.hasSuffix("flow: run one is not resumed\n"))
    home.folder.write("0", to: "go")
    #expect(try await home.flow("wait", "two").ending == .exit(0))
    #expect(try await home.flow("cancel", "one").ending == .exit(0))
  }

  @Test(arguments: [
    ["restart"], ["restart", "--all", "r"], ["restart", "--all", "--failed"],
    ["restart", "--all", "--heartbeat", "1m"], ["restart", "--all", "--verbose"], ["wait"],
  ])
  func whatCannotBeMeantIsRefused(line: [String]) async throws {
    let home = Home()
    #expect(try await home.start(line).end().ending == .exit(2))
  }
}
