import FlowJSON
import Glibc
import TestSupport
import Testing

/// A `run` string that begins with `#!`: a file of the attempt, which its interpreter reads.
struct ScriptTests {
  private func quoted(_ text: String) -> String {
    "\""
      + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      .replacing("\n", with: "\\n") + "\""
  }

  private func step(_ text: String, _ more: String = "") -> String {
    "{\"id\": \"a\", \"run\": \(quoted(text))\(more)}"
  }

  @Test func itsInterpreterRunsIt() async throws {
    let home = Home()
    let text = "#!/usr/bin/env -S awk -f\nBEGIN { print \"sum\", 1 + 2; print ARGC }\n"
    // The shell is for other lines.
    let run = try await home.flow("run", home.workflow(step(text, ", \"shell\": \"bash\"")), "-q")
    #expect(run.ending == .exit(0), "\(run.errors)")
    #expect(try await home.logs("a") == "sum 3\n1\n")
    let export = try await home.flow("export", "latest")
    #expect(export.output.contains("BEGIN { print"))
  }

  /// Linux limits an argument to 128 KiB, and no file.
  @Test func itMayBeLong() async throws {
    let home = Home()
    let text =
      "#!/bin/sh\n" + String(repeating: "# a comment of some length\n", count: 8_000)
      + "echo \"$0\"; stat -c %a \"$0\"\n"
    let run = try await home.start(
      ["run", home.workflow(step(text)), "-q", "--run-id", "r"],
      by: ["/bin/sh", "-c", "umask 777; exec \"$@\"", "sh"]
    ).end()
    #expect(run.ending == .exit(0), "\(run.errors)")
    #expect(try await home.logs("a") == "\(home.path)/runs/r/attempts/a@1.script\n700\n")
  }

  @Test func itIsGoneAfterTheRunAndNoticedByNoVerify() async throws {
    let home = Home()
    let text = "#!/bin/sh\nls -A \"$FLOW_RUN_DIR/../attempts\"; test $FLOW_ATTEMPT -eq 2\n"
    let run = try await home.flow(
      "run",
      home.workflow(step(text, ", \"retry\": {\"maxAttempts\": 2, \"initialDelay\": \"0s\"}")),
      "-q", "--run-id", "r")
    #expect(run.ending == .exit(0), "\(run.errors)")
    let files = try await home.logs("a").split(separator: "\n")
    #expect(files.contains("a@1.script") && files.contains("a@2.script"))
    let left = TestFile.names(in: "\(home.path)/runs/r/attempts")
    #expect(left.sorted() == ["a@1.out", "a@2.out"])
    let verified = try await home.flow("verify", "r")
    #expect(verified.ending == .exit(0) && !verified.output.contains("script"))
  }

  @Test func verifyKnowsThoseOfARunThatGoesOn() async throws {
    let home = Home()
    let text = "#!/bin/sh\ntouch begun\nsleep 600\n"
    let run = try home.start(["run", home.workflow(step(text)), "-q", "--run-id", "r"])
    #expect(try await eventually { home.folder.has("begun") })
    let verified = try await home.flow("verify", "r")
    #expect(verified.ending == .exit(0) && !verified.output.contains("script"))
    #expect(try await home.flow("cancel", "r", "--force").ending == .exit(0))
    #expect(try await run.end().ending == .exit(3))
  }

  /// The engine is killed, and the attempt with it: the next one writes the file again.
  @Test func aProbeMayBeOneToo() async throws {
    let home = Home()
    let probe = quoted("#!/bin/sh\nfalse\necho asked >> probed\nexit 0\n")
    let text = "#!/bin/sh\ntouch begun\nsleep 600\n"
    let run = try home.start([
      "run", home.workflow(step(text, ", \"onLost\": \"probe\", \"probe\": \(probe)")), "-q",
      "--run-id", "r",
    ])
    #expect(try await eventually { home.folder.has("begun") })
    for process in home.processes(named: "flow: monitor") { kill(process, SIGKILL) }
    #expect(try await run.end().ending == .exit(0))
    #expect(TestFile.text("\(home.folder.path)/probed") == "asked\n")
    #expect(try await home.status("r").state(of: "a") == "succeeded")
  }

  @Test func aMissingInterpreterIsNamed() async throws {
    let home = Home()
    let run = try await home.flow(
      "run", home.workflow(step("#!/no/such/interpreter -x\n")), "-q")
    #expect(run.ending == .exit(1))
    #expect(
      run.errors.contains(
        "cannot execute its script: its interpreter \"/no/such/interpreter\" does not exist"),
      "\(run.errors)")
    let why = try await home.flow("why", "latest", "a")
    #expect(why.output.contains("/no/such/interpreter"))
  }

  @Test func anInterpreterThatCannotBeExecutedIsNamed() async throws {
    let home = Home()
    let run = try await home.flow("run", home.workflow(step("#!/etc/passwd\n")), "-q")
    #expect(run.ending == .exit(1))
    #expect(
      run.errors.contains(
        "the folder of runs is mounted noexec, or the interpreter \"/etc/passwd\" is not executable"
      ),
      "\(run.errors)")
  }
}
