import FlowCore
import Testing

@testable import FlowSimulation

/// Why and when a run stops, and how its attempts are told.
struct StopCheckerTests {
  private let first = AttemptID(step: 0, number: 1)
  private let second = AttemptID(step: 1, number: 1)
  private let cancel = Event.Body.cancelRequested(CancelRequest(id: 1, force: false))
  private let force = Event.Body.cancelRequested(CancelRequest(id: 2, force: true))
  private let failed = AttemptEnd(
    result: .exited(code: 1), cause: .byItself, durationMicroseconds: 5)

  private struct Said {
    var body: Event.Body
    /// Milliseconds of both clocks.
    var time: Int64 = 0
    var startsWakeUp = true
  }

  /// Which property is violated, and the checker after it.
  private func learn(
    _ said: [Said], failFast: Bool = false, allowFailure: Bool = false, timeout: Int64? = nil
  ) -> (fired: Property?, checker: StopChecker) {
    var settings = StepSettings()
    settings.allowFailure = allowFailure
    let steps = (0..<2).map { index in
      StepDefinition(id: "s\(index)", command: .program(["w"]), needs: [], settingsIndex: 0)
    }
    var workflow = WorkflowDefinition(name: "two", steps: steps, settings: [settings])
    workflow.failFast = failFast
    workflow.timeoutMilliseconds = timeout
    let checker = StopChecker(workflow)
    do throws(Violation) {
      for (index, said) in said.enumerated() {
        let time = said.time * 1_000
        let moment = Moment(
          monotonic: Instant(microseconds: time), wall: WallTime(microseconds: time))
        try checker.learn(
          Event(
            sequence: Int64(index) + 1, moment: moment, startsWakeUp: said.startsWakeUp,
            body: said.body))
      }
      return (nil, checker)
    } catch {
      return (error.property, checker)
    }
  }

  /// All in one wake-up, after two attempts were scheduled in another.
  private func fired(
    _ bodies: Event.Body..., failFast: Bool = false, allowFailure: Bool = false
  ) -> Property? {
    let rest = bodies.enumerated().map { Said(body: $1, startsWakeUp: $0 == 0) }
    let scheduled = [first, second].map { Said(body: .attemptScheduled($0)) }
    // The next wake-up ends this one.
    let next = Said(body: .clockJumped(microseconds: 1))
    return learn(scheduled + rest + [next], failFast: failFast, allowFailure: allowFailure).fired
  }

  private func stop(_ attempt: AttemptID, force: Bool = false) -> Event.Body {
    .stopRequested(attempt, force: force)
  }

  // MARK: Causes

  @Test func aRunThatIsToStopAndGoesOnFiresStop() {
    #expect(fired(cancel) == .stop)
    #expect(fired(cancel, .runStopping(.cancelled), stop(first), stop(second)) == nil)
    #expect(fired(cancel, .runStopping(.timedOut), stop(first), stop(second)) == .stop)
    #expect(fired(.runStopping(.cancelled), stop(first), stop(second)) == .stop)
  }

  @Test func aFailureStopsARunThatFailsFast() {
    let ended = Event.Body.attemptEnded(first, failed)
    let finished = Event.Body.stepFinished(step: 0, .failed)
    let stopping = Event.Body.runStopping(.failFast(step: 0))
    #expect(fired(ended, finished) == nil)
    #expect(fired(ended, finished, failFast: true) == .stop)
    #expect(fired(ended, finished, failFast: true, allowFailure: true) == nil)
    #expect(fired(ended, finished, stopping, stop(second), failFast: true) == nil)
    #expect(fired(ended, finished, stopping, failFast: true) == .stop)
    let end: [Event.Body] = [.attemptEnded(second, failed), .stepFinished(step: 1, .cancelled)]
    func outcome(_ outcome: RunOutcome) -> Property? {
      fired(
        ended, finished, stopping, stop(second), end[0], end[1], .runFinished(outcome),
        failFast: true)
    }
    #expect(outcome(.failed) == nil)
    #expect(outcome(.succeeded) == .stop)
  }

