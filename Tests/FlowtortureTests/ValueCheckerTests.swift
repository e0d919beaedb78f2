import FlowtortureCommands
import Testing

/// What torture says of values, rollbacks and notices.
struct ValueCheckerTests {
  private typealias Sample = SampleRound
  private var sample = SampleRound()

  // MARK: Values

  /// `a` puts out a value at its second attempt, and `b` is handed it.
  private mutating func handOver(_ value: String? = "a@2", puts: Bool = true) {
    sample.record.plan.steps[0].hasOutput = true
    if let value {
      sample.record.ledger.insert(
        LedgerLine(40_001, .took(step: "a", value: value), Sample.b1), at: 5)
    }
    if puts { sample.record.ledger.insert(LedgerLine(37_000, .put, Sample.a2), at: 3) }
  }

  @Test mutating func aValueIsThatOfTheAttemptThatSucceeded() {
    handOver()
    #expect(sample.violations == [])
  }

  @Test(arguments: ["a@1", "-", "b@2"]) mutating func anotherValue(value: String) {
    handOver(value)
    #expect(sample.violated == [.values])
  }

  @Test mutating func aValueThatIsNotHandedOver() {
    handOver(nil)
    #expect(sample.violated == [.values])
    // It was killed before it could say so.
    sample.record.ledger.removeAll { $0.attempt == Sample.b1 && $0.isEnd }
    #expect(!sample.violated.contains(.values))
  }

  @Test mutating func aStepThatPutsOutNothingFails() {
    handOver(puts: false)
    #expect(sample.violated == [.values])
    let refused = AttemptResult("outputRefused", exitCode: 0)
    #expect(!refused.hasSucceeded)
    handOver(puts: true)
    sample.replace(9, .ended(Sample.a2, refused))
    #expect(sample.violated.contains(.values))
  }

  // MARK: Rollbacks

  private static let undo = AttemptName("a/onFailure", 1)

  /// `a` fails, is rolled back, and `b`, which needs it, does not run.
  private mutating func rollBack(_ events: (at: Int, HistoryEvent.Body)...) -> Set<Property> {
    var plan = StepPlan(id: "a/onFailure")
    plan.rolledBack = "a"
    sample.record.plan.steps.append(plan)
    sample.remove(9...14)
    sample.record.ledger.removeAll { $0.attempt == Sample.a2 || $0.attempt == Sample.b1 }
    let all: [(Int, HistoryEvent.Body)] =
      [
        (39_000, .ended(Sample.a2, AttemptResult("exited", exitCode: 1))),
        (39_000, .stepFinished("a", outcome: "failed")),
      ] + events.map { ($0.at, $0.1) } + [(60_000, .runFinished(outcome: "failed"))]
    for (offset, event) in all.enumerated() { sample.insert(at: 9 + offset, (event.0, event.1)) }
    return sample.violated.intersection([.rollback, .cancel, .again])
  }

  private static let undone: [(at: Int, HistoryEvent.Body)] = [
    (39_000, .scheduled(undo)), (41_000, .ended(undo, AttemptResult("exited", exitCode: 0))),
    (41_000, .stepFinished("a/onFailure", outcome: "succeeded")),
  ]

  @Test mutating func aFailureIsRolledBack() {
    let undone = Self.undone
    #expect(rollBack(undone[0], undone[1], undone[2], (41_000, .stepSkipped("b"))) == [])
  }

  @Test mutating func aRollbackThatIsLeftOut() {
    #expect(
      rollBack((41_000, .stepSkipped("a/onFailure")), (41_000, .stepSkipped("b"))) == [.rollback])
  }

  @Test mutating func aRequestByForceEndsOne() {
    #expect(
      rollBack(
        (40_000, .cancelRequested(id: "1", force: true)),
        (41_000, .stepSkipped("a/onFailure")), (41_000, .stepSkipped("b"))) == [])
  }

  @Test mutating func whatComesAfterItWaitsForIt() {
    let undone = Self.undone
    #expect(
      rollBack((39_000, .scheduled(Sample.b1)), undone[0], undone[1], undone[2])
        .contains(.rollback))
  }

  @Test mutating func aSuccessIsNotRolledBack() {
    var plan = StepPlan(id: "a/onFailure")
    plan.rolledBack = "a"
    sample.record.plan.steps.append(plan)
    sample.insert(at: 11, (39_000, .scheduled(Self.undo)))
    #expect(sample.violated.contains(.rollback))
  }

  // MARK: Notices

  private static let told = AttemptName("notify/1", 1)

  /// - Returns: whether `Property.notify` is violated.
  private mutating func tell(
    _ ends: [String], _ events: (at: Int, HistoryEvent.Body)...
  ) -> Bool {
    var plan = StepPlan(id: "notify/1")
    plan.notice = ends
    sample.record.plan.steps.append(plan)
    sample.remove(14...14)
    let all = events.map { ($0.at, $0.1) } + [(70_000, .runFinished(outcome: "succeeded"))]
    for (offset, event) in all.enumerated() { sample.insert(at: 14 + offset, (event.0, event.1)) }
    return sample.violated.contains(.notify)
  }

  private static let end = (at: 59_000, HistoryEvent.Body.runConcluded(outcome: "succeeded"))
  private static let begins = (at: 59_000, HistoryEvent.Body.scheduled(told))
  private static let fails = (
    at: 61_000, HistoryEvent.Body.stepFinished("notify/1", outcome: "failed")
  )
  private static let skipped = (at: 59_000, HistoryEvent.Body.stepSkipped("notify/1"))

  @Test mutating func anEndIsToldWhateverComesOfThat() {
    #expect(!tell(["succeeded"], Self.end, Self.begins, Self.fails))
  }

  @Test mutating func anotherEndIsNotTold() {
    #expect(!tell(["failed"], Self.end, Self.skipped))
  }

  @Test mutating func aNoticeThatIsLeftOut() {
    #expect(tell(["succeeded"], Self.end, Self.skipped))
  }

  @Test mutating func aNoticeOfAnotherEnd() {
    #expect(tell(["failed"], Self.end, Self.begins, Self.fails))
  }

  @Test mutating func aNoticeBeforeTheEndStands() {
    #expect(tell(["succeeded"], Self.begins, Self.end, Self.fails))
  }

  @Test mutating func anEndThatChanges() {
    #expect(
      tell(["failed"], (at: 59_000, .runConcluded(outcome: "failed")), Self.begins, Self.fails))
  }

  @Test mutating func force() {
    let force = (at: 60_000, HistoryEvent.Body.cancelRequested(id: "1", force: true))
    #expect(
      !tell(
        ["succeeded"], Self.end, Self.begins, force,
        (at: 61_000, .stepFinished("notify/1", outcome: "cancelled"))))
  }
}
