import FlowCore
import Testing

@testable import FlowSimulation

/// What becomes of a run of two steps, of which b needs a, and of b when a has failed.
struct OutcomeCheckerTests {
  private static let a: Int32 = 0
  private static let b: Int32 = 1

  private static func definition(allowsFailure: Bool = false) -> WorkflowDefinition {
    var lenient = StepSettings()
    lenient.allowFailure = allowsFailure
    return WorkflowDefinition(
      name: "two",
      steps: [
        StepDefinition(id: "a", command: .shell("true")),
        StepDefinition(id: "b", command: .shell("true"), needs: [0], settingsIndex: 1),
      ], settings: [lenient, StepSettings()])
  }

  private func fired(
    _ bodies: [Event.Body], allowsFailure: Bool = false
  ) -> Violation? {
    let checker = OutcomeChecker(Self.definition(allowsFailure: allowsFailure))
    return violation(in: bodies) { (event) throws(Violation) in try checker.learn(event) }
  }

  private func ran(_ step: Int32, _ outcome: StepOutcome, attempt: Int32 = 1) -> [Event.Body] {
    [
      .attemptScheduled(AttemptID(step: step, number: attempt)),
      .stepFinished(step: step, outcome),
    ]
  }

  private func skipped(_ reason: SkipReason) -> [Event.Body] {
    [.stepSkipped(step: Self.b, reason)]
  }

  @Test(arguments: RunOutcome.allCases)
  func aRunSucceedsIfAllItsStepsDo(outcome: RunOutcome) {
    let steps = ran(Self.a, .succeeded) + ran(Self.b, .succeeded)
    #expect((fired(steps + [.runFinished(outcome)]) == nil) == (outcome == .succeeded))
  }

  @Test(arguments: RunOutcome.allCases)
  func aRunFailsIfAStepDoes(outcome: RunOutcome) {
    let steps = ran(Self.a, .failed) + skipped(.need(step: Self.a))
    #expect((fired(steps + [.runFinished(outcome)]) == nil) == (outcome == .failed))
  }

  @Test(arguments: RunOutcome.allCases)
  func aFailureThatIsAllowedIsNone(outcome: RunOutcome) {
    let steps = ran(Self.a, .failed) + ran(Self.b, .succeeded)
    let end = [Event.Body.runFinished(outcome)]
    #expect((fired(steps + end, allowsFailure: true) == nil) == (outcome == .succeeded))
  }

  @Test(arguments: [
    (StopReason.cancelled, RunOutcome.cancelled), (.timedOut, .failed),
    (.failFast(step: 0), .failed),
  ])
  func aStopThatChangedSomethingDecides(reason: StopReason, expected: RunOutcome) {
    let steps = ran(Self.a, .succeeded) + [.runStopping(reason)] + skipped(.runStopping)
    for outcome in RunOutcome.allCases {
      #expect((fired(steps + [.runFinished(outcome)]) == nil) == (outcome == expected))
    }
  }

  @Test func aStopThatCameTooLateChangesNothing() {
    let steps = ran(Self.a, .succeeded) + ran(Self.b, .succeeded) + [.runStopping(.cancelled)]
    #expect(fired(steps + [.runFinished(.succeeded)]) == nil)
    #expect(fired(steps + [.runFinished(.cancelled)])?.property == .outcome)
  }

  @Test func aRunEndsAfterItsSteps() {
    let steps = ran(Self.a, .succeeded)
    #expect(
      fired(steps + [.runFinished(.succeeded)])?.message == "the run is succeeded, and b has no end"
    )
  }

  @Test func aStepIsSkippedForANeedThatIsNotMet() {
    let skip = skipped(.need(step: Self.a))
    #expect(fired(ran(Self.a, .failed) + skip) == nil)
    #expect(fired(ran(Self.a, .succeeded) + skip)?.property == .outcome)
    #expect(fired(skip)?.property == .outcome)
    #expect(fired(ran(Self.a, .failed) + skip, allowsFailure: true)?.property == .outcome)
    #expect(fired(skipped(.need(step: Self.b)))?.property == .outcome)
  }

  @Test func aStepIsSkippedForAStopIfThereIsOne() {
    #expect(fired(skipped(.runStopping))?.property == .outcome)
    #expect(fired([.runStopping(.cancelled)] + skipped(.runStopping)) == nil)
  }

  @Test func onlyWhatHasBegunInTheRoundIsCancelledAndOnlyWhatHasNotIsSkipped() {
    let cancelled = Event.Body.stepFinished(step: Self.a, .cancelled)
    let scheduled = Event.Body.attemptScheduled(AttemptID(step: Self.a, number: 1))
    let withdrawn = Event.Body.attemptWithdrawn(AttemptID(step: Self.a, number: 1))
    #expect(fired([scheduled, cancelled]) == nil)
    #expect(fired([cancelled])?.property == .outcome)
    #expect(fired([scheduled, withdrawn, cancelled])?.property == .outcome)
    let begun = Event.Body.attemptScheduled(AttemptID(step: Self.b, number: 1))
    #expect(fired([.runStopping(.cancelled), begun] + skipped(.runStopping))?.property == .outcome)
  }

  @Test(arguments: [ReopenScope.unsuccessful, .withDependents])
  func aRoundForgetsTheEndsOfWhatRunsAgain(scope: ReopenScope) {
    let first = ran(Self.a, .failed) + skipped(.need(step: Self.a)) + [.runFinished(.failed)]
    let reopened = [Event.Body.runReopened(ignoring: [], scope: scope)]
    let second = ran(Self.a, .succeeded, attempt: 2) + ran(Self.b, .succeeded)
    #expect(fired(first + reopened + second + [.runFinished(.succeeded)]) == nil)
    #expect(fired(first + reopened + [.runFinished(.succeeded)])?.property == .outcome)
    let cancelled = Event.Body.stepFinished(step: Self.a, .cancelled)
    #expect(fired(first + reopened + [cancelled])?.property == .outcome)
  }
}
