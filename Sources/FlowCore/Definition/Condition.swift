/// An expression that decides whether a step runs: a pure function of the run's parameters, of how the
/// step's needs have ended, and of what steps before it have put out.
///
/// Its terms are in postfix order. So nothing that reads, writes or evaluates it recurses, however deep it
/// is nested.
package struct Condition: Hashable, Sendable {
  package enum Term: Hashable, Sendable {
    case literal(ConditionValue)
    /// `params.NAME`, by its place among the parameters of the workflow.
    case parameter(Int32)
    /// `steps.ID.result`, of a step that is needed.
    case result(step: Int32)
    /// `steps.ID.NAME`: an output of a step that comes before, by its place among those of the step.
    case output(step: Int32, place: Int32)
    /// `item`, or `item.NAME`: of a step that runs for each item, a value of that.
    case item(String?)
    case not
    /// `size(LIST)`
    case size
    case compare(Comparison)
    /// `VALUE in LIST`
    case contained
    case and
    case or
    /// `VALUE ?? VALUE`: the second where the first is absent.
    case otherwise
  }

  package enum Comparison: UInt8, CaseIterable, Sendable {
    case equal = 0
    case unequal = 1
    case less = 2
    case atMost = 3
    case greater = 4
    case atLeast = 5

    package var symbol: String {
      switch self {
      case .equal: "=="
      case .unequal: "!="
      case .less: "<"
      case .atMost: "<="
      case .greater: ">"
      case .atLeast: ">="
      }
    }

    /// Whether it asks which comes first.
    package var isOfOrder: Bool { self != .equal && self != .unequal }
  }

  /// The limit for the terms of one condition; elements of lists are terms.
  package static let mostTerms = 1_000
  /// The limit for what is open at one place of it: parentheses and operators.
  package static let mostLevels = 100

  package let terms: [Term]

  package init(_ terms: [Term]) {
    self.terms = terms
  }

  /// The same with other places of parameters and steps.
  package func mapped(
    parameter: (Int32) -> Int32, step: (Int32) -> Int32
  ) -> Condition {
    Condition(
      terms.map { term in
        switch term {
        case .parameter(let place): .parameter(parameter(place))
        case .result(let need): .result(step: step(need))
        case .output(let need, let place): .output(step: step(need), place: place)
        default: term
        }
      })
  }

  /// The parameters and results that it asks for, each once, in the order of the text.
  package var references: [Term] {
    var seen: Set<Term> = []
    return terms.filter { term in
      switch term {
      case .parameter, .result, .output, .item: seen.insert(term).inserted
      default: false
      }
    }
  }

  /// Whether no step must have ended before it can be evaluated.
  package var asksParametersAlone: Bool {
    !terms.contains { term in
      switch term {
      case .result, .output, .item: true
      default: false
      }
    }
  }

  /// Whether it is of each item, and not of the step for all of them.
  package var asksItem: Bool {
    terms.contains { if case .item = $0 { true } else { false } }
  }
}

/// What a step has come to, as conditions name it.
package enum StepResult: UInt8, CaseIterable, Sendable {
  case succeeded = 0
  case failed = 1
  case skipped = 2
  case cancelled = 3
}

package enum ConditionValue: Hashable, Sendable {
  case flag(Bool)
  case text(String)
  /// As it is spelled (`ConditionNumber`).
  case number(String)
  /// `2026-11-29`
  case date(String)
  case duration(milliseconds: Int64)
  case result(StepResult)
  /// Of values of one type, none of which is a list.
  case list([ConditionValue])
}

/// The type of a term.
package indirect enum ConditionType: Hashable, Sendable {
  case flag, text, number, date, duration, result
  /// Nil for the elements of a list that is empty, which fits any.
  case list(ConditionType?)

  package init(_ type: ParameterType) {
    self =
      switch type {
      case .string: .text
      case .int, .number: .number
      case .bool: .flag
      case .date: .date
      case .duration: .duration
      case .list: .list(.text)
      }
  }

  /// Whether a value of one type can be compared with one of the other.
  package func fits(_ other: ConditionType) -> Bool {
    if case (.list(let one), .list(let another)) = (self, other) {
      guard let one, let another else { return true }
      return one == another
    }
    return self == other
  }

  /// Whether one of its values comes before another.
  package var isOrdered: Bool { self == .number || self == .date || self == .duration }

  package var isList: Bool { if case .list = self { true } else { false } }
}

extension ConditionValue {
  /// Nil for a list of different types, or of lists.
  package var type: ConditionType? {
    switch self {
    case .flag: return .flag
    case .text: return .text
    case .number: return .number
    case .date: return .date
    case .duration: return .duration
    case .result: return .result
    case .list(let elements):
      guard let first = elements.first else { return .list(nil) }
      guard let type = first.type, !type.isList, elements.allSatisfy({ $0.type == type }) else {
        return nil
      }
      return .list(type)
    }
  }

