import FlowCore
import Testing

@testable import FlowCommands

@Suite struct GraphExporterTests {
  private func dot(_ history: History) throws -> [String] {
    var text = ""
    DotExporter(explainer: try ExportedRun.explainer(history)).write(to: &text)
    return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  private func mermaid(_ history: History) throws -> [String] {
    var text = ""
    MermaidExporter(explainer: try ExportedRun.explainer(history)).write(to: &text)
    return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  @Test func dotHasEveryStepWithItsStateAndEveryNeed() throws {
    let lines = try dot(ExportedRun.eventful())
    #expect(lines[0].hasPrefix("digraph \"") && lines.suffix(2) == ["}", ""])
    let nodes = lines.filter { $0.hasPrefix("  \"") && $0.contains("[label=") }
    #expect(nodes.count == 5)
    #expect(nodes[0].hasPrefix("  \"fetch\" [label=\"fetch\\n✓ succeeded, 1s, 2 attempts\","))
    #expect(nodes[2].contains("failed (allowed), 400ms") && nodes[2].contains("class=\"failed\""))
    #expect(nodes[4].contains("label=\"end\\n– skipped\""))
    #expect(
      lines.filter { $0.contains(" -> ") } == [
        "  \"fetch\" -> \"build\";", "  \"build\" -> \"test\";", "  \"lint\" -> \"test\";",
        "  \"test\" -> \"end\";",
      ])
  }

  @Test func dotStringsHoldWhateverADefinitionHolds() {
    #expect(
      DotExporter.quoted(ExportedRun.hostile)
        == #""</script><b a='\"&amp;amp;\">\\N \\u{1B}[31m\\u{0}\\u{202E} 日本 ]]> -->""#)
    #expect(DotExporter.quoted("a\nb\\") == #""a\nb\\""#)
    #expect(DotExporter.quotedTooltip("a\n\\N") == #""a\n\\\\N""#)
  }

  @Test func mermaidGoesByNumbersWhereAnIDIsAWordOfTheLanguage() throws {
    let lines = try mermaid(ExportedRun.eventful())
    #expect(lines[0] == "---" && lines[1].hasPrefix("title: \"</script>"))
    #expect(lines[2...3] == ["---", "flowchart LR"])
    #expect(lines.contains("  s4([\"end<br/>– skipped\"]):::skipped"))
    #expect(
      lines.filter { $0.contains("-->") && $0.hasPrefix("  s") }
        == ["  s0 --> s1", "  s1 --> s3", "  s2 --> s3", "  s3 --> s4"])
    for status in StepStatus.allCases {
      #expect(lines.contains { $0.hasPrefix("  classDef \(status.rawValue) fill:#") })
    }
  }

  /// Beyond these limits a page shows an error instead of the graph.
  @Test func mermaidSaysWhatItsLimitsRefuse() throws {
    func notice(_ count: Int, needs: (Int) -> [Int32]) throws -> (notice: String?, last: String) {
      let steps = (0..<count).map {
        StepDefinition(id: "step-\($0)", command: .shell("x"), needs: needs($0))
      }
      let history = try History(
        WorkflowDefinition(name: "n", steps: steps, settings: [StepSettings()]))
      var text = ""
      let notice = MermaidExporter(explainer: try ExportedRun.explainer(history)).write(to: &text)
      return (notice, text.split(separator: "\n").last.map(String.init) ?? "")
    }
    #expect(try notice(501) { $0 == 0 ? [] : [0] }.notice == nil)
    let edges = try notice(502) { $0 == 0 ? [] : [0] }
    #expect(edges.notice == "the graph has 501 edges (Mermaid renders 500; maxEdges raises that)")
    #expect(edges.last == "  %% \(edges.notice ?? "")")
    let characters = try notice(2_000) { _ in [] }
    #expect(
      characters.notice?.hasPrefix("the graph has ") == true
        && characters.notice?.hasSuffix(
          " characters (Mermaid renders 50000; maxTextSize raises that)") == true,
      "\(characters)")
  }

  @Test func mermaidLabelsHoldNoMarkup() {
    #expect(MermaidExporter.escaped("a<b>\"#;&日") == "a#60;b#62;#34;#35;#59;#38;#26085;")
  }
}
