import FlowCore

/// What the next attempt of each step is for, as the durable history says.
struct AttemptTasks {
  private var tasks: [AttemptTask]

  init(_ definition: WorkflowDefinition) {
    tasks = [AttemptTask](repeating: .command, count: definition.steps.count)
  }

  subscript(step: Int32) -> AttemptTask { tasks[Int(step)] }

  mutating func learn(_ body: Event.Body) {
    switch body {
    case .retryScheduled(let attempt, _), .rerunScheduled(let attempt):
      tasks[Int(attempt.step)] = .command
    case .probeScheduled(let attempt): tasks[Int(attempt.step)] = .probe
    case .publishScheduled(let attempt, let completes):
      tasks[Int(attempt.step)] = completes ? .completion : .publication
    case .runReopened: for step in tasks.indices { tasks[step] = .command }
    default: break
    }
  }
}
