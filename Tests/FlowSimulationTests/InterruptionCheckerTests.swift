import FlowCore
import Testing

@testable import FlowSimulation

/// What the history says of attempts that the system ended, and what follows from that.
struct InterruptionCheckerTests {
  private let attempt = AttemptID(step: 0, number: 1)
  private static let slack: Int64 = 1_000
  private static let grace: Int64 = 100_000

  private static func workflow(onLost: OnLost = .rerun) -> WorkflowDefinition {
    var settings = StepSettings(killGraceMilliseconds: grace / 1_000)
    settings.onLost = onLost
    let step = StepDefinition(id: "s", command: .program(["w"]), needs: [], settingsIndex: 0)
    return WorkflowDefinition(name: "one", steps: [step], settings: [settings])
  }

  private static func time(_ microseconds: Int64) -> WorldTime {
    WorldTime(microseconds: microseconds)
  }

  private func ledger(
    _ result: AttemptEnd.Result = .signalled(signal: 15), endedAt: Int64 = 1_000_000,
    toldAt: [Int64]
  ) -> Ledger {
    var ledger = Ledger()
    _ = ledger.forked(attempt, life: 1, at: Self.time(0))
    ledger.commandStarted(0, at: Self.time(0))
    ledger.commandEnded(0, result, at: Self.time(endedAt))
    for told in toldAt { ledger.toldToEnd(0, at: Self.time(told)) }
    return ledger
  }

  private func end(
    _ result: AttemptEnd.Result = .signalled(signal: 15), isInterrupted: Bool = true,
    cause: AttemptEnd.Cause = .byItself
  ) -> Event.Body {
    .attemptEnded(
      attempt,
      AttemptEnd(
        result: result, cause: cause, durationMicroseconds: 1, wasInterrupted: isInterrupted))
  }

  /// The bodies, each in a wake-up of its own, a millisecond apart.
  private func fired(
    _ ledger: Ledger, _ bodies: Event.Body..., onLost: OnLost = .rerun, sharing: Bool = false,
    after: (InterruptionChecker) throws(Violation) -> Void = { _ throws(Violation) in }
  ) -> Property? {
    let checker = InterruptionChecker(
      Self.workflow(onLost: onLost), slackMicroseconds: Self.slack)
    do throws(Violation) {
      for (index, body) in bodies.enumerated() {
        let moment = Moment(
          monotonic: Instant(microseconds: Int64(index) * 1_000), wall: WallTime(microseconds: 0))
        try checker.learn(
          Event(
            sequence: Int64(index) + 1, moment: moment, startsWakeUp: !sharing || index == 0,
            body: body), ledger)
      }
      try after(checker)
      return nil
    } catch {
      return error.property
    }
  }

  // MARK: What monitors heard

