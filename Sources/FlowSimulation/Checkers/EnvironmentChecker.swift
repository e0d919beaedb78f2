import FlowCore
import FlowRuntime

/// Commands inherit the environment of the process that created the run, whichever engine launches
/// them, until an engine is asked to give the run its own. A run that has succeeded has none; if it
/// is reopened, it gets that of the engine which does so.
final class EnvironmentChecker {
  /// What the run may have. A crash can leave either the one before or its replacement.
  private var possible: [RunEnvironment] = []
  /// Whether the run's was removed, or is about to be.
  private var mayBeGone = false
  /// Whether an engine could not save the one that it uses.
  private var isUnsaved = false

  private let definition: WorkflowDefinition

  init(_ definition: WorkflowDefinition) {
    self.definition = definition
  }

  func learn(_ event: Event) {
    switch event.body {
    case .engineStarted(let engine) where possible.isEmpty:
      possible = [RandomVariables.environment(of: definition, byProcess: engine.processID)]
    case .runFinished(.succeeded): mayBeGone = true
    default: break
    }
  }

  /// - Parameter own: of the engine.
  func resumes(from source: EnvironmentSource, _ own: RunEnvironment) {
    if source == .caller || mayBeGone || isUnsaved { possible.append(own) }
  }

  func found(_ news: EnvironmentNews, _ own: RunEnvironment) throws(Violation) {
    guard possible.contains(own) else {
      throw Violation(.environment, "the run has lost its environment: \(news)")
    }
    switch news {
    case .saved, .replaced:
      possible = [own]
      isUnsaved = false
    case .notSaved: isUnsaved = true
    case .unreadable: throw Violation(.environment, "the run's environment cannot be read")
    }
  }

  func starts(_ environment: RunEnvironment) throws(Violation) {
    guard possible.contains(environment) else {
      throw Violation(
        .environment,
        "commands inherit \(Self.text(environment)), and the run has"
          + " \(possible.map(Self.text).joined(separator: " or "))")
    }
    possible = [environment]
    mayBeGone = false
  }

  private static func text(_ environment: RunEnvironment) -> String {
    environment.variables.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
  }
}

extension EnvironmentChecker: Checker {
  func learned(_ event: Event, in world: World) throws(Violation) { learn(event) }

  func creates(in world: World) throws(Violation) { possible = [] }

  func found(_ events: [Event], in world: World) throws(Violation) {
    // The engine that created the run may have died before it was told so.
    for event in events.prefix(while: { _ in possible.isEmpty }) { learn(event) }
    if let last = events.last { learn(last) }
  }

  func resumes(from source: EnvironmentSource, in world: World) throws(Violation) {
    resumes(from: source, world.ownEnvironment)
  }

  func foundEnvironment(_ news: EnvironmentNews, in world: World) throws(Violation) {
    try found(news, world.ownEnvironment)
  }

  func startsLauncher(
    _ environment: RunEnvironment, in world: World
  ) throws(Violation) {
    try starts(environment)
  }
}
