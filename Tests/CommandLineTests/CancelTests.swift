import FlowJSON
import Glibc
import TestSupport
import Testing

/// Cancels from another process, with and without an engine that lives.
struct CancelTests {
  private static let endless =
    #"{"id": "a", "run": "touch begun; sleep 600", "killGrace": "1h"}, "#
    + #"{"id": "b", "run": "true", "needs": ["a"]}"#
  private static let deaf =
    #"{"id": "a", "run": "trap '' TERM; touch begun; sleep 600; sleep 600", "killGrace": "1h"}"#

  private func begin(_ steps: String, in home: Home) async throws -> Subprocess {
    let run = try home.start(["run", home.workflow(steps), "--run-id", "r"])
    #expect(try await eventually { home.folder.has("begun") })
    return run
  }

  @Test func anotherProcessCancels() async throws {
    let home = Home()
    let run = try await begin(Self.endless, in: home)
    let cancel = try await home.flow("cancel", "r", "--wait")
    #expect(cancel.ending == .exit(0))
    #expect(cancel.output == "run r cancelled\n")
    #expect(try await run.end().ending == .exit(3))
    #expect(home.folder.processes() == [])
    let status = try await home.status("r")
    #expect(status.outcomes(of: "a") == ["cancelled"])
    #expect(status.state(of: "b") == "skipped")
  }

  @Test func forceGivesNoGrace() async throws {
    let home = Home()
    let run = try await begin(Self.deaf, in: home)
    #expect(try await home.flow("cancel", "r").output == "run r is stopping\n")
    #expect(!home.folder.processes().isEmpty)
    #expect(try await home.flow("cancel", "r", "--wait", "--force").ending == .exit(0))
    #expect(try await run.end().ending == .exit(3))
    #expect(home.folder.processes() == [])
  }

  @Test func aRunThatNobodyDrivesIsCancelledAllTheSame() async throws {
    let home = Home()
    let run = try await begin(Self.endless, in: home)
    run.signal(SIGKILL)
    _ = try await run.end()
    let cancel = try await home.flow("cancel", "r")
    #expect(cancel.ending == .exit(0), "\(cancel.errors)")
    #expect(cancel.output == "run r cancelled\n")
    #expect(home.folder.processes() == [])
    #expect(try await home.status("r").outcomes(of: "a") == ["cancelled"])
  }

  @Test func aRunThatHasEndedIsLeftAlone() async throws {
    let home = Home()
    let file = home.workflow(#"{"id": "a", "run": "true"}"#)
    #expect(try await home.flow("run", file, "--run-id", "r").ending == .exit(0))
    let cancel = try await home.flow("cancel", "r")
    #expect(cancel.ending == .exit(0))
    #expect(cancel.errors == "flow: run r has already ended: succeeded\n")
    #expect(
      try await home.events("r").contains { $0["kind"]?.string == "cancelRequested" } == false)
  }

