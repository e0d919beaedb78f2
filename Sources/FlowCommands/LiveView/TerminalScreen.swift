/// Draws frames below the text of a terminal: each over the one before, line by line, and only what
/// differs. Text printed above a frame stays and scrolls as usual.
///
/// A frame is one write, a synchronized update (private mode 2026) for terminals that support it.
/// No mode is set that would have to be reset: a process that is killed leaves its last frame, and
/// the cursor below it at the beginning of a line.
package struct TerminalScreen: Sendable {
  private let inColour: Bool
  private var frame: [Line] = []
  private var columns = 0

  private struct Line: Equatable {
    let text: String
    let width: Int
  }

  package init(inColour: Bool) {
    self.inColour = inColour
  }

  /// How many lines the last frame has.
  package var rowCount: Int { frame.count }

  /// Draws a frame.
  ///
  /// - Parameters:
  ///   - lines: each at least one column narrower than the terminal, since terminals disagree on
  ///     where a cursor after the last column is. Fewer than the terminal has rows.
  ///   - above: lines of any width that stay above all frames.
  ///   - columns: of the terminal, now.
  /// - Returns: the text to send.
  package mutating func draw(
    _ lines: [StyledText], below above: [StyledText] = [], columns: Int
  ) -> String {
    let new = lines.map { Line(text: $0.rendered(inColour: inColour), width: $0.width) }
    let startsOver = columns != self.columns || !above.isEmpty
    if !startsOver && new == frame { return "" }
    var output = Self.begin + toTop(columns)
    if startsOver { output += Self.eraseBelow }
    for line in above { output += line.rendered(inColour: inColour) + Self.newLine }
    for (index, line) in new.enumerated() {
      let isThere = !startsOver && index < frame.count && frame[index] == line
      // Everything below the last line of the old frame is blank.
      let ending = startsOver ? Self.newLine : Self.eraseLine + Self.newLine
      output += isThere ? Self.newLine : line.text + ending
    }
    if !startsOver { output += Self.eraseBelow }
    frame = new
    self.columns = columns
    return output + Self.end
  }

  /// Erases the frame, so that other text can be written in its place.
  ///
  /// - Returns: the text to send.
  package mutating func erase(columns: Int) -> String {
    if frame.isEmpty { return "" }
    defer { forget() }
    return toTop(columns) + Self.eraseBelow
  }

  /// Other programs have written since: the next frame is drawn where the cursor is.
  package mutating func forget() {
    frame = []
    columns = 0
  }

  private func toTop(_ columns: Int) -> String {
    // A terminal that became narrower has wrapped the lines of the frame.
    let rows = frame.reduce(0) { $0 + max(1, ($1.width + columns - 1) / max(columns, 1)) }
    return rows == 0 ? "\r" : "\r\u{1B}[\(rows)A"
  }

  private static let begin = "\u{1B}[?2026h"
  private static let end = "\u{1B}[?2026l"
  private static let newLine = "\r\n"
  private static let eraseLine = "\u{1B}[K"
  private static let eraseBelow = "\u{1B}[J"
}
