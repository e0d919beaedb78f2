import FlowJSON
import Glibc
import TestSupport
import Testing

/// `flow prove`: what a workflow leaves when its attempts are lost.
struct ProveTests {
  private let home = Home()
  private var scratch: String { "\(home.folder.path)/scratch" }

  init() {
    unsafe _ = mkdir(scratch, 0o700)
  }

  /// Writes a workflow into a folder of its own.
  private func workflow(_ steps: String) -> String {
    let folder = "\(home.folder.path)/project"
    unsafe _ = mkdir(folder, 0o700)
    home.folder.write("{\"name\": \"w\", \"steps\": [\(steps)]}", to: "project/w.json")
    return "\(folder)/w.json"
  }

  private func prove(_ file: String, _ options: String...) async throws -> Finished {
    try await home.start(["prove", file, "--scratch", scratch] + options).end()
  }

  private func proof(_ file: String, _ options: String...) async throws -> (Finished, JSON) {
    let finished = try await home.start(
      ["prove", file, "--scratch", scratch, "--json"] + options
    ).end()
    return (finished, try JSON(finished.output))
  }

  private var left: [String] { TestFile.names(in: scratch) }

  // MARK: Verdicts

  @Test func aStepThatMakesItsResultAnewMayRunAgain() async throws {
    let file = workflow(
      #"{"id": "a", "run": "echo 1 > a.new; sleep 0.2; mv a.new a; sleep 0.2"}"#)
    let finished = try await prove(file, "--rounds", "3")
    #expect(finished.ending == .exit(0))
    #expect(finished.output.contains("two undisturbed runs leave the same 2 files\n"))
    #expect(finished.output.contains("a: idempotent (killed "))
    #expect(left == [], "the copies are removed")
    #expect(
      TestFile.names(in: "\(home.folder.path)/project") == ["w.json"], "the folder is as it was")
  }

