import FlowtortureCommands
import Testing

/// What torture says of notices that depend on time, and on what was before.
struct NewsCheckerTests {
  private var sample = SampleRound()
  private static let told = AttemptName("notify/1", 1)

  // MARK: Slow runs

  /// - Parameter slow: the notice's time in milliseconds.
  /// - Returns: whether `Property.notify` is violated.
  private mutating func wait(
    _ slow: Int, _ events: (at: Int, HistoryEvent.Body)..., concluded: Int = 59_000
  ) -> Bool {
    sample = SampleRound()
    var plan = StepPlan(id: "notify/1")
    (plan.notice, plan.slow) = ([], slow)
    sample.record.plan.steps.append(plan)
    sample.remove(14...14)
    var all = events.map { ($0.at, $0.1) } + [(concluded, .runConcluded(outcome: "succeeded"))]
    if !events.contains(where: Self.settles) {
      all.append((concluded, .stepSkipped("notify/1", reason: "nothingToTell")))
    }
    for event in all + [(concluded, .runFinished(outcome: "succeeded"))] {
      sample.insert(at: sample.record.history.count + 1, (event.0, event.1))
    }
    return sample.violated.contains(.notify)
  }

  private static func settles(_ event: (at: Int, HistoryEvent.Body)) -> Bool {
    switch event.1 {
    case .stepFinished("notify/1", _), .stepSkipped("notify/1", _): true
    default: false
    }
  }

  private static let fires = (at: 59_000, HistoryEvent.Body.timePassed("notify/1", timer: "slow"))
  private static let begins = (at: 59_000, HistoryEvent.Body.scheduled(told))
  private static let succeeds = (
    at: 59_000, HistoryEvent.Body.stepFinished("notify/1", outcome: "succeeded")
  )

  @Test mutating func aSlowRunIsTold() {
    #expect(!wait(50, Self.fires, Self.begins, Self.succeeds))
    // It was fast.
    #expect(!wait(100))
  }

  @Test mutating func tooEarlyOrForNoReason() {
    #expect(wait(60, Self.fires, Self.begins, Self.succeeds))
    #expect(wait(50, Self.begins, Self.succeeds))
    #expect(wait(50, Self.fires, Self.fires, Self.begins, Self.succeeds))
  }

  @Test mutating func aSlowRunOfWhichNobodyHears() {
    #expect(wait(50, concluded: 9_000_000))
    #expect(!wait(9_000, concluded: 9_100_000))
    #expect(wait(50, Self.fires))
    #expect(!wait(50, Self.fires, (at: 59_000, .cancelRequested(id: "1", force: true))))
  }

  // MARK: Recovery

  /// - Returns: whether `Property.notify` is violated where the run succeeds and this becomes of the notice.
  private mutating func recover(from before: String?, tells: Bool) -> Bool {
    sample = SampleRound()
    sample.record.plan.outcomeBefore = before
    var plan = StepPlan(id: "notify/1")
    plan.notice = ["recovered"]
    sample.record.plan.steps.append(plan)
    sample.insert(at: 14, (59_000, .runConcluded(outcome: "succeeded")))
    if tells {
      sample.insert(at: 15, (59_000, .scheduled(Self.told)), Self.succeeds)
    } else {
      sample.insert(at: 15, (59_000, .stepSkipped("notify/1", reason: "nothingToTell")))
    }
    return sample.violated.contains(.notify)
  }

  @Test(arguments: [(nil, false), ("succeeded", false), ("failed", true), ("cancelled", true)])
  mutating func aSuccessAfterAnotherEndIsTold(before: String?, tells: Bool) {
    #expect(!recover(from: before, tells: tells))
    #expect(recover(from: before, tells: !tells))
  }

  /// The round before counts.
  @Test mutating func aRoundRecovers() {
    _ = recover(from: "succeeded", tells: false)
    sample.record.plan.beatsAgain = []
    sample.replace(14, .runConcluded(outcome: "failed"))
    sample.replace(16, .runFinished(outcome: "failed"))
    let again: [(Int, HistoryEvent.Body)] = [
      (60_000, .runReopened(withDependents: true)), (61_000, .runConcluded(outcome: "succeeded")),
      (61_000, .scheduled(Self.told)), (62_000, .stepFinished("notify/1", outcome: "succeeded")),
      (62_000, .runFinished(outcome: "succeeded")),
    ]
    for event in again { sample.insert(at: sample.record.history.count + 1, (event.0, event.1)) }
    #expect(!sample.violated.contains(.notify))
    sample.replace(19, .other)
    sample.replace(20, .stepSkipped("notify/1", reason: "nothingToTell"))
    #expect(sample.violated.contains(.notify))
  }
}
