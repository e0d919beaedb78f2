import FlowText

/// The output of commands on its way to a terminal: lines and tabs stay, every other control
/// character, and every byte that is not UTF-8, is escaped.
///
/// Output comes in pieces that may end within a character, so the rest of a piece waits for the
/// next one.
package struct OutputEscaper {
  /// The beginning of a character: at most three bytes.
  private var pending: [UInt8] = []

  package init() {}

  /// The escaped form of the next piece.
  package mutating func escape(_ piece: [UInt8]) -> String {
    let bytes = pending + piece
    let complete = bytes.count - Self.unfinishedLength(bytes)
    pending = Array(bytes[complete...])
    return Self.escape(complete: bytes[..<complete])
  }

  /// The escaped rest after the last piece.
  package mutating func finish() -> String {
    defer { pending = [] }
    return Self.escape(complete: pending[...])
  }

  private static func escape(complete bytes: ArraySlice<UInt8>) -> String {
    var result = ""
    var rest = bytes
    var decoder = Unicode.UTF8.ForwardParser()
    var source = bytes.makeIterator()
    while true {
      switch decoder.parseScalar(from: &source) {
      case .valid(let encoded):
        let scalar = Unicode.UTF8.decode(encoded)
        if scalar != "\n" && scalar != "\t" && TerminalText.controls(scalar) {
          result += TerminalText.escape(scalar)
        } else {
          result.unicodeScalars.append(scalar)
        }
        rest.removeFirst(encoded.count)
      case .error(let length):
        for byte in rest.prefix(length) { result += escape(byte) }
        rest.removeFirst(length)
      case .emptyInput: return result
      }
    }
  }

  private static func escape(_ byte: UInt8) -> String {
    "\\x" + (byte < 0x10 ? "0" : "") + String(byte, radix: 16, uppercase: true)
  }

  /// How many bytes at the end begin a character whose rest is missing.
  private static func unfinishedLength(_ bytes: [UInt8]) -> Int {
    for back in 1...3 where back <= bytes.count {
      let byte = bytes[bytes.count - back]
      if byte & 0xC0 == 0x80 { continue }
      let length =
        switch byte {
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: 1
        }
      return length > back ? back : 0
    }
    return 0
  }
}
