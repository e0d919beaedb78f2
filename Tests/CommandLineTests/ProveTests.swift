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
    // A kill at a random moment can come too late for a command that ends meanwhile.
    let verdicts = ["once", "2 times", "3 times"].map {
      "a: idempotent (killed \($0), 1 of them after its work)\n"
    }
    #expect(verdicts.contains { finished.output.contains($0) })
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
    #expect(proof["steps"]?[0]?["verdict"]?.string == "stopsTheRun")
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

  // MARK: What cannot be proven

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
}
