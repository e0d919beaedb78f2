import FlowCore
import FlowStorage
import Testing

@testable import FlowRuntime

/// A forced stop uses the attempt records alone, without a history.
struct ForcedStopTests {
  typealias Signal = FakeMachine.Signal
  let machine = FakeMachine()
  let one = SupervisorHarness.request(1)
  let two = SupervisorHarness.request(2)

  private func stop() throws -> ForcedStop<FakeMachine, FakeMachine>.Report {
    try ForcedStop(
      SupervisorHarness.folder, host: machine, storage: machine.storage, time: machine,
      here: FakeMachine.here
    ).perform()
  }

  @Test func everyMonitorThatLivesIsToldAndWaitedFor() throws {
    let monitors = [machine.begin(one), machine.begin(two)]
    machine.onWait = { [machine, one, two] in
      if machine.waits == 5 { machine.endMonitor(monitors[0], of: one) }
      if machine.waits == 9 { machine.endMonitor(monitors[1], of: two) }
    }
    let report = try stop()
    #expect(report.stopped == 2 && report.left == [])
    #expect(machine.signals == monitors.map { Signal(processID: $0, signal: .force) })
    #expect(machine.waits == 9)
  }

  /// Who it is stands at the same place in the records of all versions.
  @Test func aMonitorOfALaterVersionIsToldToo() throws {
    let monitor = machine.begin(one)
    machine.makeNewer(one)
    machine.onWait = { [machine, one] in
      if machine.waits == 5 { machine.endMonitor(monitor, of: one) }
    }
    let report = try stop()
    #expect(report.stopped == 1 && report.left == [])
    #expect(machine.signals == [Signal(processID: monitor, signal: .force)])
  }

  @Test func whatHasEndedIsLeftAlone() throws {
    let monitor = machine.begin(one)
    machine.noteEnd(one)
    machine.endMonitor(monitor, of: one)
    let report = try stop()
    #expect(report.stopped == 0 && report.left == [] && machine.signals == [])
  }

  /// Its number may be anybody's here.
  @Test func aMonitorElsewhereIsNotSignalledButNamed() throws {
    machine.begin(one, at: HostContext(bootID: "boot", mountID: 3, processNamespace: 5))
    let report = try stop()
    #expect(report.stopped == 0 && report.left == [one.recordPath] && machine.signals == [])
  }

  @Test func aRecordThatCannotBeReadNowIsAskedAgain() throws {
    let monitor = machine.begin(one)
    machine.storage.failures[one.recordPath] = (3, .inputOutput)
    machine.onWait = { [machine, one] in
      if machine.waits == 5 { machine.endMonitor(monitor, of: one) }
    }
    let report = try stop()
    #expect(report.stopped == 1 && report.left == [])
    #expect(machine.signals == [Signal(processID: monitor, signal: .force)])
  }

  @Test func aRecordThatCannotBeReadIsNamed() throws {
    machine.begin(one)
    machine.storage.failures[one.recordPath] = (1_000, .inputOutput)
    let report = try stop()
    #expect(report.stopped == 0 && report.left == [] && machine.signals == [])
    #expect(report.unreadable == [one.recordPath])
  }

  /// A failure now and then is none.
  @Test func whatHasEndedIsNotNamedForOneFailure() throws {
    let monitor = machine.begin(one)
    machine.noteEnd(one)
    machine.endMonitor(monitor, of: one)
    let other = machine.begin(two)
    machine.onWait = { [machine, one, two] in
      if machine.waits == 200 { machine.endMonitor(other, of: two) }
      if machine.waits == 199 { machine.storage.failures[one.recordPath] = (3, .inputOutput) }
    }
    let report = try stop()
    #expect(report.stopped == 1 && report.left == [] && report.unreadable == [])
  }

  @Test func aNumberThatBelongsToAnotherProcessNowIsNotSignalled() throws {
    let monitor = machine.begin(one)
    machine.end(monitor)
    machine.start(monitor)
    #expect(try stop().left == [one.recordPath])
    #expect(machine.signals == [])
  }

  /// It is stopped, and was not continued: it is killed, and what it leaves with it.
  @Test func aMonitorThatDoesNotActIsKilledWithWhatItWatches() throws {
    let monitor = machine.begin(one)
    machine.deaf = [monitor]
    let begin = machine.clock
    machine.onWait = { [machine, one] in
      if machine.processes[monitor] == nil { machine.release(one) }
    }
    let report = try stop()
    #expect(report.stopped == 1 && report.left == [] && machine.swept == [one.attempt])
    #expect(machine.signals.map(\.signal) == [.force, .kill])
    #expect((1_000_000...1_100_000).contains(machine.clock - begin))
  }

  @Test func aMonitorThatDoesNotEndIsNamedAfterAWhile() throws {
    machine.begin(one)
    let begin = machine.clock
    let report = try stop()
    #expect(report.stopped == 0 && report.left == [one.recordPath])
    #expect(machine.signals.count == 1)
    #expect((30_000_000...60_000_000).contains(machine.clock - begin))
  }

  /// It has locked its record, and has not written its process id yet.
  @Test func aMonitorThatHasJustBegunIsWaitedFor() throws {
    let lock = machine.storage.lock(one.recordPath)
    machine.storage.put([], in: one.recordPath)
    var monitor: Int32 = 0
    machine.onWait = { [machine, one] in
      if machine.waits == 3 {
        lock.close()
        monitor = machine.begin(one)
      }
      if machine.waits == 6 { machine.endMonitor(monitor, of: one) }
    }
    let report = try stop()
    #expect(report.stopped == 1 && report.left == [])
  }
}
