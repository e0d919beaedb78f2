import FlowJSON
import TestSupport
import Testing

/// `flow why`, by the program itself.
struct WhyTests {
  private func run(_ home: Home) async throws {
    let file = home.workflow(
      #"{"id": "fetch", "run": "test $FLOW_ATTEMPT = 2","#
        + #" "retry": {"maxAttempts": 2, "initialDelay": "1ms"}},"#
        + #" {"id": "build", "needs": ["fetch"], "run": ["/does/not/exist\u001b[31m"]},"#
        + #" {"id": "test", "needs": ["build"], "run": "true"}"#)
    #expect(try await home.flow("run", "-q", file, "--run-id", "r").ending == .exit(1))
  }

  @Test func whatHappenedIsToldInSentences() async throws {
    let home = Home()
    try await run(home)
    let fetch = try await home.flow("why", "r", "fetch")
    #expect(fetch.ending == .exit(0) && fetch.errors == "")
    #expect(fetch.output.hasPrefix("fetch: ✓ succeeded\nfetch succeeded in "))
    #expect(fetch.output.contains("exit code 1  retried after "))
    let test = try await home.flow("why", "latest", "test")
    #expect(
      test.output.hasPrefix(
        "test: – skipped\ntest was skipped: it needs build, which failed: cannot execute"
          + " \"/does/not/exist\\u{1B}[31m\": no such file or directory (ENOENT).\n"))
    #expect(!test.output.contains("\u{1b}"))
    let json = try JSON(try await home.flow("why", "r", "test", "--json").output)
    #expect(json["runId"] == .string("r") && json["skippedFor"]?[0] == .string("build"))
  }

  @Test func aRunIsExplainedByItsSteps() async throws {
    let home = Home()
    try await run(home)
    let why = try await home.flow("why", "latest")
    #expect(why.ending == .exit(0) && why.errors == "")
    #expect(why.output.hasPrefix("run r: ✗ failed\nThe run failed after "))
    #expect(why.output.contains("\n✗ build failed: cannot execute "))
    #expect(why.output.contains("\n  1 step was skipped because of it: test.\n"))
    let json = try JSON(try await home.flow("why", "r", "--json").output)
    #expect(json["steps"]?.elements.map { $0["id"]?.string } == ["build"])
  }

  @Test func theEndOfTheOutputIsShown() async throws {
    let home = Home()
    let file = home.workflow(#"{"id": "a", "run": "seq 30; exit 3"}"#)
    #expect(try await home.flow("run", "-q", file, "--run-id", "r").ending == .exit(1))
    let tail = (21...30).map { "    \($0)\n" }.joined() + "  full output: flow logs r a\n"
    #expect(try await home.flow("why", "r").output.contains("\n\(tail)"))
    #expect(try await home.flow("why", "r", "a").output.contains("\n\(tail)"))
    let json = try JSON(try await home.flow("why", "r", "a", "--json").output)
    #expect(json["tail"]?.elements == (21...30).map { .string("\($0)") })
    TestFile.removeTree("\(home.path)/runs/r/attempts/a@1.out")
    #expect(
      try await home.flow("why", "r").output.contains(
        "\n  attempt 1: its output (81 B) was removed\n"))
  }

  @Test func whatRunsIsExplainedToo() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "touch started; until test -e go; do sleep 0.1; done"},"#
        + #" {"id": "b", "run": "true", "needs": ["a"]}"#)
    let run = try home.start(["run", file, "--run-id", "r"])
    #expect(
      try await eventually {
        try await home.flow("why", "r", "a").output.contains("a runs since ")
      })
    let waiting = try await home.flow("why", "r", "b")
    #expect(waiting.output.hasPrefix("b: · waiting\nb waits for its need: a, which runs, for "))
    home.folder.write("", to: "go")
    #expect(try await run.end().ending == .exit(0))
  }

  @Test func anUnknownStepNamesItsNeighbour() async throws {
    let home = Home()
    try await run(home)
    let finished = try await home.flow("why", "r", "biuld")
    #expect(finished.ending == .exit(2) && finished.output == "")
    #expect(finished.errors == "flow: run r has no step \"biuld\": did you mean \"build\"?\n")
    let missing = try await home.flow("why", "x", "build")
    #expect(missing.ending == .exit(2) && missing.errors.contains("matches \"x\""))
  }
}
