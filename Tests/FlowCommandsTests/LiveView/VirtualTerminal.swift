/// A terminal as far as a screen uses one. It wraps long lines, scrolls, and, where it is made
/// narrower or wider, wraps what it shows anew, as terminals do.
struct VirtualTerminal {
  /// One for each line feed: what has wrapped is still one line.
  private var lines: [[Character]] = [[]]
  private var line = 0
  private var column = 0
  private(set) var columns: Int
  private(set) var rowCount: Int
  /// Lines before this one are out of sight.
  private var top = 0
  /// Sequences that it does not know.
  private(set) var unknown: [String] = []

  init(columns: Int, rows: Int) {
    self.columns = columns
    rowCount = rows
  }

  mutating func resize(columns: Int) {
    precondition(column == 0, "a cursor within a line moves when the line wraps anew")
    self.columns = columns
  }

  /// - Parameter showsAgain: whether a terminal that becomes higher shows lines again that are out of
  ///   sight.
  mutating func resize(rows: Int, showingAgain showsAgain: Bool = true) {
    rowCount = rows
    let lowest = max(0, line - (rows - 1))
    top = showsAgain ? lowest : max(top, lowest)
  }

  /// The lines in sight, without blank ones at the end.
  var visible: [String] {
    var lines = lines[top...].map { String($0) }
    while lines.last == "" { lines.removeLast() }
    return lines
  }

  /// All rows, those that have scrolled out of sight included, without blanks at their ends.
  var rows: [String] {
    var rows = lines.flatMap(wrapped).map { row in
      String(String(row.reversed().drop { $0 == " " }).reversed())
    }
    while rows.last == "" { rows.removeLast() }
    return rows
  }

  var cursorIsAtTheStartOfALine: Bool { column == 0 }

  private func wrapped(_ line: [Character]) -> [[Character]] {
    if line.isEmpty { return [[]] }
    return stride(from: 0, to: line.count, by: columns).map {
      Array(line[$0..<min($0 + columns, line.count)])
    }
  }

  mutating func write(_ text: String) {
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      switch scalar {
      case "\r": column = 0
      case "\n": lineFeed()
      case "\u{1B}":
        precondition(rest.popFirst() == "[", "only control sequences are known")
        let parameters = rest.prefix { !("\u{40}"..."\u{7E}").contains($0) }
        rest = rest.dropFirst(parameters.count)
        guard let final = rest.popFirst() else { preconditionFailure("a sequence has no end") }
        obey(String(parameters), final)
      default: put(Character(scalar))
      }
    }
  }

  private mutating func put(_ character: Character) {
    while lines[line].count <= column { lines[line].append(" ") }
    lines[line][column] = character
    column += 1
  }

  private mutating func lineFeed() {
    line += 1
    if line == lines.count { lines.append([]) }
    top = max(top, line - (rowCount - 1))
  }

  private mutating func obey(_ parameters: String, _ final: Unicode.Scalar) {
    switch final {
    case "A": up(Int(parameters) ?? 1)
    case "B": down(Int(parameters) ?? 1)
    case "J":
      eraseLine()
      lines.removeSubrange((line + 1)...)
    case "K": eraseLine()
    case "m": break
    case "h" where parameters == "?2026", "l" where parameters == "?2026": break
    default: unknown.append(parameters + String(final))
    }
  }

  /// By rows, and no further than to the top of what is in sight.
  private mutating func up(_ count: Int) {
    var left = min(count, rowCount - 1)
    while left > 0, line > top {
      line -= 1
      left -= wrapped(lines[line]).count
    }
  }

  /// No further than to the last row.
  private mutating func down(_ count: Int) {
    line = min(line + count, top + rowCount - 1)
    while lines.count <= line { lines.append([]) }
  }

  /// Of a line that has wrapped, this row: the others are lines of their own from then on.
  private mutating func eraseLine() {
    let others = wrapped(lines[line]).dropFirst()
    lines[line].removeSubrange(min(column, lines[line].count)...)
    lines.insert(contentsOf: others, at: line + 1)
  }
}
