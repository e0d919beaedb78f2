import FlowCore
import FlowJSON
import FlowRuntime
import TestSupport
import Testing

@testable import FlowCommands

/// How displays show steps that ask, before they are answered and after that.
@Suite struct QuestionDisplayTests {
  /// `build`, then `q` which asks for a minute, then `ship`; `tidy` at the end.
  private static let workflow: WorkflowDefinition = {
    var workflow = WorkflowDefinition("build", "q: build", "ship: q", "tidy")
    workflow.steps[1].command = .shell("")
    let question = Question(
      text: "Release?\nReally?", timeoutMilliseconds: 60_000, otherwise: .reject)
    workflow.give(StepExtras(question: question), toStep: 1)
    workflow.finallyCount = 1
    return workflow
  }()

  private func asking() throws -> History {
    var history = try History(Self.workflow)
    history.run("build", .exited(code: 0), milliseconds: 1_000)
    return history
  }

  /// It is rejected after five seconds, and the engine hears of it two seconds later.
  private func rejected() throws -> History {
    var history = try asking()
    history.pass(milliseconds: 5_000)
    history.answer("q", .rejected, note: "unstable", after: 2_000)
    history.run("tidy", .exited(code: 0), milliseconds: 1_000)
    return history
  }

  private func approved() throws -> History {
    var history = try asking()
    history.pass(milliseconds: 5_000)
    history.answer("q", after: 2_000)
    history.run("ship", .exited(code: 0), milliseconds: 1_000)
    history.run("tidy", .exited(code: 0), milliseconds: 1_000)
    return history
  }

  // MARK: While it waits

  private func texts(
    _ history: History, _ kept: KeptAnswers, isHeld: Bool = false
  ) throws -> [String] {
    var printer = StatusPrinter(
      try history.read(), runID: "r", isHeld: isHeld, engineProcessID: isHeld ? 42 : nil,
      now: history.wall)
    printer.kept = kept
    var (status, list, why) = ("", "", "")
    printer.printText(to: &status)
    let row = RunRow(
      try history.read(), runID: "r", isHeld: isHeld, now: history.wall, kept: kept)
    ListPrinter.printQuestions([.run(row)], to: &list)
    var explainer = try ExportedRun.explainer(history, isHeld: isHeld)
    explainer.kept = kept
    RunExplanationPrinter(explainer).printText(to: &why)
    return [status, list, why]
  }

