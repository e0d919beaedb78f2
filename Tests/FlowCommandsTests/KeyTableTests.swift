import FlowCore
import TestSupport
import Testing

/// The table of keys in `Fixtures/Workflows/README.md` is made from the tables of keys in FlowCore. With
/// `FLOW_UPDATE=1` it is written again; the text around it stays.
struct KeyTableTests {
  private static let file = "Workflows/README.md"

  @Test func theDocumentHasTheTableOfKeys() throws {
    let lines = Repository.lines(of: "Fixtures/\(Self.file)").map(String.init)
    let begin = try #require(lines.firstIndex(of: "<!-- keys -->"))
    let end = try #require(lines.firstIndex(of: "<!-- end of keys -->"))
    let text = (lines[...begin] + KeyTableText.rows + lines[end...]).joined(separator: "\n")
    FixtureUpdate.check(text, Self.file)
  }

  @Test func everyKeyHasItsRow() {
    let rows = KeyTableText.rows.joined(separator: "\n")
    for name in ["name", "steps[].needs", "steps[].retry.maxAttempts", "steps[].maxOutput"] {
      #expect(rows.contains("| `\(name)` |"))
    }
  }
}

/// The tables of keys, in Markdown.
private enum KeyTableText {
  static var rows: [String] {
    ["| key | takes | meaning |", "| --- | --- | --- |"]
      + rows(of: WorkflowDefinition.keys, under: "")
      + rows(of: StepDefinition.keys, under: "steps[].")
      + rows(of: StepSettings.keys, under: "steps[].")
  }

  private static func rows<Owner>(
    of keys: [DefinitionKey<Owner>], under prefix: String
  ) -> [String] {
    keys.flatMap { key in
      let row = "| `\(prefix)\(key.name)` | \(text(key.type)) | \(cell(key.help)) |"
      return [row] + rows(of: key.members, under: "\(prefix)\(key.name).")
    }
  }

  private static func text(_ type: KeyType) -> String {
    switch type {
    case .structure(let expected), .text(let expected), .flagOrText(let expected): cell(expected)
    case .object(let example): "an object such as `\(cell(example))`"
    case .flag: "`true` or `false`"
    case .duration(allowsZero: true): "a duration"
    case .duration(allowsZero: false): "a duration above zero"
    case .byteSize: "a size"
    case .wholeNumber(let range):
      "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .decimal(let range):
      "a number from \(range.lowerBound / 1_000) to \(range.upperBound / 1_000), with at most three"
        + " decimal places"
    case .word(let words): list(words, "or")
    case .words(let words): "an array of \(list(words, "and"))"
    case .exitCodes: "an array of exit codes from 1 to 255"
    case .command: "a line for the shell, or an array: a program and its arguments"
    case .shell: "`\"sh\"`, `\"bash\"`, or an array: a program and its arguments"
    case .environment: "an object of names and texts"
    case .variableNames: "an array of names"
    case .variableFiles:
      "an array of paths, or of objects such as `{\"path\": \"local.env\", \"optional\": true}`"
    }
  }

  private static func list(_ words: [String], _ conjunction: String) -> String {
    let quoted = words.map { "`\"\($0)\"`" }
    return quoted.dropLast().joined(separator: ", ") + " \(conjunction) " + quoted[quoted.count - 1]
  }

  /// A bar would end the cell.
  private static func cell(_ text: String) -> String {
    text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
  }
}
