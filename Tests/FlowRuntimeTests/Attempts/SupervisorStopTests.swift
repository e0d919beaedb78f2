import FlowCore
import FlowStorage
import Testing

@testable import FlowRuntime

/// A stop is sent to a process only if it is certainly the attempt's monitor.
struct SupervisorStopTests {
  typealias Signal = FakeMachine.Signal
  let one = SupervisorHarness.request(1)

  @Test(arguments: [(false, ProcessSignal.stop), (true, .force)])
  func aStopGoesToTheMonitor(force: Bool, signal: ProcessSignal) throws {
    let harness = try SupervisorHarness()
    let monitor = harness.run(one)
    harness.supervisor.stop(one.attempt, force: force)
    #expect(harness.machine.signals == [Signal(processID: monitor, signal: signal)])
    #expect(harness.reports() == [])
    // Whether it acts on an order to kill is looked at.
    #expect((harness.supervisor.nextDeadline == nil) == !force)
    while harness.supervisor.nextDeadline != nil { #expect(harness.reportsWhenDue() == []) }
    #expect(harness.machine.signals.count == 1)
  }

  /// A monitor that is stopped or frozen does not kill its attempt. It is killed itself, and the
  /// attempt is lost. Its launcher may report nothing.
  @Test func aMonitorThatDoesNotActIsKilled() throws {
    let harness = try SupervisorHarness()
    let monitor = harness.run(one)
    harness.machine.deaf = [monitor]
    let begin = harness.machine.clock
    harness.supervisor.stop(one.attempt, force: true)
    while harness.machine.processes[monitor] != nil {
      #expect(harness.reportsWhenDue() == [])
    }
    #expect(harness.machine.signals.map(\.signal) == [.force, .kill])
    #expect((1_000_000...2_000_000).contains(harness.machine.clock - begin))
    harness.machine.release(one)
    #expect(harness.reportsWhenDue() == [.attemptEnded(one.attempt, .lost())])
    #expect(harness.machine.swept == [one.attempt])
    #expect(harness.supervisor.nextDeadline == nil)
  }

  @Test func aStopWithGraceKillsNoMonitor() throws {
    let harness = try SupervisorHarness()
    harness.machine.deaf = [harness.run(one)]
    harness.supervisor.stop(one.attempt, force: false)
    #expect(harness.supervisor.nextDeadline == nil)
    #expect(harness.machine.signals.map(\.signal) == [.stop])
  }

  @Test func aStopWithoutGraceFollowsOneWithGrace() throws {
    let harness = try SupervisorHarness()
    let monitor = harness.run(one)
    harness.supervisor.stop(one.attempt, force: false)
    harness.supervisor.stop(one.attempt, force: true)
    #expect(
      harness.machine.signals == [
        Signal(processID: monitor, signal: .stop), Signal(processID: monitor, signal: .force),
      ])
  }

  @Test(arguments: [
    ([false], ProcessSignal.stop), ([false, true], .force), ([true, false], .force),
  ])
  func aStopThatOvertakesTheLaunchIsCarriedOutAfterIt(
    stops: [Bool], signal: ProcessSignal
  ) throws {
    let harness = try SupervisorHarness()
    harness.supervisor.launch(one)
    for force in stops { harness.supervisor.stop(one.attempt, force: force) }
    #expect(harness.reports() == [])
    let monitor = harness.machine.begin(one)
    #expect(harness.machine.signals == [])
    harness.machine.tell(.launched(one.attempt, processID: 900, monitorID: monitor))
    #expect(harness.reports() == [.attemptLaunched(one.attempt, processID: 900)])
    #expect(harness.machine.signals == [Signal(processID: monitor, signal: signal)])
  }

  @Test func aNumberThatBelongsToAnotherProcessNowIsNotSignalled() throws {
    let harness = try SupervisorHarness()
    let monitor = harness.run(one)
    // The monitor is gone, and the message under way; its number is given out again. Even if the
    // record seems to be locked.
    harness.machine.end(monitor)
    harness.machine.start(monitor)
    harness.supervisor.stop(one.attempt, force: true)
    #expect(harness.machine.signals == [])
    harness.machine.release(one)
    harness.supervisor.stop(one.attempt, force: true)
    harness.machine.tell(.monitorGone(one.attempt))
    #expect(harness.reports() == [.attemptEnded(one.attempt, .lost())])
    #expect(harness.machine.signals == [])
  }

  @Test func aMonitorThatHasLetGoOfItsRecordIsNotSignalled() throws {
    let harness = try SupervisorHarness()
    _ = harness.run(one)
    harness.machine.release(one)
    harness.supervisor.stop(one.attempt, force: false)
    #expect(harness.machine.signals == [])
  }

  @Test func aMonitorOfAnotherPlaceIsNotSignalled() throws {
    let harness = try SupervisorHarness()
    harness.supervisor.launch(one)
    let monitor = harness.machine.begin(one, at: HostContext(bootID: "boot", mountID: 3))
    harness.machine.tell(.launched(one.attempt, processID: 900, monitorID: monitor))
    _ = harness.reports()
    harness.supervisor.stop(one.attempt, force: false)
    #expect(harness.machine.signals == [])
  }

  @Test func aStopWaitsForARecordThatCannotBeReadNow() throws {
    let harness = try SupervisorHarness()
    let monitor = harness.run(one)
    harness.machine.storage.failures[one.recordPath] = (10, .inputOutput)
    harness.supervisor.stop(one.attempt, force: false)
    #expect(harness.machine.signals == [])
    while harness.machine.signals.isEmpty {
      #expect(harness.supervisor.nextDeadline != nil)
      #expect(harness.reportsWhenDue() == [])
    }
    #expect(harness.machine.signals == [Signal(processID: monitor, signal: .stop)])
    #expect(harness.supervisor.nextDeadline == nil)
  }

  @Test func whatHasEndedIsLeftAlone() throws {
    let harness = try SupervisorHarness()
    let monitor = harness.run(one)
    harness.machine.tell(.ended(one.attempt, .exited(0)))
    #expect(harness.reports() == [.attemptEnded(one.attempt, .exited(0))])
    harness.supervisor.stop(one.attempt, force: true)
    harness.supervisor.stop(AttemptID(step: 9, number: 1), force: true)
    #expect(harness.machine.signals == [])
    #expect(harness.reports() == [])
    #expect(harness.machine.processes[monitor] != nil)
  }
}
