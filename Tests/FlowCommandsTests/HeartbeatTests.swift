import FlowCore
import Testing

@testable import FlowCommands

/// Signs of life, in virtual time.
@Suite struct HeartbeatTests {
  private func at(_ seconds: Int64, _ history: History) -> Instant {
    Instant(microseconds: 5_000_000 + seconds * 1_000_000)
  }

  @Test func itSaysAtFixedTimesWhatRuns() throws {
    var history = try History(WorkflowDefinition("load", "index", "pack: load"))
    var heartbeat = Heartbeat(everyMilliseconds: 300_000)
    #expect(heartbeat.next == nil && heartbeat.line(at: at(900, history)) == nil)
    history.launch("load")
    history.run("index", .exited(code: 0), milliseconds: 10_000)
    heartbeat.take(history.events, history.state, at: at(0, history))
    #expect(heartbeat.next == at(300, history))
    #expect(heartbeat.line(at: at(299, history)) == nil)
    #expect(
      heartbeat.line(at: at(300, history))
        == "after 5m00s: still running: load (5m00s); 1 of 3 steps done\n")
    #expect(heartbeat.next == at(600, history) && heartbeat.line(at: at(301, history)) == nil)
    // After a pause of this process one is enough, and the times stay where they are.
    #expect(
      heartbeat.line(at: at(1_000, history))
        == "after 16m40s: still running: load (16m40s); 1 of 3 steps done\n")
    #expect(heartbeat.next == at(1_200, history))
  }

  @Test func itEndsWithTheRun() throws {
    var history = try History(WorkflowDefinition("a"))
    var heartbeat = Heartbeat(everyMilliseconds: 1_000)
    history.run("a", .exited(code: 0), milliseconds: 10)
    heartbeat.take(history.events, history.state, at: at(0, history))
    #expect(heartbeat.next == nil && heartbeat.line(at: at(10, history)) == nil)
  }

  @Test func whatBacksOffDoesNotRun() throws {
    let retry = RetryPolicy(maxAttempts: 2, initialDelayMilliseconds: 60_000, jitter: .none)
    var history = try History(WorkflowDefinition("a", settings: StepSettings(retry: retry)))
    history.run("a", .exited(code: 1), milliseconds: 10)
    var heartbeat = Heartbeat(everyMilliseconds: 1_000)
    heartbeat.take(history.events, history.state, at: at(0, history))
    #expect(
      heartbeat.line(at: at(1, history))
        == "after 1s: nothing runs, 1 backing off; 0 of 1 steps done\n")
  }

  @Test func ofManyTheLongestRunningAreNamed() throws {
    var history = try History(WorkflowDefinition("a", "b", "c", "d", "e", "f"))
    for step in ["a", "b", "c", "d", "e", "f"] { history.launch(step) }
    history.pass(milliseconds: 1_000)
    var heartbeat = Heartbeat(everyMilliseconds: 1_000)
    heartbeat.take(history.events, history.state, at: at(0, history))
    #expect(
      heartbeat.line(at: at(2, history))
        == "after 2s: still running: a (2s), b (2s), c (2s), d (2s) and 2 more; 0 of 6 steps done\n"
    )
  }

  @Test func zeroTurnsItOff() throws {
    var history = try History(WorkflowDefinition("a"))
    history.launch("a")
    var heartbeat = Heartbeat(everyMilliseconds: 0)
    heartbeat.take(history.events, history.state, at: at(0, history))
    #expect(heartbeat.next == nil && heartbeat.line(at: at(9_999, history)) == nil)
  }
}
