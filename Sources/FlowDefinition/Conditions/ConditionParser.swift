import FlowCore
import FlowText

/// What the names in a condition stand for.
struct ConditionNames {
  let parameters: [Parameter]
  /// The number of the step with an id; nil if there is none.
  let step: (String) -> Int32?
  /// The id of a step that is most similar to what is no id.
  let nearestStep: (String) -> String?
  /// The steps that the condition's own step needs.
  let needs: [Int32]
  /// Whether a step stands for the steps of another file.
  let isCall: (Int32) -> Bool
  /// Whether the condition's own step runs for each item of a list.
  let hasItem: Bool
  /// What a step puts out.
  let outputs: (Int32) -> [StepOutput]
}

/// Reads conditions, without recursion: an operator waits on a stack until its operands are there
/// (Dijkstra's shunting yard).
///
///     condition   or
///     or          and ("or" and)*
///     and         not ("and" not)*
///     not         "not"* comparison
///     comparison  otherwise (("==" | "!=" | "<" | "<=" | ">" | ">=" | "in") otherwise)?
///     otherwise   operand ("??" operand)*
///     operand     text | number | "true" | "false" | "[" (literal ("," literal)*)? "]"
///                 | "params." NAME | "steps." ID "." NAME | "steps." ID ".result" | "size" "(" or ")" | "(" or ")"
struct ConditionParser {
  /// An operator that waits for its right operand, or a parenthesis that is open.
  private struct Waiting {
    /// Nil for a parenthesis.
    let term: Condition.Term?
    let precedence: Int
    let offset: Int
    /// Whether it is the parenthesis of `size`.
    var isSize = false
  }

  private struct Operand {
    var type: ConditionType
    let offset: Int
    /// The one term that it is; nil if it is made of several, or has a name.
    var literal: Int?
    /// The outputs because of which it can be absent: places in `mentions`.
    var absentFor: [Int] = []
  }

  private let names: ConditionNames
  private var lexer: ConditionLexer
  private var terms: [Condition.Term] = []
  private var waiting: [Waiting] = []
  private var operands: [Operand] = []
  private var termCount = 0
  private var mentions: [OutputMention] = []

  private init(_ text: String, _ names: ConditionNames) {
    self.names = names
    lexer = ConditionLexer(text)
  }

  static func parse(
    _ text: String, _ names: ConditionNames
  ) throws(ConditionFault) -> (condition: Condition, mentions: [OutputMention]) {
    var parser = ConditionParser(text, names)
    let condition = try parser.condition()
    return (condition, parser.mentions)
  }

  private mutating func condition() throws(ConditionFault) -> Condition {
    while true {
      try readOperand()
      if try readOperator() { continue }
      break
    }
    guard let result = operands.last else { preconditionFailure("a condition without operands") }
    if result.type != .flag {
      throw ConditionFault(
        at: result.offset, "expected what is true or false, found \(result.type.name)")
    }
    return Condition(terms)
  }

  // MARK: Operands

