import FlowtortureCommands
import Testing

/// Every checker reports what violates its property, and nothing else.
struct CheckerTests {
  private typealias Sample = SampleRound
  private var sample = SampleRound()

  @Test func aRoundThatWentWellIsLeftAlone() {
    #expect(sample.violations == [])
  }

  // MARK: Intent

  @Test mutating func aCommandWithoutIntent() {
    sample.record.ledger.append(LedgerLine(45_000, .start, AttemptName("b", 2)))
    #expect(sample.violated.contains(.intent))
  }

  @Test mutating func anAttemptThatRunsTwice() {
    sample.record.ledger.insert(LedgerLine(41_000, .start, Sample.b1, process: 2), at: 5)
    #expect(sample.violated == [.intent])
  }

  @Test mutating func aCommandThatIsAheadOfItsIntent() {
    sample.record.ledger[2] = LedgerLine(28_999, .start, Sample.a2)
    #expect(sample.violated == [.intent])
  }

  @Test mutating func aStepInPlaceOfItsProbe() {
    sample.record.ledger[4] = LedgerLine(40_000, .probe, Sample.b1)
    #expect(sample.violated.contains(.intent))
  }

  @Test mutating func aLineThatNobodyWrites() {
    sample.record.foreignLines = ["garbage"]
    #expect(sample.violated == [.intent])
  }

  // MARK: Again

  @Test mutating func anAttemptWithoutALicence() {
    sample.remove(6...7)
    #expect(sample.violated.contains(.again))
  }

  @Test mutating func workBesideItself() {
    sample.record.ledger.insert(LedgerLine(31_000, .beat, Sample.a1), at: 3)
    #expect(sample.violated.contains(.again))
  }

  @Test mutating func aChildBesideItsSuccessor() {
    sample.record.ledger.insert(LedgerLine(31_000, .childBeat, Sample.a1), at: 3)
    #expect(sample.violated.contains(.again))
    sample.record.plan.steps[0].keepsStragglers = true
    #expect(!sample.violated.contains(.again))
  }

  @Test mutating func aStepThatRunsAgainAfterItSucceeded() {
    sample.insert(at: 14, (59_000, .scheduled(AttemptName("a", 3))))
    #expect(sample.violated.contains(.again))
  }

  // MARK: Order

  @Test mutating func aStepBeforeItsNeed() {
    sample.insert(at: 4, (0, .scheduled(Sample.b1)))
    sample.remove(12...12)
    #expect(sample.violated == [.order, .edges])
  }

  @Test mutating func aCommandBeforeItsNeed() {
    sample.record.ledger[2] = LedgerLine(41_000, .start, Sample.a2)
    #expect(sample.violated.contains(.order))
  }

  // MARK: Retry

  @Test mutating func aDelayThatIsCutShort() {
    sample.replace(8, at: 28_000, .scheduled(Sample.a2))
    #expect(sample.violated == [.retry])
  }

  @Test mutating func anotherDelayThanThePolicySays() {
    sample.replace(6, .retryScheduled(Sample.a1, delayMilliseconds: 19))
    #expect(sample.violated == [.retry])
    sample.record.plan.steps[0].retry.hasJitter = true
    #expect(sample.violated == [])
  }

  @Test mutating func oneAttemptTooMany() {
    sample.record.plan.steps[0].retry.maxAttempts = 1
    #expect(sample.violated == [.retry])
  }

  @Test mutating func aRetryThatThePolicyDoesNotCover() {
    sample.record.plan.steps[0].retry.exitCodes = [2]
    #expect(sample.violated == [.retry])
    sample.record.plan.steps[0].retry.on = ["signal"]
    #expect(sample.violated == [.retry])
  }

  @Test mutating func aLostAttemptThatIsTreatedAsAFailure() {
    sample.replace(5, .ended(Sample.a1, AttemptResult("lost")))
    sample.record.killedMonitors = [Sample.a1]
    #expect(sample.violated.contains(.retry))
  }

  // MARK: Timeout

  @Test mutating func anAttemptThatOutlivesItsTimeout() {
    let long = 600_000 + sample.record.slackMicroseconds + 1
    sample.replace(
      9, .ended(Sample.a2, AttemptResult("exited", exitCode: 0, durationMicroseconds: long)))
    #expect(sample.violated == [.timeout])
  }

  @Test mutating func aCommandThatOutlivesItsTimeout() {
    let late = 30_000 + 600_000 + sample.record.slackMicroseconds + 1
    sample.record.ledger[3] = LedgerLine(late, .exit(code: 0), Sample.a2)
    #expect(sample.violated.contains(.timeout))
  }

