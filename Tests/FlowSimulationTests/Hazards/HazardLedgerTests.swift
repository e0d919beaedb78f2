import FlowCore
import Testing

@testable import FlowSimulation

/// The sums of hand-made fates.
struct HazardLedgerTests {
  private static func fate(
    _ outcome: RunOutcome = .succeeded, seconds: Int64 = 1, steps: [StepFate] = []
  ) -> WorldFate {
    WorldFate(outcome: outcome, microseconds: seconds * 1_000_000, steps: steps)
  }

  private static func step(_ step: Int, _ change: (inout StepFate) -> Void) -> StepFate {
    var fate = StepFate(step: step)
    change(&fate)
    return fate
  }

  private static func ledger(_ fates: [WorldFate]) -> HazardLedger {
    var ledger = HazardLedger()
    for fate in fates { ledger.add(fate) }
    return ledger
  }

  @Test func worldsAreCountedOnceHoweverOftenAStepRanAgain() {
    let tally = Self.ledger([
      Self.fate(
        steps: [
          Self.step(1) {
            $0.repetitions = [
              .init(.powerLoss, hadSucceeded: false), .init(.monitorKilled, hadSucceeded: true),
            ]
            $0.losses = 2
            $0.lostMicroseconds = 700
          }
        ]),
      Self.fate(
        steps: [
          Self.step(0) { $0.hangs = 1 },
          Self.step(1) {
            $0.repetitions = [.init(.powerLoss, hadSucceeded: false)]
            $0.losses = 1
            $0.lostMicroseconds = 500
          },
        ]),
      Self.fate(
        .failed,
        steps: [
          Self.step(1) {
            $0.failure = .loss
            $0.failedThoughDone = true
          }
        ]),
      Self.fate(.failed, steps: [Self.step(1) { $0.failure = .command }]),
      WorldFate(
        outcome: .succeeded, microseconds: 1, steps: [Self.step(2) { $0.retries = 2 }],
        survivors: 3, isTimedOut: true),
    ]).tally(stepCount: 4)
    #expect(tally.worlds == 5)
    #expect(tally.survivors == 3)
    #expect(tally.worldsTimedOut == 1)
    #expect(RunOutcome.allCases.map(tally.count) == [3, 2, 0])
    let step = tally.steps[1]
    #expect(step.worldsRepeated == 2)
    #expect(step.worldsRepeatedAfterSuccess == 1)
    #expect(step.worldsRepeatedHalfDone == 2)
    #expect(step.repetitions[.powerLoss] == 2)
    #expect(step.repetitions[.monitorKilled] == 1)
    #expect(step.repetitions.total == 3)
    #expect(step.worldsLost == 2)
    #expect(step.lostMicroseconds == 1_200)
    #expect(step.mostLostMicroseconds == 700)
    #expect(step.worldsFailed == 2)
    #expect(step.worldsFailedByLoss == 1)
    #expect(step.worldsFailedThoughDone == 1)
    #expect(step.worldsFailedByCommand == 1)
    #expect(tally.steps[0].worldsHung == 1)
    #expect(tally.steps[2].worldsRetried == 1)
    #expect(tally.steps[3].isHarmless)
    #expect(tally.lostMicroseconds == 1_200)
  }

  @Test func theFirstWorldsCanBeTalliedAlone() {
    let ledger = Self.ledger([
      Self.fate(seconds: 5), Self.fate(.failed, seconds: 1), Self.fate(.cancelled, seconds: 9),
    ])
    let two = ledger.tally(ofFirst: 2, stepCount: 1)
    #expect(two.worlds == 2)
    #expect(RunOutcome.allCases.map(two.count) == [1, 1, 0])
    #expect(two.times == RunTimes([5_000_000, 1_000_000]))
  }

  @Test(
    arguments: [
      ([], [0, 0, 0]), ([7], [7, 7, 7]), ([3, 1, 2], [2, 3, 3]), ([4, 1, 2, 3], [2, 4, 4]),
      (Array(1...100), [50, 95, 100]), (Array(1...20), [10, 19, 20]),
      (Array((1...1_000).reversed()), [500, 950, 1_000]),
    ] as [([Int64], [Int64])])
  func ranksAreTheNearest(times: [Int64], expected: [Int64]) {
    let found = RunTimes(times)
    #expect([found.median, found.percentile95, found.worst] == expected)
  }

  @Test func causesAreRankedByHowOftenTheyOccurred() {
    var counts = CauseCounts()
    #expect(counts.ranked.isEmpty)
    counts[.disk] = 2
    counts[.engineKilled] = 7
    counts[.powerLoss] = 2
    #expect(counts.ranked.map(\.cause) == [.engineKilled, .powerLoss, .disk])
    #expect(HazardCause.allCases.filter(\.isOfMachine) == [.powerLoss, .disk])
  }

  @Test func theWorstStepIsTheOneThatIsDoneTwice() {
    let tally = Self.ledger([
      Self.fate(
        .failed,
        steps: [
          Self.step(0) { $0.failure = .command },
          Self.step(1) {
            $0.losses = 1
            $0.lostMicroseconds = 9_000_000
          },
          Self.step(2) { $0.repetitions = [.init(.powerLoss, hadSucceeded: false)] },
          Self.step(3) { $0.repetitions = [.init(.powerLoss, hadSucceeded: true)] },
          Self.step(4) { $0.hangs = 1 },
          Self.step(5) { $0.failure = .loss },
          Self.step(6) { $0.failure = .command },
        ])
    ]).tally(stepCount: 8)
    let report = HazardReport(quiet: tally, faulty: tally, changes: [])
    #expect(report.ranked.map(\.step) == [3, 2, 5, 4, 0, 6, 1])
  }
}