  /// Which is said after a while; what runs need not wait for it.
  @Test func anEngineThatDoesNotAnswerIsGoneOnWithout() async throws {
    let home = Home()
    let run = try await begin(Self.deaf, in: home)
    run.signal(SIGSTOP)
    let silence =
      "flow: run r: the engine (process \(run.processID)) does not respond; it stops"
    let patient = try home.start(["cancel", "r"])
    #expect(try await eventually { patient.errors.hasPrefix(silence) })
    #expect(patient.errors.contains("; to kill running steps now: flow cancel --force r\n"))
    #expect(!home.folder.processes().isEmpty)
    let cancel = try home.start(["cancel", "r", "--force", "--wait"])
    #expect(
      try await eventually { cancel.errors.contains("killed 1 attempt, to be recorded when") })
    run.signal(SIGCONT)
    #expect(try await cancel.end().output == "run r cancelled\n")
    #expect(try await patient.end().ending == .exit(0))
    #expect(try await run.end().ending == .exit(3))
    #expect(try await home.status("r").outcomes(of: "a") == ["cancelled"])
    #expect(home.folder.processes() == [])
  }

  /// Nobody can bring such a run to an end, but what runs of it does not go on.
  @Test func forceStopsWhatRunsOfADamagedRun() async throws {
    let home = Home()
    let run = try await begin(Self.deaf, in: home)
    run.signal(SIGKILL)
    _ = try await run.end()
    let log = "\(home.path)/runs/r/log"
    let segment = try #require(TestFile.names(in: log).first)
    // Not the first bytes: another format would be no damage.
    var bytes = TestFile.bytes("\(log)/\(segment)")
    for place in 20..<200 { bytes[place] = 0xa5 }
    TestFile.write(bytes, to: "\(log)/\(segment)")
    #expect(try await home.flow("cancel", "r").ending == .exit(5))
    #expect(!home.folder.processes().isEmpty)
    let cancel = try await home.flow("cancel", "r", "--force")
    #expect(cancel.ending == .exit(5))
    #expect(
      cancel.errors.contains("flow: killed 1 attempt, not recorded in the history\n"),
      "\(cancel.errors)")
    #expect(home.folder.processes() == [])
  }

  // MARK: Detached runs

  @Test func aDetachedRunNeedsNobody() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "touch begun; while ! test -e go; do sleep 0.1; done"}"#)
    let run = try await home.flow("run", "--detach", file, "--run-id", "r")
    #expect(run.ending == .exit(0))
    #expect(run.output == "run r\n")
    #expect(try await eventually { home.folder.has("begun") })
    home.folder.write("", to: "go")
    #expect(
      try await eventually { try await home.status("r")["state"]?.string == "succeeded" })
  }

  @Test func whatKeepsADetachedRunFromBeginningIsTold() async throws {
    let home = Home()
    let file = home.workflow(#"{"id": "a", "run": "true"}"#)
    #expect(try await home.flow("run", file, "--run-id", "r").ending == .exit(0))
    let again = try await home.flow("run", "--detach", file, "--run-id", "r")
    #expect(again.ending == .exit(7))
    #expect(again.output == "")
    #expect(again.errors == "flow: run r already exists; choose another run id\n")
  }

  // MARK: Followers

  @Test func followersSeeARunToItsEnd() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "echo one; touch begun; while ! test -e go; do sleep 0.1; done; echo two"}"#
    )
    let run = try home.start(["run", file, "--run-id", "r"])
    #expect(try await eventually { home.folder.has("begun") })
    let logs = try home.start(["logs", "r", "a", "--follow"])
    let events = try home.start(["events", "r", "--follow", "--json"])
    #expect(try await eventually { logs.output == "one\n" })
    #expect(try await eventually { events.output.contains("attemptLaunched") })
    home.folder.write("", to: "go")
    #expect(try await run.end().ending == .exit(0))
    #expect(try await logs.end().output == "one\ntwo\n")
    let followed = try await events.end()
    #expect(followed.ending == .exit(0))
    #expect(followed.output == (try await home.flow("events", "r", "--json").output))
  }

  @Test func aFollowerIsToldThatNobodyDrives() async throws {
    let home = Home()
    let run = try await begin(Self.endless, in: home)
    let events = try home.start(["events", "r", "--follow"])
    #expect(try await eventually { events.output.contains("attemptScheduled") })
    run.signal(SIGKILL)
    _ = try await run.end()
    let finished = try await events.end()
    #expect(finished.ending == .exit(4))
    #expect(finished.errors.contains("no engine drives it"))
    _ = try await home.flow("cancel", "r", "--force")
  }

  // MARK: Removal

  @Test func finishedRunsCanBeRemoved() async throws {
    let home = Home()
    let file = home.workflow(#"{"id": "a", "run": "true"}"#)
    for id in ["r1", "r2", "r3"] { _ = try await home.flow("run", file, "--run-id", id) }
    #expect(try await home.flow("rm", "r1").output == "removed r1\n")
    #expect(home.runs == ["r2", "r3"])
    #expect(try await home.flow("rm", "--older-than", "1d").output == "")
    #expect(try await home.flow("rm", "--older-than", "0s").ending == .exit(0))
    #expect(home.runs == [])
  }

  /// Creators and removers that were killed leave things under names that no run has.
  @Test func whatWasLeftHalfDoneIsSwept() async throws {
    let home = Home()
    let file = home.workflow(#"{"id": "a", "run": "true"}"#)
    _ = try await home.flow("run", file, "--run-id", "r")
    let runs = "\(home.path)/runs"
    for name in [".new-a-1", ".new-b-2", ".removed-c"] {
      unsafe _ = mkdir("\(runs)/\(name)", 0o700)
    }
    for path in [".new-a-1/lock", ".removed-c/lock"] { TestFile.write([], to: "\(runs)/\(path)") }
    #expect(try await home.flow("rm", "--older-than", "9d").ending == .exit(0))
    // The creator of the second may be about to make the lock.
    #expect(home.runs == [".new-b-2", "r"])
    let times = [timespec](repeating: timespec(tv_sec: 1_000_000_000, tv_nsec: 0), count: 2)
    unsafe _ = utimensat(AT_FDCWD, "\(runs)/.new-b-2", times, 0)
    #expect(try await home.flow("rm", "--older-than", "9d").ending == .exit(0))
    #expect(home.runs == ["r"])
  }

  @Test func whatGoesOnIsNotRemoved() async throws {
    let home = Home()
    let run = try await begin(Self.endless, in: home)
    let removal = try await home.flow("rm", "r")
    #expect(removal.ending == .exit(2))
    #expect(
      removal.errors
        == "flow: run r is running (engine: process \(run.processID)); stop it with: flow cancel r\n"
    )
    #expect(home.runs == ["r"])
    _ = try await home.flow("cancel", "r", "--wait")
    _ = try await run.end()
  }

  @Test(arguments: [[], ["--older-than", "soon"], ["--older-than", "-1d"], ["--older-than", ""]])
  func badRemovalsAreRefused(arguments: [String]) async throws {
    let home = Home()
    #expect(try await home.start(["rm"] + arguments).end().ending == .exit(2))
  }
}
