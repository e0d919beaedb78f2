import CMonitor
import Glibc
import Testing

private let second = ScriptedMonitor.second

/// Descendants that outlive the command, and processes that cannot be killed.
@Suite struct MonitorStragglerTests {
  private func leaving(
    _ count: Int64, keepsStragglers: Bool = false, after event: Event? = nil
  ) -> (monitor: ScriptedMonitor, actions: [Action]) {
    var monitor = runningMonitor(keepsStragglers: keepsStragglers)
    if let event { _ = monitor.send(event) }
    monitor.wait(2 * second)
    _ = monitor.send(.commandEnded(.exited(0)))
    let actions = monitor.send(.descendantsLeft(count))
    return (monitor, actions)
  }

  @Test func stragglersAreStoppedAndCounted() {
    var (monitor, actions) = leaving(3)
    #expect(actions == [.terminateChildren])
    #expect(monitor.wakesUpIn == 200_000)
    // One has ended. Its children are not counted again, and get their SIGTERM.
    #expect(monitor.send(.descendantsLeft(7)) == [.terminateChildren])
    monitor.wait(second)
    #expect(monitor.send(.noDescendantLeft) == [.writeEnd, .reportEnded, .exit])
    #expect(monitor.end.summary == "exited 0, by itself")
    #expect(monitor.end.stragglers == 3)
    #expect(monitor.end.duration_us == 3 * second)
  }

  /// The end of a process that was not its child does not tell the monitor whom it has adopted.
  @Test func adoptedOrphansAreLookedForUntilTheGraceIsOver() {
    var (monitor, _) = leaving(1)
    for _ in 1..<50 {
      #expect(monitor.send(timeAfter: 199_999) == [])
      #expect(monitor.send(timeAfter: 1) == [.terminateChildren])
    }
    #expect(monitor.send(timeAfter: 200_000) == [.killChildren])
    #expect(monitor.wakesUpIn == 50_000)
    #expect(monitor.send(timeAfter: 50_000) == [.killChildren])
  }

  /// A command that has SIGTERM may start processes to clean up.
  @Test func whileTheCommandLivesNobodyElseIsTold() {
    var monitor = runningMonitor()
    #expect(monitor.send(.stop) == [.terminateGroup, .continueGroup])
    #expect(monitor.wakesUpIn == 10 * second)
    #expect(monitor.send(timeAfter: 9 * second) == [])
  }

  @Test(arguments: [(Int64(0), Int32(1)), (-1, 1), (.max, .max)])
  func theCountIsAtLeastOne(told: Int64, counted: Int32) {
    #expect(leaving(told).monitor.end.stragglers == counted)
  }

  @Test func stragglersThatDoNotListenAreKilledAfterTheGrace() {
    var (monitor, _) = leaving(1)
    #expect(monitor.send(timeAfter: 10 * second - 1) == [.terminateChildren])
    #expect(monitor.send(timeAfter: 1) == [.killChildren])
    #expect(monitor.send(timeAfter: 50_000) == [.killChildren])
    // Adopted children do not get another 50 ms.
    #expect(monitor.send(.descendantsLeft(1)) == [.killChildren])
    #expect(monitor.send(.noDescendantLeft) == [.writeEnd, .reportEnded, .exit])
    #expect(monitor.end.summary == "exited 0, by itself")
  }

  @Test func stragglersThatMayStayDo() {
    var (monitor, actions) = leaving(3, keepsStragglers: true)
    #expect(actions == [.writeEnd, .reportEnded, .exit])
    #expect(monitor.end.stragglers == 0)
    #expect(monitor.end.summary == "exited 0, by itself")
    #expect(monitor.send(.stop) == [])
  }

  @Test(arguments: [true, false])
  func aStopEndsAllOfTheAttempt(keepsStragglers: Bool) {
    var (monitor, actions) = leaving(2, keepsStragglers: keepsStragglers, after: .stop)
    #expect(actions == [.terminateChildren])
    // The grace period began with the stop, two seconds ago.
    #expect(monitor.send(timeAfter: 8 * second - 1) == [.terminateChildren])
    #expect(monitor.wakesUpIn == 1)
    monitor.wait(-8 * second + 1)
    #expect(monitor.send(timeAfter: 8 * second) == [.killChildren])
    #expect(monitor.send(.noDescendantLeft) == [.writeEnd, .reportEnded, .exit])
    #expect(monitor.end.summary == "exited 0, stop")
    #expect(monitor.end.stragglers == 2)
  }

