import FlowCore
import Testing

@testable import FlowSimulation

/// One small run, with a death at each single operation, effect and wait. Nothing is left to
/// chance.
struct CrashTests {
  /// Two branches that meet, a retry, and segments so small that the log rotates.
  private static let workflow: (WorkflowDefinition, jobs: Int32) = {
    var settings = StepSettings()
    settings.retry.maxAttempts = 2
    settings.retry.initialDelayMilliseconds = 10
    settings.timeoutMilliseconds = 30_000
    let needs: [[Int32]] = [[], [0], [0], [1, 2]]
    let steps = needs.enumerated().map { index, needs in
      StepDefinition(
        id: "s\(index)", command: .program(["work"]), needs: needs, settingsIndex: 0)
    }
    return (WorkflowDefinition(name: "small", steps: steps, settings: [settings]), 2)
  }()

  private static func run(_ choices: PlannedChoices) -> Simulation.Report {
    var options = SimulationOptions()
    options.crashPerMille = 1
    options.maxCrashes = 1
    options.powerLossPercent = 50
    options.readPerMille = 1_000
    options.rotationBytes = 512
    options.steps = 4
    return Simulation.run(seed: 1, options, choices, workflow: workflow)
  }

  @Test(arguments: [
    (Coverage.Death.processStop, true), (.powerLoss, true), (.powerLoss, false),
  ])
  func aDeathAnywhereLosesNothing(death: Coverage.Death, keepsUnsynced: Bool) {
    let undisturbed = PlannedChoices(dyingAt: 0, by: death, keepingUnsynced: keepsUnsynced)
    #expect(Self.run(undisturbed).outcome == .succeeded)
    #expect(undisturbed.chances > 60)
    var points: Set<CrashPoint> = []
    for chance in 1...undisturbed.chances {
      let report = Self.run(
        PlannedChoices(dyingAt: chance, by: death, keepingUnsynced: keepsUnsynced))
      #expect(report.violation == nil, "dying at chance \(chance)")
      #expect(report.outcome == .succeeded, "dying at chance \(chance)")
      points.formUnion(CrashPoint.allCases.filter { report.coverage.count(death, at: $0) > 0 })
    }
    // Nothing is stopped or looked for in a run without trouble.
    #expect(points == Set(CrashPoint.allCases).subtracting([.stop, .killOrphans]))
  }
}
