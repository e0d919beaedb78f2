import FlowCore

/// Why a workflow cannot be proven, and what must be known of a proof.
struct ProofObstacles {
  /// Each names a step, and what to do.
  private(set) var refusals: [String] = []
  private(set) var notes: [String] = []

  /// - Parameters:
  ///   - skipped: the steps that the runs leave out.
  init(_ definition: WorkflowDefinition, in folder: WorkFolder, without skipped: StepSet) {
    var unknown: [String] = []
    for index in definition.steps.indices where definition.child(index) == nil {
      // The steps of a chain are left out with their node, a rollback with its step.
      let own =
        definition.node(ofChainStep: index)
        ?? definition.stepRolledBack(by: index).map { Int($0) } ?? index
      if skipped.contains(Int32(own)) { continue }
      let step = definition.steps[index].id
      if definition.question(ofStep: index) != nil {
        refusals.append(
          "step \(step) asks a person, who would have to answer in every run; leave it out with"
            + " --skip \(step)")
        continue
      }
      guard let directory = definition.settings(ofStep: index).workingDirectory else { continue }
      switch folder.place(ofWorkingDirectory: directory) {
      case .inside: break
      case .outside(let place):
        refusals.append(
          "step \(step) works in \(place) (its cwd), and only \(folder.path) is copied: give it a"
            + " path relative to that folder and in it, or leave it out with --skip \(step)")
      case .unknown: unknown.append(step)
      }
    }
    if !unknown.isEmpty {
      notes.append(
        "only a run tells the cwd of \(unknown.joined(separator: ", ")): it must be in the copy")
    }
    if !definition.notifySteps.isEmpty {
      notes.append("its notices (notify) are sent in each run")
    }
  }
}
