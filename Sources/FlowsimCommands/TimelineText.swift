import FlowCommandLine
import FlowCore
import FlowSimulation
import FlowText

/// A timeline in columns: the time, durable events, the storage, and processes. Lines about the
/// whole world go across.
struct TimelineText {
  /// Where the columns begin.
  private static let columns: [(lane: Trace.Lane, column: Int)] = [
    (.world, 12), (.engine, 12), (.storage, 52), (.processes, 76),
  ]
  /// How long a row of operations of the storage may be: it may reach into the next column.
  private static let longestRow = 46

  static let heading =
    row("seconds", at: .engine, "engine: durable events", "storage", "processes")

  /// - Parameter longest: how many rows are shown at most: the last ones.
  static func of(_ lines: [Trace.Line], longest: Int = .max) -> String {
    let rows = merged(lines)
    let hidden = max(0, rows.count - longest)
    var text = heading + "\n"
    if hidden > 0 { text += "… \(hidden) rows before\n" }
    for line in rows.dropFirst(hidden) { text += row(line) + "\n" }
    return text
  }

  /// Operations of the storage at the same time share a row, as far as they fit.
  private static func merged(_ lines: [Trace.Line]) -> [Trace.Line] {
    var rows: [Trace.Line] = []
    for line in lines {
      if isOperation(line), let last = rows.last, last.lane == .storage, last.time == line.time,
        last.text.utf8.count + line.text.utf8.count < longestRow
      {
        rows[rows.count - 1] = Trace.Line(
          time: last.time, lane: .storage, text: "\(last.text), \(line.text)")
      } else {
        rows.append(line)
      }
    }
    return rows
  }

  /// An operation is one word; other lines of the storage have several.
  private static func isOperation(_ line: Trace.Line) -> Bool {
    line.lane == .storage && !line.text.contains(" ")
  }

  private static func row(_ line: Trace.Line) -> String {
    let text = TerminalText.escaped(line.text)
    switch line.lane {
    case .world: return row(seconds(line.time), at: .world, "── \(text)")
    case .engine: return row(seconds(line.time), at: .engine, text)
    case .storage: return row(seconds(line.time), at: .storage, text)
    case .processes: return row(seconds(line.time), at: .processes, text)
    }
  }

  /// - Parameter texts: one for the lane, and for those to the right of it.
  private static func row(
    _ seconds: String, at lane: Trace.Lane, _ texts: String...
  ) -> String {
    let first = columns.firstIndex { $0.lane == lane } ?? 0
    var row = padded(seconds, atStart: 10)
    for (text, column) in zip(texts, columns[first...]) {
      row += String(repeating: " ", count: max(1, column.column - row.count)) + text
    }
    return row
  }

  static func seconds(_ time: Instant) -> String {
    let fraction = String(1_000_000 + time.microseconds % 1_000_000).dropFirst()
    return "\(time.microseconds / 1_000_000).\(fraction)"
  }

  private static func padded(_ text: String, atStart width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.utf8.count)) + text
  }

  /// The same for programs, a line each.
  static func json(_ lines: [Trace.Line]) -> String {
    var writer = JSONWriter()
    for line in lines {
      writer.object { writer in
        writer.member("timeUs", line.time.microseconds)
        writer.member("lane", line.lane.rawValue)
        writer.member("text", line.text)
      }
      writer.endLine()
    }
    return writer.take()
  }
}
