import FlowCore

/// A workflow whose commands behave as a model says.
struct ModelledWorkflow {
  /// With all children that the run can have.
  private let definition: WorkflowDefinition
  private let model: WorkflowModel
  /// How the first commands of each step will behave. They are drawn before anything happens,
  /// so that a change to the definition is tried with the same luck.
  private let planned: [[CommandBehaviour]]
  /// How many commands of each step were started.
  private var started: [Int]

  private static let plannedCommands = 4

  init(
    _ definition: WorkflowDefinition, _ model: WorkflowModel, from choices: any ChoiceSource
  ) {
    self.definition = definition.withPossibleChildren
    self.model = model
    started = [Int](repeating: 0, count: definition.steps.count)
    planned = definition.steps.indices.map { step in
      (0..<Self.plannedCommands).map { _ in model.command(ofStep: step, from: choices) }
    }
  }

  mutating func nextCommand(
    ofStep step: Int, from choices: any ChoiceSource
  ) -> CommandBehaviour {
    let step = modelled(step)
    defer { started[step] += 1 }
    let index = started[step]
    var behaviour =
      index < Self.plannedCommands
      ? planned[step][index] : model.command(ofStep: step, from: choices)
    giveUp(&behaviour, step)
    return behaviour
  }

  /// - Parameter happened: whether the step's work was done.
  func nextProbe(
    ofStep step: Int, happened: Bool, from choices: any ChoiceSource
  ) -> CommandBehaviour {
    let step = modelled(step)
    var behaviour = model.probe(ofStep: step, happened: happened, from: choices)
    giveUp(&behaviour, step)
    return behaviour
  }

  /// The step that a model knows: of a child that of which it is a copy.
  private func modelled(_ step: Int) -> Int { definition.child(step).map { Int($0.step) } ?? step }

  /// A command that hangs and has no timeout is killed from outside at last.
  private func giveUp(_ behaviour: inout CommandBehaviour, _ step: Int) {
    guard case .never = behaviour.ending, definition.timeoutMilliseconds == nil,
      definition.settings(ofStep: step).timeoutMilliseconds == nil
    else { return }
    behaviour.ending = .result(.signalled(signal: Self.kill))
    behaviour.durationMicroseconds = model.patienceMicroseconds
  }

  private static let kill: UInt8 = 9
}

extension World {
  /// How a command behaves that is started now.
  func behaviour(ofStep step: Int32, isProbe: Bool) -> CommandBehaviour {
    guard modelled != nil else { return .draw(from: choices, options, isProbe: isProbe) }
    let (index, happened) = (Int(step), isProbe && hasSucceeded(step))
    let behaviour =
      isProbe
      ? modelled?.nextProbe(ofStep: index, happened: happened, from: choices)
      : modelled?.nextCommand(ofStep: index, from: choices)
    guard let behaviour else { preconditionFailure("a workflow loses its model") }
    return behaviour
  }

  /// Whether a command of the step did its work, whatever the history says.
  private func hasSucceeded(_ step: Int32) -> Bool {
    ledger.entries.contains {
      $0.attempt.step == step && !$0.isProbe && $0.result == .exited(code: 0)
    }
  }
}
