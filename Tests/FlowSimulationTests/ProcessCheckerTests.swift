import FlowCore
import Testing

@testable import FlowSimulation

/// The checkers that compare what the history says with what processes really did.
struct ProcessCheckerTests {
  private let start = Instant(microseconds: 0)
  private let first = AttemptID(step: 0, number: 1)
  private let again = AttemptID(step: 0, number: 2)
  private let success = AttemptEnd(
    result: .exited(code: 0), cause: .byItself, durationMicroseconds: 5)
  private let failure = AttemptEnd(
    result: .exited(code: 1), cause: .byItself, durationMicroseconds: 5)

  private static func workflow(
    stragglers: StragglerPolicy = .kill, onLost: OnLost = .rerun
  ) -> WorkflowDefinition {
    var settings = StepSettings()
    settings.retry.maxAttempts = 2
    settings.timeoutMilliseconds = 1_000
    settings.killGraceMilliseconds = 100
    settings.stragglers = stragglers
    settings.onLost = onLost
    settings.probe = .program(["probe"])
    let steps = [[], [0]].enumerated().map { index, needs in
      StepDefinition(
        id: "s\(index)", command: .program(["work"]), needs: needs, settingsIndex: 0)
    }
    return WorkflowDefinition(name: "two", steps: steps, settings: [settings])
  }

  private func event(
    _ sequence: Int, _ body: Event.Body, at time: Int64 = 0, wall: Int64 = 0
  ) -> Event {
    Event(
      sequence: Int64(sequence),
      moment: Moment(
        monotonic: Instant(microseconds: time), wall: WallTime(microseconds: wall)),
      startsWakeUp: true, body: body)
  }

  private func time(_ microseconds: Int64) -> WorldTime { WorldTime(microseconds: microseconds) }

  /// The property that a check finds violated, if any.
  private func fired(_ check: () throws(Violation) -> Void) -> Property? {
    do throws(Violation) {
      try check()
      return nil
    } catch {
      return error.property
    }
  }

  // MARK: Launches

  private func send(
    _ attempt: AttemptID, _ task: AttemptTask = .command, at time: Int64 = 0,
    after events: [Event.Body],
    _ workflow: WorkflowDefinition = workflow()
  ) -> Property? {
    let checker = LaunchChecker(workflow, jobs: 2)
    return fired { () throws(Violation) in
      for (index, body) in events.enumerated() {
        try checker.learn(event(index + 1, body), at: start)
      }
      try checker.checkSent(attempt, task, at: Instant(microseconds: time))
    }
  }

  @Test func aLaunchNeedsItsIntent() {
    #expect(send(first, after: [.attemptScheduled(first)]) == nil)
    #expect(send(first, after: []) == .intent)
    #expect(send(first, after: [.attemptScheduled(first), .attemptWithdrawn(first)]) == .intent)
  }

  @Test func aLaunchAfterACancelFiresCancel() {
    let cancel = Event.Body.cancelRequested(CancelRequest(id: 1, force: false))
    #expect(send(first, after: [.attemptScheduled(first), cancel]) == .cancel)
    let next: [Event.Body] = [
      .attemptScheduled(first), cancel, .runReopened(ignoring: []), .attemptScheduled(again),
    ]
    #expect(send(again, after: next) == nil)
  }

  /// A launch that found no space is repeated by itself, until a stop is on its way.
  @Test(arguments: [(0, nil), (1, .cancel)] as [(Int64, Property?)])
  func whatIsOnItsWayWhenACancelBecomesDurableIsNotNew(later: Int64, expected: Property?) {
    let checker = LaunchChecker(Self.workflow(), jobs: 2)
    let cancel = Event.Body.cancelRequested(CancelRequest(id: 1, force: false))
    let cancelled = Instant(microseconds: 9)
    let violated = fired { () throws(Violation) in
      try checker.learn(event(1, .attemptScheduled(first)), at: start)
      try checker.checkSent(first, at: start)
      try checker.learn(event(2, cancel), at: cancelled)
      try checker.checkSent(first, at: cancelled.advanced(byMicroseconds: later))
    }
    #expect(violated == expected)
  }

