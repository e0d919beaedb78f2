import FlowCore
import FlowRuntime

/// What a world needs to know of a workflow whose commands behave as a model says.
struct ModelledWorkflow {
  let definition: WorkflowDefinition
  let model: WorkflowModel
  private let patienceMicroseconds: Int64

  init(_ definition: WorkflowDefinition, _ model: WorkflowModel) {
    self.definition = definition
    self.model = model
    patienceMicroseconds = model.patienceMicroseconds
  }

  /// How long a command of the step may hang before somebody kills it; nil where a timeout will.
  func patience(ofStep step: Int) -> Int64? {
    let isLimited =
      definition.timeoutMilliseconds != nil
      || definition.settings(ofStep: step).timeoutMilliseconds != nil
    return isLimited ? nil : patienceMicroseconds
  }
}

extension World {
  /// What a command that is started now is going to do.
  func behaviour(ofStep step: Int32, isProbe: Bool) -> CommandBehaviour {
    guard let modelled else { return .draw(from: choices, options) }
    return modelled.model.behaviour(
      ofStep: Int(step), isProbe: isProbe, happened: isProbe && hasSucceeded(step),
      patience: modelled.patience(ofStep: Int(step)), from: choices)
  }

  /// Whether what is to be launched is the step's probe, and not its command.
  func isProbe(_ request: LaunchRequest) -> Bool {
    guard let modelled else { return false }
    let step = Int(request.attempt.step)
    return request.command == modelled.definition.settings(ofStep: step).probe
  }

  /// Whether a command of the step did its work, whatever the history says.
  private func hasSucceeded(_ step: Int32) -> Bool {
    ledger.entries.contains {
      $0.attempt.step == step && !$0.isProbe && $0.end?.result == .exited(code: 0)
    }
  }
}
