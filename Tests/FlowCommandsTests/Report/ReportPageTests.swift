import FlowCore
import TestSupport
import Testing

@testable import FlowCommands

@Suite struct ReportPageTests {
  private func text(
    _ history: History, isHeld: Bool = false, origin: ReportOrigin = ReportOrigin(),
    warning: String? = nil, output: String? = ""
  ) throws -> String {
    var text = ""
    let explainer = try ExportedRun.explainer(history, isHeld: isHeld)
    ReportPage(explainer, origin: origin, warning: warning) { _, limit in
      guard let output else { return nil }
      let bytes = Array(output.utf8)
      return OutputExcerpt(bytes: bytes.suffix(limit), totalByteCount: Int64(bytes.count))
    }.write(to: &text)
    return text
  }

  /// Strictly, as XML: an HTML reader would mend what is broken.
  private func page(
    _ history: History, isHeld: Bool = false, origin: ReportOrigin = ReportOrigin(),
    warning: String? = nil, output: String? = ""
  ) throws -> XML {
    try XML(text(history, isHeld: isHeld, origin: origin, warning: warning, output: output))
  }

  private func section(_ id: String, _ page: XML) throws -> XML {
    try #require(page.all(named: "section").first { $0["id"] == id }, "no section \(id)")
  }

  private func bars(_ kind: String, in lane: XML) -> [String] {
    lane.all(named: "i").filter { $0["class"] == "bar \(kind)" }.compactMap { $0["title"] }
  }

