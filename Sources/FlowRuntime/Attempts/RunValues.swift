import FlowCore

/// The values that the texts of a definition stand for in one run.
struct RunValues: Sendable {
  private let runID: String
  private let workflowName: String
  private let parameters: [String: [String]]
  /// Whether the definition has any: a definition that is older than templates has none, whatever its
  /// texts look like.
  private let hasTemplates: Bool

  init(_ created: RunCreated, _ definition: WorkflowDefinition) {
    runID = created.runID
    workflowName = definition.name
    parameters = Dictionary(
      created.parameters.map { ($0.name, $0.texts) }, uniquingKeysWith: { first, _ in first })
    hasTemplates = definition.hasTemplates
  }

  func text(_ text: String) -> String {
    template(in: text).map { $0.text(value) } ?? text
  }

  /// The arguments of a program. One that stands for a list becomes as many as that has elements.
  func arguments(_ arguments: [String]) -> [String] {
    if !hasTemplates { return arguments }
    return arguments.flatMap { argument in
      guard let template = template(in: argument) else { return [argument] }
      if let name = template.onlyParameter { return parameters[name] ?? [] }
      return [template.text(value)]
    }
  }

  func variables(_ variables: [EnvironmentVariable]) -> [EnvironmentVariable] {
    if !hasTemplates { return variables }
    return variables.map { EnvironmentVariable(name: $0.name, value: text($0.value)) }
  }

  private func template(in text: String) -> Template? {
    guard hasTemplates, Template.isUsed(in: text) else { return nil }
    do throws(Template.Fault) { return try Template(text) } catch {
      preconditionFailure("a definition that was checked has a bad template: \(error.message)")
    }
  }

  private func value(_ reference: Template.Reference) -> String {
    switch reference {
    case .parameter(let name): parameters[name]?.first ?? ""
    case .runID: runID
    case .workflowName: workflowName
    }
  }
}
