import FlowCore

/// Conditions of random steps: over the run's parameter, and over how needs have ended.
enum RandomCondition {
  /// Where all choices are zero: one that holds.
  ///
  /// - Parameter sources: needs that have outputs.
  static func draw(
    from choices: any ChoiceSource, _ needs: [Int32], outputsOf sources: [Int32] = []
  ) -> Condition {
    if !sources.isEmpty, choices.happens(.outputs, perMille: 500) {
      return RandomOutputs.condition(from: choices, sources)
    }
    return Condition(terms(from: choices, needs, depth: 2))
  }

  private static func terms(
    from choices: any ChoiceSource, _ needs: [Int32], depth: Int
  ) -> [Condition.Term] {
    // From a single question to several.
    switch depth > 0 ? choices.choose(.conditions, below: 6) : 0 {
    case 3: return terms(from: choices, needs, depth: depth - 1) + [.not]
    case 4:
      return terms(from: choices, needs, depth: depth - 1)
        + terms(from: choices, needs, depth: depth - 1) + [.and]
    case 5:
      return terms(from: choices, needs, depth: depth - 1)
        + terms(from: choices, needs, depth: depth - 1) + [.or]
    default: return question(from: choices, needs)
    }
  }

  private static func question(
    from choices: any ChoiceSource, _ needs: [Int32]
  ) -> [Condition.Term] {
    func pick<Value>(_ values: [Value]) -> Value {
      values[choices.choose(.conditions, below: values.count)]
    }
    let results = StepResult.allCases
    switch choices.choose(.conditions, below: 5) {
    case 1 where !needs.isEmpty, 2 where !needs.isEmpty:
      return [
        .result(step: pick(needs)), .literal(.result(pick(results))),
        .compare(pick([.equal, .unequal])),
      ]
    case 3 where !needs.isEmpty:
      let list = [pick(results), pick(results)].map(ConditionValue.result)
      return [.result(step: pick(needs)), .literal(.list(list)), .contained]
    case 4:
      return [
        .parameter(0), .literal(.text("other")), .otherwise, .literal(.text("word")),
        .compare(pick([.unequal, .equal])),
      ]
    case 2, 3:
      return [
        .literal(.list([.text("a")])), .size, .literal(.number(pick(["1", "1.5"]))),
        .compare(pick([.atMost, .greater, .atLeast])),
      ]
    default: return [.literal(.flag(pick([true, false])))]
    }
  }
}
