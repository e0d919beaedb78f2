import CMonitor
import Glibc
import Testing

/// From the fork until the command runs or fails to start.
@Suite struct MonitorStartTests {
  private static let started: [Action] = [
    .createRecord, .lockRecord, .reserveRecord, .createOutput, .writeStart, .releaseLauncher,
    .spawn,
  ]

  @Test func theLaunchersLockIsHeldUntilTheRecordSaysStarting() {
    var monitor = ScriptedMonitor()
    #expect(monitor.step(.begin) == [.createRecord])
    #expect(monitor.step(.done(0)) == [.lockRecord])
    #expect(monitor.step(.done(0)) == [.reserveRecord])
    #expect(monitor.step(.done(0)) == [.createOutput])
    #expect(monitor.step(.done(0)) == [.writeStart])
    #expect(monitor.step(.done(0)) == [.releaseLauncher, .spawn])
    #expect(monitor.step(.done(12)) == [.writeCommand])
    #expect(monitor.command == 12)
    #expect(monitor.step(.done(0)) == [.reportLaunched])
    #expect(monitor.wakesUpIn == nil)
  }

  @Test(arguments: [EEXIST, EACCES, EROFS, EIO])
  func aRecordThatCannotBeMadeRefusesTheLaunch(error: Int32) {
    var monitor = ScriptedMonitor(answers: [.createRecord: [Int64(-error)]])
    // Nothing is removed: an existing file belongs to another monitor.
    #expect(monitor.start() == [.createRecord, .reportRefused, .exit])
    #expect(monitor.end.summary == "launch failed 3/\(error), by itself")
    #expect(monitor.end.duration_us == 0)
  }

  @Test(arguments: [ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM])
  func withoutSpaceForTheRecordNothingIsStarted(error: Int32) {
    var monitor = ScriptedMonitor(answers: [.createRecord: [Int64(-error)]])
    #expect(monitor.start() == [.createRecord, .reportShortage, .exit])
    #expect(monitor.end.code == error)
  }

  @Test(arguments: [(Action.lockRecord, 1), (.reserveRecord, 2), (.writeStart, 4)])
  func aRecordThatCannotBeUsedIsRemoved(action: Action, before: Int) {
    for error in [EIO, ENOLCK, EINTR] {
      var monitor = ScriptedMonitor(answers: [action: [Int64(-error)]])
      let made = Array(Self.started[...before])
      #expect(monitor.start() == made + [.removeRecord, .reportRefused, .exit])
      #expect(monitor.end.summary == "launch failed 3/\(error), by itself")
    }
    for error in [ENOSPC, EDQUOT] {
      var monitor = ScriptedMonitor(answers: [action: [Int64(-error)]])
      let made = Array(Self.started[...before])
      #expect(monitor.start() == made + [.removeRecord, .reportShortage, .exit])
    }
  }

