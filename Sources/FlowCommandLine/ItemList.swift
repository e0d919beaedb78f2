import FlowText

/// Some of many names, for messages.
package enum ItemList {
  private static let most = 3

  /// `a, b, c and 57 more`, or `none`.
  package static func text(_ names: [String]) -> String {
    if names.isEmpty { return "none" }
    let shown = names.prefix(most).map { TerminalText.escaped($0) }.joined(separator: ", ")
    return shown + (names.count > most ? " and \(names.count - most) more" : "")
  }
}
