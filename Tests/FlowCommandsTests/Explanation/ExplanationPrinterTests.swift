import FlowCore
import FlowJSON
import Testing

@testable import FlowCommands

@Suite struct ExplanationPrinterTests {
  private func printer(_ step: String, _ history: History) throws -> ExplanationPrinter {
    let explainer = try #require(Explainer(try history.view()))
    return ExplanationPrinter(
      explainer, step: try explainer.state.definition.index(ofStep: step, runID: "r"))
  }

  private func text(_ step: String, _ history: History) throws -> String {
    var output = ""
    try printer(step, history).printText(to: &output)
    return output
  }

  private func json(_ step: String, _ history: History) throws -> JSON {
    var output = ""
    try printer(step, history).printJSON(to: &output)
    return try JSON(output)
  }

  /// One slot: `upload` waits for its needs, for its slot, fails twice, and succeeds.
  private func uploaded() throws -> History {
    let settings = StepSettings(
      retry: RetryPolicy(maxAttempts: 3, multiplierThousandths: 1_000, jitter: .none))
    var history = try History(
      WorkflowDefinition("pack", "other", "upload: pack", settings: settings), jobs: 1)
    history.run("pack", .exited(code: 0), milliseconds: 2_000)
    history.run("other", .exited(code: 0), milliseconds: 3_000)
    history.run("upload", .exited(code: 75), milliseconds: 500)
    history.pass(milliseconds: 1_000)
    history.run("upload", .signalled(signal: 9), milliseconds: 500)
    history.pass(milliseconds: 1_000)
    history.run("upload", .exited(code: 0), milliseconds: 2_000)
    return history
  }

