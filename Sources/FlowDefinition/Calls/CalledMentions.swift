import FlowCore
import FlowText

/// What names a step of a file that is called (`steps["ID/step"].output`). It is looked up when the steps of that
/// file have taken the place of the call.
struct CalledMentions {
  var templates: [TemplateUse] = []
  var conditions: [ConditionUse] = []
  var sources: [ForEachUse] = []

  var areThere: Bool { !templates.isEmpty || !conditions.isEmpty || !sources.isEmpty }
}

extension StepTable {
  /// Whether an id is of a step of a file that is called, whether or not that file has it.
  func isOfCall(_ id: String) -> Bool {
    guard let slash = id.utf8.firstIndex(of: UInt8(ascii: "/")),
      let step = names.step(named: String(id[..<slash]))
    else { return false }
    return calls.contains { $0.step == step }
  }

  /// Whether a condition names a step of a file that is called.
  func namesCalled(_ use: ConditionUse) -> Bool {
    if calls.isEmpty { return false }
    var lexer = ConditionLexer(use.text)
    while let token = try? lexer.next(), token.kind != .end {
      if case .name(let parts) = token.kind, parts.count > 1, parts[0] == "steps",
        isOfCall(parts[1])
      {
        return true
      }
    }
    return false
  }
}

extension DefinitionReader {
  /// Looks up what names steps of files that are called. What is wrong is reported.
  ///
  /// - Parameters:
  ///   - workflow: with these steps in the place of the calls.
  ///   - table: the steps of the calling file, and their parameters.
  mutating func resolveCalledMentions(
    in workflow: inout WorkflowDefinition, _ table: StepTable, _ parameters: [Parameter]
  ) {
    if !calledMentions.areThere { return }
    let places = Dictionary(
      workflow.steps.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    func place(_ step: Int) -> Int {
      guard let place = places[table.steps[step].id] else {
        preconditionFailure("a step of the calling file is not in the whole")
      }
      return place
    }
    var known = KnownOutputs(workflow)
    for use in calledMentions.conditions {
      let step = place(use.step)
      let names = ConditionNames(
        called: workflow, step, parameters, hasItem: table.hasItem(use.step))
      let condition = condition(use, names) { known.fault(of: $0, in: step, advice: $1) }
      if let condition {
        workflow.extras[Int(workflow.steps[step].extrasIndex)].condition = condition
      }
    }
    for use in calledMentions.sources {
      let step = place(use.step)
      if let source = source(use, in: step, of: workflow, &known) {
        workflow.extras[Int(workflow.steps[step].extrasIndex)].forEach?.source = source
      }
    }
    for use in calledMentions.templates {
      guard let step = use.step, let template = try? Template(use.text) else { continue }
      let reader = place(table.reader(step))
      for case .reference(.output(let id, let name)) in template.parts where table.isOfCall(id) {
        let fault =
          if let other = workflow.step(named: id, by: reader) {
            fault(of: name, ofStep: Int32(other), use, template, by: reader, &known)
          } else {
            StepID.unknown(id, among: workflow.declaredIDs)
          }
        if let fault { report(at: use.offset, path: use.path, fault) }
      }
      for case .reference(.result(let id)) in template.parts where table.isOfCall(id) {
        let other = workflow.step(named: id, by: reader)
        let fault =
          if let other {
            workflow.steps[reader].needs.contains(Int32(other)) ? nil : StepID.unneeded(id)
          } else {
            StepID.unknown(id, among: workflow.declaredIDs)
          }
        if let fault { report(at: use.offset, path: use.path, fault) }
      }
    }
  }

  /// - Returns: nil for what is no source, which was reported.
  private mutating func source(
    _ use: ForEachUse, in step: Int, of workflow: WorkflowDefinition, _ known: inout KnownOutputs
  ) -> ForEach.Source? {
    guard let over = use.reading.over,
      case .output(let id, let name)? = (try? Template("${\(over.text)}"))?.onlyReference
    else { return nil }
    do throws(OverFault) {
      guard let other = workflow.step(named: id, by: step) else {
        throw OverFault(StepID.unknown(id, among: workflow.declaredIDs))
      }
      return try source(
        name, ofStep: (Int32(other), id), in: step, needs: workflow.steps[step].needs, &known)
    } catch {
      report(at: over.offset, path: over.path, error.message)
      return nil
    }
  }
}

extension ConditionNames {
  /// In a workflow that has the steps of the files that it calls.
  ///
  /// - Parameters:
  ///   - step: the condition's own.
  ///   - parameters: those of the calling file.
  fileprivate init(
    called workflow: WorkflowDefinition, _ step: Int, _ parameters: [Parameter], hasItem: Bool
  ) {
    let node = workflow.node(ofChainStep: step)
    self.init(
      parameters: parameters,
      step: { workflow.step(named: $0, by: step).map { Int32($0) } },
      nearestStep: { Suggestion.nearest(to: $0, among: workflow.declaredIDs) },
      needs: workflow.steps[step].needs + (node.map { workflow.steps[$0].needs } ?? []),
      isCall: { _ in false }, hasItem: hasItem,
      outputs: { workflow.outputs(ofStep: Int($0)) })
  }
}

extension WorkflowDefinition {
  fileprivate var declaredIDs: [String] { steps[declaredSteps].map(\.id) }
}

extension StepID {
  /// What is said of a step whose end is asked for by one that does not need it.
  static func unneeded(_ id: String) -> String {
    "the step does not need \(Quoting.quoted(id)): add it to \"needs\", with \"when\": \"settled\" if any end"
      + " will do"
  }

  /// What is said of an id that no step has.
  static func unknown(_ id: String, among ids: some Collection<String>) -> String {
    "no step has the id \(Quoting.quoted(id))"
      + (Suggestion.nearest(to: id, among: ids).map { ": did you mean \(Quoting.quoted($0))?" }
        ?? "")
  }
}
