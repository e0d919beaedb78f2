import FlowJSON
import Glibc
import TestSupport
import Testing

/// `environment`, `passEnv` and `envFiles`: decided when a run is created, and kept by it.
struct VariableSourcesTests {
  /// The first step waits until the test lets it go on; the second prints what it has.
  private static let steps =
    #"{"id": "a", "run": "touch begun; while ! test -e go; do sleep 0.1; done"}, "#
    + #"{"id": "b", "run": ["/usr/bin/env"], "env": {"STEP": "step"}, "needs": ["a"]}"#

  private static let keys = """
    "environment": "clean", "passEnv": ["WORD", "FLOW_TEST_FOLDER"], \
    "env": {"OWN": "definition", "STEP": "workflow"}, \
    "envFiles": ["prod.env", {"path": "none.env", "optional": true}, "env.d/local.env"]
    """

  private static let secret = "hunter-2-passphrase"

  private func writeFiles(in home: Home, both: String = "local") {
    TestFile.makeFolder("\(home.folder.path)/env.d")
    home.folder.write(
      "# of production\nBOTH=prod\nPASSWORD='\(Self.secret)'\nOWN=file\nFLOW_STEP_ID=file\nTZ=UTC\n",
      to: "prod.env")
    home.folder.write("BOTH=\"\(both)\"\n", to: "env.d/local.env")
  }

  /// Begins a run, and kills its engine.
  private func begun(in home: Home, _ options: [String] = []) async throws {
    writeFiles(in: home)
    let run = try home.start(
      ["run", home.workflow(Self.steps, Self.keys), "--run-id", "r"] + options,
      environment: ["WORD": "first", "OTHER": "x", "LC_ALL": "C", "TZ": "Asia/Tokyo"], in: "/")
    #expect(try await eventually { home.folder.has("begun") })
    #expect(try await eventually { try await home.status("r").state(of: "a") == "running" })
    run.signal(SIGKILL)
    _ = try await run.end()
    home.folder.write("", to: "go")
  }

  private func saved(in home: Home) -> String { "\(home.path)/runs/r/environment" }

  private func printed(by home: Home, _ run: String = "r") async throws -> Set<String> {
    let own = ["FLOW_RUN_ID=", "FLOW_RUN_DIR=", "FLOW_ATTEMPT=", "FLOW_IDEMPOTENCY_KEY="]
    let lines = try await home.flow("logs", run, "b").lines.filter { line in
      !own.contains { line.hasPrefix($0) } && !line.hasPrefix("PWD=")
        && !line.hasPrefix("FLOW_TEST_FOLDER=")
    }
    return Set(lines)
  }

  private func expected(
    in home: Home, word: String = "first", both: String = "local"
  ) -> Set<String> {
    [
      "PATH=\(home.environment["PATH"] ?? "")", "HOME=\(home.folder.path)", "LC_ALL=C", "TZ=UTC",
      "WORD=\(word)", "BOTH=\(both)", "PASSWORD=\(Self.secret)", "OWN=definition", "STEP=step",
      "FLOW_STEP_ID=b",
    ]
  }

  @Test func aRestartFromElsewhereChangesNothing() async throws {
    let home = Home()
    try await begun(in: home)
    var status = stat()
    #expect(unsafe stat(saved(in: home), &status) == 0 && status.st_mode & 0o777 == 0o600)
    #expect(!TestFile.text(saved(in: home)).contains("OTHER"))
    // What the files say by now does not count.
    TestFile.removeTree("\(home.folder.path)/prod.env")
    home.folder.write("BOTH=changed\n", to: "env.d/local.env")
    let restart = try await home.flow(
      "restart", "r", "--quiet",
      environment: ["WORD": "second", "PATH": "/nowhere", "MORE": "1", "HOME": "/"], in: "/")
    #expect(restart.ending == .exit(0))
    #expect(restart.errors == "")
    #expect(try await printed(by: home) == expected(in: home))
  }

