import FlowJSON
import Glibc
import TestSupport
import Testing

/// What steps inherit: one environment for a run's whole life.
struct EnvironmentTests {
  /// The first step waits until the test lets it go on; the second says what it has.
  private static let steps =
    #"{"id": "a", "run": "touch begun; while ! test -e go; do sleep 0.1; done"}, "#
    + #"{"id": "b", "run": "echo \"$WORD\"; umask; touch made", "needs": ["a"]}"#

  private static let restricted = ["/bin/sh", "-c", #"umask 027; exec "$0" "$@""#]

  /// Begins a run with WORD=first and a secret, and the umask 027, and kills its engine.
  private func begun(in home: Home) async throws {
    let run = try home.start(
      ["run", home.workflow(Self.steps), "--run-id", "r"],
      environment: ["WORD": "first", "SECRET": "passphrase"], by: Self.restricted)
    #expect(try await eventually { home.folder.has("begun") })
    #expect(try await eventually { try await home.status("r").state(of: "a") == "running" })
    run.signal(SIGKILL)
    _ = try await run.end()
    home.folder.write("", to: "go")
  }

  private func mode(_ path: String) -> UInt32 {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
  }

  private func saved(in home: Home) -> String { "\(home.path)/runs/r/environment" }

  @Test func aRestartFromElsewhereChangesNothing() async throws {
    let home = Home()
    try await begun(in: home)
    #expect(mode(saved(in: home)) == 0o600)
    #expect(TestFile.text(saved(in: home)).contains("WORD=first"))
    let restart = try await home.flow(
      "restart", "r", "--quiet", environment: ["WORD": "second", "PATH": "/nowhere"])
    #expect(restart.ending == .exit(0))
    #expect(restart.errors == "")
    #expect(try await home.logs("b", of: "r") == "first\n0027\n")
    #expect(mode("\(home.folder.path)/made") == 0o640)
    // A run that has succeeded needs it no more.
    #expect(!TestFile.exists(saved(in: home)))
  }

  @Test func aCallerCanGiveTheRunItsOwn() async throws {
    let home = Home()
    try await begun(in: home)
    let restart = try await home.flow(
      "restart", "r", "--env-from-caller", "--quiet",
      environment: ["WORD": "secret", "MORE": "1"],
      by: ["/bin/sh", "-c", #"umask 077; exec "$0" "$@""#])
    #expect(restart.ending == .exit(0))
    #expect(
      restart.errors.contains(
        "the run's environment is replaced with that of this command, which differs in umask, MORE, SECRET, WORD"
      ))
    #expect(!restart.errors.contains("secret"))
    #expect(try await home.logs("b", of: "r") == "secret\n0077\n")
  }

  @Test func aRunThatHasNoneGetsThatOfTheRestart() async throws {
    let home = Home()
    try await begun(in: home)
    TestFile.removeTree(saved(in: home))
    let restart = try await home.flow(
      "restart", "r", "--quiet", environment: ["WORD": "second"])
    #expect(restart.ending == .exit(0))
    #expect(
      restart.errors
        == "flow: the run had no saved environment; from now on its steps have that of this command\n"
    )
    #expect(try await home.logs("b", of: "r").hasPrefix("second\n"))
  }

  @Test func oneThatWasChangedIsNotUsed() async throws {
    let home = Home()
    try await begun(in: home)
    TestFile.write(Array("WORD=third".utf8), to: saved(in: home))
    let restart = try await home.flow("restart", "r")
    #expect(restart.ending == .exit(6))
    #expect(restart.errors.contains("--env-from-caller"))
    #expect(try await home.flow("cancel", "r").ending == .exit(0))
  }

  /// A value that a step must not see elsewhere either.
  @Test func noCommandPrintsIt() async throws {
    let home = Home()
    try await begun(in: home)
    for command in [
      ["status", "r", "--json"], ["events", "r", "--json"], ["export", "r"],
      ["report", "r", "-o", "-"],
      ["verify", "r"], ["why", "r"],
    ] {
      let printed = try await home.start(command).end()
      #expect(!printed.output.contains("passphrase"), "\(command)")
      #expect(!printed.errors.contains("passphrase"), "\(command)")
    }
  }

  @Test func aStepIsInItsFolderAndWasInNoOther() async throws {
    let home = Home()
    TestFile.makeFolder("\(home.folder.path)/sub")
    let file = home.workflow(
      #"{"id": "a", "cwd": "sub", "run": ["/usr/bin/env"]}, "#
        + #"{"id": "b", "run": ["/usr/bin/env"], "env": {"PWD": "/chosen"}}"#)
    let run = try await home.flow(
      "run", file, "--run-id", "r", "--quiet",
      environment: ["PWD": "/elsewhere", "OLDPWD": "/before"])
    #expect(run.ending == .exit(0))
    let lines = try await home.flow("logs", "r", "a").lines
    #expect(lines.contains("PWD=\(home.folder.path)/sub"))
    #expect(!lines.contains { $0.hasPrefix("OLDPWD=") })
    #expect(try await home.flow("logs", "r", "b").lines.contains("PWD=/chosen"))
  }

  /// Also in a detached engine, whose caller tells it by a variable when to report.
  @Test func aDetachedRunHasThatOfItsCaller() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "echo $WORD; umask; env | grep -c READINESS"}"#)
    #expect(
      try await home.flow(
        "run", file, "--run-id", "r", "--detach", environment: ["WORD": "first"],
        by: Self.restricted
      ).ending == .exit(0))
    #expect(try await eventually { try await home.status("r")["finishedAt"]?.string != nil })
    #expect(try await home.logs("a", of: "r") == "first\n0027\n0\n")
  }
}
