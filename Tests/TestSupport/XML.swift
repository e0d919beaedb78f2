/// An element of a well-formed XML 1.0 document, read strictly: of what the standard allows only what
/// documents of this project need (no DTD, no CDATA, no processing instructions), and of that nothing
/// that a conforming reader would refuse.
package struct XML: Equatable, Sendable {
  package enum Node: Equatable, Sendable {
    case element(XML)
    case text(String)
  }

  package let name: String
  package fileprivate(set) var attributes: [String: String] = [:]
  package fileprivate(set) var children: [Node] = []

  package struct Invalid: Error {
    package let offset: Int
    package let reason: String
  }

  package init(_ text: String) throws(Invalid) {
    var parser = XMLParser(scalars: Array(text.unicodeScalars))
    self = try parser.document()
  }

  fileprivate init(name: String) {
    self.name = name
  }

  package subscript(attribute: String) -> String? { attributes[attribute] }

  /// The elements within, in order.
  package var elements: [XML] {
    children.compactMap { if case .element(let element) = $0 { element } else { nil } }
  }

  package func elements(named name: String) -> [XML] { elements.filter { $0.name == name } }

  /// The elements with the name at any depth, in the order of the document.
  package func all(named name: String) -> [XML] {
    elements.flatMap { ($0.name == name ? [$0] : []) + $0.all(named: name) }
  }

  /// All text at any depth.
  package var text: String {
    children.map { node in
      switch node {
      case .element(let element): element.text
      case .text(let text): text
      }
    }.joined()
  }
}

private struct XMLParser {
  let scalars: [Unicode.Scalar]
  var position = 0

  init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

  private func invalid(_ reason: String) -> XML.Invalid {
    XML.Invalid(offset: position, reason: reason)
  }

  mutating func document() throws(XML.Invalid) -> XML {
    if take("<?xml ") { try skip(through: "?>") }
    try skipMisc()
    if take("<!DOCTYPE ") { try skip(through: ">") }
    try skipMisc()
    guard take("<") else { throw invalid("no root") }
    let root = try element()
    try skipMisc()
    guard position == scalars.count else { throw invalid("something follows the root") }
    return root
  }

  private mutating func skipMisc() throws(XML.Invalid) {
    repeat { skipSpace() } while try comment()
  }

  /// After the bracket that begins it.
  private mutating func element() throws(XML.Invalid) -> XML {
    var element = XML(name: try name())
    while true {
      let hadSpace = skipSpace()
      if take("/>") { return element }
      if take(">") { break }
      guard hadSpace else { throw invalid("no space before an attribute") }
      let key = try name()
      guard take("=\"") else { throw invalid("no value in double quotes") }
      let value = try characters(upTo: "\"")
      position += 1
      guard element.attributes.updateValue(value, forKey: key) == nil else {
        throw invalid("attribute \(key) twice")
      }
    }
    try content(of: &element)
    return element
  }

  private mutating func content(of element: inout XML) throws(XML.Invalid) {
    while true {
      let text = try characters(upTo: "<")
      if !text.isEmpty { element.children.append(.text(text)) }
      if try comment() { continue }
      position += 1
      if take("/") {
        guard try name() == element.name else { throw invalid("\(element.name) is not closed") }
        skipSpace()
        guard take(">") else { throw invalid("an end tag without end") }
        return
      }
      element.children.append(.element(try self.element()))
    }
  }

  private mutating func characters(upTo end: Unicode.Scalar) throws(XML.Invalid) -> String {
    var text = String.UnicodeScalarView()
    while position < scalars.count, scalars[position] != end {
      let scalar = scalars[position]
      position += 1
      switch scalar {
      case "<": throw invalid("a bare <")
      case "&": text.append(try reference())
      case "\t", "\n", "\r": text.append(scalar)
      case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}":
        throw invalid("a character that XML cannot hold")
      default: text.append(scalar)
      }
    }
    guard position < scalars.count else { throw invalid("the text ends too soon") }
    return String(text)
  }

  private mutating func reference() throws(XML.Invalid) -> Unicode.Scalar {
    let named: [(String, Unicode.Scalar)] = [
      ("amp;", "&"), ("lt;", "<"), ("gt;", ">"), ("quot;", "\""), ("apos;", "'"),
    ]
    for (name, scalar) in named where take(name) { return scalar }
    guard take("#") else { throw invalid("a bare &") }
    let digits = scalars[position...].prefix { $0 != ";" }.prefix(8)
    guard let number = UInt32(String(String.UnicodeScalarView(digits))),
      let scalar = Unicode.Scalar(number), number >= 0x20 || [9, 10, 13].contains(number)
    else { throw invalid("a wrong reference") }
    position += digits.count
    guard take(";") else { throw invalid("a reference without end") }
    return scalar
  }

  private mutating func comment() throws(XML.Invalid) -> Bool {
    guard take("<!--") else { return false }
    try skip(through: "-->")
    return true
  }

  private mutating func name() throws(XML.Invalid) -> String {
    let name = scalars[position...].prefix {
      $0.properties.isAlphabetic || "-_:.0123456789".unicodeScalars.contains($0)
    }
    guard let first = name.first, first.properties.isAlphabetic else { throw invalid("no name") }
    position += name.count
    return String(String.UnicodeScalarView(name))
  }

  private mutating func skip(through end: String) throws(XML.Invalid) {
    while position < scalars.count {
      if take(end) { return }
      position += 1
    }
    throw invalid("no \(end)")
  }

  @discardableResult
  private mutating func skipSpace() -> Bool {
    let start = position
    while position < scalars.count, " \t\r\n".unicodeScalars.contains(scalars[position]) {
      position += 1
    }
    return position > start
  }

  private mutating func take(_ text: String) -> Bool {
    guard scalars[position...].starts(with: text.unicodeScalars) else { return false }
    position += text.unicodeScalars.count
    return true
  }
}