  @Test func aCallerCanGiveTheRunItsOwnButNoMore() async throws {
    let home = Home()
    try await begun(in: home)
    writeFiles(in: home, both: "mended")
    let restart = try await home.flow(
      "restart", "r", "--quiet", "--env-from-caller",
      environment: ["WORD": "second", "OTHER": "y", "LC_ALL": "C"], in: "/")
    #expect(restart.ending == .exit(0))
    #expect(restart.errors.hasSuffix("which differs in BOTH, WORD\n"))
    #expect(
      try await printed(by: home) == expected(in: home, word: "second", both: "mended"))
  }

  @Test func aCallerWithoutTheFilesChangesNothing() async throws {
    let home = Home()
    try await begun(in: home)
    let before = TestFile.text(saved(in: home))
    TestFile.removeTree("\(home.folder.path)/prod.env")
    home.folder.write("BOTH\n", to: "env.d/local.env")
    let restart = try await home.flow("restart", "r", "--env-from-caller")
    #expect(restart.ending == .exit(2))
    let said = """
      flow: envFiles[0] of the recorded definition: cannot read \(home.folder.path)/prod.env: \
      no such file or directory (ENOENT)
      \(home.folder.path)/env.d/local.env:1:1: expected NAME=value

      """
    #expect(restart.errors == said)
    #expect(TestFile.text(saved(in: home)) == before)
    #expect(try await home.flow("restart", "r", "--quiet").ending == .exit(0))
    #expect(try await printed(by: home) == expected(in: home))
  }

  /// Neither in files nor in what commands print.
  @Test func whatAFileSaysIsSavedInOnePlace() async throws {
    let home = Home()
    try await begun(in: home)
    var found: [String] = []
    var folders = ["\(home.path)/runs/r"]
    while let folder = folders.popLast() {
      for name in TestFile.names(in: folder) {
        var status = stat()
        #expect(unsafe lstat("\(folder)/\(name)", &status) == 0)
        if status.st_mode & S_IFMT == S_IFDIR {
          folders.append("\(folder)/\(name)")
        } else if TestFile.text("\(folder)/\(name)").contains(Self.secret) {
          found.append(name)
        }
      }
    }
    #expect(found == ["environment"])
    for command in [
      ["status", "r", "--json"], ["events", "r", "--json"], ["export", "r", "--events"],
      ["report", "r", "-o", "-"], ["verify", "r"], ["why", "r"], ["validate", "w.json"],
    ] {
      let printed = try await home.start(command, in: home.folder.path).end()
      #expect(!printed.output.contains(Self.secret), "\(command)")
      #expect(!printed.errors.contains(Self.secret), "\(command)")
    }
    let definition = try JSON(try await home.flow("export", "r").output)["definition"]
    #expect(definition?["callerEnvironment"] == .string("clean"))
    #expect(
      definition?["passEnv"]?.elements.map(\.string) == ["FLOW_TEST_FOLDER", "WORD"])
    #expect(
      definition?["envFiles"]?.elements.map(\.string) == [
        "prod.env", "none.env", "env.d/local.env",
      ])
    #expect(try await home.flow("cancel", "r").ending == .exit(0))
  }

  @Test func aDetachedRunReadsThemToo() async throws {
    let home = Home()
    writeFiles(in: home)
    home.folder.write("", to: "go")
    let run = try await home.flow(
      "run", home.workflow(Self.steps, Self.keys), "--run-id", "r", "--detach",
      environment: ["WORD": "first", "LC_ALL": "C"], in: "/")
    #expect(run.ending == .exit(0))
    #expect(try await eventually { try await home.status("r")["finishedAt"]?.string != nil })
    #expect(try await printed(by: home) == expected(in: home))
  }

  @Test(arguments: [false, true])
  func allErrorsComeBeforeTheRun(isDetached: Bool) async throws {
    let home = Home()
    home.folder.write("A=\(Self.secret)\n\(Self.secret)\n2B=1\n", to: "bad.env")
    home.folder.write("C='x\n", to: "worse.env")
    let path = home.folder.path
    let file = home.workflow(
      #"{"id": "a", "run": "true"}"#,
      #""envFiles": ["bad.env", "none.env", ".", {"path": "worse.env", "optional": true}]"#)
    let options = isDetached ? ["--detach"] : []
    let run = try await home.start(["run", file, "--run-id", "r"] + options).end()
    #expect(run.ending == .exit(2))
    let said = """
      \(path)/bad.env:2:1: expected NAME=value
      \(path)/bad.env:3:1: expected a name of letters, digits and "_" that does not begin with a \
      digit, found other characters
      \(file):1:39: envFiles[1]: cannot read \(path)/none.env: no such file or directory (ENOENT)
      \(file):1:51: envFiles[2]: cannot read \(path)/.: is a directory (EISDIR)
      \(path)/worse.env:1:3: the quote that begins here has no end

      """
    #expect(run.errors == said)
    #expect(run.output == "")
    #expect(home.runs == [])
    // The definition is right wherever its files are.
    #expect(try await home.flow("validate", file).ending == .exit(0))
  }

  @Test func yamlNamesThemAsWell() async throws {
    let home = Home()
    home.folder.write("A=1\n", to: "a.env")
    let file = home.folder.write(
      """
      name: w
      environment: clean
      passEnv: WORD
      envFiles: a.env
      steps:
        - {id: b, run: 'echo "$A$WORD$OTHER"'}
      """, to: "w.yaml")
    let run = try await home.flow(
      "run", file, "--run-id", "r", "-q", environment: ["WORD": "w", "OTHER": "x"])
    #expect(run.ending == .exit(0) && run.errors == "")
    #expect(try await home.logs("b", of: "r") == "1w\n")
  }
}
