/// Draws frames at the end of what a terminal shows: each over the one before, line by line, and
/// only what differs. What is printed above stays there and scrolls as usual.
///
/// A frame goes out in one piece, as a synchronized update (private mode 2026) for terminals that
/// know of it. Nothing is switched that would have to be switched back: a process that is killed
/// leaves its last frame, and a cursor below it at the beginning of a line.
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

  /// What to send for a frame.
  ///
  /// - Parameters:
  ///   - lines: none wider than the terminal has columns, less one: a cursor that stands behind the
  ///     last column is not where every terminal thinks it is. Fewer than the terminal has rows.
  ///   - above: lines of any width that are to stay above all frames.
  ///   - columns: of the terminal, now.
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
      // What is below the last line of the old frame is blank.
      let ending = startsOver ? Self.newLine : Self.eraseLine + Self.newLine
      output += isThere ? Self.newLine : line.text + ending
    }
    if !startsOver { output += Self.eraseBelow }
    frame = new
    self.columns = columns
    return output + Self.end
  }

  /// What to send so that the frame is gone, and others can write where it was.
  package mutating func erase(columns: Int) -> String {
    if frame.isEmpty { return "" }
    defer { forget() }
    return toTop(columns) + Self.eraseBelow
  }

  /// Others have written since: the next frame is drawn where the cursor is.
  package mutating func forget() {
    frame = []
    columns = 0
  }

  private func toTop(_ columns: Int) -> String {
    // A terminal that has become narrower has wrapped the lines that it shows.
    let rows = frame.reduce(0) { $0 + max(1, ($1.width + columns - 1) / max(columns, 1)) }
    return rows == 0 ? "\r" : "\r\u{1B}[\(rows)A"
  }

  private static let begin = "\u{1B}[?2026h"
  private static let end = "\u{1B}[?2026l"
  private static let newLine = "\r\n"
  private static let eraseLine = "\u{1B}[K"
  private static let eraseBelow = "\u{1B}[J"
}
