import FlowCore
import FlowSystem
import Testing

@testable import FlowCommands

/// What people see of a step with `forEach`: one line, with what runs and what has failed.
@Suite struct NodeDisplayTests {
  static func workflow(
    _ items: [String], jobs: Int32? = nil, tolerance: ForEach.Tolerance? = nil
  ) -> WorkflowDefinition {
    var workflow = WorkflowDefinition("n", "z: n")
    var extras = StepExtras()
    extras.forEach = ForEach(
      over: .literal(items), most: Int32(max(1, items.count)), jobs: jobs, tolerance: tolerance)
    workflow.give(extras, toStep: 0)
    return workflow
  }

  private func status(_ history: History, all: Bool = false) throws -> String {
    var text = ""
    var printer = StatusPrinter(
      try history.read(), runID: "r", isHeld: true, engineProcessID: 1, now: history.wall)
    printer.showsAll = all
    printer.printText(to: &text)
    return text
  }

  private func json(_ history: History) throws -> String {
    var text = ""
    StatusPrinter(
      try history.read(), runID: "r", isHeld: true, engineProcessID: 1, now: history.wall
    ).printJSON(to: &text)
    return text
  }

  private func why(_ step: String, _ history: History) throws -> String {
    let explainer = try #require(Explainer(try history.view(isHeld: true)))
    let index = try explainer.state.definition.index(ofStep: step, runID: "r")
    return explainer.sentences(ofStep: index).joined(separator: " ")
  }

  private func progress(_ history: History, isVerbose: Bool = false) throws -> [String] {
    var replay = Replay()
    var printer = ProgressPrinter(isVerbose: isVerbose)
    var lines: [String] = []
    for event in history.events {
      try replay.apply(event)
      if let state = replay.state, let line = printer.line(for: event, in: state) {
        lines.append(String(line.dropLast()))
      }
    }
    return lines
  }

  private func running() throws -> History {
    var history = try History(Self.workflow(["a", "b", "c", "d"], jobs: 2))
    history.run("n/a", .exited(code: 0), milliseconds: 1_000)
    history.run("n/b", .exited(code: 3), milliseconds: 1_000)
    history.launch("n/c")
    // A launch is durable a little later.
    history.pass(milliseconds: 200)
    return history
  }

  @Test func statusHasOneLineAndWhatRunsOrHasFailed() throws {
    let text = try status(try running())
    #expect(text.contains("\n0 of 2 steps done: 1 waiting, 1 running\n"), "\(text)")
    #expect(text.contains("▶ running"), "\(text)")
    #expect(text.contains("2 of 4 items, 1 failed\n"), "\(text)")
    #expect(!text.contains("n/a") && text.contains("n/b ") && text.contains("n/c "), "\(text)")
    #expect(try status(try running(), all: true).contains("n/a "))
  }

  @Test func documentsHaveAllChildren() throws {
    let text = try json(try running())
    #expect(text.contains(#""items":{"count":4,"done":2,"failed":1}"#), "\(text)")
    #expect(text.contains(#"{"id":"n/a","forEachOf":"n","state":"succeeded""#), "\(text)")
  }

  @Test func whySaysHowFarItIs() throws {
    var history = try running()
    #expect(try why("n", history) == "n runs for each item: 2 of 4 items, 1 failed have ended.")
    #expect(try why("n/b", history).hasPrefix("n/b failed: exit code 3"))
    #expect(try why("z", history).contains("n, which runs"))
    history.end("n/c", .exited(code: 0), milliseconds: 1)
    history.run("n/d", .exited(code: 0), milliseconds: 1)
    #expect(try why("n", history) == "n failed: 4 items, 1 failed.")
    #expect(try why("z", history) == "z was skipped: it needs n, which failed.")
  }

  /// The time of its items is its own.
  @Test func whySaysHowLongItsItemsRan() throws {
    var history = try running()
    func times() throws -> String {
      let explainer = try #require(Explainer(try history.view(isHeld: true)))
      var text = ""
      ExplanationPrinter(explainer, step: 0).printText(to: &text)
      return text
    }
    let now = try times()
    #expect(now.contains("\n  its items ran") && !now.contains("waited for its needs"), "\(now)")
    history.end("n/c", .exited(code: 0), milliseconds: 1)
    history.run("n/d", .exited(code: 0), milliseconds: 1)
    #expect(try times().contains("\n  its items ran"))
  }

