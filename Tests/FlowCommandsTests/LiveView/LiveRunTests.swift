import FlowCore
import FlowSystem
import Testing

@testable import FlowCommands

@Suite struct LiveRunTests {
  /// What is kept by the event is what counting all steps would say.
  private func expectCounts(_ history: History) throws {
    let run = try history.live()
    let history = history.settled()
    var counts: [StepStatus: Int] = [:]
    for step in history.state.steps {
      counts[StepStatus(step.phase, in: .running), default: 0] += 1
    }
    #expect(run.state == history.state)
    #expect(run.running == counts[.running, default: 0])
    #expect(run.stopping == counts[.stopping, default: 0])
    #expect(run.ready == counts[.ready, default: 0] + counts[.starting, default: 0])
    #expect(run.backingOff == counts[.backingOff, default: 0])
    #expect(run.waiting == counts[.waiting, default: 0])
    #expect(run.failed == counts[.failed, default: 0])
    #expect(run.skipped == counts[.skipped, default: 0])
    #expect(run.cancelled == counts[.cancelled, default: 0])
  }

  @Test func countsAreThoseOfTheSteps() throws {
    let retry = RetryPolicy(maxAttempts: 2, initialDelayMilliseconds: 1_000, jitter: .none)
    var history = try History(
      WorkflowDefinition(
        "a", "b", "c: a", "d: b c", "e", "f", settings: StepSettings(retry: retry)), jobs: 4)
    try expectCounts(history)
    history.launch("a")
    history.launch("b")
    try expectCounts(history)
    history.end("b", .exited(code: 1))
    try expectCounts(history)
    history.pass(milliseconds: 1_000)
    history.run("b", .exited(code: 1), milliseconds: 5)
    try expectCounts(history)
    history.end("a", .exited(code: 0))
    history.launch("c")
    history.passDeadline("c")
    try expectCounts(history)
    history.end("e", .launchFailed(LaunchFailure(operation: .execute, errno: 2)))
    try expectCounts(history)
    history.cancel()
    try expectCounts(history)
    history.end("c", .signalled(signal: 15), .stop)
    try expectCounts(history)
  }

  @Test func theLongestRunningComesFirst() throws {
    var history = try History(WorkflowDefinition("a", "b", "c"))
    history.launch("c")
    history.launch("a")
    history.launch("b")
    history.end("a", .exited(code: 0))
    #expect(try history.live().active.map(\.attempt.step) == [2, 1])
  }

  @Test func whatWaitsIsFoundFromTheFront() throws {
    var history = try History(WorkflowDefinition("a", "b: a", "c: b", "d: a c"), jobs: 1)
    #expect(try history.live().waitingSteps(2) == [1, 2])
    history.run("a", .exited(code: 0), milliseconds: 1)
    let run = try history.live()
    #expect(run.waitingSteps(9) == [2, 3])
    #expect(run.someUnmetNeeds(ofStep: 3, 9) == [2])
    #expect(run.unmetNeeds(ofStep: 3) == 1)
    #expect(run.unmetNeeds(ofStep: 1) == nil)
  }

  /// The number of steps that a frame looks at is bounded: beyond that it only counts.
  @Test func aFrameDoesNotSearchAllSteps() throws {
    let count: Int32 = 20_000
    var steps = (0..<count).map {
      StepDefinition(id: "s\($0)", command: .program(["make"]), needs: [])
    }
    steps.append(StepDefinition(id: "all", command: .program(["make"]), needs: Array(0..<count)))
    steps.append(StepDefinition(id: "last", command: .program(["make"]), needs: [count]))
    var history = try History(
      WorkflowDefinition(name: "many", steps: steps, settings: [StepSettings()]), jobs: 600)
    for step in 0..<600 { history.launch("s\(step)") }
    for step in 0..<600 { history.end("s\(step)", .exited(code: 0)) }
    let run = try history.live()
    #expect(run.waitingSteps(5) == [20_000, 20_001])
    #expect(run.someUnmetNeeds(ofStep: 20_000, 3) == [])
    #expect(try history.frame(rows: 12).contains("· all           waits for 19400 steps"))
  }
}

@Suite struct EndedStepsTests {
  private func run() throws -> (history: History, live: LiveRun) {
    let allowed = StepSettings(allowFailure: true)
    var history = try History(
      WorkflowDefinition(
        name: "w",
        steps: ["a", "b", "c", "d"].enumerated().map { index, id in
          StepDefinition(
            id: id, command: .program(["make"]), needs: [], settingsIndex: index == 1 ? 1 : 0)
        }, settings: [StepSettings(), allowed]), jobs: 4)
    for id in ["a", "b", "c", "d"] {
      history.launch(id)
      history.pass(milliseconds: 100)
    }
    history.pass(milliseconds: 1_000)
    history.end("c", .exited(code: 0), milliseconds: 1_200)
    history.end("b", .exited(code: 1), milliseconds: 1_300)
    return (history, try history.live())
  }

  private func names(_ live: LiveRun) -> [String] {
    live.ended.map { live.state.definition.steps[Int($0.step)].id }
  }

  @Test func theyStayUntilTheNextNewsAreDrawn() throws {
    var (history, live) = try run()
    #expect(names(live) == ["c", "b"])
    live.frameWasDrawn()
    // A frame that only ticks shows them again.
    #expect(names(live) == ["c", "b"])
    history.end("d", .exited(code: 0), milliseconds: 2_000)
    for event in history.settled().events { try live.apply(event) }
    live.forgetDrawnEnds()
    #expect(names(live) == ["d"])
    live.forgetDrawnEnds()
    #expect(names(live) == ["d"])
  }

  @Test func endsThatWereReadLateAreNoNews() throws {
    var (_, live) = try run()
    let last = try #require(live.ended.last).endedAt
    live.forgetEnds(before: last)
    #expect(names(live).last == "b")
    live.forgetEnds(before: last.advanced(byMilliseconds: 1))
    #expect(live.ended.isEmpty)
  }

  @Test func failuresThatWereAllowedAreCountedApart() throws {
    let (history, live) = try run()
    #expect(live.failed == 1 && live.allowedFailures == 1)
    #expect(
      try history.frame() == """
        ▶ running 1s  w
        █████████░░░░░░░░░░ 2 of 4 done, 2 running, 1 failed (allowed)
        ▶ a      1s
        ✗ b    1.3s  failed (allowed)
        ✓ c    1.2s  succeeded
        ▶ d      1s
        """)
  }

  @Test func aFailureThatWasAllowedIsNotRed() throws {
    let (history, live) = try run()
    let view = LiveView(
      live, at: history.now, in: Terminal.Size(columns: 80, rows: 24), isNamed: false
    ) { _ in "" }
    let text = view.frame().lines.map { $0.rendered(inColour: true) }.joined()
    #expect(!text.contains("\u{1B}[31m") && text.contains("\u{1B}[33m  failed (allowed)"))
  }
}
