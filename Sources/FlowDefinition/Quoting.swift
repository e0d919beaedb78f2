import FlowText

/// Shows text of the file in messages. Nothing that a terminal would obey gets through.
enum Quoting {
  /// How many scalars of a text are shown.
  static let shownLength = 80

  /// The text in double quotes, cut after `shownLength` scalars.
  static func quoted(_ text: String) -> String {
    TerminalText.quoted(text, longest: shownLength)
  }

  static func hexadecimal(_ value: UInt32) -> String {
    String(value, radix: 16, uppercase: true)
  }
}
