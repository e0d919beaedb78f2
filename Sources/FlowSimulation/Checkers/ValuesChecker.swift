import FlowCore
import FlowRuntime

/// A command is told the values that its run was created with, whichever engine launches it, and what
/// a value contains is never taken for another reference.
///
/// The commands of random workflows have a parameter as an argument: that of the workflow
/// (`RandomWorkflow.parameter`), or of the call to which their step belongs (`RandomCalls`). The values
/// that a run gets differ from each other, and from those of other runs.
final class ValuesChecker {
  /// By step, the name of its parameter; empty where the workflow has none.
  private let parameters: [String?]
  /// Of the run that counts, by parameter, as its creation tells them.
  private var values: [String: String] = [:]

  init(_ definition: WorkflowDefinition) {
    parameters =
      definition.parameters.isEmpty
      ? []
      : definition.steps.enumerated().map { RandomCalls.parameter(ofStep: $0.offset, $0.element) }
  }

  /// - Parameter step: whose command it is.
  func check(_ arguments: [String], ofStep step: Int32) throws(Violation) {
    guard Int(step) < parameters.count, let name = parameters[Int(step)] else { return }
    let value = values[name]
    guard let value, Array(arguments.prefix(3)) == ["work", "\(step)", value] else {
      throw Violation(
        .values, "s\(step) is run with \(arguments), where \(value ?? "no value") was given")
    }
  }

  func learn(_ event: Event) {
    guard case .runCreated(let created) = event.body else { return }
    values = [:]
    for parameter in created.parameters { values[parameter.name] = parameter.texts.first }
  }
}

extension ValuesChecker: Checker {
  func learned(_ event: Event, in world: World) throws(Violation) { learn(event) }

  func creates(in world: World) throws(Violation) { values = [:] }

  func found(_ events: [Event], in world: World) throws(Violation) {
    if let first = events.first { learn(first) }
  }

  func launches(_ request: LaunchRequest, in world: World) throws(Violation) {
    guard world.run?.task(of: request) == .command else { return }
    try check(Array(request.commandArguments), ofStep: request.attempt.step)
  }
}
