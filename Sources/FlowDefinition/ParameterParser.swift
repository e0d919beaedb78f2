import FlowCore
import FlowText

/// A key of a parameter.
package enum ParameterKey: String, CaseIterable, Sendable {
  case type
  case standard = "default"
  case required
  case choices = "enum"
  case pattern
  case least = "min"
  case greatest = "max"
  case help

  static let table = KeyTable(allCases)

  /// One sentence for the documentation, with the default.
  package var help: String {
    switch self {
    case .type:
      "what its values are: `string`, `int`, `number`, `bool`, `date`, `duration` or `list` (string)"
    case .standard:
      "the value of a run that is given none, of a list an array; for a date also `today` or"
        + " `yesterday`: the day on which the run is created"
    case .required: "each run must be given a value, and there is no `default` (false)"
    case .choices: "the only values that it takes"
    case .pattern: "a regular expression that the whole text must match"
    case .least: "the least value; of a list, how many elements it has at least"
    case .greatest: "the greatest value; of a list, how many elements it has at most"
    case .help: "what it is for; shown by `flow run --help-params`"
    }
  }
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
      case .required:
        if let flag = try boolean() { parameter.isRequired = flag } else { isFaulty = true }
      case .choices:
        parameter.choices = try readChoices()
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

  private mutating func readChoices() throws(SyntaxError) -> [String] {
    let start = try nextOffset()
    let errors = diagnostics.count
    let choices = try readTexts("an array of values") ?? []
    if choices.isEmpty, diagnostics.count == errors {
      reportMismatch(at: start, expected: "at least one value", found: "an empty array")
    }
    for (index, choice) in choices.enumerated()
    where choices[..<index].contains(where: { $0.utf8.elementsEqual(choice.utf8) }) {
      report(at: start, "\(Quoting.quoted(choice)) is repeated")
      break
    }
    return choices
  }

  private mutating func check(
    _ parameter: Parameter, at start: Int, _ offsets: [ParameterKey: Int]
  ) {
    let path = pathDescription
    /// The error is in the value of that key.
    func report(_ key: ParameterKey, _ message: String) {
      self.report(
        at: offsets[key] ?? start, path: "\(path).\(key.rawValue)", message)
    }
    func mismatch(_ expected: String, _ found: String) -> String {
      "expected \(expected), found \(found)"
    }
    if let pattern = parameter.pattern, TextPattern(pattern) == nil {
      return report(
        .pattern, "no regular expression, or one of more than \(TextPattern.longest) bytes")
    }
    for (key, bound) in [(ParameterKey.least, parameter.least), (.greatest, parameter.greatest)] {
      guard let bound else { continue }
      guard let type = parameter.boundType else {
        return report(key, "a parameter of type \(parameter.type) has no \"\(key.rawValue)\"")
      }
      if ParameterOrder(bound, type) == nil {
        report(key, mismatch(type.expectation, Quoting.quoted(bound)))
      }
    }
    if let type = parameter.boundType,
      let least = parameter.least.flatMap({ ParameterOrder($0, type) }),
      let greatest = parameter.greatest.flatMap({ ParameterOrder($0, type) }), greatest < least
    {
      report(
        .greatest,
        "no value is at least \(parameter.least ?? "") and at most \(parameter.greatest ?? "")")
    }
    for choice in parameter.choices {
      if let expected = parameter.expectation(unmetByChoice: choice, matching: patterns) {
        report(.choices, mismatch(expected, Quoting.quoted(choice)))
      }
    }
    if let standard = parameter.standard {
      if parameter.isRequired {
        report(.standard, "a parameter that is required has no \"default\"")
      } else if !(parameter.type == .date && Parameter.dateWords.contains(standard.first ?? "")),
        let expected = parameter.expectation(
          unmetBy: standard.map(RawText.standing), matching: patterns)
      {
        let found = standard.map(Quoting.quoted).joined(separator: ", ")
        report(.standard, mismatch(expected, found.isEmpty ? "nothing" : found))
      }
    } else if !parameter.isRequired, offsets[.standard] == nil {
      self.report(at: start, #"missing "default", or "required": true"#)
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