  @Test func whatBeginsInARunThatIsToStopFiresStop() {
    let third = AttemptID(step: 0, number: 2)
    let stopped: [Event.Body] = [cancel, .runStopping(.cancelled), stop(first), stop(second)]
    let beginnings: [Event.Body] = [
      .attemptScheduled(third), .retryScheduled(first, delayMilliseconds: 1),
      .rerunScheduled(first), .probeScheduled(first),
    ]
    for beginning in beginnings {
      #expect(fired(stopped[0], beginning) == .stop)
      #expect(fired(stopped[0], stopped[1], stopped[2], stopped[3], beginning) == .stop)
    }
  }

  // MARK: Timeouts

  private var started: Said { engine(life: 1, boot: "a", at: 0) }

  private func engine(life: Int32, boot: String, at time: Int64) -> Said {
    Said(
      body: .engineStarted(
        EngineStarted(life: life, processID: 1, host: HostContext(bootID: boot))), time: time)
  }

  private var created: Said {
    Said(
      body: .runCreated(
        RunCreated(
          runID: "run", seed: 1, policyVersion: Policy.current.rawValue, programVersion: "0",
          jobs: 1, definitionFolder: "/", definitionByteCount: 1)))
  }

  private func sleeps(_ said: [Said], until milliseconds: Int64?) -> Property? {
    let (fired, checker) = learn([created, started] + said, timeout: 1_000)
    if let fired { return fired }
    do throws(Violation) {
      try checker.checkWait(until: milliseconds.map { Instant(microseconds: $0 * 1_000) }) { _, _ in
        true
      }
      return nil
    } catch {
      return error.property
    }
  }

  @Test func anEngineThatSleepsPastTheTimeoutFiresTimeout() {
    #expect(sleeps([], until: 1_000) == nil)
    #expect(sleeps([], until: 1_001) == .timeout)
    #expect(sleeps([], until: nil) == .timeout)
    let passed = [
      Said(body: .timerFired(.runTimeout), time: 1_000),
      Said(body: .runStopping(.timedOut), time: 1_000, startsWakeUp: false),
    ]
    #expect(sleeps(passed, until: nil) == nil)
  }

  @Test func aTimeoutThatComesTooSoonFiresTimeout() {
    func fires(at time: Int64) -> Property? {
      learn([created, started, Said(body: .timerFired(.runTimeout), time: time)], timeout: 1_000)
        .fired
    }
    #expect(fires(at: 999) == .timeout)
    #expect(fires(at: 1_000) == nil)
  }

  /// The monotonic clock starts at zero with each boot; wall time goes on. Here both show the same.
  @Test func theTimeoutOfARunDoesNotBeginAnewWithAnEngine() {
    #expect(sleeps([engine(life: 2, boot: "a", at: 600)], until: 1_000) == nil)
    #expect(sleeps([engine(life: 2, boot: "a", at: 600)], until: 1_001) == .timeout)
    #expect(sleeps([engine(life: 2, boot: "b", at: 600)], until: 1_000) == nil)
    #expect(sleeps([engine(life: 2, boot: "b", at: 600)], until: 1_001) == .timeout)
    let round = [
      Said(body: .runFinished(.failed), time: 700),
      Said(body: .runReopened(ignoring: []), time: 800),
    ]
    #expect(sleeps(round, until: 1_800) == nil)
    #expect(sleeps(round, until: 1_801) == .timeout)
  }

  // MARK: Attempts

  @Test func anAttemptThatIsNotToldFiresStop() {
    #expect(fired(cancel, .runStopping(.cancelled), stop(first)) == .stop)
    let ended = Event.Body.attemptEnded(second, failed)
    #expect(fired(cancel, .runStopping(.cancelled), stop(first), ended) == nil)
    let withdrawn = Event.Body.attemptWithdrawn(second)
    #expect(fired(cancel, .runStopping(.cancelled), stop(first), withdrawn) == nil)
  }

