import CMonitor
import Glibc
import Testing

private let second = ScriptedMonitor.second

/// A monitor that is told to end by anyone but flow: whether its attempt was interrupted.
@Suite struct MonitorInterruptionTests {
  private static let end: [Action] = [.writeEnd, .reportEnded, .exit]

  /// The command ends, and with it everything that it started.
  private func ended(_ monitor: inout ScriptedMonitor, _ status: Status) -> [Action] {
    #expect(monitor.send(.commandEnded(status)) == [.reapCommand])
    return monitor.send(.noDescendantLeft)
  }

  @Test(arguments: [Status.exited(1), .exited(143), .signalled(SIGTERM), .signalled(SIGSEGV)])
  func aFailureAfterItIsAnInterruption(status: Status) {
    var monitor = runningMonitor(grace: 10 * second)
    #expect(monitor.send(.told) == [.reportTold])
    monitor.wait(10 * second)
    #expect(ended(&monitor, status) == Self.end)
    #expect(monitor.end.was_interrupted)
    #expect(monitor.end.cause == FLOW_CAUSE_ITSELF)
  }

  @Test func aSuccessIsASuccess() {
    var monitor = runningMonitor()
    _ = monitor.send(.told)
    #expect(ended(&monitor, .exited(0)) == Self.end)
    #expect(!monitor.end.was_interrupted)
  }

  /// It had its grace, and went on.
  @Test func aFailureLongAfterItIsTheCommandsOwn() {
    var monitor = runningMonitor(grace: 10 * second)
    _ = monitor.send(.told)
    monitor.wait(10 * second + 1)
    #expect(ended(&monitor, .exited(1)) == Self.end)
    #expect(!monitor.end.was_interrupted)
  }

  /// However short its grace is: it takes a moment to die of what both have heard.
  @Test(arguments: [Status.exited(143), .signalled(SIGTERM)])
  func withoutGraceItHasHalfASecondToEnd(status: Status) {
    var monitor = runningMonitor(grace: 0)
    _ = monitor.send(.told)
    monitor.wait(second / 2)
    #expect(ended(&monitor, status) == Self.end)
    #expect(monitor.end.was_interrupted)
    var late = runningMonitor(grace: 0)
    _ = late.send(.told)
    late.wait(second / 2 + 1)
    #expect(ended(&late, status) == [])
    var other = runningMonitor(grace: 0)
    _ = other.send(.told)
    other.wait(1)
    #expect(ended(&other, .exited(1)) == Self.end)
    #expect(!other.end.was_interrupted)
  }

  @Test func theLastOfSeveralCounts() {
    var monitor = runningMonitor(grace: second)
    #expect(monitor.send(.told) == [.reportTold])
    monitor.wait(5 * second)
    #expect(monitor.send(.told) == [])
    #expect(ended(&monitor, .exited(1)) == Self.end)
    #expect(monitor.end.was_interrupted)
  }

  @Test func itIsRememberedFromBeforeTheCommandRuns() {
    var monitor = ScriptedMonitor(grace: second)
    #expect(monitor.send(.told) == [])
    #expect(monitor.start() == ScriptedMonitor.startActions)
    #expect(ended(&monitor, .exited(1)) == Self.end)
    #expect(monitor.end.was_interrupted)
  }

  // MARK: After the end

  /// The command hears it first: an end that SIGTERM explains waits for the reason.
  @Test(arguments: [Status.exited(143), .signalled(SIGTERM)])
  func anEndBySIGTERMIsHeldBack(status: Status) {
    var monitor = runningMonitor()
    monitor.wait(second)
    #expect(ended(&monitor, status) == [])
    #expect(monitor.wakesUpIn == second / 2)
    #expect(monitor.send(timeAfter: second / 2 - 1) == [])
    #expect(monitor.send(.told) == [.reportTold] + Self.end)
    #expect(monitor.end.was_interrupted)
    #expect(monitor.end.duration_us == second, "without the time that it was held back")
  }

  @Test(arguments: [Status.exited(143), .signalled(SIGTERM)])
  func withoutAReasonItIsAFailure(status: Status) {
    var monitor = runningMonitor()
    #expect(ended(&monitor, status) == [])
    #expect(monitor.send(timeAfter: second / 2) == Self.end)
    #expect(!monitor.end.was_interrupted)
    #expect(monitor.end.duration_us == 0)
  }

  @Test(arguments: [Status.exited(0), .exited(1), .exited(142), .signalled(SIGKILL)])
  func otherEndsAreNotHeldBack(status: Status) {
    var monitor = runningMonitor()
    #expect(ended(&monitor, status) == Self.end)
  }

  @Test(arguments: [Event.stop, .force])
  func aRequestEndsTheWait(request: Event) {
    var monitor = runningMonitor()
    #expect(ended(&monitor, .signalled(SIGTERM)) == [])
    #expect(monitor.send(request) == Self.end)
    #expect(!monitor.end.was_interrupted && monitor.end.cause == FLOW_CAUSE_ITSELF)
  }

  @Test func whatMayStayChangesNothingMeanwhile() {
    var monitor = runningMonitor(keepsStragglers: true)
    _ = monitor.send(.commandEnded(.signalled(SIGTERM)))
    #expect(monitor.send(.descendantsLeft(2)) == [])
    #expect(monitor.send(.descendantsLeft(1)) == [])
    #expect(monitor.send(timeAfter: second / 2) == Self.end)
    #expect(monitor.end.stragglers == 0)
    #expect(!monitor.end.was_interrupted)
  }

  // MARK: What it would leave

