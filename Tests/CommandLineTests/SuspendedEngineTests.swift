import FlowJSON
import Glibc
import TestSupport
import Testing

/// Engines that were stopped: by Ctrl-Z, by SIGSTOP, by a terminal.
struct SuspendedEngineTests {
  private static let steps =
    #"{"id": "a", "run": "touch begun; while ! test -e go; do sleep 0.1; done; exit 3"},"#
    + #" {"id": "b", "run": "true", "needs": ["a"]}"#

  @Test func whatHasEndedWithoutItIsTold() async throws {
    let home = Home()
    let run = try home.start(["run", home.workflow(Self.steps), "--run-id", "r", "--quiet"])
    #expect(try await eventually { home.folder.has("begun") })
    #expect(try await eventually { try await home.status("r").state(of: "a") == "running" })
    run.signal(SIGSTOP)
    let suspended = "its engine (process \(run.processID)) is suspended, and"
    #expect(
      try await eventually {
        try await home.flow("status", "r").output.contains("\(suspended) 1 attempt still runs")
      })
    home.folder.write("", to: "go")
    #expect(
      try await eventually {
        let status = try await home.flow("status", "r").output
        return status.contains("\(suspended) no attempt still runs")
          && status.contains("attempt 1 has ended (exit 3), not yet recorded")
      })
    let status = try await home.status("r")
    #expect(status["engineIsSuspended"] == .bool(true))
    #expect(status.step("a")?["abandoned"]?["state"]?.string == "ended")
    let why = try await home.flow("why", "r", "a").output
    #expect(why.contains("is suspended: nothing progresses until it is continued"), "\(why)")
    run.signal(SIGCONT)
    #expect(try await run.end().ending == .exit(1))
    #expect(try await home.status("r")["engineIsSuspended"] == nil)
  }

  /// `stty tostop` stops programs in the background that write to their terminal.
  @Test func itsOwnOutputDoesNotStopIt() async throws {
    let home = Home()
    let run = try home.start(["run", home.workflow(Self.steps), "--quiet"])
    #expect(try await eventually { home.folder.has("begun") })
    #expect(try ignores(SIGTTOU, run.processID))
    // Commands have it as every program has.
    // It may be one that ends this moment.
    #expect(
      try await eventually {
        let command = try #require(home.folder.processes().last)
        return (try? ignores(SIGTTOU, command)) == false
      })
    home.folder.write("", to: "go")
    #expect(try await run.end().ending == .exit(1))
  }

  private func ignores(_ signal: Int32, _ process: Int32) throws -> Bool {
    let status = TestFile.text("/proc/\(process)/status").split(separator: "\n")
    struct ProcessIsGone: Error {}
    guard let line = status.first(where: { $0.hasPrefix("SigIgn:") }),
      let mask = UInt64(line.dropFirst(7).drop(while: { $0 == "\t" }), radix: 16)
    else { throw ProcessIsGone() }
    return mask >> UInt64(signal - 1) & 1 == 1
  }
}
