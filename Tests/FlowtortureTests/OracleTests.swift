import FlowtortureCommands
import Testing

/// Every oracle fires on what it is there for, and on nothing else.
struct OracleTests {
  private typealias C = Chronicle
  private var chronicle = Chronicle()

  @Test func aRoundThatWentWellIsLeftAlone() {
    #expect(chronicle.violations == [])
  }

  // MARK: Intent

  @Test mutating func aCommandWithoutIntent() {
    chronicle.record.ledger.append(LedgerLine(45_000, .start, AttemptName("b", 2)))
    #expect(chronicle.fired.contains(.intent))
  }

  @Test mutating func anAttemptThatRunsTwice() {
    chronicle.record.ledger.insert(LedgerLine(41_000, .start, C.b1, process: 2), at: 5)
    #expect(chronicle.fired == [.intent])
  }

  @Test mutating func aCommandThatIsAheadOfItsIntent() {
    chronicle.record.ledger[2] = LedgerLine(28_999, .start, C.a2)
    #expect(chronicle.fired == [.intent])
  }

  @Test mutating func aStepInPlaceOfItsProbe() {
    chronicle.record.ledger[4] = LedgerLine(40_000, .probe, C.b1)
    #expect(chronicle.fired.contains(.intent))
  }

  @Test mutating func aLineThatNobodyWrites() {
    chronicle.record.foreignLines = ["garbage"]
    #expect(chronicle.fired == [.intent])
  }

  // MARK: Again

  @Test mutating func anAttemptWithoutALicence() {
    chronicle.remove(6...7)
    #expect(chronicle.fired.contains(.again))
  }

  @Test mutating func workBesideItself() {
    chronicle.record.ledger.insert(LedgerLine(31_000, .beat, C.a1), at: 3)
    #expect(chronicle.fired.contains(.again))
  }

  @Test mutating func aChildBesideItsSuccessor() {
    chronicle.record.ledger.insert(LedgerLine(31_000, .childBeat, C.a1), at: 3)
    #expect(chronicle.fired.contains(.again))
    chronicle.record.plan.steps[0].keepsStragglers = true
    #expect(!chronicle.fired.contains(.again))
  }

  @Test mutating func aStepThatRunsAgainAfterItSucceeded() {
    chronicle.insert(at: 14, (59_000, .scheduled(AttemptName("a", 3))))
    #expect(chronicle.fired.contains(.again))
  }

  // MARK: Order

  @Test mutating func aStepBeforeItsNeed() {
    chronicle.insert(at: 4, (0, .scheduled(C.b1)))
    chronicle.remove(12...12)
    #expect(chronicle.fired == [.order])
  }

  @Test mutating func aCommandBeforeItsNeed() {
    chronicle.record.ledger[2] = LedgerLine(41_000, .start, C.a2)
    #expect(chronicle.fired.contains(.order))
  }

  // MARK: Retry

  @Test mutating func aDelayThatIsCutShort() {
    chronicle.replace(8, at: 28_000, .scheduled(C.a2))
    #expect(chronicle.fired == [.retry])
  }

  @Test mutating func anotherDelayThanThePolicySays() {
    chronicle.replace(6, .retryScheduled(C.a1, delayMilliseconds: 19))
    #expect(chronicle.fired == [.retry])
    chronicle.record.plan.steps[0].retry.hasJitter = true
    #expect(chronicle.fired == [])
  }

  @Test mutating func oneAttemptTooMany() {
    chronicle.record.plan.steps[0].retry.maxAttempts = 1
    #expect(chronicle.fired == [.retry])
  }

  @Test mutating func aRetryThatThePolicyDoesNotCover() {
    chronicle.record.plan.steps[0].retry.exitCodes = [2]
    #expect(chronicle.fired == [.retry])
    chronicle.record.plan.steps[0].retry.on = ["signal"]
    #expect(chronicle.fired == [.retry])
  }

  @Test mutating func aLostAttemptThatIsTreatedAsAFailure() {
    chronicle.replace(5, .ended(C.a1, AttemptResult("lost")))
    chronicle.record.killedMonitors = [C.a1]
    #expect(chronicle.fired.contains(.retry))
  }

