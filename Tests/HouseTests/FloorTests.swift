import TestSupport
import Testing

/// FlowCore is one module of four floors. A file names types of its own floor and of those below it:
/// so the format of a history can be read without the engine, and the state without its decisions.
struct FloorTests {
  /// From the lowest up.
  private static let floors = ["Definition", "History", "State", "Engine"]

  @Test func everyFileHasItsFloor() {
    let folders = Self.floors.map { "Sources/FlowCore/\($0)/" }
    let homeless = Repository.files(under: "Sources/FlowCore").filter { path in
      path.hasSuffix(".swift") && !folders.contains { path.hasPrefix($0) }
        && path != "Sources/FlowCore/FlowCore.swift"
    }
    #expect(homeless == [])
  }

  @Test func namesPointDownward() {
    for (index, floor) in Self.floors.enumerated() {
      let above = Set(Self.floors[(index + 1)...].flatMap { declaredTypes(under: $0) })
      #expect(index == Self.floors.count - 1 || above.count > 5, "no types above \(floor)")
      for path in Repository.files(under: "Sources/FlowCore/\(floor)") {
        for (number, line) in Repository.lines(of: path).enumerated() {
          for name in identifiers(in: line) where above.contains(name) {
            Issue.record("\(path):\(number + 1) names \(name), which is of a higher floor")
          }
        }
      }
    }
  }

  @Test(arguments: [
    ("  private let queue = WorkQueue<Int>() // of Engine", ["WorkQueue", "Int"]),
    ("/// See `Decider`.", []),
    ("case .ended(let verdict): EngineStarted", ["EngineStarted"]),
  ])
  func identifiersAreFoundOutsideComments(line: String, names: [String]) {
    #expect(identifiers(in: Substring(line)) == names)
  }

  /// Top-level types of a floor's files; nested ones are named behind them.
  private func declaredTypes(under floor: String) -> [String] {
    Repository.files(under: "Sources/FlowCore/\(floor)").flatMap { path in
      Repository.lines(of: path).compactMap { line -> String? in
        let words = line.split(separator: " ")
        guard line.first != " ", line.first != "/", line.first != "}",
          let keyword = words.firstIndex(where: { ["struct", "enum", "class"].contains($0) }),
          keyword + 1 < words.count
        else { return nil }
        return words[keyword + 1].split { !$0.isLetter && !$0.isNumber }.first.map(String.init)
      }
    }
  }
}

/// The capitalized names of a line of source, without its comment.
private func identifiers(in line: Substring) -> [String] {
  let code = line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line
  return code.split { !$0.isLetter && !$0.isNumber && $0 != "_" }
    .filter { $0.first?.isUppercase == true }.map(String.init)
}
