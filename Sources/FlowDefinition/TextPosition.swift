/// A place in a text, as editors count it.
package struct TextPosition: Hashable, Sendable, CustomStringConvertible {
  /// From 1; lines end with a line feed.
  package let line: Int
  /// From 1, in Unicode scalars of the line: a tab is one, and a byte order mark is none.
  package let column: Int

  package var description: String { "\(line):\(column)" }

  /// Finds the positions of byte offsets in one pass over the text, so that many errors in one long
  /// line cost no more than one.
  static func positions(of offsets: [Int], in bytes: [UInt8]) -> [Int: TextPosition] {
    var positions: [Int: TextPosition] = [:]
    var line = 1
    var column = 1
    var reached = JSONScanner.byteOrderMarkLength(in: bytes)
    for offset in offsets.sorted() {
      while reached < offset && reached < bytes.count {
        let byte = bytes[reached]
        if byte == UInt8(ascii: "\n") {
          line += 1
          column = 1
        } else if byte & 0b1100_0000 != 0b1000_0000 {
          column += 1
        }
        reached += 1
      }
      positions[offset] = TextPosition(line: line, column: column)
    }
    return positions
  }
}
