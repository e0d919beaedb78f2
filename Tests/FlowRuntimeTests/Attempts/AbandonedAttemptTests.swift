import FlowCore
import FlowStorage
import Testing

@testable import FlowRuntime

/// What can be seen of open attempts from outside, without a lock.
struct AbandonedAttemptTests {
  let machine = FakeMachine()
  let request = SupervisorHarness.request(1)

  /// - Parameters:
  ///   - isLaunched: whether the history says that it was.
  ///   - host: where the reader runs.
  private func look(
    isLaunched: Bool = false, from host: HostContext = FakeMachine.here
  ) throws -> AbandonedAttempt {
    AbandonedAttempt(
      request.attempt, try state(isLaunched: isLaunched), seenFrom: host,
      in: SupervisorHarness.folder, machine.storage)
  }

  /// A run of two steps, both of which are scheduled.
  private func state(isLaunched: Bool) throws -> RunState {
    let steps = (0..<2).map {
      StepDefinition(id: "s\($0)", command: .program(["w"]), needs: [], settingsIndex: 0)
    }
    let definition = WorkflowDefinition(name: "two", steps: steps, settings: [StepSettings()])
    let run = NewRun(
      runID: "run", seed: 1, programVersion: "0", jobs: 2, definitionFolder: "/",
      definition: definition, graph: try DependencyGraph(steps))
    let life = EngineStarted(life: 1, processID: 5, host: FakeMachine.here)
    var engine = Engine.create(run, engine: life, at: machine.now())
    while let effect = engine.nextEffect() {
      guard case .commit(let events) = effect, let last = events.last else { continue }
      engine.handle(.committed(through: last.sequence), at: machine.now())
    }
    if isLaunched {
      engine.handle(.attemptLaunched(request.attempt, processID: 900), at: machine.now())
    }
    #expect(engine.state.openAttemptIDs.contains(request.attempt))
    return engine.state
  }

  @Test func whatHasNoRecordWasNotStarted() throws {
    #expect(try look() == .notStarted)
  }

  @Test func whatHasAMonitorRuns() throws {
    machine.begin(request, command: 900)
    #expect(try look() == .runs(processID: 900))
  }

  @Test func itsCommandNeedNotBeKnown() throws {
    machine.begin(request, command: nil)
    #expect(try look() == .runs(processID: nil))
  }

  @Test func anEndThatIsNotedCountsWhenItsMonitorIsGone() throws {
    let monitor = machine.begin(request)
    machine.noteEnd(request, code: 3)
    #expect(try look() == .runs(processID: 900))
    machine.endMonitor(monitor, of: request)
    guard case .ended(let end) = try look() else {
      Issue.record("the end is noted")
      return
    }
    #expect(end.result == .exited(code: 3))
  }

  @Test func withoutAMonitorAndAnEndItIsLost() throws {
    let monitor = machine.begin(request)
    machine.endMonitor(monitor, of: request)
    #expect(try look() == .lost)
  }

  @Test func whatWasLaunchedAndHasNoRecordIsLost() throws {
    #expect(try look(isLaunched: true) == .lost)
  }

  @Test func ofARecordThatCannotBeReadNothingIsSaid() throws {
    machine.begin(request, command: 900)
    machine.storage.failures[request.recordPath] = (1, .inputOutput)
    #expect(
      try look() == .unknown(StorageError(.open, request.recordPath, .inputOutput)))
    #expect(try look() == .runs(processID: 900))
  }

  /// A power loss takes records that were not durable yet.
  @Test func whatHasNoRecordInAnotherBootMayHaveBeenStarted() throws {
    let later = HostContext(bootID: "later", mountID: 3, processNamespace: 4)
    #expect(try look(from: later) == .lost)
  }

  /// There its number is another's.
  @Test func aProcessOfAnotherNamespaceIsNotNamed() throws {
    machine.begin(request, command: 900)
    let container = HostContext(bootID: "boot", mountID: 3, processNamespace: 5)
    #expect(try look(from: container) == .runs(processID: nil))
  }
}