  @Test func theTimelineHasWhatHappened() throws {
    let timeline = try section("timeline", page(ExportedRun.eventful()))
    let lanes = timeline.all(named: "div").filter { $0["class"] == "lane" }
    #expect(lanes.map { $0.all(named: "a").first?.text } == ["fetch", "lint", "build", "test"])
    let (fetch, build) = (lanes[0], lanes[2])
    #expect(
      bars("bad", in: fetch) == [
        "attempt 1: exit code 75 after 400ms, started 02:19:03.000; retried after 1s"
      ])
    #expect(bars("ok", in: fetch).count == 1)
    #expect(bars("backoff", in: fetch) == ["backed off for 1s"])
    #expect(bars("lost", in: build).first?.hasPrefix("attempt 1: lost: its outcome") == true)
    #expect(bars("probe bad", in: build).count == 1)
    #expect(
      bars("ok", in: build).first?.contains("2 stragglers killed") == true)
    #expect(
      bars("gap", in: timeline).filter { !$0.isEmpty } == ["no engine drove the run for 3s"])
    #expect(timeline.all(named: "i").filter { $0["class"] == "mark" }.count == 2)
  }

  @Test func noticesAreInTheTableAndNotInTheGraph() throws {
    var workflow = WorkflowDefinition("a", "notify/1")
    var extras = StepExtras()
    extras.notice = Notice(on: .succeeded)
    workflow.give(extras, toStep: 1)
    workflow.notifyCount = 1
    var history = try History(workflow, jobs: 1)
    history.run("a", .exited(code: 0), milliseconds: 1_000)
    history.run("notify/1", .exited(code: 0), milliseconds: 1_000)
    let page = try text(history)
    let graph = page.split(separator: "<section id=\"graph\">")[1].split(separator: "</section>")[0]
    #expect(graph.contains("<svg") && !graph.contains("notify/1"))
    #expect(page.contains("notify/1"))
  }

  @Test func everyBarIsInsideOfItsTrack() throws {
    let timeline = try section("timeline", page(ExportedRun.eventful()))
    var count = 0
    for bar in timeline.all(named: "i") {
      guard let style = bar["style"] else { continue }
      let numbers = style.split(separator: ";").compactMap { part -> Double? in
        guard part.hasSuffix("%") else { return nil }
        return part.split(separator: ":").last.flatMap { Double($0.dropLast()) }
      }
      #expect(numbers.allSatisfy { $0 >= 0 && $0 <= 100 } && numbers.reduce(0, +) <= 100.001)
      count += 1
    }
    #expect(count > 15)
  }

  @Test func whatWentWrongIsSaidFirst() throws {
    let problems = try section("problems", page(ExportedRun.eventful()))
    let lists = problems.all(named: "ul")
    #expect(lists.map { $0["class"] } == ["problems", "allowed"])
    #expect(
      lists.map { $0.all(named: "li").map(\.text) } == [
        [
          "test failed: exit code 2 after 300ms. It has one attempt: its retry policy allows no more."
        ],
        [
          "lint failed: signal 9 (SIGKILL) after 400ms. It has one attempt: its retry policy allows no more."
            + " It is allowed to fail: its dependents still run."
        ],
      ])
    var history = try History(WorkflowDefinition("a"))
    history.run("a", .exited(code: 0), milliseconds: 10)
    #expect(try page(history).all(named: "section").allSatisfy { $0["id"] != "problems" })
  }

  @Test func theEndOfTheOutputOfWhatFailedIsSaidFirst() throws {
    let output = (1...50).map { "line \($0)\n" }.joined()
    let long = try section("problems", page(ExportedRun.eventful(), output: output))
    let tail = "\n" + (31...50).map { "line \($0)\n" }.joined()
    #expect(long.all(named: "pre").map(\.text) == [tail, tail])
    #expect(
      long.all(named: "p").map(\.text)
        == ["test", "lint"].map {
          "The end of its output (391 B in total): flow logs nightly-20261121T021903-7f3a \($0) prints all of it."
        })
    let short = try section("problems", page(ExportedRun.eventful(), output: "a\nb\n"))
    #expect(short.all(named: "pre").map(\.text) == ["\na\nb\n", "\na\nb\n"])
    #expect(short.all(named: "p").isEmpty)
    let none = try section("problems", page(ExportedRun.eventful(), output: nil))
    #expect(none.all(named: "pre").isEmpty && none.all(named: "p").isEmpty)
  }

  @Test func whoStartedTheRunAndWhereIsSaidIfItIsKnown() throws {
    func facts(_ origin: ReportOrigin) throws -> [String] {
      let page = try page(ExportedRun.eventful(), origin: origin)
      return zip(page.all(named: "dt"), page.all(named: "dd")).map { "\($0.text): \($1.text)" }
    }
    let known = try facts(
      ReportOrigin(user: "ops", host: "build-1", folder: "/srv/flow/runs/r1"))
    #expect(
      known.suffix(5) == [
        "Started by: ops", "Host: build-1", "Folder: /srv/nightly", "History in: /srv/flow/runs/r1",
        "Program: flow 0.1.0",
      ])
    #expect(
      try facts(ReportOrigin())
        == known.filter { fact in
          !["Started by", "Host", "History in"].contains { fact.hasPrefix($0) }
        })
  }

  @Test func rowsThatTheTimelineLeavesOutAreCountedAndShownOnDemand() throws {
    var history = try History(
      WorkflowDefinition(
        name: "w", steps: (0..<45).map { StepDefinition(id: "s\($0)", command: .shell("true")) }),
      jobs: 45)
    for step in 0..<45 {
      history.run("s\(step)", .exited(code: step == 44 ? 1 : 0), milliseconds: 10)
    }
    let timeline = try section("timeline", page(history))
    #expect(
      timeline.all(named: "p").first?.text
        == "40 of 45 steps: those that did not succeed, were tried"
        + " again, or ran longest. 5 rows are left out; below they are shown on demand.")
    let more = try #require(timeline.all(named: "details").first)
    #expect(more["open"] == nil && more.all(named: "summary").map(\.text) == ["5 more rows"])
    func lanes(_ part: XML) -> [String] {
      part.all(named: "div").filter { $0["class"] == "lane" }.compactMap {
        $0.all(named: "a").first?.text
      }
    }
    #expect(lanes(more) == ["s39", "s40", "s41", "s42", "s43"])
    #expect(lanes(timeline).count == 45 && lanes(timeline)[39] == "s44")
  }

  @Test func stepsHaveARowANodeAndAPartOfTheirOwn() throws {
    let page = try page(ExportedRun.eventful(), output: "some\noutput\n")
    let rows = try section("steps", page).all(named: "tbody").flatMap { $0.elements }
    #expect(rows.map { $0.elements.first?.text } == ["fetch", "build", "lint", "test", "end"])
    #expect(rows[1].elements.map(\.text).suffix(3).dropLast() == ["1.2s", "20 MiB"])
    let graph = try section("graph", page)
    // One for wide windows, one for narrow ones.
    #expect(graph.all(named: "svg").count == 2)
    for drawing in graph.all(named: "svg") {
      #expect(drawing.all(named: "rect").count == 5 && drawing.all(named: "path").count == 4)
    }
    let details = try section("details", page).all(named: "details")
    #expect(details.map { $0["id"] } == (0..<5).map { "step-\($0)" })
    #expect(details.map { $0["open"] } == [nil, nil, nil, "open", nil])
    #expect(details[3].all(named: "pre").map(\.text) == ["\ntest", "\nsome\noutput\n"])
    let ids = Set(page.all(named: "details").compactMap { $0["id"] })
    for link in page.all(named: "a") {
      #expect(ids.contains(String(try #require(link["href"]).dropFirst())))
    }
  }

  @Test func theCriticalPathEndsWithWhatEndedLast() throws {
    let path = try section("path", page(ExportedRun.eventful()))
    #expect(
      path.all(named: "li").map(\.text) == [
        "fetch: ran 1s, backed off 1s", "build: ran 1s, no engine drove the run 3s",
        "test: ran 300ms",
      ])
  }

  @Test func nothingOfTheRunBecomesMarkup() throws {
    let hostile = ExportedRun.hostile
    let text = try text(ExportedRun.eventful(), warning: hostile, output: hostile)
    let page = try XML(text)
    #expect(page.all(named: "script").isEmpty && page.all(named: "b").allSatisfy { $0["a"] == nil })
    #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" && $0 != "\t" })
    #expect(!text.unicodeScalars.contains("\u{202E}"))
    let escaped = "</script><b a='\"&amp;\">\\N \\u{1B}[31m\\u{0}\\u{202E} 日本 ]]> -->"
    #expect(page.all(named: "h1").first?.text.hasPrefix(escaped) == true)
    #expect(page.all(named: "pre").contains { $0.text == "\n\(escaped)" })
    #expect(page.all(named: "p").contains { $0["class"] == "warning" && $0.text == escaped })
  }

  @Test func thePageNeedsNothingElse() throws {
    let text = try text(ExportedRun.eventful())
    let page = try XML(text)
    for name in ["script", "link", "img", "iframe", "object", "base", "form"] {
      #expect(page.all(named: name).isEmpty)
    }
    #expect(!text.contains("http://") && !text.contains("https://") && !text.contains("url("))
    #expect(!text.contains("@import") && !text.contains("secret-of"))
    let policies = page.all(named: "meta").filter {
      $0["http-equiv"] == "Content-Security-Policy"
    }
    #expect(policies.map { $0["content"] } == ["default-src 'none'; style-src 'unsafe-inline'"])
  }

  @Test func aLongOutputIsCutAtALine() throws {
    let output = (0..<10_000).map { "line \($0)\n" }.joined()
    let page = try page(ExportedRun.eventful(), output: output)
    let test = try #require(page.all(named: "details").first { $0["id"] == "step-3" })
    let tail = try #require(test.all(named: "pre").last?.text)
    #expect(tail.hasPrefix("\nline ") && tail.hasSuffix("line 9999\n") && tail.utf8.count > 15_000)
    #expect(
      test.all(named: "p").contains {
        $0.text == "attempt 1: the end of its output (96.5 KiB in total)"
      })
  }

  @Test func aRunThatGoesOnIsShownAsOfNow() throws {
    var history = try History(WorkflowDefinition("a", "b: a"))
    history.launch("a")
    history.pass(milliseconds: 100)
    history.cancel()
    history.elapse(milliseconds: 400)
    let page = try page(history, isHeld: true)
    #expect(page.all(named: "dt").map(\.text).contains("As of"))
    #expect(page.all(named: "section").allSatisfy { $0["id"] != "path" })
    let timeline = try section("timeline", page)
    let lane = try #require(timeline.all(named: "div").first { $0["class"] == "lane" })
    #expect(
      bars("now", in: lane) == ["attempt 1: is being stopped after 500ms, started 02:19:03.000"])
    #expect(bars("stopping", in: lane) == ["was being stopped for 400ms"])
  }

  @Test func ofALargeRunThereIsWhatMatters() throws {
    let count = 2_500
    let steps = (0..<count).map { StepDefinition(id: "s\($0)", command: .shell("true")) }
    var history = try History(
      WorkflowDefinition(name: "w", steps: steps), jobs: Int32(count))
    for step in steps.dropLast() { history.launch(step.id) }
    history.pass(milliseconds: 10)
    for step in steps.dropLast() {
      history.end(step.id, .exited(code: step.id == "s2400" ? 1 : 0), milliseconds: 10)
    }
    let page = try page(history)
    let details = try section("details", page).all(named: "details")
    #expect(details.count == ReportSelection.mostDetails)
    #expect(details.contains { $0["id"] == "step-2400" })
    let timeline = try section("timeline", page)
    #expect(timeline.all(named: "summary").map(\.text) == ["2460 more rows"])
    #expect(
      timeline.all(named: "div").filter { $0["class"] == "lane" }.count == count)
    #expect(
      try section("steps", page).all(named: "tbody")[0].elements.count == ReportSelection.mostRows)
    #expect(try section("graph", page).text.contains("2500 steps with 0 needs are too many"))
  }
}
