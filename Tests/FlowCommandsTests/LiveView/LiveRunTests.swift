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
    #expect(run.succeeded == counts[.succeeded, default: 0])
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
