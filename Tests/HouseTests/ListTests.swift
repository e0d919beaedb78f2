import TestSupport
import Testing

/// Lists in documents name exactly what exists.
struct ListTests {
  @Test func everyScriptIsListed() {
    let text = Repository.lines(of: "Scripts/README.md").joined(separator: "\n")
    let scripts = Repository.entries(in: "Scripts").filter { !$0.isFolder && $0.isExecutable }
    #expect(scripts.count > 10)
    for script in scripts {
      let isListed = text.contains("`\(script.name)`") || text.contains("`\(script.name) ")
      #expect(isListed, "Scripts/README.md does not list \(script.name)")
    }
  }

  /// The table of results has a row for each mutant, under the title that the mutant has.
  @Test func everyMutantIsListed() {
    let mutants = Repository.entries(in: "Tests/Mutants").filter { $0.name.hasSuffix(".mutant") }
    #expect(mutants.count > 50)
    let rows = Repository.lines(of: "Tests/Mutants/README.md").compactMap { line -> String? in
      let cells = line.split(separator: "|")
      guard line.hasPrefix("| "), let title = cells.first, title.contains(". ") else { return nil }
      return String(title.dropFirst().dropLast())
    }
    let titles = mutants.map { mutant in
      let number = Int(mutant.name.prefix { $0 != "-" }) ?? 0
      return (number, "\(number). \(Repository.lines(of: mutant.path)[0].dropLast())")
    }
    #expect(rows == titles.sorted { $0.0 < $1.0 }.map(\.1))
  }

  @Test func mutantsHaveDistinctNumbers() {
    let numbers = Repository.entries(in: "Tests/Mutants").map { $0.name.prefix { $0 != "-" } }
    #expect(Set(numbers).count == numbers.count)
  }
}