  @Test(arguments: [true, false])
  func aDeadlineEndsAllOfTheAttempt(keepsStragglers: Bool) {
    var monitor = runningMonitor(timeout: second, keepsStragglers: keepsStragglers)
    #expect(monitor.send(timeAfter: second) == [.reportDeadline, .terminateGroup, .continueGroup])
    _ = monitor.send(.commandEnded(.signalled(SIGTERM)))
    #expect(monitor.send(.descendantsLeft(1)) == [.terminateChildren])
    #expect(monitor.send(timeAfter: 10 * second - 1) == [.terminateChildren])
    #expect(monitor.send(timeAfter: 1) == [.killChildren])
    #expect(monitor.send(.noDescendantLeft) == [.writeEnd, .reportEnded, .exit])
    #expect(monitor.end.summary == "signalled 15, deadline")
  }

  @Test(arguments: [true, false])
  func forceKillsAllOfTheAttempt(keepsStragglers: Bool) {
    var (monitor, actions) = leaving(2, keepsStragglers: keepsStragglers, after: .force)
    #expect(actions == [.killChildren])
    #expect(monitor.send(.noDescendantLeft) == [.writeEnd, .reportEnded, .exit])
    #expect(monitor.end.stragglers == 2)
  }

  @Test func afterTheGraceOfAStopThoseThatAreLeftAreKilled() {
    var monitor = runningMonitor()
    _ = monitor.send(.stop)
    #expect(monitor.send(timeAfter: 10 * second) == [.killChildren])
    _ = monitor.send(.commandEnded(.signalled(SIGKILL)))
    #expect(monitor.send(.descendantsLeft(1)) == [.killChildren])
  }

  @Test func aStopWhileTheCommandIsReapedCountsForThoseThatAreLeft() {
    for (event, action) in [(Event.stop, Action.terminateChildren), (.force, .killChildren)] {
      var monitor = runningMonitor(keepsStragglers: true)
      _ = monitor.send(.commandEnded(.exited(0)))
      #expect(monitor.send(event) == [])
      #expect(monitor.send(.descendantsLeft(1)) == [action])
      #expect(monitor.end.summary == "exited 0, by itself")
    }
  }

  /// The command has ended by itself before.
  @Test func forceHurriesStragglersAndIsNotTheCause() {
    var (monitor, _) = leaving(1)
    #expect(monitor.send(.stop) == [])
    #expect(monitor.wakesUpIn == 200_000)
    #expect(monitor.send(.force) == [.killChildren])
    #expect(monitor.send(.force) == [])
    #expect(monitor.send(timeAfter: 50_000) == [.killChildren])
    #expect(monitor.end.summary == "exited 0, by itself")
  }
}

@Suite struct MonitorSurvivorTests {
  private static let giveUp = 30 * second

  /// Sends the time every 50 ms for that long, and expects a kill each time.
  ///
  /// - Returns: the monitor's last actions.
  private func kill(_ monitor: inout ScriptedMonitor, for duration: Int64) -> [Action] {
    let end = monitor.now + duration
    while monitor.now + 50_000 < end {
      let actions = monitor.send(timeAfter: 50_000)
      if actions != [.killChildren] { return actions }
    }
    return monitor.send(timeAfter: end - monitor.now)
  }

  @Test func aCommandThatCannotBeKilledIsNamedAndGivenUp() {
    var monitor = runningMonitor()
    _ = monitor.send(.stop)
    #expect(monitor.send(timeAfter: 10 * second) == [.killChildren])
    #expect(kill(&monitor, for: Self.giveUp) == [.nameSurvivors, .writeEnd, .reportEnded, .exit])
    #expect(monitor.end.summary == "signalled 9, stop")
    #expect(monitor.end.duration_us == 40 * second)
  }

  @Test func itIsNotGivenUpBefore() {
    var monitor = runningMonitor()
    #expect(monitor.send(.force) == [.killChildren])
    #expect(kill(&monitor, for: Self.giveUp - 1) == [])
    #expect(monitor.wakesUpIn == 1)
  }

  @Test func aStragglerThatCannotBeKilledIsNamedAndGivenUp() {
    var monitor = runningMonitor()
    _ = monitor.send(.commandEnded(.exited(4)))
    _ = monitor.send(.descendantsLeft(1))
    #expect(monitor.send(timeAfter: 10 * second) == [.killChildren])
    #expect(kill(&monitor, for: Self.giveUp) == [.nameSurvivors, .writeEnd, .reportEnded, .exit])
    #expect(monitor.end.summary == "exited 4, by itself")
  }

  @Test func theTimeToGiveUpCountsFromTheFirstKill() {
    var monitor = runningMonitor()
    _ = monitor.send(.force)
    #expect(kill(&monitor, for: 20 * second) == [.killChildren])
    _ = monitor.send(.commandEnded(.signalled(SIGKILL)))
    #expect(monitor.send(.descendantsLeft(1)) == [.killChildren])
    #expect(kill(&monitor, for: 10 * second) == [.nameSurvivors, .writeEnd, .reportEnded, .exit])
  }

