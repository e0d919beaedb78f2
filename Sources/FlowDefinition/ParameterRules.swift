package import FlowCore
import FlowText

extension Parameter {
  /// The words that stand for a date, when a run is created.
  static let dateWords = ["today", "yesterday"]

  /// What is expected instead of these values; nil if the parameter takes them.
  ///
  /// - Parameters:
  ///   - texts: of a list its elements, else one value. A date is no word.
  ///   - patterns: nil if the pattern does not count.
  func expectation(
    unmetBy texts: [String], matching patterns: (any PatternMatching)?
  ) -> String? {
    if type == .list {
      let count = String(texts.count)
      if let bound = boundExceeded(by: count, as: .int) { return "a list of \(bound) elements" }
      return texts.lazy.compactMap { choiceOrPattern(unmetBy: $0, patterns) }.first
    }
    guard texts.count == 1, let text = texts.first else { return "one value" }
    guard ParameterOrder(text, type) != nil else { return type.expectation }
    if let bound = boundExceeded(by: text, as: type) { return "\(type.expectation), \(bound)" }
    return choiceOrPattern(unmetBy: text, patterns)
  }

  /// What is expected instead of one of `choices`.
  func expectation(
    unmetByChoice text: String, matching patterns: (any PatternMatching)?
  ) -> String? {
    guard ParameterOrder(text, type) != nil else { return type.expectation }
    // The bounds of a list are of the number of its elements.
    if type != .list, let bound = boundExceeded(by: text, as: type) {
      return "\(type.expectation), \(bound)"
    }
    return mismatch(of: text, patterns)
  }

  private func choiceOrPattern(
    unmetBy text: String, _ patterns: (any PatternMatching)?
  ) -> String? {
    if text.utf8.contains(0) { return "a text without NUL" }
    if !choices.isEmpty,
      !choices.contains(where: { RawText.standing(for: $0).utf8.elementsEqual(text.utf8) })
    {
      return choices.count == 1 ? choices[0] : "one of \(choices.joined(separator: ", "))"
    }
    return mismatch(of: text, patterns)
  }

  private func mismatch(of text: String, _ patterns: (any PatternMatching)?) -> String? {
    guard let pattern, let patterns else { return nil }
    switch patterns.verdict(on: text, pattern: pattern) {
    case .matches: return nil
    case .differs: return "a text that matches \(pattern)"
    case .undecided:
      return "a text that matches \(pattern), which takes too long to find out (does it repeat what"
        + " is a repetition?)"
    }
  }

  /// - Returns: such as `at least 3`.
  private func boundExceeded(by text: String, as type: ParameterType) -> String? {
    guard let value = ParameterOrder(text, type) else { return nil }
    if let least, let bound = ParameterOrder(least, type), value < bound {
      return "at least \(least)"
    }
    if let greatest, let bound = ParameterOrder(greatest, type), bound < value {
      return "at most \(greatest)"
    }
    return nil
  }

  /// The type of its bounds; nil if it can have none.
  var boundType: ParameterType? {
    switch type {
    case .int, .number, .date, .duration: type
    case .list: .int
    case .string, .bool: nil
    }
  }
}

extension ParameterType {
  /// As in `expected …`.
  package var expectation: String {
    switch self {
    case .string: "a text"
    case .int: "a whole number"
    case .number: "a number"
    case .bool: "true or false"
    case .date: "a date such as 2026-11-29"
    case .duration: "a duration such as 500ms, 10s, 5m or 2h"
    case .list: "a list"
    }
  }
}

/// A value by which it is compared with the bounds of its parameter.
enum ParameterOrder {
  case whole(Int64)
  case real(Double)
  case text(String)

  /// Nil if the text is none of that type.
  init?(_ text: String, _ type: ParameterType) {
    let bytes = Array(text.utf8)
    switch type {
    case .string, .list: self = .text(text)
    case .bool:
      guard text == "true" || text == "false" else { return nil }
      self = .text(text)
    case .int:
      guard let number = Decimal.integer(bytes[...]) else { return nil }
      self = .whole(number)
    case .number:
      guard JSONNumber.isValid(bytes), let number = Double(text), number.isFinite else {
        return nil
      }
      self = .real(number)
    case .date:
      guard CalendarDate.isValid(bytes) else { return nil }
      self = .text(text)
    case .duration:
      guard let time = DurationFormat.milliseconds(bytes[...]) else { return nil }
      self = .whole(time)
    }
  }

  static func < (left: Self, right: Self) -> Bool {
    switch (left, right) {
    case (.whole(let one), .whole(let other)): one < other
    case (.real(let one), .real(let other)): one < other
    // Dates, whose digits are in the order of their weight.
    case (.text(let one), .text(let other)): one < other
    default: false
    }
  }
}

/// The grammar of RFC 8259.
enum JSONNumber {
  static func isValid(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    func digits(_ rest: inout ArraySlice<UInt8>) -> Int {
      let count = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
      rest = rest.dropFirst(count)
      return count
    }
    if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
    let isZero = rest.first == UInt8(ascii: "0")
    let whole = digits(&rest)
    if whole == 0 || (isZero && whole > 1) { return false }
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      if digits(&rest) == 0 { return false }
    }
    if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
      rest = rest.dropFirst()
      if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") {
        rest = rest.dropFirst()
      }
      if digits(&rest) == 0 { return false }
    }
    return rest.isEmpty
  }
}
