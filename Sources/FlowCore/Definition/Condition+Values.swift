/// What conditions ask for of the values of a run.
extension WorkflowDefinition {
  /// Nil if the values lack it.
  func value(ofParameter place: Int32, in values: [ParameterValue]) -> ConditionValue? {
    guard let given = given(place, in: values) else { return nil }
    return ConditionValue(parameters[Int(place)].type, given.texts)
  }

  func input(ofParameter place: Int32, in values: [ParameterValue]) -> ConditionInput {
    let name = name(of: .parameter(place))
    guard let given = given(place, in: values) else { return .absent(name) }
    return parameters[Int(place)].type == .list
      ? ConditionInput(name: name, cutting: given.texts)
      : ConditionInput(name: name, cutting: given.texts.first ?? "")
  }

  private func given(_ place: Int32, in values: [ParameterValue]) -> ParameterValue? {
    guard values.indices.contains(Int(place)), parameters.indices.contains(Int(place)),
      values[Int(place)].name == parameters[Int(place)].name
    else { return nil }
    return values[Int(place)]
  }

  /// What the condition of a step asks for, if the values alone make it false; nil if it holds, asks how
  /// needs end, or the step has none.
  package func refusal(ofStep index: Int, by values: [ParameterValue]) -> [ConditionInput]? {
    guard let condition = extras(ofStep: index).condition, condition.asksParametersAlone else {
      return nil
    }
    let places = condition.references.compactMap { reference in
      if case .parameter(let place) = reference { place } else { nil }
    }
    let holds = condition.holds { reference in
      if case .parameter(let place) = reference {
        value(ofParameter: place, in: values)
      } else {
        nil
      }
    }
    return holds ? nil : places.map { input(ofParameter: $0, in: values) }
  }
}

extension ConditionInput {
  /// Of what the history lacks.
  static func absent(_ name: String) -> ConditionInput {
    ConditionInput(name: name, cutting: "absent")
  }
}
