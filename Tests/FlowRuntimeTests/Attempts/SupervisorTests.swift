import FlowCore
import FlowStorage
import Testing

@testable import FlowRuntime

/// Attempts whose launcher lives.
struct SupervisorTests {
  let one = SupervisorHarness.request(1)
  let two = SupervisorHarness.request(2)
  private let launcherPath = SupervisorHarness.folder.launcher

  private func launched(_ request: LaunchRequest, by monitor: Int32) -> ProcessMessage {
    .launched(request.attempt, processID: 900, monitorID: monitor)
  }

  private func isLocked(_ path: String, _ machine: FakeMachine) -> Bool {
    machine.storage.files[path]?.lockedBy != nil
  }

  // MARK: The launcher

  @Test func aLauncherIsStartedForTheFirstLaunchAndServesAll() throws {
    let harness = try SupervisorHarness()
    #expect(harness.reports() == [])
    #expect(harness.machine.launchers.isEmpty)
    harness.supervisor.launch(one)
    harness.supervisor.launch(two)
    #expect(harness.machine.launchers.count == 1)
    #expect(harness.machine.sent == [one, two])
    // The lock is the launcher's now, and nothing is open here.
    #expect(isLocked(launcherPath, harness.machine))
    #expect(harness.machine.storage.openCount == 0)
    #expect(harness.supervisor.nextDeadline == nil)
  }

