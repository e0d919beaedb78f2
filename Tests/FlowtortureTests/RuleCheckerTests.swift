import FlowtortureCommands
import Testing

/// What torture says of edges and conditions.
struct RuleCheckerTests {
  private typealias Sample = SampleRound
  private var sample = SampleRound()

  private static let failure: [(Int, HistoryEvent.Body)] = [
    (39_000, .ended(Sample.a2, AttemptResult("exited", exitCode: 1))),
    (39_000, .stepFinished("a", outcome: "failed")),
  ]

  /// `a` fails for good, and this becomes of `b`, which wants that end of it.
  private mutating func fail(_ wanted: NeededEnd, _ events: (Int, HistoryEvent.Body)...) -> Bool {
    sample.record.plan.steps[1].wanted = [0: wanted]
    sample.remove(9...14)
    for (at, body) in Self.failure + events + [(60_000, .runFinished(outcome: "failed"))] {
      sample.insert(at: sample.record.history.count + 1, (at, body))
    }
    return sample.violated.contains(.edges)
  }

  private static let begins = (39_000, HistoryEvent.Body.scheduled(Sample.b1))
  private static let ends = (59_000, HistoryEvent.Body.stepFinished("b", outcome: "succeeded"))
  private static let skipped = (39_000, HistoryEvent.Body.stepSkipped("b", reason: "need"))

  @Test(arguments: [NeededEnd.failed, .settled])
  mutating func whatWantsAFailureRunsAfterIt(wanted: NeededEnd) {
    #expect(!fail(wanted, Self.begins, Self.ends))
    sample = SampleRound()
    sample.record.ledger.removeAll { $0.attempt == Sample.b1 }
    #expect(fail(wanted, Self.skipped))
  }

  @Test(arguments: [NeededEnd.done, .succeeded])
  mutating func whatWantsASuccessIsSkippedAfterAFailure(wanted: NeededEnd) {
    #expect(fail(wanted, Self.begins, Self.ends))
    sample = SampleRound()
    sample.record.ledger.removeAll { $0.attempt == Sample.b1 }
    #expect(!fail(wanted, Self.skipped))
  }

  @Test mutating func whatIsSkippedDoesNotRun() {
    // The ledger has `b`.
    #expect(fail(.done, Self.skipped))
  }

  @Test mutating func anAllowedFailureIsDoneAndNoSuccess() {
    sample.record.plan.steps[0].allowFailure = true
    #expect(!fail(.done, Self.begins, Self.ends))
    sample = SampleRound()
    sample.record.plan.steps[0].allowFailure = true
    #expect(fail(.succeeded, Self.begins, Self.ends))
  }

  @Test mutating func aStepThatBeginsEarly() {
    sample.insert(at: 9, (29_000, .scheduled(Sample.b1)))
    #expect(sample.violated.isSuperset(of: [.edges, .order]))
  }

  @Test(arguments: ["runStopping", "siblingsFailed", "need", "condition"])
  mutating func aSkipForNoReason(reason: String) {
    sample.remove(11...13)
    sample.insert(at: 11, (39_000, .stepSkipped("b", reason: reason)))
    sample.record.ledger.removeAll { $0.attempt == Sample.b1 }
    #expect(sample.violated.contains(.edges))
  }

  // MARK: Conditions

  /// `b` runs, or is skipped, after `a` has succeeded at its second attempt with its value.
  private mutating func judge(
    _ condition: ConditionPlan, skips: Bool, _ events: HistoryEvent.Body...
  )
    -> Bool
  {
    sample = SampleRound()
    sample.record.plan.steps[0].hasOutput = true
    sample.record.plan.steps[1].condition = condition
    if skips {
      sample.remove(11...13)
      sample.insert(at: 11, (39_000, .stepSkipped("b", reason: "condition")))
      sample.record.ledger.removeAll { $0.attempt == Sample.b1 }
    }
    return !sample.violated.contains(.edges)
  }

  @Test(arguments: [
    (ConditionPlan(.result(0, is: "succeeded")), true),
    (ConditionPlan(.result(0, is: "failed")), false),
    (ConditionPlan(.value(0, is: "a@2")), true), (ConditionPlan(.value(0, is: "a@1")), false),
  ])
  mutating func aStepRunsIfItsConditionHolds(condition: ConditionPlan, holds: Bool) {
    #expect(judge(condition, skips: false) == holds)
    #expect(judge(condition, skips: true) == !holds)
  }

  @Test mutating func whatItsConditionSkipsNeverRuns() {
    #expect(judge(ConditionPlan(.result(0, is: "failed")), skips: true))
    sample.record.ledger.append(LedgerLine(45_000, .start, Sample.b1))
    #expect(sample.violated.contains(.edges))
  }

  // MARK: Rounds

  /// A false condition keeps its end in another round, unless something before it runs again.
  @Test mutating func aFalseConditionIsAskedAgainWithWhatItNeeds() {
    _ = judge(ConditionPlan(.result(0, is: "failed")), skips: true)
    sample.record.plan.beatsAgain = []
    var third = StepPlan(id: "c")
    third.allowFailure = true
    sample.record.plan.steps.append(third)
    let c = AttemptName("c", 1)
    sample.insert(at: 12, (40_000, .scheduled(c)), (50_000, .stepFinished("c", outcome: "failed")))
    func again(_ events: (Int, HistoryEvent.Body)...) -> [Violation] {
      var copy = sample
      for (at, body) in [(60_000, .runReopened(withDependents: true))] + events {
        copy.insert(at: copy.record.history.count + 1, (at, body))
      }
      return copy.violations.filter { [.edges, .terminal].contains($0.property) }
    }
    let c2 = (61_000, HistoryEvent.Body.scheduled(AttemptName("c", 2)))
    let ended = (62_000, HistoryEvent.Body.stepFinished("c", outcome: "succeeded"))
    let finished = (62_000, HistoryEvent.Body.runFinished(outcome: "succeeded"))
    func ends(_ violations: [Violation]) -> Bool {
      violations.contains { $0.text.contains("step b was skipped, and then") }
    }
    #expect(!ends(again(c2, ended, finished)))
    let skip = (61_000, HistoryEvent.Body.stepSkipped("b", reason: "condition"))
    #expect(ends(again(c2, skip, ended, finished)))
    sample.record.plan.steps[1].needs = [0, 2]
    sample.record.plan.steps[1].wanted = [2: .settled]
    #expect(!ends(again(c2, ended, skip, finished)))
  }
}
