// Conditions in the language in which they are written.

extension Condition {
  /// Binds tighter, the higher it is.
  private enum Precedence {
    static let or = 1
    static let and = 2
    static let not = 3
    static let comparison = 4
    static let otherwise = 5
    static let operand = 6
  }

  /// - Parameter name: of a parameter or a result.
  package func text(_ name: (Term) -> String) -> String {
    var stack: [(text: String, precedence: Int)] = []
    func pop(atLeast precedence: Int) -> String {
      let operand = stack.popLast() ?? ("", Precedence.operand)
      return operand.precedence < precedence ? "(\(operand.text))" : operand.text
    }
    func join(_ symbol: String, _ precedence: Int, isChained: Bool = true) {
      let right = pop(atLeast: precedence + 1)
      let left = pop(atLeast: isChained ? precedence : precedence + 1)
      stack.append(("\(left) \(symbol) \(right)", precedence))
    }
    for term in terms {
      switch term {
      case .literal(let value): stack.append((value.text, Precedence.operand))
      case .parameter, .result, .output, .item: stack.append((name(term), Precedence.operand))
      case .not:
        stack.append(("not \(pop(atLeast: Precedence.not))", Precedence.not))
      case .size: stack.append(("size(\(pop(atLeast: 0)))", Precedence.operand))
      case .compare(let comparison):
        join(comparison.symbol, Precedence.comparison, isChained: false)
      case .contained: join("in", Precedence.comparison, isChained: false)
      case .and: join("and", Precedence.and)
      case .or: join("or", Precedence.or)
      case .otherwise: join("??", Precedence.otherwise)
      }
    }
    return stack.last?.text ?? ""
  }
}

extension ConditionValue {
  /// As conditions have it.
  package var text: String {
    switch self {
    case .flag(let flag): return "\(flag)"
    case .text(let text): return Self.quoted(text)
    case .number(let text): return text
    case .date(let text): return Self.quoted(text)
    case .duration(let milliseconds): return Self.quoted("\(milliseconds)ms")
    case .result(let result): return Self.quoted("\(result)")
    case .list(let elements): return "[\(elements.map(\.text).joined(separator: ", "))]"
    }
  }

  private static func quoted(_ text: String) -> String {
    var bytes: [UInt8] = [UInt8(ascii: "\"")]
    for byte in text.utf8 {
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
        bytes.append(UInt8(ascii: "\\"))
      }
      bytes.append(byte)
    }
    bytes.append(UInt8(ascii: "\""))
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension WorkflowDefinition {
  /// `params.since`, or `steps.build.result`.
  package func name(of reference: Condition.Term) -> String {
    switch reference {
    case .parameter(let place):
      return parameters.indices.contains(Int(place)) ? "params.\(parameters[Int(place)].name)" : ""
    case .result(let step):
      return name(ofField: "result", ofStep: step)
    case .output(let step, let place):
      return output(ofStep: step, at: place).map { name(ofField: $0.name, ofStep: step) } ?? ""
    case .item(let field): return field.map { "item.\($0)" } ?? "item"
    default: return ""
    }
  }

  private func name(ofField field: String, ofStep step: Int32) -> String {
    guard steps.indices.contains(Int(step)) else { return "" }
    // A step of a chain is named so within it alone.
    let id = isInChain(Int(step)) ? nameInChain(ofStep: Int(step)) : nil
    return "\(Template.path(ofStep: id ?? steps[Int(step)].id)).\(field)"
  }

  /// One of the outputs that a step declares; nil if there is none.
  package func output(ofStep step: Int32, at place: Int32) -> StepOutput? {
    guard steps.indices.contains(Int(step)) else { return nil }
    let outputs = outputs(ofStep: Int(step))
    return outputs.indices.contains(Int(place)) ? outputs[Int(place)] : nil
  }

  package func outputs(ofStep step: Int) -> [StepOutput] {
    let place = steps[step].extrasIndex
    if place == 0 { return [] }
    if !chain(ofNode: step).isEmpty {
      return chainOutputs(ofNode: step).map { StepOutput(name: $0.output.name, type: .json) }
    }
    let outputs = extras[Int(place)].outputs
    // What the children of a node put out is a list each.
    guard !outputs.isEmpty, forEach(ofStep: step) != nil else { return outputs }
    return outputs.map { StepOutput(name: $0.name, type: .json) }
  }

  /// The condition of the step at `index`, as its file has it; nil if it has none.
  package func conditionText(ofStep index: Int) -> String? {
    extras(ofStep: index).condition?.text(name(of:))
  }
}

/// A value that a condition asked for when it was false.
package struct ConditionInput: Hashable, Sendable {
  /// `params.NAME`, or `steps.ID.result`.
  package var name: String
  package var value: String

  /// The most bytes of a value that a history holds for each condition.
  private static let mostBytes = 100

  package init(name: String, value: String) {
    self.name = name
    self.value = value
  }

  /// Of a long value the beginning is kept; what a parameter was is in the history's first event.
  package init(name: String, cutting text: String) {
    self.name = name
    if text.utf8.count <= Self.mostBytes {
      value = text
    } else {
      var end = text.utf8.index(text.startIndex, offsetBy: Self.mostBytes)
      while end.samePosition(in: text.unicodeScalars) == nil { text.utf8.formIndex(before: &end) }
      value = text[..<end] + "…"
    }
  }

  /// - Parameter elements: of a list.
  package init(name: String, cutting elements: [String]) {
    var text = "["
    for (place, element) in elements.enumerated() where text.utf8.count <= Self.mostBytes {
      text += (place == 0 ? "" : ", ") + ConditionValue.text(element).text
    }
    self.init(name: name, cutting: text + "]")
  }
}
