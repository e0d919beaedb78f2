import FlowCore

/// Calls of random workflows, as runs know them: steps with ids `cN/…` whose commands are told a parameter
/// `cN/word`, which the call gives them. The parser puts the steps of a called file in the place of the
/// call; the engine never sees one.
enum RandomCalls {
  /// What the parameter of a call is told.
  private static let binding = "called with ${params.\(RandomWorkflow.parameter.name)} $${"

  /// Steps beside each other become those of a call.
  static func draw(
    for definition: inout WorkflowDefinition, from choices: any ChoiceSource,
    _ options: SimulationOptions
  ) {
    var index = 0
    // A step of `finally` calls nothing.
    while index < definition.firstFinally {
      guard choices.happens(.calls, perMille: options.callPercent * 10) else {
        index += 1
        continue
      }
      let count = min(choices.choose(.calls, in: 1...3), definition.firstFinally - index)
      let call = "c\(definition.parameters.count)"
      var parameter = Parameter(name: "\(call)/word", isRequired: true)
      parameter.binding = [binding]
      definition.parameters.append(parameter)
      for step in index..<index + count {
        definition.steps[step].id = "\(call)/\(definition.steps[step].id)"
        definition.steps[step].command = .program(
          ["work", "\(step)", "${params.\(parameter.name)}"])
      }
      index += count
    }
  }

  /// The values of a run that is told `value`: as the parser fills in what calls give. A workflow that
  /// people wrote has other parameters.
  static func values(_ definition: WorkflowDefinition, telling value: String) -> [ParameterValue] {
    definition.parameters.map { parameter in
      let texts: [String] =
        if parameter == RandomWorkflow.parameter {
          [value]
        } else if parameter.binding == [binding] {
          ["called with \(value) ${"]
        } else {
          RandomWorkflow.usual(parameter)
        }
      return ParameterValue(name: parameter.name, texts: texts)
    }
  }

  /// The name of the parameter that the command of a random step is told; nil for another command.
  static func parameter(ofStep index: Int, _ step: StepDefinition) -> String? {
    guard case .program(let arguments) = step.command, arguments.count >= 3,
      arguments[..<2] == ["work", "\(index)"], let template = try? Template(arguments[2])
    else { return nil }
    return template.onlyParameter
  }

  /// All steps of the call that the step belongs to; the step alone if it belongs to none.
  static func steps(besides step: Int, in definition: WorkflowDefinition) -> [Int32] {
    guard let call = call(of: definition.steps[step].id) else { return [Int32(step)] }
    return definition.declaredSteps.filter { self.call(of: definition.steps[$0].id) == call }
      .map { Int32($0) }
  }

  private static func call(of id: String) -> Substring? {
    id.firstIndex(of: "/").map { id[..<$0] }
  }
}
