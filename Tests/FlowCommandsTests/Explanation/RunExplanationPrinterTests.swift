import FlowCore
import FlowJSON
import Testing

@testable import FlowCommands

@Suite struct RunExplanationPrinterTests {
  private func text(_ history: History, isHeld: Bool = false) throws -> String {
    var text = ""
    RunExplanationPrinter(try ExportedRun.explainer(history, isHeld: isHeld)).printText(to: &text)
    return text
  }

  private func json(_ history: History) throws -> JSON {
    var text = ""
    RunExplanationPrinter(try ExportedRun.explainer(history)).printJSON(to: &text)
    return try JSON(text)
  }

  @Test func aFailedRunIsExplainedByWhatFailed() throws {
    #expect(
      try text(ExportedRun.eventful()) == """
        run nightly-20261121T021903-7f3a: ✗ failed
        The run failed after 6.3s.
        2 steps succeeded after more than one attempt: fetch and build.

        ✗ test failed: exit code 2 after 300ms. It has one attempt: its retry policy allows no more.
          1 step was skipped because of it: end.
        ✗ lint failed: signal 9 (SIGKILL) after 400ms. It has one attempt: its retry policy allows \
        no more. It is allowed to fail: its dependents still run.

        Critical path (what decided the duration):
          fetch  ran 1s, backed off 1s
          build  ran 1s, no engine drove the run 3s
          test   ran 300ms

        """)
  }

  @Test func theRoundOfAReopenedRunIsSaid() throws {
    var history = try History(WorkflowDefinition("a"))
    history.run("a", .exited(code: 1), milliseconds: 2_000)
    try history.reopen()
    history.launch("a")
    history.pass(milliseconds: 3_000)
    #expect(
      try text(history, isHeld: true).contains(
        "been running for 3s.\nThis is round 2; all rounds together have taken 5s.\n"))
    history.end("a", .exited(code: 0))
    #expect(try text(history).contains("That was round 2; all rounds together took 5s.\n"))
  }

  @Test func theEndOfTheOutputOfWhatFailedIsShown() throws {
    var explainer = try ExportedRun.explainer(ExportedRun.eventful())
    explainer.tail = { $0.step == 3 ? ["first", "last"] : nil }
    var run = ""
    RunExplanationPrinter(explainer).printText(to: &run)
    let shown = "    first\n    last\n  full output: flow logs nightly-20261121T021903-7f3a test\n"
    #expect(
      run.contains(
        "allows no more.\n\(shown)  1 step was skipped because of it: end.\n✗ lint failed"))
    var (step, skipped) = ("", "")
    ExplanationPrinter(explainer, step: 3).printText(to: &step)
    #expect(step.contains("allows no more.\n\(shown)\nNEEDS"))
    explainer.tail = { _ in ["something"] }
    ExplanationPrinter(explainer, step: 4).printText(to: &skipped)
    #expect(!skipped.contains("something"))
  }

  @Test func theSameForPrograms() throws {
    let json = try json(ExportedRun.eventful())
    #expect(json.keys == ["runId", "state", "sentences", "steps", "criticalPath"])
    #expect(json["steps"]?.elements.map { $0["id"]?.string } == ["test", "lint"])
    #expect(json["steps"]?[0]?["skipped"]?.elements == [.string("end")])
    #expect(
      json["criticalPath"]?.elements == [.string("fetch"), .string("build"), .string("test")])
  }

  @Test func ofARunThatGoesOnThereIsWhatItWaitsFor() throws {
    var history = try History(WorkflowDefinition("a", "b: a", "c: b"))
    history.launch("a")
    history.pass(milliseconds: 1_000)
    #expect(
      try text(history, isHeld: true) == """
        run nightly-20261121T021903-7f3a: ▶ running
        The run has been running for 1s.

        ▶ a runs since 02:19:03.000, for 1s.

        """)
    #expect(
      try text(history).hasPrefix(
        """
        run nightly-20261121T021903-7f3a: ? interrupted
        No engine drives the run, which was interrupted after 0ms; resume it with flow restart.

        ? Attempt 1 of a was running since 02:19:03.000 when the history ended.
        """))
  }

  @Test func aCancelIsTheReason() throws {
    var history = try History(WorkflowDefinition("a", "b: a"))
    history.launch("a")
    history.pass(milliseconds: 100)
    history.cancel()
    history.end("a", .signalled(signal: 15), .stop, milliseconds: 100)
    let text = try text(history)
    #expect(
      text.contains(
        "\nThe run was cancelled after 100ms.\nThe run was stopping since 02:19:03.100:"
          + " a cancel was requested.\n"))
    #expect(text.contains("\n⊘ a was stopped while it ran: cancelled after 100ms."))
  }

  @Test func aLongChainOfSkippedStepsIsCountedOnce() throws {
    let steps = (0..<5_000).map {
      StepDefinition(id: "s\($0)", command: .shell("true"), needs: $0 == 0 ? [] : [Int32($0 - 1)])
    }
    var history = try History(WorkflowDefinition(name: "w", steps: steps))
    history.run("s0", .exited(code: 1), milliseconds: 5)
    #expect(
      try text(history).contains(
        "\n  4999 steps were skipped because of it: s1, s2, s3, s4 and 4995 more.\n"))
  }

  @Test func foreignTextCannotTouchTheTerminal() throws {
    var definition = WorkflowDefinition("a", "b: a", "c: b")
    for step in 0..<3 { definition.steps[step].id += "\u{1B}[2J" }
    var history = try History(definition)
    history.run("a\u{1B}[2J", .exited(code: 0), milliseconds: 10)
    history.run("b\u{1B}[2J", .exited(code: 1), milliseconds: 10)
    let text = try text(history)
    #expect(text.contains("1 step was skipped because of it: c\\u{1B}[2J."))
    #expect(text.contains("\n  a\\u{1B}[2J  ran 10ms\n"))
    #expect(!text.unicodeScalars.contains("\u{1B}"))
  }
}