  /// As when a container is paused: the killed processes had no time to end, either.
  @Test func aMonitorThatWasHeldUpKillsOnceMore() {
    var monitor = runningMonitor()
    _ = monitor.send(.force)
    #expect(monitor.send(timeAfter: 300 * second) == [.killChildren])
    #expect(kill(&monitor, for: second - 1) == [])
    #expect(monitor.send(timeAfter: 1) == [.nameSurvivors, .writeEnd, .reportEnded, .exit])
  }

  @Test func aShortDelayDoesNotPutOffTheEnd() {
    var monitor = runningMonitor()
    _ = monitor.send(.force)
    #expect(monitor.send(timeAfter: 5 * second) == [.killChildren])
    #expect(kill(&monitor, for: 24 * second) == [.killChildren])
    #expect(kill(&monitor, for: second) == [.nameSurvivors, .writeEnd, .reportEnded, .exit])
  }
}

@Suite struct MonitorSpaceTests {
  private static let noSpace = Int64(-ENOSPC)

  @Test func anEndWaitsForSpaceForever() {
    for error in [ENOSPC, EDQUOT, EINTR] {
      let failures = [Int64](repeating: Int64(-error), count: 1_000)
      var monitor = runningMonitor(answers: [.writeEnd: failures])
      _ = monitor.send(.commandEnded(.exited(0)))
      #expect(monitor.send(.noDescendantLeft) == [.writeEnd])
      for _ in 1..<1_000 {
        #expect(monitor.wakesUpIn == second)
        #expect(monitor.send(timeAfter: second - 1) == [])
        #expect(monitor.send(timeAfter: 1) == [.writeEnd])
      }
      #expect(monitor.send(timeAfter: second) == [.writeEnd, .reportEnded, .exit])
      // The wait does not count as time of the attempt.
      #expect(monitor.end.duration_us == 0)
      #expect(monitor.wakesUpIn == nil)
    }
  }

  @Test(arguments: [EIO, EROFS, EBADF])
  func anEndThatCannotBeWrittenIsToldAllTheSame(error: Int32) {
    var monitor = runningMonitor(answers: [.writeEnd: [Int64(-error)]])
    _ = monitor.send(.commandEnded(.exited(0)))
    #expect(monitor.send(.noDescendantLeft) == [.writeEnd, .reportEnded, .exit])
  }

  @Test func whileItWaitsStopsChangeNothing() {
    var monitor = runningMonitor(keepsStragglers: true, answers: [.writeEnd: [Self.noSpace]])
    _ = monitor.send(.commandEnded(.exited(0)))
    #expect(monitor.send(.descendantsLeft(1)) == [.writeEnd])
    for event in [Event.stop, .force, .descendantsLeft(1), .noDescendantLeft, .time] {
      #expect(monitor.send(event) == [])
    }
    #expect(monitor.send(timeAfter: second) == [.writeEnd, .reportEnded, .exit])
    #expect(monitor.end.summary == "exited 0, by itself")
  }

  @Test func whoGoesWhileItWaitsCouldBeKilledAfterAll() {
    var monitor = givenUp()
    #expect(monitor.send(.commandEnded(.signalled(SIGTERM))) == [.reapCommand])
    #expect(monitor.send(.descendantsLeft(1)) == [])
    #expect(monitor.end.unkillable == 2)
    #expect(monitor.send(.noDescendantLeft) == [])
    #expect(monitor.end.unkillable == 0)
    #expect(monitor.end.unkillable_ids.0 == 0)
    #expect(monitor.send(timeAfter: second) == [.writeEnd, .reportEnded, .exit])
    #expect(monitor.end.summary == "signalled 15, force")
  }

  @Test func whoStaysWhileItWaitsIsNamed() {
    var monitor = givenUp()
    #expect(monitor.send(timeAfter: second) == [.writeEnd, .reportEnded, .exit])
    #expect(monitor.end.unkillable == 2)
    #expect(monitor.end.unkillable_ids.0 == 8)
  }

  /// Two could not be killed, the command among them, and there is no space to record it.
  private func givenUp() -> ScriptedMonitor {
    var monitor = runningMonitor(answers: [.writeEnd: [Self.noSpace]])
    _ = monitor.send(.force)
    var actions: [Action] = [.killChildren]
    while actions == [.killChildren] { actions = monitor.send(timeAfter: 50_000) }
    precondition(actions == [.nameSurvivors, .writeEnd], "it was not given up")
    monitor.nameSurvivors(2, first: 8)
    return monitor
  }
}

