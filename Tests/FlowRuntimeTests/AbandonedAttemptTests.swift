import FlowCore
import Testing

@testable import FlowRuntime

/// What can be seen of open attempts from outside, without a lock.
struct AbandonedAttemptTests {
  let machine = FakeMachine()
  let request = SupervisorHarness.request(1)

  private func look() -> AbandonedAttempt {
    AbandonedAttempt(
      ofStep: "s1", request.attempt, in: SupervisorHarness.folder, machine.storage)
  }

  @Test func whatHasNoRecordWasNotStarted() {
    #expect(look() == .notStarted)
  }

  @Test func whatHasAMonitorRuns() {
    machine.begin(request, command: 900)
    #expect(look() == .runs(processID: 900))
  }

  @Test func itsCommandNeedNotBeKnown() {
    machine.begin(request, command: nil)
    #expect(look() == .runs(processID: nil))
  }

  @Test func anEndThatIsNotedCountsWhenItsMonitorIsGone() {
    let monitor = machine.begin(request)
    machine.noteEnd(request, code: 3)
    #expect(look() == .runs(processID: 900))
    machine.endMonitor(monitor, of: request)
    guard case .ended(let end) = look() else {
      Issue.record("the end is noted")
      return
    }
    #expect(end.result == .exited(code: 3))
  }

  @Test func withoutAMonitorAndAnEndItIsLost() {
    let monitor = machine.begin(request)
    machine.endMonitor(monitor, of: request)
    #expect(look() == .lost)
  }
}
