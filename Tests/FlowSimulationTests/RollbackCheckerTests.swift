import FlowCore
import FlowRuntime
import Testing

@testable import FlowSimulation

/// A step with a rollback, and one that needs it.
struct RollbackCheckerTests {
  private static let workflow: WorkflowDefinition = {
    var workflow = WorkflowDefinition(
      name: "w",
      steps: ["a", "a/onFailure", "b"].map { StepDefinition(id: $0, command: .shell("true")) },
      settings: [StepSettings()])
    workflow.steps[1].needs = [0]
    workflow.steps[2].needs = [0]
    var extras = StepExtras(edges: [Edge(need: 0, wanted: .settled)])
    extras.isRollback = true
    workflow.give(extras, toStep: 1)
    workflow.give(StepExtras(edges: [Edge(need: 0, wanted: .settled)]), toStep: 2)
    return workflow
  }()

  private func fired(_ bodies: [Event.Body]) -> Property? {
    let checker = RollbackChecker(Self.workflow)
    return violation(in: bodies) { (event) throws(Violation) in try checker.learn(event) }?.property
  }

  private static func scheduled(_ step: Int32, _ number: Int32 = 1) -> Event.Body {
    .attemptScheduled(AttemptID(step: step, number: number))
  }

  private static func cancel(force: Bool) -> Event.Body {
    .cancelRequested(CancelRequest(id: 1, force: force))
  }

  private static let failed = [scheduled(0), .stepFinished(step: 0, .failed)]
  private static let rolledBack = failed + [scheduled(1), .stepFinished(step: 1, .succeeded)]
  private static let succeeded = [scheduled(0), .stepFinished(step: 0, .succeeded)]
  private static let again = [Event.Body.runReopened(ignoring: [], scope: .withDependents)]

  @Test func itRunsOnceWhereItIsCalledFor() {
    let end: [Event.Body] = [Self.scheduled(2), .stepFinished(step: 2, .succeeded)]
    let whole = Self.rolledBack + end + [.runFinished(.failed)]
    #expect(fired(whole) == nil)
    #expect(fired(whole + Self.again + whole) == nil)
    let quiet =
      Self.succeeded + [.stepSkipped(step: 1, .nothingFailed)] + end + [.runFinished(.succeeded)]
    #expect(fired(quiet) == nil)
    #expect(fired(whole + Self.again + quiet) == nil)
    // It did not run, or only in the round before.
    #expect(fired(Self.failed + [.runFinished(.failed)]) == .rollback)
    #expect(fired(Self.failed + [.runConcluding(.failed)]) == .rollback)
    #expect(fired(whole + Self.again + Self.failed + [.runFinished(.failed)]) == .rollback)
    #expect(fired(Self.failed + [.stepSkipped(step: 1, .nothingFailed)]) == .rollback)
    #expect(fired(Self.failed + [.stepSkipped(step: 1, .need(step: 0))]) == .rollback)
    #expect(fired(Self.succeeded + [.runFinished(.succeeded)]) == .rollback)
    // Nothing calls for it, or it has run.
    #expect(fired([Self.scheduled(1)]) == .rollback)
    #expect(fired([.stepSkipped(step: 1, .nothingFailed)]) == .rollback)
    #expect(fired(Self.succeeded + [Self.scheduled(1)]) == .rollback)
    #expect(fired(Self.rolledBack + [Self.scheduled(1, 2)]) == .rollback)
    #expect(fired(Self.rolledBack + [.stepFinished(step: 1, .succeeded)]) == .rollback)
    #expect(fired(Self.succeeded + [.stepSkipped(step: 2, .nothingFailed)]) == .rollback)
  }

  @Test func whatNeedsItsStepWaits() {
    #expect(fired(Self.rolledBack + [Self.scheduled(2)]) == nil)
    #expect(fired(Self.rolledBack + [.stepSkipped(step: 2, .need(step: 0))]) == nil)
    #expect(fired(Self.failed + [Self.scheduled(2)]) == .rollback)
    #expect(fired(Self.failed + [.stepSkipped(step: 2, .need(step: 0))]) == .rollback)
    #expect(fired(Self.failed + [.stepSkipped(step: 2, .runStopping)]) == nil)
  }

  @Test func onlyForceThatComesWhileItRunsEndsIt() {
    let ends: [[Event.Body]] = [
      [.stopRequested(AttemptID(step: 1, number: 1), force: true)],
      [.stepFinished(step: 1, .cancelled)],
    ]
    let runs = Self.failed + [Self.scheduled(1)]
    for end in ends {
      #expect(fired(runs + [Self.cancel(force: true)] + end) == nil)
      #expect(fired(runs + end) == .rollback)
      #expect(fired(runs + [Self.cancel(force: false)] + end) == .rollback)
      #expect(fired([Self.cancel(force: true)] + runs + end) == .rollback)
    }
    let skipped = Self.failed + [Self.cancel(force: true), .stepSkipped(step: 1, .runStopping)]
    #expect(fired(skipped + [.runFinished(.failed)]) == nil)
    #expect(fired(runs + [Self.cancel(force: true), Self.scheduled(1, 2)]) == .rollback)
  }

  // MARK: What it is told

  private func told(
    _ variables: [String: String], ofStep step: Int32 = 1, file: String? = nil
  ) -> Property? {
    let checker = RollbackChecker(Self.workflow)
    do throws(Violation) {
      for (index, body) in Self.failed.enumerated() {
        let moment = Moment(monotonic: Instant(microseconds: 0), wall: WallTime(microseconds: 0))
        try checker.learn(
          Event(sequence: Int64(index) + 1, moment: moment, startsWakeUp: true, body: body))
      }
      try checker.check(
        variables.map { EnvironmentVariable(name: $0.key, value: $0.value) }, ofStep: step,
        in: RunFolder(path: "/r")
      ) { _ in file.map { Array($0.utf8) } }
      return nil
    } catch {
      return error.property
    }
  }

  @Test func itIsToldOfItsStep() {
    let told = ["FLOW_OUTCOME": "failed", "FLOW_FAILURE": "/r/failure.0"]
    #expect(self.told(told, file: "run r of w: a failed\n\na#1 exited 1\n") == nil)
    #expect(self.told(told.merging(["FLOW_FAILURE": "/dev/null"]) { $1 }) == nil)
    #expect(self.told([:], ofStep: 0) == nil)
    for (name, value) in [
      ("FLOW_OUTCOME", "cancelled"), ("FLOW_FAILED_STEPS", "a"), ("FLOW_FAILURE", "/r/failure"),
    ] {
      #expect(self.told(told.merging([name: value]) { $1 }) == .rollback)
    }
    #expect(self.told([:]) == .rollback)
    #expect(self.told(told, file: "") == .rollback)
    #expect(self.told(told, file: "run r of w: a failed\n") == .rollback)
  }
}
