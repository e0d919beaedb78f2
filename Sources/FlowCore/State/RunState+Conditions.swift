/// Whether steps may run as far as their conditions are concerned.
extension RunState {
  /// What the step's condition asked for, if it is false; nil if it holds, or the step has none.
  ///
  /// - Precondition: the step's needs have ended.
  func refusal(ofStep step: Int) -> [ConditionInput]? {
    let place = definition.steps[step].extrasIndex
    guard place != 0, let condition = definition.extras[Int(place)].condition else { return nil }
    // What is asked of the items, each child asks; a child that is in no chain has the condition of its node.
    if definition.forEach(ofStep: step) != nil, condition.asksItem { return nil }
    if definition.isChild(step), !definition.isChained(step), !condition.asksItem { return nil }
    if condition.holds({ value(of: $0, forStep: step) }) { return nil }
    return condition.references.map { input($0, forStep: step) }
  }

  /// Nil if the history does not say.
  private func value(of reference: Condition.Term, forStep reader: Int) -> ConditionValue? {
    switch reference.forChild(reader, definition) {
    case .parameter(let place): definition.value(ofParameter: place, in: created.parameters)
    case .result(let step): result(ofStep: step).map(ConditionValue.result)
    case .output(let step, let place): outputs.conditionValue(ofStep: step, at: place, definition)
    case .item(let field): definition.child(reader)?.item.value(field).map(ConditionValue.text)
    default: nil
    }
  }

  /// What a step has come to; nil if it has not ended.
  package func result(ofStep step: Int32) -> StepResult? {
    switch steps[Int(step)].phase {
    case .succeeded: .succeeded
    case .failed: .failed
    case .skipped: .skipped
    case .cancelled: .cancelled
    // What the run leaves out is skipped as soon as its engine is there.
    case .doomed where !isSelected(Int(step)): .skipped
    default: nil
    }
  }

  private func input(_ reference: Condition.Term, forStep reader: Int) -> ConditionInput {
    let reference = reference.forChild(reader, definition)
    if case .parameter(let place) = reference {
      return definition.input(ofParameter: place, in: created.parameters)
    }
    let name = definition.name(of: reference)
    if case .item(let field) = reference {
      let value = definition.child(reader)?.item.value(field)
      return value.map { ConditionInput(name: name, cutting: $0) } ?? .absent(name)
    }
    if case .output(let step, let place) = reference {
      return outputs.input(named: name, ofStep: step, at: place, definition) ?? .absent(name)
    }
    guard case .result(let step) = reference, let result = result(ofStep: step) else {
      return .absent(name)
    }
    return ConditionInput(name: name, cutting: "\(result)")
  }
}

extension Condition.Term {
  /// Where a child names a step of its chain: the one for its item.
  fileprivate func forChild(_ child: Int, _ definition: WorkflowDefinition) -> Self {
    switch self {
    case .result(let step): .result(step: definition.counterpart(of: step, forChild: child))
    case .output(let step, let place):
      .output(step: definition.counterpart(of: step, forChild: child), place: place)
    default: self
    }
  }
}
