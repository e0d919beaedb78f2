import FlowCore
import FlowText

extension DefinitionReader {
  /// Checks what a call gives to the parameters of the workflow that it calls.
  ///
  /// - Parameter outer: the parameters of the calling workflow.
  mutating func check(_ call: Call, of workflow: WorkflowDefinition, _ outer: [Parameter]) {
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
      check(binding, of: parameter, outer)
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
    _ binding: Call.Binding, of parameter: Parameter, _ outer: [Parameter]
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
    guard templates.allSatisfy(\.isText) else {
      return checkTypes(binding, templates, of: parameter, outer)
    }
    let texts = templates.map { $0.text { _ in "" } }
    if parameter.type == .date, texts.count == 1, Parameter.dateWords.contains(texts[0]) { return }
    if let expected = parameter.expectation(unmetBy: texts, matching: true) {
      let found = texts.map(Quoting.quoted).joined(separator: ", ")
      report(
        at: binding.offset, path: binding.place,
        "expected \(expected), found \(found.isEmpty ? "nothing" : found)")
    }
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

  fileprivate var namesRun: Bool {
    parts.contains { part in
      switch part {
      case .reference(.runID), .reference(.workflowName): true
      // One of a step is refused with the other templates.
      case .reference(.parameter), .reference(.output), .reference(.item), .text: false
      }
    }
  }
}