/// Attempts with secrets: what they have printed is masked before anybody is told of their end.
@Suite struct MonitorScrubTests {
  @Test func theOutputIsScrubbedBeforeTheEnd() {
    var monitor = runningMonitor(hasSecrets: true)
    _ = monitor.send(.commandEnded(.exited(0)))
    #expect(monitor.send(.noDescendantLeft) == [.scrub, .writeEnd, .reportEnded, .exit])
    #expect(!monitor.end.is_unscrubbed)
  }

  @Test func aCommandThatIsNotStartedMayHaveLeftFiles() {
    var monitor = ScriptedMonitor(
      hasSecrets: true, answers: [.spawn: [-Int64(ENOENT)]], failedOperation: FLOW_LAUNCH_EXECUTE)
    #expect(monitor.start().suffix(4) == [.scrub, .writeEnd, .reportEnded, .exit])
  }

  @Test func aScrubWithoutSpaceIsRepeatedAndThenTheEndIsWritten() {
    var monitor = runningMonitor(
      hasSecrets: true, answers: [.scrub: [-Int64(ENOSPC), 0], .writeEnd: [-Int64(ENOSPC), 0]])
    _ = monitor.send(.commandEnded(.exited(0)))
    #expect(monitor.send(.noDescendantLeft) == [.scrub])
    #expect(monitor.send(timeAfter: second) == [.scrub, .writeEnd])
    #expect(monitor.send(timeAfter: second) == [.writeEnd, .reportEnded, .exit])
    #expect(!monitor.end.is_unscrubbed)
  }

  @Test func whatCannotBeScrubbedIsSaid() {
    var monitor = runningMonitor(hasSecrets: true, answers: [.scrub: [-Int64(EIO)]])
    _ = monitor.send(.commandEnded(.exited(0)))
    #expect(monitor.send(.noDescendantLeft) == [.scrub, .writeEnd, .reportEnded, .exit])
    #expect(monitor.end.is_unscrubbed)
  }

  /// An end that is only told is told after it, too.
  @Test func anInterruptedAttemptOfAnOldRunIsScrubbed() {
    var monitor = runningMonitor(hidesInterruption: true, hasSecrets: true)
    _ = monitor.send(.told)
    _ = monitor.send(.commandEnded(.signalled(SIGTERM)))
    #expect(monitor.send(.noDescendantLeft) == [.scrub, .reportEnded, .exit])
  }
}

/// Attempts whose step declares outputs: they are copied before anything is said of the end.
@Suite struct MonitorOutputsTests {
  @Test func outputsOfASuccessAreCopiedFirst() {
    var monitor = runningMonitor(hasSecrets: true, hasOutputs: true)
    _ = monitor.send(.commandEnded(.exited(0)))
    #expect(
      monitor.send(.noDescendantLeft) == [.collect, .scrub, .writeEnd, .reportEnded, .exit])
  }

  @Test(arguments: [Status.exited(1), .signalled(SIGSEGV)])
  func thoseOfAFailureAreNot(status: Status) {
    var monitor = runningMonitor(hasOutputs: true)
    _ = monitor.send(.commandEnded(status))
    #expect(monitor.send(.noDescendantLeft) == [.writeEnd, .reportEnded, .exit])
  }

  @Test func norThoseOfAnAttemptThatWasStopped() {
    var monitor = runningMonitor(hasOutputs: true)
    _ = monitor.send(.stop)
    _ = monitor.send(.commandEnded(.exited(0)))
    #expect(monitor.send(.noDescendantLeft) == [.writeEnd, .reportEnded, .exit])
  }

  @Test(arguments: [ENOSPC, EDQUOT, EINTR, ENOMEM, EMFILE])
  func aCopyForWhichSomethingLacksIsRepeated(error: Int32) {
    var monitor = runningMonitor(hasOutputs: true, answers: [.collect: [-Int64(error), 0]])
    _ = monitor.send(.commandEnded(.exited(0)))
    #expect(monitor.send(.noDescendantLeft) == [.collect])
    #expect(monitor.send(timeAfter: second) == [.collect, .writeEnd, .reportEnded, .exit])
  }

  @Test func aCopyThatTheDiskRefusesIsNone() {
    var monitor = runningMonitor(hasOutputs: true, answers: [.collect: [-Int64(EIO)]])
    _ = monitor.send(.commandEnded(.exited(0)))
    #expect(monitor.send(.noDescendantLeft) == [.collect, .writeEnd, .reportEnded, .exit])
    #expect(monitor.end.outputs_size == 0)
  }

  /// The folder for them is made before the command is started.
  @Test func aFolderWithoutSpaceIsMadeLater() {
    var monitor = ScriptedMonitor(
      hasOutputs: true, answers: [.spawn: [-Int64(ENOSPC)]],
      failedOperation: FLOW_LAUNCH_MAKE_OUTPUTS)
    #expect(monitor.start().suffix(3) == [.reportShortage, .removeRecord, .exit])
  }
}
