import FlowJSON
import Glibc
import TestSupport
import Testing

/// What steps put out, with real processes.
struct OutputTests {
  private static let secret = "hunter2/correct horse"

  private func check(_ home: Home, _ run: String) async throws {
    #expect(try await home.flow("replay", run, "--verify").ending == .exit(0))
    let verify = try await home.flow("verify", run)
    #expect(verify.ending == .exit(0) && !verify.output.contains("note"), "\(verify.output)")
  }

  @Test func valuesReachTheStepsAfter() async throws {
    let home = Home()
    let workflow = home.workflow(
      #"""
      {"id": "scan", "outputs": {"version": "string", "files": "lines", "rows": "int"},
       "run": "printf '1.2 $(x) ${X}\\n' > $FLOW_OUTPUTS/version; printf 'a b\\nc\\n' > $FLOW_OUTPUTS/files; echo 42 > $FLOW_OUTPUTS/rows"},
      {"id": "use", "needs": "scan", "env": {"V": "v${steps.scan.version}"},
       "when": "steps.scan.rows > 40 and 'c' in steps.scan.files",
       "run": "echo \"$V\"; cat $FLOW_INPUTS/scan/files; test -z \"${FLOW_OUTPUTS:-}\""},
      {"id": "list", "needs": "scan", "run": ["printf", "<%s>", "${steps.scan.files}", "${steps.scan.rows}"]},
      {"id": "not", "needs": "scan", "when": "steps.scan.rows < 40", "run": "true"}
      """#)
    let run = try await home.flow("run", workflow, "--run-id", "r")
    #expect(run.ending == .exit(0), "\(run.output)\(run.errors)")
    #expect(try await home.logs("use", of: "r") == "v1.2 $(x) ${X}\na b\nc\n")
    #expect(try await home.logs("list", of: "r") == "<a b><c><42>")
    let status = try await home.status("r")
    let scan = try #require(status["steps"]?.elements.first)
    #expect(
      scan["outputValues"]?.elements.map { $0["name"]?.string } == ["files", "rows", "version"])
    #expect(scan["outputValues"]?.elements.last?["value"]?.string == "1.2 $(x) ${X}")
    let why = try await home.flow("why", "r", "scan")
    #expect(why.output.contains(#"It put out files = ["a b", "c"]."#), "\(why.output)")
    let skipped = try await home.flow("why", "r", "not")
    #expect(skipped.output.contains("steps.scan.rows is 42"))
    #expect(try await home.flow("logs", "r", "scan", "--value", "files").output == "a b\nc\n")
    let unknown = try await home.flow("logs", "r", "scan", "--value", "nope")
    #expect(
      unknown.ending == .exit(2) && unknown.errors.contains("it declares files, rows, version"))
    #expect(try await home.flow("logs", "r", "--value", "x").ending == .exit(2))
    let report = try await home.flow("report", "r", "-o", "-")
    #expect(report.output.contains("rows = 42"))
    let export = try await home.flow("export", "r")
    #expect(
      export.output.contains(#""outputValues":[{"name":"files","type":"lines","value":"a b\nc\n"}"#)
    )
    try await check(home, "r")
    // The history has them: nothing else of them is left.
    let left = TestFile.names(in: "\(home.path)/runs/r/attempts").sorted()
    #expect(left.allSatisfy { $0.hasSuffix(".out") }, "\(left)")
  }

  struct Bad: Sendable, CustomTestStringConvertible {
    let type: String
    let run: String
    let message: String
    var testDescription: String { run }

    init(_ type: String, _ run: String, _ message: String) {
      self.type = type
      self.run = run
      self.message = message
    }
  }

  private static let put = "$FLOW_OUTPUTS/x"

  @Test(arguments: [
    Bad("string", "true", "its output x is missing"),
    Bad("string", "echo > \(put); echo > $FLOW_OUTPUTS/y", "it wrote an output y, which its step"),
    Bad(
      "string", "head -c 65537 /dev/zero | tr '\\\\0' a > \(put)",
      "its output x is larger than 64 KiB"),
    Bad(
      "lines", "head -c 16777217 /dev/zero | tr '\\\\0' a > \(put)",
      "its output x is larger than 16 MiB"),
    Bad("lines", "seq 1000001 > \(put)", "its output x has more than 1000000 lines"),
    Bad("string", "printf '\\\\377' > \(put)", "its output x is no text in UTF-8"),
    Bad("string", "printf 'a\\\\000b' > \(put)", "or has a zero byte"),
    Bad("int", "echo 1.5 > \(put)", "its output x is no int"),
    Bad("json", "echo '{' > \(put)", "its output x is no json"),
    Bad("string", "mkdir \(put)", "its output x is no regular file"),
    Bad("string", "ln -s /etc/passwd \(put)", "its output x is no regular file"),
    Bad("string", "mkfifo \(put)", "its output x is no regular file"),
    Bad(
      "string", "for i in $(seq 1000); do : > $FLOW_OUTPUTS/f$i; done; echo > \(put)",
      "it wrote an output f"),
    Bad("string", "rm -r $FLOW_OUTPUTS", "its output x is missing"),
    Bad("string", "rm -r $FLOW_OUTPUTS; ln -s $PWD $FLOW_OUTPUTS", "its output x is missing"),
    // A straggler that may stay goes on writing.
    Bad(
      "string",
      "(head -c 200000000 /dev/zero | tr '\\\\0' a > \(put)) & until test $(wc -c < \(put)) -gt 65536; do :; done",
      "its output x is larger than 64 KiB"),
    Bad(
      "string", "echo > \(put); touch $FLOW_OUTPUTS/$(printf '\\\\033[31m')", "it wrote an output"),
  ])
  func badOutputsFailTheAttemptInBoundedTime(bad: Bad) async throws {
    let home = Home()
    let workflow = home.workflow(
      #"{"id": "s", "outputs": {"x": "\#(bad.type)"}, "run": "\#(bad.run)", "timeout": "60s", "stragglers": "keep"}"#
    )
    let run = try await home.flow("run", workflow, "--run-id", "r")
    #expect(run.ending == .exit(1))
    #expect(run.output.contains(bad.message), "\(run.output)")
    #expect(!run.output.contains("\u{1B}"))
    let end = try #require(
      try await home.events().first { $0["kind"]?.string == "attemptEnded" })
    #expect(end["outcome"]?.string == "outputRefused" && end["exitCode"]?.integer == 0)
    #expect(try await !home.events().contains { $0["kind"]?.string == "outputsPublished" })
    try await check(home, "r")
  }

  /// Whatever a step makes of its folders: what its links name is not the run's to remove.
  @Test func noLinkIsFollowedWhereARunIsTidiedAndRemoved() async throws {
    let home = Home()
    let kept = "\(home.folder.path)/kept"
    TestFile.makeFolder(kept)
    TestFile.makeFolder("\(kept)/sub")
    TestFile.write([1], to: "\(kept)/sub/file")
    TestFile.write([1], to: "\(kept)/file")
    func link(_ folder: String) -> String { "rm -r \(folder); ln -s \(kept) \(folder)" }
    let workflow = home.workflow(
      #"""
      {"id": "a", "outputs": {"x": "string"}, "run": "echo 1 > $FLOW_OUTPUTS/x"},
      {"id": "b", "needs": ["a"], "run": "\#(link("$FLOW_INPUTS"))"},
      {"id": "c", "outputs": {"x": "string"}, "allowFailure": true, "run": "\#(link("$FLOW_OUTPUTS"))"},
      {"id": "d", "run": "ln -s \#(kept) $FLOW_RUN_DIR/data; ln -s nowhere $FLOW_RUN_DIR/broken"},
      {"id": "e", "needs": ["d"], "run": "mkdir -p $FLOW_RUN_DIR/deep/er; ln -s \#(kept) $FLOW_RUN_DIR/deep/er/data"}
      """#)
    for run in ["r1", "r2"] {
      #expect(try await home.flow("run", workflow, "--run-id", run).ending == .exit(0))
      #expect(try await home.flow("rm", run).errors == "")
      #expect(TestFile.names(in: "\(home.path)/runs") == [])
      #expect(TestFile.names(in: kept) == ["file", "sub"])
      #expect(TestFile.names(in: "\(kept)/sub") == ["file"])
    }
  }

  /// What is there when the command has ended counts; nothing waits for the rest.
  /// What fits into the memory that a monitor has, and what does not, alone or with what came before it.
  @Test func anySizeIsWhole() async throws {
    let home = Home()
    let sizes = [0, 1_900, 1_999, 2_000, 2_001, 2_048, 4_096, 65_536]
    let steps = sizes.map { size in
      #"""
      {"id": "s\#(size)", "outputs": ["a", "b"],
       "run": "printf %\#(size)s x > $FLOW_OUTPUTS/a; printf %20s y > $FLOW_OUTPUTS/b"}
      """#
    }
    let workflow = home.workflow(steps.joined(separator: ","))
    let run = try await home.flow("run", workflow, "--run-id", "r")
    #expect(run.ending == .exit(0), "\(run.output)\(run.errors)")
    for size in sizes {
      let first = try await home.flow("logs", "r", "s\(size)", "--value", "a").output
      #expect(first.utf8.count == max(size, 1) && first.hasSuffix("x"))
      let second = try await home.flow("logs", "r", "s\(size)", "--value", "b").output
      #expect(second == String(repeating: " ", count: 19) + "y")
    }
    try await check(home, "r")
  }

  @Test func aFileThatGrowsIsCopiedAsItIs() async throws {
    let home = Home()
    let workflow = home.workflow(
      #"{"id": "s", "outputs": "x", "stragglers": "keep", "run": "echo begin > $FLOW_OUTPUTS/x; f=$PWD/go; (exec 3>>$FLOW_OUTPUTS/x; touch up; while ! test -e $f; do echo more >&3; sleep 0.01; done) > /dev/null 2>&1 & while ! test -e up; do :; done"}"#
    )
    let run = try await home.flow("run", workflow, "--run-id", "r")
    home.folder.write("", to: "go")
    #expect(run.ending == .exit(0), "\(run.output)")
    let value = try await home.flow("logs", "r", "s", "--value", "x").output
    #expect(value.hasPrefix("begin"))
  }

  @Test func aSecretInAnOutputFailsLoudlyAndStaysNowhere() async throws {
    let home = Home()
    home.folder.write(Self.secret, to: "pw", mode: 0o600)
    for (id, command) in [
      ("a", #"printf 'x %s' \"$PW\" > $FLOW_OUTPUTS/x"#),
      ("b", #"printf %s \"$PW\" | base64 > $FLOW_OUTPUTS/x"#),
    ] {
      let workflow = home.workflow(
        #"{"id": "s", "secrets": "PW", "outputs": "x", "run": "\#(command)"}"#,
        #""secrets": {"PW": {"file": "pw"}}"#)
      let run = try await home.flow("run", workflow, "--run-id", id)
      #expect(run.ending == .exit(1))
      #expect(run.output.contains("its output x holds a secret"), "\(run.output)")
      #expect(!(run.output + run.errors).contains("hunter2"))
      let found = try await Subprocess(
        ["/bin/sh", "-c", "grep -rlE 'hunter2|aHVudGVyMi9jb3Jy' \(home.path) || true"],
        environment: home.environment, folder: home.folder.path
      ).end()
      #expect(found.output == "")
    }
    let workflow = home.workflow(
      #"{"id": "s", "secrets": "PW", "outputs": "x", "run": "echo fine > $FLOW_OUTPUTS/x"}"#,
      #""secrets": {"PW": {"file": "pw"}}"#)
    #expect(try await home.flow("run", workflow).ending == .exit(0))
  }

  @Test func aRefusalIsRetriedWhereThePolicySaysSo() async throws {
    let home = Home()
    let workflow = home.workflow(
      #"""
      {"id": "s", "outputs": "x", "retry": {"maxAttempts": 3, "initialDelay": "1ms", "on": ["output"]},
       "run": "echo >> tries; if test $(wc -l < tries) = 3; then echo v > $FLOW_OUTPUTS/x; fi"}
      """#)
    let run = try await home.flow("run", workflow, "--run-id", "r")
    #expect(run.ending == .exit(0), "\(run.output)")
    #expect(try await home.flow("logs", "r", "s", "--value", "x").output == "v")
    try await check(home, "r")
  }

  @Test func aRunDoesNotLeaveOutWhatAStepReads() async throws {
    let home = Home()
    let workflow = home.workflow(
      #"{"id": "a", "outputs": "x", "run": "echo > $FLOW_OUTPUTS/x"}, {"id": "b", "needs": "a", "run": ["echo", "${steps.a.x}"]}"#
    )
    for options in [["--skip", "a"], ["--only", "b"]] {
      let run = try await home.start(["run", workflow] + options).end()
      #expect(run.ending == .exit(2))
      #expect(
        run.errors.contains("step b reads the output x of step a, which these options leave out"),
        "\(run.errors)")
    }
  }

  @Test func aRoundKeepsWhatStandsAndReplacesWhatRunsAgain() async throws {
    let home = Home()
    let workflow = home.workflow(
      #"""
      {"id": "a", "outputs": "x", "run": "echo >> tries; wc -l < tries > $FLOW_OUTPUTS/x"},
      {"id": "b", "needs": "a", "run": ["sh", "-c", "echo $0; test -e works", "got ${steps.a.x}"]}
      """#)
    #expect(try await home.flow("run", workflow, "--run-id", "r").ending == .exit(1))
    #expect(try await home.logs("b", of: "r") == "got 1\n")
    home.folder.write("", to: "works")
    #expect(try await home.flow("restart", "r", "--failed").ending == .exit(0))
    #expect(try await home.logs("b", of: "r") == "got 1\n")
    #expect(try await home.flow("restart", "r", "--from", "a").ending == .exit(0))
    #expect(try await home.logs("b", of: "r") == "got 2\n")
    try await check(home, "r")
  }

  /// The monitor writes the copy, whether or not an engine lives.
  @Test func anEngineThatDiedFindsThem() async throws {
    let home = Home()
    let workflow = home.workflow(
      #"""
      {"id": "a", "outputs": "x", "run": "touch begun; while ! test -e go; do sleep 0.02; done; echo v > $FLOW_OUTPUTS/x"},
      {"id": "b", "needs": "a", "run": ["echo", "${steps.a.x}"]}
      """#)
    let run = try home.start(["run", workflow, "--run-id", "r"])
    #expect(try await eventually { home.folder.has("begun") })
    run.signal(SIGKILL)
    _ = try await run.end()
    home.folder.write("", to: "go")
    #expect(try await eventually { home.processes(named: "flow: monitor").isEmpty })
    #expect(try await home.flow("restart", "r").ending == .exit(0))
    #expect(try await home.logs("b", of: "r") == "v\n")
    try await check(home, "r")
  }

  /// Small outputs are in the record of the attempt, others in a file.
  @Test(arguments: [false, true])
  func aCopyThatIsGoneMakesTheOutcomeUnknown(isLarge: Bool) async throws {
    let home = Home()
    let value = isLarge ? "%04000d" : "v"
    let workflow = home.workflow(
      #"""
      {"id": "a", "outputs": "x", "run": "echo >> tries; touch begun; while ! test -e go; do sleep 0.02; done; printf \#(value) > $FLOW_OUTPUTS/x"}
      """#)
    let run = try home.start(["run", workflow, "--run-id", "r"])
    #expect(try await eventually { home.folder.has("begun") })
    run.signal(SIGKILL)
    _ = try await run.end()
    home.folder.write("", to: "go")
    #expect(try await eventually { home.processes(named: "flow: monitor").isEmpty })
    let attempt = "\(home.path)/runs/r/attempts/a@1"
    #expect(TestFile.exists("\(attempt).outputs") == isLarge)
    unsafe #expect(
      truncate(isLarge ? "\(attempt).outputs" : "\(attempt).rec", isLarge ? 10 : 330) == 0)
    let restart = try await home.flow("restart", "r")
    #expect(
      restart.ending == .exit(0) && restart.output.contains("its work may be done twice"),
      "\(restart.output)")
    #expect(home.folder.contents(of: "tries") == "\n\n")
    #expect(try await home.flow("replay", "r", "--verify").ending == .exit(0))
  }
}