  @Test func theLauncherFileSaysWhichProcessTheLauncherIs() throws {
    let harness = try SupervisorHarness()
    harness.supervisor.launch(one)
    let launcher = try #require(harness.machine.launchers.first)
    let record = LauncherFile(path: launcherPath, storage: harness.machine.storage).launcher()
    #expect(
      record
        == LauncherRecord(
          processID: launcher, processStart: try #require(harness.machine.processes[launcher]),
          host: HostMark(FakeMachine.here)))
  }

  @Test func aRecordOfALauncherThatIsNotWholeSaysNothing() {
    let record = LauncherRecord(
      processID: 7, processStart: 8, host: HostMark(FakeMachine.here))
    let bytes = record.encoded()
    #expect(LauncherRecord.decode(bytes) == record)
    for index in bytes.indices {
      var spoilt = bytes
      spoilt[index] ^= 1
      #expect(LauncherRecord.decode(spoilt) == nil)
      #expect(LauncherRecord.decode(Array(bytes[..<index])) == nil)
    }
    #expect(LauncherRecord.decode([UInt8](repeating: 0, count: bytes.count)) == nil)
  }

  @Test func aLauncherThatCannotBeStartedIsAFailedLaunch() throws {
    let harness = try SupervisorHarness()
    harness.machine.launcherErrors = [.tryAgain, .tryAgain, .permissionDenied]
    harness.supervisor.launch(one)
    let failure = LaunchFailure(operation: .fork, errno: Errno.permissionDenied.rawValue)
    #expect(
      harness.reports() == [
        .attemptEnded(
          one.attempt,
          AttemptEnd(result: .launchFailed(failure), cause: .byItself, durationMicroseconds: 0))
      ])
    #expect(!isLocked(launcherPath, harness.machine))
    harness.supervisor.launch(two)
    #expect(harness.machine.sent == [two])
  }

  @Test func aLauncherIsStartedWhenThereIsAProcessForIt() throws {
    let harness = try SupervisorHarness()
    harness.machine.launcherErrors = [.tryAgain, .tryAgain, .noMemory]
    harness.supervisor.launch(one)
    #expect(harness.reports() == [] && harness.supervisor.lacking == .processes)
    #expect(
      harness.reportsWhenDue() == [.roomReturned(waitedMicroseconds: 1_000_000, of: .processes)])
    #expect(harness.machine.sent == [one] && harness.supervisor.lacking == [])
  }

  @Test func aLauncherIsStartedWhenThereIsSpaceForIt() throws {
    let harness = try SupervisorHarness()
    harness.machine.storage.failures[launcherPath] = (3, .noSpace)
    harness.supervisor.launch(one)
    harness.supervisor.launch(two)
    #expect(harness.machine.launchers.isEmpty && harness.supervisor.lacking == .space)
    harness.supervisor.stop(one.attempt, force: false)
    #expect(harness.reports() == [.attemptWithdrawn(one.attempt)])
    #expect(harness.reportsWhenDue() == [.roomReturned(waitedMicroseconds: 1_000_000)])
    #expect(harness.supervisor.lacking == [])
    #expect(harness.machine.sent == [two])
  }

  // MARK: Messages

  @Test func anAttemptIsLaunchedPassesItsDeadlineAndEnds() throws {
    let harness = try SupervisorHarness()
    harness.supervisor.launch(one)
    harness.machine.tell(launched(one, by: 7))
    #expect(harness.reports() == [.attemptLaunched(one.attempt, processID: 900)])
    harness.machine.tell(.deadlinePassed(one.attempt))
    harness.machine.tell(.ended(one.attempt, .exited(3)))
    harness.machine.tell(.monitorGone(one.attempt))
    #expect(
      harness.reports() == [
        .deadlinePassed(one.attempt), .attemptEnded(one.attempt, .exited(3)),
      ])
    // None of it took a look at a record.
    #expect(harness.machine.storage.opened == 2)
  }

  @Test func whatIsToldAgainOrTooLateIsIgnored() throws {
    let harness = try SupervisorHarness()
    harness.supervisor.launch(one)
    harness.machine.tell(.deadlinePassed(one.attempt))
    harness.machine.tell(launched(one, by: 7))
    harness.machine.tell(launched(one, by: 8))
    for _ in 0..<2 { harness.machine.tell(.deadlinePassed(one.attempt)) }
    for _ in 0..<2 { harness.machine.tell(.ended(one.attempt, .exited(0))) }
    harness.machine.tell(launched(one, by: 7))
    harness.machine.tell(.refused(one.attempt, LaunchFailure(operation: .fork, errno: 11)))
    harness.machine.tell(.lacks(one.attempt, .space))
    harness.machine.tell(.watchedGone(one.attempt))
    harness.machine.tell(.monitorGone(one.attempt))
    #expect(
      harness.reports() == [
        .attemptLaunched(one.attempt, processID: 900), .deadlinePassed(one.attempt),
        .attemptEnded(one.attempt, .exited(0)),
      ])
    #expect(harness.supervisor.nextDeadline == nil)
  }

  @Test func anAttemptThatWasRefusedHasFailedToLaunch() throws {
    let harness = try SupervisorHarness()
    harness.supervisor.launch(one)
    let failure = LaunchFailure(operation: .createRecord, errno: 13)
    harness.machine.tell(.refused(one.attempt, failure))
    harness.machine.tell(.monitorGone(one.attempt))
    #expect(
      harness.reports() == [
        .attemptEnded(
          one.attempt,
          AttemptEnd(result: .launchFailed(failure), cause: .byItself, durationMicroseconds: 0))
      ])
  }

  /// A late fork of a launcher whose lock file was removed.
  @Test func aRecordThatWasThereBeforeIsLookedAtAndNotRunBeside() throws {
    let harness = try SupervisorHarness()
    harness.supervisor.launch(one)
    let monitor = harness.machine.begin(one)
    let failure = LaunchFailure(operation: .createRecord, errno: Errno.fileExists.rawValue)
    harness.machine.tell(.refused(one.attempt, failure))
    harness.machine.tell(.monitorGone(one.attempt))
    #expect(harness.reports() == [])
    #expect(harness.reportsWhenDue() == [.attemptLaunched(one.attempt, processID: 900)])
    #expect(harness.machine.watches.map(\.attempt) == [one.attempt])
    harness.machine.noteEnd(one, code: 4)
    harness.machine.endMonitor(monitor, of: one)
    #expect(harness.reports() == [.attemptEnded(one.attempt, .exited(4))])
  }

  @Test func aRecordThatWasThereBeforeAndIsGoneLetsTheAttemptBeSentAgain() throws {
    let harness = try SupervisorHarness()
    harness.supervisor.launch(one)
    let failure = LaunchFailure(operation: .createRecord, errno: Errno.fileExists.rawValue)
    harness.machine.tell(.refused(one.attempt, failure))
    #expect(harness.reports() == [])
    #expect(harness.reportsWhenDue() == [])
    #expect(harness.reportsWhenDue() == [])
    #expect(harness.machine.sent == [one, one])
    // Of the monitor that refused.
    harness.machine.tell(.monitorGone(one.attempt))
    #expect(harness.reports() == [])
    #expect(harness.supervisor.nextDeadline == nil)
  }

  // MARK: Processes

  @Test(arguments: [Errno.tryAgain, .noMemory, .tooManyOpenFiles])
  func aMonitorThatCannotBeForkedIsTriedAgainAfterASecond(errno: Errno) throws {
    let harness = try SupervisorHarness()
    harness.supervisor.launch(one)
    let failure = LaunchFailure(operation: .fork, errno: errno.rawValue)
    harness.machine.tell(.notForked(one.attempt, failure))
    #expect(harness.reports() == [] && harness.supervisor.lacking == .processes)
    #expect(harness.reportsWhenDue() == [])
    #expect(harness.machine.sent == [one, one])
    // No other monitor of it is gone: this one was killed.
    let monitor = harness.machine.begin(one)
    harness.machine.tell(launched(one, by: monitor))
    #expect(
      harness.reports() == [
        .attemptLaunched(one.attempt, processID: 900),
        .roomReturned(waitedMicroseconds: 1_000_000, of: .processes),
      ])
  }

  @Test func aMonitorThatCannotBeForkedAtAllIsAFailure() throws {
    let harness = try SupervisorHarness()
    harness.supervisor.launch(one)
    let failure = LaunchFailure(operation: .fork, errno: Errno.permissionDenied.rawValue)
    harness.machine.tell(.notForked(one.attempt, failure))
    #expect(
      harness.reports() == [
        .attemptEnded(
          one.attempt,
          AttemptEnd(result: .launchFailed(failure), cause: .byItself, durationMicroseconds: 0))
      ])
  }

  /// Many at once would take each other the processes that one of them could have.
  @Test func whileProcessesLackOneLaunchIsTriedAtATime() throws {
    let harness = try SupervisorHarness()
    for request in [one, two] { harness.supervisor.launch(request) }
    for request in [one, two] { harness.machine.tell(.lacks(request.attempt, .processes)) }
    #expect(harness.reports() == [])
    #expect(harness.reportsWhenDue() == [])
    #expect(harness.machine.sent == [one, two, one] && harness.supervisor.nextDeadline == nil)
    harness.machine.tell(.lacks(one.attempt, .processes))
    #expect(harness.reports() == [])
    #expect(harness.machine.sent == [one, two, one, two])
    harness.machine.tell(launched(two, by: 8))
    #expect(harness.reports() == [.attemptLaunched(two.attempt, processID: 900)])
    // At once, since there was a process.
    #expect(harness.machine.sent == [one, two, one, two, one])
    #expect(harness.supervisor.lacking == .processes)
  }

  // MARK: Space

  @Test func withoutSpaceAnAttemptIsSentAgainAfterASecond() throws {
    let harness = try SupervisorHarness()
    harness.supervisor.launch(one)
    let begin = harness.machine.clock
    harness.machine.tell(.lacks(one.attempt, .space))
    harness.machine.tell(.monitorGone(one.attempt))
    #expect(harness.reports() == [])
    #expect(harness.supervisor.nextDeadline == Instant(microseconds: begin + 1_000_000))
    #expect(harness.reportsWhenDue() == [])
    #expect(harness.machine.sent == [one, one] && harness.supervisor.lacking == .space)
    harness.machine.tell(launched(one, by: 7))
    #expect(
      harness.reports() == [
        .attemptLaunched(one.attempt, processID: 900),
        .roomReturned(waitedMicroseconds: 1_000_000),
      ])
    #expect(harness.supervisor.lacking == [])
  }

  /// The monitor that had no space may be slow to go.
  @Test func theEndOfAMonitorWithoutSpaceIsNotTakenForTheNextOnes() throws {
    let harness = try SupervisorHarness()
    harness.supervisor.launch(one)
    harness.machine.tell(.lacks(one.attempt, .space))
    _ = harness.reports()
    _ = harness.reportsWhenDue()
    let monitor = harness.machine.begin(one)
    harness.machine.tell(.monitorGone(one.attempt))
    harness.machine.tell(launched(one, by: monitor))
    #expect(
      harness.reports() == [
        .attemptLaunched(one.attempt, processID: 900),
        .roomReturned(waitedMicroseconds: 1_000_000),
      ])
    #expect(harness.machine.swept.isEmpty)
  }

  @Test(arguments: [false, true])
  func anAttemptWithoutSpaceThatIsToStopIsWithdrawn(isStoppedBefore: Bool) throws {
    let harness = try SupervisorHarness()
    harness.supervisor.launch(one)
    if isStoppedBefore { harness.supervisor.stop(one.attempt, force: false) }
    harness.machine.tell(.lacks(one.attempt, .space))
    if !isStoppedBefore {
      #expect(harness.reports() == [])
      harness.supervisor.stop(one.attempt, force: false)
    }
    #expect(harness.reports() == [.attemptWithdrawn(one.attempt)])
    #expect(harness.supervisor.lacking == [])
    // Its number is free again.
    harness.supervisor.launch(one)
    harness.machine.tell(.monitorGone(one.attempt))
    #expect(harness.reportsWhenDue() == [])
    #expect(harness.machine.sent == [one, one])
  }

  // MARK: Dead monitors

  @Test func aMonitorThatIsKilledLeavesALostAttemptOfWhichNothingIsLeft() throws {
    let harness = try SupervisorHarness()
    let monitor = harness.run(one)
    harness.machine.remains = (killed: 3, unkillable: 1)
    harness.machine.endMonitor(monitor, of: one)
    harness.machine.tell(.monitorGone(one.attempt))
    #expect(
      harness.reports() == [.attemptEnded(one.attempt, .lost(killed: 3, unkillable: 1))])
    #expect(harness.machine.swept == [one.attempt])
  }

  @Test func aMonitorThatDiedAfterItNotedTheEndHasToldIt() throws {
    let harness = try SupervisorHarness()
    let monitor = harness.run(one)
    harness.machine.noteEnd(one, code: 5)
    harness.machine.endMonitor(monitor, of: one)
    harness.machine.tell(.monitorGone(one.attempt))
    #expect(harness.reports() == [.attemptEnded(one.attempt, .exited(5))])
    #expect(harness.machine.swept.isEmpty)
  }

  @Test func aMonitorThatDiedBeforeItBeganIsForkedAgain() throws {
    let harness = try SupervisorHarness()
    harness.supervisor.launch(one)
    harness.machine.tell(.monitorGone(one.attempt))
    #expect(harness.reports() == [])
    #expect(harness.machine.sent == [one])
    #expect(harness.reportsWhenDue() == [])
    #expect(harness.machine.sent == [one, one])
  }

  @Test func aMonitorThatDiedWhileItBeganLeavesALostAttempt() throws {
    let harness = try SupervisorHarness()
    harness.supervisor.launch(one)
    let monitor = harness.machine.begin(one, command: nil)
    harness.machine.endMonitor(monitor, of: one)
    harness.machine.tell(.monitorGone(one.attempt))
    #expect(harness.reports() == [.attemptEnded(one.attempt, .lost())])
    #expect(harness.machine.swept == [one.attempt])
  }

  @Test func aRecordThatVanishedDoesNotMakeWhatRanUndone() throws {
    let harness = try SupervisorHarness()
    let monitor = harness.run(one)
    harness.machine.endMonitor(monitor, of: one)
    harness.machine.storage.remove(one.recordPath)
    harness.machine.tell(.monitorGone(one.attempt))
    #expect(harness.reports() == [.attemptEnded(one.attempt, .lost())])
    #expect(harness.machine.swept == [one.attempt])
  }

  @Test func nothingIsConcludedWhileTheRecordIsLocked() throws {
    let harness = try SupervisorHarness()
    let monitor = harness.run(one)
    harness.machine.end(monitor)
    harness.machine.tell(.monitorGone(one.attempt))
    for _ in 0..<20 { #expect(harness.reportsWhenDue() == []) }
    // Ever more seldom.
    let due = try #require(harness.supervisor.nextDeadline)
    #expect(due.microseconds - harness.machine.clock == 1_000_000)
    harness.machine.noteEnd(one, code: 6)
    harness.machine.release(one)
    #expect(harness.reportsWhenDue() == [.attemptEnded(one.attempt, .exited(6))])
    #expect(harness.supervisor.nextDeadline == nil)
  }

  /// The monitor goes while its engine looks.
  @Test(arguments: ["after the question for the lock", "after the read"])
  func anEndThatIsNotedDuringTheLookIsNoLoss(when: String) throws {
    let harness = try SupervisorHarness()
    let monitor = harness.run(one)
    let storage = harness.machine.storage
    let goes = { [one] in
      storage.onLockAsked = {}
      storage.onRead = {}
      harness.machine.noteEnd(one, code: 4)
      harness.machine.endMonitor(monitor, of: one)
    }
    if when == "after the read" { storage.onRead = goes } else { storage.onLockAsked = goes }
    harness.machine.tell(.monitorGone(one.attempt))
    #expect(harness.reports() == [])
    #expect(harness.reportsWhenDue() == [.attemptEnded(one.attempt, .exited(4))])
    #expect(harness.machine.swept.isEmpty)
  }

  @Test(arguments: [1, 3, 30])
  func nothingIsConcludedWhileTheStorageDoesNotTell(failures: Int) throws {
    let harness = try SupervisorHarness()
    let monitor = harness.run(one)
    harness.machine.noteEnd(one, code: 5)
    harness.machine.endMonitor(monitor, of: one)
    harness.machine.storage.failures[one.recordPath] = (failures, .inputOutput)
    harness.machine.tell(.monitorGone(one.attempt))
    var reports = harness.reports()
    while reports.isEmpty { reports = harness.reportsWhenDue() }
    #expect(reports == [.attemptEnded(one.attempt, .exited(5))])
    #expect(harness.machine.failure == nil)
  }

  /// The attempt's outcome would never be known.
  @Test(arguments: [false, true])
  func aRecordThatCannotBeReadForLongStopsTheEngine(isToStop: Bool) throws {
    let harness = try SupervisorHarness()
    let monitor = harness.run(one)
    harness.machine.storage.failures[one.recordPath] = (1_000, .inputOutput)
    if isToStop {
      harness.supervisor.stop(one.attempt, force: true)
    } else {
      harness.machine.endMonitor(monitor, of: one)
      harness.machine.tell(.monitorGone(one.attempt))
    }
    let begin = harness.machine.clock
    while harness.machine.failure == nil, harness.machine.clock - begin < 60_000_000 {
      _ = harness.reportsWhenDue()
    }
    #expect(
      harness.machine.failure
        == .recordIsUnreadable(StorageError(.open, one.recordPath, .inputOutput)))
    #expect((30_000_000...32_000_000).contains(harness.machine.clock - begin))
    #expect(harness.machine.swept.isEmpty)
  }

  /// Two failed reads, with a minute between them in which no read was due.
  @Test func onlyLooksThatFollowEachOtherMakeARecordUnreadable() throws {
    let harness = try SupervisorHarness()
    let monitor = harness.run(one)
    harness.machine.storage.failures[one.recordPath] = (1, .inputOutput)
    harness.supervisor.stop(one.attempt, force: true)
    #expect(harness.machine.storage.failures[one.recordPath]?.0 == 0)
    // So that no monitor is known when it is tried again.
    harness.machine.end(monitor)
    while harness.supervisor.nextDeadline != nil { #expect(harness.reportsWhenDue() == []) }
    harness.machine.pass(microseconds: 60_000_000)
    harness.machine.storage.failures[one.recordPath] = (1, .inputOutput)
    harness.machine.noteEnd(one, code: 3)
    harness.machine.release(one)
    harness.machine.tell(.monitorGone(one.attempt))
    #expect(harness.reports() == [])
    #expect(harness.machine.failure == nil)
    #expect(harness.reportsWhenDue() == [.attemptEnded(one.attempt, .exited(3))])
  }
}
