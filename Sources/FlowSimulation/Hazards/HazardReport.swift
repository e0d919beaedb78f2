/// The results of a study of a workflow under faults.
package struct HazardReport: Equatable, Sendable {
  /// A change to the definition, and what it does in the same worlds.
  package struct MeasuredChange: Equatable, Sendable {
    package let change: DefinitionChange
    package let before: HazardTally
    package let after: HazardTally
  }

  /// Where nothing goes wrong but the commands.
  package let quiet: HazardTally
  package let faulty: HazardTally
  package let changes: [MeasuredChange]

  /// The steps that have hazards, the worst first.
  package var ranked: [StepTally] {
    faulty.steps.filter { !$0.isHarmless }.sorted(by: StepTally.isWorse)
  }

  package func changes(ofStep step: Int) -> [MeasuredChange] {
    changes.filter { $0.change.step == step }
  }
}
