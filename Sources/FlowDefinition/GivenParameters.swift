package import FlowCore
import FlowText

/// What a run is told, before it is checked: bytes (`RawText`), as values of a run are.
package struct GivenParameters: Equatable, Sendable {
  /// By name, in the order in which they were given.
  package private(set) var values: [ParameterValue] = []

  package init() {}

  /// Adds a value, to the elements of a list if the name was given before.
  package mutating func add(_ text: String, to name: String) {
    if let index = values.firstIndex(where: { $0.name == name }) {
      values[index].texts.append(text)
    } else {
      values.append(ParameterValue(name: name, texts: [text]))
    }
  }

  /// Takes what is given there, and not here.
  package mutating func take(_ other: GivenParameters) {
    values += other.values.filter { value in !values.contains { $0.name == value.name } }
  }

  fileprivate mutating func add(_ value: ParameterValue) { values.append(value) }
}

/// What is wrong with the values that a run is told: all of it.
package struct ParameterErrors: Error, Equatable, Sendable {
  package let messages: [String]
}

extension GivenParameters {
  /// The value of each parameter of a workflow.
  ///
  /// - Parameters:
  ///   - today: the date in the time zone of the caller, such as `2026-11-29`, and the one before it.
  package func values(
    of parameters: [Parameter], today: String, yesterday: String,
    matching patterns: any PatternMatching = UnboundedMatching()
  ) throws(ParameterErrors) -> [ParameterValue] {
    var messages: [String] = []
    let own = parameters.filter { !$0.isGivenByCall }
    for value in values where !own.contains(where: { $0.name == value.name }) {
      if parameters.contains(where: { $0.name == value.name }) {
        messages.append(
          "parameter \(value.name) is of a workflow that is called: the call gives it")
        continue
      }
      let nearest = Suggestion.nearest(to: value.name, among: own.map(\.name))
      let advice = nearest.map { ": did you mean \(Quoting.quoted($0))?" } ?? ""
      messages.append("no parameter has the name \(Quoting.quoted(value.name))\(advice)")
    }
    var result: [ParameterValue] = []
    for parameter in parameters {
      guard
        var texts =
          Self.given(parameter, result) ?? value(of: parameter)
          ?? parameter.standard?.map(RawText.standing)
      else {
        messages.append(
          "parameter \(parameter.name) is required: give it with -p \(parameter.name)=…, "
            + parameter.type.expectation)
        continue
      }
      if parameter.type == .date, texts.count == 1 {
        if texts[0] == "today" { texts = [today] }
        if texts[0] == "yesterday" { texts = [yesterday] }
      }
      if let expected = parameter.expectation(unmetBy: texts, matching: patterns) {
        let found = texts.map(Quoting.quoted).joined(separator: ", ")
        messages.append("parameter \(parameter.name): expected \(expected), found \(found)")
      }
      result.append(ParameterValue(name: parameter.name, texts: texts))
    }
    if !messages.isEmpty { throw ParameterErrors(messages: messages) }
    return result
  }

  /// Checks what is given, and not what is missing.
  package func check(
    of parameters: [Parameter], today: String, yesterday: String,
    matching patterns: any PatternMatching = UnboundedMatching()
  ) throws(ParameterErrors) {
    var others: [Parameter] = []
    for parameter in parameters where !parameter.isGivenByCall {
      var other = parameter
      // A default was checked with its definition.
      if value(of: parameter) == nil { other = Parameter(name: parameter.name, standard: [""]) }
      others.append(other)
    }
    _ = try values(of: others, today: today, yesterday: yesterday, matching: patterns)
  }

  private func value(of parameter: Parameter) -> [String]? {
    if parameter.isGivenByCall { return nil }
    return values.first { $0.name == parameter.name }?.texts
  }

  /// What its call gives a parameter.
  ///
  /// - Parameter known: the values of the parameters before it.
  static func given(_ parameter: Parameter, _ known: [ParameterValue]) -> [String]? {
    func texts(_ name: String) -> [String] { known.first { $0.name == name }?.texts ?? [] }
    return parameter.binding?.flatMap { text in
      guard let template = try? Template(text) else {
        preconditionFailure("a call that was checked has a bad template: \(text)")
      }
      if let name = template.onlyParameter { return texts(name) }
      return [
        template.text(plain: RawText.standing) { reference in
          if case .parameter(let name) = reference { texts(name).first ?? "" } else { "" }
        }
      ]
    }
  }
}

/// Reads files of parameters: an object of names and values, in JSON or YAML. A list is an array.
package enum ParameterFileParser {
  /// - Throws: all errors. Nothing after a syntax error is checked.
  package static func parse(
    _ bytes: [UInt8], file: String
  ) throws(DefinitionErrors) -> GivenParameters {
    switch DefinitionSpelling(ofFile: file, bytes) {
    case .json: try parse(bytes, DefinitionReader(JSONScanner(bytes)), file: file)
    case .yaml: try parse(bytes, DefinitionReader(YAMLScanner(bytes)), file: file)
    }
  }

  private static func parse<Source>(
    _ bytes: [UInt8], _ reader: consuming DefinitionReader<Source>, file: String
  ) throws(DefinitionErrors) -> GivenParameters {
    var reader = reader
    var given = GivenParameters()
    do throws(SyntaxError) { try reader.readGiven(into: &given) } catch {
      reader.report(at: error.offset, error.message, error.related)
    }
    if let errors = reader.diagnostics.errors(in: bytes, file: file) { throw errors }
    return given
  }
}

extension DefinitionReader {
  fileprivate mutating func readGiven(into given: inout GivenParameters) throws(SyntaxError) {
    guard try beginObject(#"an object such as {"since": "2026-11-29"}"#) != nil else {
      return try source.end()
    }
    var offsets: [String: Int] = [:]
    var isInside = false
    while let token = try nextName(isInside: &isInside) {
      guard let token else { continue }
      let name = text(of: token)
      if let first = offsets.updateValue(token.offset, forKey: name) {
        report(
          at: token.offset, "duplicate parameter",
          RelatedPlace(relation: "first given at", offset: first))
      }
      if let texts = try readTexts("a value, or an array of values") {
        given.add(ParameterValue(name: name, texts: texts.map(RawText.standing)))
      }
    }
    try source.end()
  }
}
