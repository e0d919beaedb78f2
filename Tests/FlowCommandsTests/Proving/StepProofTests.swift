import FlowCore
import Testing

@testable import FlowCommands

/// What is concluded from rounds, and how it is said.
struct StepProofTests {
  private static let twice = [
    ProofDifference(subject: .path("l.csv"), what: "l.csv has 200 lines instead of 100")
  ]
  private let printer = ProofPrinter(workflow: "w", folder: "/w", seed: 9, scope: .folder)

  private func proof(
    _ onLost: OnLost, _ verdict: StepProof.Verdict, _ recovery: ProofHistory.Recovery = .ranAgain,
    isAfterWork: Bool = false
  ) -> StepProof {
    var proof = StepProof(step: "load", onLost: onLost)
    proof.verdict = verdict
    (proof.killed, proof.round, proof.recovery) = (3, 3, recovery)
    proof.kill = AttemptKiller.Kill(microseconds: 412_000, isAfterWork: isAfterWork)
    return proof
  }

  private static let rounds: [(StepProof.Course, StepProof.Course?, StepProof.Verdict)] = [
    (.succeeded([]), nil, .idempotent),
    (.succeeded(twice), nil, .differs(twice)), (.failed("x"), nil, .fails("x")),
    (.endless, nil, .endless),
    // A failure that its step allows lets the run succeed.
    (.succeeded(twice), .some(.succeeded([])), .stopsTheRun(afterRestart: .same)),
    (.failed("x"), .some(.succeeded(twice)), .stopsTheRun(afterRestart: .differs(twice))),
    (.failed("x"), .some(.failed("y")), .stopsTheRun(afterRestart: .fails("y"))),
    (.failed("x"), .some(.endless), .stopsTheRun(afterRestart: .endless)),
  ]

  @Test(arguments: rounds)
  func aRoundHasAVerdict(
    course: StepProof.Course, restart: StepProof.Course?, verdict: StepProof.Verdict
  ) {
    #expect(StepProof.verdict(course, restart: restart) == verdict)
  }

  @Test func whatWasNeverKilledIsNotProven() {
    let proof = StepProof(step: "a", onLost: .rerun)
    #expect(proof.isUnproven && !proof.isFault && proof.verdict == .tooShort)
    #expect(printer.text(proof).hasPrefix("a: NOT proven: its attempt was over before"))
  }

  @Test func aFaultIsSaidWithItsRoundAndSeed() {
    #expect(
      printer.text(proof(.rerun, .differs(Self.twice))).hasPrefix(
        "load: NOT idempotent: killed after 412ms, and run again: l.csv has 200 lines instead of 100"
          + " (round 3, --seed 9)\n  let it make its result anew"))
    #expect(
      printer.text(proof(.rerun, .endless, isAfterWork: true)).hasPrefix(
        "load: NOT idempotent: killed when its work was done but not recorded, and run again: the run"
          + " did not end in time"))
  }

  @Test(arguments: [
    (ProofHistory.Recovery.probeSaidDone, false, "its probe must exit with 1"),
    (.probeSaidNotDone, true, "its probe must exit with 0"),
    (.probeSaidNotDone, false, "half of its work is there"),
  ])
  func aProbeIsToldWhatItShouldHaveSaid(
    recovery: ProofHistory.Recovery, isAfterWork: Bool, advice: String
  ) {
    let proof = proof(.probe, .differs(Self.twice), recovery, isAfterWork: isAfterWork)
    #expect(proof.isFault && ProofPrinter.advice(proof).hasPrefix(advice))
  }

  @Test func aStepThatStopsTheRunIsNoFault() {
    let right = proof(.fail, .stopsTheRun(afterRestart: .differs(Self.twice)), .none)
    let needless = proof(.fail, .stopsTheRun(afterRestart: .same), .none)
    #expect(!right.isFault && right.isSettled && !needless.isFault && !needless.isSettled)
    #expect(printer.text(right).contains("  \"fail\" is right for it"))
    #expect(printer.text(needless).contains("  \"rerun\" would do for its onLost\n"))
    #expect(
      printer.end([right, needless], isDeterministic: true, undisturbed: nil).hasPrefix(
        "1 of 2 steps may be run again; 1 may not, and stop the run instead\n"))
  }

  @Test func linksAreNamedUpToSome() {
    #expect(ProofPrinter.note(ofLinks: []) == nil)
    #expect(
      ProofPrinter.note(ofLinks: (1...7).map { "l\($0)" })?.hasSuffix(
        ": l1, l2, l3, l4, l5, and 2 more") == true)
  }
}
