import FlowText

/// The end of a command's output, made fit for a terminal.
package enum OutputTail {
  /// How many bytes at the end of a file are searched for its last line.
  static let lastLineByteCount = 4_096
  /// The same for its last lines.
  static let lastLinesByteCount = 32_768
  /// Longer lines are cut.
  private static let longestLine = 400

  /// The last line that is not blank; empty where there is none.
  package static func lastLine(of bytes: [UInt8]) -> String {
    for line in bytes.split(separator: UInt8(ascii: "\n")).reversed() {
      let text = shown(line)
      if !text.isEmpty { return text }
    }
    return ""
  }

  /// The last lines, at most `count`, without blank ones at the end.
  ///
  /// - Parameter isWhole: whether `bytes` is the whole output. Otherwise the first line may be
  ///   incomplete and is left out, unless it is the only one.
  package static func lastLines(of bytes: [UInt8], _ count: Int, isWhole: Bool) -> [String] {
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if !isWhole && lines.count > 1 { lines.removeFirst() }
    while let last = lines.last, shown(last).isEmpty { lines.removeLast() }
    return lines.suffix(count).map { DisplayWidth.cut(shown($0), to: longestLine) }
  }

  /// The line as a terminal would end up showing it: the last state of a progress bar. Colours are
  /// dropped, and all other control characters become visible.
  private static func shown(_ line: ArraySlice<UInt8>) -> String {
    let states = line.split(separator: UInt8(ascii: "\r"))
    let last = states.last { !$0.allSatisfy { $0 == UInt8(ascii: " ") } } ?? []
    // A piece of a file may begin within a character.
    let bytes = last.drop { $0 & 0xC0 == 0x80 }
    let text = withoutControlSequences(String(decoding: bytes, as: UTF8.self))
    var end = text.endIndex
    while end > text.startIndex {
      let before = text.index(before: end)
      guard text[before] == " " || text[before] == "\t" else { break }
      end = before
    }
    let scalars = text[..<end].unicodeScalars
    var result = ""
    for scalar in scalars {
      if scalar == "\t" {
        result += "  "
      } else if TerminalText.controls(scalar) {
        result += TerminalText.escape(scalar)
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// Drops whole control sequences (ECMA-48 5.4), with which commands colour what they print:
  /// `ESC [`, parameters, intermediates, and a final character.
  private static func withoutControlSequences(_ text: String) -> String {
    guard text.utf8.contains(0x1B) else { return text }
    var result = String.UnicodeScalarView()
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      if scalar == "\u{1B}", rest.first == "[" {
        let behind = rest.dropFirst().drop { ("\u{20}"..."\u{3F}").contains($0) }
        if let final = behind.first, ("\u{40}"..."\u{7E}").contains(final) {
          rest = behind.dropFirst()
          continue
        }
      }
      result.append(scalar)
    }
    return String(result)
  }
}
