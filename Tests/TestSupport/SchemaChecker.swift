package import FlowJSON

/// Checks values by a JSON Schema, as far as the one of `flow schema` goes: a keyword that is not known here
/// ends the test.
package final class SchemaChecker {
  private let root: JSON
  private var patterns: [String: Regex<AnyRegexOutput>] = [:]

  package init(_ text: String) throws {
    root = try JSON(text)
  }

  package func accepts(_ value: JSON) -> Bool { accepts(value, root) }

  private func accepts(_ value: JSON, _ schema: JSON) -> Bool {
    guard case .object(let keywords) = schema else { return schema == .bool(true) }
    return keywords.allSatisfy { isMet($0.key, $0.value, by: value, in: schema) }
  }

  private func isMet(
    _ keyword: String, _ argument: JSON, by value: JSON, in schema: JSON
  ) -> Bool {
    switch keyword {
    case "$schema", "title", "description", "$defs", "then": true
    case "$ref": accepts(value, definition(argument.string ?? ""))
    case "type": types(argument).contains { isOfType(value, $0) }
    case "enum": argument.elements.contains(value)
    case "const": argument == value
    case "not": !accepts(value, argument)
    case "oneOf": argument.elements.filter { accepts(value, $0) }.count == 1
    case "if": !accepts(value, argument) || accepts(value, schema["then"] ?? .bool(true))
    case "required":
      members(value).map { has in
        argument.elements.allSatisfy { name in
          has.contains { $0.key == name.string }
        }
      } ?? true
    case "dependentRequired":
      members(value).map { has in
        has.allSatisfy { member in
          argument[member.key]?.elements.allSatisfy { name in
            has.contains { $0.key == name.string }
          } ?? true
        }
      } ?? true
    case "properties":
      (members(value) ?? []).allSatisfy { member in
        argument[member.key].map { accepts(member.value, $0) } ?? true
      }
    case "additionalProperties":
      (members(value) ?? []).allSatisfy { member in
        schema["properties"]?[member.key] != nil || accepts(member.value, argument)
      }
    case "propertyNames":
      (members(value) ?? []).allSatisfy { accepts(.string($0.key), argument) }
    case "items":
      elements(value).dropFirst(schema["prefixItems"]?.elements.count ?? 0)
        .allSatisfy { accepts($0, argument) }
    case "prefixItems": zip(elements(value), argument.elements).allSatisfy { accepts($0, $1) }
    case "minItems": isArray(value) ? elements(value).count >= argument.integer ?? 0 : true
    case "minProperties": members(value).map { $0.count >= argument.integer ?? 0 } ?? true
    case "uniqueItems":
      elements(value).indices.allSatisfy { index in
        !elements(value)[..<index].contains(elements(value)[index])
      }
    case "minLength": length(value).map { $0 >= argument.integer ?? 0 } ?? true
    case "maxLength": length(value).map { $0 <= argument.integer ?? 0 } ?? true
    case "pattern": value.string.map { matches($0, argument.string ?? "") } ?? true
    case "minimum": compared(value, argument) { $0 >= $1 }
    case "maximum": compared(value, argument) { $0 <= $1 }
    default: fatalError("the schema has the keyword \(keyword), which this checker does not know")
    }
  }

  private func definition(_ reference: String) -> JSON {
    reference.split(separator: "/").dropFirst().reduce(root) { node, name in
      guard let next = node[String(name)] else { fatalError("the schema has no \(reference)") }
      return next
    }
  }

  private func types(_ argument: JSON) -> [String] {
    argument.string.map { [$0] } ?? argument.elements.compactMap(\.string)
  }

  private func isOfType(_ value: JSON, _ type: String) -> Bool {
    switch (value, type) {
    case (.object, "object"), (.array, "array"), (.string, "string"), (.bool, "boolean"),
      (.number, "number"), (.null, "null"):
      true
    case (.number(let number), "integer"): number == number.rounded()
    default: false
    }
  }

  private func members(_ value: JSON) -> [JSON.Member]? {
    if case .object(let members) = value { members } else { nil }
  }

  private func isArray(_ value: JSON) -> Bool { if case .array = value { true } else { false } }

  private func elements(_ value: JSON) -> [JSON] { value.elements }

  private func length(_ value: JSON) -> Int? { value.string?.unicodeScalars.count }

  private func compared(_ value: JSON, _ bound: JSON, _ holds: (Double, Double) -> Bool) -> Bool {
    guard case .number(let number) = value, case .number(let bound) = bound else { return true }
    return holds(number, bound)
  }

  private func matches(_ text: String, _ pattern: String) -> Bool {
    if let known = patterns[pattern] { return text.firstMatch(of: known) != nil }
    guard let regex = try? Regex(pattern).matchingSemantics(.unicodeScalar) else {
      fatalError("the schema has the pattern \(pattern), which is none")
    }
    patterns[pattern] = regex
    return text.firstMatch(of: regex) != nil
  }
}
