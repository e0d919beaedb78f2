import FlowCore
import FlowJSON
import Testing

@testable import FlowCommands

@Suite struct ReplayPrinterTests {
  private func printer(
    _ limit: RunReplay.Limit, isHeld: Bool = false, isChecking: Bool = false
  ) throws -> ReplayPrinter {
    var history = try History(WorkflowDefinition("a", "b: a"))
    history.run("a", .exited(code: 0), milliseconds: 1_500)
    history.run("b", .exited(code: 1), milliseconds: 500)
    var replay = RunReplay(to: limit, isChecking: isChecking)
    for event in history.events { try replay.apply(event) }
    replay.finish()
    return ReplayPrinter(replay, runID: "r", isHeld: isHeld, engineProcessID: nil)
  }

  @Test func thePointAndTheStateAreShown() throws {
    var text = ""
    try printer(.time(.sinceStart(500_000))).printText(to: &text)
    #expect(
      text == """
        after event 5 of 12, 0ms after the start
        last     5  02:19:03.000  attemptLaunched   a#1 started as process 101
        next     6  02:19:04.500  attemptEnded      a#1 exited 0 after 1.5s

        run r: ▶ running
        workflow "nightly", started 2026-11-21T02:19:03.000Z, running for 500ms
        0 of 2 steps done: 1 waiting, 1 running

        STEP  STATE      ATTEMPTS  RESULT  DURATION  NOTE
        a     ▶ running  1                 500ms
        b     · waiting

        """)
  }

  @Test func aCheckIsSaidWhereNothingDiffers() throws {
    var text = ""
    try printer(.end, isChecking: true).printText(to: &text)
    #expect(text.hasPrefix("after event 12 of 12, 2s after the start\nlast    12  "))
    #expect(text.contains("\nrun r: ✗ failed\n") && !text.contains("next"))
    let policy = Policy.current.rawValue
    #expect(
      text.hasSuffix("\nchecked: all 5 decisions follow from the 7 facts, by policy \(policy)\n"))
  }

  @Test func theSameForPrograms() throws {
    var text = ""
    try printer(.sequence(6), isChecking: true).printJSON(to: &text)
    let json = try JSON(text)
    #expect(
      json.keys == [
        "runId", "sequence", "lastSequence", "time", "elapsedMs", "event", "next", "status",
        "check",
      ])
    #expect(json["sequence"]?.integer == 6 && json["elapsedMs"]?.integer == 1_500)
    #expect(json["event"]?["kind"] == .string("attemptEnded"))
    #expect(json["next"]?["kind"] == .string("stepFinished"))
    #expect(json["status"]?["state"] == .string("running"))
    #expect(json["check"]?["decisions"]?.integer == 5 && json["check"]?["difference"] == .null)
    text = ""
    try printer(.end).printJSON(to: &text)
    let end = try JSON(text)
    #expect(end["next"] == .null && end["check"] == .null)
    #expect(end["status"]?["state"] == .string("failed"))
  }
}
