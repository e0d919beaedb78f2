package import FlowCore

/// Reads files of variables (`envFiles`), as systemd reads an `EnvironmentFile` (systemd.exec(5)).
///
/// A line is `NAME=value`. Space around the name and the value is dropped. Lines that begin with `#` or `;` are
/// comments. A value may begin with parts in quotes, which may contain ends of lines: in `'…'` nothing
/// is special, in `"…"` a backslash makes `"`, `\`, `` ` `` and `$` ordinary. Outside of quotes a backslash makes any
/// character ordinary. A backslash at the end of a line joins it with the next, except in `'…'`. Nothing is expanded.
///
/// Where systemd ignores a line, this reports it: all errors at once. No message contains text of the
/// file, which holds secrets.
package enum VariableFileParser {
  /// - Parameter file: the name of the file in messages.
  /// - Returns: the variables in the order of the file; of those with the same name the last one counts.
  package static func parse(
    _ bytes: [UInt8], file: String
  ) throws(DefinitionErrors) -> [EnvironmentVariable] {
    var reader = VariableFileReader(bytes)
    reader.read()
    if let errors = reader.diagnostics.errors(in: bytes, file: file) { throw errors }
    return reader.variables
  }
}

private struct VariableFileReader {
  private let bytes: [UInt8]
  private var position: Int
  private(set) var variables: [EnvironmentVariable] = []
  var diagnostics = DiagnosticCollector()

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    position = JSONScanner.byteOrderMarkLength(in: bytes)
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func report(at offset: Int, _ message: String) {
    guard diagnostics.wants(offset) else { return }
    diagnostics.keep(.init(offset: offset, path: "", message: message))
  }

  mutating func read() {
    if let zero = bytes.firstIndex(of: 0) {
      report(at: zero, "NUL is not allowed: no program can be given one")
    }
    while let byte = next {
      switch byte {
      case _ where Self.isSpace(byte) || Self.isLineEnd(byte): position += 1
      case UInt8(ascii: "#"), UInt8(ascii: ";"): skipLine()
      default: readVariable()
      }
    }
  }

  private mutating func skipLine() {
    while let byte = next, !Self.isLineEnd(byte) { position += 1 }
  }

  private mutating func readVariable() {
    let start = position
    while let byte = next, byte != UInt8(ascii: "="), !Self.isLineEnd(byte) { position += 1 }
    guard next == UInt8(ascii: "=") else { return report(at: start, "expected NAME=value") }
    let name = bytes[start..<position]
    position += 1
    let valueStart = position
    let value = readValue()
    let length = name.lastIndex { !Self.isSpace($0) }.map { $0 - start + 1 } ?? 0
    guard Self.isName(name.prefix(length)) else {
      let found = length == 0 ? "nothing" : "other characters"
      return report(
        at: start,
        "expected a name of letters, digits and \"_\" that does not begin with a digit, found \(found)"
      )
    }
    guard let text = String(validating: value, as: UTF8.self) else {
      return report(at: valueStart, "the value is not UTF-8")
    }
    let size = length + 1 + value.count
    if size >= ExecutionLimit.oneString {
      report(at: start, ExecutionLimit.message("the variable", size))
    }
    variables.append(
      EnvironmentVariable(name: String(decoding: name.prefix(length), as: UTF8.self), value: text))
  }

  /// Takes the value up to the end of its last line.
  private mutating func readValue() -> [UInt8] {
    var value: [UInt8] = []
    while let byte = next, !Self.isLineEnd(byte) {
      switch byte {
      case UInt8(ascii: "'"), UInt8(ascii: "\""): readQuoted(byte, into: &value)
      case _ where Self.isSpace(byte): position += 1
      default:
        readPlain(into: &value)
        return value
      }
    }
    return value
  }

  private mutating func readQuoted(_ quote: UInt8, into value: inout [UInt8]) {
    let start = position
    position += 1
    while let byte = next {
      position += 1
      if byte == quote { return }
      guard byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\""), let escaped = next else {
        value.append(byte)
        continue
      }
      if takeLineEnd() { continue }
      position += 1
      if !Self.needsBackslash(escaped) { value.append(byte) }
      value.append(escaped)
    }
    report(at: start, "the quote that begins here has no end")
  }

  /// What is not quoted at its beginning: quotes in it are ordinary.
  private mutating func readPlain(into value: inout [UInt8]) {
    var end = value.count
    while let byte = next, !Self.isLineEnd(byte) {
      position += 1
      if byte == UInt8(ascii: "\\") {
        if !takeLineEnd(), let escaped = next {
          position += 1
          value.append(escaped)
        }
        end = value.count
      } else {
        value.append(byte)
        if !Self.isSpace(byte) { end = value.count }
      }
    }
    value.removeLast(value.count - end)
  }

  private mutating func takeLineEnd() -> Bool {
    guard let byte = next, Self.isLineEnd(byte) else { return false }
    position += 1
    if byte == UInt8(ascii: "\r"), next == UInt8(ascii: "\n") { position += 1 }
    return true
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
  }

  private static func isLineEnd(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
  }

  private static func needsBackslash(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "`"), UInt8(ascii: "$"): true
    default: false
    }
  }

  private static func isName(_ name: ArraySlice<UInt8>) -> Bool {
    guard let first = name.first, !isDigit(first) else { return false }
    return name.allSatisfy {
      isDigit($0) || $0 == UInt8(ascii: "_")
        || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
