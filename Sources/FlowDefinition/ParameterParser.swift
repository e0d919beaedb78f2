import FlowCore

/// A key of a parameter.
private enum ParameterKey: String, CaseIterable, Sendable {
  case type
  case standard = "default"
  case required
  case choices = "enum"
  case pattern
  case least = "min"
  case greatest = "max"
  case help

  static let table = KeyTable(allCases)
}

extension DefinitionReader {
  /// Takes the parameters of a workflow.
  mutating func readParameters() throws(SyntaxError) -> [Parameter] {
    let expected = #"an object such as {"since": {"type": "date", "required": true}}"#
    guard try beginObject(expected) != nil else { return [] }
    var parameters: [Parameter] = []
    var offsets: [Int] = []
    var isInside = false
    while let token = try nextName(isInside: &isInside) {
      guard let token else { continue }
      let name = text(of: token)
      if !ParameterName.isValid(name) {
        report(
          at: token.offset,
          "the name of a parameter has letters, digits and \"_\", and begins with no digit")
      }
      if let first = parameters.firstIndex(where: { $0.name == name }) {
        report(
          at: token.offset, "duplicate parameter",
          RelatedPlace(relation: "first given at", offset: offsets[first]))
      }
      if let parameter = try readParameter(name) {
        parameters.append(parameter)
        offsets.append(token.offset)
      }
    }
    return parameters
  }

  private mutating func readParameter(_ name: String) throws(SyntaxError) -> Parameter? {
    guard let start = try beginObject(#"an object such as {"type": "date", "required": true}"#)
    else { return nil }
    var parameter = Parameter(name: name)
    // Where each value stands, for checks that need the type, which may come after it.
    var offsets: [ParameterKey: Int] = [:]
    var isFaulty = false
    var cursor = ObjectCursor("a parameter", ParameterKey.table)
    while let key = try nextKey(&cursor) {
      offsets[key] = try nextOffset()
      switch key {
      case .type:
        let words = ParameterType.allCases.map { "\($0)" }
        if let index = try readWord(of: words) {
          parameter.type = ParameterType.allCases[index]
        } else {
          isFaulty = true
        }
      case .standard: parameter.standard = try readTexts("a value, or an array of texts")
      case .required: parameter.isRequired = try boolean() ?? false
      case .choices:
        parameter.choices = try readTexts("an array of values") ?? []
        if parameter.choices.isEmpty { isFaulty = true }
      case .pattern: parameter.pattern = try readNonEmptyText("a regular expression")
      case .least: parameter.least = try readScalar("a value")
      case .greatest: parameter.greatest = try readScalar("a value")
      case .help: parameter.help = try readNonEmptyText("a description in words")
      }
    }
    if isFaulty { return parameter }
    check(parameter, at: start, offsets)
    return parameter
  }

  private mutating func check(
    _ parameter: Parameter, at start: Int, _ offsets: [ParameterKey: Int]
  ) {
    if let pattern = parameter.pattern, TextPattern(pattern) == nil {
      report(
        at: offsets[.pattern] ?? start,
        "no regular expression, or one of more than \(TextPattern.longest) bytes")
      return
    }
    for (key, bound) in [(ParameterKey.least, parameter.least), (.greatest, parameter.greatest)] {
      guard let bound else { continue }
      let place = offsets[key] ?? start
      guard let type = parameter.boundType else {
        report(at: place, "a parameter of type \(parameter.type) has no \"\(key.rawValue)\"")
        return
      }
      if ParameterOrder(bound, type) == nil {
        reportMismatch(at: place, expected: type.expectation, found: Quoting.quoted(bound))
      }
    }
    for choice in parameter.choices where ParameterOrder(choice, parameter.type) == nil {
      reportMismatch(
        at: offsets[.choices] ?? start, expected: parameter.type.expectation,
        found: Quoting.quoted(choice))
    }
    if let standard = parameter.standard {
      let place = offsets[.standard] ?? start
      if parameter.isRequired {
        report(at: place, "a parameter that is required has no \"default\"")
      } else if !(parameter.type == .date && Parameter.dateWords.contains(standard.first ?? "")),
        let expected = parameter.expectation(unmetBy: standard, matching: false)
      {
        let found = standard.map(Quoting.quoted).joined(separator: ", ")
        reportMismatch(at: place, expected: expected, found: found.isEmpty ? "nothing" : found)
      }
    } else if !parameter.isRequired, offsets[.standard] == nil {
      report(at: start, #"missing "default", or "required": true"#)
    }
  }

  /// Takes a text, a number or a boolean as it is spelled.
  mutating func readScalar(_ expected: String) throws(SyntaxError) -> String? {
    switch try kind(wanted: .string) {
    case .number:
      let token = try source.takeNumber()
      return String(decoding: source.bytes[token.content], as: UTF8.self)
    case .true:
      source.takeLiteral()
      return "true"
    case .false:
      source.takeLiteral()
      return "false"
    default: return try text(expected)
    }
  }

  /// Takes a scalar, or an array of them.
  mutating func readTexts(_ expected: String) throws(SyntaxError) -> [String]? {
    guard try kind(wanted: .string) == .array else {
      return try readScalar(expected).map { [$0] }
    }
    guard try beginArray(expected) != nil else { return nil }
    var texts: [String] = []
    var cursor = ArrayCursor()
    while try nextElement(&cursor) {
      if let text = try readScalar("a value") { texts.append(text) }
    }
    return texts
  }
}

enum ParameterName {
  static func isValid(_ name: String) -> Bool {
    guard let first = name.utf8.first, name.utf8.count <= 64, !isDigit(first) else { return false }
    return name.utf8.allSatisfy { isDigit($0) || isLetter($0) }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "_")
  }
}
