import FlowSystem
import FlowtortureCommands
import Testing

/// What a cut of the power may change, and what it may not.
struct PowerCheckerTests {
  private typealias Sample = SampleRound
  private var sample = SampleRound()

  /// The end of an attempt as an engine prints it.
  private static func end(_ name: AttemptName, exitCode: Int, at microseconds: Int) -> String {
    """
    {"sequence":9,"monotonicUs":\(microseconds),"kind":"attemptEnded","step":"\(name.step)",\
    "attempt":\(name.number),"outcome":"exited","cause":"byItself","exitCode":\(exitCode),\
    "signal":null,"durationUs":0,"unkillable":0}

    """
  }

  @Test mutating func whatWasNotSyncedMayBeLost() {
    sample.record.cuts = [59_500]
    sample.record.outputs[2] = OutputRecord(Sample.b1, byteCount: 7)
    #expect(sample.violations == [])
    sample.replace(12, .ended(Sample.b1, AttemptResult("lost")))
    sample.record.plan.steps[1].onLost = .fail
    // It had an end before the cut.
    #expect(sample.violated.contains(.lost))
    sample.record.cuts = [50_000]
    #expect(!sample.violated.contains(.lost))
  }

  @Test mutating func anEndThatWasShown() {
    sample.record.cuts = [38_000]
    sample.record.eventTexts = [Self.end(Sample.a2, exitCode: 0, at: 39_000)]
    #expect(!sample.violated.contains(.power))
    sample.record.eventTexts = [Self.end(AttemptName("c", 1), exitCode: 1, at: 1_000)]
    #expect(sample.violated.contains(.power))
    sample.record.cuts = []
    #expect(!sample.violated.contains(.power))
  }

  @Test mutating func aSuccessThatWasShownAndRunsAgain() {
    sample.record.cuts = [9_500]
    sample.record.eventTexts = [Self.end(Sample.a1, exitCode: 1, at: 9_000)]
    #expect(!sample.violated.contains(.power))
    sample.record.eventTexts = [Self.end(Sample.b1, exitCode: 0, at: 59_000)]
    #expect(!sample.violated.contains(.power))
    sample.record.ledger.append(LedgerLine(61_000, .start, AttemptName("b", 2)))
    #expect(sample.violated.contains(.power))
  }

  @Test mutating func aRequestThatWasConfirmed() {
    var cancel = CommandRecord(.cancel, process: 20, startedAt: 20_000)
    cancel.endedAt = 21_000
    cancel.ending = .exit(0)
    sample.record.commands.append(cancel)
    sample.record.cuts = [20_500]
    #expect(!sample.violated.contains(.power))
    sample.record.cuts = [22_000]
    #expect(sample.violated.contains(.power))
    sample.insert(at: 14, (59_000, .cancelRequested(id: "7", force: false)))
    #expect(!sample.violated.contains(.power))
  }

  // MARK: Runs beside runs

  @Test func runsOneAfterTheOther() {
    let ledger = """
      10 start s0 a 1 5
      20 beat s0 a 1 5
      20 start s1 a 1 6
      30 end s1 a 1 6 exit 0

      """
    #expect(ExclusionChecker.check(ledger) == [])
  }

  @Test(arguments: [
    "10 start s0 a 1 5\n20 start s1 a 1 6\n30 beat s0 a 1 5\n",
    "10 start s0 a 1 5\n50 beat s0 a 1 5\n20 start s0 b 1 7\n40 start s1 a 1 6\n",
    "10 start s0 a 1 5\n20 clash s0 a 1 5\n",
  ])
  func runsBesideEachOther(ledger: String) {
    #expect(ExclusionChecker.check(ledger).count == 1)
  }
}
