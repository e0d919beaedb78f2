import TestSupport
import Testing

@testable import FlowSimulation

/// The simulator's chapter names every property and every checker.
struct ReadmeTests {
  private static let folder = "Sources/FlowSimulation"
  private static let lines = String(
    decoding: Repository.read("\(folder)/README.md"), as: UTF8.self
  ).split(separator: "\n")

  /// The rows of the table under a heading, each split into its cells.
  private static func rows(under heading: String) -> [[String]] {
    lines.drop { $0 != "## \(heading)" }.dropFirst().prefix { !$0.hasPrefix("## ") }
      .filter { $0.hasPrefix("| ") }.dropFirst(2)
      .map { row in
        row.split(separator: "|").map { $0.split(separator: " ").joined(separator: " ") }
      }
  }

  @Test func everyPropertyHasItsRow() {
    let named = Self.rows(under: "Properties").map(\.[0])
    #expect(named == Property.allCases.map { "`\($0)`" })
  }

  @Test func everyCheckerIsNamedWithAPropertyItJudges() {
    let named = Set(
      Self.rows(under: "Properties").flatMap { $0[2].split(separator: ", ") }.map(String.init)
        .filter { $0.hasSuffix("Checker") })
    let files = Repository.entries(in: "\(Self.folder)/Checkers").map(\.name)
      .filter { $0.hasSuffix("Checker.swift") && $0 != "Checker.swift" }
      .map { String($0.dropLast(".swift".count)) }
    #expect(named == Set(files))
  }
}
