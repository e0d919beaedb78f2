import FlowCore

/// Runs a world. `Simulation.run` does; tests have others, with faults of their own.
package typealias WorldRunner = (
  _ seed: UInt64, _ options: SimulationOptions, _ choices: any ChoiceSource, _ trace: Trace
) -> Simulation.Report

/// Everything that it takes to make a world again, and how it went.
package struct RecordedWorld: Equatable, Sendable {
  /// Only the jitter of delays and the salts of logs depend on it: the choices are in the schedule.
  package var seed: UInt64
  package var options: SimulationOptions
  /// Without the choices that drew the options.
  package var schedule: ChoiceSchedule
  /// Which property was violated; nil if all held.
  package var property: Property?
  package var traceHash: UInt64

  package init(
    seed: UInt64, options: SimulationOptions, schedule: ChoiceSchedule, property: Property?,
    traceHash: UInt64
  ) {
    self.seed = seed
    self.options = options
    self.schedule = schedule
    self.property = property
    self.traceHash = traceHash
  }

  /// - Parameter choices: all that were made, those of the options included.
  package init(_ report: Simulation.Report, _ choices: ChoiceSchedule) {
    self.init(
      seed: report.seed, options: report.options,
      schedule: choices.filter { $0.site != .options }, property: report.violation?.property,
      traceHash: report.traceHash)
  }

  package func run(_ trace: Trace = Trace(), by run: WorldRunner) -> Simulation.Report {
    run(seed, options, ReplayedChoices(schedule), trace)
  }
}

extension RecordedWorld {
  /// The simplest world with the same options that is found in which the same property is violated.
  ///
  /// - Precondition: One is violated here.
  package func shrunk(
    _ budget: Shrinker.Budget = Shrinker.Budget(),
    isolated: @escaping Shrinker.Isolation = { $0() }, by run: @escaping WorldRunner
  ) -> WorldRecipe.Shrunk {
    guard let property else { preconditionFailure("there is no violation to shrink") }
    var shrinker = Shrinker(schedule, budget) { schedule in
      isolated {
        let choices = RecordingChoices(ReplayedChoices(schedule))
        let report = run(seed, options, choices, Trace())
        return .init(isFailure: report.violation?.property == property, choices.recording)
      }
    }
    shrinker.shrink()
    var simplest = self
    simplest.schedule = shrinker.schedule
    simplest.traceHash = simplest.run(by: run).traceHash
    return WorldRecipe.Shrunk(
      world: simplest, choicesBefore: schedule.count, choicesAfter: shrinker.schedule.count,
      runs: shrinker.runs)
  }
}

/// How worlds are made from a seed: the options are drawn, then some are set by hand.
package struct WorldRecipe {
  package let settings: [SimulationOptions.Setting]
  private let run: WorldRunner

  /// - Parameter settings: applied in order, over what is drawn.
  /// - Throws: if one is not an option, or not with this value.
  package init(
    _ settings: [SimulationOptions.Setting] = [],
    run: @escaping WorldRunner = { Simulation.run(seed: $0, $1, $2, $3) }
  ) throws(SimulationOptions.SettingError) {
    self.settings = settings
    self.run = run
    var options = SimulationOptions.quiet
    for setting in settings { try options.apply(setting) }
  }

  package func run(seed: UInt64, _ trace: Trace = Trace()) -> Simulation.Report {
    run(seed: seed, SeededChoices(seed: seed), trace)
  }

  /// The world of a seed, and all choices that were made in it.
  package func record(seed: UInt64) -> (report: Simulation.Report, recording: ChoiceRecording) {
    let choices = RecordingChoices(SeededChoices(seed: seed))
    let report = run(seed: seed, choices, Trace())
    return (report, choices.recording)
  }

  /// The world of a trace once more.
  package func replay(_ world: RecordedWorld, _ trace: Trace = Trace()) -> Simulation.Report {
    world.run(trace, by: run)
  }

  private func run(
    seed: UInt64, _ choices: any ChoiceSource, _ trace: Trace
  ) -> Simulation.Report {
    var options = SimulationOptions.draw(from: choices)
    for setting in settings {
      do throws(SimulationOptions.SettingError) { try options.apply(setting) } catch {
        preconditionFailure("a setting that was checked is none: \(error)")
      }
    }
    return run(seed, options, choices, trace)
  }

  // MARK: Failures

  /// A failure, made simpler.
  package struct Shrunk: Sendable {
    package let world: RecordedWorld
    /// How many choices were not zero, those of the options included.
    package let choicesBefore: Int
    package let choicesAfter: Int
    /// How many worlds it took.
    package let runs: Int
  }

  /// The simplest world that is found in which the same property is violated as with a seed.
  package func shrink(
    seed: UInt64, _ property: Property, _ budget: Shrinker.Budget = Shrinker.Budget(),
    isolated: @escaping Shrinker.Isolation = { $0() }
  ) -> Shrunk {
    let failing = record(seed: seed).recording.schedule
    var shrinker = Shrinker(failing, budget) { schedule in
      isolated {
        let choices = RecordingChoices(ReplayedChoices(schedule))
        let report = run(seed: seed, choices, Trace())
        return .init(isFailure: report.violation?.property == property, choices.recording)
      }
    }
    shrinker.shrink()
    let report = run(seed: seed, ReplayedChoices(shrinker.schedule), Trace())
    return Shrunk(
      world: RecordedWorld(report, shrinker.schedule), choicesBefore: failing.count,
      choicesAfter: shrinker.schedule.count, runs: shrinker.runs)
  }
}