  /// It runs again, and what it left would run beside that.
  @Test func anInterruptedAttemptLeavesNothing() {
    var monitor = runningMonitor(grace: second, keepsStragglers: true)
    _ = monitor.send(.told)
    _ = monitor.send(.commandEnded(.exited(1)))
    #expect(monitor.send(.descendantsLeft(2)) == [.terminateChildren])
    #expect(monitor.send(timeAfter: second) == [.killChildren])
    #expect(monitor.send(.noDescendantLeft) == Self.end)
    #expect(monitor.end.was_interrupted && monitor.end.stragglers == 2)
  }

  @Test func aReasonThatComesLaterEndsWhatWasLeft() throws {
    var monitor = runningMonitor(grace: second, keepsStragglers: true)
    _ = monitor.send(.commandEnded(.signalled(SIGTERM)))
    #expect(monitor.send(.descendantsLeft(3)) == [])
    #expect(monitor.send(.descendantsLeft(1)) == [])
    monitor.wait(second / 4)
    #expect(monitor.send(.told) == [.reportTold, .terminateChildren])
    // The end is held back no more: it sleeps, also when that time is over.
    _ = monitor.send(timeAfter: second / 2)
    #expect(try #require(monitor.wakesUpIn) > 0)
    #expect(monitor.send(timeAfter: second / 2) == [.killChildren])
    #expect(monitor.send(.noDescendantLeft) == Self.end)
    #expect(monitor.end.was_interrupted && monitor.end.stragglers == 1)
  }

  @Test func whatIsGoneWhenTheReasonComesIsNotEnded() {
    var monitor = runningMonitor(keepsStragglers: true)
    _ = monitor.send(.commandEnded(.signalled(SIGTERM)))
    #expect(monitor.send(.descendantsLeft(2)) == [])
    #expect(monitor.send(.noDescendantLeft) == [])
    #expect(monitor.send(.told) == [.reportTold] + Self.end)
    #expect(monitor.end.was_interrupted && monitor.end.stragglers == 0)
  }

  /// Its command did what it had to, and what it started is meant to stay.
  @Test func aSuccessKeepsWhatItLeft() {
    var monitor = runningMonitor(keepsStragglers: true)
    _ = monitor.send(.told)
    _ = monitor.send(.commandEnded(.exited(0)))
    #expect(monitor.send(.descendantsLeft(1)) == Self.end)
    #expect(!monitor.end.was_interrupted && monitor.end.stragglers == 0)
  }

  /// While descendants are stopped, an end of any kind can still be explained.
  @Test(arguments: [(second / 2, true), (second / 2 + 1, false)])
  func halfASecondAfterTheEndItIsTooLate(delay: Int64, isInterrupted: Bool) {
    var monitor = runningMonitor()
    _ = monitor.send(.commandEnded(.exited(1)))
    #expect(monitor.send(.descendantsLeft(1)) == [.terminateChildren])
    monitor.wait(delay)
    #expect(monitor.send(.told) == [.reportTold])
    #expect(monitor.send(.noDescendantLeft) == Self.end)
    #expect(monitor.end.was_interrupted == isInterrupted)
  }

  @Test func whenTheEndIsWrittenItIsTooLate() {
    var monitor = runningMonitor(answers: [.writeEnd: [Int64(-ENOSPC)]])
    #expect(ended(&monitor, .exited(1)) == [.writeEnd])
    #expect(monitor.send(.told) == [])
    #expect(monitor.send(timeAfter: second) == Self.end)
    #expect(!monitor.end.was_interrupted)
  }

  // MARK: Other causes

  /// Flow's own stop is no interruption, whoever else stops the attempt.
  @Test(arguments: [Event.stop, .force])
  func aStopIsAStop(request: Event) {
    var monitor = runningMonitor()
    _ = monitor.send(.told)
    _ = monitor.send(request)
    #expect(ended(&monitor, .signalled(SIGTERM)) == Self.end)
    #expect(!monitor.end.was_interrupted)
  }

  @Test func aTimeoutThatComesFirstIsATimeout() {
    var monitor = runningMonitor(timeout: second)
    #expect(monitor.send(timeAfter: second).first == .reportDeadline)
    _ = monitor.send(.told)
    #expect(ended(&monitor, .signalled(SIGTERM)) == Self.end)
    #expect(!monitor.end.was_interrupted && monitor.end.cause == FLOW_CAUSE_DEADLINE)
  }

  @Test func aTimeoutThatComesWhileItEndsIsNone() {
    var monitor = runningMonitor(timeout: second)
    _ = monitor.send(.told)
    #expect(monitor.send(timeAfter: second).first == .reportDeadline)
    #expect(ended(&monitor, .signalled(SIGTERM)) == Self.end)
    #expect(monitor.end.was_interrupted)
  }

  @Test func aCommandThatNeverRanWasNotInterrupted() {
    var monitor = ScriptedMonitor(
      answers: [.spawn: [Int64(-ENOENT)]], failedOperation: FLOW_LAUNCH_EXECUTE)
    _ = monitor.send(.told)
    #expect(monitor.start().suffix(3) == Self.end)
    #expect(!monitor.end.was_interrupted)
  }

  // MARK: A run that does not know it

  /// Its record shows no end, so that any version takes the attempt for lost.
  @Test func aRunOfTheFirstPolicyHasNoEndOfIt() {
    var monitor = runningMonitor(hidesInterruption: true)
    _ = monitor.send(.told)
    #expect(ended(&monitor, .signalled(SIGTERM)) == [.reportEnded, .exit])
    #expect(monitor.end.was_interrupted)
    var other = runningMonitor(hidesInterruption: true)
    #expect(ended(&other, .exited(1)) == Self.end)
  }
}