  @Test func aCancelledNodeSaysHowManyWere() throws {
    var history = try running()
    history.cancel()
    for item in ["n/c", "n/d"] { history.end(item, .signalled(signal: 15), .stop, milliseconds: 1) }
    let text = try why("n", history)
    #expect(text == "n failed: 4 items, 1 failed, 2 cancelled.", "\(text)")
    let json = try json(history)
    #expect(json.contains(#""items":{"count":4,"done":4,"failed":1,"cancelled":2}"#), "\(json)")
  }

  @Test func noItemsAreNoFailure() throws {
    let history = try History(Self.workflow([]))
    #expect(try why("n", history) == "n was skipped: it has no items.")
    #expect(try status(history).contains("it has no items"))
  }

  @Test func othersAreStoppedForTheFailures() throws {
    var history = try History(
      Self.workflow(["a", "b", "c"], jobs: 1, tolerance: .count(0)))
    history.run("n/a", .exited(code: 1), milliseconds: 1)
    #expect(
      try why("n/c", history) == "n/c was skipped: more items have failed than may.")
    #expect(try why("n", history) == "n failed: 3 items, 1 failed, the others are stopped.")
  }

  @Test func progressHasFailuresAndEveryTenthOfTheWay() throws {
    let items = (1...30).map { "\($0)" }
    var history = try History(Self.workflow(items, tolerance: .percent(10)), jobs: 1)
    for item in items {
      history.run("n/\(item)", .exited(code: item == "9" ? 1 : 0), milliseconds: 1)
    }
    let lines = try progress(history)
    #expect(
      lines.prefix(6) == [
        "n has 30 items", "n: 3 of 30 items", "n: 6 of 30 items",
        "n/9 failed: exit code 1 after 1ms\nn: 9 of 30 items, 1 failed",
        "n: 12 of 30 items, 1 failed",
        "n: 15 of 30 items, 1 failed",
      ], "\(lines)")
    #expect(lines.count == 11 && lines.last == "n succeeded: 30 items, 1 failed", "\(lines)")
  }

  /// How many lines a node has besides its first and its last, and where they are.
  @Test(arguments: [
    (1, []), (3, [1, 2]), (10, Array(1...9)), (11, [2, 3, 4, 5, 6, 7, 8, 9, 10]),
    (25, [3, 5, 8, 10, 13, 15, 18, 20, 23]), (1_000, (1...9).map { $0 * 100 }),
  ])
  func aTenthIsSaidWhenItIsReached(count: Int, expected: [Int]) {
    var node = NodeProgress(count: count)
    #expect((1...count).filter { _ in node.end(.succeeded) != nil } == expected)
  }

  @Test func noTenthIsSaidOfWhatIsStopped() {
    var node = NodeProgress(count: 10)
    #expect(node.end(.failed) == "1 of 10 items, 1 failed")
    #expect((2...9).allSatisfy { _ in node.end(.cancelled) == nil })
  }

  @Test func verboseProgressHasTheLinesOfEachItem() throws {
    var history = try History(Self.workflow(["a", "b", "c"], jobs: 1, tolerance: .count(0)))
    history.run("n/a", .exited(code: 0), milliseconds: 1)
    history.run("n/b", .exited(code: 1), milliseconds: 1)
    let lines = try progress(history, isVerbose: true)
    #expect(
      lines.prefix(7) == [
        "n has 3 items", "n/a started", "n/a succeeded in 1ms", "n/b started",
        "n/b failed: exit code 1 after 1ms", "n/c skipped: more items have failed than may",
        "n failed: 3 items, 1 failed",
      ], "\(lines)")
  }

  @Test func itemsThatKeepTheirEndCountFromTheStart() throws {
    let items = (1...10).map { "\($0)" }
    var history = try History(Self.workflow(items), jobs: 1)
    for item in items {
      history.run("n/\(item)", .exited(code: Int(item)! > 7 ? 1 : 0), milliseconds: 1)
    }
    var replay = Replay()
    var printer = ProgressPrinter()
    for event in history.events {
      try replay.apply(event)
      if let state = replay.state { _ = printer.line(for: event, in: state) }
    }
    let first = history.events.count
    try history.reopen()
    for item in items.suffix(3) { history.run("n/\(item)", .exited(code: 0), milliseconds: 1) }
    var lines: [String] = []
    for event in history.events.dropFirst(first) {
      try replay.apply(event)
      if let state = replay.state, let line = printer.line(for: event, in: state) {
        lines.append(String(line.dropLast()))
      }
    }
    #expect(
      lines.filter { $0.hasPrefix("n") }.prefix(4) == [
        "n has 10 items, 0 of them new", "n: 8 of 10 items", "n: 9 of 10 items",
        "n succeeded: 10 items",
      ], "\(lines)")
  }

  @Test func listCountsStepsAndItemsApart() throws {
    var history = try running()
    func row() throws -> ListEntry {
      .run(RunRow(try history.read(), runID: "r", isHeld: true, now: history.wall))
    }
    func text() throws -> String {
      var text = ""
      ListPrinter.printText([try row()], to: &text)
      return text
    }
    func json() throws -> String {
      var text = ""
      ListPrinter.printJSON([try row()], to: &text)
      return text
    }
    #expect(try text().hasSuffix("  0/2; 2 of 4 items, 1 failed\n"))
    #expect(
      try json().contains(
        #""stepsDone":0,"stepsTotal":2,"itemsDone":2,"itemsTotal":4,"itemsFailed":1}"#))
    history.end("n/c", .exited(code: 0), milliseconds: 1)
    history.run("n/d", .exited(code: 0), milliseconds: 1)
    #expect(try text().hasSuffix("  1 failed, 1 skipped; 4 items, 1 failed\n"))
  }

  @Test func theViewCountsStepsAndHasALineForEachNode() throws {
    let live = try running().live()
    #expect(live.total == 2 && live.done == 0 && live.waiting == 1)
    #expect(live.openNodes == [0])
    #expect(live.running == 1, "\(live.active)")
    #expect(live.failed == 0)
    let view = LiveView(
      live, at: Moment(monotonic: Instant(microseconds: 9_000_000), wall: History.start),
      in: .init(columns: 100, rows: 12), isNamed: false, lastLine: { _ in "" })
    let lines = view.frame().lines.map(\.plain)
    #expect(
      lines.contains { $0.hasPrefix("▶ n") && $0.contains("2 of 4 items, 1 failed") }, "\(lines)")
    #expect(lines.contains { $0.hasPrefix("▶ n/c") }, "\(lines)")
  }

  @Test func aCaseForEachChild() throws {
    var history = try running()
    history.end("n/c", .exited(code: 0), milliseconds: 1)
    history.run("n/d", .exited(code: 0), milliseconds: 1)
    let explainer = try #require(Explainer(try history.view()))
    var text = ""
    JUnitExporter(explainer) { _ in nil }.write(to: &text)
    #expect(text.contains(#"tests="5" failures="1""#), "\(text)")
    #expect(text.contains(#"name="n/b""#) && !text.contains(#"name="n""#), "\(text)")
  }
  /// The sizes are such that anything quadratic would be noticed.
  @Test func manyChildrenAreAsManyCases() throws {
    func cases(_ count: Int) throws -> (lines: Int, bytes: Int, outputs: Int) {
      let items = (0..<count).map { "\(10_000 + $0)" }
      var history = try History(Self.workflow(items), jobs: 1)
      for (place, item) in items.enumerated() {
        history.run("n/\(item)", .exited(code: place % 10 == 9 ? 1 : 0), milliseconds: 1)
      }
      var text = ""
      var outputs = 0
      JUnitExporter(try ExportedRun.explainer(history)) { _ in
        outputs += 1
        return nil
      }.write(to: &text)
      let lines = text.split(separator: "\n").filter { $0.contains("testcase") }
      let bytes = lines.reduce(0) { $0 + $1.utf8.count }
      return (lines.count { $0.contains("name=\"n/") }, bytes, outputs)
    }
    let (few, some, many) = (try cases(500), try cases(1_000), try cases(1_500))
    #expect(many.lines == 1_500 && many.outputs == 150)
    #expect(many.bytes - some.bytes == some.bytes - few.bytes)
  }
}
