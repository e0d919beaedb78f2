import FlowJSON
import TestSupport
import Testing

/// Runs of some steps of a workflow, and rounds of some steps of a run.
struct SelectionTests {
  /// A chain of four, and a step beside it.
  private static let steps =
    #"{"id": "fetch", "run": "echo fetch >> ran"}, "#
    + #"{"id": "build", "run": "echo build >> ran", "needs": "fetch"}, "#
    + #"{"id": "test", "run": "echo test >> ran; ! test -e broken", "needs": "build"}, "#
    + #"{"id": "ship", "run": "echo ship >> ran", "needs": "test"}, "#
    + #"{"id": "lint", "run": "echo lint >> ran"}"#

  private func ran(_ home: Home) -> [String] {
    home.folder.contents(of: "ran").split(separator: "\n").map(String.init).sorted()
  }

  @Test(arguments: [
    (["--only", "ship"], "ship"), (["--only=ship,lint"], "lint ship"),
    (["--only", "ship", "--only", "lint"], "lint ship"), (["--from", "test"], "ship test"),
    (["--to", "build"], "build fetch"), (["--from=build", "--to=test"], "build test"),
    (["--skip", "lint,test"], "build fetch ship"),
    (["--from", "build", "--skip", "build"], "ship test"),
  ])
  func aRunHasTheStepsThatAreSelected(options: [String], steps: String) async throws {
    let home = Home()
    let file = home.workflow(Self.steps)
    let run = try home.start(["run", file, "--run-id", "r", "--jobs", "1"] + options)
    #expect(try await run.end().ending == .exit(0))
    let names = steps.split(separator: " ").map(String.init)
    #expect(ran(home) == names)
    let status = try await home.status("r")
    #expect(status["state"]?.string == "succeeded")
    for step in ["fetch", "build", "test", "ship", "lint"] {
      let isSelected = names.contains(step)
      #expect(status.state(of: step) == (isSelected ? "succeeded" : "skipped"))
      #expect(status.step(step)?["selected"] == (isSelected ? nil : .bool(false)))
    }
    let replay = try await home.flow("replay", "r", "--verify")
    #expect(replay.ending == .exit(0))
    #expect(try await home.flow("verify", "r").ending == .exit(0))
  }

