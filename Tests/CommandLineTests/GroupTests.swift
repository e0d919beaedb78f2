import FlowJSON
import Glibc
import TestSupport
import Testing

/// Runs beside runs: `exclusive` and `onConflict`.
struct GroupTests {
  private static let patient =
    #"{"id": "a", "run": "touch begun-$FLOW_RUN_ID; while ! test -e go; do sleep 0.1; done"}"#

  private func begin(
    _ id: String, _ settings: String = #""exclusive": true"#, in home: Home
  ) async throws -> Subprocess {
    let file = home.workflow(Self.patient, settings)
    let run = try home.start(["run", file, "--run-id", id, "--quiet"])
    #expect(try await eventually { home.folder.has("begun-\(id)") })
    return run
  }

  private func file(in home: Home) -> String { "\(home.folder.path)/w.json" }

  @Test func aSecondRunIsNotStarted() async throws {
    let home = Home()
    let run = try await begin("one", in: home)
    let second = try await home.flow("run", file(in: home), "--run-id", "two")
    #expect(second.ending == .exit(7))
    #expect(second.errors == "flow: not started: run one of group \"w\" is unfinished\n")
    #expect(second.output == "")
    let skipped = try await home.flow("run", file(in: home), "--on-conflict", "skip")
    #expect(skipped.ending == .exit(0))
    let detached = try await home.flow("run", file(in: home), "--detach")
    #expect(detached.ending == .exit(7))
    #expect(home.runs == ["one"])
    home.folder.write("", to: "go")
    #expect(try await run.end().ending == .exit(0))
    #expect(try await home.flow("run", file(in: home), "--run-id", "two").ending == .exit(0))
  }

  /// An outer `flock` is lost with the engine; the monitor keeps the group.
  @Test func theGroupIsTakenAsLongAsAnythingOfTheRunLives() async throws {
    let home = Home()
    let run = try await begin("one", in: home)
    let other = home.workflow(
      #"{"id": "a", "run": "true"}"#, #""exclusive": "w""#, named: "other")
    run.signal(SIGKILL)
    _ = try await run.end()
    #expect(try await home.flow("run", other).ending == .exit(7))
    // The run itself is let in, and cancelled from anywhere.
    let restart = try home.start(["restart", "one", "--quiet"])
    #expect(try await eventually { try await home.status("one").state(of: "a") == "running" })
    #expect(try await home.flow("run", other).ending == .exit(7))
    #expect(try await home.flow("cancel", "one", "--wait").ending == .exit(0))
    #expect(try await restart.end().ending == .exit(3))
    #expect(try await home.flow("run", other).ending == .exit(0))
  }

  /// One of them gets the run, and the others are told so, however close together they come.
  @Test func severalThatWouldResumeTheSameRun() async throws {
    let home = Home()
    let run = try await begin("one", in: home)
    let processes = home.processes(named: "flow: launcher") + home.processes(named: "flow: monitor")
    run.signal(SIGKILL)
    _ = try await run.end()
    for process in processes + home.folder.processes() { kill(process, SIGKILL) }
    #expect(try await eventually { home.folder.processes().isEmpty })
    let starters = try (0..<6).map { _ in
      try home.start(["run", file(in: home), "--on-conflict", "resume", "--quiet"])
    }
    #expect(try await eventually { starters.count { isAlive($0.processID) } == 1 })
    home.folder.write("", to: "go")
    var endings: [Finished.Ending] = []
    for starter in starters { endings.append(try await starter.end().ending) }
    #expect(endings.count { $0 == .exit(0) } == 1)
    #expect(endings.count { $0 == .exit(7) } == 5, "\(endings)")
    #expect(home.runs == ["one"])
  }

  /// Whoever kills all of flow leaves its commands.
  @Test func aCommandThatNothingWatchesKeepsTheGroup() async throws {
    let home = Home()
    let run = try await begin("one", in: home)
    let other = home.workflow(
      #"{"id": "a", "run": "true"}"#, #""exclusive": "w""#, named: "other")
    run.signal(SIGKILL)
    _ = try await run.end()
    for name in ["flow: launcher", "flow: monitor"] {
      for process in home.processes(named: name) { kill(process, SIGKILL) }
      #expect(try await eventually { home.processes(named: name).isEmpty })
    }
    #expect(!home.folder.processes().isEmpty)
    let refused = try await home.flow("run", other)
    #expect(refused.ending == .exit(7))
    #expect(refused.errors == "flow: not started: run one of group \"w\" is unfinished\n")
    // Then nothing is left of it.
    #expect(try await home.flow("cancel", "one", "--wait").ending == .exit(0))
    #expect(home.folder.processes().isEmpty)
    #expect(try await home.flow("run", other).ending == .exit(0))
  }

  @Test func aRunThatCannotBeResumedNamesTheHolder() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "touch began; test -e go", "onLost": "rerun"}"#)
    #expect(
      try await home.flow("run", file, "--exclusive", "g", "--run-id", "one").ending == .exit(1))
    let run = try await begin("two", #""exclusive": "g""#, in: home)
    let restart = try await home.flow("restart", "one", "--failed")
    #expect(restart.ending == .exit(7))
    #expect(restart.errors == "flow: not started: run two of group \"g\" is unfinished\n")
    home.folder.write("", to: "go")
    #expect(try await run.end().ending == .exit(0))
    #expect(try await home.flow("restart", "one", "--failed").ending == .exit(0))
  }

