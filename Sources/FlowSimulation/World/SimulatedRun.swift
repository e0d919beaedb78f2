import FlowCore
import FlowRuntime

/// The run that the engines of a world drive: what it is made of, and where it is.
final class SimulatedRun {
  /// With all children that it can have.
  let definition: WorkflowDefinition
  /// The steps that it leaves out.
  let unselected: StepSet
  /// Which items it was told to have.
  let items: [ItemSelection]
  let id: String
  let jobs: Int
  let home: RunHome<SimulatedStorage>
  let folder: RunFolder
  /// Of `folder`: every wait of the engine looks at it.
  let lock: String
  /// By step.
  private let probes: [[String]?]

  /// - Parameters:
  ///   - unselected: what the run was told to leave out, whatever it says of that.
  ///   - items: the same of the items that it has.
  init(
    _ definition: WorkflowDefinition, without unselected: StepSet = StepSet(),
    items: [ItemSelection] = [], _ created: RunCreated, in home: RunHome<SimulatedStorage>
  ) {
    let definition = definition.withPossibleChildren
    self.definition = definition
    self.home = home
    self.unselected = unselected
    self.items = items
    id = created.runID
    jobs = Int(created.jobs)
    folder = home.folder(of: created.runID)
    lock = folder.lock
    probes = definition.steps.indices.map { step in
      let settings = definition.settings(ofStep: step)
      return settings.probe?.arguments(by: settings.shell, isProbe: true)
    }
  }

  /// What an attempt is for, as its command says.
  func task(of request: LaunchRequest) -> AttemptTask {
    let step = Int(request.attempt.step)
    if probes.indices.contains(step), probes[step] == request.arguments { return .probe }
    guard request.arguments.dropFirst().first == PublishCommand.name else { return .command }
    return request.arguments.contains(PublishCommand.completes) ? .completion : .publication
  }
}