  /// Reads up to the end of an operand, and notes the operators before it.
  private mutating func readOperand() throws(ConditionFault) {
    while true {
      let token = try lexer.next()
      let start = token.range.lowerBound
      switch token.kind {
      case .symbol("("): try wait(Waiting(term: nil, precedence: 0, offset: start))
      case .name(["not"]):
        try wait(Waiting(term: .not, precedence: Self.precedence(.not), offset: start))
      case .name(["size"]):
        guard try lexer.next().kind == .symbol("(") else {
          throw ConditionFault(at: start, #"expected a list in parentheses after "size""#)
        }
        try wait(Waiting(term: nil, precedence: 0, offset: start, isSize: true))
      case .symbol("["): return try readList(from: start)
      case .name(let parts) where parts.count > 1 || Self.roots.contains(parts[0]):
        return try readReference(parts, at: start)
      default:
        guard let value = literal(token) else {
          throw ConditionFault(at: start, "expected a value, found \(Self.words(token))")
        }
        return try push(value, at: start)
      }
    }
  }

  private static let roots = ["params", "steps", "item", "run"]

  private mutating func wait(_ operation: Waiting) throws(ConditionFault) {
    if waiting.count >= Condition.mostLevels {
      throw ConditionFault(
        at: operation.offset,
        "the condition is nested too deep: it exceeds the limit of \(Condition.mostLevels) levels")
    }
    waiting.append(operation)
  }

  /// Nil for what is no single value that is spelled out.
  private func literal(_ token: ConditionToken) -> ConditionValue? {
    switch token.kind {
    case .number: .number(lexer.text(in: token.range))
    case .text(let text): .text(text)
    case .name(["true"]): .flag(true)
    case .name(["false"]): .flag(false)
    default: nil
    }
  }

  private mutating func readList(from start: Int) throws(ConditionFault) {
    var elements: [ConditionValue] = []
    var token = try lexer.next()
    while token.kind != .symbol("]") {
      guard let value = literal(token) else {
        throw ConditionFault(
          at: token.range.lowerBound,
          "expected a value that is spelled out, found \(Self.words(token))")
      }
      if let first = elements.first?.type, let type = value.type, first != type {
        throw ConditionFault(
          at: token.range.lowerBound,
          "a list has elements of one type: expected \(first.name), found \(type.name)")
      }
      elements.append(value)
      try count(at: token.range.lowerBound)
      token = try lexer.next()
      if token.kind == .symbol(",") {
        token = try lexer.next()
      } else if token.kind != .symbol("]") {
        throw ConditionFault(
          at: token.range.lowerBound, "expected \",\" or \"]\", found \(Self.words(token))")
      }
    }
    try push(.list(elements), at: start)
  }

  private mutating func push(_ value: ConditionValue, at offset: Int) throws(ConditionFault) {
    guard let type = value.type else { preconditionFailure("a list of lists was read") }
    operands.append(Operand(type: type, offset: offset, literal: terms.count))
    try append(.literal(value), at: offset)
  }

  private mutating func append(_ term: Condition.Term, at offset: Int) throws(ConditionFault) {
    try count(at: offset)
    terms.append(term)
  }

  private mutating func count(at offset: Int) throws(ConditionFault) {
    termCount += 1
    if termCount > Condition.mostTerms {
      throw ConditionFault(
        at: offset,
        "the condition is too long: it exceeds the limit of \(Condition.mostTerms) terms")
    }
  }

  private mutating func readReference(
    _ parts: [String], at offset: Int
  ) throws(ConditionFault) {
    let (term, type) = try reference(parts, at: offset)
    var operand = Operand(type: type, offset: offset)
    if case .output(let step, _) = term {
      operand.absentFor = [mentions.count]
      mentions.append(OutputMention(step: step, name: parts[2], offset: offset))
    }
    operands.append(operand)
    try append(term, at: offset)
  }

  private func reference(
    _ parts: [String], at offset: Int
  ) throws(ConditionFault) -> (Condition.Term, ConditionType) {
    switch (parts[0], parts.count) {
    case ("params", 2):
      if let place = names.parameters.firstIndex(where: { $0.name == parts[1] }) {
        return (.parameter(Int32(place)), ConditionType(names.parameters[place].type))
      }
      let nearest = Suggestion.nearest(to: parts[1], among: names.parameters.map(\.name))
      let advice = nearest.map { ": did you mean \(Quoting.quoted("params.\($0)"))?" } ?? ""
      throw ConditionFault(
        at: offset, "no parameter has the name \(Quoting.quoted(parts[1]))\(advice)")
    case ("item", 1), ("item", 2):
      guard names.hasItem else {
        throw ConditionFault(
          at: offset, "\"item\" stands for an item of \"forEach\", which the step does not have")
      }
      return (.item(parts.count == 1 ? nil : parts[1]), .text)
    case ("steps", 3) where parts[2] != StepOutput.reservedName:
      return try output(parts[2], ofStep: parts[1], at: offset)
    case ("steps", 3):
      return (.result(step: try step(parts[1], field: parts[2], at: offset)), .result)
    case ("steps", 4...):
      throw ConditionFault(
        at: offset,
        #"expected "steps.ID.result" or "steps.ID.OUTPUT"; an id with a point is written steps["a.b"]"#
      )
    default:
      throw ConditionFault(
        at: offset,
        #"a condition can ask for "params.NAME", "steps.ID.OUTPUT" and "steps.ID.result""#)
    }
  }

  private func step(
    _ id: String, field: String, at offset: Int
  ) throws(ConditionFault) -> Int32 {
    guard let step = names.step(id) else {
      let advice = names.nearestStep(id).map { ": did you mean \(Quoting.quoted($0))?" } ?? ""
      throw ConditionFault(at: offset, "no step has the id \(Quoting.quoted(id))\(advice)")
    }
    if names.isCall(step) {
      let what = field == StepOutput.reservedName ? "result" : "outputs"
      throw ConditionFault(
        at: offset, "a step with \"call\" has no \(what) of its own, its steps have")
    }
    if field == StepOutput.reservedName, !names.needs.contains(step) {
      throw ConditionFault(
        at: offset, StepID.unneeded(id))
    }
    return step
  }

  private func output(
    _ name: String, ofStep id: String, at offset: Int
  ) throws(ConditionFault) -> (Condition.Term, ConditionType) {
    let step = try step(id, field: name, at: offset)
    let outputs = names.outputs(step)
    guard let place = outputs.firstIndex(where: { $0.name == name }) else {
      let nearest = Suggestion.nearest(to: name, among: outputs.map(\.name) + ["result"])
      let advice = nearest.map { ": did you mean \(Quoting.quoted($0))?" } ?? ""
      throw ConditionFault(
        at: offset,
        "the step \(Quoting.quoted(id)) has no output \(Quoting.quoted(name))\(advice)")
    }
    guard let type = outputs[place].type.conditionType else {
      throw ConditionFault(
        at: offset, "a condition does not look into an output of the type \"json\"")
    }
    return (.output(step: step, place: Int32(place)), type)
  }

  // MARK: Operators

  /// Reads what follows an operand.
  ///
  /// - Returns: whether another operand follows; false at the end.
  private mutating func readOperator() throws(ConditionFault) -> Bool {
    while true {
      let token = try lexer.next()
      let start = token.range.lowerBound
      switch token.kind {
      case .end:
        try reduce(to: 1)
        if let open = waiting.last {
          throw ConditionFault(at: open.offset, "this parenthesis has no end: \")\" is missing")
        }
        return false
      case .symbol(")"):
        try reduce(to: 1)
        guard let open = waiting.popLast() else {
          throw ConditionFault(at: start, "no parenthesis is open here")
        }
        if open.isSize { try apply(.size, at: open.offset) }
      default:
        guard let term = Self.operation(token) else {
          throw ConditionFault(at: start, "expected an operator, found \(Self.words(token))")
        }
        let precedence = Self.precedence(term)
        try reduce(to: precedence == Self.precedence(.contained) ? precedence + 1 : precedence)
        if precedence == Self.precedence(.contained), waiting.last?.precedence == precedence {
          throw ConditionFault(
            at: start, "comparisons do not follow each other: join them with \"and\"")
        }
        try wait(Waiting(term: term, precedence: precedence, offset: start))
        return true
      }
    }
  }

  /// Applies the operators that bind at least as tight, up to a parenthesis.
  private mutating func reduce(to precedence: Int) throws(ConditionFault) {
    while let last = waiting.last, let term = last.term, last.precedence >= precedence {
      waiting.removeLast()
      try apply(term, at: last.offset)
    }
  }

  private mutating func apply(_ term: Condition.Term, at offset: Int) throws(ConditionFault) {
    let count = term.operandCount
    if count == 2 { try adaptLiterals(of: term) }
    let taken = Array(operands.suffix(count))
    guard let type = term.type(of: taken.map(\.type)) else {
      throw ConditionFault(at: offset, Self.mismatch(term, taken.map(\.type)))
    }
    operands.removeLast(count)
    // The sign of an operand before an operator is where the operand begins.
    var result = Operand(type: type, offset: min(offset, taken[0].offset))
    if term == .otherwise {
      for place in taken[0].absentFor { mentions[place].isCaught = true }
      result.absentFor = taken[1].absentFor
    } else {
      result.absentFor = taken.flatMap(\.absentFor)
    }
    operands.append(result)
    try append(term, at: offset)
  }

  /// A text that is spelled out takes the type of what it is compared with.
  private mutating func adaptLiterals(of term: Condition.Term) throws(ConditionFault) {
    let (left, right) = (operands.count - 2, operands.count - 1)
    if case .contained = term {
      if case .list(let element?) = operands[right].type { try adapt(left, to: element) }
      try adapt(right, to: .list(operands[left].type))
    } else {
      try adapt(left, to: operands[right].type)
      try adapt(right, to: operands[left].type)
    }
  }

  private mutating func adapt(_ operand: Int, to type: ConditionType) throws(ConditionFault) {
    guard let place = operands[operand].literal, case .literal(let value) = terms[place] else {
      return
    }
    let adapted: ConditionValue
    switch (value, type) {
    case (.text(let text), .date), (.text(let text), .duration), (.text(let text), .result):
      adapted = try Self.value(of: text, type, at: operands[operand].offset)
    case (.list(let elements), .list(let element?))
    where elements.first?.type == .text && element != .text && element != .number
      && element != .flag:
      var all: [ConditionValue] = []
      for case .text(let text) in elements {
        all.append(try Self.value(of: text, element, at: operands[operand].offset))
      }
      adapted = .list(all)
    default: return
    }
    terms[place] = .literal(adapted)
    operands[operand].type = type
  }

  private static func value(
    of text: String, _ type: ConditionType, at offset: Int
  ) throws(ConditionFault) -> ConditionValue {
    let isDate = type != .date || CalendarDate.isValid(Array(text.utf8))
    if isDate, let value = ConditionValue(type, text) { return value }
    throw ConditionFault(
      at: offset, "expected \(type.expectation), found \(Quoting.quoted(text))")
  }

  // MARK: Words

  private static func operation(_ token: ConditionToken) -> Condition.Term? {
    switch token.kind {
    case .name(["and"]): .and
    case .name(["or"]): .or
    case .name(["in"]): .contained
    case .symbol("??"): .otherwise
    case .symbol(let symbol):
      Condition.Comparison.allCases.first { $0.symbol == symbol }.map(Condition.Term.compare)
    default: nil
    }
  }

  /// Above zero, which is that of a parenthesis.
  private static func precedence(_ term: Condition.Term) -> Int {
    switch term {
    case .or: 1
    case .and: 2
    case .not: 3
    case .compare, .contained: 4
    default: 5
    }
  }

  private static func words(_ token: ConditionToken) -> String {
    switch token.kind {
    case .number: "a number"
    case .text: "a text"
    case .name(let parts): Quoting.quoted(parts.joined(separator: "."))
    case .symbol(let symbol): Quoting.quoted(symbol)
    case .end: "the end"
    }
  }

  private static func mismatch(_ term: Condition.Term, _ types: [ConditionType]) -> String {
    func other(than type: ConditionType) -> String {
      (types.first { $0 != type } ?? types[0]).name
    }
    switch term {
    case .not: return "\"not\" takes what is true or false, found \(types[0].name)"
    case .and: return "\"and\" joins what is true or false, found \(other(than: .flag))"
    case .or: return "\"or\" joins what is true or false, found \(other(than: .flag))"
    case .size: return "\"size\" takes a list, found \(types[0].name)"
    case .contained:
      guard case .list(let element) = types[1] else {
        return "\"in\" looks into a list, found \(types[1].name)"
      }
      return "\"in\" looks for \(element?.name ?? "a value"), found \(types[0].name)"
    case .otherwise:
      return "\"??\" takes two values of one type, found \(types[0].name) and \(types[1].name)"
    case .compare(let comparison) where comparison.isOfOrder && types[0].fits(types[1]):
      return
        "\"\(comparison.symbol)\" compares numbers, dates and durations, found \(types[0].name)"
    default: return "\(types[0].name) cannot be compared with \(types[1].name)"
    }
  }
}

extension ConditionType {
  fileprivate var name: String {
    switch self {
    case .flag: "true or false"
    case .text: "a text"
    case .number: "a number"
    case .date: "a date"
    case .duration: "a duration"
    case .result: "a result"
    case .list: "a list"
    }
  }

  /// As in `expected …`.
  fileprivate var expectation: String {
    switch self {
    case .date: ParameterType.date.expectation
    case .duration: ParameterType.duration.expectation
    case .result: #""succeeded", "failed", "skipped" or "cancelled""#
    default: name
    }
  }
}
