import CMonitor
import Glibc
import Testing

private let second = ScriptedMonitor.second

/// A running command that ends by itself, at its deadline, or by a request.
@Suite struct MonitorStopTests {
  @Test(arguments: [
    (Status.exited(0), "exited 0, by itself"), (.exited(255), "exited 255, by itself"),
    (.signalled(SIGSEGV), "signalled 11, by itself"),
    (.dumpedCore(SIGABRT), "signalled 6, by itself"),
  ])
  func anEndIsRecordedWhenNobodyIsLeft(status: Status, end: String) {
    var monitor = runningMonitor()
    monitor.wait(3 * second)
    #expect(monitor.send(.commandEnded(status)) == [.reapCommand])
    monitor.wait(1)
    #expect(monitor.send(.noDescendantLeft) == [.writeEnd, .reportEnded, .exit])
    #expect(monitor.end.summary == end)
    #expect(monitor.end.duration_us == 3 * second + 1)
    #expect(monitor.end.stragglers == 0)
  }

  @Test func theDeadlineCountsFromTheSpawn() {
    var monitor = ScriptedMonitor(timeout: 60 * second)
    var actions = monitor.step(.begin)
    while actions.last != .spawn {
      monitor.wait(second)
      actions = monitor.step(.done(0))
    }
    monitor.wait(2 * second)
    _ = monitor.send(.done(7))
    #expect(monitor.wakesUpIn == 58 * second)
  }

  @Test func aDeadlineIsReportedAndThenEnforced() {
    var monitor = runningMonitor(timeout: 60 * second)
    #expect(monitor.send(timeAfter: 60 * second - 1) == [])
    #expect(monitor.send(timeAfter: 1) == [.reportDeadline, .terminateGroup, .continueGroup])
    #expect(monitor.wakesUpIn == 10 * second)
    #expect(monitor.send(timeAfter: 10 * second - 1) == [])
    #expect(monitor.send(timeAfter: 1) == [.killChildren])
    #expect(monitor.send(.commandEnded(.signalled(SIGKILL))) == [.reapCommand])
    #expect(monitor.send(.noDescendantLeft) == [.writeEnd, .reportEnded, .exit])
    #expect(monitor.end.summary == "signalled 9, deadline")
    #expect(monitor.end.duration_us == 70 * second)
  }

  @Test(arguments: [Event.stop, .time])
  func whatACommandMakesOfItsTerminationIsItsResult(event: Event) {
    var monitor = runningMonitor(timeout: 60 * second)
    if event == .time { monitor.wait(60 * second) }
    #expect(monitor.send(event).suffix(2) == [.terminateGroup, .continueGroup])
    #expect(monitor.send(.commandEnded(.exited(3))) == [.reapCommand])
    #expect(monitor.send(.noDescendantLeft) == [.writeEnd, .reportEnded, .exit])
    #expect(monitor.end.summary == "exited 3, \(event == .stop ? "stop" : "deadline")")
  }

  @Test func aStopHasAGraceAndNoDeadline() {
    var monitor = runningMonitor(timeout: 12 * second)
    monitor.wait(5 * second)
    #expect(monitor.send(.stop) == [.terminateGroup, .continueGroup])
    #expect(monitor.send(timeAfter: 8 * second) == [])
    #expect(monitor.send(timeAfter: 2 * second) == [.killChildren])
    #expect(monitor.end.cause == FLOW_CAUSE_STOP)
  }

  @Test func aGraceOfNothingKillsAtTheNextLookAtTheClock() {
    var monitor = runningMonitor(grace: 0)
    #expect(monitor.send(.stop) == [.terminateGroup, .continueGroup])
    #expect(monitor.wakesUpIn == 0)
    #expect(monitor.send(.time) == [.killChildren])
    #expect(monitor.wakesUpIn == 50_000)
  }

