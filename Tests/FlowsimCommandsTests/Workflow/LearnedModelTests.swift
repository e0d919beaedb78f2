import FlowCore
import FlowSimulation
import Testing

@testable import FlowsimCommands

/// Models that are learned from histories, which the engine itself has made.
struct LearnedModelTests {
  /// A run in which each attempt of a step ends as it is told, in order; then all succeed.
  private static func history(
    _ definition: WorkflowDefinition, ends: [String: [AttemptEnd]]
  ) throws -> RunHistory {
    let run = NewRun(
      runID: "r", seed: 0, programVersion: "0", jobs: 8, definitionFolder: "/",
      definition: definition, graph: try DependencyGraph(definition.steps))
    var now = Moment(
      monotonic: Instant(microseconds: 0), wall: WallTime(microseconds: 1_790_000_000_000_000))
    var engine = Engine.create(
      run, engine: EngineStarted(life: 1, processID: 1, host: HostContext(bootID: "b")), at: now)
    var left = ends
    var history = RunHistory(keeping: .allAttempts)
    for _ in 0..<1_000 {
      while let effect = engine.nextEffect() {
        switch effect {
        case .commit(let batch):
          for event in batch { try history.apply(event) }
          if let last = batch.last { engine.handle(.committed(through: last.sequence), at: now) }
        case .launch(let launch):
          let attempt = launch.attempt
          engine.handle(.attemptLaunched(attempt, processID: 5), at: now)
          let id = definition.steps[Int(attempt.step)].id
          let end = left[id]?.isEmpty == false ? left[id]?.removeFirst() : nil
          engine.handle(.attemptEnded(attempt, end ?? exit(0, 1)), at: now)
        case .stop, .syncWork: break
        case .finish: return history
        }
      }
      now.monotonic.microseconds += 1_000_000_000
      now.wall.microseconds += 1_000_000_000
      engine.handle(.timePassed, at: now)
    }
    Issue.record("the run does not end")
    return history
  }

  private static func exit(_ code: UInt8, _ seconds: Int64) -> AttemptEnd {
    AttemptEnd(
      result: .exited(code: code), cause: .byItself, durationMicroseconds: seconds * 1_000_000)
  }

  private static func definition(_ settings: StepSettings, _ ids: String...) -> WorkflowDefinition {
    WorkflowDefinition(
      name: "n", steps: ids.map { StepDefinition(id: $0, command: .shell("x")) },
      settings: [settings])
  }

  @Test func durationsAndRatesAreThoseThatWereSeen() throws {
    let definition = Self.definition(
      StepSettings(timeoutMilliseconds: 1_000, retry: RetryPolicy(maxAttempts: 20)), "a", "b")
    var learned = LearnedModel(definition)
    let timeout = AttemptEnd(
      result: .signalled(signal: 15), cause: .deadline, durationMicroseconds: 99_000_000)
    let crash = AttemptEnd(
      result: .signalled(signal: 6), cause: .byItself, durationMicroseconds: 50_000_000)
    let missing = AttemptEnd(
      result: .launchFailed(LaunchFailure(operation: .execute, errno: 2)), cause: .byItself,
      durationMicroseconds: 0)
    learned.add(
      try Self.history(
        definition,
        ends: [
          "a": [
            Self.exit(3, 70), Self.exit(2, 1), Self.exit(2, 1), timeout, crash, missing,
            Self.exit(0, 8),
          ],
          "b": [Self.exit(0, 30)],
        ]))
    learned.add(
      try Self.history(definition, ends: ["a": [Self.exit(0, 5)], "b": [Self.exit(0, 20)]]))
    #expect(learned.runs == 2)
    #expect(learned.attempts == 10)
    #expect(learned.unseenSteps == 0)
    // Eight attempts, of which two succeeded.
    #expect(
      learned.model.commands[0]
        == WorkflowModel.Command(
          microseconds: 5_000_000...8_000_000, failing: 37_500, exitCode: 2, crashing: 12_500,
          hanging: 12_500, unlaunchable: 12_500))
    #expect(
      learned.model.commands[1] == WorkflowModel.Command(microseconds: 20_000_000...30_000_000))
  }

  @Test func whatOthersDidToACommandIsNotItsOwn() throws {
    let definition = Self.definition(StepSettings(), "a")
    var learned = LearnedModel(definition)
    learned.add(try Self.history(definition, ends: ["a": [.lost(), Self.exit(0, 4)]]))
    #expect(learned.attempts == 1)
    #expect(
      learned.model.commands[0] == WorkflowModel.Command(microseconds: 4_000_000...4_000_000))
  }

  @Test func whereNothingSucceededTheFailuresTellHowLongItTakes() throws {
    let definition = Self.definition(StepSettings(), "a")
    var learned = LearnedModel(definition)
    learned.add(try Self.history(definition, ends: ["a": [Self.exit(9, 4)]]))
    #expect(
      learned.model.commands[0]
        == WorkflowModel.Command(
          microseconds: 4_000_000...4_000_000, failing: 100_000, exitCode: 9))
  }

  @Test func stepsAreKnownByTheirIDsAndNewOnesBehaveAsAllOthersTogether() throws {
    let before = Self.definition(StepSettings(), "gone", "a", "b")
    var learned = LearnedModel(Self.definition(StepSettings(), "new", "b", "a"))
    learned.add(
      try Self.history(
        before,
        ends: ["gone": [Self.exit(0, 500)], "a": [Self.exit(0, 4)], "b": [Self.exit(1, 6)]]))
    let commands = learned.model.commands
    #expect(learned.unseenSteps == 1)
    #expect(commands[2] == WorkflowModel.Command(microseconds: 4_000_000...4_000_000))
    #expect(commands[1].microseconds == 6_000_000...6_000_000)
    #expect(
      commands[0] == WorkflowModel.Command(microseconds: 4_000_000...4_000_000, failing: 50_000))
  }

  @Test func aProbesAnswersAreNoFailures() throws {
    let definition = Self.definition(StepSettings(onLost: .probe, probe: .shell("p")), "a")
    var learned = LearnedModel(definition)
    // Lost; the probe says no; run again; lost; the probe says yes.
    learned.add(
      try Self.history(
        definition, ends: ["a": [.lost(), Self.exit(1, 2), .lost(), Self.exit(0, 3)]]))
    learned.add(
      try Self.history(definition, ends: ["a": [.lost(), Self.exit(7, 9)]]))
    #expect(learned.attempts == 3)
    #expect(
      learned.model.probes[0]
        == WorkflowModel.Command(
          microseconds: 2_000_000...3_000_000, failing: 33_333, exitCode: 7))
    #expect(learned.unseenSteps == 1)
  }
}
