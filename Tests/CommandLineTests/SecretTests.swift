import FlowJSON
import Glibc
import TestSupport
import Testing

/// Secrets reach the steps that list them, and stay nowhere.
struct SecretTests {
  private static let password = "hunter2/correct horse+staple"
  private static let key = "K3Y-of-the-continuous-integration"
  private static let declared =
    #""secrets": {"PW": {"file": "pw"}, "KEY": {"env": "CI_KEY"}}"#

  private func home(_ password: String = "\(password)\n") -> Home {
    let home = Home()
    home.folder.write(password, to: "pw", mode: 0o600)
    return home
  }

  private let caller: [String: String?] = ["CI_KEY": SecretTests.key]

  /// Every file of the runs that holds a secret in a form that the test knows.
  private func leaks(in home: Home) -> [String] {
    let forms = [
      Self.password, Self.key, "hunter2%2Fcorrect", "aHVudGVyMi9jb3JyZWN0IGhvcnNlK3N0YXBsZ",
    ]
    func search(_ path: String) -> [String] {
      TestFile.names(in: path).flatMap { name -> [String] in
        let inner = "\(path)/\(name)"
        var status = stat()
        guard unsafe lstat(inner, &status) == 0 else { return [] }
        if status.st_mode & S_IFMT == S_IFDIR { return search(inner) }
        let bytes = TestFile.bytes(inner)
        return forms.contains { contains(bytes, Array($0.utf8)) } ? [inner] : []
      }
    }
    return search(home.path)
  }

