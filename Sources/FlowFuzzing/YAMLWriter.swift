/// Writes YAML in all of its styles, which bytes choose. After their end all is in flow style and
/// in double quotes.
struct YAMLWriter {
  private var choices: ByteSupply
  /// Texts that have an anchor, by its number.
  private var anchored: [String] = []

  static func text(of value: TextValue, _ choices: ByteSupply) -> String {
    var writer = Self(choices)
    let end = writer.choices.bool() ? "\r\n" : "\n"
    let lines = writer.root(value)
    return lines.joined(separator: end) + end
  }

  private init(_ choices: ByteSupply) {
    self.choices = choices
  }

  private mutating func root(_ value: TextValue) -> [String] {
    let start = choices.bool() ? ["# A comment: {", "---"] : []
    return start + block(value, column: 0).map { $0.isEmpty ? $0 : $0 }
  }

  // MARK: Collections

  /// The lines of a value in block style, if it has one, indented to a column.
  private mutating func block(_ value: TextValue, column: Int) -> [String] {
    let indent = String(repeating: " ", count: column)
    switch value {
    case .object(let members) where !members.isEmpty:
      return members.flatMap { member in
        attached(
          member.value, to: "\(indent)\(key(member.key)):", column: column,
          isAnchorAllowed: true, inSequence: false)
      }
    case .array(let elements) where !elements.isEmpty:
      return elements.flatMap {
        attached($0, to: "\(indent)-", column: column, isAnchorAllowed: true, inSequence: true)
      }
    default: return [indent + flow(value)]
    }
  }

  /// The lines of a member or an element, the first of which begins with its key or dash.
  private mutating func attached(
    _ value: TextValue, to start: String, column: Int, isAnchorAllowed: Bool, inSequence: Bool
  ) -> [String] {
    switch value {
    case .text(let text):
      if let number = anchored.firstIndex(where: { $0.utf8.elementsEqual(text.utf8) }),
        choices.bool()
      {
        return ["\(start) *a\(number)"]
      }
      var start = start
      if choices.below(8) == 1 {
        start += " &a\(anchored.count)"
        anchored.append(text)
      }
      return scalar(text, after: start, column: column)
    case .literal(let text): return ["\(start) \(literal(text))"]
    case .object(let members) where !members.isEmpty && choices.bool():
      let lines = block(value, column: column + 2)
      guard inSequence, choices.bool() else { return [start] + lines }
      return [start + " " + lines[0].dropFirst(column + 2)] + lines.dropFirst()
    case .array(let elements) where !elements.isEmpty && choices.bool():
      // The dashes of a member may be below its key.
      let isBelow = !inSequence && choices.bool()
      return [start] + block(value, column: isBelow ? column : column + 2)
    default: return ["\(start) \(flow(value))"]
    }
  }

  private mutating func flow(_ value: TextValue) -> String {
    switch value {
    case .object(let members):
      let parts = members.map { "\(key($0.key)): \(flow($0.value))" }
      return "{" + parts.joined(separator: ", ") + "}"
    case .array(let elements):
      return "[" + elements.map { flow($0) }.joined(separator: ", ") + "]"
    case .text(let text): return inLine(text)
    case .literal(let text): return literal(text)
    }
  }

  // MARK: Scalars

  private mutating func literal(_ text: String) -> String { text }

  private mutating func key(_ text: String) -> String { inLine(text) }

  private mutating func inLine(_ text: String) -> String {
    switch choices.below(3) {
    case 1 where Self.canBePlain(text): text
    case 2 where Self.isPrintable(text):
      "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
        + "'"
    default: Self.quoted(text)
    }
  }

  private mutating func scalar(_ text: String, after start: String, column: Int) -> [String] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard choices.below(3) == 1, lines.allSatisfy({ Self.isPrintable(String($0)) }),
      lines.contains(where: { !$0.isEmpty })
    else { return ["\(start) \(inLine(text))"] }
    let indent = String(repeating: " ", count: column + 2)
    if lines.count == 1, let space = Self.fold(in: text), choices.bool() {
      return [
        "\(start) >-", indent + text[..<space], indent + text[text.index(after: space)...],
      ]
    }
    // The number says the indentation, which could not be told where a text begins with a space.
    let endsALine = lines[lines.count - 1].isEmpty
    let content = endsALine ? lines.dropLast() : lines
    let isKept = endsALine && (content.last?.isEmpty == true || choices.bool())
    let chomping = isKept ? "+" : endsALine ? "" : "-"
    return ["\(start) |2\(chomping)"] + content.map { $0.isEmpty ? "" : indent + $0 }
  }

  /// A space between two words where a folded line may end.
  private static func fold(in text: String) -> String.Index? {
    guard text.first != " ", text.first != "\t", text.last != " " else { return nil }
    return text.indices.first { index in
      guard text[index] == " ", index > text.startIndex else { return false }
      let (before, after) = (text[text.index(before: index)], text[text.index(after: index)])
      return !before.isWhitespace && !after.isWhitespace
    }
  }

  /// What surely is a plain scalar of that text, in flow style too, and for a key of any type.
  private static func canBePlain(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first, isWord(first), text.last != " ",
      !["null", "true", "false"].contains(text)
    else { return false }
    return text.unicodeScalars.allSatisfy {
      isWord($0) || $0 == " " || "-._/=+$'\"".unicodeScalars.contains($0)
    }
  }

  private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "\u{C0}"..."\u{1FFF}", "\u{3041}"..."\u{D7FF}",
      "\u{1F300}"..."\u{1F6FF}":
      true
    default: false
    }
  }

  /// Whether it has only characters that stay as they are outside of escapes, on one line.
  private static func isPrintable(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { $0.value != 0x0A && isPrintable($0) }
  }

  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20..<0x7F, 0xA0..<0x2028, 0x202A..<0xFEFF, 0xFF00..<0xFFFE, 0x10000...: true
    default: false
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      if scalar == "\"" || scalar == "\\" {
        result += "\\"
        result.unicodeScalars.append(scalar)
      } else if isPrintable(scalar) {
        result.unicodeScalars.append(scalar)
      } else {
        let digits = String(scalar.value, radix: 16)
        result += "\\U" + String(repeating: "0", count: 8 - digits.utf8.count) + digits
      }
    }
    return result + "\""
  }
}
