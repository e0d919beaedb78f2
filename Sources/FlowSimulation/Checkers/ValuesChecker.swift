import FlowCore
import FlowRuntime

/// A command is told the values that its run was created with, whichever engine launches it, and what
/// a value contains is never taken for another reference.
///
/// The commands of random workflows have one parameter (`RandomWorkflow.parameter`) as an argument,
/// and the value that a run gets differs from that of other runs.
final class ValuesChecker {
  private let hasParameter: Bool
  /// Of the run that counts; nil where its creation does not tell one.
  private var value: String?

  init(_ definition: WorkflowDefinition) {
    hasParameter = !definition.parameters.isEmpty
  }

  /// - Parameter step: whose command it is.
  func check(_ arguments: [String], ofStep step: Int32) throws(Violation) {
    if !hasParameter { return }
    guard let value, arguments == ["work", "\(step)", value] else {
      throw Violation(
        .values, "s\(step) is run with \(arguments), where \(value ?? "no value") was given")
    }
  }

  func learn(_ event: Event) {
    guard case .runCreated(let created) = event.body else { return }
    value = created.parameters.first?.texts.first
  }
}

extension ValuesChecker: Checker {
  func learned(_ event: Event, in world: World) throws(Violation) { learn(event) }

  func creates(in world: World) throws(Violation) { value = nil }

  func found(_ events: [Event], in world: World) throws(Violation) {
    if let first = events.first { learn(first) }
  }

  func launches(_ request: LaunchRequest, in world: World) throws(Violation) {
    guard world.run?.isProbe(request) == false else { return }
    try check(request.arguments, ofStep: request.attempt.step)
  }
}
