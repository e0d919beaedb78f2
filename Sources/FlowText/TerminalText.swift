// FlowText is text between people and programs: foreign text made safe for terminals, its width in columns,
// and suggestions for misspelled names.
//
// It imports nothing and knows nothing of workflows.
//
// Invariant: escaped text contains nothing that moves a cursor, changes colours or the title, or reorders
// what is shown.

/// Escapes untrusted text for terminals and logs: control sequences that would move the cursor,
/// colour, retitle or reorder become visible.
package enum TerminalText {
  /// The text on one line. Control characters become `\n`, `\r`, `\t` or `\u{1B}`, and bytes that are
  /// not UTF-8 (`RawText`) `\xE9`. A backslash
  /// is not doubled, so that paths can be copied: the text is safe to print, but not reversible.
  package static func escaped(_ text: String) -> String {
    // Nearly all text needs no escaping, and then takes one pass over its bytes.
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if controls(scalar) { result += escape(scalar) } else { result.unicodeScalars.append(scalar) }
    }
    return result
  }

  /// The same between double quotes, for paths and commands in messages.
  package static func quoted(_ text: String) -> String {
    "\"\(escaped(text))\""
  }

  /// The same, cut after `longest` scalars.
  package static func quoted(_ text: String, longest: Int) -> String {
    let scalars = text.unicodeScalars
    guard
      let end = scalars.index(scalars.startIndex, offsetBy: longest, limitedBy: scalars.endIndex),
      end < scalars.endIndex
    else { return quoted(text) }
    return "\"\(escaped(String(scalars[..<end])))…\""
  }

  /// Whether a terminal, or the reader's eye, may take a scalar for more than a character: C0, DEL
  /// and C1 (ECMA-48), line and paragraph separators, the bidirectional controls (UAX #9), and
  /// bytes that are not UTF-8.
  package static func controls(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x00...0x1F, 0x7F...0x9F: true
    case 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
    default: RawText.byte(of: scalar) != nil
    }
  }

  package static func escape(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": "\\n"
    case "\r": "\\r"
    case "\t": "\\t"
    default:
      if let byte = RawText.byte(of: scalar) {
        "\\x\(String(byte, radix: 16, uppercase: true))"
      } else {
        "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
      }
    }
  }
}