  @Test func whyNamesTheRunThatHoldsTheGroup() async throws {
    let home = Home()
    let one = try await begin("one", in: home)
    one.signal(SIGKILL)
    _ = try await one.end()
    // Its command too, which would keep the group.
    #expect(try await eventually { home.killProcesses() })
    let two = try await begin("two", in: home)
    #expect(
      try await home.flow("why", "one").output.contains(
        #"Its group, "w", is held by run two, so it cannot be resumed."#))
    #expect(!(try await home.flow("why", "two").output.contains("is held by")))
    let all = try await home.flow("restart", "--all")
    #expect(all.ending == .exit(7))
    #expect(all.errors.contains("run two of group \"w\" is unfinished"))
    home.folder.write("", to: "go")
    #expect(try await two.end().ending == .exit(0))
  }

  @Test func runsWaitInTheOrderOfTheirArrival() async throws {
    let home = Home()
    let one = try await begin("one", #""exclusive": true, "onConflict": "queue""#, in: home)
    let two = try home.start(["run", file(in: home), "--run-id", "two"])
    #expect(try await eventually { two.errors.contains("waits for run one of group \"w\"") })
    let three = try home.start(["run", file(in: home), "--run-id", "three", "--quiet"])
    #expect(try await eventually { TestFile.names(in: "\(home.path)/groups/w.queue").count == 2 })
    home.folder.write("", to: "go")
    for run in [one, two, three] { #expect(try await run.end().ending == .exit(0)) }
    let started = try await ["one", "two", "three"].asyncMap {
      try await home.status($0)["startedAt"]?.string ?? ""
    }
    #expect(started == started.sorted())
  }

  @Test func anInterruptedRunIsResumedInstead() async throws {
    let home = Home()
    let one = try await begin("one", #""exclusive": true, "onConflict": "resume""#, in: home)
    #expect(try await home.flow("run", file(in: home)).ending == .exit(7))
    one.signal(SIGKILL)
    _ = try await one.end()
    home.folder.write("", to: "go")
    let second = try await home.flow("run", file(in: home), "--run-id", "two")
    #expect(second.ending == .exit(0))
    #expect(second.output.hasPrefix("run one\n"))
    #expect(home.runs == ["one"])
  }

  @Test func anInterruptedRunIsResumedInTheBackground() async throws {
    let home = Home()
    let one = try await begin("one", #""exclusive": true, "onConflict": "resume""#, in: home)
    one.signal(SIGKILL)
    _ = try await one.end()
    let second = try await home.flow("run", file(in: home), "--detach", "--run-id", "two")
    #expect(second.ending == .exit(0))
    #expect(second.output == "run one\n")
    home.folder.write("", to: "go")
    #expect(try await home.flow("wait", "one").ending == .exit(0))
    #expect(home.runs == ["one"])
  }

  @Test func theOtherRunIsCancelledAndItsEndWaitedFor() async throws {
    let home = Home()
    let one = try await begin("one", in: home)
    let two = try home.start(
      ["run", file(in: home), "--run-id", "two", "--on-conflict", "replace", "--quiet"])
    #expect(try await one.end().ending == .exit(3))
    #expect(try await eventually { home.folder.has("begun-two") })
    home.folder.write("", to: "go")
    #expect(try await two.end().ending == .exit(0))
    #expect(try await home.status("one")["state"]?.string == "cancelled")
  }

  @Test func thePlanSaysIt() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "true"}"#, #""exclusive": "a group", "onConflict": "skip""#)
    let text = try await home.flow("validate", file).output
    #expect(
      text.contains(
        "\none run of group \"a group\" at a time; if there is another: skip\nstage 1: a\n"))
    let json = try JSON(try await home.flow("validate", "--json", file).output)
    #expect(json["group"]?.string == "a group")
    #expect(json["onConflict"]?.string == "skip")
  }

  @Test(arguments: [["--on-conflict", "sometimes"], ["--exclusive"], ["--exclusive", ""]])
  func whatCannotBeMeantIsRefused(options: [String]) async throws {
    let home = Home()
    let file = home.workflow(#"{"id": "a", "run": "true"}"#)
    #expect(try await home.start(["run", file] + options).end().ending == .exit(2))
  }
}

extension Array {
  fileprivate func asyncMap<Value>(
    _ body: (Element) async throws -> Value
  ) async throws -> [Value] {
    var result: [Value] = []
    for element in self { result.append(try await body(element)) }
    return result
  }
}
