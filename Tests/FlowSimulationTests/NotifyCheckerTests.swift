import FlowCore
import FlowRuntime
import Testing

@testable import FlowSimulation

/// A step, and notices of a failure and of any end.
struct NotifyCheckerTests {
  private static let workflow = workflow(Notice(on: .failed), Notice(on: .ends))

  private static func workflow(_ first: Notice, _ second: Notice) -> WorkflowDefinition {
    var workflow = WorkflowDefinition(
      name: "w",
      steps: ["a", "notify/1", "notify/2"].map { StepDefinition(id: $0, command: .shell("true")) },
      settings: [StepSettings()])
    for (step, notice) in [(1, first), (2, second)] {
      var extras = StepExtras()
      extras.notice = notice
      workflow.give(extras, toStep: step)
    }
    workflow.notifyCount = 2
    return workflow
  }

  private func fired(
    _ bodies: [Event.Body], _ workflow: WorkflowDefinition = Self.workflow
  ) -> Property? {
    let checker = NotifyChecker(workflow)
    return violation(in: bodies) { (event) throws(Violation) in try checker.learn(event) }?.property
  }

  private static func scheduled(_ step: Int32, _ number: Int32 = 1) -> Event.Body {
    .attemptScheduled(AttemptID(step: step, number: number))
  }

  private static func cancel(force: Bool) -> Event.Body {
    .cancelRequested(CancelRequest(id: 1, force: force))
  }

  private static let failed: [Event.Body] = [
    scheduled(0), .stepFinished(step: 0, .failed), .runConcluded(.failed),
  ]
  private static let succeeded: [Event.Body] = [
    scheduled(0), .stepFinished(step: 0, .succeeded), .runConcluded(.succeeded),
    .stepSkipped(step: 1, .nothingToTell),
  ]
  private static let first: [Event.Body] = [scheduled(1), .stepFinished(step: 1, .succeeded)]
  private static let second: [Event.Body] = [scheduled(2), .stepFinished(step: 2, .failed)]
  private static let again = [Event.Body.runReopened(ignoring: [], scope: .withDependents)]

