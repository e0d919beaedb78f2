import FlowCore
import FlowJSON
import Testing

@testable import FlowCommands

@Suite struct JSONExporterTests {
  private func text(_ history: History, withEvents: Bool = false) throws -> String {
    let forEachEvent = { (body: (Event) -> Void) in history.events.forEach(body) }
    var text = ""
    JSONExporter(
      explainer: try ExportedRun.explainer(history), forEachEvent: withEvents ? forEachEvent : nil
    ).write(to: &text)
    return text
  }

  @Test func theWholeRunIsOneDocument() throws {
    let history = try ExportedRun.eventful()
    let json = try JSON(text(history))
    #expect(
      json.keys == [
        "format", "formatVersion", "runId", "name", "state", "enginePid", "programVersion",
        "startedAt", "finishedAt", "lastEventAt", "lastSequence", "durationMs", "jobs", "seed",
        "stopReason", "definition", "engines", "rounds", "marks", "steps",
      ])
    #expect(json["name"] == .string(ExportedRun.hostile))
    #expect(json["state"] == .string("failed") && json["enginePid"] == .null)
    #expect(json["durationMs"]?.integer == 6_300)
    #expect(json["lastSequence"]?.integer == Int(try #require(history.events.last).sequence))
    #expect(json["definition"]?["environment"]?.elements == [.string("KEY")])
    #expect(json["engines"]?.elements.map { $0["processId"]?.integer } == [42, 43])
    #expect(json["rounds"]?.elements.map { $0["outcome"]?.string } == ["failed"])
    #expect(
      json["marks"]?.elements.map { $0["kind"]?.string } == ["roomReturned", "clockJumped"])
    #expect(json["marks"]?[1]?["byMs"]?.integer == 3_600_000)
    let steps = json["steps"]?.elements ?? []
    #expect(
      steps.map { $0["state"]?.string } == [
        "succeeded", "succeeded", "failed", "failed", "skipped",
      ])
    #expect(steps[0]["command"]?.elements == [.string("fetch"), .string(ExportedRun.hostile)])
    #expect(steps[1]["probe"] == .string("test -e built"))
    #expect(steps[3]["needs"]?.elements == [.string("build"), .string("lint")])
    #expect(steps[4]["skippedFor"] == .string("test"))
  }

  @Test func everyAttemptHasItsTimesAndWhatFollowed() throws {
    let json = try JSON(text(ExportedRun.eventful()))
    let attempts = json["steps"]?[1]?["attempts"]?.elements ?? []
    #expect(attempts.map { $0["outcome"]?.string } == ["lost", "exited", "exited"])
    #expect(attempts.map { $0["isProbe"] } == [.bool(false), .bool(true), .bool(false)])
    #expect(attempts.map { $0["next"]?.string } == ["probe", "rerun", nil])
    #expect(attempts.map { $0["durationMs"]?.integer } == [0, 20, 980])
    #expect(attempts[2]["cpuMs"]?.integer == 1_200 && attempts[2]["stragglers"]?.integer == 2)
    #expect(attempts[2]["peakMemoryKiB"]?.integer == 20_480)
    let times = try #require(json["steps"]?[1]?["times"])
    #expect(times.keys.compactMap { times[$0]?.integer }.reduce(0, +) == 6_000)
  }

  @Test func eventsAreAsTheCommandForThemPrintsThem() throws {
    let history = try ExportedRun.eventful()
    let events = try JSON(text(history, withEvents: true))["events"]?.elements ?? []
    let printer = EventPrinter(
      runID: "nightly-20261121T021903-7f3a", definition: history.state.definition)
    #expect(events == (try history.events.map { event throws in try JSON(printer.json(event)) }))
    #expect(events.count > 30)
  }

  @Test func valuesOfTheEnvironmentAreLeftOut() throws {
    let text = try text(ExportedRun.eventful(), withEvents: true)
    #expect(text.contains("TOKEN") && !text.contains("secret-of"))
  }

  @Test func whatHasNotHappenedIsNull() throws {
    var history = try History(WorkflowDefinition("a", "b: a"))
    history.launch("a")
    history.cancel()
    let json = try JSON(text(history))
    #expect(json["state"] == .string("interrupted") && json["finishedAt"] == .null)
    #expect(json["rounds"]?[0]?["outcome"] == .null)
    #expect(json["stopReason"]?["reason"] == .string("cancelled"))
    #expect(
      json["marks"]?.elements.map { $0["kind"]?.string } == ["cancelRequested", "stopping"])
    let attempt = try #require(json["steps"]?[0]?["attempts"]?[0])
    for key in ["endedAt", "outcome", "exitCode", "durationMs", "cpuMs", "next"] {
      #expect(attempt[key] == .null, "\(key)")
    }
    #expect(attempt["startedAt"] == .string("2026-11-21T02:19:03.000Z"))
  }
}
