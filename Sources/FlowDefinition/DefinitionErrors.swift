import FlowText

/// One thing that is wrong with a definition file.
package struct DefinitionError: Hashable, Sendable {
  /// The file as its reader was given it.
  package let file: String
  package let position: TextPosition
  /// Where in the JSON, such as `steps[3].retry.maxAttempts`; empty for the file as a whole.
  package let path: String
  /// What is wrong, and what would be right. One line, with nothing in it that a terminal obeys.
  package let message: String
}

extension DefinitionError: CustomStringConvertible {
  /// `file:line:column: path: message`; without a path, `file:line:column: message`.
  package var description: String {
    let place = "\(TerminalText.escaped(file)):\(position)"
    return path.isEmpty ? "\(place): \(message)" : "\(place): \(path): \(message)"
  }
}

/// Everything that is wrong with a definition file, in the order of the file.
package struct DefinitionErrors: Error, Hashable, Sendable {
  /// How many errors are kept with their text. A file can hold millions; nobody reads them.
  package static let limit = 100

  /// At least one, at most `limit`.
  package let errors: [DefinitionError]
  /// How many further errors were found, all of them behind those in `errors`.
  package let omittedCount: Int
}

extension DefinitionErrors: CustomStringConvertible {
  /// One error a line, and `and N more errors` where some were omitted; no newline at the end.
  package var description: String {
    var lines = errors.map(\.description)
    if omittedCount > 0 {
      lines.append("and \(omittedCount) more error\(omittedCount == 1 ? "" : "s")")
    }
    return lines.joined(separator: "\n")
  }
}