  @Test func aGraceThatNobodyWantsFiresCancel() {
    let stopping = Event.Body.runStopping(.cancelled)
    #expect(fired(force, stopping, stop(first, force: true), stop(second, force: true)) == nil)
    #expect(fired(force, stopping, stop(first), stop(second)) == .cancel)
    #expect(fired(cancel, stopping, stop(first, force: true)) == .cancel)
    // A forced cancel during a stop: all attempts are told again.
    #expect(fired(cancel, stopping, stop(first), stop(second), force) == .stop)
    #expect(
      fired(
        cancel, stopping, stop(first), stop(second), force, stop(first, force: true),
        stop(second, force: true)) == nil)
  }

  @Test func aSignalThatIsNotWhatIsDurableFiresTarget() {
    let scheduled = Said(body: .attemptScheduled(first))
    func signal(_ events: [Event.Body], force: Bool) -> Property? {
      let said = events.enumerated().map { Said(body: $1, startsWakeUp: $0 == 0) }
      let checker = learn([scheduled] + said).checker
      do throws(Violation) {
        try checker.checkSignal(first, force: force)
        return nil
      } catch {
        return error.property
      }
    }
    let stopping = Event.Body.runStopping(.cancelled)
    #expect(signal([], force: false) == .target)
    #expect(signal([cancel, stopping, stop(first)], force: false) == nil)
    #expect(signal([cancel, stopping, stop(first)], force: true) == .target)
    #expect(signal([force, stopping, stop(first, force: true)], force: true) == nil)
    let again: [Event.Body] = [
      force, stopping, stop(first, force: true), .attemptWithdrawn(first),
      .stepSkipped(step: 0, .runStopping), .runFinished(.cancelled), .runReopened(ignoring: []),
      .attemptScheduled(first),
    ]
    #expect(signal(again, force: true) == .target, "it was told in another round")
    #expect(signal(again + [cancel, stopping, stop(first)], force: true) == .target)
    #expect(signal(again + [cancel, stopping, stop(first)], force: false) == nil)
  }

  @Test func anEngineThatWaitsForWhatItDoesNotTellFiresStop() {
    let stopping: [Event.Body] = [cancel, .runStopping(.cancelled), stop(first)]
    func waits(running: Bool, isUntold: Bool) -> Property? {
      let launched = Event.Body.attemptLaunched(first, processID: 9)
      let bodies = [.attemptScheduled(first)] + (running ? [launched] : []) + stopping
      let checker = learn(bodies.map { Said(body: $0, startsWakeUp: false) }).checker
      do throws(Violation) {
        try checker.checkWait(until: nil) { _, _ in isUntold }
        return nil
      } catch {
        return error.property
      }
    }
    #expect(waits(running: true, isUntold: true) == .stop)
    #expect(waits(running: true, isUntold: false) == nil)
    #expect(waits(running: false, isUntold: true) == nil, "it is on its way, and told later")
  }

  @Test func whoWasToldToEndIsToldAgainWhereThereIsNoGrace() {
    let launched: [Event.Body] = [
      .attemptScheduled(first), .attemptLaunched(first, processID: 9), cancel,
      .runStopping(.cancelled), stop(first),
    ]
    /// It was told to end with grace.
    func waits(_ bodies: [Event.Body]) -> Property? {
      let checker = learn(bodies.map { Said(body: $0, startsWakeUp: false) }).checker
      do throws(Violation) {
        try checker.checkWait(until: nil) { _, force in force }
        return nil
      } catch {
        return error.property
      }
    }
    #expect(waits(launched) == nil)
    #expect(waits(launched + [force, stop(first, force: true)]) == .stop)
  }
}
