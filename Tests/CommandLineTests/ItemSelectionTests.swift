import FlowJSON
import TestSupport
import Testing

/// Items of steps with `forEach`, named by their ids: in new runs and in later rounds.
struct ItemSelectionTests {
  private static let steps =
    #"{"id": "n", "run": ["sh", "-c", "echo n-$1 >> ran", "x", "${item}"], "forEach": {"over": ["a", "b,c"]}}, "#
    + #"{"id": "m", "needs": "n", "forEach": {"over": ["p", "q"]}, "steps": ["#
    + #"{"id": "f", "run": "echo $FLOW_STEP_ID >> ran"}, "#
    + #"{"id": "g", "needs": "f", "run": "echo $FLOW_STEP_ID >> ran"}]}"#

  @Test(arguments: [
    (["--only", "n/a"], "n-a"), (["--only", "n/b,c,m/p"], "m/p/f m/p/g n-b,c"),
    (["--only", "m/p/g,m/q"], "m/p/g m/q/f m/q/g"),
    (["--skip", "n/a,m/p/f"], "m/p/g m/q/f m/q/g n-b,c"),
    (["--only", "m", "--skip", "m/q"], "m/p/f m/p/g"),
    (["--from", "m", "--skip", "m/q"], "m/p/f m/p/g"),
  ])
  func aRunHasTheItemsThatAreNamed(options: [String], ran: String) async throws {
    let home = Home()
    let file = home.workflow(Self.steps)
    let run = try await home.start(
      ["run", file, "-q", "--run-id", "r", "--jobs", "1"] + options
    ).end()
    #expect(run.ending == .exit(0), "\(run.errors)")
    #expect(home.ran.sorted() == ran.split(separator: " ").map(String.init))
    #expect(try await home.flow("replay", "r", "--verify").ending == .exit(0))
    #expect(try await home.flow("verify", "r").ending == .exit(0))
  }

  @Test func whatIsLeftOutIsToldOf() async throws {
    let home = Home()
    let file = home.workflow(Self.steps)
    let dry = try await home.flow("run", file, "--dry-run", "--only", "n/a,m/p/g")
    #expect(dry.output.contains("  n: for each of 2 items, only n/a\n"), "\(dry.output)")
    #expect(dry.output.contains("  m: for each of 2 items, only m/p/g\n"), "\(dry.output)")
    let json = try JSON(
      try await home.flow("run", file, "--dry-run", "--json", "--skip", "n/a").output)
    #expect(json["steps"]?[0]?["forEach"]?["without"]?[0]?.string == "n/a")
    #expect(home.runs == [])
    let run = try await home.flow("run", file, "--run-id", "r", "--only", "n/a")
    #expect(run.output.contains("n succeeded: 1 item, 1 not selected\n"), "\(run.output)")
    let status = try await home.status("r")
    #expect(status.step("n/b,c")?["selected"] == .bool(false))
    #expect(status.step("n")?["items"]?["leftOut"]?.integer == 1)
    let why = try await home.flow("why", "r", "n/b,c").output
    #expect(why.contains("n/b,c was skipped: it is not selected in this run."), "\(why)")
    let again = try await home.flow("restart", "r", "--only", "n/b,c")
    #expect(again.errors.contains("not selected in run r: n/b,c"), "\(again.errors)")
  }