  @Test(
    arguments: [
      (900_000 - 1_000, true), (900_000 - 1_001, false), (1_500_000 + 1_000, true),
      (1_500_000 + 1_001, false),
    ] as [(Int64, Bool)])
  func anInterruptionWasHeardAboutThen(toldAt: Int64, isRight: Bool) {
    let result = AttemptEnd.Result.exited(code: 1)
    #expect(
      fired(ledger(result, toldAt: [toldAt]), end(result)) == (isRight ? nil : .interruption))
  }

  /// However short the grace is, dying of a signal takes a moment.
  @Test(
    arguments: [(500_000 - 1_000, true), (500_000 - 1_001, false)] as [(Int64, Bool)])
  func anInterruptionThatSIGTERMExplains(toldAt: Int64, isRight: Bool) {
    for result in [AttemptEnd.Result.signalled(signal: 15), .exited(code: 143)] {
      #expect(
        fired(ledger(result, toldAt: [toldAt]), end(result)) == (isRight ? nil : .interruption))
    }
  }

  @Test func whatNeverBeganWasNotInterrupted() {
    #expect(fired(Ledger(), end()) == .interruption)
    #expect(fired(ledger(toldAt: []), end()) == .interruption)
  }

  @Test(
    arguments: [
      (501_000, false), (500_999, true), (1_499_000, false), (1_499_001, true),
    ] as [(Int64, Bool)])
  func aFailureThatSIGTERMExplainsIsNone(toldAt: Int64, isRight: Bool) {
    for result in [AttemptEnd.Result.signalled(signal: 15), .exited(code: 143)] {
      let property = fired(
        ledger(result, toldAt: [toldAt]), end(result, isInterrupted: false))
      #expect(property == (isRight ? nil : .interruption))
    }
  }

  /// Another failure is not held back for a reason.
  @Test(arguments: [(1_000_000, false), (1_000_001, true)] as [(Int64, Bool)])
  func anyFailureAfterItIsNone(toldAt: Int64, isRight: Bool) {
    for result in [AttemptEnd.Result.signalled(signal: 9), .exited(code: 1)] {
      let property = fired(
        ledger(result, toldAt: [toldAt]), end(result, isInterrupted: false))
      #expect(property == (isRight ? nil : .interruption))
    }
  }

  @Test func otherEndsAreWhatTheyAre() {
    let told = ledger(.exited(code: 0), toldAt: [990_000])
    #expect(fired(told, end(.exited(code: 0), isInterrupted: false)) == nil)
    #expect(fired(ledger(toldAt: [990_000]), end(isInterrupted: false, cause: .stop)) == nil)
    #expect(fired(ledger(toldAt: [990_000]), end(.lost, isInterrupted: false)) == nil)
  }

  @Test func theFirstPolicyKnowsNoInterruptions() {
    let created = Event.Body.runCreated(
      RunCreated(
        runID: "r", seed: 1, policyVersion: 1, programVersion: "0", jobs: 1,
        definitionFolder: "/", definitionByteCount: 1))
    #expect(fired(ledger(toldAt: [990_000]), created, end(isInterrupted: false)) == nil)
  }

  // MARK: What follows

  private var interrupted: Ledger { ledger(toldAt: [990_000]) }

  @Test func itUsesUpNoRetry() {
    #expect(fired(interrupted, end(), .rerunScheduled(attempt)) == nil)
    #expect(fired(interrupted, end(), .probeScheduled(attempt)) == nil)
    #expect(
      fired(interrupted, end(), .retryScheduled(attempt, delayMilliseconds: 1)) == .interruption)
  }

  @Test func theStepFailsOnlyWhereItSaysSo() {
    #expect(fired(interrupted, end(), .stepFinished(step: 0, .failed)) == .interruption)
    #expect(fired(interrupted, end(), .stepFinished(step: 0, .failed), onLost: .fail) == nil)
    #expect(fired(interrupted, end(), .stepFinished(step: 0, .cancelled)) == nil)
    #expect(fired(interrupted, end(), .stepFinished(step: 0, .succeeded)) == .interruption)
  }

  // MARK: The pause

  private let started = Event.Body.engineStarted(
    EngineStarted(life: 2, processID: 9, host: HostContext(bootID: "b")))
  private let next = Event.Body.attemptScheduled(AttemptID(step: 0, number: 2))

  @Test func nothingIsScheduledRightAfterIt() {
    #expect(fired(interrupted, end(), .rerunScheduled(attempt), next) == .interruption)
    #expect(fired(interrupted, end(), .rerunScheduled(attempt), started, next) == nil)
    #expect(fired(interrupted, started, end(), next) == .interruption)
    #expect(fired(interrupted, started, end(), next, sharing: true) == nil)
  }

  @Test(arguments: [(29_999_999, true, false), (29_999_999, false, true), (30_000_000, true, true)])
  func nothingIsLaunchedRightAfterIt(at time: Int64, isPrompt: Bool, isRight: Bool) {
    let property = fired(interrupted, end()) { (checker) throws(Violation) in
      try checker.checkLaunch(
        AttemptID(step: 0, number: 2), isPrompt: isPrompt, at: Instant(microseconds: time))
    }
    #expect(property == (isRight ? nil : .interruption))
  }

  @Test func whatWasLaunchedBeforeMayBeLaunchedAgain() {
    let property = fired(interrupted, end()) { (checker) throws(Violation) in
      try checker.checkLaunch(attempt, isPrompt: false, at: Instant(microseconds: 0))
      try checker.checkLaunch(attempt, isPrompt: true, at: Instant(microseconds: 1))
    }
    #expect(property == nil)
  }
}
