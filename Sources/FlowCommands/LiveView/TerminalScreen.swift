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
  private var rows = 0
  /// The widths of lines of earlier frames that scrolled out of sight when the terminal became
  /// smaller, right above the frame. A terminal that becomes larger shows them again.
  private var scrolled: [Int] = []

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
  ///   - columns: of the terminal, now; `rows` too.
  /// - Returns: the text to send.
  package mutating func draw(
    _ lines: [StyledText], below above: [StyledText] = [], columns: Int, rows: Int
  ) -> String {
    let new = lines.map { Line(text: $0.rendered(inColour: inColour), width: $0.width) }
    let isResized = columns != self.columns || rows != self.rows
    let startsOver = isResized || !above.isEmpty
    if !startsOver && new == frame { return "" }
    var output = Self.begin
    if startsOver {
      output += cleared(columns, rows)
      if isResized { noteScrolled(columns, rows) }
      // Now other lines are between those and the frame.
      if !above.isEmpty { scrolled = [] }
    } else {
      output += Self.top(rowsAbove: Self.rowCount(frame.map(\.width), columns))
    }
    for line in above { output += line.rendered(inColour: inColour) + Self.newLine }
    for (index, line) in new.enumerated() {
      let isThere = !startsOver && index < frame.count && frame[index] == line
      // Everything below the last line of the old frame is blank.
      let ending = startsOver ? Self.newLine : Self.eraseLine + Self.newLine
      output += isThere ? Self.newLine : line.text + ending
    }
    // Not at the top of the screen, where some terminals (tmux) keep in their history what they
    // erase so.
    if !startsOver || !new.isEmpty { output += Self.eraseBelow }
    frame = new
    self.columns = columns
    self.rows = rows
    return output + Self.end
  }

  /// Erases the frame, so that other text can be written in its place.
  ///
  /// - Returns: the text to send.
  package mutating func erase(columns: Int, rows: Int) -> String {
    if frame.isEmpty { return "" }
    defer { forget() }
    return cleared(columns, rows)
  }

  /// Other programs have written since: the next frame is drawn where the cursor is.
  package mutating func forget() {
    frame = []
    (columns, rows) = (0, 0)
    scrolled = []
  }

  /// Erases the frame, line by line, and what a larger terminal shows again of earlier ones; the
  /// cursor is then where it began. Where the terminal does not show that, the frame is at the top of
  /// the screen, and the cursor does not get any higher.
  private func cleared(_ columns: Int, _ rows: Int) -> String {
    let count = min(Self.rowCount(scrolled + frame.map(\.width), columns), max(0, rows - 1))
    let top = Self.top(rowsAbove: count)
    if count == 0 { return top }
    let lines = String(repeating: Self.eraseLine + Self.down, count: count)
    return top + lines + top
  }

  /// Takes note of the lines of the frame that a terminal of this size has no rows for.
  private mutating func noteScrolled(_ columns: Int, _ rows: Int) {
    if columns != self.columns {
      scrolled = []
    } else {
      // What is in sight again was erased.
      scrolled.removeLast(min(scrolled.count, max(0, rows - self.rows)))
    }
    var excess = Self.rowCount(frame.map(\.width), columns) - max(0, rows - 1)
    for line in frame where excess > 0 {
      scrolled.append(line.width)
      excess -= Self.rowCount([line.width], columns)
    }
  }

  /// How many rows lines take: a terminal that became narrower has wrapped them.
  private static func rowCount(_ widths: [Int], _ columns: Int) -> Int {
    widths.reduce(0) { $0 + max(1, ($1 + columns - 1) / max(columns, 1)) }
  }

  private static func top(rowsAbove count: Int) -> String {
    count == 0 ? "\r" : "\r\u{1B}[\(count)A"
  }

  private static let begin = "\u{1B}[?2026h"
  private static let end = "\u{1B}[?2026l"
  private static let newLine = "\r\n"
  private static let eraseLine = "\u{1B}[K"
  private static let down = "\u{1B}[B"
  private static let eraseBelow = "\u{1B}[J"
}
