import TestSupport
import Testing

/// What is simulated must do the same for the same seed: nothing in it may ask the machine.
struct DeterminismTests {
  /// Time, chance, hash seeds, addresses, and threads that race.
  private static let forbidden = [
    "Date(", "UUID(", ".random(", ".randomElement(", ".shuffle(", ".shuffled(",
    "SystemRandomNumberGenerator", "hashValue", "Hasher(", "ObjectIdentifier", "ContinuousClock",
    "SuspendingClock", "Task {", "Task.", "async let",
  ]

  @Test(arguments: [
    "FlowCore", "FlowStorage", "FlowLog", "FlowPublication", "FlowCache", "FlowRuntime",
    "FlowSimulation",
  ])
  func nothingAsksTheMachine(module: String) {
    let files = Repository.files(under: "Sources/\(module)")
    #expect(!files.isEmpty)
    for path in files {
      for (index, line) in Repository.lines(of: path).enumerated() {
        for word in Self.forbidden where uses(word, in: line) {
          Issue.record("\(path):\(index + 1) uses `\(word)`")
        }
      }
    }
  }

  @Test(arguments: [
    ("let id = UUID()", "UUID(", true),
    ("items.shuffled()", ".shuffled(", true),
    ("MyUUID()", "UUID(", false),
    ("startTask { }", "Task {", false),
    ("f() // not Date()", "Date(", false),
    ("/// Never `hashValue`.", "hashValue", false),
  ])
  func wordsAreFoundOutsideComments(line: String, word: String, isUsed: Bool) {
    #expect(uses(word, in: Substring(line)) == isUsed)
  }
}

/// Whether a word stands in a line, before its comment, and not as the end of a longer name.
private func uses(_ word: String, in line: Substring) -> Bool {
  let code = line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line
  var rest = code
  while let found = rest.firstRange(of: word) {
    let before = code[..<found.lowerBound].last
    let continuesName = word.first?.isLetter == true && (before?.isLetter == true || before == "_")
    if !continuesName { return true }
    rest = rest[found.upperBound...]
  }
  return false
}
