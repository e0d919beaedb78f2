import FlowJSON
import Glibc
import TestSupport
import Testing

/// SIGTERM from anyone but flow, as at a reboot, the stop of a service or a logout.
@Suite struct SystemStopTests {
  private static let steps =
    #"{"id": "string", "run": "sleep 600; true"}, "#
    + #"{"id": "array", "run": ["sleep", "600"]}, "#
    + #"{"id": "tidy", "run": "trap 'exit 7' TERM; sleep 600 & wait"}, "#
    + #"{"id": "after", "needs": ["array"], "run": "true"}"#

  /// The monitors and what they watch, of which there are so many.
  private func attempts(of home: Home, _ count: Int) async throws -> [Int32] {
    #expect(
      try await eventually {
        home.processes(named: "sleep").count == count
          && home.processes(named: "flow: monitor").count == count
      })
    return home.folder.processes().filter { process in
      let name = TestFile.text("/proc/\(process)/comm")
      return name != "flow\n" && name != "flow: launcher\n"
    }
  }

  @Test func everythingIsInterruptedAndRunsAgain() async throws {
    let home = Home()
    let file = home.workflow(Self.steps, #""jobs": 3"#)
    let engine = try home.start(["run", "--run-id", "r", "--quiet", file])
    for process in try await attempts(of: home, 3) + [engine.processID] { kill(process, SIGTERM) }
    let left = try await engine.end()
    #expect(left.ending == .exit(4))
    // How many depends on which of them heard it before the engine.
    #expect(left.errors.contains("interrupted; onLost decides what follows;"), "\(left.errors)")
    #expect(try await eventually { home.processes(named: "flow: monitor").isEmpty })
    let second = try home.start(["restart", "r", "--quiet"])
    // At once: an engine that was started after the stop is meant to launch.
    _ = try await attempts(of: home, 3)
    for step in ["string", "array", "tidy"] {
      #expect(
        try await eventually {
          try await home.status("r").outcomes(of: step) == ["interrupted", "-"]
        },
        "\(step)")
    }
    #expect(try await home.flow("cancel", "--force", "--wait", "r").ending == .exit(0))
    #expect(try await second.end().ending == .exit(3))
    #expect(try await home.flow("replay", "--verify", "r").ending == .exit(0))
  }

  /// Only the command gets it: that is the command's own matter.
  @Test func aSignalToTheCommandAloneIsAFailure() async throws {
    let home = Home()
    let file = home.workflow(#"{"id": "a", "run": ["sleep", "600"]}"#)
    let engine = try home.start(["run", "--run-id", "r", "--quiet", file])
    _ = try await attempts(of: home, 1)
    for process in home.processes(named: "sleep") { kill(process, SIGTERM) }
    #expect(try await engine.end().ending == .exit(1))
    #expect(try await home.status("r").outcomes(of: "a") == ["signalled"])
  }

  @Test func aStepThatSucceedsAllTheSameHasSucceeded() async throws {
    let home = Home()
    let file = home.workflow(#"{"id": "a", "run": "trap 'exit 0' TERM; sleep 600 & wait"}"#)
    let engine = try home.start(["run", "--run-id", "r", "--quiet", file])
    for process in try await attempts(of: home, 1) { kill(process, SIGTERM) }
    #expect(try await engine.end().ending == .exit(0))
    #expect(try await home.status("r").outcomes(of: "a") == ["exited"])
  }
}
