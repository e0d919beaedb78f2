package import FlowCore

/// Where the command of an attempt leaves what its step declares, and where its monitor copies that to.
package struct LaunchOutputs: Equatable, Sendable {
  /// An absolute path (`$FLOW_OUTPUTS`).
  package var folder: String
  package var file: String
  /// Ordered by name.
  package var declared: [StepOutput]
}

/// What the steps that a step needs have put out, for its command.
package struct LaunchInputs: Equatable, Sendable {
  /// What one step has put out.
  package struct Step: Equatable, Sendable {
    package var id: String
    /// The folder of its values: the same for all attempts that get them.
    package var folder: String
    package var values: [Value]
  }

  package struct Value: Equatable, Sendable {
    package var name: String
    package var bytes: [UInt8]
  }

  /// An absolute path (`$FLOW_INPUTS`). It has a link to the folder of each step.
  package var folder: String
  package var steps: [Step]
}

extension LaunchInputs {
  /// What the step itself has put out, for the process that keeps its result; nil if it declares no output.
  init?(
    ownOf attempt: AttemptID, by maker: Int32, _ definition: WorkflowDefinition,
    _ outputs: StepOutputs, in folder: RunFolder
  ) {
    let step = Int(attempt.step)
    if definition.outputs(ofStep: step).isEmpty { return nil }
    let id = definition.fileID(ofStep: step)
    self.folder = folder.inputs(ofStep: id, attempt: attempt.number)
    steps = [
      Step(
        id: "own", folder: folder.values(ofStep: id, attempt: maker),
        values: outputs.values(ofStep: step, definition).map {
          Value(name: $0.output.name, bytes: $0.value)
        })
    ]
  }

  /// Nil if no step that is needed declares an output.
  init?(
    of attempt: AttemptID, _ definition: WorkflowDefinition, _ outputs: StepOutputs,
    in folder: RunFolder
  ) {
    let sources = definition.sources(ofStep: Int(attempt.step)).filter {
      !definition.outputs(ofStep: Int($0)).isEmpty
    }
    if sources.isEmpty { return nil }
    self.folder = folder.inputs(
      ofStep: definition.fileID(ofStep: Int(attempt.step)), attempt: attempt.number)
    steps = sources.compactMap { need in
      // What has not succeeded has none.
      guard let number = outputs.attempt(ofStep: need) else { return nil }
      let id = definition.steps[Int(need)].id
      return Step(
        id: definition.nameInChain(ofStep: Int(need)) ?? id,
        folder: folder.values(ofStep: definition.fileID(ofStep: Int(need)), attempt: number),
        values: outputs.values(ofStep: Int(need), definition).map {
          Value(name: $0.output.name, bytes: $0.value)
        })
    }
  }
}