  // MARK: Timeout

  @Test mutating func anAttemptThatOutlivesItsTimeout() {
    let long = 600_000 + chronicle.record.slackMicroseconds + 1
    chronicle.replace(
      9, .ended(C.a2, AttemptResult("exited", exitCode: 0, durationMicroseconds: long)))
    #expect(chronicle.fired == [.timeout])
  }

  @Test mutating func aCommandThatOutlivesItsTimeout() {
    let late = 30_000 + 600_000 + chronicle.record.slackMicroseconds + 1
    chronicle.record.ledger[3] = LedgerLine(late, .exit(code: 0), C.a2)
    #expect(chronicle.fired.contains(.timeout))
  }

  // MARK: Cancel

  @Test mutating func aRequestThatActsTwice() {
    let request = HistoryEvent.Body.cancelRequested(id: "7", force: false)
    chronicle.insert(at: 14, (59_000, request), (59_000, request))
    #expect(chronicle.fired == [.cancel])
  }

  @Test mutating func anAttemptBehindARequest() {
    chronicle.insert(at: 8, (28_000, .cancelRequested(id: "7", force: false)))
    #expect(chronicle.fired == [.cancel])
  }

  @Test mutating func aCommandBehindAStop() {
    chronicle.insert(
      at: 12, (39_000, .cancelRequested(id: "7", force: false)),
      (39_000, .runStopping(reason: "cancelled")))
    #expect(chronicle.fired == [])
    let late = 39_000 + chronicle.record.slackMicroseconds + 1
    chronicle.record.ledger[4] = LedgerLine(late, .start, C.b1)
    #expect(chronicle.fired.contains(.cancel))
  }

  @Test mutating func aCommandThatWasNotToBeLaunchedAnyMore() {
    chronicle.insert(
      at: 12, (39_000, .runStopping(reason: "cancelled")),
      (39_000, .engineStarted(life: 2, process: 11)),
      (39_000, .found(C.b1, isRunning: false)))
    #expect(chronicle.fired == [.cancel])
  }

  @Test mutating func anEndThatComesLongAfterItsGrace() {
    let late = 39_000 + 100_000 + chronicle.record.slackMicroseconds + 1
    chronicle.insert(
      at: 12, (39_000, .runStopping(reason: "cancelled")),
      (39_000, .stopRequested(C.b1, force: false)))
    #expect(chronicle.fired == [])
    chronicle.replace(14, at: late, .ended(C.b1, AttemptResult("exited", exitCode: 0)))
    #expect(chronicle.fired == [.cancel])
  }

  @Test mutating func aForgottenRequest() {
    chronicle.replace(14, at: 10_000_000, .runFinished(outcome: "succeeded"))
    chronicle.record.endedAt = 10_000_000
    chronicle.record.requests = [RequestRecord(id: "7", ageMicroseconds: 1_000_000)]
    #expect(chronicle.fired == [])
    chronicle.record.requests = [RequestRecord(id: "7", ageMicroseconds: 9_900_000)]
    #expect(chronicle.fired == [.cancel])
  }

  // MARK: Orphans

  @Test mutating func aProcessThatOutlivesItsAttempt() {
    chronicle.record.ledger.append(LedgerLine(900_000, .childBeat, C.b1))
    #expect(chronicle.fired == [.orphans])
    chronicle.record.plan.steps[1].keepsStragglers = true
    #expect(chronicle.fired == [])
  }

  @Test mutating func theRemainsOfALostAttemptAreFoundSoon() {
    chronicle.record.killedMonitors = [C.b1]
    chronicle.record.plan.steps[1].onLost = .fail
    chronicle.replace(12, .ended(C.b1, AttemptResult("lost")))
    let limit = 59_000 + chronicle.record.slackMicroseconds
    chronicle.record.ledger.append(LedgerLine(limit, .beat, C.b1))
    #expect(!chronicle.fired.contains(.orphans))
    chronicle.record.ledger.append(LedgerLine(limit + 1, .beat, C.b1))
    #expect(chronicle.fired.contains(.orphans))
  }

