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
        var isOfCall = false
        for case .reference(.output(let step, let name)) in template.parts {
          if table.isOfCall(step), let own = use.step, !table.isCall(own) {
            isOfCall = true
            continue
          }
          if known == nil { known = KnownOutputs(table, defaults) }
          checkOutput(name, ofStep: step, use, template, table, &known!)
        }
        if isOfCall { calledMentions.templates.append(use) }
      } catch {
        report(at: use.offset, path: use.path, error.message)
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

  private mutating func checkOutput(
    _ name: String, ofStep id: String, _ use: TemplateUse, _ template: Template,
    _ table: StepTable, _ known: inout KnownOutputs
  ) {
    func message() -> String? {
      guard let step = use.step else {
        return "only a step itself can name what other steps put out: give it the variable"
      }
      if table.isCall(step) {
        return "what steps put out is not known yet when the values are checked: read it from"
          + " \"$FLOW_INPUTS\""
      }
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
