import TestSupport
import Testing

/// Dependencies point from tests to sources, never back: a product must not need test code.
struct ManifestTests {
  /// Targets by these names have their sources under `Tests`.
  private var underTests: [String] {
    Repository.entries(in: "Tests").filter { entry in
      entry.isFolder
        && Repository.entries(in: entry.path).contains {
          $0.isFolder || $0.name.hasSuffix(".swift") || $0.name.hasSuffix(".c")
        }
    }.map(\.name)
  }

  @Test func noProductDependsOnTests() {
    let names = underTests
    #expect(names.contains("TestSupport") && names.contains("HouseTests"))
    let targets = targets(of: Repository.lines(of: "Package.swift"))
    #expect(targets.count > 30)
    let products = targets.filter { target in
      target.function != "tests" && !names.contains { target.quotes.first == $0 }
    }
    #expect(products.count > 15)
    for product in products {
      #expect(
        product.quotes.filter { names.contains($0) || $0.hasPrefix("Tests/") } == [],
        "\(product.quotes.first ?? "a target") depends on what is under Tests")
    }
  }

  @Test func targetsAreFound() {
    let manifest = """
      func library(_ name: String) -> Target { .target(name: name) }
      let package = Package(
        name: "flow",
        products: [.library(name: "A", targets: ["A"])],
        targets: [
          .target(name: "CLinux", cSettings: cSettings),
          library("A", imports: ["CLinux"]),
          tests(
            "ATests",
            of: [
              "A", "TestSupport",
            ]),
        ]
      )
      """
    let found = targets(of: manifest.split(separator: "\n", omittingEmptySubsequences: false))
    #expect(found.map(\.function) == [".target", "library", "tests"])
    #expect(found.map(\.quotes) == [["CLinux"], ["A", "CLinux"], ["ATests", "A", "TestSupport"]])
  }

  private struct Declared {
    /// `tests`, `library` and the like.
    var function: String
    /// All string literals; the first is the name.
    var quotes: [String]
  }

  /// The elements of `targets:`. The manifest is formatted: they are the calls with the least indentation.
  private func targets(of lines: [Substring]) -> [Declared] {
    guard let begin = lines.firstIndex(where: { $0.hasPrefix("  targets: [") }) else { return [] }
    var targets: [Declared] = []
    for line in lines[(begin + 1)...] {
      if line.hasPrefix("  ]") { break }
      let words = line.drop { $0 == " " }
      if line.count - words.count == 4, words.first != ")", let bracket = words.firstIndex(of: "(")
      {
        targets.append(Declared(function: String(words[..<bracket]), quotes: []))
      }
      let parts = line.split(separator: "\"", omittingEmptySubsequences: false)
      let quotes = parts.indices.filter { $0 % 2 == 1 }.map { String(parts[$0]) }
      if !targets.isEmpty { targets[targets.count - 1].quotes += quotes }
    }
    return targets
  }
}
