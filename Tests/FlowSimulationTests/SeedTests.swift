import FlowCore
import Testing

@testable import FlowSimulation

struct SeedTests {
  @Test(arguments: [1, 7, 922, 1_001] as [UInt64])
  func aSeedIsAlwaysTheSameWorld(seed: UInt64) {
    let first = Simulation.run(seed: seed)
    #expect(Simulation.run(seed: seed) == first)
    #expect(Simulation.run(seed: seed, trace: Trace(keepsLines: true)) == first)
    #expect(Simulation.run(seed: seed + 1).traceHash != first.traceHash)
  }

  @Test func choicesAtOneSiteLeaveTheOthersAsTheyWere() {
    let (alone, mixed) = (SeededChoices(seed: 5), SeededChoices(seed: 5))
    for _ in 0..<100 {
      _ = mixed.choose(.crash, below: 3)
      #expect(alone.choose(.workflow, below: 1_000) == mixed.choose(.workflow, below: 1_000))
    }
  }

  @Test func choicesCoverTheirRangeEvenly() {
    let choices = SeededChoices(seed: 5)
    var counts = [0, 0, 0, 0]
    for _ in 0..<4_000 { counts[choices.choose(.crash, below: 4)] += 1 }
    #expect(counts.allSatisfy { (900...1_100).contains($0) }, "\(counts)")
  }

  @Test func whatIsOffTakesNothingFromItsStream() {
    let choices = SeededChoices(seed: 5)
    #expect(!choices.happens(.crash, perMille: 0))
    #expect(
      choices.choose(.crash, below: 1_000) == SeededChoices(seed: 5).choose(.crash, below: 1_000))
  }

  /// A fault that cannot fire is a bug of the simulator.
  @Test func twoThousandWorldsHoldAndShowEverything() async {
    // Side by side: they take longer than anything else here.
    async let others = Self.worlds(of: 1_001...2_000)
    var (coverage, outcomes) = Self.worlds(of: 1...1_000)
    coverage.add(await others.coverage)
    outcomes.merge(await others.outcomes, uniquingKeysWith: +)
    for kind in EventKind.allCases { #expect(coverage.count(kind) > 0, "no \(kind)") }
    for fault in Fault.allCases { #expect(coverage.count(fault) > 0, "no \(fault)") }
    for point in CrashPoint.allCases {
      for death in Coverage.Death.allCases {
        #expect(coverage.count(death, at: point) > 0, "no \(death) at \(point)")
      }
    }
    for cell in CoverageCell.all where coverage.count(cell) > 0 {
      let exclusion = CoverageExclusion.of(cell)
      #expect(exclusion?.isImpossible != true, "\(cell), though \(exclusion?.reason ?? "")")
    }
    #expect(coverage.reads > 0)
    for outcome in RunOutcome.allCases {
      #expect(outcomes[outcome, default: 0] > 200, "\(outcomes)")
    }
  }

  private static func worlds(
    of seeds: ClosedRange<UInt64>
  ) -> (coverage: Coverage, outcomes: [RunOutcome: Int]) {
    var coverage = Coverage()
    var outcomes: [RunOutcome: Int] = [:]
    for seed in seeds {
      let report = Simulation.run(seed: seed)
      #expect(report.violation == nil, "seed \(seed)")
      if let outcome = report.outcome { outcomes[outcome, default: 0] += 1 }
      coverage.add(report.coverage)
    }
    return (coverage, outcomes)
  }
}
