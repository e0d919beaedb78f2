/// Shows text of the file in messages. Nothing that a terminal would obey gets through.
enum Quoting {
  /// How many scalars of a text are shown.
  static let shownLength = 80

  /// The text in double quotes, cut after `shownLength` scalars.
  static func quoted(_ text: String) -> String {
    let scalars = text.unicodeScalars
    guard
      let end = scalars.index(
        scalars.startIndex, offsetBy: shownLength, limitedBy: scalars.endIndex),
      end < scalars.endIndex
    else { return "\"\(escaped(text))\"" }
    return "\"\(escaped(String(scalars[..<end])))…\""
  }

  /// The text with control and formatting characters as `\u{…}`.
  static func escaped(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: mustEscape) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if mustEscape(scalar) {
        result += "\\u{\(hexadecimal(scalar.value))}"
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  static func hexadecimal(_ value: UInt32) -> String {
    String(value, radix: 16, uppercase: true)
  }

  private static func mustEscape(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: return true
    default: return false
    }
  }
}
