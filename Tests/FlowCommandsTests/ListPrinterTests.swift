import FlowCore
import Testing

@testable import FlowCommands

@Suite struct ListPrinterTests {
  private func text(_ entries: [ListEntry]) -> String {
    var output = ""
    ListPrinter.printText(entries, to: &output)
    return output
  }

  private func json(_ entries: [ListEntry]) -> String {
    var output = ""
    ListPrinter.printJSON(entries, to: &output)
    return output
  }

  private func entries() throws -> [ListEntry] {
    var done = try History(WorkflowDefinition("a"))
    done.run("a", .exited(code: 0), milliseconds: 1_500)
    var open = try History(WorkflowDefinition("a", "b: a"))
    open.run("a", .exited(code: 0), milliseconds: 1_500)
    let later = WallTime(microseconds: open.wall.microseconds + 10_000_000)
    return [
      .run(RunRow(try done.read(), runID: "one", isHeld: false, now: later)),
      .run(RunRow(try open.read(), runID: "two", isHeld: true, now: later)),
      .run(RunRow(try open.read(), runID: "three", isHeld: false, now: later)),
      .unreadable(runID: "four", .unreadable, reason: "its log is damaged\n"),
      .run(RunRow(RunHistory(keeping: .allAttempts), runID: "five", isHeld: true, now: later)),
    ]
  }

  @Test func runsAreATable() throws {
    #expect(
      text(try entries()) == """
        RUN    WORKFLOW  STATE          STARTED                   DURATION  STEPS
        one    nightly   ✓ succeeded    2026-11-21T02:19:03.000Z  1.5s      1 succeeded
        two    nightly   ▶ running      2026-11-21T02:19:03.000Z  11.5s     1/2
        three  nightly   ? interrupted  2026-11-21T02:19:03.000Z  1.5s      1/2
        four             ! unreadable                                       its log is damaged\\n
        five             ▶ running                                          0/0

        """)
  }

  @Test func runsAreAnArray() throws {
    #expect(
      json(try entries()) == """
        [{"runId":"one","name":"nightly","state":"succeeded",\
        "startedAt":"2026-11-21T02:19:03.000Z","finishedAt":"2026-11-21T02:19:04.500Z",\
        "durationMs":1500,"stepsDone":1,"stepsTotal":1},\
        {"runId":"two","name":"nightly","state":"running",\
        "startedAt":"2026-11-21T02:19:03.000Z","finishedAt":null,\
        "durationMs":11500,"stepsDone":1,"stepsTotal":2},\
        {"runId":"three","name":"nightly","state":"interrupted",\
        "startedAt":"2026-11-21T02:19:03.000Z","finishedAt":null,\
        "durationMs":1500,"stepsDone":1,"stepsTotal":2},\
        {"runId":"four","state":"unreadable","error":"its log is damaged\\n"},\
        {"runId":"five","name":null,"state":"running","startedAt":null,"finishedAt":null,\
        "durationMs":null,"stepsDone":0,"stepsTotal":0}]

        """)
  }

  @Test func noRunsAreNoTable() {
    #expect(text([]) == "")
    #expect(json([]) == "[]\n")
  }
}
