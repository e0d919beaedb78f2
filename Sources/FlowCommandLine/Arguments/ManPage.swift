/// A manual page, in the macros of man(7).
package struct ManPage {
  package private(set) var text: String
  /// After a title, which begins a paragraph by itself.
  private var isAfterTitle = false

  /// - Parameter name: the page's and what it is, such as `flow` and `run workflows`.
  package init(_ name: String, section: Int, purpose: String) {
    text = """
      .TH \(name.uppercased()) \(section) "" "flow \(Version.current)"
      .SH NAME
      \(name) \\- \(Self.escaped(purpose))

      """
  }

  package mutating func section(_ title: String) { line(".SH", title.uppercased()) }

  package mutating func subsection(_ title: String) { line(".SS", title) }

  private mutating func line(_ macro: String, _ title: String) {
    text += "\(macro) \"\(Self.escaped(title))\"\n"
    isAfterTitle = true
  }

  /// Paragraphs, with an empty line between. One with columns stays as it is.
  package mutating func paragraphs(_ paragraphs: String) {
    for paragraph in Self.split(paragraphs) {
      beginParagraph()
      if paragraph.contains(where: { $0.contains("  ") }) {
        text += ".nf\n" + lines(paragraph) + ".fi\n"
      } else {
        text += lines(paragraph)
      }
    }
  }

  private mutating func beginParagraph() {
    if !isAfterTitle { text += ".PP\n" }
    isAfterTitle = false
  }

  /// - Parameter term: in bold, as it is typed.
  package mutating func item(_ term: String, _ meaning: String) {
    isAfterTitle = false
    text += ".TP\n\\fB\(Self.escaped(term))\\fR\n" + lines([meaning])
  }

  /// Text as it stands.
  package mutating func verbatim(_ text: String) {
    beginParagraph()
    self.text += ".nf\n"
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      self.text += line.isEmpty ? ".sp\n" : Self.protected(Self.escaped(String(line))) + "\n"
    }
    self.text += ".fi\n"
  }

  private func lines(_ lines: [String]) -> String {
    lines.map { Self.marked($0) + "\n" }.joined()
  }

  private static func split(_ text: String) -> [[String]] {
    text.split(separator: "\n", omittingEmptySubsequences: false)
      .split(separator: "").map { $0.map(String.init) }
  }

  /// Text in which what stands in backticks becomes bold.
  private static func marked(_ text: String) -> String {
    let parts = text.split(separator: "`", omittingEmptySubsequences: false).map {
      escaped(String($0))
    }
    guard parts.count > 1, parts.count % 2 == 1 else { return protected(escaped(text)) }
    let marked = parts.indices.map { $0 % 2 == 1 ? "\\fB\(parts[$0])\\fR" : parts[$0] }
    return protected(marked.joined())
  }

  /// A line that begins with a point or an apostrophe would be a request.
  private static func protected(_ line: String) -> String {
    line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" + line : line
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      case "\"": result += "\\(dq"
      case "…": result += "..."
      case "`": result += "\\(ga"
      case "'": result += "\\(aq"
      case "^": result += "\\(ha"
      case "~": result += "\\(ti"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

extension ManPage {
  /// Adds a command: how it is called, what it does, its arguments, options and examples.
  package mutating func command(_ syntax: CommandSyntax) {
    subsection(
      ([syntax.invocation, "[OPTION]..."] + syntax.arguments.map(\.usage)).joined(separator: " "))
    paragraphs(HelpText.sentence(syntax.purpose))
    paragraphs(syntax.details)
    for argument in syntax.arguments { item(argument.name, argument.help) }
    for option in syntax.options where option.name != Option.help.name {
      item(option.usage, option.help)
    }
    if !syntax.examples.isEmpty {
      paragraphs("Examples:")
      for example in syntax.examples { item(example.line, example.meaning) }
    }
  }

  package mutating func exitCodes(_ codes: [(code: ExitCode, meaning: String)]) {
    section("Exit status")
    for (code, meaning) in codes { item("\(code.rawValue)", meaning) }
  }
}
