import FlowText
import Testing

struct EditDistanceTests {
  private func distance(_ a: String, _ b: String, limit: Int) -> Int? {
    var editDistance = EditDistance()
    return editDistance.between(Array(a.utf8).span, Array(b.utf8).span, limit: limit)
  }

  @Test(arguments: [
    ("", "", 0), ("build", "build", 0), ("build", "built", 1), ("build", "buid", 1),
    ("build", "builds", 1), ("build", "biuld", 1), ("build", "xbiuld", 2), ("ab", "ba", 1),
    ("ca", "abc", 3), ("kitten", "sitting", 3), ("", "abc", 3),
  ])
  func countsInsertionsDeletionsSubstitutionsAndSwaps(a: String, b: String, expected: Int) {
    #expect(distance(a, b, limit: 3) == expected)
    #expect(distance(b, a, limit: 3) == expected)
    #expect(distance(a, b, limit: expected) == expected)
    #expect(distance(a, b, limit: expected - 1) == nil)
  }

  @Test func stopsWhenItsBudgetIsSpent() {
    let (a, b) = (Array("abcdefgh".utf8), Array("abcdxfgh".utf8))
    var editDistance = EditDistance(budget: 10)
    #expect(editDistance.between(a.span, b.span, limit: 1) == 1)
    let later = (0..<10).map { _ in editDistance.between(a.span, b.span, limit: 1) }
    #expect(later.last == .some(nil))
  }

  @Test(arguments: [(1, 0), (2, 1), (5, 1), (6, 2), (9, 3), (64, 3), (65, 0)])
  func suggestsOnlyWhatIsNear(length: Int, limit: Int) {
    #expect(EditDistance.limit(for: [UInt8](repeating: 1, count: length).span) == limit)
  }
}