  /// As with the last free inode, which the record took.
  @Test(arguments: [ENOSPC, EDQUOT, EMFILE])
  func withoutSpaceForTheOutputNothingIsStarted(error: Int32) {
    var monitor = ScriptedMonitor(answers: [.createOutput: [Int64(-error)]])
    #expect(
      monitor.start()
        == Array(Self.started[...3]) + [.removeRecord, .reportShortage, .exit])
  }

  @Test(arguments: [EEXIST, EACCES])
  func anOutputThatCannotBeMadeIsAnEnd(error: Int32) {
    var monitor = ScriptedMonitor(answers: [.createOutput: [Int64(-error)]])
    #expect(
      monitor.start() == Array(Self.started[...5]) + [.writeEnd, .reportEnded, .exit])
    #expect(monitor.end.summary == "launch failed 0/\(error), by itself")
    #expect(monitor.end.duration_us == 0)
  }

  @Test func aRecordThatStaysForbidsAnotherLaunch() {
    var monitor = ScriptedMonitor(
      answers: [.reserveRecord: [Int64(-ENOSPC)], .removeRecord: [Int64(-EROFS)]])
    #expect(monitor.start().suffix(3) == [.removeRecord, .reportRefused, .exit])
    #expect(monitor.end.summary == "launch failed 3/\(EROFS), by itself")
    // A failed removal leaves a record that blocks later launches, also without space.
    monitor = ScriptedMonitor(
      answers: [.reserveRecord: [Int64(-ENOSPC)], .removeRecord: [Int64(-ENOSPC)]])
    #expect(monitor.start().suffix(3) == [.removeRecord, .reportRefused, .exit])
  }

  @Test func aRecordThatAnotherRemovedIsGone() {
    var monitor = ScriptedMonitor(
      answers: [.reserveRecord: [Int64(-ENOSPC)], .removeRecord: [Int64(-ENOENT)]])
    #expect(monitor.start().suffix(3) == [.removeRecord, .reportShortage, .exit])
  }

  @Test(arguments: [
    (FLOW_LAUNCH_CHANGE_DIRECTORY, ENOENT),
    (FLOW_LAUNCH_EXECUTE, EACCES), (FLOW_LAUNCH_EXECUTE, ENOMEM), (FLOW_LAUNCH_FORK, EINVAL),
  ])
  func aCommandThatCannotBeStartedIsAnEnd(operation: flow_launch_operation, error: Int32) {
    var monitor = ScriptedMonitor(
      answers: [.spawn: [Int64(-error)]], failedOperation: operation)
    #expect(monitor.start() == Self.started + [.writeEnd, .reportEnded, .exit])
    #expect(
      monitor.end.summary == "launch failed \(operation.rawValue)/\(error), by itself")
  }

  /// Nothing of it ran, and the monitor frees its own process for others. Who finds no record has been
  /// sent the report.
  @Test(arguments: [
    (FLOW_LAUNCH_FORK, EAGAIN), (FLOW_LAUNCH_FORK, ENOMEM), (FLOW_LAUNCH_EXECUTE, EAGAIN),
    (FLOW_LAUNCH_EXECUTE, ENFILE),
  ])
  func withoutAProcessForTheCommandNothingIsLeft(
    operation: flow_launch_operation, error: Int32
  ) {
    var monitor = ScriptedMonitor(
      answers: [.spawn: [Int64(-error)]], failedOperation: operation)
    #expect(monitor.start() == Self.started + [.reportShortage, .removeRecord, .exit])
    #expect(monitor.end.code == error)
  }

  @Test func theTimeThatAFailedStartTookIsItsDuration() {
    var monitor = ScriptedMonitor()
    var actions = monitor.step(.begin)
    while actions.last != .spawn {
      monitor.wait(100)
      actions = monitor.step(.done(0))
    }
    monitor.wait(70)
    #expect(monitor.step(.done(Int64(-ENOENT))) == [.writeEnd])
    #expect(monitor.end.duration_us == 70)
  }

  @Test func aCommandThatCannotBeNotedRunsAllTheSame() {
    var monitor = ScriptedMonitor(answers: [.writeCommand: [Int64(-EIO)]])
    #expect(monitor.start() == ScriptedMonitor.startActions)
    #expect(monitor.send(.commandEnded(.exited(0))) == [.reapCommand])
    #expect(monitor.send(.noDescendantLeft) == [.writeEnd, .reportEnded, .exit])
  }

  // MARK: Stopped before the command runs

  /// A stop after that many answers.
  @Test(arguments: -1...7)
  func aStopIsRememberedUntilTheCommandRuns(answers: Int) {
    for event in [Event.stop, .force] {
      let signals: [Action] =
        event == .stop ? [.terminateGroup, .continueGroup] : [.killChildren]
      var monitor = ScriptedMonitor()
      var actions: [Action] = []
      if answers == -1 { #expect(monitor.step(event) == []) }
      actions += monitor.step(.begin)
      var count = 0
      while let action = actions.last, action.isAnswered {
        if count == answers { #expect(monitor.step(event) == []) }
        actions += monitor.step(.done(monitor.answer(to: action)))
        count += 1
      }
      if answers == count { actions += monitor.step(event) }
      #expect(actions == ScriptedMonitor.startActions + signals)
      #expect(monitor.end.cause == (event == .stop ? FLOW_CAUSE_STOP : FLOW_CAUSE_FORCE))
    }
  }

  @Test func forceCountsMoreThanAStop() {
    for events in [[Event.stop, .force], [.force, .stop], [.force, .force]] {
      var monitor = ScriptedMonitor()
      for event in events { #expect(monitor.step(event) == []) }
      #expect(monitor.start() == ScriptedMonitor.startActions + [.killChildren])
      #expect(monitor.end.cause == FLOW_CAUSE_FORCE)
    }
  }

  @Test func aStopOfACommandThatCannotBeStartedChangesNothing() {
    var monitor = ScriptedMonitor(answers: [.spawn: [Int64(-ENOENT)]])
    _ = monitor.step(.stop)
    #expect(monitor.start() == Self.started + [.writeEnd, .reportEnded, .exit])
    #expect(monitor.end.cause == FLOW_CAUSE_ITSELF)
  }

  @Test func theTimeMeansNothingBeforeTheCommandRuns() {
    var monitor = ScriptedMonitor(timeout: 0, grace: 0)
    #expect(monitor.step(.time) == [])
    var actions = monitor.step(.begin)
    while let action = actions.last, action.isAnswered {
      #expect(monitor.send(timeAfter: 1) == [])
      actions = monitor.step(.done(monitor.answer(to: action)))
    }
    #expect(actions == [.reportLaunched])
    #expect(monitor.send(.time) == [.reportDeadline, .terminateGroup, .continueGroup])
  }
}
