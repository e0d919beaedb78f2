import FlowSystem
import TestSupport
import Testing

@testable import FlowsimCommands

/// The report on the example of the README.
struct ExampleReportTests {
  private static let transcript = "Transcripts/flowsim-workflow.txt"
  private static let workflow = "Workflows/source-report.json"
  private static let model = "Workflows/models/source-report.json"

  /// What is there to look at is how the report was when
  /// `FLOW_RENEW_TRANSCRIPTS=1 swift test --filter theReportLooksAsItDid` was last called. Worlds
  /// change with engine and simulator; what must stay is the form.
  @Test func theReportLooksAsItDid() {
    let console = Console()
    let files = [Self.workflow, Self.model].map { "\(Fixtures.root)/\($0)" }
    #expect(
      console.flowsim("--workflow", files[0], "--model", files[1], "--runs", "100") == 0)
    #expect(console.errors == "")
    let line = "flowsim --workflow Fixtures/\(Self.workflow) --model Fixtures/\(Self.model)"
    let text =
      "$ \(line) --runs 100\n" + console.output.replacing("\(Fixtures.root)/", with: "Fixtures/")
    if ProcessFacts.environmentValue("FLOW_RENEW_TRANSCRIPTS") != nil {
      TestFile.write(Array(text.utf8), to: "\(Fixtures.root)/\(Self.transcript)")
    }
    let expected = String(decoding: Fixtures.read(Self.transcript), as: UTF8.self)
    #expect(Self.form(of: text) == Self.form(of: expected))
    #expect(text.split(separator: "\n").allSatisfy { $0.utf8.count <= 80 || $0.hasPrefix("$") })
  }

  /// The parts of a report, in order, each by how it begins, without what depends on the worlds.
  private static func form(of text: String) -> [String] {
    text.split(separator: "\n\n").map { part in
      let first = part.split(separator: "\n").first { !$0.hasPrefix("$") } ?? ""
      let words = first.replacing(/\d+/, with: "N").split(separator: " ")
      return words.first == "step" ? "a step" : words.prefix(4).joined(separator: " ")
    }
  }
}
