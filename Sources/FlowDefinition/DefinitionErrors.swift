import FlowText

/// One error in a definition file.
package struct DefinitionError: Hashable, Sendable {
  /// The file as its reader was given it.
  package let file: String
  package let position: TextPosition
  /// Where in the file's values, such as `steps[3].retry.maxAttempts`; empty for the file as a whole.
  package let path: String
  /// The error and the fix. One line, without control characters.
  package let message: String
}

extension DefinitionError: CustomStringConvertible {
  /// `file:line:column: path: message`; without a path, `file:line:column: message`.
  package var description: String {
    let place = "\(TerminalText.escaped(file)):\(position)"
    return path.isEmpty ? "\(place): \(message)" : "\(place): \(path): \(message)"
  }
}

/// All errors in a definition file, in the order of the file.
package struct DefinitionErrors: Error, Hashable, Sendable {
  /// How many errors are kept with their text, of the millions that a file can have.
  package static let limit = 100

  /// At least one, at most `limit`.
  package let errors: [DefinitionError]
  /// How many further errors were found, all after those in `errors`.
  package let omittedCount: Int
}

extension DefinitionErrors {
  /// Those of several files, in that order.
  init(_ files: [DefinitionErrors]) {
    let all = files.flatMap(\.errors)
    errors = Array(all.prefix(Self.limit))
    omittedCount =
      all.count - errors.count + files.reduce(0) { $0 + $1.omittedCount }
  }
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
