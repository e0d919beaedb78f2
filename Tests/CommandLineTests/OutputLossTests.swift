import FlowJSON
import Glibc
import TestSupport
import Testing

/// Output that was discarded, removed, or never was.
struct OutputLossTests {
  @Test func theDiscardedMiddleIsOneLine() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "maxOutput": "64KiB", "run": "seq 200000; sleep 0.3; seq 200000; "#
        + #"sleep 0.3; echo LAST; exit 1"}"#)
    let run = try await home.flow("run", file, "--run-id", "r")
    #expect(run.ending == .exit(1) && run.output.contains("    LAST\n"), "\(run.output)")
    let logs = try await home.logs("a", of: "r")
    let lines = logs.split(separator: "\n")
    #expect(lines.count { $0.hasPrefix("… ") && $0.hasSuffix(" MB discarded …") } == 1)
    #expect(!logs.utf8.contains(0) && lines.first == "1" && lines.last == "LAST")
    #expect(logs.utf8.count < 1 << 20)
    let status = try await home.status("r")
    let discarded = status.step("a")?["attempts"]?[0]?["discardedOutputBytes"]?.integer ?? 0
    #expect(discarded > 1_000_000, "\(discarded)")
    let report = try await home.flow("report", "r", "-o", "-")
    #expect(report.ending == .exit(0) && !report.output.utf8.contains(0))
  }

  /// The follower has printed half a line when what comes next is discarded.
  @Test func theDiscardedMiddleEndsALineThatWasFollowed() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "maxOutput": "64KiB", "run": "printf '%50000s' x; "#
        + #"while ! test -e go; do sleep 0.1; done; printf '%400000s' y"}"#)
    let run = try home.start(["run", file, "--run-id", "r", "--quiet"])
    #expect(try await eventually { TestFile.exists("\(home.path)/runs/r/attempts/a@1.out") })
    let follower = try home.start(["logs", "r", "a", "--follow"])
    #expect(try await eventually { follower.output.utf8.count == 50_000 })
    follower.signal(SIGSTOP)
    home.folder.write("", to: "go")
    #expect(try await run.end().ending == .exit(0))
    follower.signal(SIGCONT)
    let output = try await follower.end().output
    // The output is much too long for a message.
    let isLineOfItsOwn = output.contains("x\n… ") && output.contains(" kB discarded …\n ")
    #expect(isLineOfItsOwn)
  }

  @Test func removedOutputIsNotSilence() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "echo a"}, {"id": "b", "run": "true"}, "#
        + #"{"id": "c", "run": "rm \"$FLOW_RUN_DIR\"/../attempts/c@1.out; exit 1"}"#)
    let run = try await home.flow("run", file, "--run-id", "r")
    #expect(run.output.contains("  its output was removed\n"), "\(run.output)")
    unsafe _ = unlink("\(home.path)/runs/r/attempts/a@1.out")
    for step in ["a", "c"] {
      let logs = try await home.flow("logs", "r", step)
      #expect(logs.ending == .exit(0) && logs.output == "")
      #expect(
        logs.errors == "flow: the output of step \(step), attempt 1, was removed\n",
        "\(logs.errors)")
    }
    let silent = try await home.flow("logs", "r", "b")
    #expect(silent.ending == .exit(0) && silent.output == "" && silent.errors == "")
    #expect(!TestFile.exists("\(home.path)/runs/r/attempts/b@1.out"))
  }

  /// A finished run keeps little: no reserved space, no records that its history made redundant.
  @Test func aFinishedRunIsSmall() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "echo a"}, {"id": "b", "run": "echo b"}, {"id": "c", "run": "false"}"#)
    _ = try await home.flow("run", file, "--run-id", "r")
    let run = "\(home.path)/runs/r"
    #expect(TestFile.names(in: "\(run)/attempts") == ["a@1.out", "b@1.out"])
    #expect(TestFile.bytes("\(run)/log/00000001.seg").count < 4_096)
    #expect(!TestFile.exists("\(run)/work"))
    #expect(try await home.flow("verify", "r").output.hasPrefix("run r: intact\n"))
    let again = try await home.flow("restart", "--failed", "r")
    #expect(again.ending == .exit(1), "\(again.errors)")
    #expect(try await home.flow("verify", "r").output.hasPrefix("run r: intact\n"))
    #expect(try await home.flow("replay", "--verify", "r").ending == .exit(0))
  }
}