  @Test func whatWaitsSaysHowToAnswer() throws {
    let history = try asking()
    for text in try texts(history, KeptAnswers([], now: history.wall), isHeld: true) {
      #expect(
        text.contains(
          "nswer with: flow answer nightly-20261121T021903-7f3a q --approve, or --reject"),
        "\(text)")
      #expect(text.contains(", until 2026-11-21T02:20:04.000Z, then it counts as rejected"))
    }
  }

  @Test(arguments: [
    (true, "; its engine has yet to record that"),
    (false, "; waits for an engine: flow restart nightly-20261121T021903-7f3a"),
  ])
  func anAnswerThatIsKeptIsShown(isHeld: Bool, what: String) throws {
    var history = try asking()
    let filed = history.filed("q", note: "fine")
    history.elapse(milliseconds: 5_000)
    for text in try texts(history, KeptAnswers([filed], now: history.wall), isHeld: isHeld) {
      #expect(
        text.contains("pproved by user 4000000 at 2026-11-21T02:19:04.000Z: fine\(what)"),
        "\(text)")
      #expect(!text.contains("nswer with"), "\(text)")
    }
  }

  @Test func aTimeThatHasPassedUnseenIsShown() throws {
    var history = try asking()
    history.elapse(milliseconds: 60_000)
    // This one was left too late.
    let kept = KeptAnswers([history.filed("q")], now: history.wall)
    for text in try texts(history, kept) {
      #expect(
        text.contains(
          "he time for an answer has passed: it counts as rejected; waits for an engine: flow restart"
        ),
        "\(text)")
      #expect(!text.contains("nswer with") && !text.contains("pproved by"), "\(text)")
    }
  }

  @Test func programsSeeWhatIsKept() throws {
    var history = try asking()
    let filed = history.filed("q")
    func kept(_ kept: KeptAnswers) throws -> JSON? {
      var text = ""
      let row = RunRow(try history.read(), runID: "r", isHeld: false, now: history.wall, kept: kept)
      ListPrinter.printQuestionsJSON([.run(row)], to: &text)
      return try JSON(text).elements.first?["ask"]?["kept"]
    }
    #expect(try kept(KeptAnswers([], now: history.wall)) == nil)
    let answer = try kept(KeptAnswers([filed], now: history.wall))
    #expect(answer?["verdict"] == .string("approved"))
    #expect(answer?["givenAt"] == .string("2026-11-21T02:19:04.000Z"))
    history.elapse(milliseconds: 60_000)
    #expect(try kept(KeptAnswers([], now: history.wall))?["verdict"] == .string("expired"))
  }

  /// On a terminal of 80 columns, whatever the question.
  @Test func aLiveViewShowsHowToAnswer() throws {
    let frame = try asking().frame()
    #expect(
      frame.contains("  flow answer nightly-20261121T021903-7f3a q --approve  Release?"),
      "\(frame)")
  }

  // MARK: When it has ended

  /// When it was given, and not when that was recorded.
  @Test func theTimeOfAnAnswerIsThatOfItsMaker() throws {
    let history = try rejected()
    var progress = ProgressPrinter()
    let lines = history.events.compactMap { progress.line(for: $0, in: history.state) }
    #expect(
      lines.contains("q rejected by user 4000000 at 2026-11-21T02:19:09.000Z: unstable\n"),
      "\(lines)")
  }

  private func report(_ history: History) -> String {
    var failures = FailedSteps()
    for event in history.events { failures.apply(event, in: history.state) }
    let report = FailureReport(
      failures, history.state, runID: "r", folder: RunFolder(path: "/r"), lastLines: { _ in [] })
    return report.lines().map(\.plain).joined(separator: "\n")
  }

  @Test func aRejectionIsAmongWhatFailed() throws {
    #expect(
      report(try rejected())
        == "\n✗ q failed: rejected by user 4000000 at 2026-11-21T02:19:09.000Z: unstable\n")
    var expired = try asking()
    expired.pass(milliseconds: 60_000)
    expired.run("tidy", .exited(code: 0), milliseconds: 1_000)
    #expect(report(expired) == "\n✗ q failed: not answered within 1m00s: counts as rejected\n")
    #expect(report(try approved()) == "")
  }

  @Test func theRunTimedOutBeforeItWasAnswered() throws {
    var workflow = Self.workflow
    workflow.timeoutMilliseconds = 10_000
    var history = try History(workflow)
    history.run("build", .exited(code: 0), milliseconds: 1_000)
    history.pass(milliseconds: 9_000)
    history.run("tidy", .exited(code: 0), milliseconds: 1_000)
    #expect(report(history) == "\n⊘ q was not answered: the run timed out\n")
  }

  // MARK: Reports and exports, of a run with finally

  @Test func aReportHasTheQuestionAndItsAnswer() throws {
    for (history, outcome) in [
      (try approved(), "approved by user 4000000 at 2026-11-21T02:19:09.000Z"),
      (try rejected(), "rejected by user 4000000 at 2026-11-21T02:19:09.000Z: unstable"),
    ] {
      var text = ""
      ReportPage(
        try ExportedRun.explainer(history), origin: ReportOrigin(), warning: nil
      ) { _, _ in nil }.write(to: &text)
      let page = try XML(text)
      #expect(text.contains(outcome), "\(text)")
      #expect(page.all(named: "pre").map(\.text).contains("\nRelease?\nReally?"), "\(text)")
      #expect(page.all(named: "i").contains { $0["title"] == "waited 7s for an answer" })
      #expect(page.all(named: "a").contains { $0.text == "tidy" })
    }
  }

  @Test func aQuestionIsATestCase() throws {
    func cases(_ history: History) throws -> [XML] {
      var text = ""
      JUnitExporter(try ExportedRun.explainer(history)) { _ in nil }.write(to: &text)
      return try XML(text).all(named: "testcase")
    }
    let good = try cases(approved())
    #expect(good.map { $0["name"] } == ["build", "q", "ship", "tidy"])
    #expect(
      good.map { $0["classname"] } == ["nightly", "nightly", "nightly", "nightly.finally"])
    #expect(good.allSatisfy { $0.elements.isEmpty })
    let bad = try cases(rejected())
    #expect(bad.map { $0.elements.map(\.name) } == [[], ["failure"], ["skipped"], []])
    #expect(
      bad[1].elements.first?["message"]
        == "q failed: rejected by user 4000000 at 2026-11-21T02:19:09.000Z: unstable.")
  }

  @Test func aDocumentHasTheQuestionAndItsAnswer() throws {
    var text = ""
    JSONExporter(explainer: try ExportedRun.explainer(rejected()), forEachEvent: nil)
      .write(to: &text)
    let json = try JSON(text)
    #expect(json["marks"]?.elements.map { $0["kind"]?.string } == ["concluding"])
    let steps = json["steps"]?.elements ?? []
    #expect(
      steps.map { $0["state"]?.string } == ["succeeded", "failed", "skipped", "succeeded"])
    #expect(steps.map { $0["finally"] } == [nil, nil, nil, .bool(true)])
    let ask = steps[1]["ask"]
    #expect(ask?["text"] == .string("Release?\nReally?"))
    #expect(ask?["answer"]?["verdict"] == .string("rejected"))
    #expect(ask?["answer"]?["givenAt"] == .string("2026-11-21T02:19:09.000Z"))
    #expect(ask?["answer"]?["at"] == .string("2026-11-21T02:19:11.000Z"))
    #expect(steps[1]["command"] == nil && steps[1]["attempts"]?.elements == [])
  }

  @Test func aTraceHasTheWaitAndWhatRanAtTheEnd() throws {
    var text = ""
    ChromeTraceExporter(try ExportedRun.explainer(rejected())).write(to: &text)
    let events = try JSON(text)["traceEvents"]?.elements ?? []
    let waits = events.filter { $0["name"] == .string("q waits for an answer") }
    #expect(waits.map { $0["ph"]?.string } == ["b", "e"])
    #expect(waits.map { $0["ts"]?.integer } == [1_000_000, 8_000_000])
    let attempts = events.filter { $0["cat"] == .string("attempt") }
    #expect(attempts.map { $0["name"]?.string } == ["build", "tidy"])
    #expect(
      events.contains { $0["name"]?.string?.contains("is concluding (failed)") == true })
  }
}
