import FlowCore
import FlowDefinition
import Testing

@testable import FlowCommands

/// Which attempts are lost, and when.
struct ProofPlanTests {
  private let attempts = (1...3).map {
    ProofPlan.Attempt(id: "n/\($0)", file: "\($0)", step: 0, microseconds: 1_000)
  }

  @Test func theFirstRoundIsAfterTheWork() {
    for seed in UInt64(1)...20 {
      let plan = ProofPlan(seed: seed)
      #expect(plan.disturbance(ofStep: 0, among: attempts, in: 1).delayMicroseconds == nil)
    }
  }

  @Test func laterMomentsAreWithinTheUndisturbedAttempt() {
    let plan = ProofPlan(seed: 9)
    let drawn = (2...200).map { plan.disturbance(ofStep: 0, among: attempts, in: $0) }
    #expect(drawn.allSatisfy { (0..<1_000).contains($0.delayMicroseconds ?? -1) })
    #expect(Set(drawn.map(\.delayMicroseconds)).count > 100)
    #expect(Set(drawn.map(\.attempt.id)).count == 3)
  }

  @Test func aSeedAlwaysDrawsTheSame() {
    for round in 1...10 {
      #expect(
        ProofPlan(seed: 7).disturbance(ofStep: 2, among: attempts, in: round)
          == ProofPlan(seed: 7).disturbance(ofStep: 2, among: attempts, in: round))
    }
    let of = { ProofPlan(seed: $0).disturbance(ofStep: 2, among: attempts, in: 2) }
    #expect(Set((1...9).map { of($0).delayMicroseconds }).count > 1)
  }

  @Test func anAttemptThatTookNoTimeIsKilledAtOnce() {
    let attempt = ProofPlan.Attempt(id: "a", file: "a", step: 0, microseconds: 0)
    #expect(
      ProofPlan(seed: 1).disturbance(ofStep: 0, among: [attempt], in: 2).delayMicroseconds == 0)
  }
}
