import FlowCore
import FlowRuntime

/// Files of variables of random workflows, and what simulated files hold: something else at each life, as
/// files that people edit.
enum RandomVariables {
  private static let files = [
    VariableFile(path: "first.env"), VariableFile(path: "second.env", isOptional: true),
  ]

  /// - Precondition: the run's policy knows such files.
  static func draw(
    for definition: inout WorkflowDefinition, from choices: any ChoiceSource,
    _ options: SimulationOptions
  ) {
    guard choices.happens(.variableFiles, perMille: options.variableFilePercent * 10) else {
      return
    }
    definition.variableFiles = files
    switch choices.choose(.variableFiles, below: 3) {
    case 0: break
    case 1: definition.inheritance = .clean
    default:
      definition.inheritance = .clean
      definition.passedVariables = ["CALLER"]
    }
  }

  /// What the files hold when the engine with that process id reads them: the second gives a variable of
  /// the first again.
  static func read(
    _ definition: WorkflowDefinition, byProcess id: Int32
  ) -> [EnvironmentVariable] {
    if definition.variableFiles.isEmpty { return [] }
    return [
      EnvironmentVariable(name: "FIRST", value: "\(id)"),
      EnvironmentVariable(name: "BOTH", value: "first \(id)"),
      EnvironmentVariable(name: "BOTH", value: "second \(id)"),
    ]
  }

  /// What a run gets from the caller with that process id, and from the files.
  static func environment(
    of definition: WorkflowDefinition, byProcess id: Int32
  ) -> RunEnvironment {
    let caller = World.environment(ofProcess: id)
    let isPassed =
      definition.inheritance == .inherit || definition.passedVariables.contains("CALLER")
    let files =
      definition.variableFiles.isEmpty ? [] : ["FIRST=\(id)", "BOTH=second \(id)"]
    return RunEnvironment(
      umask: caller.umask,
      variables: (isPassed ? caller.variables : []) + files.map { Array($0.utf8) })
  }
}
