import FlowSystem
import FlowtortureCommands
import Testing

/// What the checkers expect of attempts that were told to end, stopped or short of processes.
struct InterruptionCheckerTests {
  private typealias Sample = SampleRound
  private var sample = SampleRound()

  /// The first attempt is interrupted, and runs again at once.
  private mutating func interrupt() {
    sample.replace(5, .ended(Sample.a1, AttemptResult("interrupted", exitCode: 1)))
    sample.replace(6, .rerunScheduled(Sample.a1))
    sample.record.toldMonitors = [Sample.a1: [7_000...7_100]]
  }

  @Test mutating func anInterruptionUsesUpNoRetry() {
    interrupt()
    sample.record.plan.steps[0].retry.maxAttempts = 1
    #expect(sample.violations == [])
    sample.replace(6, .retryScheduled(Sample.a1, delayMilliseconds: 20))
    #expect(sample.violated == [.retry])
  }

  @Test mutating func onLostDecidesAfterIt() {
    interrupt()
    sample.record.plan.steps[0].onLost = .fail
    #expect(sample.violated == [.retry])
    sample.record.plan.steps[0].onLost = .probe
    #expect(sample.violated == [.retry])
  }

  @Test mutating func nobodyToldItsMonitor() {
    interrupt()
    sample.record.toldMonitors = [:]
    #expect(sample.violated == [.interruption])
    sample.record.namelessTold = 1
    #expect(sample.violations == [])
  }

  @Test mutating func anInterruptionThatWasASuccess() {
    interrupt()
    sample.record.ledger[1] = LedgerLine(8_000, .exit(code: 0), Sample.a1)
    #expect(sample.violated == [.interruption])
    sample.record.plan.steps[0].program = .shell
    #expect(sample.violations == [])
  }

  @Test mutating func anInterruptionThatCountsAsAFailure() {
    sample.record.toldMonitors = [Sample.a1: [7_000...7_100]]
    #expect(sample.violated == [.interruption])
    // It ended after its grace.
    sample.record.plan.steps[0].killGrace = 1
    #expect(sample.violations == [])
    sample.record.plan.steps[0].killGrace = 100
    // The monitor was stopped meanwhile, and so saw the end late.
    sample.record.pausedMicroseconds = 100_000
    #expect(sample.violations == [])
    sample.record.pausedMicroseconds = 0
    // It ended before.
    sample.record.toldMonitors = [Sample.a1: [8_500...8_600]]
    #expect(sample.violations == [])
  }

  @Test mutating func aMonitorThatWasSuspendedAndForced() {
    sample.record.plan.steps[1].onLost = .fail
    sample.replace(12, .ended(Sample.b1, AttemptResult("lost")))
    sample.record.suspendedMonitors = [Sample.b1]
    #expect(sample.violated.contains(.lost))
    sample.insert(at: 12, (50_000, .cancelRequested(id: "7", force: true)))
    #expect(!sample.violated.contains(.lost))
    sample.record.suspendedMonitors = []
    #expect(sample.violated.contains(.lost))
  }

  /// Without its environment nobody finds it once monitor and launcher were killed.
  @Test mutating func aBareChildOfALostAttempt() {
    sample.record.plan.steps[1].onLost = .fail
    sample.replace(12, .ended(Sample.b1, AttemptResult("lost")))
    sample.record.killedMonitors = [Sample.b1]
    sample.record.hasKilledLaunchers = true
    sample.record.stragglers = [Straggler(9, .unknown)]
    #expect(sample.violated.contains(.orphans))
    sample.record.ledger.append(LedgerLine(58_500, .child(flags: "e"), Sample.b1, process: 9))
    #expect(!sample.violated.contains(.orphans))
  }

  @Test mutating func aSignalUnderAShell() {
    sample.record.plan.steps[0].program = .shell
    sample.record.plan.steps[0].retry.on = ["exit"]
    sample.record.ledger[1] = LedgerLine(8_000, .die(signal: 9), Sample.a1)
    sample.replace(5, .ended(Sample.a1, AttemptResult("exited", exitCode: 137)))
    #expect(sample.violations == [])
    sample.replace(5, .ended(Sample.a1, AttemptResult("exited", exitCode: 137, shellSignal: 9)))
    #expect(sample.violated == [.retry])
    sample.record.plan.steps[0].retry.on = ["signal"]
    #expect(sample.violations == [])
  }

  @Test mutating func aShellThatFindsNoProcess() {
    sample.record.ledger.removeFirst(2)
    sample.replace(5, .ended(Sample.a1, AttemptResult("exited", exitCode: 2)))
    sample.record.plan.steps[0].program = .shell
    #expect(sample.violated == [.ends])
    sample.record.wasLimited = true
    #expect(sample.violations == [])
    sample.record.plan.steps[0].program = .direct
    #expect(sample.violated == [.ends])
  }

  /// A launch for which there is no process waits.
  @Test mutating func aLaunchThatFailsForNoReason() {
    sample.record.ledger.removeFirst(2)
    sample.replace(5, .ended(Sample.a1, AttemptResult("launchFailed")))
    #expect(sample.violated == [.ends])
    sample.record.plan.steps[0].program = .missing
    #expect(sample.violations == [])
  }

  @Test mutating func aCommandThatFailsForWantOfProcesses() {
    sample.record.commands[0].ending = .exit(6)
    #expect(sample.violated == [.said])
    sample.record.commands[0].sawLimit = true
    #expect(sample.violations == [])
  }
}