  private func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
    bytes.count >= part.count
      && (0...bytes.count - part.count).contains {
        bytes[$0] == part[0] && bytes[$0..<$0 + part.count].elementsEqual(part)
      }
  }

  private static let prints =
    #"echo \"$PW\"; printf %s \"$PW\" | base64 -w 20; printf 'hunter2%%2Fcorrect%%20horse%%2Bstaple\\n'"#

  @Test func aStepGetsWhatItListsAndItsOutputIsMasked() async throws {
    let home = home()
    let workflow = home.workflow(
      #"{"id": "a", "secrets": ["PW"], "run": "\#(Self.prints); test ${#PW} = 28; env | grep -c CI_KEY || true"}, "#
        + #"{"id": "b", "secrets": {"KEY": "file"}, "run": "cat \"$KEY\"; echo \"$KEY\" > path; stat -c %a \"$KEY\" \"${KEY%/*}\""}, "#
        + #"{"id": "c", "run": "env | grep -E '^(PW|KEY|CI_KEY)=' || echo none"}"#, Self.declared)
    let run = try await home.flow("run", workflow, "--run-id", "r", environment: caller)
    #expect(run.ending == .exit(0), "\(run.errors)")
    let stars = String(repeating: "*", count: 28)
    let output = try await home.logs("a", of: "r")
    #expect(output.hasPrefix("\(stars)\n"))
    #expect(output.hasSuffix("0\n") && !output.contains("aHV") && !output.contains("%2F"))
    #expect(
      try await home.logs("b", of: "r")
        == String(repeating: "*", count: Self.key.utf8.count) + "600\n700\n")
    #expect(try await home.logs("c", of: "r") == "none\n")
    #expect(leaks(in: home) == [])
    let path = home.folder.contents(of: "path").split(separator: "\n").first.map(String.init) ?? ""
    #expect(path.hasSuffix("/KEY") && !TestFile.exists(path))
    #expect(!TestFile.exists(String(path.dropLast(4))))
  }

  /// While a step runs, nothing of its output is masked at rest yet.
  @Test func readersMaskWhatIsNotScrubbedYet() async throws {
    let home = home()
    let workflow = home.workflow(
      #"{"id": "a", "secrets": "PW", "run": "echo \"<$PW>\"; touch begun; while ! test -e go; do sleep 0.05; done; exit 1"}"#,
      Self.declared)
    let run = try home.start(["run", workflow, "--run-id", "r"], environment: caller)
    #expect(try await eventually { home.folder.has("begun") })
    #expect(try await home.logs("a", of: "r") == "<***>\n")
    let follower = try home.start(["logs", "r", "a", "--follow"])
    // At rest it stands as it is: the reader masks it.
    #expect(leaks(in: home).count == 1)
    home.folder.write("", to: "go")
    let end = try await run.end()
    #expect(end.ending == .exit(1))
    #expect(end.output.contains("<") && !(end.output + end.errors).contains("hunter2"))
    let followed = try await follower.end()
    #expect(!followed.output.contains("hunter2") && followed.output.contains("<"))
    #expect(leaks(in: home) == [])
    for command in [
      ["why", "r", "a"], ["report", "r", "-o", "-"], ["export", "r", "--format", "junit"],
    ] {
      let finished = try await home.start(command, environment: caller).end()
      #expect(!finished.output.contains("hunter2"), "\(command)")
    }
  }

  @Test func theMonitorIsKilledAndTheNextEngineScrubs() async throws {
    let home = home()
    let workflow = home.workflow(
      #"{"id": "a", "secrets": ["PW", {"KEY": "file"}], "onLost": "fail", "run": "echo \"<$PW>\"; cat \"$KEY\"; echo \"$KEY\" > path; touch begun; sleep 1000"}"#,
      Self.declared)
    let run = try home.start(["run", workflow, "--run-id", "r"], environment: caller)
    #expect(try await eventually { home.folder.has("begun") })
    run.signal(SIGKILL)
    _ = try await run.end()
    for monitor in home.processes(named: "flow: monitor") { kill(monitor, SIGKILL) }
    #expect(leaks(in: home).count == 1)
    // Without the variable, nothing is done to the run.
    let refused = try await home.flow("restart", "r", environment: ["CI_KEY": String?.none])
    #expect(refused.ending == .exit(6))
    #expect(
      refused.errors
        == "flow: the secret KEY comes from the variable CI_KEY, which is not set\n")
    let restart = try await home.flow("restart", "r", environment: caller)
    #expect(restart.ending == .exit(1))
    #expect(leaks(in: home) == [])
    let path = home.folder.contents(of: "path").split(separator: "\n").first.map(String.init) ?? ""
    #expect(path.hasSuffix("/KEY") && !TestFile.exists(path))
    #expect(try await !home.flow("why", "r", "a").output.contains("may hold secrets"))
  }

  /// A cancel goes on without the value, and says what it could not mask.
  @Test func whatNobodyCanScrubIsSaid() async throws {
    let home = home()
    let workflow = home.workflow(
      #"{"id": "a", "secrets": ["KEY"], "run": "echo \"<$KEY>\"; touch begun; sleep 1000"}"#,
      Self.declared)
    let run = try home.start(["run", workflow, "--run-id", "r"], environment: caller)
    #expect(try await eventually { home.folder.has("begun") })
    run.signal(SIGKILL)
    _ = try await run.end()
    for monitor in home.processes(named: "flow: monitor") { kill(monitor, SIGKILL) }
    let cancel = try await home.flow("cancel", "r", "--wait")
    #expect(cancel.ending == .exit(3) || cancel.ending == .exit(0), "\(cancel.errors)")
    #expect(leaks(in: home).count == 1)
    #expect(
      try await home.flow("why", "r", "a").output.contains("was not scrubbed and may hold secrets"))
    #expect(try await home.flow("status", "r").output.contains("may hold secrets"))
    #expect(
      try await home.events("r").contains { $0["mayHoldSecrets"] == .bool(true) })
    // Who has it sees it masked all the same.
    #expect(try await home.flow("logs", "r", "a", environment: caller).output == "<***>\n")
  }

  /// What a running command has printed of it may be its beginning: it is shown once that is known.
  @Test func theBeginningOfASecretIsHeldBack() async throws {
    let home = home()
    let workflow = home.workflow(
      #"{"id": "a", "secrets": "PW", "run": "printf 'x '; printf %s \"$PW\" | head -c 7; touch begun; while ! test -e go; do sleep 0.05; done; printf %s \"$PW\" | tail -c +8"}"#,
      Self.declared)
    let run = try home.start(["run", workflow, "--run-id", "r"], environment: caller)
    #expect(try await eventually { home.folder.has("begun") })
    for command in [["logs", "r"], ["logs", "r", "a"], ["status", "r"], ["why", "r", "a"]] {
      let said = try await home.start(command, environment: caller).end()
      #expect(!said.output.contains("hunter"), "\(command)")
    }
    #expect(try await home.logs("a", of: "r") == "x ")
    home.folder.write("", to: "go")
    _ = try await run.end()
    #expect(try await home.logs("a", of: "r") == "x " + String(repeating: "*", count: 28))
  }

  /// The history and every display would have it.
  @Test func aParameterHoldsNoSecret() async throws {
    let home = home()
    let workflow = home.workflow(
      #"{"id": "a", "secrets": "PW", "run": "x"}"#,
      Self.declared + #", "params": {"v": {"default": ""}}"#)
    for more in [[], ["--dry-run"]] {
      let run = try await home.start(
        ["run", workflow, "-p", "v=x\(Self.password)y"] + more, environment: caller
      ).end()
      #expect(run.ending == .exit(6))
      #expect(
        run.errors
          == "flow: the parameter v holds the secret PW, which the history would keep: let the step list the"
          + " secret instead\n")
      #expect(home.runs == [])
    }
  }

  @Test func aDryRunTellsWhatTheRunReads() async throws {
    let home = home()
    let workflow = home.workflow(
      #"{"id": "a", "secrets": ["PW", "KEY"], "run": "x"}, {"id": "b", "secrets": {"PW": "file"}, "run": "x"}, {"id": "c", "run": "x"}"#,
      Self.declared)
    let dry = try await home.flow("run", "--dry-run", workflow, environment: caller)
    #expect(dry.ending == .exit(0))
    #expect(
      dry.output.contains(
        "secret KEY for a: the variable CI_KEY\nsecret PW for a b: the file pw\n"))
    let unset = try await home.flow(
      "run", "--dry-run", workflow, environment: ["CI_KEY": String?.none])
    #expect(unset.ending == .exit(6))
    #expect(
      unset.output.contains(
        "secret KEY for a: the variable CI_KEY, which is not set\n"))
    #expect(
      unset.errors == "flow: the secret KEY comes from the variable CI_KEY, which is not set\n")
    // Of the steps that are left out, none is read.
    let part = try await home.flow(
      "run", "--dry-run", "--json", "--only", "b", workflow, environment: ["CI_KEY": String?.none])
    #expect(part.ending == .exit(0))
    #expect(
      try JSON(part.output)["secrets"]
        == JSON(
          #"[{"name": "PW", "file": "pw", "steps": ["b"], "readable": true, "problem": null}]"#))
    unsafe unlink("\(home.folder.path)/pw")
    // It can come later.
    let missing = try await home.flow("run", "--dry-run", workflow, environment: caller)
    #expect(missing.ending == .exit(0))
    #expect(
      missing.output.contains(
        "secret PW for a b: the file pw, which cannot be read: no such file or directory (ENOENT)\n"
      ))
    #expect(!(dry.output + unset.output + part.output).contains("hunter2"))
    #expect(home.runs == [])
  }

  /// A secret that only steps want which a run leaves out is not asked for.
  @Test func whatIsLeftOutNeedsNoSecret() async throws {
    let home = home()
    let workflow = home.workflow(
      #"{"id": "a", "run": "echo a"}, {"id": "b", "secrets": "KEY", "run": "x"}"#, Self.declared)
    let run = try await home.flow(
      "run", "--only", "a", workflow, environment: ["CI_KEY": String?.none])
    #expect(run.ending == .exit(0), "\(run.errors)")
  }

  /// Its monitor cannot write so far, and has planned what it would overwrite.
  @Test func whatIsHalfOverwrittenIsHiddenFromThoseWhoDoNotKnowIt() async throws {
    let home = home()
    let workflow = home.workflow(
      #"{"id": "a", "secrets": ["PW"], "run": "head -c 2000 /dev/zero | tr '\\0' x; echo \"<$PW>\"; prlimit --pid $PPID --fsize=1024:1024"}"#,
      Self.declared)
    let run = try await home.flow("run", workflow, "--run-id", "r", environment: caller)
    #expect(run.ending == .exit(0), "\(run.errors)")
    #expect(leaks(in: home).count == 1)
    #expect(
      try await home.flow("why", "r", "a").output.contains("was not scrubbed and may hold secrets"))
    #expect(TestFile.exists("\(home.path)/runs/r/attempts/a@1.mask"))
    unsafe unlink("\(home.folder.path)/pw")
    let expected = String(repeating: "x", count: 2_000) + "<***>\n"
    #expect(try await home.logs("a", of: "r") == expected)
    #expect(try await home.flow("logs", "r", "a", "--follow").output == expected)
    #expect(try await home.flow("verify", "r").ending == .exit(0))
  }

  @Test func aValueIsReadAtEachLaunch() async throws {
    let home = home()
    let workflow = home.workflow(
      #"{"id": "a", "secrets": "PW", "run": "echo ${#PW}; printf 'another-value' > pw; exit 1", "retry": {"maxAttempts": 2, "initialDelay": "0ms"}}"#,
      Self.declared)
    _ = try await home.flow("run", workflow, "--run-id", "r", environment: caller)
    #expect(try await home.flow("logs", "r", "a", "--attempt", "1").output == "28\n")
    #expect(try await home.flow("logs", "r", "a", "--attempt", "2").output == "13\n")
  }

  @Test(arguments: [
    ("", "cannot read the secret PW from \"pw\": no such file or directory (ENOENT)"),
    ("short\n", "the secret PW has fewer than 8 bytes, which would mask too much"),
    ("long\u{0}enough", "the secret PW contains a zero byte, which no variable can hold"),
  ])
  func aValueThatCannotBeUsedFailsTheLaunch(text: String, message: String) async throws {
    let home = Home()
    let make = text.isEmpty ? "true" : "cp made pw"
    home.folder.write(text, to: "made")
    let workflow = home.workflow(
      #"{"id": "a", "run": "\#(make)"}, {"id": "b", "needs": ["a"], "secrets": ["PW"], "run": "echo never"}"#,
      Self.declared)
    let run = try await home.flow("run", workflow, "--run-id", "r", environment: caller)
    #expect(run.ending == .exit(1))
    #expect(run.output.contains("b failed: \(message)"))
    let status = try await home.status("r")
    #expect(status.outcomes(of: "b") == ["launchFailed"])
  }

  @Test func whatCanBeSeenAtCreationIsRefused() async throws {
    let steps = #"{"id": "a", "run": "x", "secrets": ["PW", "KEY"]}"#
    for (password, key, message) in [
      ("short\n", Self.key, "the secret PW has fewer than 8 bytes, which would mask too much"),
      (
        Self.password, "1234567", "the secret KEY has fewer than 8 bytes, which would mask too much"
      ),
      (Self.password, nil, "the secret KEY comes from the variable CI_KEY, which is not set"),
    ] as [(String, String?, String)] {
      let home = home(password)
      let run = try await home.flow(
        "run", home.workflow(steps, Self.declared), environment: ["CI_KEY": key])
      #expect(run.ending == .exit(6))
      #expect(run.errors == "flow: \(message)\n")
      #expect(home.runs == [])
    }
  }

  @Test func whatIsSavedAndExportedHoldsNone() async throws {
    let home = home()
    let workflow = home.workflow(
      #"{"id": "a", "secrets": ["PW", "KEY"], "run": "exit 1"}"#, Self.declared)
    _ = try await home.flow(
      "run", workflow, "--run-id", "r", environment: ["CI_KEY": Self.key, "KEY": Self.key])
    #expect(TestFile.exists("\(home.path)/runs/r/environment"))
    #expect(leaks(in: home) == [])
    // Restarted by another caller, whose value counts.
    let again = try await home.flow(
      "restart", "r", "--failed", environment: ["CI_KEY": "the key of another caller"])
    #expect(again.ending == .exit(1))
    let none = try await home.flow("restart", "r", "--failed")
    #expect(none.ending == .exit(6))
  }
}
