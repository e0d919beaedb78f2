import FlowCore
import FlowRuntime

/// A file that a step declares is at every moment the old one or a new one as a whole, and once its step has
/// succeeded, durably, it is the one that the last command of the step has made.
final class FilesChecker {
  private let definition: WorkflowDefinition
  private let isNeeded: Bool
  private var tasks: AttemptTasks
  /// By step, its last attempt that runs its command.
  private var makers: [Int32: AttemptID] = [:]
  /// By step that has succeeded, and has published nothing since, that attempt.
  private var published: [Int32: AttemptID] = [:]

  init(_ definition: WorkflowDefinition) {
    self.definition = definition
    isNeeded = definition.hasFiles
    tasks = AttemptTasks(definition)
  }

  private func learn(_ event: Event) throws(Violation) {
    tasks.learn(event.body)
    switch event.body {
    case .attemptScheduled(let attempt):
      if tasks[attempt.step] == .command { makers[attempt.step] = attempt }
    case .publishScheduled(let attempt, _): published[attempt.step] = nil
    case .stepFinished(let step, .succeeded) where !definition.files(ofStep: Int(step)).isEmpty:
      guard let maker = makers[step], tasks[step].publishes else {
        throw Violation(.files, "\(name(step)) has succeeded, and has published nothing")
      }
      published[step] = maker
    default: break
    }
  }

  private func check(_ step: Int32, _ maker: AttemptID, in world: World) throws(Violation) {
    guard let files = world.files.made[maker] else {
      throw Violation(.files, "\(name(step)) has succeeded, and its command has not made its files")
    }
    for (path, bytes) in files.sorted(by: { $0.key < $1.key })
    where world.content(ofFile: path) != bytes {
      throw Violation(
        .files, "\(name(step)) has succeeded, and \(path) is not what its command has made")
    }
  }

  private func checkAll(in world: World) throws(Violation) {
    try world.checkFiles()
    for (step, maker) in published.sorted(by: { $0.key < $1.key }) {
      try check(step, maker, in: world)
    }
  }

  private func name(_ step: Int32) -> String { definition.steps[Int(step)].id }
}

extension FilesChecker: Checker {
  func learned(_ event: Event, in world: World) throws(Violation) {
    if !isNeeded { return }
    try learn(event)
    if case .stepFinished(let step, .succeeded) = event.body, let maker = published[step] {
      try check(step, maker, in: world)
    }
  }

  func recovered(in world: World) throws(Violation) {
    if isNeeded { try checkAll(in: world) }
  }

  func ended(_ events: [Event], _ state: RunState?, in world: World) throws(Violation) {
    if isNeeded { try checkAll(in: world) }
  }

  func settled(in world: World) throws(Violation) {
    if isNeeded { try checkAll(in: world) }
  }
}
