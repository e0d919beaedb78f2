import FlowtortureCommands
import Testing

/// What was said stays true, and every process ends as it may.
struct SaidTests {
  private var chronicle = Chronicle()

  // MARK: Events

  @Test mutating func aReaderShowsABeginningOfTheHistory() {
    chronicle.record.eventTexts = ["", "1\n2\n", "1\n2\n3", "1\n2\n3\n9"]
    #expect(chronicle.fired == [])
    chronicle.record.eventTexts = ["1\n3\n"]
    #expect(chronicle.fired == [.said])
    chronicle.record.eventTexts = [chronicle.record.lines.map { "\($0)\n" }.joined() + "15\n"]
    #expect(chronicle.fired == [.said])
  }

  @Test mutating func anEngineShowsNothingThatTheHistoryLacks() {
    func line(_ sequence: Int, _ outcome: String) -> String {
      #"{"sequence":\#(sequence),"monotonicUs":1,"kind":"runFinished","outcome":"\#(outcome)"}"#
    }
    chronicle.record.lines[13] = line(14, "succeeded")
    chronicle.record.engineTexts = [line(14, "succeeded") + "\n", ""]
    #expect(chronicle.fired == [])
    chronicle.record.engineTexts = [line(14, "failed") + "\n"]
    #expect(chronicle.fired == [.said])
    chronicle.record.engineTexts = [line(15, "succeeded") + "\n"]
    #expect(chronicle.fired == [.said])
    chronicle.record.engineTexts = ["nonsense\n"]
    #expect(chronicle.fired == [.said])
  }

  // MARK: Status

  @Test mutating func aStepThatWasShownAsDoneIsDone() {
    chronicle.record.statuses = [
      StatusReport(state: "running", steps: [.init("a", "running", [.init(1, nil)])])
    ]
    #expect(chronicle.fired == [])
    chronicle.record.statuses = [StatusReport(state: "running", steps: [.init("a", "failed")])]
    #expect(chronicle.fired == [.said])
    chronicle.record.statuses = [
      StatusReport(
        state: "running", steps: [.init("a", "running", [.init(1, "exited", exitCode: 0)])])
    ]
    #expect(chronicle.fired == [.said])
    chronicle.record.statuses = [StatusReport(state: "failed")]
    #expect(chronicle.fired == [.said])
    chronicle.record.statuses = [StatusReport(state: "running", steps: [.init("x", "running")])]
    #expect(chronicle.fired == [.said])
  }

  @Test mutating func whatRunsOnceMoreMayEndOtherwise() {
    let failed = StatusReport(state: "failed", steps: [.init("a", "failed")])
    chronicle.record.statuses = [failed]
    #expect(chronicle.fired == [.said])
    chronicle.record.plan.beatsAgain = []
    #expect(chronicle.fired == [])
    let steps = chronicle.record.status.steps
    chronicle.record.statuses = [StatusReport(state: "failed", steps: steps)]
    #expect(chronicle.fired == [.said])
  }

  // MARK: Commands

  private mutating func end(
    _ kind: CommandRecord.Kind, _ ending: CommandRecord.Ending?,
    _ change: (inout CommandRecord) -> Void = { _ in }
  ) -> Bool {
    var command = CommandRecord(kind, process: 20, startedAt: 100_000)
    command.endedAt = 110_000
    command.ending = ending
    change(&command)
    chronicle.record.commands = [command]
    #expect(chronicle.fired.isSubset(of: [.said]))
    return chronicle.fired.isEmpty
  }

  @Test mutating func exitCodesAreTheRunsOutcome() {
    #expect(end(.run, .exit(0)))
    #expect(!end(.run, .exit(1)))
    #expect(!end(.restart, .exit(3)))
    #expect(!end(.run, .exit(5)))
    #expect(!end(.run, nil))
    #expect(end(.cancel, .exit(0)))
    #expect(!end(.cancel, .exit(1)))
    #expect(!end(.reader, .exit(6)))
  }

  @Test mutating func signalsAreTheTorturesOwn() {
    #expect(!end(.run, .signal(11)))
    #expect(!end(.run, .signal(9)))
    #expect(end(.run, .signal(9)) { $0.wasKilled = true })
    #expect(!end(.run, .exit(4)))
    #expect(end(.run, .exit(4)) { $0.wasTerminated = true })
    #expect(end(.run, .signal(15)) { $0.wasTerminated = true })
    #expect(end(.run, .signal(2)) { $0.wasInterrupted = true })
    #expect(!end(.run, .signal(15)) { $0.wasInterrupted = true })
  }

  @Test mutating func storageFailsOnlyWhereItWasTakenAway() {
    #expect(!end(.restart, .exit(6)))
    #expect(end(.restart, .exit(6)) { $0.sawLockRemoved = true })
    #expect(end(.run, .exit(6)) { $0.sawDiskFull = true })
  }

  @Test mutating func aRestartGivesWayToAnotherOnly() {
    #expect(end(.restart, .exit(2)) { $0.sawRunMissing = true })
    #expect(!end(.restart, .exit(2)))
    var other = CommandRecord(.run, process: 21, startedAt: 90_000)
    other.endedAt = 105_000
    other.ending = .exit(0)
    chronicle.record.commands.append(other)
    #expect(chronicle.fired == [])
    chronicle.record.commands[1].endedAt = 95_000
    #expect(chronicle.fired == [.said])
  }
}
