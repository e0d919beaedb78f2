/// How many columns of a terminal a text takes.
///
/// Terminals do not agree on everything. Where they differ, the larger number counts: a line that is
/// a column short does no harm, and one that is too long wraps and breaks what is drawn below it.
package enum DisplayWidth {
  package static func of(_ text: String) -> Int {
    if isNarrow(text) { return text.utf8.count }
    return text.unicodeScalars.reduce(0) { $0 + of($1) }
  }

  /// 0, 1 or 2. Control characters count as one; `TerminalText` makes them visible before.
  package static func of(_ scalar: Unicode.Scalar) -> Int {
    let value = scalar.value
    if value < 0x300 { return 1 }
    if isWide(value) || scalar.properties.isEmojiPresentation { return 2 }
    // A selector that turns a narrow symbol into an emoji, which is wide.
    if value == 0xFE0F { return 1 }
    if (0x200B...0x200D).contains(value) { return 0 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark: return 0
    default: return 1
    }
  }

  /// The text if it takes no more than `columns`, else its beginning and `…`.
  package static func cut(_ text: String, to columns: Int) -> String {
    if of(text) <= columns { return text }
    if columns <= 0 { return "" }
    var result = ""
    var left = columns - 1
    for scalar in text.unicodeScalars {
      left -= of(scalar)
      if left < 0 { break }
      result.unicodeScalars.append(scalar)
    }
    return result + "…"
  }

  private static func isNarrow(_ text: String) -> Bool { text.utf8.allSatisfy { $0 < 0x80 } }

  /// East Asian Width W and F (UAX #11, Unicode 15), in whole blocks where nearly all of one is
  /// wide. Emoji are left to the property.
  private static func isWide(_ value: UInt32) -> Bool {
    if value < 0x1100 { return false }
    switch value {
    case 0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF,
      0x4E00...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19,
      0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF,
      0x1F200...0x1F2FF, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF,
      0x1FA70...0x1FAFF, 0x20000...0x3FFFD:
      return true
    default: return false
    }
  }
}