  @Test func eachRunsInTheRoundsThatEndAsItTells() {
    let bad = Self.failed + Self.first + Self.second + [.runFinished(.failed)]
    let good = Self.succeeded + Self.second + [.runFinished(.succeeded)]
    #expect(fired(bad) == nil && fired(good) == nil)
    #expect(fired(bad + Self.again + good) == nil)
    #expect(fired(bad + Self.again + Self.succeeded + [.runFinished(.succeeded)]) == .notify)
    // One did not run, one had nothing to tell, one was left out, or the run ended otherwise.
    #expect(fired(Self.failed + Self.second + [.runFinished(.failed)]) == .notify)
    #expect(fired(Self.failed + [.stepSkipped(step: 1, .nothingToTell)]) == .notify)
    #expect(fired(Self.succeeded + [Self.scheduled(1)]) == .notify)
    #expect(fired(Self.failed + [.stepSkipped(step: 1, .need(step: 0))]) == .notify)
    #expect(fired(Self.succeeded + Self.second + [.runFinished(.failed)]) == .notify)
    #expect(
      fired([Self.scheduled(0), .stepFinished(step: 0, .failed), .runFinished(.failed)]) == .notify)
  }

  @Test func theEndComesFirstAndOnce() {
    #expect(fired([Self.scheduled(2)]) == .notify)
    #expect(fired([.stepSkipped(step: 1, .nothingToTell)]) == .notify)
    #expect(fired([Self.scheduled(0), .runConcluded(.succeeded)]) == .notify)
    #expect(fired(Self.failed + [.runConcluded(.failed)]) == .notify)
    #expect(fired(Self.failed + [Self.scheduled(0, 2)]) == .notify)
    #expect(fired(Self.failed + [.runStopping(.cancelled)]) == .notify)
  }

  @Test func onlyForceThatComesLaterEndsThem() {
    let stop = [Event.Body.stopRequested(AttemptID(step: 2, number: 1), force: true)]
    let open = Self.succeeded + [Self.scheduled(2)]
    #expect(fired(open + stop) == .notify)
    #expect(fired(open + [Self.cancel(force: false)] + stop) == .notify)
    #expect(fired([Self.cancel(force: true)] + open + stop) == .notify)
    #expect(fired(open + [Self.cancel(force: true)] + stop) == nil)
    #expect(fired(open + [.stepFinished(step: 2, .cancelled)]) == .notify)
    #expect(fired(Self.succeeded + [.stepSkipped(step: 2, .runStopping)]) == .notify)
    #expect(
      fired(Self.succeeded + [Self.cancel(force: true), .stepSkipped(step: 2, .runStopping)]) == nil
    )
    #expect(fired(Self.succeeded + [Self.cancel(force: true), Self.scheduled(2)]) == .notify)
  }

  /// What was withdrawn has told nothing.
  @Test func anAttemptThatWasWithdrawnIsNone() {
    let withdrawn = Event.Body.attemptWithdrawn(AttemptID(step: 2, number: 1))
    let end = [Event.Body.stepFinished(step: 2, .succeeded), .runFinished(.succeeded)]
    #expect(fired(Self.succeeded + [Self.scheduled(2), withdrawn] + end) == .notify)
    #expect(fired(Self.succeeded + [Self.scheduled(2), withdrawn, Self.scheduled(2)] + end) == nil)
  }

  // MARK: Recoveries, and runs that take long

  private static func created(after outcome: RunOutcome?) -> [Event.Body] {
    var created = RunCreated(
      runID: "r", seed: 0, policyVersion: 2, programVersion: "", jobs: 1, definitionFolder: "",
      definitionByteCount: 1)
    created.previousOutcome = outcome
    return [.runCreated(created), .definitionPart([])]
  }

  @Test func aRecoveryIsComparedWithTheRunBefore() {
    let workflow = Self.workflow(Notice(on: .recovered), Notice(on: .ends))
    func fired(_ before: RunOutcome?, tells: Bool) -> Property? {
      let end: [Event.Body] = [
        Self.scheduled(0), .stepFinished(step: 0, .succeeded), .runConcluded(.succeeded),
      ]
      let first = tells ? Self.first : [.stepSkipped(step: 1, .nothingToTell)]
      return self.fired(
        Self.created(after: before) + end + first + Self.second + [.runFinished(.succeeded)],
        workflow)
    }
    #expect(fired(.failed, tells: true) == nil && fired(.cancelled, tells: true) == nil)
    #expect(fired(nil, tells: false) == nil && fired(.succeeded, tells: false) == nil)
    #expect(fired(.failed, tells: false) == .notify)
    #expect(fired(nil, tells: true) == .notify && fired(.succeeded, tells: true) == .notify)
  }

  /// What happens, with the time of each wake-up in milliseconds.
  private func late(_ said: (Int64, Event.Body)...) -> Property? {
    let checker = NotifyChecker(
      Self.workflow(Notice(slowMilliseconds: 1_000), Notice(slowMilliseconds: 5_000)))
    let start = Self.created(after: nil).map { (Int64(0), $0) }
    do throws(Violation) {
      for (index, (time, body)) in (start + said).enumerated() {
        let moment = Moment(
          monotonic: Instant(microseconds: time * 1_000),
          wall: WallTime(microseconds: time * 1_000))
        try checker.learn(
          Event(sequence: Int64(index) + 1, moment: moment, startsWakeUp: true, body: body))
      }
      return nil
    } catch { return error.property }
  }

  @Test func aRunThatTakesLongIsToldInTimeAndOnce() {
    let slow = Event.Body.timerFired(.slow(step: 1))
    let launched = Event.Body.attemptLaunched(AttemptID(step: 0, number: 1), processID: 1)
    let over = Event.Body.stepFinished(step: 0, .succeeded)
    let end = Event.Body.runConcluded(.succeeded)
    let nothing = Event.Body.stepSkipped(step: 2, .nothingToTell)
    let told = Event.Body.stepFinished(step: 1, .failed)
    let force = Self.cancel(force: true)
    #expect(
      late(
        (0, Self.scheduled(0)), (1_000, slow), (1_000, Self.scheduled(1)), (1_001, over),
        (1_002, end), (1_002, nothing), (1_009, told), (1_009, .runFinished(.succeeded))) == nil)
    // Too early, twice, too late, at the end, or not at all.
    #expect(late((999, slow)) == .notify)
    #expect(late((1_000, slow), (1_001, slow)) == .notify)
    #expect(late((1_000, launched), (1_001, over)) == .notify)
    #expect(late((0, over), (0, end), (1_000, slow)) == .notify)
    #expect(late((1, Self.scheduled(1))) == .notify)
    #expect(late((1_000, slow), (1_000, over), (1_000, end), (1_000, nothing)) == nil)
    #expect(
      late(
        (1_000, slow), (1_000, over), (1_000, end), (1_000, nothing),
        (1_000, .runFinished(.succeeded))) == .notify)
    #expect(
      late(
        (1_000, slow), (1_000, over), (1_000, end), (1_000, .stepSkipped(step: 1, .nothingToTell)))
        == .notify)
    // Only force ends it, and then no other begins.
    let open = AttemptID(step: 1, number: 1)
    let stop = Event.Body.stopRequested(open, force: true)
    #expect(late((1_000, slow), (1_000, Self.scheduled(1)), (1_000, stop)) == .notify)
    #expect(
      late((1_000, slow), (1_000, Self.scheduled(1)), (1_000, force), (1_000, stop)) == nil)
    #expect(late((900, force), (1_000, slow)) == .notify)
    #expect(late((900, force), (1_000, launched), (1_001, over)) == nil)
  }

  // MARK: What they are told

  private func told(
    _ changes: [String: String], after rounds: Int = 1, text: String = "run r of w: failed\n"
  ) throws -> Property? {
    let checker = NotifyChecker(Self.workflow)
    let moment = Moment(monotonic: Instant(microseconds: 0), wall: WallTime(microseconds: 0))
    let folder = RunFolder(path: "/r")
    func variables(_ key: String) -> [EnvironmentVariable] {
      let standard = [
        "FLOW_OUTCOME": "failed", "FLOW_FAILED_STEPS": "a", "FLOW_FAILURE": folder.failure,
        "FLOW_IDEMPOTENCY_KEY": key, "FLOW_NOTICE": "failed",
      ]
      return standard.merging(changes) { $1 }.map { EnvironmentVariable(name: $0, value: $1) }
    }
    do throws(Violation) {
      for round in 1...rounds {
        for body in round == 1 ? Self.failed : Self.again + Self.failed {
          try checker.learn(
            Event(sequence: 1, moment: moment, startsWakeUp: true, body: body))
        }
        for _ in 0..<2 {
          try checker.check(variables("k\(round)"), ofStep: 1, in: folder) { _ in Array(text.utf8) }
        }
      }
      return nil
    } catch { return error.property }
  }

  @Test func theyAreToldOfTheWholeRun() throws {
    #expect(try told([:]) == nil)
    #expect(try told([:], after: 2) == nil)
    #expect(try told(["FLOW_FAILURE": "/dev/null"]) == nil)
    #expect(try told(["FLOW_OUTCOME": "succeeded"]) == .notify)
    #expect(try told(["FLOW_NOTICE": "slow"]) == .notify)
    #expect(try told(["FLOW_PREVIOUS_OUTCOME": "failed"]) == .notify)
    #expect(try told(["FLOW_FAILED_STEPS": ""]) == .notify)
    #expect(try told(["FLOW_FAILURE": "/elsewhere"]) == .notify)
    #expect(try told([:], text: "run r of w: succeeded\n") == .notify)
    #expect(try told(["FLOW_IDEMPOTENCY_KEY": "k"], after: 2) == .notify)
  }
}
