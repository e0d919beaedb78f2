import FlowCore
import FlowDefinition
import FlowSystem
import Testing

@testable import FlowCommands

/// What of the differences between two runs counts.
struct ProofComparisonTests {
  private func differences(
    _ paths: [String], published: Set<String> = [], _ old: [String: String] = [:],
    _ new: [String: String] = [:], scope: ProofComparison.Scope = .declaredFiles,
    showsValues: Bool = true, known: Set<ProofDifference.Subject> = []
  ) -> [String] {
    var comparison = ProofComparison(scope: scope, showsValues: showsValues)
    comparison.known = known
    return comparison.differences(
      paths.map { FolderDifference(path: $0, kind: .missing) }, published: published,
      outputs: old.mapValues { Array($0.utf8) }, new.mapValues { Array($0.utf8) }
    ).map(\.what)
  }

  @Test func ofFilesTheDeclaredOnesCount() {
    let paths = ["out", "out/a", "outer", "site", "other"]
    #expect(
      differences(paths, published: ["out", "site/x"]) == [
        "out is missing", "out/a is missing", "site is missing",
      ])
    #expect(differences(paths, scope: .folder).count == 5)
  }

  @Test func outputsAreComparedByTheirValues() {
    let old = ["a.n": "1", "a.same": "x", "b.gone": "x", "c.long": "x"]
    let new = [
      "a.n": "2", "a.same": "x", "b.new": "x", "c.long": String(repeating: "y", count: 99),
    ]
    #expect(
      differences([], old, new) == [
        #"output a.n is "2" instead of "1""#, "output b.gone is missing",
        "output b.new is there, and should not be", "output c.long has 99 bytes instead of 1",
      ])
    // A value can hold a secret.
    #expect(
      differences([], ["a.n": "1"], ["a.n": "2"], showsValues: false)
        == ["output a.n has another value"])
  }

  @Test func whatDiffersByItselfDoesNotCount() {
    #expect(
      differences(
        ["log", "out"], ["a.at": "1"], ["a.at": "2"], scope: .folder,
        known: [.path("log"), .output("a.at")]) == ["out is missing"])
  }

  private func scope(_ steps: String, comparesAll: Bool = false) throws -> ProofComparison.Scope {
    let text = #"{"name": "w", "steps": [\#(steps)]}"#
    return ProofComparison.scope(
      of: try DefinitionParser.parse(Array(text.utf8), file: "w.json"), comparesAll: comparesAll)
  }

  @Test func theWholeFolderCountsWhereAStepDeclaresNothing() throws {
    let declares = #"{"id": "a", "run": "x", "files": ["a"]}"#
    #expect(try scope(declares) == .declaredFiles)
    #expect(try scope(declares, comparesAll: true) == .folder)
    #expect(try scope(#"\#(declares), {"id": "b", "run": "x"}"#) == .folder)
    #expect(try scope(#"\#(declares), {"id": "b", "ask": {"text": "?"}}"#) == .declaredFiles)
    func node(_ files: String) -> String {
      #"{"id": "n", "forEach": {"over": ["x"]}, "steps": [{"id": "c", "run": "x"\#(files)}]}"#
    }
    #expect(try scope(node("")) == .folder)
    #expect(try scope(node(#", "files": ["${item}"]"#)) == .declaredFiles)
    #expect(
      try scope(
        #"{"id": "n", "forEach": {"over": ["x"]}, "run": "x", "files": ["${item}"]}"#)
        == .declaredFiles)
  }
}