  /// The ids of a matrix have commas of their own.
  @Test func idsWithCommasAreListedToo() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "m", "run": "true", "forEach": {"matrix": {"a": ["x", "y"], "b": [1, 2]}}}, {"id": "z", "run": "true"}"#
    )
    #expect(try await home.flow("run", file, "-q", "--run-id", "r").ending == .exit(0))
    let again = try await home.flow("restart", "r", "-q", "--only", "m/x,1,z,m/y,2")
    #expect(again.ending == .exit(0), "\(again.errors)")
    let status = try await home.status("r")
    for (step, attempts) in [("m/x,1", 2), ("m/y,2", 2), ("z", 2), ("m/x,2", 1), ("m/y,1", 1)] {
      #expect(status.step(step)?["attempts"]?.elements.count == attempts, "\(step)")
    }
    let unknown = try await home.flow("restart", "r", "--only", "m/x,1,nope")
    #expect(unknown.errors.contains(#"no step "nope""#), "\(unknown.errors)")
  }

  @Test(arguments: [
    (["--only", "shp"], #"no step "shp", which --only names: did you mean "ship"?"#),
    (["--skip", "build,,lint"], #"no step "", which --skip names"#),
    (["--only=ship", "--from=build"], "options --only and --from cannot be combined"),
    (["--only=ship", "--to=build"], "options --only and --to cannot be combined"),
    (["--only=ship,lint", "--skip=lint"], #"both --only and --skip name step "lint""#),
    (["--from=lint", "--to=ship"], "no step is selected: these options leave none"),
    (["--skip=fetch,build,test,ship,lint"], "no step is selected: these options leave none"),
  ])
  func aSelectionThatCannotBeIsAnError(options: [String], error: String) async throws {
    let home = Home()
    let file = home.workflow(Self.steps)
    for more in [[], ["--dry-run"], ["--detach"]] {
      let run = try home.start(["run", file] + options + more)
      let end = try await run.end()
      #expect(end.ending == .exit(2))
      #expect(end.errors == "flow run: \(error)\nTry \"flow run --help\" for more.\n")
    }
    #expect(home.runs == [])
  }

  /// As if it were not there: what it would have waited for is waited for.
  @Test func aStepComesAfterWhatALeftOutNeedNeeds() async throws {
    let home = Home()
    home.folder.write("", to: "broken")
    let file = home.workflow(Self.steps.replacing("build >> ran", with: "build >> ran; exit 3"))
    let run = try await home.flow("run", file, "--run-id", "r", "--skip", "test", "--jobs", "4")
    #expect(run.ending == .exit(1))
    #expect(run.output.contains("4 of 5 steps are selected\n"))
    #expect(run.output.contains("ship skipped: needs build, which failed\n"))
    #expect(run.output.contains("1 not selected\n"))
    #expect(ran(home) == ["build", "fetch", "lint"])
    let text = try await home.flow("status", "r").output
    #expect(text.contains("4 of 5 steps: 2 succeeded, 1 failed, 1 skipped, 1 not selected\n"))
    let why = try await home.flow("why", "r", "test").output
    #expect(why.contains("test was skipped: it is not selected in this run."))
    #expect(try await home.flow("why", "r").output.contains("4 of 5 steps are selected."))
    let junit = try await home.flow("export", "r", "--format", "junit").output
    #expect(junit.contains("it is not selected in this run."))
    #expect(try await home.flow("list").output.contains("1 skipped, 1 not selected"))
  }

  @Test func aDryRunSaysWhy() async throws {
    let home = Home()
    let file = home.workflow(Self.steps)
    let dry = try await home.flow("run", file, "--dry-run", "--from=build", "--skip=test")
    #expect(
      dry.output == """
        w: 2 of 5 steps, longest chain 2
        stage 1: build
        stage 2: ship
        build runs: it is named
        ship runs: it follows from build
        fetch is skipped: not selected, it follows from no step of --from
        test is skipped: not selected, named by --skip
        lint is skipped: not selected, it follows from no step of --from

        """)
    #expect(home.runs == [])
    let json = try JSON(
      try await home.flow("run", file, "--dry-run", "--json", "--to=fetch").output)
    #expect(json["steps"]?[0]?["runs"] == .bool(true))
    #expect(json["steps"]?[1]?["stage"] == .null)
    #expect(json["steps"]?[1]?["why"]?.string == "not selected, no step of --to needs it")
  }

  @Test func aDetachedRunHasTheSelection() async throws {
    let home = Home()
    let file = home.workflow(Self.steps)
    let run = try await home.flow("run", file, "-d", "--run-id", "r", "--only=ship", "--only=lint")
    #expect(run.ending == .exit(0))
    #expect(try await home.flow("wait", "r").ending == .exit(0))
    #expect(ran(home) == ["lint", "ship"])
  }

  @Test func anInterruptedRunKeepsItsSelection() async throws {
    let home = Home()
    let steps =
      #"{"id": "a", "run": "touch begun; while ! test -e go; do sleep 0.1; done"}, "#
      + #"{"id": "b", "run": "echo b >> ran", "needs": "a"}, "#
      + #"{"id": "c", "run": "echo c >> ran", "needs": "b"}"#
    let run = try home.start(["run", home.workflow(steps), "--run-id", "r", "--skip", "b"])
    #expect(try await eventually { home.folder.has("begun") })
    run.signal(9)
    _ = try await run.end()
    home.folder.write("", to: "go")
    #expect(try await home.flow("restart", "r").ending == .exit(0))
    #expect(ran(home) == ["c"])
    #expect(try await home.status("r").state(of: "b") == "skipped")
  }

  // MARK: Rounds

  private func finished(_ options: String..., in home: Home) async throws {
    let run = try home.start(["run", home.workflow(Self.steps), "--run-id", "r"] + options)
    _ = try await run.end()
    home.folder.write("", to: "ran")
  }

  @Test(arguments: [
    (["--from", "test"], "ship test"), (["--only", "build,lint"], "build lint"),
    (["--from", "fetch"], "build fetch ship test"),
  ])
  func aSucceededRunCanBeReopened(options: [String], steps: String) async throws {
    let home = Home()
    try await finished(in: home)
    let restart = try home.start(["restart", "r"] + options)
    #expect(try await restart.end().ending == .exit(0))
    #expect(ran(home) == steps.split(separator: " ").map(String.init))
    let status = try await home.status("r")
    #expect(status["rounds"]?.integer == 2)
    for step in ["fetch", "build", "test", "ship", "lint"] {
      let count = steps.split(separator: " ").contains(Substring(step)) ? 2 : 1
      #expect(status.outcomes(of: step).count == count)
    }
    #expect(try await home.flow("replay", "r", "--verify").ending == .exit(0))
    #expect(try await home.flow("verify", "r").ending == .exit(0))
  }

  @Test func whatIsLeftBehindFailsTheRun() async throws {
    let home = Home()
    home.folder.write("", to: "broken")
    try await finished(in: home)
    #expect(try await home.flow("restart", "r", "--only", "lint").ending == .exit(1))
    #expect(ran(home) == ["lint"])
    #expect(try await home.flow("why", "r").output.contains("flow restart --failed"))
    let blocked = try await home.flow("restart", "r", "--from", "ship")
    #expect(blocked.ending == .exit(2))
    #expect(
      blocked.errors
        == "flow: not done in run r, and would not run again: test, which ship needs;"
        + " name test too, or use --failed\n")
    TestFile.removeTree("\(home.folder.path)/broken")
    #expect(try await home.flow("restart", "r", "--from", "test").ending == .exit(0))
    #expect(ran(home) == ["lint", "ship", "test"])
  }

  @Test(arguments: [
    (["--from", "tst"], #"flow restart: no step "tst", which --from names: did you mean "test"?"#),
    (
      ["--from", "test", "--only", "lint"],
      "flow restart: options --only and --from cannot be combined"
    ),
    (
      ["--failed", "--only", "lint"], "flow restart: options --failed and --only cannot be combined"
    ),
    (["--only", "lint"], "flow: not selected in run r: lint; use another run for that"),
  ])
  func aRoundThatCannotBeIsAnError(options: [String], error: String) async throws {
    let home = Home()
    try await finished("--skip", "lint", in: home)
    let restart = try await home.start(["restart", "r"] + options).end()
    #expect(restart.ending == .exit(2))
    #expect(restart.errors.hasPrefix("\(error)\n"))
    #expect(try await home.status("r")["rounds"] == nil)
  }

  @Test func anUnfinishedRunIsNotReopened() async throws {
    let home = Home()
    let steps = #"{"id": "a", "run": "touch begun; while ! test -e go; do sleep 0.1; done"}"#
    let run = try home.start(["run", home.workflow(steps), "--run-id", "r"])
    #expect(try await eventually { home.folder.has("begun") })
    let other = try await home.flow("restart", "r", "--from", "a")
    #expect(other.ending == .exit(2))
    #expect(other.errors.contains("already driven"))
    run.signal(9)
    _ = try await run.end()
    let restart = try await home.flow("restart", "r", "--from", "a")
    #expect(restart.ending == .exit(2))
    #expect(restart.errors.contains("run r is not finished"))
    home.folder.write("", to: "go")
    #expect(try await home.flow("restart", "r").ending == .exit(0))
  }
}
