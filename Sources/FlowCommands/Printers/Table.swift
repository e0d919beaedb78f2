/// Columns of text, two spaces apart, each as wide as its widest cell.
struct Table {
  let header: [String]
  let rowCount: Int
  /// Called twice for each row, to measure and to print, so that no table is held in memory.
  let row: (Int) -> [String]

  func print(to output: inout some TextOutputStream) {
    var widths = header.map(\.count)
    for index in 0..<rowCount {
      for (column, cell) in row(index).enumerated() {
        widths[column] = max(widths[column], cell.count)
      }
    }
    output.write(Self.line(header, widths))
    for index in 0..<rowCount { output.write(Self.line(row(index), widths)) }
  }

  /// Empty cells at the end leave no blanks.
  private static func line(_ cells: [String], _ widths: [Int]) -> String {
    var line = ""
    var blanks = 0
    for (column, cell) in cells.enumerated() {
      let width = cell.count
      if width > 0 {
        line += String(repeating: " ", count: blanks)
        line += cell
        blanks = 0
      }
      blanks += widths[column] - width + 2
    }
    return line + "\n"
  }
}
