import FlowJSON
import Glibc
import TestSupport
import Testing

/// Steps with `inputs` and `cache`, with real processes.
struct CacheTests {
  private let home = Home()

  private func write(_ text: String, to name: String) {
    let path = "\(home.folder.path)/\(name)"
    TestFile.makeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
    TestFile.write(Array(text.utf8), to: path)
  }

  private func run(
    _ steps: String, _ id: String, _ settings: String = "", _ variables: [String: String?] = [:]
  ) async throws -> Finished {
    let file = home.workflow(steps, settings, named: "w")
    return try await home.start(["run", file, "--run-id", id], environment: variables).end()
  }

  private static let build = #"""
    {"id": "a", "cache": true, "inputs": ["src/**"], "files": ["out/a"], "outputs": {"n": "int", "t": "lines"},
     "run": "echo ran >> log; cat src/* > $FLOW_STAGE/out/a; echo 3 > $FLOW_OUTPUTS/n; printf 'x\ny' > $FLOW_OUTPUTS/t"},
    {"id": "b", "needs": "a", "cache": true, "inputs": ["out/a"], "run": ["sh", "-c", "echo b$0 >> log", "${steps.a.n}"]},
    {"id": "c", "needs": "a", "run": "cat $FLOW_INPUTS/a/t"}
    """#

  private var log: String { home.folder.contents(of: "log") }

  @Test func whatHasNotChangedDoesNotRunAgain() async throws {
    write("1", to: "src/x")
    let first = try await run(Self.build, "r1")
    #expect(first.ending == .exit(0), "\(first.output)\(first.errors)")
    #expect(log == "ran\nb3\n")
    let second = try await run(Self.build, "r2")
    #expect(second.output.contains("a succeeded: its former result is used"), "\(second.output)")
    #expect(log == "ran\nb3\n")
    // Its values are there as if it had run.
    #expect(try await home.logs("c", of: "r2") == "x\ny")
    let why = try await home.flow("why", "r2", "a")
    #expect(
      why.output.contains(
        "a succeeded without running: nothing that counts has changed since attempt 1 of run r1"),
      "\(why.output)")
    write("2", to: "src/x")
    _ = try await run(Self.build, "r3")
    #expect(log == "ran\nb3\nran\nb3\n")
    let changed = try await home.flow("why", "r3", "a")
    #expect(changed.output.contains("It ran because src/x changed."), "\(changed.output)")
    // The same content once more: `a` runs, since its file is another one now, and `b` does not.
    write("1", to: "src/x")
    _ = try await run(Self.build, "r4")
    #expect(log == "ran\nb3\nran\nb3\nran\n")
    #expect(!home.folder.has(".flow-stage"))
    for run in ["r1", "r2"] {
      #expect(try await home.flow("replay", run, "--verify").ending == .exit(0))
      let verify = try await home.flow("verify", run)
      #expect(verify.ending == .exit(0) && !verify.output.contains("note"), "\(verify.output)")
    }
  }

  @Test func whatIsNotInPlaceIsMadeAgain() async throws {
    write("1", to: "src/x")
    _ = try await run(Self.build, "r1")
    write("other", to: "out/a")
    _ = try await run(Self.build, "r2")
    #expect(log == "ran\nb3\nran\n")
    #expect(home.folder.contents(of: "out/a") == "1")
    let why = try await home.flow("why", "r2", "a")
    #expect(why.output.contains("It ran because out/a is not what this step made."))
  }

  @Test func aStepWithoutAnInputDoesNotBegin() async throws {
    let run = try await run(
      #"{"id": "a", "inputs": ["gone"], "run": "echo ran >> log"}"#, "r1")
    #expect(run.ending == .exit(1))
    #expect(!home.folder.has("log"))
    #expect(
      run.output.contains("a failed: its input gone is missing, or cannot be read"), "\(run.output)"
    )
    #expect(try await home.logs("a", of: "r1") == "the input gone is missing\n")
  }

  /// Of everything that the caller has, only what is declared counts, and is there.
  @Test func aCachedStepSeesOnlyWhatIsDeclared() async throws {
    let step = #"{"id": "a", "cache": true, "env": {"OWN": "o"}, "run": "echo $OWN$CALLER >> log"}"#
    _ = try await run(step, "r1", "", ["CALLER": "x"])
    #expect(log == "o\n")
    _ = try await run(step, "r2", "", ["CALLER": "y"])
    #expect(log == "o\n")
    let passed = #""environment": "clean", "passEnv": ["CALLER"]"#
    _ = try await run(step, "r3", passed, ["CALLER": "x"])
    _ = try await run(step, "r4", passed, ["CALLER": "x"])
    #expect(log == "o\nox\n")
    _ = try await run(step, "r5", passed, ["CALLER": "y"])
    #expect(log == "o\nox\noy\n")
    #expect(
      try await home.flow("why", "r5", "a").output.contains(
        "It ran because the variable CALLER changed."))
  }

  @Test func aCommandThatCannotBeExecutedIsNotStarted() async throws {
    let run = try await run(#"{"id": "a", "cache": true, "run": ["no-such-program"]}"#, "r1")
    #expect(run.ending == .exit(1))
    #expect(try await home.status("r1").outcomes(of: "a") == ["launchFailed"])
  }

  @Test func aFailureIsNoResult() async throws {
    let step = #"{"id": "a", "cache": true, "run": "echo ran >> log; exit 1"}"#
    _ = try await run(step, "r1")
    _ = try await run(step, "r2")
    #expect(log == "ran\nran\n")
  }

  @Test func resultsThatCannotBeReadAreNotNeeded() async throws {
    let step = #"{"id": "a", "cache": true, "run": "echo ran >> log"}"#
    TestFile.makeFolder("\(home.path)/results/x")
    let run = try await run(step, "r1")
    #expect(run.ending == .exit(0), "\(run.output)\(run.errors)")
    #expect(log == "ran\n")
    #expect(
      try await home.flow("why", "r1", "a").output.contains(
        "It ran because earlier results could not be read"))
  }

  @Test func aRunCanDoWithoutResults() async throws {
    let step = #"{"id": "a", "cache": true, "run": "echo ran >> log"}"#
    _ = try await run(step, "r1")
    let file = home.workflow(step)
    _ = try await home.flow("run", file, "--run-id", "r2", "--no-cache")
    #expect(log == "ran\nran\n")
    let why = try await home.flow("why", "r2", "a")
    #expect(why.output.contains("It ran because the run uses no earlier results."), "\(why.output)")
    _ = try await run(step, "r3")
    #expect(log == "ran\nran\n")
  }

  @Test func scriptsCountByTheirText() async throws {
    let script = { (word: String) in
      "{\"id\": \"a\", \"cache\": true, \"run\": \"#!/bin/sh\\necho \(word) >> log\\n\"}"
    }
    _ = try await run(script("one"), "r1")
    _ = try await run(script("one"), "r2")
    _ = try await run(script("two"), "r3")
    #expect(log == "one\ntwo\n")
  }
}
