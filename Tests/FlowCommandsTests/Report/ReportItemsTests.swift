import FlowCore
import TestSupport
import Testing

@testable import FlowCommands

/// The children of a node in the report: together, and on demand.
@Suite struct ReportItemsTests {
  /// `n` over so many items, of which each tenth fails, and a step `z` after it.
  private static func page(
    _ count: Int, tolerance: ForEach.Tolerance? = nil
  ) throws -> (page: XML, size: Int) {
    let items = (0..<count).map { "item-\(10_000 + $0)" }
    var history = try History(
      NodeDisplayTests.workflow(items, tolerance: tolerance), jobs: 2)
    for (place, item) in items.enumerated() {
      history.run("n/\(item)", .exited(code: place % 10 == 9 ? 1 : 0), milliseconds: 10)
    }
    if history.state.steps[1].phase == .starting {
      history.run("z", .exited(code: 0), milliseconds: 10)
    }
    return try page(history)
  }

  private static func page(
    _ history: History, isHeld: Bool = false
  ) throws -> (page: XML, size: Int) {
    var text = ""
    ReportPage(try ExportedRun.explainer(history, isHeld: isHeld)) { _, _ in nil }
      .write(to: &text)
    return (try XML(text), text.utf8.count)
  }

  private func section(_ id: String, _ page: XML) throws -> XML {
    try #require(page.all(named: "section").first { $0["id"] == id }, "no section \(id)")
  }

  private func lanes(_ part: XML) -> [XML] {
    part.all(named: "div").filter { $0["class"]?.hasPrefix("lane") == true }
  }

  private func names(_ part: XML) -> [String] {
    part.all(named: "li").map { String($0.text.prefix { $0 != ":" && $0 != " " }) }
  }

  @Test func theTimelineHasALaneForTheNodeAndSomeOfWhatFailed() throws {
    let timeline = try section("timeline", Self.page(100, tolerance: .percent(10)).page)
    let more = try #require(timeline.all(named: "details").first)
    #expect(more["open"] == nil && more.elements.first?.text == "95 more items, 5 failed")
    #expect(lanes(more).count == 95)
    let open = lanes(timeline).prefix(7)
    #expect(
      open.map { $0.all(named: "span").first?.text } == [
        "✓ n 100 items, 10 failed (tolerated)", "✗ n/item-10009", "✗ n/item-10019",
        "✗ n/item-10029", "✗ n/item-10039", "✗ n/item-10049", "✓ n/item-10000",
      ])
    #expect(lanes(timeline).count == 102)
  }

  @Test func theLaneOfANodeJoinsWhatCannotBeToldApart() throws {
    let lane = try #require(
      lanes(try section("timeline", Self.page(1_000).page)).first { $0["class"] == "lane all" })
    let bars = lane.all(named: "i")
    #expect(bars.last?["class"] == "bar bad" && bars.count < 500)
    let failed = bars.filter { $0["class"] == "bar bad" }.compactMap { $0["title"] }
    #expect(failed.allSatisfy { $0.hasPrefix("failed: ") } && failed.count == 100)
  }

  @Test func theGraphHasABoxThatUnfoldsTheItems() throws {
    let page = try Self.page(30).page
    let graph = try section("graph", page)
    let drawing = try #require(graph.all(named: "svg").first)
    #expect(drawing.all(named: "rect").count == 2)
    #expect(
      drawing.all(named: "title").first?.text == "n: failed, 30 items, 3 failed")
    let link = try #require(drawing.all(named: "a").first?["href"])
    #expect(link == "#items-0")
    let details = try #require(page.all(named: "details").first { $0["id"] == "step-0" })
    let folded = try #require(details.all(named: "details").first)
    #expect(folded["open"] == nil && folded.elements.map { $0["id"] } == [nil, "items-0"])
    let items = folded.all(named: "details").compactMap { $0.all(named: "b").first?.text }
    #expect(items.count == 30)
    #expect(
      items.prefix(4) == ["n/item-10009", "n/item-10019", "n/item-10029", "n/item-10000"])
  }

  @Test func aNodeThatRunsSaysHowManyOfItsItemsDo() throws {
    var history = try History(NodeDisplayTests.workflow(["a", "b", "c"]), jobs: 2)
    history.launch("n/a")
    history.launch("n/b")
    history.pass(milliseconds: 100)
    history.end("n/a", .exited(code: 1), milliseconds: 100)
    let page = try Self.page(history, isHeld: true).page
    #expect(
      page.all(named: "title").contains {
        $0.text == "n: running, 1 of 3 items, 1 failed, 1 running"
      })
    let lane = try #require(lanes(page).first)
    #expect(
      lane.all(named: "i").compactMap { $0["title"] } == ["runs: 1 attempt", "failed: 1 attempt"])
    #expect(
      lanes(try section("timeline", page)).dropFirst().prefix(2)
        .map { $0.all(named: "span").first?.text } == ["✗ n/a", "▶ n/b"])
  }

  @Test(arguments: [
    (nil, "problems"), (ForEach.Tolerance.percent(10), "allowed"),
  ]) func someOfWhatFailedIsNamedBelowTheNode(
    tolerance: ForEach.Tolerance?, kind: String
  ) throws {
    let problems = try section("problems", Self.page(100, tolerance: tolerance).page)
    let lists = problems.all(named: "ul")
    #expect(lists.map { $0["class"] } == [kind, kind])
    #expect(names(lists[0]).first == "n")
    #expect(
      names(lists[1]) == [
        "n/item-10009", "n/item-10019", "n/item-10029", "n/item-10039", "n/item-10049", "and",
      ])
    #expect(lists[1].all(named: "li").last?.text == "and 5 more items")
  }

  @Test func theTableHasAFewItemsOrWhatIsOfNote() throws {
    func rows(_ count: Int) throws -> [String] {
      try section("steps", Self.page(count).page).all(named: "tbody")[0].elements
        .compactMap { $0.elements.first?.text }
    }
    #expect(
      try rows(3) == ["n", "n/item-10000", "n/item-10001", "n/item-10002", "z"])
    let many = try rows(400)
    #expect(many.count == 23 && many[0] == "n" && many[1] == "n/item-10009")
    #expect(many.suffix(2) == ["380 more items, 20 failed", "z"])
  }

  @Test func aNodeStandsForItsItemsOnTheCriticalPath() throws {
    var workflow = WorkflowDefinition("a", "n: a")
    var extras = StepExtras()
    extras.forEach = ForEach(over: .literal(["x", "y"]))
    workflow.give(extras, toStep: 1)
    var history = try History(workflow, jobs: 1)
    for step in ["a", "n/x", "n/y"] { history.run(step, .exited(code: 0), milliseconds: 10) }
    let path = try section("path", Self.page(history).page)
    #expect(path.all(named: "li").map(\.text) == ["a: ran 10ms", "n: 2 items"])
  }

  /// Of which a page with ten thousand has less than 5 MB.
  @Test func anItemTakesLessThanThreeHundredBytes() throws {
    let (few, many) = (try Self.page(1_000).size, try Self.page(2_000).size)
    #expect((many - few) / 1_000 < 300, "\((many - few) / 1_000)")
  }
}
