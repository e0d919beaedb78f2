import FlowCore
import FlowDefinition
import Testing

/// Files that nobody writes by hand. The sizes are such that anything quadratic would be noticed.
struct ScaleTests {
  @Test func longChainsAreRead() throws {
    let count = 10_000
    let steps = (0..<count).map {
      #"{"id":"s\#($0)","run":["/bin/true"],"needs":[\#($0 == 0 ? "" : "\"s\($0 - 1)\"")]}"#
    }
    let found = try definition(workflow(steps: steps.joined(separator: ",\n")))
    #expect(found.steps.count == count)
    #expect(found.steps[count - 1].needs == [Int32(count - 2)])
    #expect(found.settings == [StepSettings()])
  }

  @Test func theFirstHundredErrorsAreKeptAndTheOthersCounted() {
    let count = 10_000
    // Errors that are found on the way, and others that are found at the end, turn by turn.
    let steps = (0..<count).map {
      $0 % 2 == 0
        ? #"{"id": "s\#($0)", "run": 1}"# : #"{"id": "s\#($0)", "run": "x", "needs": ["nowhere"]}"#
    }
    let found = errors(workflow(steps: steps.joined(separator: ",\n")))
    #expect(
      found?.errors.map(\.path)
        == (0..<100).map { "steps[\($0)]." + ($0 % 2 == 0 ? "run" : "needs[0]") })
    #expect(found?.omittedCount == count - 100)
    #expect(found?.description.hasSuffix("\nand \(count - 100) more errors") == true)
  }

  @Test func errorsFoundInDescendingOrderAreSorted() {
    // Names are compared in the order of the alphabet, so that the last in the file come first.
    let names = (0..<300).reversed().flatMap { ["N\(1_000 + $0)", "N\(1_000 + $0)"] }
    let variables = names.map { "\"\($0)\": \"\"" }.joined(separator: ", ")
    let found = errors(workflow(with: "\"env\": {\(variables)}"))
    #expect(found?.errors.map(\.path) == (1_200..<1_300).reversed().map { "env.N\($0)" })
    #expect(found?.omittedCount == 200)
  }

  @Test func oneErrorBeyondTheLimitIsSingular() {
    let steps = (0...100).map { _ in "1" }.joined(separator: ",")
    #expect(errors(workflow(steps: steps))?.description.hasSuffix("\nand 1 more error") == true)
  }

  @Test func manyErrorsInOneLineAreFoundInOnePass() {
    let needs = (0..<10_000).map { "\"tt\($0)\"" }
    let start = #"{"name": "n", "steps": [{"id": "a", "run": "x", "needs": ["#
    let found = errors(start + needs.joined(separator: ",") + "]}]}")
    let column = start.count + needs[..<99].joined(separator: ",").count + 2
    #expect(
      found?.errors.last?.description
        == #"w.json:1:\#(column): steps[0].needs[99]: no step has the id "tt99""#)
  }

  @Test func longKeysAreCutInPaths() {
    let keys = ["a", "\\ud83d\\ude00", "\u{E9}"].map { String(repeating: $0, count: 10_000) }
    let shown = ["a", "\u{1F600}", "\u{E9}"].map { String(repeating: $0, count: 80) }
    let variables = keys.map { "\"\($0)\": 1" }.joined(separator: ", ")
    let found = errors(workflow(with: "\"env\": {\(variables)}"))
    #expect(found?.errors.map(\.path) == shown.map { "env[\"\($0)…\"]" })
  }
}
