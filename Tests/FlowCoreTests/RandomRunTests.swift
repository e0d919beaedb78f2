import FlowCore
import Testing

/// What holds all the time is checked by `EngineHarness`; here, that runs end, and how.
@Suite struct RandomRunTests {
  @Test(arguments: 0..<10 as Range<UInt64>)
  func whateverHappensTheRunEnds(block: UInt64) throws {
    for seed in block * 30..<(block + 1) * 30 {
      var run = try RandomRun(seed: seed)
      run.play(steps: 120)
      #expect(run.isOver, "seed \(seed) does not end")
      expectSoundEnd(run.harness, seed)
    }
  }

  /// The seeds above would prove little if they all went the same way.
  @Test func everyKindOfEventHappens() throws {
    var kinds: Set<EventKind> = []
    var outcomes: Set<RunOutcome> = []
    for seed in 0..<50 as Range<UInt64> {
      var run = try RandomRun(seed: seed)
      run.play(steps: 120)
      kinds.formUnion(run.harness.durable.map(\.body.kind))
      if let outcome = run.harness.outcome { outcomes.insert(outcome) }
    }
    #expect(kinds == Set(EventKind.allCases))
    #expect(outcomes == Set(RunOutcome.allCases))
  }

  @Test func theSameSeedGivesTheSameHistory() throws {
    var first = try RandomRun(seed: 7)
    var second = first
    first.play(steps: 120)
    second.play(steps: 120)
    #expect(first.harness.durable == second.harness.durable)
  }

  private func expectSoundEnd(_ run: EngineHarness, _ seed: UInt64) {
    let state = run.state
    #expect(run.engine.nextDeadline == nil, "seed \(seed)")
    for (index, step) in state.steps.enumerated() {
      let policy = run.workflow.settings(ofStep: index).retry
      #expect(step.isSettled, "seed \(seed), step \(index)")
      #expect(step.failures <= policy.maxAttempts, "seed \(seed), step \(index)")
      #expect(step.losses <= Decider.maxReruns + 1, "seed \(seed), step \(index)")
    }
    #expect(state.conclusion == run.outcome && state.unsettledNotices == 0, "seed \(seed)")
    if state.steps.allSatisfy({ $0.phase == .succeeded }) {
      #expect(run.outcome == .succeeded, "seed \(seed)")
    }
    for (index, step) in state.steps.enumerated() where !state.isSelected(index) {
      #expect(step.phase == .skipped && step.attempt == 0, "seed \(seed), step \(index)")
    }
    if run.outcome == .succeeded {
      for (index, step) in state.steps.enumerated()
      where step.phase != .succeeded && state.isSelected(index)
        && !run.workflow.isNotify(index)
      {
        let mayFail = run.workflow.settings(ofStep: index).allowFailure
        // What wants another end than that of its need is skipped, or whose condition is false, and so is
        // what builds on it.
        let isWanted = run.workflow.extras.allSatisfy {
          $0.edges.isEmpty && $0.condition == nil && $0.forEach == nil
        }
        if run.workflow.isChild(index) { continue }
        #expect(
          (mayFail || !isWanted && step.phase == .skipped) && step.phase != .cancelled,
          "seed \(seed), step \(index)")
      }
    }
  }
}
