import FlowSystem
import FlowtortureCommands
import Testing

/// Whatever `flow` printed stays true, and its processes exit with the right code.
struct SaidTests {
  private var sample = SampleRound()

  // MARK: Events

  @Test mutating func aReaderShowsABeginningOfTheHistory() {
    sample.record.eventTexts = ["", "1\n2\n", "1\n2\n3", "1\n2\n3\n9"]
    #expect(sample.violated == [])
    sample.record.eventTexts = ["1\n3\n"]
    #expect(sample.violated == [.said])
    sample.record.eventTexts = [sample.record.lines.map { "\($0)\n" }.joined() + "15\n"]
    #expect(sample.violated == [.said])
  }

  @Test mutating func anEngineShowsNothingThatTheHistoryLacks() {
    func line(_ sequence: Int, _ outcome: String) -> String {
      #"{"sequence":\#(sequence),"monotonicUs":1,"kind":"runFinished","outcome":"\#(outcome)"}"#
    }
    sample.record.lines[13] = line(14, "succeeded")
    sample.record.engineTexts = [line(14, "succeeded") + "\n", ""]
    #expect(sample.violated == [])
    sample.record.engineTexts = [line(14, "failed") + "\n"]
    #expect(sample.violated == [.said])
    sample.record.engineTexts = [line(15, "succeeded") + "\n"]
    #expect(sample.violated == [.said])
    sample.record.engineTexts = ["nonsense\n"]
    #expect(sample.violated == [.said])
  }

  // MARK: Status

  @Test mutating func aStepThatWasShownAsDoneIsDone() {
    sample.record.statuses = [
      StatusReport(state: "running", steps: [.init("a", "running", [.init(1, nil)])])
    ]
    #expect(sample.violated == [])
    sample.record.statuses = [StatusReport(state: "running", steps: [.init("a", "failed")])]
    #expect(sample.violated == [.said])
    sample.record.statuses = [
      StatusReport(
        state: "running", steps: [.init("a", "running", [.init(1, "exited", exitCode: 0)])])
    ]
    #expect(sample.violated == [.said])
    sample.record.statuses = [StatusReport(state: "failed")]
    #expect(sample.violated == [.said])
    sample.record.statuses = [StatusReport(state: "running", steps: [.init("x", "running")])]
    #expect(sample.violated == [.said])
  }

  @Test mutating func whatRunsOnceMoreMayEndOtherwise() {
    let failed = StatusReport(state: "failed", steps: [.init("a", "failed")])
    sample.record.statuses = [failed]
    #expect(sample.violated == [.said])
    sample.record.plan.beatsAgain = []
    #expect(sample.violated == [])
    let steps = sample.record.status.steps
    sample.record.statuses = [StatusReport(state: "failed", steps: steps)]
    #expect(sample.violated == [.said])
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
    sample.record.commands = [command]
    #expect(sample.violated.isSubset(of: [.said]))
    return sample.violated.isEmpty
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
    #expect(!end(.run, .exit(6)) && !end(.run, .exit(6)) { $0.wasTerminated = true })
    sample.record.plan.isDetached = true
    #expect(!end(.run, .exit(6)) && end(.run, .exit(6)) { $0.wasTerminated = true })
    sample.record.plan.isDetached = false
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
    sample.record.commands.append(other)
    #expect(sample.violated == [])
    sample.record.commands[1].endedAt = 95_000
    #expect(sample.violated == [.said])
  }

  /// What came after a step that runs again does so too, although it had succeeded.
  @Test mutating func aSuccessThatRunsAgain() {
    sample.record.statuses = [StatusReport(state: "running", steps: [.init("b", "succeeded")])]
    sample.record.status = StatusReport(
      state: "failed", steps: [.init("a", "failed"), .init("b", "failed")])
    sample.insert(at: 15, (60_000, .runReopened(withDependents: true)))
    func said() -> Bool {
      sample.violations.contains { $0.property == .said && $0.text.contains("showed b as") }
    }
    #expect(said())
    sample.record.plan.steps[0].allowFailure = true
    sample.replace(10, .stepFinished("a", outcome: "failed"))
    #expect(!said())
  }
}
