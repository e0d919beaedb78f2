import FlowCommandLine
import FlowText

/// Text for XML 1.0: markup becomes a reference, and characters that XML cannot hold (most control
/// characters, even as references) become visible.
enum XMLText {
  /// For content and for attributes in double quotes.
  static func escaped(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;".unicodeScalars
      case "<": result += "&lt;".unicodeScalars
      case ">": result += "&gt;".unicodeScalars
      case "\"": result += "&quot;".unicodeScalars
      // As references: within an attribute a parser would read them as blanks.
      case "\n": result += "&#10;".unicodeScalars
      case "\t": result += "&#9;".unicodeScalars
      default:
        if isAllowed(scalar) {
          result.append(scalar)
        } else {
          result += TerminalText.escape(scalar).unicodeScalars
        }
      }
    }
    return String(result)
  }

  /// Lines stay lines.
  static func content(_ text: String) -> String {
    text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map {
      escaped(String($0))
    }
    .joined(separator: "\n")
  }

  /// Output of a command: bytes that are no UTF-8 become visible too.
  static func content(_ bytes: [UInt8]) -> String {
    var escaper = OutputEscaper()
    return content(escaper.escape(bytes) + escaper.finish())
  }

  /// `Char` of XML 1.0, 2.2, without what a terminal would take for more than a character.
  private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0xFFFE, 0xFFFF: false
    default: !TerminalText.controls(scalar)
    }
  }
}
