import FlowText

/// The meaning of a part of a line. Colour shows it where there is colour, and never alone.
package enum Tone: Sendable {
  case plain
  case strong
  case faint
  case good
  case bad
  case attention

  /// Select Graphic Rendition (ECMA-48 8.3.117); nil where nothing is selected.
  fileprivate var parameter: Int? {
    switch self {
    case .plain: nil
    case .strong: 1
    case .faint: 2
    case .bad: 31
    case .good: 32
    case .attention: 33
    }
  }
}

/// A line for a terminal: parts of text, each with its tone. It holds no control characters.
package struct StyledText: Equatable, Sendable {
  private struct Part: Equatable, Sendable {
    var text: String
    var tone: Tone
  }

  private var parts: [Part] = []
  /// In columns.
  package private(set) var width = 0

  package init(_ text: String = "", _ tone: Tone = .plain) {
    append(text, tone)
  }

  /// - Parameter text: without control characters; foreign text is escaped before.
  package mutating func append(_ text: String, _ tone: Tone = .plain) {
    if text.isEmpty { return }
    parts.append(Part(text: text, tone: tone))
    width += DisplayWidth.of(text)
  }

  mutating func append(_ other: StyledText) {
    parts += other.parts
    width += other.width
  }

  /// Fills up with blanks.
  mutating func pad(to columns: Int) {
    if width < columns { append(String(repeating: " ", count: columns - width)) }
  }

  /// The line if it takes no more than `columns`, else its beginning and `…`.
  func cut(to columns: Int) -> StyledText {
    if width <= columns { return self }
    var result = StyledText()
    for part in parts where result.width < columns {
      let isLast = result.width + DisplayWidth.of(part.text) >= columns
      // Where a part just fits and more follows, the cut must still be visible.
      let text =
        isLast ? DisplayWidth.cut(part.text + "  ", to: columns - result.width) : part.text
      result.append(text, part.tone)
    }
    return result
  }

  package var plain: String { parts.map(\.text).joined() }

  /// As it is sent to a terminal.
  func rendered(inColour: Bool) -> String {
    if !inColour { return plain }
    return parts.map { part in
      part.tone.parameter.map { "\u{1B}[\($0)m\(part.text)\u{1B}[0m" } ?? part.text
    }.joined()
  }
}
