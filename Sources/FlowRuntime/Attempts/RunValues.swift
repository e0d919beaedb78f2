package import FlowCore

/// The values that the texts of a definition stand for in one run.
package struct RunValues: Sendable {
  private let runID: String
  private let workflowName: String
  private let parameters: [String: [String]]
  /// Whether the definition has any: a definition that is older than templates has none, whatever its
  /// texts look like.
  private let hasTemplates: Bool
  private var definition: WorkflowDefinition
  /// By id, the steps that declare outputs.
  private let sources: [String: Int32]
  private let hasChainOutputs: Bool
  /// What steps have put out.
  var outputs = StepOutputs()
  /// The step whose texts they are, if it is a child.
  private var child: Int?
  private var item: Item? { child.flatMap { definition.child($0)?.item } }

  init(_ created: RunCreated, _ definition: WorkflowDefinition) {
    runID = created.runID
    workflowName = definition.name
    parameters = Dictionary(
      created.parameters.map { ($0.name, $0.texts) }, uniquingKeysWith: { first, _ in first })
    hasTemplates = definition.hasTemplates
    self.definition = definition
    let declaring = definition.declaredSteps.filter { !definition.outputs(ofStep: $0).isEmpty }
    hasChainOutputs = definition.chainSteps.contains { !definition.outputs(ofStep: $0).isEmpty }
    sources = Dictionary(
      declaring.map { (definition.steps[$0].id, Int32($0)) },
      uniquingKeysWith: { first, _ in first })
  }

  /// The texts are those of a child.
  mutating func serve(child: Int, of definition: WorkflowDefinition) {
    self.child = child
    self.definition = definition
  }

  /// What a step asks, with its values filled in; nil if it asks nothing.
  package static func question(ofStep step: Int, _ state: RunState) -> String? {
    guard let question = state.definition.question(ofStep: step) else { return nil }
    var values = RunValues(state.created, state.definition)
    values.outputs = state.outputs
    return values.text(question.text)
  }

  /// Whether texts can stand for what steps have put out.
  var hasOutputs: Bool { hasTemplates && (!sources.isEmpty || hasChainOutputs) }

  func text(_ text: String) -> String {
    template(in: text).map { $0.text(value) } ?? text
  }

  /// The arguments of a program. One that stands for a list becomes as many as that has elements.
  func arguments(_ arguments: [String]) -> [String] {
    if !hasTemplates { return arguments }
    return arguments.flatMap { argument in
      guard let template = template(in: argument) else { return [argument] }
      switch template.onlyReference {
      case .parameter(let name)?: return parameters[name] ?? []
      case .output(let step, let name)?:
        guard let (type, value) = output(name, ofStep: step) else { return [""] }
        return type == .lines
          ? OutputType.lines(of: value) : [String(decoding: value, as: UTF8.self)]
      default: return [template.text(value)]
      }
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
    case .output(let step, let name):
      output(name, ofStep: step).map { String(decoding: $0.value, as: UTF8.self) } ?? ""
    case .item(let field): item?.value(field) ?? ""
    case .runID: runID
    case .workflowName: workflowName
    }
  }

  /// In a chain, the step of it for the same item comes first.
  private func source(named id: String) -> Int32? {
    if let child, hasChainOutputs, definition.isChained(child),
      let step = definition.step(named: id, by: child), definition.isInChain(step)
    {
      return definition.counterpart(of: Int32(step), forChild: child)
    }
    return sources[id]
  }

  /// Nil if there is none; the definition says that there is.
  private func output(_ name: String, ofStep id: String) -> (type: OutputType, value: [UInt8])? {
    guard let step = source(named: id) else { return nil }
    let declared = definition.outputs(ofStep: Int(step))
    guard let place = declared.firstIndex(where: { $0.name == name }),
      let value = outputs.value(ofStep: step, at: Int32(place))
    else { return nil }
    return (declared[place].type, value)
  }
}