  @Test(arguments: [
    (
      ["--only", "m/zebra"], #"step "m" has no item "m/zebra", which --only names: it has m/p, m/q"#
    ),
    (
      ["--skip", "n/bc"], #"step "n" has no item "n/bc", which --skip names: did you mean "n/b,c"?"#
    ),
    (["--only", "m/p/gg"], #"no step "m/p/gg", which --only names: did you mean "m/p/g"?"#),
    (["--only", "n/a/b"], #"no step "n/a/b", which --only names: did you mean "n/a%2Fb"?"#),
    (["--only", "m/p", "--skip", "m/p"], #"both --only and --skip name step "m/p""#),
    (["--only", "m/p", "--skip", "m"], #"both --only and --skip name step "m""#),
    (["--from", "n/a"], #"--from names "n/a", and what step "n" runs for is known only when"#),
  ])
  func anItemThatCannotBeIsAnError(options: [String], error: String) async throws {
    let home = Home()
    let run = try await home.start(["run", home.workflow(Self.steps)] + options).end()
    #expect(run.ending == .exit(2))
    #expect(run.errors.hasPrefix("flow run: \(error)"), "\(run.errors)")
    #expect(home.runs == [])
  }

  /// What a list will have, nobody knows before; an item that it then has not fails the step.
  @Test func itemsOfAListToComeAreNamed() async throws {
    let home = Home()
    home.folder.write("a\nb,c\n", to: "list")
    let file = home.workflow(
      #"\#(Home.scan), {"id": "n", "needs": "scan", "run": ["sh", "-c", "echo $1 >> ran", "x", "${item}"], "forEach": {"over": "steps.scan.files"}}"#
    )
    let run = try await home.flow("run", file, "-q", "--run-id", "r", "--only", "scan,n/b,c")
    #expect(run.ending == .exit(0) && home.ran == ["b,c"], "\(run.errors)")
    let lacking = try await home.flow("run", file, "-q", "--run-id", "s", "--only", "n/z,scan")
    #expect(lacking.ending == .exit(1) && home.ran == ["b,c"])
    #expect(
      lacking.errors.contains(
        #"✗ n failed: its forEach has no item "z", which was named when the run was created: it has a, b,c"#
      ), "\(lacking.errors)")
    let unfed = try await home.flow("run", file, "--only", "n/a")
    #expect(unfed.errors.contains("select scan, too"), "\(unfed.errors)")
    let detached = try await home.flow("run", file, "-d", "--run-id", "d", "--skip", "n/a")
    #expect(detached.ending == .exit(0))
    #expect(try await home.flow("wait", "d").ending == .exit(0))
    #expect(home.ran == ["b,c", "b,c"])
  }

  // MARK: Later rounds

  @Test func aRoundForAnItemThatIsGoneIsRefused() async throws {
    let home = Home()
    home.folder.write("a\nb\n", to: "list")
    let file = home.workflow(
      #"\#(Home.scan), {"id": "n", "needs": "scan", "run": "true", "forEach": {"over": "steps.scan.files"}}"#
    )
    #expect(try await home.flow("run", file, "-q", "--run-id", "r").ending == .exit(0))
    home.folder.write("b\nc\n", to: "list")
    #expect(try await home.flow("restart", "r", "-q", "--from", "scan").ending == .exit(0))
    let gone = try await home.flow("restart", "r", "--from", "n/a")
    #expect(gone.ending == .exit(2))
    #expect(
      gone.errors.hasPrefix(
        #"flow restart: --from names "n/a", which is no longer in the list of step "n": it has n/b, n/c"#
      ), "\(gone.errors)")
    // With the step that puts out the list it can come back.
    home.folder.write("a\n", to: "list")
    #expect(try await home.flow("restart", "r", "-q", "--from", "scan,n/a").ending == .exit(0))
    #expect(try await home.status("r").state(of: "n/a") == "succeeded")
    let unknown = try await home.flow("restart", "r", "--only", "n/zebra")
    #expect(
      unknown.errors.hasPrefix(
        #"flow restart: step "n" has no item "n/zebra", which --only names: it has n/a, n/b, n/c"#
      ), "\(unknown.errors)")
  }

  @Test func anItemOfAChainStandsForItsSteps() async throws {
    let home = Home()
    let file = home.workflow(Self.steps)
    #expect(try await home.flow("run", file, "-q", "--run-id", "r").ending == .exit(0))
    #expect(try await home.flow("restart", "r", "-q", "--only", "m/p").ending == .exit(0))
    let status = try await home.status("r")
    for (step, attempts) in [("m/p/f", 2), ("m/p/g", 2), ("m/q/f", 1)] {
      #expect(status.step(step)?["attempts"]?.elements.count == attempts, "\(step)")
    }
    let why = try await home.flow("why", "r", "m/p")
    #expect(why.errors == "flow: \"m/p\" is an item: name one of its steps, m/p/f, m/p/g\n")
    let unknown = try await home.flow("logs", "r", "m/zebra")
    #expect(
      unknown.errors
        == "flow: run r has no step \"m/zebra\": m has m/p/f, m/p/g, m/q/f and 1 more\n")
    let node = try await home.flow("logs", "r", "n")
    #expect(
      node.errors
        == "flow: step n runs for each item, and prints nothing itself: name one of n/a, n/b,c\n")
  }

  /// As they are, and as they are displayed.
  @Test func idsThatAreNoTextAreNamed() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "n", "run": ["sh", "-c", "echo \"<$1>\" | od -An -tx1", "x", "${item}"], "forEach": {"over": "params.l"}}"#,
      #""params": {"l": {"type": "list", "required": true}}"#)
    func flow(_ line: String) async throws -> Finished {
      try await home.flow(by: ["/bin/sh", "-c", "exec \"$0\" \(line)"])
    }
    let run = try await flow(
      #"run "\#(file)" -q --run-id r -p "l=$(printf '\377')" -p l=b --only 'n/\xFF'"#)
    #expect(run.ending == .exit(0), "\(run.errors)")
    for id in [#"'n/\xFF'"#, #""n/$(printf '\377')""#] {
      #expect(try await flow("logs r \(id)").output.contains("3c ff 3e"))
      #expect(try await flow("why r \(id)").output.hasPrefix(#"n/\xFF: ✓ succeeded"#))
      #expect(try await flow("restart r -q --only \(id)").ending == .exit(0))
    }
    let completed = try await home.flow("__complete", "--", "logs", "r", "n/")
    #expect(completed.output == "words\nn/\\xFF\t\nn/b\t\n", "\(completed.output)")
  }

  @Test func itemsOfAFileAreCompleted() async throws {
    let home = Home()
    let file = home.workflow(Self.steps)
    let completed = try await home.flow("__complete", "--", "run", file, "--only", "m/p")
    #expect(completed.output == "words\nm/p\t\nm/p/f\t\nm/p/g\t\n")
  }
}
