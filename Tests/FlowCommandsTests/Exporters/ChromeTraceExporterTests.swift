import FlowCore
import FlowJSON
import Testing

@testable import FlowCommands

@Suite struct ChromeTraceExporterTests {
  private func events(_ history: History, isHeld: Bool = false) throws -> [JSON] {
    var text = ""
    ChromeTraceExporter(try ExportedRun.explainer(history, isHeld: isHeld)).write(to: &text)
    let json = try JSON(text)
    #expect(json["displayTimeUnit"] == .string("ms"))
    return json["traceEvents"]?.elements ?? []
  }

  private func named(_ name: String, _ events: [JSON]) -> [JSON] {
    events.filter { $0["name"]?.string == name }
  }

  @Test func everyEventHasWhatItsPhaseNeeds() throws {
    for event in try events(ExportedRun.eventful()) {
      let phase = try #require(event["ph"]?.string)
      #expect(event["pid"]?.integer != nil && event["name"]?.string != nil)
      if phase != "M" { #expect(try #require(event["ts"]?.integer) >= 0) }
      switch phase {
      case "X": #expect(try #require(event["dur"]?.integer) >= 0)
      case "i": #expect(["g", "p", "t"].contains(try #require(event["s"]?.string)))
      case "b", "e": #expect(event["id"]?.integer != nil && event["cat"] == .string("wait"))
      case "M": #expect(event["args"]?["name"]?.string != nil)
      default: Issue.record("phase \(phase)")
      }
    }
  }

  @Test func attemptsAreWhereTheyWere() throws {
    let events = try events(ExportedRun.eventful())
    let build = named("build", events)
    #expect(build.map { $0["ts"]?.integer } == [2_000_000, 5_000_000, 5_020_000])
    #expect(build.map { $0["dur"]?.integer } == [3_000_000, 20_000, 980_000])
    #expect(build.map { $0["cat"]?.string } == ["attempt", "probe", "attempt"])
    #expect(build.map { $0["args"]?["outcome"]?.string } == ["lost", "exited", "exited"])
    #expect(build[0]["args"]?["command"] == .string(ExportedRun.hostile))
    #expect(
      named("engine 1", events).first?["dur"]?.integer == 2_000_000
        && named("engine 2", events).first?["ts"]?.integer == 5_000_000)
    #expect(named("wall clock jumped ahead by 1h00m", events).count == 1)
    #expect(named("disk has space again, after 500ms", events).count == 1)
  }

  @Test func waitsBeginAndEnd() throws {
    let waits = try events(ExportedRun.eventful()).filter { $0["cat"] == .string("wait") }
    #expect(named("fetch backs off", waits).map { $0["ts"]?.integer } == [400_000, 1_400_000])
    #expect(waits.filter { $0["ph"] == .string("b") }.count * 2 == waits.count)
  }

  @Test func whatRunsGoesUpToNow() throws {
    var history = try History(WorkflowDefinition("a"))
    history.launch("a")
    history.pass(milliseconds: 200)
    history.elapse(milliseconds: 500)
    let attempt = named("a", try events(history, isHeld: true))
    #expect(attempt.map { $0["dur"]?.integer } == [700_000])
    #expect(attempt.first?["args"]?["outcome"] == .null)
    #expect(named("a", try events(history)).map { $0["dur"]?.integer } == [0])
  }
}

@Suite struct SlotLanesTests {
  @Test func noTwoAttemptsShareALaneAtATime() throws {
    var history = try History(WorkflowDefinition("a", "b", "c", "d", "e: a"), jobs: 3)
    for step in ["a", "b", "c"] { history.launch(step) }
    history.pass(milliseconds: 100)
    history.end("b", .exited(code: 0), milliseconds: 100)
    history.launch("d")
    history.pass(milliseconds: 100)
    history.end("a", .exited(code: 0), milliseconds: 200)
    history.launch("e")
    history.pass(milliseconds: 100)
    let lanes = SlotLanes(try history.read(keeping: .times), now: 300_000)
    #expect(lanes.count == 3)
    #expect(lanes.entries.map(\.lane) == [0, 1, 2, 1, 0])
    #expect(lanes.entries.map(\.until) == [200_000, 100_000, 300_000, 300_000, 300_000])
  }
}