  // MARK: Cancel

  @Test mutating func aRequestThatActsTwice() {
    let request = HistoryEvent.Body.cancelRequested(id: "7", force: false)
    sample.insert(at: 14, (59_000, request), (59_000, request))
    #expect(sample.violated == [.cancel])
  }

  @Test mutating func anAttemptBehindARequest() {
    sample.insert(at: 8, (28_000, .cancelRequested(id: "7", force: false)))
    #expect(sample.violated == [.cancel])
  }

  @Test mutating func aCommandBehindAStop() {
    sample.insert(
      at: 12, (39_000, .cancelRequested(id: "7", force: false)),
      (39_000, .runStopping(reason: "cancelled")))
    #expect(sample.violated == [])
    let late = 39_000 + sample.record.slackMicroseconds + 1
    sample.record.ledger[4] = LedgerLine(late, .start, Sample.b1)
    #expect(sample.violated.contains(.cancel))
  }

  @Test mutating func aCommandThatWasNotToBeLaunchedAnyMore() {
    sample.insert(
      at: 12, (39_000, .runStopping(reason: "cancelled")),
      (39_000, .engineStarted(life: 2, process: 11)),
      (39_000, .found(Sample.b1, isRunning: false)))
    #expect(sample.violated == [.cancel])
  }

  @Test mutating func anEndThatComesLongAfterItsGrace() {
    let late = 39_000 + 100_000 + sample.record.slackMicroseconds + 1
    sample.insert(
      at: 12, (39_000, .runStopping(reason: "cancelled")),
      (39_000, .stopRequested(Sample.b1, force: false)))
    #expect(sample.violated == [])
    sample.replace(14, at: late, .ended(Sample.b1, AttemptResult("exited", exitCode: 0)))
    #expect(sample.violated == [.cancel])
  }

  @Test mutating func aForgottenRequest() {
    sample.replace(14, at: 10_000_000, .runFinished(outcome: "succeeded"))
    sample.record.endedAt = 10_000_000
    sample.record.requests = [RequestRecord(id: "7", ageMicroseconds: 1_000_000)]
    #expect(sample.violated == [])
    sample.record.requests = [RequestRecord(id: "7", ageMicroseconds: 9_900_000)]
    #expect(sample.violated == [.cancel])
  }

  // MARK: Orphans

  @Test mutating func aProcessThatOutlivesItsAttempt() {
    sample.record.ledger.append(LedgerLine(900_000, .childBeat, Sample.b1))
    #expect(sample.violated == [.orphans])
    sample.record.plan.steps[1].keepsStragglers = true
    #expect(sample.violated == [])
  }

  @Test mutating func theRemainsOfALostAttemptAreFoundSoon() {
    sample.record.killedMonitors = [Sample.b1]
    sample.record.plan.steps[1].onLost = .fail
    sample.replace(12, .ended(Sample.b1, AttemptResult("lost")))
    let limit = 59_000 + sample.record.slackMicroseconds
    sample.record.ledger.append(LedgerLine(limit, .beat, Sample.b1))
    #expect(!sample.violated.contains(.orphans))
    sample.record.ledger.append(LedgerLine(limit + 1, .beat, Sample.b1))
    #expect(sample.violated.contains(.orphans))
  }

  @Test mutating func aProcessThatOutlivesTheRun() {
    for owner in [
      Straggler.Owner.flow, .unknown, .step(Sample.b1, hasEnvironment: true),
      .step(Sample.b1, hasEnvironment: false),
    ] {
      sample.record.stragglers = [Straggler(5, owner)]
      #expect(sample.violated == [.orphans], "\(owner)")
    }
  }

  @Test mutating func aProcessThatNothingTellsFromOthersMayStayWhereAllAreDead() {
    sample.record.killedMonitors = [Sample.b1]
    sample.replace(12, .ended(Sample.b1, AttemptResult("lost")))
    sample.record.stragglers = [Straggler(5, .step(Sample.b1, hasEnvironment: false))]
    #expect(sample.violated.contains(.orphans))
    sample.record.hasKilledLaunchers = true
    #expect(!sample.violated.contains(.orphans))
    sample.record.stragglers = [Straggler(5, .step(Sample.b1, hasEnvironment: true))]
    #expect(sample.violated.contains(.orphans))
  }

  // MARK: Terminal

  @Test mutating func twoEndsOfAStep() {
    sample.insert(at: 14, (59_000, .stepSkipped("b")))
    #expect(sample.violated.contains(.terminal))
  }

  @Test mutating func somethingBehindTheEnd() {
    sample.insert(at: 15, (60_000, .other))
    #expect(sample.violated == [.terminal])
  }

