/// A part of a JSON Schema, which is JSON itself.
enum SchemaNode {
  case object([(key: String, value: SchemaNode)])
  case array([SchemaNode])
  case text(String)
  case number(Int64)
  case flag(Bool)

  static func texts(_ texts: [String]) -> Self { .array(texts.map(Self.text)) }

  /// With two spaces of indentation for each level.
  func printed(indentation: String = "") -> String {
    let inner = indentation + "  "
    switch self {
    case .object(let members) where !members.isEmpty:
      let lines = members.map {
        "\(inner)\(Self.quoted($0.key)): \($0.value.printed(indentation: inner))"
      }
      return "{\n\(lines.joined(separator: ",\n"))\n\(indentation)}"
    case .array(let elements) where elements.contains { $0.isCollection }:
      let lines = elements.map { inner + $0.printed(indentation: inner) }
      return "[\n\(lines.joined(separator: ",\n"))\n\(indentation)]"
    case .object: return "{}"
    case .array(let elements):
      return "[" + elements.map { $0.printed() }.joined(separator: ", ") + "]"
    case .text(let text): return Self.quoted(text)
    case .number(let number): return "\(number)"
    case .flag(let flag): return "\(flag)"
    }
  }

  private var isCollection: Bool {
    switch self {
    case .object, .array: true
    case .text, .number, .flag: false
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
