import FlowCore
import FlowPublication
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
  /// Steps whose last attempt has used a former result.
  private var reused: Set<Int32> = []
  /// Steps whose last attempt has said that it has put everything in place.
  private var placed: Set<Int32> = []

  init(_ definition: WorkflowDefinition) {
    self.definition = definition
    isNeeded = definition.hasFiles
    tasks = AttemptTasks(definition)
  }

  /// Takes in an event that is durable.
  ///
  /// - Parameters:
  ///   - files: what commands have really made.
  ///   - content: what is in the place of a file.
  func learn(
    _ event: Event, _ files: WorldFiles, _ content: (String) -> [UInt8]?
  ) throws(Violation) {
    tasks.learn(event.body)
    switch event.body {
    case .attemptScheduled(let attempt):
      placed.remove(attempt.step)
      reused.remove(attempt.step)
      if tasks[attempt.step] == .command { makers[attempt.step] = attempt }
    case .attemptEnded(let attempt, let end)
    where definition.caches(ofStep: Int(attempt.step))
      && AttemptConclusion(end, of: tasks[attempt.step]) == .reused:
      reused.insert(attempt.step)
    case .publishScheduled(let attempt, _): published[attempt.step] = nil
    case .stepFinished(let step, .succeeded) where !definition.files(ofStep: Int(step)).isEmpty:
      guard let maker = makers[step], tasks[step].publishes || reused.contains(step) else {
        throw Violation(.files, "\(name(step)) has succeeded, and has published nothing")
      }
      published[step] = maker
      try check(step, maker, files, content)
    case .stepFinished(let step, _) where placed.contains(step):
      throw Violation(.files, "\(name(step)) has published its files, and has not succeeded")
    default: break
    }
  }

  private func check(
    _ step: Int32, _ maker: AttemptID, _ files: WorldFiles, _ content: (String) -> [UInt8]?
  ) throws(Violation) {
    guard let made = files.made[maker] else {
      throw Violation(.files, "\(name(step)) has succeeded, and its command has not made its files")
    }
    for (path, bytes) in made.sorted(by: { $0.key < $1.key }) where content(path) != bytes {
      throw Violation(
        .files, "\(name(step)) has succeeded, and \(path) is not what its command has made")
    }
  }

  /// A publication that has failed had a reason, and had touched nothing if it says so. One that has not is a
  /// success, whatever has stopped it.
  ///
  /// - Parameters:
  ///   - isSound: whether the disk never fails.
  ///   - tier: a rename between two folders is whole on one with a journal only.
  func check(
    _ end: AttemptEnd, ofPublication attempt: AttemptID, _ files: WorldFiles,
    _ content: (String) -> [UInt8]?, isSound: Bool, _ tier: StorageTier
  ) throws(Violation) {
    guard case .exited(let code) = end.result, let exit = PublicationExit(rawValue: Int32(code)),
      let maker = makers[attempt.step]
    else { return }
    let name = name(attempt.step)
    let made = files.made[maker] ?? [:]
    switch exit {
    case .published: if end.unkillable == 0 { placed.insert(attempt.step) }
    case .refused where made.isEmpty: break
    case .refused:
      throw Violation(.files, "files of \(name) are refused, and its command has made all")
    case .failed where isSound:
      throw Violation(.files, "\(name) could not publish, and the disk has not failed")
    case .failed: break
    // A cached command makes the same of the same, so it can be there from before.
    case .notBegun where definition.caches(ofStep: Int(attempt.step)): break
    case .notBegun:
      if let path = made.filter({ content($0.key) == $0.value }).keys.min() {
        throw Violation(.files, "\(name) says it has touched nothing, and \(path) is in place")
      }
    case .gone where tier != .ordered: break
    case .gone: throw Violation(.files, "what \(name) has published in part is gone")
    }
  }

  /// What has succeeded, and has published nothing since, is in place.
  func checkAll(_ files: WorldFiles, _ content: (String) -> [UInt8]?) throws(Violation) {
    for (step, maker) in published.sorted(by: { $0.key < $1.key }) {
      try check(step, maker, files, content)
    }
  }

  private func name(_ step: Int32) -> String { definition.steps[Int(step)].id }
}

extension FilesChecker: Checker {
  func learned(_ event: Event, in world: World) throws(Violation) {
    if !isNeeded { return }
    try learn(event, world.files, world.content)
    if case .attemptEnded(let attempt, let end) = event.body, tasks[attempt.step].publishes {
      let options = world.options
      try check(
        end, ofPublication: attempt, world.files, world.content,
        isSound: options.storageErrorPerMille == 0 && options.readErrorPerMille == 0,
        options.tier)
    }
  }

  func recovered(in world: World) throws(Violation) { try checkAll(in: world) }

  func ended(_ events: [Event], _ state: RunState?, in world: World) throws(Violation) {
    try checkAll(in: world)
  }

  func settled(in world: World) throws(Violation) { try checkAll(in: world) }

  private func checkAll(in world: World) throws(Violation) {
    if !isNeeded { return }
    try world.checkFiles()
    try checkAll(world.files, world.content)
  }
}