  @Test func aStepThatAppendsIsFound() async throws {
    let file = workflow(
      #"{"id": "made", "run": "echo 1 > made"},"#
        + #"{"id": "a", "needs": ["made"], "run": "cat made >> ledger.csv; sleep 0.3"}"#)
    let (finished, proof) = try await proof(file, "--only", "a", "--rounds", "1")
    #expect(finished.ending == .exit(1))
    #expect(proof["deterministic"] == .bool(true) && proof["steps"]?.elements.count == 1)
    let step = try #require(proof["steps"]?[0])
    #expect(step["step"]?.string == "a" && step["verdict"]?.string == "differs")
    #expect(step["killed"]?.integer == 1 && step["killedAfterWork"]?.integer == 1)
    #expect(step["differences"]?[0]?["path"]?.string == "ledger.csv")
    #expect(step["differences"]?[0]?["what"]?.string == "ledger.csv has 2 lines instead of 1")
    let kept = try #require(step["kept"]?.string)
    #expect(TestFile.text("\(kept)/ledger.csv") == "1\n1\n")
    #expect(left.count == 1 && kept.hasPrefix("\(scratch)/\(left[0])/"))
    // With what it is compared to, and nothing else.
    #expect(TestFile.names(in: "\(scratch)/\(left[0])").sorted() == ["a.round-1", "undisturbed"])
    #expect(proof["undisturbed"]?.string == "\(scratch)/\(left[0])/undisturbed")
  }

  /// Of each step that runs for the items one of them is killed; the second adds a line twice.
  @Test func itemsAreProvenToo() async throws {
    let file = workflow(
      #"""
      {"id": "n", "forEach": {"over": ["x", "y", "z"]}, "steps": [
        {"id": "made", "run": "echo $FLOW_ITEM > made-$FLOW_ITEM; sleep 0.2"},
        {"id": "added", "needs": "made", "run": "echo $FLOW_ITEM >> added-$FLOW_ITEM; sleep 0.2"}]}
      """#)
    let (finished, proof) = try await proof(file, "--rounds", "1")
    #expect(finished.ending == .exit(1), "\(finished.errors)")
    #expect(proof["steps"]?.elements.map { $0["step"]?.string } == ["n/made", "n/added"])
    #expect(proof["steps"]?[0]?["verdict"]?.string == "idempotent")
    #expect(proof["steps"]?[0]?["killedAfterWork"]?.integer == 1)
    let added = try #require(proof["steps"]?[1])
    #expect(added["verdict"]?.string == "differs")
    let item = try #require(added["item"]?.string)
    #expect(["n/x/added", "n/y/added", "n/z/added"].contains(item))
    let key = item.split(separator: "/")[1]
    #expect(
      added["differences"]?[0]?["what"]?.string == "added-\(key) has 2 lines instead of 1")
  }

  /// The moment is drawn: the lock is held nearly all the time.
  @Test func aLockThatIsLeftIsFound() async throws {
    let file = workflow(#"{"id": "a", "run": "mkdir lock && sleep 0.5 && rmdir lock"}"#)
    let finished = try await prove(file, "--rounds", "4", "--seed", "1")
    #expect(finished.ending == .exit(1))
    #expect(finished.output.contains("a: NOT idempotent: killed after "))
    #expect(finished.output.contains(", and run again: the run fails: ✗ a failed"))
    #expect(finished.output.contains("--seed 1)"))
  }

  @Test func aLostAttemptThatEndsTheRunRunsNothingTwice() async throws {
    let file = workflow(#"{"id": "a", "run": "echo 1 >> a; sleep 0.3", "onLost": "fail"}"#)
    let (finished, proof) = try await proof(file, "--rounds", "1")
    #expect(finished.ending == .exit(0))
    let step = try #require(proof["steps"]?[0])
    #expect(step["verdict"]?.string == "stopsTheRun")
    // What a restart would do is said.
    let after = try #require(step["afterRestart"])
    #expect(after["verdict"]?.string == "differs")
    #expect(after["differences"]?[0]?["what"]?.string == "a has 2 lines instead of 1")
    #expect(left == [])
  }

  @Test func aStepThatNeedNotStopTheRunIsTold() async throws {
    let file = workflow(#"{"id": "a", "run": "echo 1 > a; sleep 0.3", "onLost": "fail"}"#)
    let finished = try await prove(file, "--rounds", "1")
    #expect(finished.ending == .exit(0))
    #expect(
      finished.output.contains(
        "a: a lost attempt fails the run, as its onLost says; after flow restart --failed all is as"
          + " undisturbed (killed once, 1 of them after its work)\n  \"rerun\" would do"))
    #expect(finished.output.contains("1 of 1 steps may be run again\n"))
  }

  @Test func aProbeIsTakenAtItsWord() async throws {
    let file = workflow(
      #"{"id": "right", "run": "echo 1 >> a; sleep 0.3", "onLost": "probe", "probe": "test -s a"},"#
        + #"{"id": "wrong", "run": "echo 1 >> b; sleep 0.3", "onLost": "probe", "probe": "exit 1"}"#
    )
    let (finished, proof) = try await proof(file, "--rounds", "1")
    #expect(finished.ending == .exit(1))
    #expect(proof["steps"]?[0]?["verdict"]?.string == "idempotent")
    #expect(proof["steps"]?[1]?["verdict"]?.string == "differs")
  }

  /// It looks at what is made first.
  @Test func aProbeThatSaysDoneOfHalfTheWorkIsFound() async throws {
    let file = workflow(
      #"{"id": "a", "run": "echo 1 > a; sleep 0.8; echo 2 >> a", "onLost": "probe", "#
        + #""probe": "test -e a"}"#)
    let finished = try await prove(file, "--rounds", "6", "--seed", "4")
    #expect(finished.ending == .exit(1))
    #expect(
      finished.output.contains("and its probe did not say that it must run again: a has 1 line"))
    #expect(finished.output.contains("its probe must exit with 1 where the work is not done"))
  }

  /// A command that is over within a millisecond is killed as well, or said not to be proven.
  @Test func shortAttemptsAreNotTakenForProven() async throws {
    let file = workflow(
      #"{"id": "a", "run": ["true"]}, {"id": "b", "needs": ["a"], "run": "echo 1 >> b"}"#)
    let (finished, proof) = try await proof(file, "--rounds", "2")
    let steps = try #require(proof["steps"]?.elements)
    for (step, verdict) in zip(steps, ["idempotent", "differs"]) {
      let killed = try #require(step["killed"]?.integer)
      #expect(step["verdict"]?.string == (killed == 0 ? "tooShort" : verdict))
      if verdict == "idempotent" { #expect(step["missed"]?.integer == 2 - killed) }
    }
    #expect(finished.ending == .exit(1))
  }

  @Test func aStepThatDoesNotRunIsNotProven() async throws {
    let file = workflow(
      #"{"id": "a", "run": "echo 1 > a; sleep 0.2"},"#
        + #"{"id": "b", "needs": ["a"], "when": "steps.a.result == 'failed'", "run": "true"}"#)
    let (finished, proof) = try await proof(file, "--rounds", "1")
    #expect(finished.ending == .exit(0))
    #expect(proof["steps"]?[1]?["verdict"]?.string == "neverRan")
    let asked = try await prove(file, "--only", "b")
    #expect(asked.ending == .exit(1))
    #expect(asked.output.contains("b: not proven: it did not run in the undisturbed runs\n"))
    #expect(asked.output.contains("0 of 1 steps may be run again; 1 not proven\n"))
  }

  /// What the examples say of themselves is so.
  @Test(arguments: [
    ("clean", 0, ["extract": "idempotent", "load": "idempotent"]),
    ("files", 0, ["rows": "idempotent", "site": "idempotent"]),
    (
      "answers", 1,
      ["asked": "idempotent", "wrongly-asked": "differs", "careful": "stopsTheRun"]
    ),
    (
      "faults", 1,
      [
        "clean": "idempotent", "append": "differs", "counter": "differs", "name": "fails",
        "lock": "fails",
      ]
    ),
    ("time", 1, ["stamp": "idempotent"]),
  ])
  func theExamplesAreFoundOut(name: String, code: Int32, verdicts: [String: String]) async throws {
    let (finished, proof) = try await proof(
      "\(Repository.root)/Fixtures/Workflows/prove/\(name).yaml", "--rounds", "4", "--seed", "1")
    #expect(finished.ending == .exit(code), "\(finished.errors)")
    #expect(proof["deterministic"] == .bool(name != "time"))
    var found: [String: String] = [:]
    for step in proof["steps"]?.elements ?? [] {
      found[step["step"]?.string ?? ""] = step["verdict"]?.string ?? ""
    }
    #expect(found == verdicts)
  }

  // MARK: What is compared

  /// Where each step declares its files, others do not count.
  @Test func declaredFilesAndOutputsAreCompared() async throws {
    let file = workflow(
      #"""
      {"id": "files", "files": ["out"], "run": "echo x >> seen; echo 1 > $FLOW_STAGE/out; sleep 0.2"},
      {"id": "values", "needs": "files", "files": ["n"], "outputs": {"n": "int"},
       "run": "echo x >> again; wc -l < again > $FLOW_OUTPUTS/n; echo 1 > $FLOW_STAGE/n; sleep 0.2"}
      """#)
    let (finished, proof) = try await proof(file, "--rounds", "1")
    #expect(finished.ending == .exit(1), "\(finished.errors)")
    #expect(proof["compared"]?.string == "declaredFiles")
    #expect(proof["steps"]?[0]?["verdict"]?.string == "idempotent")
    let differences = try #require(proof["steps"]?[1]?["differences"]?.elements)
    #expect(differences.map { $0["output"]?.string } == ["values.n"])
    #expect(differences[0]["what"]?.string == #"output values.n is "2" instead of "1""#)

    let all = try await prove(file, "--rounds", "1", "--only", "files", "--all")
    #expect(all.ending == .exit(1))
    #expect(all.output.contains("run again: seen has 2 lines instead of 1 (round 1"))
  }

  @Test(arguments: ["", #""publish": "inPlace", "#])
  func aDeclaredFileThatDiffersIsFound(publish: String) async throws {
    let out = publish.isEmpty ? "$FLOW_STAGE/out" : "out"
    let file = workflow(
      #"{"id": "a", "files": ["out/"], \#(publish)"run": "mkdir -p \#(out); echo x >> seen; "#
        + #"cp seen \#(out)/seen; sleep 0.2"}"#)
    let finished = try await prove(file, "--rounds", "1")
    #expect(finished.ending == .exit(1))
    #expect(finished.output.contains("two undisturbed runs leave the same 1 declared path\n"))
    #expect(finished.output.contains("run again: out/seen has 2 lines instead of 1 (round 1"))
  }

  @Test func aWorkflowThatIsNotDeterministicIsFound() async throws {
    let file = workflow(#"{"id": "a", "run": "date +%s%N > made-at; echo 1 > a; sleep 0.2"}"#)
    let (finished, proof) = try await proof(file, "--rounds", "1")
    #expect(finished.ending == .exit(1))
    #expect(proof["deterministic"] == .bool(false))
    #expect(proof["differences"]?[0]?["path"]?.string == "made-at")
    // What differs by itself says nothing about the step.
    #expect(proof["steps"]?[0]?["verdict"]?.string == "idempotent")
    #expect(left == [])
  }

  // MARK: Copies

  /// The step looks at its copy itself.
  @Test(arguments: [false, true])
  func copiesAreAsTheFolder(hasHome: Bool) async throws {
    let look =
      "test -L link && test $(stat -c %a.%Y sub/file) = 640.1000000000 && test ! -e sub/home"
      + " && test $(stat -c %a.%Y sub) = 750.1000000001 && sleep 0.2"
    let file = workflow(#"{"id": "a", "run": "\#(look)"}"#)
    unsafe _ = mkdir("\(home.folder.path)/project/sub", 0o700)
    home.folder.write("x", to: "project/sub/file")
    if hasHome { unsafe _ = mkdir("\(home.folder.path)/project/sub/home", 0o700) }
    let script =
      "cd \(home.folder.path)/project && ln -s sub/file link && chmod 640 sub/file"
      + " && touch -d @1000000000 sub/file && chmod 750 sub && touch -d @1000000001 sub"
    #expect(
      try await Subprocess(["/bin/sh", "-c", script], environment: [:], folder: scratch).end()
        .ending == .exit(0))
    let finished = try await home.flow(
      "prove", file, "--scratch", scratch, "--rounds", "1",
      environment: hasHome ? ["FLOW_HOME": "\(home.folder.path)/project/sub/home"] : [:])
    #expect(finished.ending == .exit(0), "\(finished.output)\(finished.errors)")
    #expect(finished.output.contains("/project/sub/home are not copied\n") == hasHome)
  }

  @Test func aFolderThatIsTooLargeIsRefusedBeforeItIsCopied() async throws {
    let file = workflow(#"{"id": "a", "run": "sleep 0.2"}"#)
    home.folder.write(String(repeating: "0123456789abcdef", count: 1 << 17), to: "project/large")
    let refused = try await prove(file, "--max-size", "1")
    #expect(refused.ending == .exit(6))
    #expect(refused.errors.contains("no more than 1 MiB are copied; give a larger --max-size"))
    #expect(left == [])
    #expect(try await prove(file, "--max-size", "3", "--rounds", "1").ending == .exit(0))
  }

  @Test func linksOutOfTheFolderAreNamed() async throws {
    let file = workflow(#"{"id": "a", "run": "sleep 0.2"}"#)
    unsafe _ = symlink(scratch, "\(home.folder.path)/project/data")
    let finished = try await prove(file, "--rounds", "1")
    #expect(finished.ending == .exit(0))
    #expect(
      finished.output.contains(
        "note: what is written through links that lead out of the folder is neither undone nor seen:"
          + " data\n"))
  }

  // MARK: What cannot be proven

  @Test func stepsThatWorkElsewhereAreRefused() async throws {
    let file = workflow(
      #"{"id": "a", "run": "true", "cwd": "sub/../.."}, {"id": "b", "run": "true", "cwd": "/srv"},"#
        + #"{"id": "c", "run": "true", "cwd": "."}"#)
    let finished = try await prove(file)
    #expect(finished.ending == .exit(2) && finished.output == "")
    let lines = finished.errors.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines[0].contains("w.json: step a works in sub/../.. (its cwd), and only /"))
    #expect(lines[1].contains("step b works in /srv (its cwd)"))
    #expect(left == [])
  }

  @Test func aStepThatAsksIsRefusedUnlessItIsLeftOut() async throws {
    let file = workflow(
      #"{"id": "ok", "ask": {"text": "Go?"}}, {"id": "a", "needs": ["ok"], "run": "sleep 0.2"}"#)
    let refused = try await prove(file)
    #expect(refused.ending == .exit(2))
    #expect(refused.errors.contains("step ok asks a person"))
    let proven = try await prove(file, "--skip", "ok", "--rounds", "1")
    #expect(proven.ending == .exit(0), "\(proven.errors)")
    #expect(proven.output.contains("1 of 1 steps may be run again\n"))
  }

  @Test func aWorkflowThatFailsByItselfIsToldApart() async throws {
    let finished = try await prove(workflow(#"{"id": "a", "run": "echo no >&2; exit 3"}"#))
    #expect(finished.ending == .exit(1))
    #expect(finished.errors.contains("the workflow does not succeed in a copy of its folder"))
    #expect(finished.errors.contains("exit code 3"))
    #expect(left == [])
  }

  @Test func copiesNeedAPlaceOfTheirOwn() async throws {
    let file = workflow(#"{"id": "a", "run": "true"}"#)
    let inside = try await home.flow("prove", file, "--scratch", "\(home.folder.path)/project")
    #expect(inside.ending == .exit(6))
    #expect(inside.errors.contains("the copies cannot be within the workflow's folder"))
    let missing = try await home.flow("prove", file, "--scratch", "\(home.folder.path)/none")
    #expect(missing.ending == .exit(2))
    let pipe = try await home.flow(
      "prove", "-", by: ["/bin/sh", "-c", "cat \(file) | \"$@\"", "sh"])
    #expect(pipe.ending == .exit(6) && pipe.errors.contains("a definition from a pipe"))
  }

  @Test func anUnknownStepIsNamed() async throws {
    let finished = try await prove(workflow(#"{"id": "load", "run": "true"}"#), "--only", "laod")
    #expect(finished.ending == .exit(2) && finished.errors.contains("\"load\""))
  }

  @Test func nothingIsLeftOfAProofThatIsInterrupted() async throws {
    let file = workflow(#"{"id": "a", "run": "touch \#(home.folder.path)/begun; sleep 600"}"#)
    let proof = try home.start(["prove", file, "--scratch", scratch])
    #expect(try await eventually { home.folder.has("begun") })
    proof.signal(SIGINT)
    #expect(try await proof.end().ending == .signal(SIGINT))
    #expect(left == [])
  }

  /// The third run is that whose attempt's monitor is stopped.
  @Test func nothingIsLeftOfAProofThatIsTerminatedWhileAnAttemptIsHeld() async throws {
    let count = "\(home.folder.path)/count"
    let file = workflow(
      #"{"id": "a", "run": "echo x >> \#(count); test $(wc -l < \#(count)) -lt 3 || "#
        + #"{ touch \#(home.folder.path)/held; sleep 600; }; sleep 0.1"}"#)
    let proof = try home.start(["prove", file, "--scratch", scratch])
    #expect(try await eventually { home.folder.has("held") })
    proof.signal(SIGTERM)
    #expect(try await proof.end().ending == .signal(SIGTERM))
    #expect(left == [])
    #expect(try await eventually { home.folder.processes().isEmpty })
  }

  @Test func whatAStepLeavesRunningEndsWithItsRun() async throws {
    let file = workflow(
      #"{"id": "a", "run": "setsid sleep 600 > /dev/null 2>&1 & sleep 0.2", "stragglers": "keep"}"#)
    let finished = try await prove(file, "--rounds", "1")
    #expect(finished.ending == .exit(0), "\(finished.output)\(finished.errors)")
    #expect(home.folder.processes().isEmpty && left == [])
  }
}
