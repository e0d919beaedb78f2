/// A terminal as far as a screen uses one. It wraps long lines, scrolls, and, where it is made
/// narrower or wider, wraps what it shows anew, as terminals do.
struct VirtualTerminal {
  /// One for each line feed: what has wrapped is still one line.
  private var lines: [[Character]] = [[]]
  private var line = 0
  private var column = 0
  private(set) var columns: Int
  let rowCount: Int
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
  }

  private mutating func obey(_ parameters: String, _ final: Unicode.Scalar) {
    switch final {
    case "A": up(Int(parameters) ?? 1)
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
    while left > 0, line > 0 {
      line -= 1
      left -= wrapped(lines[line]).count
    }
  }

  private mutating func eraseLine() {
    lines[line].removeSubrange(min(column, lines[line].count)...)
  }
}
