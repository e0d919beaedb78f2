import FlowCore
import Testing

@testable import FlowSimulation

/// What must follow the end of an attempt, by the settings of its step.
struct PolicyCheckerTests {
  private let first = AttemptID(step: 0, number: 1)
  private let second = AttemptID(step: 0, number: 2)
  private let retry = Event.Body.retryScheduled(
    AttemptID(step: 0, number: 1), delayMilliseconds: 1)
  private let rerun = Event.Body.rerunScheduled(AttemptID(step: 0, number: 1))
  private let probe = Event.Body.probeScheduled(AttemptID(step: 0, number: 1))
  private let stopping = Event.Body.runStopping(.cancelled)

  private func settings(_ change: (inout StepSettings) -> Void = { _ in }) -> StepSettings {
    var settings = StepSettings()
    settings.retry.maxAttempts = 2
    change(&settings)
    return settings
  }

  private func fired(_ settings: StepSettings, _ bodies: Event.Body...) -> Property? {
    fired(settings, bodies)
  }

  private func fired(_ settings: StepSettings, _ bodies: [Event.Body]) -> Property? {
    let step = StepDefinition(id: "s", command: .program(["w"]), needs: [], settingsIndex: 0)
    let checker = PolicyChecker(
      WorkflowDefinition(name: "one", steps: [step], settings: [settings]))
    return violation(in: bodies) { (event) throws(Violation) in try checker.learn(event) }?.property
  }

  private func ended(
    _ result: AttemptEnd.Result, _ cause: AttemptEnd.Cause = .byItself, _ attempt: Int32 = 1
  ) -> Event.Body {
    .attemptEnded(
      AttemptID(step: 0, number: attempt),
      AttemptEnd(result: result, cause: cause, durationMicroseconds: 1))
  }

  private func finished(_ outcome: StepOutcome) -> Event.Body {
    .stepFinished(step: 0, outcome)
  }

  @Test func aSuccessIsTheEndOfItsStep() {
    let success = ended(.exited(code: 0))
    #expect(fired(settings(), success, finished(.succeeded)) == nil)
    #expect(fired(settings(), success, finished(.failed)) == .retry)
    #expect(fired(settings(), success, retry) == .retry)
  }

  /// Seconds 1, 1.5, 2.25 and at most 2: the delay of a failure, with and without jitter.
  @Test func aDelayIsAsLongAsThePolicyAndTheSeedMakeIt() {
    let created = Event.Body.runCreated(
      RunCreated(
        runID: "one", seed: 7, policyVersion: 2, programVersion: "1", jobs: 1,
        definitionFolder: "/", definitionByteCount: 1))
    let exact = settings {
      $0.retry = RetryPolicy(
        maxAttempts: 9, multiplierThousandths: 1_500, maxDelayMilliseconds: 2_000, jitter: .none)
    }
    func delays(_ settings: StepSettings, _ milliseconds: [Int64]) -> Property? {
      var bodies = [created]
      for (index, delay) in milliseconds.enumerated() {
        let number = Int32(index) + 1
        bodies.append(ended(.exited(code: 3), .byItself, number))
        bodies.append(
          .retryScheduled(AttemptID(step: 0, number: number), delayMilliseconds: delay))
      }
      return fired(settings, bodies)
    }
    #expect(delays(exact, [1_000, 1_500, 2_000, 2_000]) == nil)
    #expect(delays(exact, [1_001]) == .retry)
    #expect(delays(exact, [1_000, 1_000]) == .retry)
    #expect(delays(exact, [1_000, 1_500, 2_250]) == .retry)
    var drawn = exact
    drawn.retry.jitter = .full
    let draw = drawn.retry.delayMilliseconds(afterFailures: 1, seed: 7, step: 0)
    #expect(delays(drawn, [draw]) == nil)
    #expect(delays(drawn, [draw + 1]) == .retry)
    #expect(delays(drawn, [draw - 1]) == .retry)
  }

  @Test func aFailureIsTriedAgainUntilItsAttemptsAreUsedUp() {
    let failure = ended(.exited(code: 3))
    let last = ended(.signalled(signal: 6), .byItself, 2)
    #expect(fired(settings(), failure, retry) == nil)
    #expect(fired(settings(), failure, finished(.failed)) == .retry)
    #expect(fired(settings(), failure, retry, last, finished(.failed)) == nil)
    #expect(
      fired(settings(), failure, retry, last, .retryScheduled(second, delayMilliseconds: 1))
        == .retry)
    let another: [Event.Body] = [.runReopened(ignoring: []), failure]
    #expect(
      fired(settings(), failure, retry, last, finished(.failed), another[0], another[1], retry)
        == nil)
  }

  @Test func onlyWhatTheStepNamesIsTriedAgain() {
    let some = settings {
      $0.retry.on = [.exit, .timeout]
      $0.retry.exitCodes = [4]
    }
    for (end, isCovered) in [
      (ended(.exited(code: 4)), true), (ended(.exited(code: 5)), false),
      (ended(.signalled(signal: 6)), false), (ended(.signalled(signal: 15), .deadline), true),
      (ended(.launchFailed(LaunchFailure(operation: .execute, errno: 2))), false),
    ] {
      #expect(fired(some, end, retry) == (isCovered ? nil : .retry))
      #expect(fired(some, end, finished(.failed)) == (isCovered ? .retry : nil))
    }
  }

  @Test func whatIsLostGoesOnAsTheStepSays() {
    let lost = ended(.lost)
    for (policy, body) in [
      (OnLost.rerun, rerun), (.probe, probe), (.fail, finished(.failed)),
    ] {
      let settings = settings { $0.onLost = policy }
      for other in [rerun, probe, finished(.failed)] {
        #expect(fired(settings, lost, other) == (other == body ? nil : .retry))
      }
    }
    let again = settings()
    #expect(fired(again, lost, rerun, lost, rerun, lost, rerun, lost, finished(.failed)) == nil)
    #expect(fired(again, lost, rerun, lost, rerun, lost, rerun, lost, rerun) == .retry)
  }

  @Test func whatTheProbeSaysIsWhatFollows() {
    let probing = settings { $0.onLost = .probe }
    let lost = ended(.lost)
    for (code, body) in [
      (0, finished(.succeeded)), (1, rerun), (2, finished(.failed)),
    ] as [(UInt8, Event.Body)] {
      let answer = ended(.exited(code: code), .byItself, 2)
      for other in [finished(.succeeded), rerun, finished(.failed), retry] {
        #expect(fired(probing, lost, probe, answer, other) == (other == body ? nil : .retry))
      }
    }
  }

  @Test func inARunThatStopsNothingIsTriedAgain() {
    for end in [ended(.exited(code: 3)), ended(.lost), ended(.signalled(signal: 15), .stop)] {
      #expect(fired(settings(), stopping, end, finished(.cancelled)) == nil)
      #expect(fired(settings(), stopping, end, retry) == .retry)
      #expect(fired(settings(), stopping, end, finished(.failed)) == .retry)
    }
    // A step that waited for its retry.
    #expect(fired(settings(), finished(.cancelled)) == .retry)
    #expect(fired(settings(), stopping, finished(.cancelled)) == nil)
  }

  @Test func whatCannotBeKilledHasFailed() {
    let end = AttemptEnd(
      result: .signalled(signal: 9), cause: .stop, durationMicroseconds: 1, unkillable: 1)
    #expect(fired(settings(), .attemptEnded(first, end), finished(.failed)) == nil)
    #expect(fired(settings(), .attemptEnded(first, end), retry) == .retry)
  }
}
