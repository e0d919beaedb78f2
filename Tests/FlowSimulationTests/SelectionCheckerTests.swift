import FlowCore
import Testing

@testable import FlowSimulation

/// A chain of four, of which the second may be left out.
struct SelectionCheckerTests {
  private static let workflow = WorkflowDefinition(
    name: "chain",
    steps: (0..<4).map { (step: Int32) in
      StepDefinition(id: "s\(step)", command: .shell("true"), needs: step == 0 ? [] : [step - 1])
    }, settings: [StepSettings()])

  private static let leftOut = StepSet([1])

  private func fired(_ bodies: [Event.Body], without unselected: StepSet = leftOut) -> Property? {
    let checker = SelectionChecker(Self.workflow, without: unselected)
    return violation(in: bodies) { (event) throws(Violation) in try checker.learn(event) }?.property
  }

  private static func created(_ unselected: StepSet) -> Event.Body {
    var created = RunCreated(
      runID: "r", seed: 0, policyVersion: 2, programVersion: "0", jobs: 1, definitionFolder: "/",
      definitionByteCount: 1)
    created.unselected = unselected
    return .runCreated(created)
  }

  private static func ran(_ step: Int32, attempt: Int32 = 1) -> [Event.Body] {
    [
      .attemptScheduled(AttemptID(step: step, number: attempt)),
      .stepFinished(step: step, .succeeded),
    ]
  }

  private static let round: [Event.Body] =
    [created(leftOut), .stepSkipped(step: 1, .notSelected)] + ran(0) + ran(2) + ran(3)
    + [.runFinished(.succeeded)]

  @Test func aPartialRunHolds() {
    #expect(fired(Self.round) == nil)
  }

  @Test func anotherSelectionFires() {
    #expect(fired([Self.created(StepSet())]) == .selection)
    #expect(fired([Self.created(Self.leftOut)], without: StepSet()) == .selection)
  }

  @Test func aLeftOutStepThatRunsFires() {
    #expect(fired(Self.ran(1)) == .selection)
  }

  @Test func aSkipForTheWrongReasonFires() {
    #expect(fired([.stepSkipped(step: 2, .notSelected)]) == .selection)
    #expect(fired([.stepSkipped(step: 1, .need(step: 0))]) == .selection)
    #expect(fired([.stepSkipped(step: 2, .need(step: 0))]) == nil)
  }

  @Test func aStepWithoutAnEndFires() {
    #expect(fired(Self.ran(0) + [.runFinished(.succeeded)]) == .selection)
  }

  private func again(_ scope: ReopenScope, _ steps: Int32...) -> Property? {
    let reopened = Event.Body.runReopened(ignoring: [], scope: scope)
    let ends = steps.flatMap { Self.ran($0, attempt: 2) }
    return fired(Self.round + [reopened] + ends + [.runFinished(.succeeded)])
  }

  @Test func aRoundRunsExactlyWhatItNames() {
    let first = StepSet([0])
    #expect(again(.only(first), 0) == nil)
    #expect(again(.only(first), 0, 2) == .selection)
    #expect(again(.only(first)) == .selection)
    #expect(again(.from(first), 0, 2, 3) == nil)
    #expect(again(.from(first), 0, 2) == .selection)
    #expect(again(.from(first), 0, 1, 2, 3) == .selection)
    #expect(again(.from(StepSet([2])), 2, 3) == nil)
    #expect(again(.from(StepSet([2])), 0, 2, 3) == .selection)
  }

  @Test func aRoundHoldsTheOrderAcrossWhatKeepsItsEnd() {
    let ends = StepSet([0, 3])
    #expect(again(.only(ends), 0, 3) == .selection)
    #expect(again(.only(ends).holdingOrder, 0, 3) == nil)
    #expect(again(.only(StepSet([0, 2])).holdingOrder, 0, 2) == nil)
  }

  // MARK: What waits for what

  @Test func whatIsLeftOutIsReplacedByWhatItNeeds() {
    let selected = SelectedSteps(Self.workflow, without: StepSet([1, 2]))
    #expect(selected.before == [[], [0], [0], [0]])
    #expect(selected.standing(2, of: 3) { _ in nil } == .open)
    #expect(selected.standing(2, of: 3) { _ in .failed } == .failed)
    #expect(selected.standing(2, of: 3) { _ in .succeeded } == .met)
  }

  @Test func whatMayFailLetsThrough() {
    var workflow = Self.workflow
    workflow.settings.append(StepSettings(allowFailure: true))
    workflow.steps[1].settingsIndex = 1
    let selected = SelectedSteps(workflow, without: Self.leftOut)
    #expect(selected.before[2] == [])
    #expect(selected.standing(1, of: 2) { _ in .failed } == .met)
    #expect(selected.standing(1, of: 2) { _ in nil } == .open)
  }

  // MARK: Other ends

  /// a, b < a, c < b: of which end is wanted as given.
  private static func chain(
    _ b: WantedEnd, _ c: WantedEnd, without unselected: StepSet = StepSet()
  ) -> SelectedSteps {
    var workflow = Self.workflow
    workflow.steps.removeLast()
    for (step, wanted) in [(1, b), (2, c)] where wanted != .done {
      workflow.give(
        StepExtras(edges: [Edge(need: Int32(step - 1), wanted: wanted)]), toStep: step)
    }
    return SelectedSteps(workflow, without: unselected)
  }

  @Test func eachEndIsWantedByItself() {
    let ends: [StepEnd] = [.succeeded, .failed, .cancelled, .skipped(.runStopping)]
    func met(_ wanted: WantedEnd) -> [Bool] {
      ends.map { end in Self.chain(wanted, .done).standing(0, of: 1) { _ in end } == .met }
    }
    #expect(met(.done) == [true, false, false, false])
    #expect(met(.succeeded) == [true, false, false, false])
    #expect(met(.failed) == [false, true, false, false])
    #expect(met(.settled) == [true, true, true, true])
  }

  @Test func whatIsLeftOutHasNotFailedAndPassesOnWhatItWanted() {
    func standing(_ b: WantedEnd, _ c: WantedEnd, _ end: StepEnd?) -> SelectedSteps.Standing {
      Self.chain(b, c, without: Self.leftOut).standing(1, of: 2) { _ in end }
    }
    #expect(standing(.failed, .done, .failed) == .met)
    #expect(standing(.failed, .done, .succeeded) == .failed)
    #expect(standing(.failed, .settled, .succeeded) == .met)
    #expect(standing(.done, .failed, .failed) == .failed)
    #expect(standing(.done, .settled, nil) == .open)
  }

  @Test func whatIsSkippedForANeedThatKeepsItsEndIsLeftAsItIs() {
    let selected = Self.chain(.failed, .done)
    let ends: [StepEnd?] = [.succeeded, .skipped(.need(step: 0)), .skipped(.need(step: 1))]
    #expect(selected.runningAgain(.withDependents, ends) == [false, false, false])
    #expect(selected.runningAgain(.from(StepSet([0])), ends) == [true, true, true])
    #expect((0..<3).allSatisfy { !selected.isLeftBehind($0, ends, [false, false, false]) })
    // The failure for which it would have run.
    let mended: [StepEnd?] = [.failed, .succeeded, .succeeded]
    #expect(selected.runningAgain(.withDependents, mended) == [true, true, true])
    #expect(selected.isLeftBehind(0, mended, [false, false, false]))
  }
}
