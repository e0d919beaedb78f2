import FlowCore
import FlowText

extension DefinitionReader {
  /// Checks what a call gives to the parameters of the workflow that it calls.
  ///
  /// - Parameters:
  ///   - outer: the parameters of the calling workflow.
  ///   - table: its steps.
  mutating func check(
    _ call: Call, of workflow: WorkflowDefinition, _ outer: [Parameter], _ table: StepTable
  ) {
    let parameters = workflow.parameters.filter { !$0.isGivenByCall }
    for binding in call.bindings {
      guard let parameter = parameters.first(where: { $0.name == binding.name }) else {
        let nearest = Suggestion.nearest(to: binding.name, among: parameters.map(\.name))
        let advice = nearest.map { ": did you mean \(Quoting.quoted($0))?" } ?? ""
        report(
          at: binding.nameOffset, path: binding.place,
          "the workflow \(Quoting.quoted(workflow.name)) has no parameter"
            + " \(Quoting.quoted(binding.name))\(advice)")
        continue
      }
      check(binding, of: parameter, outer, table)
    }
    for parameter in parameters where parameter.isRequired {
      if call.bindings.contains(where: { $0.name == parameter.name }) { continue }
      report(
        at: call.offset, path: call.place,
        "the workflow \(Quoting.quoted(workflow.name)) requires \"\(parameter.name)\", "
          + "\(parameter.type.expectation): give it in \"with\"")
    }
  }

  /// Checks the secrets of a workflow that is called.
  ///
  /// - Parameters:
  ///   - known: those of the calling file, and of the calls before this one.
  ///   - variables: those that every step has.
  mutating func check(
    _ secrets: [Secret], of call: Call, with known: [Secret], _ variables: [EnvironmentVariable]
  ) {
    for secret in secrets {
      if let other = known.first(where: { $0.name == secret.name }), other != secret {
        report(
          at: call.offset, path: call.place,
          "the secret \(secret.name) of that file comes from elsewhere than the one with that name here:"
            + " rename one of them")
      }
      if variables.contains(where: { $0.name == secret.name }) {
        report(
          at: call.offset, path: call.place,
          "\(secret.name) is a secret of that file, and a variable of this one: rename one of them")
      }
    }
  }

  private mutating func check(
    _ binding: Call.Binding, of parameter: Parameter, _ outer: [Parameter], _ table: StepTable
  ) {
    let templates = binding.texts.compactMap { try? Template($0) }
    // What is no template was reported where it was read.
    guard templates.count == binding.texts.count else { return }
    if templates.contains(where: \.namesRun) {
      report(
        at: binding.offset, path: binding.place,
        "\"${run.…}\" is not known yet when the values are checked; the other file can use it itself"
      )
      return
    }
    if templates.contains(where: \.namesOutput) {
      return checkOutputs(binding, templates, of: parameter, table)
    }
    guard templates.allSatisfy(\.isText) else {
      return checkTypes(binding, templates, of: parameter, outer)
    }
    let texts = templates.map { $0.text(plain: RawText.standing) { _ in "" } }
    if parameter.type == .date, texts.count == 1, Parameter.dateWords.contains(texts[0]) { return }
    if let expected = parameter.expectation(unmetBy: texts, matching: patterns) {
      let found = texts.map(Quoting.quoted).joined(separator: ", ")
      report(
        at: binding.offset, path: binding.place,
        "expected \(expected), found \(found.isEmpty ? "nothing" : found)")
    }
  }

  /// Checks what is known of outputs: their types, and not their values.
  private mutating func checkOutputs(
    _ binding: Call.Binding, _ templates: [Template], of parameter: Parameter, _ table: StepTable
  ) {
    func message() -> String? {
      let isBound =
        parameter.pattern != nil || parameter.least != nil || parameter.greatest != nil
        || !parameter.choices.isEmpty
      if isBound {
        return
          "the parameter takes some values only, and what a step puts out is not checked: let a step"
          + " of the other file check it, and leave out \"enum\", \"pattern\", \"min\" and \"max\""
      }
      if parameter.type == .list { return nil }
      guard templates.count == 1 else {
        return "expected \(parameter.type.expectation), found a list"
      }
      guard case .output(let id, let name)? = templates[0].onlyReference else {
        return parameter.type == .string
          ? nil : "expected \(parameter.type.expectation), found a text with an output in it"
      }
      let step = table.names.step(named: id)
      let output = step.flatMap { step in
        table.outputs(ofStep: Int(step)).first { $0.name == name }
      }
      // What is none was reported, and of a file that is called it is not known yet.
      return output.flatMap { parameter.mismatch($0.type) }
    }
    if let message = message() { report(at: binding.offset, path: binding.place, message) }
  }

  /// Checks what is known before the values are: the values are checked when a run is created.
  private mutating func checkTypes(
    _ binding: Call.Binding, _ templates: [Template], of parameter: Parameter, _ outer: [Parameter]
  ) {
    if parameter.type == .list { return }
    guard templates.count == 1 else {
      report(
        at: binding.offset, path: binding.place,
        "expected \(parameter.type.expectation), found a list")
      return
    }
    guard let name = templates[0].onlyParameter,
      let given = outer.first(where: { $0.name == name }), given.type != parameter.type,
      parameter.type != .string || given.type == .list
    else { return }
    report(
      at: binding.offset, path: binding.place,
      "expected \(parameter.type.expectation), found the parameter \(name), which is"
        + " \(given.type.expectation)")
  }
}

extension Template {
  fileprivate var isText: Bool {
    parts.allSatisfy { if case .text = $0 { true } else { false } }
  }

  fileprivate var namesOutput: Bool {
    parts.contains { if case .reference(.output) = $0 { true } else { false } }
  }

  fileprivate var namesRun: Bool {
    parts.contains { part in
      switch part {
      case .reference(.runID), .reference(.workflowName), .reference(.outcome): true
      // One of a step is checked with the other templates.
      case .reference(.parameter), .reference(.output), .reference(.result), .reference(.item),
        .text:
        false
      }
    }
  }
}

extension Parameter {
  /// What is wrong with an output of that type as the value; nil if it fits.
  func mismatch(_ output: OutputType) -> String? {
    let fits: [OutputType] =
      switch type {
      case .int: [.int]
      case .number: [.int, .number]
      case .bool: [.bool]
      case .date: [.date]
      case .string: OutputType.allCases.filter { $0 != .lines }
      case .duration: []
      case .list: OutputType.allCases
      }
    if fits.contains(output) { return nil }
    return "expected \(type.expectation), found an output of the type \(output)"
  }
}
