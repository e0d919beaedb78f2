import FlowJSON
import TestSupport
import Testing

/// `flow replay`, by the program itself.
struct ReplayTests {
  private func run(_ home: Home) async throws {
    let file = home.workflow(
      #"{"id": "a", "run": "test $FLOW_ATTEMPT = 2","#
        + #" "retry": {"maxAttempts": 2, "initialDelay": "20ms"}},"#
        + #" {"id": "b", "needs": ["a"], "run": "exit 3"}"#)
    #expect(try await home.flow("run", "-q", file, "--run-id", "r").ending == .exit(1))
  }

  @Test func theEndIsWhatTheStatusSays() async throws {
    let home = Home()
    try await run(home)
    let replay = try await home.flow("replay", "latest", "--verify", "--json")
    #expect(replay.ending == .exit(0) && replay.errors == "")
    let json = try JSON(replay.output)
    #expect(json["status"] == (try await home.status("r")))
    #expect(json["check"]?["difference"] == .null)
    let count = try await home.events("r").count
    #expect(json["sequence"]?.integer == count)
    let text = try await home.flow("replay", "r", "--verify")
    #expect(text.ending == .exit(0) && text.output.contains("\nchecked: all "))
  }

  @Test func everyEventCanBeGoneBackTo() async throws {
    let home = Home()
    try await run(home)
    for event in try await home.events("r") {
      let sequence = try #require(event["sequence"]?.integer)
      let replay = try await home.flow("replay", "r", "--to", "\(sequence)", "--json")
      #expect(replay.ending == .exit(0))
      let json = try JSON(replay.output)
      #expect(json["event"] == event)
    }
    let start = try await home.flow("replay", "r", "--at", "0ms")
    #expect(start.output.contains("\na     ") && start.output.contains("· waiting"))
  }

  @Test func whatCannotBeDoneIsSaid() async throws {
    let home = Home()
    try await run(home)
    let beyond = try await home.flow("replay", "r", "--to", "9999")
    #expect(beyond.ending == .exit(2) && beyond.output == "")
    #expect(beyond.errors.hasPrefix("flow: no event 9999: run r has "))
    let before = try await home.flow("replay", "r", "--at", "1999-01-01T00:00:00Z")
    #expect(
      before.ending == .exit(2)
        && before.errors.contains("no state at that time: run r was created at 20"))
    for line in [["--at", "soon"], ["--to", "0"], ["--to", "1", "--at", "1s"]] {
      let finished = try await home.start(["replay", "r"] + line).end()
      #expect(finished.ending == .exit(2) && finished.output == "", "\(line)")
    }
    #expect(try await home.flow("replay").ending == .exit(2))
    #expect(try await home.flow("replay", "nosuch").ending == .exit(2))
  }

  @Test func aLogThatIsDamagedIsNamed() async throws {
    let home = Home()
    try await run(home)
    let log = "\(home.path)/runs/r/log"
    let segment = try #require(TestFile.names(in: log).first)
    var bytes = TestFile.bytes("\(log)/\(segment)")
    bytes[200] ^= 0xFF
    TestFile.write(bytes, to: "\(log)/\(segment)")
    for line in [
      ["replay", "r"], ["report", "r", "-o", "-"], ["export", "r"], ["why", "r", "a"],
    ] {
      let finished = try await home.start(line).end()
      #expect(finished.ending == .exit(5) && finished.errors.contains(segment), "\(line)")
    }
  }
}
