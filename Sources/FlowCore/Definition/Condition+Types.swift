// What operators of conditions take and give.

extension Condition.Term {
  /// How many terms before it an operator takes.
  package var operandCount: Int {
    switch self {
    case .literal, .parameter, .result, .output, .item: 0
    case .not, .size: 1
    case .compare, .contained, .and, .or, .otherwise: 2
    }
  }

  /// The type of what an operator gives; nil if it does not take operands of these types.
  package func type(of operands: [ConditionType]) -> ConditionType? {
    switch self {
    case .literal, .parameter, .result, .output, .item: return nil
    case .not: return operands == [.flag] ? .flag : nil
    case .size: return operands.count == 1 && operands[0].isList ? .number : nil
    case .and, .or: return operands == [.flag, .flag] ? .flag : nil
    case .compare(let comparison):
      guard operands.count == 2, operands[0].fits(operands[1]) else { return nil }
      return !comparison.isOfOrder || operands[0].isOrdered ? .flag : nil
    case .contained:
      guard operands.count == 2, case .list(let element) = operands[1], !operands[0].isList else {
        return nil
      }
      return element.map { $0 == operands[0] } ?? true ? .flag : nil
    case .otherwise:
      guard operands.count == 2, operands[0].fits(operands[1]) else { return nil }
      return operands[0] == .list(nil) ? operands[1] : operands[0]
    }
  }
}

extension Condition {
  /// Whether the terms are an expression that is true or false, over parameters of these types.
  ///
  /// - Parameter output: the type of an output of a step; nil if there is none that conditions look into.
  package func isSound(
    _ parameters: [Parameter], hasItem: Bool = false,
    output: (Int32, Int32) -> ConditionType? = { _, _ in nil }
  ) -> Bool {
    guard (1...Self.mostTerms).contains(terms.count) else { return false }
    var stack: [ConditionType] = []
    for term in terms {
      switch term {
      case .literal(let value):
        guard let type = value.type else { return false }
        stack.append(type)
      case .parameter(let place):
        guard parameters.indices.contains(Int(place)) else { return false }
        stack.append(ConditionType(parameters[Int(place)].type))
      case .result: stack.append(.result)
      case .item:
        guard hasItem else { return false }
        stack.append(.text)
      case .output(let step, let place):
        guard let type = output(step, place) else { return false }
        stack.append(type)
      default:
        guard stack.count >= term.operandCount,
          let type = term.type(of: Array(stack.suffix(term.operandCount)))
        else { return false }
        stack.removeLast(term.operandCount)
        stack.append(type)
      }
    }
    return stack == [.flag]
  }

  // MARK: Evaluation

  /// Whether it holds. A value that is absent is neither true nor false.
  ///
  /// - Parameter value: of a parameter or a result; nil if it is absent.
  package func holds(_ value: (Term) -> ConditionValue?) -> Bool {
    var stack: [ConditionValue?] = []
    for term in terms {
      switch term {
      case .literal(let literal): stack.append(literal)
      case .parameter, .result, .output, .item: stack.append(value(term))
      default:
        let operands = Array(stack.suffix(term.operandCount))
        guard operands.count == term.operandCount else { return false }
        stack.removeLast(term.operandCount)
        stack.append(Self.apply(term, operands))
      }
    }
    return stack.last == .some(.flag(true))
  }

  /// What is known of a parameter, a result or an output.
  package enum Knowledge {
    /// Nil if it is absent.
    case value(ConditionValue?)
    case unknown
  }

  /// Whether it does not hold, whatever the values are that are not known.
  package func isRefused(_ knowledge: (Term) -> Knowledge) -> Bool {
    var stack: [Knowledge] = []
    for term in terms {
      switch term {
      case .literal(let literal): stack.append(.value(literal))
      case .parameter, .result, .output, .item: stack.append(knowledge(term))
      default:
        let operands = Array(stack.suffix(term.operandCount))
        guard operands.count == term.operandCount else { return true }
        stack.removeLast(term.operandCount)
        stack.append(Self.apply(term, operands))
      }
    }
    if case .value(let value) = stack.last { return value != .flag(true) }
    return stack.isEmpty
  }

  private static func apply(_ term: Term, _ operands: [Knowledge]) -> Knowledge {
    let known = operands.compactMap { operand -> ConditionValue?? in
      if case .value(let value) = operand { .some(value) } else { nil }
    }
    if known.count == operands.count { return .value(apply(term, known)) }
    switch term {
    case .and: return known.contains(.flag(false)) ? .value(.flag(false)) : .unknown
    case .or: return known.contains(.flag(true)) ? .value(.flag(true)) : .unknown
    case .otherwise:
      if case .value(let first?) = operands[0] { return .value(first) }
      return .unknown
    default: return .unknown
    }
  }

  private static func apply(_ term: Term, _ operands: [ConditionValue?]) -> ConditionValue? {
    switch term {
    case .otherwise: return operands[0] ?? operands[1]
    // One operand may decide although the other is absent.
    case .and:
      if operands.contains(.flag(false)) { return .flag(false) }
    case .or:
      if operands.contains(.flag(true)) { return .flag(true) }
    default: break
    }
    let values = operands.compactMap { $0 }
    guard values.count == operands.count else { return nil }
    switch (term, values[0]) {
    case (.not, .flag(let flag)): return .flag(!flag)
    case (.and, .flag), (.or, .flag): return .flag(term == .and)
    case (.size, .list(let elements)): return .number("\(elements.count)")
    case (.compare(let comparison), let left):
      return compare(left, values[1], comparison).map(ConditionValue.flag)
    case (.contained, let value):
      guard case .list(let elements) = values[1] else { return nil }
      return .flag(elements.contains { isEqual($0, value) })
    default: return nil
    }
  }

  private static func compare(
    _ left: ConditionValue, _ right: ConditionValue, _ comparison: Comparison
  ) -> Bool? {
    switch comparison {
    case .equal: return isEqual(left, right)
    case .unequal: return !isEqual(left, right)
    case .less: return isLess(left, right)
    case .greater: return isLess(right, left)
    case .atMost: return isLess(right, left).map { !$0 }
    case .atLeast: return isLess(left, right).map { !$0 }
    }
  }

  private static func isEqual(_ left: ConditionValue, _ right: ConditionValue) -> Bool {
    switch (left, right) {
    // By bytes: strings that look alike are different here.
    case (.text(let one), .text(let other)): return one.utf8.elementsEqual(other.utf8)
    case (.number(let one), .number(let other)):
      guard let one = ConditionNumber(Array(one.utf8)),
        let other = ConditionNumber(Array(other.utf8))
      else { return false }
      return one == other
    case (.list(let some), .list(let others)):
      return some.count == others.count && zip(some, others).allSatisfy(isEqual)
    default: return left == right
    }
  }

  private static func isLess(_ left: ConditionValue, _ right: ConditionValue) -> Bool? {
    switch (left, right) {
    case (.number(let one), .number(let other)):
      guard let one = ConditionNumber(Array(one.utf8)),
        let other = ConditionNumber(Array(other.utf8))
      else { return nil }
      return one < other
    // Digits in the order of their weight.
    case (.date(let one), .date(let other)):
      return Array(one.utf8).lexicographicallyPrecedes(Array(other.utf8))
    case (.duration(let one), .duration(let other)): return one < other
    default: return nil
    }
  }
}
