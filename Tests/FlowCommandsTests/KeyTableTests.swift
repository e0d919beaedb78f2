import FlowCore
import FlowDefinition
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
      let row = "| `\(prefix)\(key.name)` | \(cell(key.type.wording)) | \(cell(key.help)) |"
      return [row] + rows(of: key.members, under: "\(prefix)\(key.name).")
    }
  }

  /// A bar would end the cell.
  private static func cell(_ text: String) -> String {
    text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
  }
}
