package import FlowCore

/// Runs a workflow in many worlds, without faults and with them, and then again with one change at
/// a time.
package struct HazardStudy {
  /// The workflow that runs, and how its commands behave.
  package struct Subject: Equatable, Sendable {
    package var definition: WorkflowDefinition
    package var jobs: Int32
    package var model: WorkflowModel

    package init(_ definition: WorkflowDefinition, jobs: Int32, _ model: WorkflowModel) {
      precondition(
        model.commands.count == definition.steps.count, "a model of another definition's steps")
      self.definition = definition
      self.jobs = jobs
      self.model = model
    }

    fileprivate func with(_ change: DefinitionChange) -> Subject {
      var changed = self
      change.apply(to: &changed.definition)
      change.apply(to: &changed.model)
      return changed
    }
  }

  /// Makes a world with the options that were drawn for it, and tells how its run went.
  package typealias World = (
    Question, SimulationOptions, any ChoiceSource, Trace
  ) -> Answer

  /// What runs in a world, and under which faults.
  package struct Question: Equatable, Sendable {
    package let subject: Subject
    package let seed: UInt64
    /// The time in which faults come, in microseconds; nil if none do.
    package let faultyMicroseconds: Int64?
  }

  package struct Answer: Equatable, Sendable {
    package let report: Simulation.Report
    /// Nil where a property is violated.
    package let fate: WorldFate?

    package init(_ report: Simulation.Report, _ fate: WorldFate?) {
      self.report = report
      self.fate = fate
    }
  }

  /// A world in which a property is violated: then a study says nothing.
  package struct Broken: Error {
    package let report: Simulation.Report
    /// What ran in it.
    package let question: Question
    /// Nil where the definition was the user's.
    package let change: DefinitionChange?
  }

  private let subject: Subject
  private let seeds: ClosedRange<UInt64>
  private let live: World

  /// How many worlds the changes may cost, for each world of the definition as it is.
  private static let changeFactor = 4
  /// A change that is seen in fewer worlds is not tried.
  private static let leastWorlds = 100
  /// How many worlds tell about how long the run takes.
  private static let rehearsals: UInt64 = 20

  package init(
    _ subject: Subject, seeds: ClosedRange<UInt64>, live: @escaping World
  ) {
    self.subject = subject
    self.seeds = seeds
    self.live = live
  }

  package func run() throws(Broken) -> HazardReport {
    let stepCount = subject.definition.steps.count
    let span = try faultyMicroseconds()
    let quiet = try tallied(subject, seeds, faultyMicroseconds: nil, nil).tally(
      stepCount: stepCount)
    let ledger = try tallied(subject, seeds, faultyMicroseconds: span, nil)
    let faulty = ledger.tally(stepCount: stepCount)
    let plan = Self.plan(
      faulty.steps.sorted(by: StepTally.isWorse).flatMap {
        DefinitionChange.candidates(for: $0, subject.definition, subject.model)
      }, worlds: seeds.count)
    var changes: [HazardReport.MeasuredChange] = []
    for change in plan.changes {
      let some = seeds.lowerBound...(seeds.lowerBound + UInt64(plan.worlds - 1))
      let after = try tallied(subject.with(change), some, faultyMicroseconds: span, change)
      changes.append(
        .init(
          change: change, before: ledger.tally(ofFirst: plan.worlds, stepCount: stepCount),
          after: after.tally(stepCount: stepCount)))
    }
    return HazardReport(quiet: quiet, faulty: faulty, changes: changes)
  }

  /// Faults come while the run is at work, and for some time after it would have ended without
  /// them. These are always the same worlds, so that a seed's faults do not depend on the others
  /// asked for.
  private func faultyMicroseconds() throws(Broken) -> Int64 {
    let ledger = try tallied(subject, 1...Self.rehearsals, faultyMicroseconds: nil, nil)
    let median = ledger.tally(stepCount: subject.definition.steps.count).times.median
    return max(1_000_000, median + median / 2)
  }

  /// Splits a budget of worlds evenly over the changes. Where each would get too few, the last ones
  /// get none.
  static func plan(
    _ candidates: [DefinitionChange], worlds: Int
  ) -> (changes: [DefinitionChange], worlds: Int) {
    let budget = changeFactor * worlds
    let least = min(worlds, leastWorlds)
    let changes = candidates.prefix(budget / least)
    return (Array(changes), changes.isEmpty ? 0 : min(worlds, budget / changes.count))
  }

  private func tallied(
    _ subject: Subject, _ seeds: ClosedRange<UInt64>, faultyMicroseconds: Int64?,
    _ change: DefinitionChange?
  ) throws(Broken) -> HazardLedger {
    var ledger = HazardLedger()
    for seed in seeds {
      let question = Question(
        subject: subject, seed: seed, faultyMicroseconds: faultyMicroseconds)
      let choices = SeededChoices(seed: seed)
      let answer = live(question, .draw(from: choices), choices, Trace())
      guard let fate = answer.fate else {
        throw Broken(report: answer.report, question: question, change: change)
      }
      ledger.add(fate)
    }
    return ledger
  }
}