  /// The value of a parameter; nil if its texts are none of that type.
  package init?(_ type: ParameterType, _ texts: [String]) {
    if type == .list {
      self = .list(texts.map(ConditionValue.text))
      return
    }
    guard texts.count == 1, let value = ConditionValue(ConditionType(type), texts[0]) else {
      return nil
    }
    self = value
  }

  /// - Returns: nil if the text is none of that type.
  package init?(_ type: ConditionType, _ text: String) {
    let bytes = Array(text.utf8)
    switch type {
    case .flag:
      guard text == "true" || text == "false" else { return nil }
      self = .flag(text == "true")
    case .text: self = .text(text)
    case .number:
      guard ConditionNumber(bytes) != nil else { return nil }
      self = .number(text)
    case .date:
      let isDate =
        bytes.count == 10
        && bytes.enumerated().allSatisfy { place, byte in
          place == 4 || place == 7 ? byte == UInt8(ascii: "-") : Self.isDigit(byte)
        }
      guard isDate else { return nil }
      self = .date(text)
    case .duration:
      guard let time = Self.milliseconds(bytes) else { return nil }
      self = .duration(milliseconds: time)
    case .result:
      guard let result = StepResult.allCases.first(where: { "\($0)" == text }) else { return nil }
      self = .result(result)
    case .list: return nil
    }
  }

  fileprivate static func isDigit(_ byte: UInt8) -> Bool {
    UInt8(ascii: "0") <= byte && byte <= UInt8(ascii: "9")
  }

  /// `10s`: a whole number, and one of ms, s, m, h.
  private static func milliseconds(_ bytes: [UInt8]) -> Int64? {
    let digits = bytes.prefix(while: isDigit)
    let unit = bytes.dropFirst(digits.count)
    let units: [(String, Int64)] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)]
    guard !digits.isEmpty, let factor = units.first(where: { unit.elementsEqual($0.0.utf8) })?.1
    else { return nil }
    var value: Int64 = 0
    for byte in digits {
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
      if overflow || carry { return nil }
      value = sum
    }
    let (time, overflow) = value.multipliedReportingOverflow(by: factor)
    return overflow ? nil : time
  }
}

/// A decimal number, compared exactly: `0.1` is not what a binary fraction makes of it.
package struct ConditionNumber: Equatable, Comparable, Sendable {
  private let isNegative: Bool
  /// Without zeros before and after; empty for zero.
  private let digits: [UInt8]
  /// How many digits stand before the point; can be negative.
  private let magnitude: Int64

  /// Nil unless the bytes are digits with an optional sign, fraction and exponent, as in JSON; zeros may
  /// come first.
  package init?(_ bytes: [UInt8]) {
    var rest = bytes[...]
    isNegative = rest.first == UInt8(ascii: "-")
    if isNegative { rest.removeFirst() }
    let whole = rest.prefix(while: ConditionValue.isDigit)
    rest = rest.dropFirst(whole.count)
    var fraction: ArraySlice<UInt8> = []
    if rest.first == UInt8(ascii: ".") {
      rest.removeFirst()
      fraction = rest.prefix(while: ConditionValue.isDigit)
      rest = rest.dropFirst(fraction.count)
      if fraction.isEmpty { return nil }
    }
    var exponent: Int64 = 0
    if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
      rest.removeFirst()
      guard let value = Self.exponent(&rest) else { return nil }
      exponent = value
    }
    guard rest.isEmpty, !whole.isEmpty else { return nil }
    let all = Array(whole + fraction)
    let zeros = all.prefix { $0 == UInt8(ascii: "0") }.count
    var significant = Array(all[zeros...])
    while significant.last == UInt8(ascii: "0") { significant.removeLast() }
    digits = significant
    magnitude = significant.isEmpty ? 0 : Int64(whole.count - zeros) + exponent
  }

  /// Beyond what any text of digits could outweigh all exponents are one.
  private static func exponent(_ rest: inout ArraySlice<UInt8>) -> Int64? {
    let limit: Int64 = 1 << 40
    let isNegative = rest.first == UInt8(ascii: "-")
    if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
    let digits = rest.prefix(while: ConditionValue.isDigit)
    rest = rest.dropFirst(digits.count)
    if digits.isEmpty { return nil }
    var value: Int64 = 0
    for byte in digits where value < limit { value = value * 10 + Int64(byte - UInt8(ascii: "0")) }
    value = min(value, limit)
    return isNegative ? -value : value
  }

  package static func == (left: Self, right: Self) -> Bool {
    left.digits == right.digits && left.magnitude == right.magnitude
      && (left.isNegative == right.isNegative || left.digits.isEmpty)
  }

  package static func < (left: Self, right: Self) -> Bool {
    let (low, high) = (left.sign, right.sign)
    if low != high { return low < high }
    if low == 0 { return false }
    return low > 0 ? left.isSmaller(than: right) : right.isSmaller(than: left)
  }

  private var sign: Int { digits.isEmpty ? 0 : isNegative ? -1 : 1 }

  /// Without their signs.
  private func isSmaller(than other: Self) -> Bool {
    if magnitude != other.magnitude { return magnitude < other.magnitude }
    return digits.lexicographicallyPrecedes(other.digits)
  }
}