  @Test func anotherRoundLicensesWhatDidNotSucceedAndNothingElse() {
    let round: [Event.Body] = [.runReopened(ignoring: []), .attemptScheduled(again)]
    func secondRound(after outcome: StepOutcome) -> [Event.Body] {
      [.attemptScheduled(first), .stepFinished(step: 0, outcome)] + round
    }
    #expect(send(again, after: secondRound(after: .failed)) == nil)
    #expect(send(again, after: secondRound(after: .succeeded)) == .again)
    let second = AttemptID(step: 1, number: 1)
    let dependent: [Event.Body] = [.runReopened(ignoring: []), .attemptScheduled(second)]
    #expect(send(second, after: [.stepFinished(step: 0, .succeeded)] + dependent) == nil)
    var lenient = Self.workflow()
    lenient.settings[0].allowFailure = true
    // Its need runs again first.
    #expect(send(second, after: [.stepFinished(step: 0, .failed)] + dependent, lenient) == .order)
  }

  @Test func aLaunchBeforeItsNeedIsDoneFiresOrder() {
    let second = AttemptID(step: 1, number: 1)
    let intent = Event.Body.attemptScheduled(second)
    #expect(send(second, after: [intent]) == .order)
    #expect(send(second, after: [intent, .stepFinished(step: 0, .failed)]) == .order)
    #expect(send(second, after: [intent, .stepFinished(step: 0, .succeeded)]) == nil)
  }

  @Test func aSecondAttemptNeedsALicence() {
    let intent = Event.Body.attemptScheduled(again)
    let retry = Event.Body.retryScheduled(first, delayMilliseconds: 1)
    let ended = Event.Body.attemptEnded(first, failure)
    #expect(send(again, at: 1_000, after: [ended, retry, intent]) == nil)
    #expect(send(again, at: 999, after: [ended, retry, intent]) == .retry)
    #expect(send(again, at: 1_000, after: [ended, ended, retry, intent]) == .retry)
    #expect(send(again, at: 1_000, after: [ended, intent]) == .again)
    let succeeded = Event.Body.attemptEnded(first, success)
    #expect(send(again, at: 1_000, after: [succeeded, retry, intent]) == .again)
  }

