import FlowCore

@testable import FlowSimulation
@testable import FlowsimCommands

/// Reports that are made without worlds.
enum HandMade {
  static func definition(_ name: String = "nightly", ids: [String]) -> WorkflowDefinition {
    WorkflowDefinition(
      name: name, steps: ids.map { StepDefinition(id: $0, command: .shell("x")) })
  }

  static func fate(
    _ outcome: RunOutcome = .succeeded, seconds: Int64 = 60, _ causes: [HazardCause] = [],
    steps: [StepFate] = [], survivors: Int = 0
  ) -> WorldFate {
    var counts = CauseCounts()
    for cause in causes { counts[cause] += 1 }
    return WorldFate(
      outcome: outcome, microseconds: seconds * 1_000_000, steps: steps, causes: counts,
      survivors: survivors)
  }

  static func step(_ step: Int, _ change: (inout StepFate) -> Void) -> StepFate {
    var fate = StepFate(step: step)
    change(&fate)
    return fate
  }

  static func tally(_ fates: [WorldFate], steps: Int) -> HazardTally {
    var ledger = HazardLedger()
    for fate in fates { ledger.add(fate) }
    return ledger.tally(stepCount: steps)
  }

  static func findings(
    _ definition: WorkflowDefinition, _ source: ModelSource = .file("model.json"),
    faulty: [WorldFate], changes: [(DefinitionChange, [WorldFate])] = []
  ) -> Findings {
    let steps = definition.steps.count
    let before = tally(faulty, steps: steps)
    let quiet = tally(Array(repeating: fate(), count: faulty.count), steps: steps)
    return Findings(
      report: HazardReport(
        quiet: quiet, faulty: before,
        changes: changes.map {
          .init(change: $0.0, before: before, after: tally($0.1, steps: steps))
        }),
      definition: definition, jobs: 2, firstSeed: 7, source: source)
  }
}
