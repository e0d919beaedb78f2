import FlowText

/// Writes JSON (RFC 8259) on one line, value after value, into a buffer that can be drained at any
/// time. The caller follows the grammar; the writer inserts commas.
package struct JSONWriter {
  private var text = ""
  /// Whether a comma belongs before the next value or key.
  private var needsComma = false

  package init() {}

  /// Hands over what has been written so far.
  package mutating func take() -> String {
    defer { text = "" }
    return text
  }

  package mutating func drain(to output: inout some TextOutputStream) {
    output.write(text)
    text.removeAll(keepingCapacity: true)
  }

  // MARK: Containers

  package mutating func object(_ members: (inout JSONWriter) -> Void) {
    begin("{")
    members(&self)
    end("}")
  }

  package mutating func array(_ elements: (inout JSONWriter) -> Void) {
    begin("[")
    elements(&self)
    end("]")
  }

  private mutating func begin(_ bracket: String) {
    separate()
    text += bracket
    needsComma = false
  }

  private mutating func end(_ bracket: String) {
    text += bracket
    needsComma = true
  }

  /// Ends the line; the next value stands for itself.
  package mutating func endLine() {
    text += "\n"
    needsComma = false
  }

  // MARK: Members

  /// The key of the value that is written next.
  package mutating func key(_ key: String) {
    separate()
    write(literal: key)
    text += ":"
    needsComma = false
  }

  package mutating func member(_ key: String, _ value: String?) {
    self.key(key)
    if let value { string(value) } else { null() }
  }

  package mutating func member(_ key: String, _ value: (some BinaryInteger)?) {
    self.key(key)
    if let value { integer(value) } else { null() }
  }

  package mutating func member(_ key: String, _ value: Bool) {
    self.key(key)
    bool(value)
  }

  // MARK: Values

  package mutating func string(_ value: String) {
    separate()
    write(literal: value)
    needsComma = true
  }

  package mutating func integer(_ value: some BinaryInteger) {
    scalar(String(value))
  }

  package mutating func bool(_ value: Bool) {
    scalar(value ? "true" : "false")
  }

  package mutating func null() {
    scalar("null")
  }

  private mutating func scalar(_ value: String) {
    separate()
    text += value
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { text += "," }
  }

  /// Escapes as JSON requires, and also terminal control characters, because JSON is printed on
  /// terminals too.
  private mutating func write(literal value: String) {
    text += "\""
    if value.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }) {
      text += value
    } else {
      for scalar in value.unicodeScalars { write(scalar) }
    }
    text += "\""
  }

  private mutating func write(_ scalar: Unicode.Scalar) {
    switch scalar {
    case "\"": text += "\\\""
    case "\\": text += "\\\\"
    case "\u{08}": text += "\\b"
    case "\u{0C}": text += "\\f"
    case "\n": text += "\\n"
    case "\r": text += "\\r"
    case "\t": text += "\\t"
    case _ where RawText.byte(of: scalar) != nil: text += "\\" + TerminalText.escape(scalar)
    case _ where TerminalText.controls(scalar):
      let digits = String(scalar.value, radix: 16)
      text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: text.unicodeScalars.append(scalar)
    }
  }
}