  @Test func onlyWhatWasLostIsRunAgainAtOnce() {
    let rerun = Event.Body.rerunScheduled(first)
    let intent = Event.Body.attemptScheduled(again)
    let lost = Event.Body.attemptEnded(first, .lost())
    #expect(send(again, after: [lost, rerun, intent]) == nil)
    #expect(send(again, after: [.attemptEnded(first, failure), rerun, intent]) == .again)
    #expect(
      send(again, after: [.attemptEnded(first, .lost(unkillable: 1)), rerun, intent]) == .again)
    #expect(send(again, after: [lost, rerun, intent], Self.workflow(onLost: .fail)) == .again)
    let often = [Event.Body](repeating: lost, count: Int(Decider.maxReruns) + 1)
    #expect(send(again, after: often + [rerun, intent]) == .again)
  }

  @Test func aProbeLicensesARunThatItSaysDidNotHappen() {
    let workflow = Self.workflow(onLost: .probe)
    let third = AttemptID(step: 0, number: 3)
    let asked: [Event.Body] = [
      .attemptEnded(first, .lost()), .probeScheduled(first), .attemptScheduled(again),
    ]
    #expect(send(again, .probe, after: asked, workflow) == nil)
    #expect(send(again, .command, after: asked, workflow) == .again)
    func answered(_ end: AttemptEnd) -> [Event.Body] {
      asked + [.attemptEnded(again, end), .rerunScheduled(again), .attemptScheduled(third)]
    }
    #expect(send(third, after: answered(failure), workflow) == nil)
    #expect(send(third, after: answered(success), workflow) == .again)
    #expect(send(third, after: answered(.lost()), workflow) == .again)
    #expect(send(first, .probe, after: [.attemptScheduled(first)], workflow) == .again)
  }

  @Test func aPublicationFollowsACommandThatHasSucceededOrAPublicationThatWasLost() {
    var workflow = Self.workflow()
    var extras = StepExtras()
    extras.files = ["x"]
    workflow.give(extras, toStep: 0)
    let third = AttemptID(step: 0, number: 3)
    let intent = Event.Body.attemptScheduled(again)
    let publish = Event.Body.publishScheduled(first, completes: false)
    let made: [Event.Body] = [
      .attemptScheduled(first), .attemptEnded(first, success), publish, intent,
    ]
    #expect(send(again, .publication, after: made, workflow) == nil)
    #expect(send(again, after: made, workflow) == .again)
    #expect(send(again, .publication, after: made) == .files, "the step declares no files")
    let failed: [Event.Body] = [.attemptScheduled(first), .attemptEnded(first, failure)]
    #expect(send(again, .publication, after: failed + [publish, intent], workflow) == .files)
    let completion = Event.Body.publishScheduled(first, completes: true)
    let soon: [Event.Body] = [.attemptScheduled(first), .attemptEnded(first, success), completion]
    #expect(send(again, .completion, after: soon + [intent], workflow) == .files, "the same boot")
    func followed(by end: AttemptEnd) -> [Event.Body] {
      made + [
        .attemptEnded(again, end), .publishScheduled(again, completes: false),
        .attemptScheduled(third),
      ]
    }
    #expect(send(third, .publication, after: followed(by: .lost()), workflow) == nil)
    #expect(send(third, .publication, after: followed(by: success), workflow) == .files)
  }

  /// The monotonic clock starts at zero with each boot; the rest of a delay goes on, less the wall
  /// time since.
  @Test(arguments: [(0, 2_000), (500, 1_500), (3_000, 0), (-700, 2_000)] as [(Int64, Int64)])
  func aDelayGoesOnAfterAReboot(wall: Int64, rest: Int64) {
    func send(at time: Int64) -> Property? {
      let checker = LaunchChecker(Self.workflow(), jobs: 2)
      func started(_ boot: String) -> Event.Body {
        .engineStarted(EngineStarted(life: 1, processID: 2, host: HostContext(bootID: boot)))
      }
      return fired { () throws(Violation) in
        try checker.learn(event(1, started("1"), at: 50_000), at: start)
        try checker.learn(event(2, .attemptEnded(first, failure), at: 50_000), at: start)
        try checker.learn(
          event(3, .retryScheduled(first, delayMilliseconds: 2), at: 50_000), at: start)
        try checker.learn(event(4, started("2"), at: 7, wall: wall), at: start)
        try checker.learn(event(5, .attemptScheduled(again), at: 7, wall: wall), at: start)
        try checker.checkSent(again, at: Instant(microseconds: time))
      }
    }
    #expect(send(at: 7 + rest) == nil)
    if rest > 0 { #expect(send(at: 6 + rest) == .retry) }
  }

  // MARK: Starts

  private enum Fate {
    case runs
    case ended(AttemptEnd.Result)
    case leftSomething
  }

  private func start(
    _ attempt: AttemptID, scheduled: [AttemptID], jobs: Int = 2,
    ran earlier: [(AttemptID, life: Int, Fate)] = [],
    _ workflow: WorkflowDefinition = workflow()
  ) -> Property? {
    let checker = LaunchChecker(workflow, jobs: jobs)
    var ledger = Ledger()
    return fired { () throws(Violation) in
      for (index, id) in scheduled.enumerated() {
        try checker.learn(event(index + 1, .attemptScheduled(id)), at: start)
      }
      for (attempt, life, fate) in earlier {
        let entry = ledger.forked(attempt, life: life, at: time(0))
        ledger.commandStarted(entry, at: time(0))
        switch fate {
        case .runs: break
        case .ended(let result): ledger.commandEnded(entry, result, at: time(0))
        case .leftSomething:
          ledger.descendantStarted(entry, at: time(0))
          ledger.commandEnded(entry, .exited(code: 0), at: time(0))
        }
      }
      let entry = ledger.forked(attempt, life: 2, at: time(0))
      ledger.commandStarted(entry, at: time(0))
      try checker.checkStarted(entry, ledger)
    }
  }

  @Test func anAttemptThatRanFiresIntent() {
    let ran: [(AttemptID, life: Int, Fate)] = [(first, 1, .ended(.exited(code: 0)))]
    #expect(start(first, scheduled: [first]) == nil)
    #expect(start(first, scheduled: []) == .intent)
    #expect(start(first, scheduled: [first], ran: ran) == .intent)
  }

  @Test func whatRunsBesideAnEarlierAttemptFiresAgain() {
    #expect(start(again, scheduled: [again], ran: [(first, 1, .runs)]) == .again)
    #expect(start(again, scheduled: [again], ran: [(first, 1, .leftSomething)]) == .again)
    #expect(
      start(
        again, scheduled: [again], ran: [(first, 1, .leftSomething)],
        Self.workflow(stragglers: .keep)) == nil)
    #expect(
      start(again, scheduled: [again], ran: [(first, 1, .ended(.exited(code: 1)))]) == nil)
  }

  @Test func oneMoreThanJobsFiresSlotsAndSurvivorsDoNotCount() {
    let other = AttemptID(step: 1, number: 1)
    #expect(start(first, scheduled: [first], jobs: 1, ran: [(other, 2, .runs)]) == .slots)
    #expect(start(first, scheduled: [first], jobs: 1, ran: [(other, 1, .runs)]) == nil)
  }

  @Test func aNeedThatDidNotReallySucceedFiresOrder() {
    let second = AttemptID(step: 1, number: 1)
    func start(_ result: AttemptEnd.Result) -> Property? {
      self.start(second, scheduled: [second], ran: [(first, 1, .ended(result))])
    }
    #expect(start(.exited(code: 0)) == nil)
    #expect(start(.exited(code: 1)) == .order)
    #expect(start(.signalled(signal: 9)) == .order)
    #expect(self.start(second, scheduled: [second]) == .order)
  }

  // MARK: truth

  /// - Parameter truth: what happens to the attempt, which was forked at 0.
  private func say(
    _ end: AttemptEnd, at now: Int64 = 1_000, bootID: String = "1",
    _ workflow: WorkflowDefinition = workflow(),
    truth: (_ ledger: inout Ledger, _ entry: Int) -> Void
  ) -> Property? {
    var ledger = Ledger()
    let entry = ledger.forked(first, life: 1, at: time(0))
    truth(&ledger, entry)
    let checker = EndChecker(workflow, slackMicroseconds: 10)
    let started = EngineStarted(life: 1, processID: 2, host: HostContext(bootID: "1"))
    let bodies: [Event.Body] = [
      .engineStarted(started), .attemptScheduled(first), .attemptEnded(first, end),
    ]
    return fired { () throws(Violation) in
      for (index, body) in bodies.enumerated() {
        try checker.learn(
          event(index + 1, body), ledger, host: HostContext(bootID: bootID), at: time(now))
      }
    }
  }

  private func end(
    _ result: AttemptEnd.Result, _ cause: AttemptEnd.Cause = .byItself, unkillable: Int32 = 0
  ) -> AttemptEnd {
    AttemptEnd(
      result: result, cause: cause, durationMicroseconds: 0, unkillable: unkillable)
  }

  @Test(arguments: ["runs", "never began", "lost power"])
  func whatIsFoundToRunDoes(fate: String) {
    var ledger = Ledger()
    if fate != "never began" {
      ledger.commandStarted(ledger.forked(first, life: 1, at: time(0)), at: time(1))
    }
    if fate == "lost power" { ledger.powerLost(at: time(5)) }
    let checker = EndChecker(Self.workflow(), slackMicroseconds: 10)
    let host = HostContext(bootID: "1")
    let fired = fired { () throws(Violation) in
      try checker.learn(
        event(1, .engineStarted(EngineStarted(life: 1, processID: 2, host: host))), ledger,
        host: host, at: time(8))
      try checker.learn(
        event(2, .attemptFound(first, .running(processID: 0, forMicroseconds: 0))), ledger,
        host: host, at: time(9))
    }
    #expect(fired == (fate == "runs" ? nil : .truth))
  }

  @Test func anotherResultThanTheRealOneFiresTruth() {
    func say(_ end: AttemptEnd, _ result: AttemptEnd.Result) -> Property? {
      self.say(end) { ledger, entry in
        ledger.commandStarted(entry, at: time(0))
        ledger.commandEnded(entry, result, at: time(500))
      }
    }
    #expect(say(success, .exited(code: 0)) == nil)
    #expect(say(success, .signalled(signal: 9)) == .truth)
    #expect(say(failure, .exited(code: 2)) == .truth)
    #expect(self.say(success) { _, _ in } == .truth)
    #expect(self.say(success) { $0.commandStarted($1, at: time(0)) } == .truth)
  }

  @Test func anEndBesideLivingProcessesFiresTruth() {
    func leave(_ ledger: inout Ledger, _ entry: Int) {
      ledger.commandStarted(entry, at: time(0))
      ledger.descendantStarted(entry, at: time(1))
      ledger.commandEnded(entry, .exited(code: 0), at: time(2))
    }
    #expect(say(success, truth: leave) == .truth)
    #expect(say(success, Self.workflow(stragglers: .keep), truth: leave) == nil)
    #expect(say(.lost(), Self.workflow(stragglers: .keep), truth: leave) == .truth)
    #expect(say(end(.exited(code: 0), unkillable: 1), truth: leave) == nil)
  }

  @Test func aLossThatNothingExplainsFiresTruth() {
    func finish(_ ledger: inout Ledger, _ entry: Int) {
      ledger.commandStarted(entry, at: time(0))
      ledger.commandEnded(entry, .exited(code: 0), at: time(2))
    }
    #expect(say(.lost(), truth: finish) == .truth)
    #expect(say(.lost(), bootID: "2", truth: finish) == nil)
    #expect(
      say(.lost()) { ledger, entry in
        finish(&ledger, entry)
        ledger.monitorEnded(entry, wasKilled: true, at: time(3))
      } == nil)
    #expect(
      say(.lost()) { ledger, entry in
        finish(&ledger, entry)
        ledger.recordWritten(entry, failed: true)
      } == nil)
  }

  @Test func aLaunchThatDidNotFailSoFiresTruth() {
    let failure = LaunchFailure(operation: .execute, errno: 2)
    let refused = LaunchFailure(operation: .createRecord, errno: 5)
    #expect(say(end(.launchFailed(failure))) { $0.notStarted($1, failure, at: time(0)) } == nil)
    #expect(say(end(.launchFailed(failure))) { _, _ in } == .truth)
    #expect(say(end(.launchFailed(refused))) { _, _ in } == nil)
    #expect(
      say(end(.launchFailed(refused))) { ledger, entry in
        ledger.commandStarted(entry, at: time(0))
        ledger.commandEnded(entry, .exited(code: 0), at: time(0))
      } == .truth)
  }

  @Test func anotherCauseThanTheRealOneFiresTruth() {
    func say(
      _ cause: AttemptEnd.Cause, endingAt ended: Int64, stopAt: Int64? = nil, force: Bool = false
    ) -> Property? {
      self.say(end(.signalled(signal: 15), cause), at: 2_000_000) { ledger, entry in
        ledger.commandStarted(entry, at: time(0))
        if let stopAt { ledger.stopAsked(entry, force: force, at: time(stopAt)) }
        ledger.commandEnded(entry, .signalled(signal: 15), at: time(ended))
      }
    }
    #expect(say(.byItself, endingAt: 500) == nil)
    #expect(say(.byItself, endingAt: 1_000_011) == .truth)
    #expect(say(.byItself, endingAt: 500, stopAt: 500) == nil)
    #expect(say(.byItself, endingAt: 500, stopAt: 400) == .truth)
    #expect(say(.deadline, endingAt: 1_000_000) == nil)
    #expect(say(.deadline, endingAt: 500_000) == .truth)
    #expect(say(.stop, endingAt: 500, stopAt: 400) == nil)
    #expect(say(.stop, endingAt: 500) == .truth)
    #expect(say(.force, endingAt: 500, stopAt: 400, force: true) == nil)
    #expect(say(.force, endingAt: 500, stopAt: 400) == .truth)
  }

  // MARK: The end

  private func over(
    _ end: AttemptEnd? = nil, _ workflow: WorkflowDefinition = workflow(),
    truth: (_ ledger: inout Ledger, _ entry: Int) -> Void
  ) -> Property? {
    var ledger = Ledger()
    let entry = ledger.forked(first, life: 1, at: time(0))
    ledger.commandStarted(entry, at: time(0))
    truth(&ledger, entry)
    let end = end ?? success
    return fired { () throws(Violation) in
      try LedgerChecker.check(ledger, workflow, ends: [first: end], slackMicroseconds: 10)
    }
  }

  @Test func whatRunsOnFiresOrphans() {
    #expect(over { _, _ in } == .orphans)
    #expect(over { $0.commandEnded($1, .exited(code: 0), at: time(5)) } == nil)
    func leave(_ ledger: inout Ledger, _ entry: Int) {
      ledger.descendantStarted(entry, isUnkillable: true, at: time(1))
      ledger.commandEnded(entry, .exited(code: 0), at: time(2))
    }
    #expect(over(truth: leave) == .orphans)
    #expect(over(end(.exited(code: 0), unkillable: 1), truth: leave) == nil)
    #expect(over(success, Self.workflow(stragglers: .keep), truth: leave) == nil)
  }

  @Test func whatTheHistoryDoesNotKnowFiresTruth() {
    var ledger = Ledger()
    ledger.commandStarted(ledger.forked(first, life: 1, at: time(0)), at: time(0))
    #expect(
      fired { () throws(Violation) in
        try LedgerChecker.check(ledger, Self.workflow(), ends: [:], slackMicroseconds: 10)
      } == .truth)
  }

  @Test func whatOutlivesItsTimeFiresTimeoutUnlessItsMonitorIsGone() {
    func over(until time: Int64, killed: Bool = false) -> Property? {
      self.over { ledger, entry in
        ledger.commandEnded(entry, .exited(code: 0), at: self.time(time))
        if killed { ledger.monitorEnded(entry, wasKilled: true, at: self.time(1)) }
      }
    }
    #expect(over(until: 1_100_010) == nil)
    #expect(over(until: 1_100_011) == .timeout)
    #expect(over(until: 1_100_011, killed: true) == nil)
  }

  @Test(arguments: [(false, 100_510), (true, 510)] as [(Bool, Int64)])
  func whatOutlivesItsStopFiresCancel(force: Bool, latest: Int64) {
    func over(until time: Int64) -> Property? {
      self.over { ledger, entry in
        ledger.stopAsked(entry, force: force, at: self.time(500))
        ledger.commandEnded(entry, .signalled(signal: 9), at: self.time(time))
      }
    }
    #expect(over(until: latest) == nil)
    #expect(over(until: latest + 1) == .cancel)
  }
}
