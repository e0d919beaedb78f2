import FlowCore
import FlowStorage
import Testing

@testable import FlowRuntime

/// A launcher that dies is replaced, and what it had been sent is settled first.
struct LauncherDeathTests {
  let one = SupervisorHarness.request(1)
  let two = SupervisorHarness.request(2)

  @Test func whatRunsIsWatchedAndEndsAsItWould() throws {
    let harness = try SupervisorHarness()
    let first = harness.run(one)
    let second = harness.run(two)
    harness.machine.endLauncher()
    #expect(harness.reports() == [])
    #expect(harness.machine.watches.map(\.attempt) == [one.attempt, two.attempt])
    // There is nothing that a launcher would be needed for.
    #expect(harness.supervisor.nextDeadline == nil)
    #expect(harness.machine.launchers.count == 1)
    harness.machine.noteEnd(one, code: 2)
    harness.machine.endMonitor(first, of: one)
    harness.machine.endMonitor(second, of: two)
    #expect(
      harness.reports() == [
        .attemptEnded(one.attempt, .exited(2)), .attemptEnded(two.attempt, .lost()),
      ])
    #expect(harness.machine.swept == [two.attempt])
  }

  @Test func whatRunsCanStillBeStopped() throws {
    let harness = try SupervisorHarness()
    let monitor = harness.run(one)
    harness.machine.endLauncher()
    _ = harness.reports()
    harness.supervisor.stop(one.attempt, force: false)
    #expect(
      harness.machine.signals == [FakeMachine.Signal(processID: monitor, signal: .stop)])
  }

  @Test func aMonitorThatDiedWithTheLauncherIsFoundDead() throws {
    let harness = try SupervisorHarness()
    let monitor = harness.run(one)
    harness.machine.endMonitor(monitor, of: one)
    harness.machine.endLauncher()
    #expect(harness.reports() == [.attemptEnded(one.attempt, .lost())])
  }

  @Test func aLaunchAfterItsDeathGetsANewLauncher() throws {
    let harness = try SupervisorHarness()
    _ = harness.run(one)
    harness.machine.endLauncher()
    _ = harness.reports()
    harness.supervisor.launch(two)
    #expect(harness.machine.launchers.count == 2)
    #expect(harness.machine.sent == [one, two])
  }

  /// One of each: nothing made of it, running, about to begin, ended, torn.
  @Test func requestsInFlightAreSettledByTheirRecordsWhenTheLockIsFree() throws {
    let harness = try SupervisorHarness()
    let requests = (1...5).map { SupervisorHarness.request($0) }
    for request in requests { harness.supervisor.launch(request) }
    let running = harness.machine.begin(requests[1])
    harness.machine.begin(requests[2], command: nil)
    let ended = harness.machine.begin(requests[3])
    harness.machine.noteEnd(requests[3], code: 1)
    harness.machine.endMonitor(ended, of: requests[3])
    harness.machine.begin(requests[4])
    harness.machine.spoil(requests[4])
    harness.machine.release(requests[4])
    // A monitor that is about to begin shares the launcher's lock.
    let node = try #require(harness.machine.storage.files[SupervisorHarness.folder.launcher])
    let shared = try #require(node.lockedBy)
    shared.count += 1
    harness.machine.endLauncher()
    #expect(harness.reports() == [])
    for _ in 0..<3 { #expect(harness.reportsWhenDue() == []) }
    #expect(harness.machine.launchers.count == 1)
    #expect(harness.machine.watches.isEmpty)
    shared.close()
    #expect(
      harness.reportsWhenDue() == [
        .attemptLaunched(requests[1].attempt, processID: 900),
        .attemptEnded(requests[3].attempt, .exited(1)),
        .attemptEnded(requests[4].attempt, .lost()),
      ])
    #expect(harness.machine.watches.map(\.attempt) == [requests[1].attempt, requests[2].attempt])
    #expect(harness.machine.swept == [requests[4].attempt])
    // What nothing had been made of goes to a new launcher.
    #expect(harness.machine.launchers.count == 2)
    #expect(harness.machine.sent == requests + [requests[0]])
    // The command of the third is started at last, and only the record tells.
    harness.machine.note(requests[2], command: 901)
    #expect(
      harness.reportsWhenDue() == [.attemptLaunched(requests[2].attempt, processID: 901)])
    harness.machine.noteEnd(requests[1])
    harness.machine.endMonitor(running, of: requests[1])
    #expect(harness.reports() == [.attemptEnded(requests[1].attempt, .exited(0))])
  }

  /// A monitor of the dead launcher said that it cannot begin, and let go of the lock after that:
  /// its word is not taken for that of a second one.
  @Test func whatTheDeadHaveSaidIsHeardBeforeAnythingIsSentAgain() throws {
    let harness = try SupervisorHarness()
    harness.supervisor.launch(one)
    harness.machine.endLauncher()
    #expect(harness.reports() == [])
    let failure = LaunchFailure(operation: .createRecord, errno: Errno.inputOutput.rawValue)
    harness.machine.tellUnheard(.refused(one.attempt, failure))
    let end = AttemptEnd(
      result: .launchFailed(failure), cause: .byItself, durationMicroseconds: 0)
    #expect(harness.reportsWhenDue() == [.attemptEnded(one.attempt, end)])
    #expect(harness.machine.sent == [one])
    #expect(harness.machine.launchers.count == 1)
  }

  @Test func whatNothingWasMadeOfAndIsToStopIsWithdrawn() throws {
    let harness = try SupervisorHarness()
    harness.supervisor.launch(one)
    harness.supervisor.stop(one.attempt, force: false)
    harness.machine.endLauncher()
    #expect(harness.reports() == [])
    #expect(harness.reportsWhenDue() == [.attemptWithdrawn(one.attempt)])
    #expect(harness.machine.launchers.count == 1)
  }

  @Test func aStopThatWasAskedInFlightReachesTheMonitorThatIsFound() throws {
    let harness = try SupervisorHarness()
    harness.supervisor.launch(one)
    let monitor = harness.machine.begin(one)
    harness.machine.endLauncher()
    _ = harness.reports()
    harness.supervisor.stop(one.attempt, force: true)
    #expect(harness.machine.signals == [])
    #expect(harness.reportsWhenDue() == [.attemptLaunched(one.attempt, processID: 900)])
    #expect(
      harness.machine.signals == [FakeMachine.Signal(processID: monitor, signal: .force)])
  }

  /// Monitors may tell what they had to tell after their launcher is known to be gone.
  @Test func aMonitorThatTellsLateIsBelieved() throws {
    let harness = try SupervisorHarness()
    harness.supervisor.launch(one)
    harness.supervisor.launch(two)
    let monitor = harness.machine.begin(one)
    harness.machine.endLauncher()
    harness.machine.tell(.launched(one.attempt, processID: 900, monitorID: monitor))
    harness.machine.tell(.ended(two.attempt, .exited(0)))
    #expect(
      harness.reports() == [
        .attemptLaunched(one.attempt, processID: 900), .attemptEnded(two.attempt, .exited(0)),
      ])
    #expect(harness.machine.watches.map(\.attempt) == [one.attempt])
    #expect(harness.reportsWhenDue() == [])
    #expect(harness.supervisor.nextDeadline == nil)
    #expect(harness.machine.launchers.count == 1)
  }

  @Test func launchersThatKeepDyingAreReplacedEverMoreSeldom() throws {
    let harness = try SupervisorHarness()
    harness.supervisor.launch(one)
    let begin = harness.machine.clock
    for _ in 0..<50 {
      harness.machine.endLauncher()
      #expect(harness.reports() == [])
      #expect(harness.reportsWhenDue() == [])
    }
    #expect(harness.machine.launchers.count == 51)
    #expect(harness.machine.clock - begin > 40_000_000)
    #expect(harness.machine.sent.count == 51)
  }

  @Test func aWaitForSpaceOutlivesTheLauncher() throws {
    let harness = try SupervisorHarness()
    harness.supervisor.launch(one)
    harness.machine.tell(.lacks(one.attempt, .space))
    harness.machine.endLauncher()
    #expect(harness.reports() == [])
    #expect(harness.machine.launchers.count == 1)
    #expect(harness.reportsWhenDue() == [])
    #expect(harness.machine.launchers.count == 2)
    #expect(harness.machine.sent == [one, one])
    // No message can report the end of the first monitor any more.
    let monitor = harness.machine.begin(one)
    harness.machine.endMonitor(monitor, of: one)
    harness.machine.tell(.monitorGone(one.attempt))
    #expect(
      harness.reports() == [
        .attemptEnded(one.attempt, .lost()), .roomReturned(waitedMicroseconds: 1_000_000),
      ])
  }
}
