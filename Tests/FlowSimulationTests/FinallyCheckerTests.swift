import FlowCore
import FlowRuntime
import Testing

@testable import FlowSimulation

/// Two steps, and one of `finally`.
struct FinallyCheckerTests {
  private static let workflow: WorkflowDefinition = {
    var workflow = WorkflowDefinition(
      name: "w",
      steps: ["a", "b", "end"].map { StepDefinition(id: $0, command: .shell("true")) },
      settings: [StepSettings()])
    workflow.finallyCount = 1
    return workflow
  }()

  private func fired(_ bodies: [Event.Body]) -> Violation? {
    let checker = FinallyChecker(Self.workflow)
    return violation(in: bodies) { (event) throws(Violation) in try checker.learn(event) }
  }

  private static func scheduled(_ step: Int32, _ number: Int32 = 1) -> Event.Body {
    .attemptScheduled(AttemptID(step: step, number: number))
  }

  private static func cancel(force: Bool) -> Event.Body {
    .cancelRequested(CancelRequest(id: 1, force: force))
  }

  private static let others: [Event.Body] = [
    scheduled(0), .stepFinished(step: 0, .failed), .stepSkipped(step: 1, .need(step: 0)),
  ]
  private static let concluded = others + [.runConcluding(.failed)]
  private static let whole =
    concluded + [scheduled(2), .stepFinished(step: 2, .succeeded), .runFinished(.failed)]

  @Test func aRunThatConcludesHolds() {
    #expect(fired(Self.whole) == nil)
    let again: [Event.Body] = [.runReopened(ignoring: [], scope: .withDependents)]
    let second = Self.whole.dropLast(3) + [Self.scheduled(2, 2)] + Self.whole.suffix(2)
    #expect(fired(Self.whole + again + second) == nil)
  }

  @Test func itRunsWhenAllOthersHaveEnded() {
    #expect(fired(Self.others + [Self.scheduled(2)])?.property == .finally)
    #expect(fired([.runConcluding(.failed)])?.property == .finally)
    #expect(fired(Self.concluded + [.runConcluding(.failed)])?.property == .finally)
    #expect(fired(Self.concluded + [Self.scheduled(0, 2)])?.property == .finally)
    #expect(fired(Self.others + [.stepSkipped(step: 2, .need(step: 0))])?.property == .finally)
  }

  @Test func itRunsInEachRound() {
    #expect(fired(Self.others + [.runFinished(.failed)])?.property == .finally)
    #expect(fired(Self.concluded + [.runFinished(.failed)])?.property == .finally)
    let again: [Event.Body] = [.runReopened(ignoring: [], scope: .withDependents)]
    #expect(fired(Self.whole + again + Self.others + [.runFinished(.failed)])?.property == .finally)
    // Its end is that of the round before.
    #expect(
      fired(Self.concluded + [.stepFinished(step: 2, .succeeded), .runFinished(.failed)])?.property
        == .finally)
  }

  @Test func onlyForceThatComesLaterEndsIt() {
    let ends: [[Event.Body]] = [
      [Self.scheduled(2), .stopRequested(AttemptID(step: 2, number: 1), force: true)],
      [Self.scheduled(2), .stepFinished(step: 2, .cancelled)],
      [.stepSkipped(step: 2, .runStopping)],
    ]
    for end in ends {
      #expect(fired(Self.concluded + [Self.cancel(force: true)] + end) == nil)
      #expect(fired(Self.concluded + end)?.property == .finally)
      #expect(fired(Self.concluded + [Self.cancel(force: false)] + end)?.property == .finally)
      #expect(fired([Self.cancel(force: true)] + Self.concluded + end)?.property == .finally)
    }
  }

  // MARK: What it is told

  private func told(
    _ variables: [String: String], ofStep step: Int32 = 2, file: String? = nil
  ) -> Violation? {
    let checker = FinallyChecker(Self.workflow)
    do throws(Violation) {
      for (index, body) in Self.concluded.enumerated() {
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
      return error
    }
  }

  @Test func itIsToldWhatTheRunCameTo() {
    let told = ["FLOW_OUTCOME": "failed", "FLOW_FAILED_STEPS": "a", "FLOW_FAILURE": "/r/failure"]
    #expect(self.told(told, file: "run r of w: failed\n\na#1 exited 1\n") == nil)
    #expect(self.told(told.merging(["FLOW_FAILURE": "/dev/null"]) { $1 }) == nil)
    #expect(self.told([:], ofStep: 0) == nil)
    for (name, value) in [
      ("FLOW_OUTCOME", "succeeded"), ("FLOW_FAILED_STEPS", "a b"), ("FLOW_FAILURE", "/other"),
    ] {
      #expect(self.told(told.merging([name: value]) { $1 })?.property == .finally)
    }
    #expect(self.told([:])?.property == .finally)
    #expect(self.told(told, ofStep: 0)?.property == .finally)
    #expect(self.told(told, file: "")?.property == .finally)
    #expect(self.told(told, file: "run r of w: failed\n")?.property == .finally)
  }
}