  @Test func theWholeStoryOfAStep() throws {
    let text = try text("upload", uploaded())
    #expect(
      text == """
        upload: ✓ succeeded
        upload succeeded in 2s, after 2 earlier attempts.
        It waited 3s for a slot while others ran: other.

        NEEDS  STATE        ENDED         NOTE
        pack   ✓ succeeded  02:19:05.000

        ATTEMPT  STARTED       QUEUED  RAN    RESULT              THEN
        1        02:19:08.000  3s      500ms  exit code 75        retried after 1s
        2        02:19:09.500  0ms     500ms  signal 9 (SIGKILL)  retried after 1s
        3        02:19:11.000  0ms     2s     exit code 0

        10s from the start of the run to its end:
          waited for its needs  2s  ████▊
          waited for a slot     3s  ███████▏
          ran                   3s  ███████▏
          backed off            2s  ████▊

        """)
  }

  @Test func theSameForPrograms() throws {
    let json = try json("upload", uploaded())
    #expect(
      json.keys == [
        "runId", "step", "state", "sentences", "tail", "needs", "skippedFor", "retryAt", "attempts",
        "times",
      ])
    #expect(json["state"] == .string("succeeded") && json["retryAt"] == .null)
    #expect(json["sentences"]?.elements.count == 2)
    #expect(json["needs"]?[0]?["id"] == .string("pack"))
    #expect(json["needs"]?[0]?["isMet"] == .bool(true))
    #expect(json["needs"]?[0]?["settledAt"] == .string("2026-11-21T02:19:05.000Z"))
    let attempts = json["attempts"]?.elements ?? []
    #expect(attempts.map { $0["next"] } == [.string("retry"), .string("retry"), .null])
    #expect(attempts.map { $0["delayMs"] } == [.number(1_000), .number(1_000), .null])
    #expect(attempts.map { $0["outcome"]?.string } == ["exited", "signalled", "exited"])
    #expect(attempts[0]["readyAt"] == .string("2026-11-21T02:19:05.000Z"))
    #expect(attempts[0]["startedAt"] == .string("2026-11-21T02:19:08.000Z"))
    #expect(attempts[0]["endedAt"] == .string("2026-11-21T02:19:08.500Z"))
    let times = try #require(json["times"])
    #expect(
      times.keys == [
        "waitingMs", "queuedMs", "lackingSpaceMs", "lackingProcessesMs",
        "runningMs", "backingOffMs", "askingMs", "restingMs", "undrivenMs",
      ])
    #expect(times.keys.map { times[$0]?.integer } == [2_000, 3_000, 0, 0, 3_000, 2_000, 0, 0, 0])
  }

  @Test func aSkippedStepNamesItsChain() throws {
    var history = try History(WorkflowDefinition("a", "b: a", "c: b"))
    history.run("a", .exited(code: 1), milliseconds: 20)
    let skipped = try json("c", history)
    #expect(skipped["skippedFor"]?.elements == [.string("b"), .string("a")])
    #expect(skipped["attempts"]?.elements == [])
    #expect(try json("a", history)["skippedFor"]?.elements == [])
  }

  @Test func aStepThatBacksOffSaysUntilWhen() throws {
    var history = try History(
      WorkflowDefinition(
        "a", settings: StepSettings(retry: RetryPolicy(maxAttempts: 2, jitter: .none))))
    history.run("a", .exited(code: 1), milliseconds: 20)
    #expect(try json("a", history)["retryAt"] == .string("2026-11-21T02:19:04.020Z"))
  }

  @Test func aLostAttemptSaysWhatFollowed() throws {
    var history = try History(
      WorkflowDefinition("a", settings: StepSettings(onLost: .probe, probe: .shell("true"))))
    history.launch("a")
    history.pass(milliseconds: 500)
    history.elapse(milliseconds: 60_000)
    try history.restart()
    history.run("a", .exited(code: 1), milliseconds: 10)
    history.run("a", .exited(code: 0), milliseconds: 1_000)
    let text = try text("a", history)
    #expect(
      text == """
        a: ✓ succeeded
        a succeeded in 1s, after 2 earlier attempts.

        ATTEMPT  STARTED       QUEUED  RAN   RESULT                        THEN
        1        02:19:03.000  0ms           lost: its outcome is unknown  the probe is asked \
        whether its work was done
        2        02:20:03.500  0ms     10ms  probe: exit code 1            the work was not \
        done; rerun
        3        02:20:03.510  0ms     1s    exit code 0

        1m01s from the start of the run to its end:
          ran                         1s  ▍
          no engine drove the run  1m00s  ███████████████████████▌

        """)
  }

  @Test func aFullDiskIsNamed() throws {
    var history = try History(WorkflowDefinition("a", "b"), jobs: 1)
    history.launch("a")
    history.pass(milliseconds: 4_000)
    history.roomReturned(after: 3_000)
    history.end("a", .exited(code: 0), milliseconds: 4_000)
    history.run("b", .exited(code: 0), milliseconds: 100)
    #expect(
      try text("b", history).contains(
        "It waited 1s for a slot while others ran: a.\nIt waited 3s for disk space.\n"))
  }

  @Test func ofManyNeedsOnlyThoseThatMatterAreListed() throws {
    var steps = (0..<100).map { StepDefinition(id: "s\($0)", command: .shell("true")) }
    steps.append(
      StepDefinition(id: "all", command: .shell("true"), needs: Array(0..<100)))
    var history = try History(WorkflowDefinition(name: "w", steps: steps), jobs: 100)
    for step in 0..<99 { history.run("s\(step)", .exited(code: 0), milliseconds: 1) }
    let text = try text("all", history)
    #expect(text.contains("\ns99 ") && text.contains("\nand 99 more\n"))
    #expect(!text.contains("\ns5 "))
  }

  /// Ids of a definition that was not parsed, but read from a hostile log.
  @Test func foreignTextCannotTouchTheTerminal() throws {
    var definition = WorkflowDefinition("a", "b: a")
    definition.steps[0].id = "a\u{1B}[2J"
    definition.steps[1].id = "b\u{1B}[31m"
    let history = try History(definition)
    for id in definition.steps.map(\.id) {
      let text = try text(id, history)
      #expect(text.contains("a\\u{1B}[2J"))
      #expect(!text.unicodeScalars.contains("\u{1B}"))
    }
    #expect(try json("a\u{1B}[2J", history)["step"] == .string("a\u{1B}[2J"))
  }
}
