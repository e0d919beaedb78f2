import FlowCore
import FlowText

/// A text of the file that is a template.
struct TemplateUse {
  let text: String
  let offset: Int
  let path: String
  /// Whether it is an element of a `run` array, for which a list may stand.
  let isElement: Bool
  /// Whether it is the path of a folder.
  let isFolder: Bool
  /// The step that has it; nil for what several steps have.
  var step: Int?
}

extension DefinitionReader {
  /// Keeps a text that has `${` in it: its names are checked when the parameters are known.
  mutating func noteTemplate(
    _ text: String, at offset: Int, isElement: Bool = false, isFolder: Bool = false
  ) {
    guard Template.isUsed(in: text) else { return }
    templates.append(
      TemplateUse(
        text: text, offset: offset, path: pathDescription, isElement: isElement,
        isFolder: isFolder, step: currentStep))
  }

  /// In a line for a shell every `${` is the shell's. Values must not become program text, so those
  /// of flow are refused there.
  mutating func refuseTemplates(in line: String, at offset: Int) {
    guard Template.isUsed(in: line) else { return }
    for name in ["${params.", "${run.", "${steps.", "${steps[", "${item"] where line.contains(name)
    {
      report(
        at: offset,
        "\"\(name)…\" is not replaced in a line for the shell: put it into \"env\", and use the"
          + " variable")
    }
  }

  mutating func checkTemplates(
    _ parameters: [Parameter], _ table: StepTable, _ known: inout KnownOutputs?,
    _ defaults: Defaults
  ) {
    for use in templates {
      do throws(Template.Fault) {
        let template = try Template(use.text)
        check(use, template, parameters)
        checkItem(use, template, table)
        checkOutcome(use, template, table)
        var isOfCall = false
        for case .reference(let reference) in template.parts {
          switch reference {
          case .output(let id, _), .result(let id):
            if table.isOfCall(id), let own = use.step, !table.isCall(own) {
              isOfCall = true
            } else if case .output(_, let name) = reference {
              if known == nil { known = KnownOutputs(table, defaults) }
              checkOutput(name, ofStep: id, use, template, table, &known!)
            } else {
              checkResult(ofStep: id, use, table)
            }
          case .parameter, .item, .runID, .workflowName, .outcome: break
          }
        }
        if isOfCall { calledMentions.templates.append(use) }
      } catch {
        let names = Template.plainNames + parameters.map { "params.\($0.name)" }
        let nearest = error.name.flatMap { Suggestion.nearest(to: $0, among: names) }
        let advice = nearest.map { " (did you mean \(Quoting.quoted("${\($0)}"))?)" } ?? ""
        report(at: use.offset, path: use.path, error.message + advice)
      }
    }
  }

  private mutating func check(
    _ use: TemplateUse, _ template: Template, _ parameters: [Parameter]
  ) {
    if isCalledElsewhere, use.isFolder, case .reference? = template.parts.first {
      report(
        at: use.offset, path: use.path,
        "a folder that begins with \"${…}\" can be relative or not: in a workflow that is called from"
          + " another folder, write \"./${…}\"")
    }
    for case .reference(.parameter(let name)) in template.parts {
      guard let parameter = parameters.first(where: { $0.name == name }) else {
        let nearest = Suggestion.nearest(to: name, among: parameters.map(\.name))
        let advice = nearest.map { ": did you mean \(Quoting.quoted("${params.\($0)}"))?" } ?? ""
        report(
          at: use.offset, path: use.path,
          "no parameter has the name \(Quoting.quoted(name))\(advice)")
        continue
      }
      if parameter.type == .list, !use.isElement || template.onlyParameter == nil {
        report(
          at: use.offset, path: use.path,
          "\(name) is a list, which stands for whole elements of a \"run\" array only")
      }
    }
  }

  private mutating func checkItem(_ use: TemplateUse, _ template: Template, _ table: StepTable) {
    let namesItem = template.parts.contains { part in
      if case .reference(.item) = part { true } else { false }
    }
    guard namesItem else { return }
    guard let step = use.step else {
      report(
        at: use.offset, path: use.path,
        "\"${item}\" is known in a step with \"forEach\" only: give it the variable itself")
      return
    }
    if !table.hasItem(step) {
      report(
        at: use.offset, path: use.path,
        "\"${item}\" stands for an item of \"forEach\", which the step does not have")
    }
  }

  private mutating func checkOutcome(
    _ use: TemplateUse, _ template: Template, _ table: StepTable
  ) {
    guard template.parts.contains(.reference(.outcome)) else { return }
    let isSlow =
      use.step.map { step in
        table.isNotice(step)
          && table.extras[Int(table.steps[step].extrasIndex)].notice?.slowMilliseconds != nil
      } ?? false
    if let step = use.step, table.isFinally(step) || table.isNotice(step), !isSlow { return }
    report(
      at: use.offset, path: use.path,
      isSlow
        ? "\"${run.outcome}\" is not known yet where \"slow\" tells of a run that is not over"
        : "\"${run.outcome}\" is known in steps of \"finally\" and in \"notify\" only")
  }

  private mutating func checkResult(
    ofStep id: String, _ use: TemplateUse, _ table: StepTable
  ) {
    func message() -> String? {
      guard let step = use.step else {
        return "only a step itself can name how other steps ended: give it the variable"
      }
      guard let other = table.step(named: id, by: step) else {
        return StepID.unknown(id, among: table.namedIDs)
      }
      if table.calls.contains(where: { $0.step == Int(other) }) {
        return "a step with \"call\" has no result of its own, its steps have"
      }
      if table.calls.contains(where: { $0.step == step }) {
        return "how steps end is not known yet when the values are checked"
      }
      if table.allNeeds(ofStep: step).contains(other) { return nil }
      return StepID.unneeded(id)
    }
    if let message = message() { report(at: use.offset, path: use.path, message) }
  }

  private mutating func checkOutput(
    _ name: String, ofStep id: String, _ use: TemplateUse, _ template: Template,
    _ table: StepTable, _ known: inout KnownOutputs
  ) {
    func message() -> String? {
      guard let step = use.step else {
        return "only a step itself can name what other steps put out: give it the variable"
      }
      // Looked up when that file has taken the place of its call (`LateValues`).
      if table.isCall(step), table.isOfCall(id) { return nil }
      guard let other = table.step(named: id, by: step) else {
        return StepID.unknown(id, among: table.namedIDs)
      }
      if table.isRollback(step), Int(other) == step - 1 {
        return
          "\"onFailure\" runs when its step has put out nothing: name what an earlier step puts out"
      }
      return fault(of: name, ofStep: other, use, template, by: table.reader(step), &known)
    }
    if let message = message() { report(at: use.offset, path: use.path, message) }
  }

  /// What is wrong with an output in a template; nil if nothing is.
  ///
  /// - Parameter reader: the step whose needs count.
  func fault(
    of name: String, ofStep other: Int32, _ use: TemplateUse, _ template: Template,
    by reader: Int, _ known: inout KnownOutputs
  ) -> String? {
    let fault = known.fault(
      of: OutputMention(step: other, name: name, offset: 0), in: reader,
      advice: "need it with \"when\": \"succeeded\", or read the file in \"$FLOW_INPUTS\"")
    if let fault { return fault }
    if known.type(of: name, ofStep: other) == .lines,
      !use.isElement || template.onlyReference == nil
    {
      return "\(name) is a list, which stands for whole elements of a \"run\" array only"
    }
    return nil
  }
}
