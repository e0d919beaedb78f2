import FlowCore
import Testing

@testable import FlowCommands

/// What is said of a rollback and of those beside it, while there is one slot.
@Suite struct RollbackDisplayTests {
  private static let workflow: WorkflowDefinition = {
    var workflow = WorkflowDefinition(
      "a", "a/onFailure: a", "b", "c", "d: a", "e", "e/onFailure: e")
    for step in [1, 6] {
      let edge = Edge(need: Int32(step - 1), wanted: .settled)
      var extras = StepExtras(edges: [edge])
      extras.isRollback = true
      workflow.give(extras, toStep: step)
    }
    return workflow
  }()

  private func failed() throws -> History {
    var history = try History(Self.workflow, jobs: 1)
    history.run("a", .exited(code: 1), milliseconds: 1_000)
    return history
  }

  private func sentences(_ step: String, in history: History) throws -> String {
    let explainer = try #require(Explainer(try history.view(isHeld: true)))
    let index = try explainer.state.definition.index(ofStep: step, runID: "r")
    return explainer.sentences(ofStep: index).joined(separator: " ")
  }

  private func status(_ history: History) throws -> String {
    var text = ""
    StatusPrinter(
      try history.read(), runID: "r", isHeld: true, engineProcessID: 1, now: history.wall
    ).printText(to: &text)
    return text
  }

  @Test func itWaitsForNoSlot() throws {
    var history = try failed()
    #expect(
      try sentences("a/onFailure", in: history)
        == "a/onFailure is being started: attempt 1 is scheduled.")
    // The step with the longest chain goes first.
    history.launch("e")
    #expect(
      try sentences("a/onFailure", in: history)
        == "a/onFailure is being started: attempt 1 is scheduled.")
    history.launch("a/onFailure")
    history.pass(milliseconds: 500)
    #expect(try sentences("a/onFailure", in: history).contains("runs since"))
    let waits = try sentences("b", in: history)
    #expect(waits.contains("waits for a slot: the only one is taken, by e."), "\(waits)")
    #expect(
      try sentences("d", in: history)
        == "d waits for its need: a/onFailure, which runs, for 500ms now.")
  }

  @Test func oneThatNothingCallsForIsNotCounted() throws {
    var history = try failed()
    history.launch("a/onFailure")
    // Launches share a commit that comes later.
    history.pass(milliseconds: 200)
    let running = try status(history)
    #expect(running.contains("\n1 of 6 steps done: "), "\(running)")
    #expect(running.contains("\na/onFailure  ▶ running"), "\(running)")
    #expect(!running.contains("e/onFailure"))
    #expect(
      try sentences("e/onFailure", in: history)
        == "e/onFailure runs if e fails, or is cancelled after it has begun.")
    var live = try history.live()
    #expect((live.total, live.done, live.unselected) == (6, 1, 0))
    #expect(live.running == 1 && live.waiting == 1 && live.backingOff == 0)
    #expect(live.waitingSteps(9) == [4] && live.someUnmetNeeds(ofStep: 4, 3) == [1])
    history.end("a/onFailure", .exited(code: 0))
    for step in ["e", "b", "c"] { history.run(step, .exited(code: 0), milliseconds: 1) }
    #expect(history.state.isFinished)
    live = try history.live()
    #expect((live.total, live.done, live.skipped) == (6, 6, 1))
    let ended = try status(history)
    #expect(ended.contains("\n6 steps: 4 succeeded, 1 failed, 1 skipped\n"), "\(ended)")
    #expect(try sentences("e/onFailure", in: history) == "e/onFailure was skipped: e did not fail.")
    // Who comes after it waited for it.
    let last = try history.read(keeping: .times).lastNeed(ofStep: 4)
    #expect(last?.step == 1)
  }

  @Test func itsDelaysOutliveTheStopOfTheRun() throws {
    var workflow = Self.workflow
    workflow.settings[0].retry.maxAttempts = 2
    workflow.settings.append(StepSettings())
    workflow.steps[0].settingsIndex = 1
    var history = try History(workflow, jobs: 1)
    history.run("a", .exited(code: 1), milliseconds: 1_000)
    history.run("a/onFailure", .exited(code: 1), milliseconds: 10)
    history.cancel()
    let live = try history.live()
    #expect(live.backingOff == 1)
    #expect(try sentences("a/onFailure", in: history).contains("backs off"))
    history.cancel(force: true)
    #expect(try history.live().backingOff == 0)
    #expect(
      try sentences("a/onFailure", in: history)
        == "a/onFailure was cancelled. A cancel by force came before it had ended.")
  }
}
