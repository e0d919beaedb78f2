import FlowJSON
import Glibc
import TestSupport
import Testing

/// Definition files that cannot be read, or say nothing that could be run: nothing is made.
struct DefinitionFileTests {
  /// Goes before a command that may allocate no more. What the system says was resident at most is
  /// no measure: it begins with what the process of the tests held when it started the command.
  private static func holding(mebibytes: Int) -> [String] {
    ["/bin/sh", "-c", #"ulimit -d \#(mebibytes << 10); exec "$@""#, "sh"]
  }

  private func refusal(
    of file: String, _ home: Home, by launcher: [String] = []
  ) async throws -> String {
    var errors = ""
    for command in ["run", "validate"] {
      let finished = try await home.flow(
        command, file, by: launcher + Self.holding(mebibytes: 700))
      #expect(finished.ending == .exit(2))
      #expect(finished.output == "")
      errors = finished.errors
      #expect(errors.utf8.count < 100_000)
    }
    #expect(!TestFile.exists(home.path))
    return errors
  }

  @Test(arguments: [
    ("", "1:1"),
    ("   ", "1:"),
    ("hello", "1:1"),
    ("[]", "1:1"),
    (#"{"name": 1, "steps": []}"#, "1:10"),
    (#"{"name": "n", "steps": [{"id": "a", "rum": "x"}]}"#, "did you mean \"run\"?"),
    (#"{"name": "n", "name": "m", "steps": [{"id": "a", "run": "x"}]}"#, "name"),
    (
      #"{"name": "n", "steps": [{"id": "a", "run": "x"}, {"id": "a", "run": "x"}]}"#, "\"a\""
    ),
    (#"{"name": "n", "steps": [{"id": "a", "run": "x", "needs": ["b"]}]}"#, "\"b\""),
    (
      #"{"name": "n", "steps": [{"id": "a", "run": "x", "needs": ["b"]},"#
        + #" {"id": "b", "run": "x", "needs": ["a"]}]}"#, "a → b → a"
    ),
    (#"{"name": "n", "steps": [{"id": "a", "run": []}]}"#, "run"),
    (#"{"name": "n", "steps": [{"id": "a", "run": ["a\u0000b"]}]}"#, "run"),
    (#"{"name": "n", "steps": [{"id": "a", "run": "a\u0000b"}]}"#, "run"),
    (#"{"name": "n", "steps": [{"id": "a", "run": "x", "cwd": "a\u0000"}]}"#, "cwd"),
    (#"{"name": "n", "steps": [{"id": "a", "run": "x", "env": {"A=B": "c"}}]}"#, "env"),
    (String(repeating: "[", count: 100_000), "nested too deeply"),
  ])
  func whatIsWrongIsSaidWithItsPlace(text: String, part: String) async throws {
    let home = Home()
    let file = home.folder.write(text, to: "bad.json")
    let errors = try await refusal(of: file, home)
    #expect(errors.hasPrefix("\(file):") && errors.contains(part), "\(errors)")
  }

  @Test func forAProgramTheErrorsAreData() async throws {
    let home = Home()
    let file = home.folder.write(
      #"{"name": "n", "steps": [{"id": "a", "rum": "x"}]}"#, to: "bad.json")
    let finished = try await home.flow("validate", file, "--json")
    #expect(finished.ending == .exit(2))
    #expect(finished.errors == "")
    let second = try JSON(finished.output)["errors"]?[1]
    #expect(second?["line"]?.integer == 1 && second?["column"]?.integer == 37)
    #expect(second?["message"]?.string?.contains("did you mean \"run\"?") == true)
  }

  @Test func whatCannotBeReadIsNamed() async throws {
    let home = Home()
    let none = "\(home.folder.path)/none.json"
    #expect(
      try await refusal(of: none, home)
        == "flow: cannot read \(none): no such file or directory (ENOENT)\n")
    let folder = home.folder.path
    #expect(
      try await refusal(of: folder, home)
        == "flow: cannot read \(folder): is a directory (EISDIR)\n"
    )
  }

  @Test(.enabled(if: Privileges.canBecomeNobody))
  func aFileOfAnotherUserIsNotReadable() async throws {
    let home = Home()
    unsafe _ = chmod(home.folder.path, 0o777)
    let file = home.folder.write("{}", to: "w.json", mode: 0o600)
    let errors = try await refusal(of: file, home, by: Privileges.nobody)
    #expect(errors == "flow: cannot read \(file): permission denied (EACCES)\n")
  }

  @Test func moreThanItTakesIsNotReadAtAll() async throws {
    let home = Home()
    let file = home.folder.write("[", to: "w.json")
    unsafe _ = truncate(file, 257 << 20)
    let errors = try await refusal(of: file, home)
    #expect(errors.hasPrefix("\(file):1:1: the file exceeds the limit of 256 MiB"), "\(errors)")
  }

  /// Nobody writes into what a file names.
  @Test func aPipeThatAFileNamesIsNotWaitedFor() async throws {
    let home = Home()
    unsafe _ = mkfifo("\(home.folder.path)/pipe", 0o600)
    let calling = home.folder.write(
      #"{"name": "w", "steps": [{"id": "a", "call": "pipe"}]}"#, to: "calling.json")
    #expect(
      try await refusal(of: calling, home).hasSuffix(
        "steps[0].call: \"pipe\" cannot be read: it is a pipe, a socket or a device, and no file\n")
    )
    let file = home.workflow(#"{"id": "a", "run": "true"}"#, #""envFiles": "pipe""#)
    let run = try await home.flow("run", file)
    #expect(run.ending == .exit(2))
    #expect(run.errors.hasSuffix("it is a pipe, a socket or a device, and no file\n"))
  }

  /// As many as a file may hold, and more than any limit on nesting or errors.
  @Test(arguments: ["[", "[[{", "{\"a\":", "\"a\", ", "1,"])
  func aHundredMegabytesOfRubbishCostLittle(unit: String) async throws {
    let home = Home()
    let path = "\(home.folder.path)/w.json"
    let bytes = Array(unit.utf8)
    let chunk = (0..<(1 << 20) / bytes.count).flatMap { _ in bytes }
    let file = unsafe fopen(path, "w")
    for _ in 0..<100 { unsafe fwrite(chunk, 1, chunk.count, file) }
    unsafe fclose(file)
    let finished = try await home.flow("validate", path, by: Self.holding(mebibytes: 300))
    #expect(finished.ending == .exit(2))
    #expect(finished.errors.utf8.count < 10_000)
  }
}

/// What a test may do to the machine.
enum Privileges {
  static let isRoot = geteuid() == 0
  static let canBecomeNobody = isRoot && TestFile.exists("/usr/bin/setpriv")
  /// Goes before a command that another user than the tests' shall run, who may not write where
  /// coverage is told to report.
  static let nobody = [
    "/usr/bin/env", "LLVM_PROFILE_FILE=/dev/null",
    "/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
  ]
}
