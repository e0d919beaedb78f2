package import FlowCore
import FlowText

/// The values that the texts of a definition stand for in one run. Both are bytes (`RawText`): values of
/// parameters need not be UTF-8.
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
  /// How steps have ended.
  var result: @Sendable (Int32) -> StepResult? = { _ in nil }
  /// The step whose texts they are.
  var reader: Int?
  /// What the run has come to, if it has ended but for the step whose texts they are.
  var outcome = ""
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
    values.result = { state.result(ofStep: $0) }
    values.reader = step
    return values.text(question.text)
  }

  /// Whether texts can stand for what steps have put out.
  var hasOutputs: Bool { hasTemplates && (!sources.isEmpty || hasChainOutputs) }

  func text(_ text: String) -> String {
    template(in: text)?.text(plain: RawText.standing, value) ?? RawText.standing(for: text)
  }

  /// The arguments of a program. One that stands for a list becomes as many as that has elements.
  func arguments(_ arguments: [String]) -> [String] {
    arguments.flatMap { argument in
      guard let template = template(in: argument) else { return [RawText.standing(for: argument)] }
      switch template.onlyReference {
      case .parameter(let name)?: return parameters[name] ?? []
      case .output(let step, let name)?:
        guard let (type, value) = output(name, ofStep: step) else { return [""] }
        return type == .lines
          ? OutputType.lines(of: value).map(RawText.standing) : [RawText.text(value)]
      default: return [template.text(plain: RawText.standing, value)]
      }
    }
  }

  func variables(_ variables: [EnvironmentVariable]) -> [EnvironmentVariable] {
    variables.map { EnvironmentVariable(name: $0.name, value: text($0.value)) }
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
      output(name, ofStep: step).map { RawText.text($0.value) } ?? ""
    case .item(let field): itemText(field)
    case .runID: runID
    case .workflowName: RawText.standing(for: workflowName)
    case .result(let step): result(named: step)
    case .outcome: outcome
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

  /// What a child is for, or a value of that.
  func itemText(_ field: String? = nil) -> String {
    guard let child, let item = definition.child(child)?.item else { return "" }
    let text = field == nil ? item.text : item.value(field) ?? ""
    if case .parameter? = definition.child(child).flatMap({
      definition.forEach(ofStep: Int($0.node))?.source
    }) {
      return text
    }
    return RawText.standing(for: text)
  }

  /// How a step has ended that the reader needs, or its node does.
  private func result(named id: String) -> String {
    guard let reader else { return "" }
    var need: Int32?
    if let child, definition.isChained(child), let step = definition.step(named: id, by: child),
      definition.isInChain(step)
    {
      need = definition.counterpart(of: Int32(step), forChild: child)
    } else {
      let node = child.flatMap { definition.child($0) }.map { Int($0.node) }
      let needs = definition.steps[reader].needs + (node.map { definition.steps[$0].needs } ?? [])
      need = needs.first { definition.steps[Int($0)].id == id }
    }
    return need.flatMap { result($0) }.map { "\($0)" } ?? ""
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