  @Test func aGraceWithoutEndNeverKills() {
    var monitor = runningMonitor(grace: .max)
    #expect(monitor.send(.stop) == [.terminateGroup, .continueGroup])
    #expect(monitor.wakesUpIn == nil)
    #expect(monitor.send(.stop) == [])
    #expect(monitor.send(.force) == [.killChildren])
  }

  @Test func forceKillsAtOnceAndAgainAndAgain() {
    var monitor = runningMonitor()
    #expect(monitor.send(.force) == [.killChildren])
    for _ in 0..<20 {
      #expect(monitor.wakesUpIn == 50_000)
      #expect(monitor.send(timeAfter: 49_999) == [])
      #expect(monitor.send(timeAfter: 1) == [.killChildren])
    }
    #expect(monitor.send(.commandEnded(.signalled(SIGKILL))) == [.reapCommand])
    #expect(monitor.send(.noDescendantLeft) == [.writeEnd, .reportEnded, .exit])
    #expect(monitor.end.summary == "signalled 9, force")
  }

  // MARK: One after another

  @Test func theFirstStopCounts() {
    var monitor = runningMonitor(timeout: 60 * second)
    #expect(monitor.send(.stop) == [.terminateGroup, .continueGroup])
    monitor.wait(4 * second)
    #expect(monitor.send(.stop) == [])
    #expect(monitor.wakesUpIn == 6 * second)
    #expect(monitor.end.cause == FLOW_CAUSE_STOP)
  }

  @Test func aStopAfterTheDeadlineChangesNothing() {
    var monitor = runningMonitor(timeout: 60 * second)
    #expect(
      monitor.send(timeAfter: 60 * second) == [.reportDeadline, .terminateGroup, .continueGroup])
    #expect(monitor.send(.stop) == [])
    #expect(monitor.end.cause == FLOW_CAUSE_DEADLINE)
  }

  /// A forced stop is meant to end the run, so it replaces a timeout, which would be retried.
  @Test func forceAfterADeadlineOrAStopIsTheCause() {
    for event in [Event.stop, .time] {
      var monitor = runningMonitor(timeout: 60 * second)
      if event == .time { monitor.wait(60 * second) }
      _ = monitor.send(event)
      #expect(monitor.send(.force) == [.killChildren])
      #expect(monitor.end.cause == FLOW_CAUSE_FORCE)
      #expect(monitor.send(.stop) == [])
      #expect(monitor.send(.force) == [])
      #expect(monitor.end.cause == FLOW_CAUSE_FORCE)
    }
  }

  @Test func forceAfterTheGraceIsTheCauseToo() {
    var monitor = runningMonitor()
    _ = monitor.send(.stop)
    #expect(monitor.send(timeAfter: 10 * second) == [.killChildren])
    #expect(monitor.send(.force) == [.killChildren])
    #expect(monitor.end.cause == FLOW_CAUSE_FORCE)
  }

  @Test func aStopThatComesAfterTheEndChangesNothing() {
    for event in [Event.stop, .force] {
      var monitor = runningMonitor()
      _ = monitor.send(.commandEnded(.exited(0)))
      #expect(monitor.send(event) == [])
      #expect(monitor.step(.noDescendantLeft) == [.writeEnd])
      #expect(monitor.step(event) == [])
      #expect(monitor.step(.done(0)) == [.reportEnded, .exit])
      #expect(monitor.step(event) == [])
      #expect(monitor.end.summary == "exited 0, by itself")
    }
  }

  @Test func aDeadlineThatComesAfterTheEndChangesNothing() {
    var monitor = runningMonitor(timeout: 60 * second)
    monitor.wait(60 * second - 1)
    _ = monitor.send(.commandEnded(.exited(0)))
    #expect(monitor.wakesUpIn == nil)
    #expect(monitor.send(timeAfter: second) == [])
    #expect(monitor.send(.noDescendantLeft) == [.writeEnd, .reportEnded, .exit])
    #expect(monitor.send(timeAfter: second) == [])
    #expect(monitor.end.summary == "exited 0, by itself")
  }
}