  @Test mutating func aProcessThatOutlivesTheRun() {
    for owner in [
      Leftover.Owner.flow, .unknown, .step(C.b1, hasEnvironment: true),
      .step(C.b1, hasEnvironment: false),
    ] {
      chronicle.record.leftovers = [Leftover(5, owner)]
      #expect(chronicle.fired == [.orphans], "\(owner)")
    }
  }

  @Test mutating func aProcessThatNothingTellsFromOthersMayStayWhereAllAreDead() {
    chronicle.record.killedMonitors = [C.b1]
    chronicle.replace(12, .ended(C.b1, AttemptResult("lost")))
    chronicle.record.leftovers = [Leftover(5, .step(C.b1, hasEnvironment: false))]
    #expect(chronicle.fired.contains(.orphans))
    chronicle.record.hasKilledLaunchers = true
    #expect(!chronicle.fired.contains(.orphans))
    chronicle.record.leftovers = [Leftover(5, .step(C.b1, hasEnvironment: true))]
    #expect(chronicle.fired.contains(.orphans))
  }

  // MARK: Terminal

  @Test mutating func twoEndsOfAStep() {
    chronicle.insert(at: 14, (59_000, .stepSkipped("b")))
    #expect(chronicle.fired.contains(.terminal))
  }

  @Test mutating func somethingBehindTheEnd() {
    chronicle.insert(at: 15, (60_000, .other))
    #expect(chronicle.fired == [.terminal])
  }

  @Test mutating func aRunThatEndsBeforeItsSteps() {
    chronicle.remove(13...13)
    #expect(chronicle.fired.contains(.terminal))
  }

  @Test mutating func noEndAtAll() {
    chronicle.remove(14...14)
    #expect(chronicle.fired.contains(.terminal))
  }

  @Test mutating func aGapInTheHistory() {
    chronicle.record.history.remove(at: 3)
    #expect(chronicle.fired == [.terminal])
  }

  @Test mutating func aSuccessWithAFailedStep() {
    chronicle.replace(13, .stepFinished("b", outcome: "failed"))
    #expect(chronicle.fired.contains(.terminal))
  }

  @Test mutating func aStatusThatSaysOtherwise() {
    let steps = chronicle.record.status.steps
    chronicle.record.status = StatusReport(state: "failed", steps: steps)
    #expect(chronicle.fired.contains(.terminal))
    chronicle.record.status = StatusReport(
      state: "succeeded", steps: [steps[0], .init("b", "failed", steps[1].attempts)])
    #expect(chronicle.fired == [.terminal])
  }

  // MARK: Lost

  @Test mutating func anAttemptThatIsLostForNoReason() {
    chronicle.record.plan.steps[1].onLost = .fail
    chronicle.replace(12, .ended(C.b1, AttemptResult("lost")))
    #expect(chronicle.fired.contains(.lost))
    chronicle.record.killedMonitors = [C.b1]
    #expect(!chronicle.fired.contains(.lost))
    chronicle.record.killedMonitors = []
    chronicle.record.nameless = 1
    #expect(!chronicle.fired.contains(.lost))
  }

  // MARK: Ends

  @Test mutating func anEndThatIsRecordedWrong() {
    chronicle.record.ledger[6] = LedgerLine(58_000, .exit(code: 3), C.b1)
    #expect(chronicle.fired == [.ends])
    chronicle.record.ledger[6] = LedgerLine(58_000, .die(signal: 11), C.b1)
    #expect(chronicle.fired == [.ends])
    chronicle.record.ledger.remove(at: 6)
    #expect(chronicle.fired == [.ends])
  }

  @Test mutating func anOutputThatIsCutOffOrWrong() {
    chronicle.record.outputs[0] = OutputRecord(C.a1, byteCount: 9)
    #expect(chronicle.fired == [.ends])
    chronicle.record.outputs[0] = OutputRecord(C.a1, byteCount: 10, rightCount: 3)
    #expect(chronicle.fired == [.ends])
    chronicle.record.wasDiskFull = true
    #expect(chronicle.fired == [])
  }

  @Test mutating func aCommandThatRanAndWasNotLaunched() {
    chronicle.replace(5, .ended(C.a1, AttemptResult("launchFailed")))
    #expect(chronicle.fired == [.ends])
  }
}