  @Test mutating func aRunThatEndsBeforeItsSteps() {
    sample.remove(13...13)
    #expect(sample.violated.contains(.terminal))
  }

  @Test mutating func noEndAtAll() {
    sample.remove(14...14)
    #expect(sample.violated.contains(.terminal))
  }

  @Test mutating func aGapInTheHistory() {
    sample.record.history.remove(at: 3)
    #expect(sample.violated == [.terminal])
  }

  @Test mutating func aSuccessWithAFailedStep() {
    sample.replace(13, .stepFinished("b", outcome: "failed"))
    #expect(sample.violated.contains(.terminal))
  }

  @Test mutating func aStatusThatSaysOtherwise() {
    let steps = sample.record.status.steps
    sample.record.status = StatusReport(state: "failed", steps: steps)
    #expect(sample.violated.contains(.terminal))
    sample.record.status = StatusReport(
      state: "succeeded", steps: [steps[0], .init("b", "failed", steps[1].attempts)])
    #expect(sample.violated == [.terminal])
  }

  // MARK: Finally

  /// `b` is the step of `finally`.
  private mutating func conclude() {
    sample.record.plan.steps[1].isFinally = true
    sample.record.plan.steps[1].needs = []
    sample.insert(at: 11, (39_000, .runConcluding))
  }

  @Test mutating func stepsOfFinallyComeLast() {
    conclude()
    #expect(sample.violated == [])
    // Neither a request nor what follows from it keeps them from running.
    sample.insert(
      at: 11, (39_000, .cancelRequested(id: "1", force: true)),
      (39_000, .runStopping(reason: "cancelled")))
    #expect(sample.violated == [])
  }

  @Test mutating func aConclusionThatIsMissing() {
    conclude()
    sample.remove(11...11)
    #expect(sample.violated == [.conclusion])
  }

  @Test mutating func aConclusionThatComesTwice() {
    conclude()
    sample.insert(at: 12, (39_000, .runConcluding))
    #expect(sample.violated == [.conclusion])
  }

  @Test mutating func aStepThatRunsAfterTheConclusion() {
    conclude()
    sample.record.plan.steps[1].isFinally = false
    sample.record.plan.steps[0].isFinally = true
    #expect(sample.violated.contains(.conclusion))
  }

  @Test mutating func aStepOfFinallyThatIsLeftOut() {
    conclude()
    sample.remove(12...14)
    sample.insert(at: 12, (39_000, .stepSkipped("b")))
    #expect(sample.violated.contains(.conclusion))
    // What came while they ran, by force, ends them.
    sample.insert(at: 12, (39_000, .cancelRequested(id: "1", force: true)))
    #expect(!sample.violated.contains(.conclusion))
  }

  @Test mutating func aStepOfFinallyThatIsScheduledAgainstForce() {
    conclude()
    sample.insert(at: 12, (39_000, .cancelRequested(id: "1", force: true)))
    #expect(sample.violated.contains(.cancel))
  }

  // MARK: Lost

  @Test mutating func anAttemptThatIsLostForNoReason() {
    sample.record.plan.steps[1].onLost = .fail
    sample.replace(12, .ended(Sample.b1, AttemptResult("lost")))
    #expect(sample.violated.contains(.lost))
    sample.record.killedMonitors = [Sample.b1]
    #expect(!sample.violated.contains(.lost))
    sample.record.killedMonitors = []
    sample.record.nameless = 1
    #expect(!sample.violated.contains(.lost))
  }

  // MARK: Ends

  @Test mutating func anEndThatIsRecordedWrong() {
    sample.record.ledger[6] = LedgerLine(58_000, .exit(code: 3), Sample.b1)
    #expect(sample.violated == [.ends])
    sample.record.ledger[6] = LedgerLine(58_000, .die(signal: 11), Sample.b1)
    #expect(sample.violated == [.ends])
    sample.record.ledger.remove(at: 6)
    #expect(sample.violated == [.ends])
  }

  @Test mutating func anOutputThatIsCutOffOrWrong() {
    sample.record.outputs[0] = OutputRecord(Sample.a1, byteCount: 9)
    #expect(sample.violated == [.ends])
    sample.record.outputs[0] = OutputRecord(Sample.a1, byteCount: 10, rightCount: 3)
    #expect(sample.violated == [.ends])
    sample.record.wasDiskFull = true
    #expect(sample.violated == [])
  }

  @Test mutating func aCommandThatRanAndWasNotLaunched() {
    sample.replace(5, .ended(Sample.a1, AttemptResult("launchFailed")))
    #expect(sample.violated == [.ends])
  }
}
