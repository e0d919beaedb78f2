import FlowCore
import Testing

@Suite struct StepSetTests {
  @Test func stepsBecomeRanges() {
    let steps = StepSet([7, 1, 2, 9, 2, 8])
    #expect(steps.ranges == [1..<3, 7..<10])
    #expect(steps.count == 5)
    #expect(steps.last == 9)
    #expect(Array(steps.steps) == [1, 2, 7, 8, 9])
    #expect(StepSet(flags: steps.flags(of: 10)) == steps)
    #expect(StepSet(flags: steps.flags(of: 8)).ranges == [1..<3, 7..<8])
  }

  @Test func whetherAStepIsOne() {
    let steps = StepSet([1, 2, 7, 8, 12])
    let those = (Int32(-1)..<14).filter(steps.contains)
    #expect(those == [1, 2, 7, 8, 12])
    #expect(!StepSet().contains(0))
    #expect(StepSet().last == nil && StepSet().isEmpty)
  }
}

@Suite struct StepSelectionTests {
  private static let workflow = WorkflowDefinition.of("a", "b < a", "c < b", "d < a", "e")

  private func selected(_ change: (inout StepSelection) -> Void) throws -> String {
    let workflow = Self.workflow
    var selection = StepSelection()
    change(&selection)
    let graph = try DependencyGraph(workflow.steps)
    let unselected = selection.unselected(workflow, graph)
    return workflow.steps.indices.filter { !unselected.contains(Int32($0)) }
      .map { workflow.steps[$0].id }.joined()
  }

  private static func steps(_ ids: String...) -> [Int32] { ids.map(workflow.step) }

  @Test func nothingSelectsAll() throws {
    #expect(try selected { _ in } == "abcde")
    #expect(StepSelection().isEmpty)
  }

  @Test func onlyIsExact() throws {
    #expect(try selected { $0.only = Self.steps("c", "e") } == "ce")
  }

  @Test func fromTakesAllThatNeedsIt() throws {
    #expect(try selected { $0.from = Self.steps("b") } == "bc")
    #expect(try selected { $0.from = Self.steps("a") } == "abcd")
    #expect(try selected { $0.from = Self.steps("d", "b") } == "bcd")
  }

  @Test func toTakesAllThatItNeeds() throws {
    #expect(try selected { $0.to = Self.steps("c") } == "abc")
    #expect(try selected { $0.to = Self.steps("d", "e") } == "ade")
  }

  @Test func fromAndToMeet() throws {
    let both = try selected {
      $0.from = Self.steps("a")
      $0.to = Self.steps("b", "e")
    }
    #expect(both == "ab")
    let none = try selected {
      $0.from = Self.steps("d")
      $0.to = Self.steps("c")
    }
    #expect(none == "")
  }

  @Test func skipTakesAway() throws {
    #expect(try selected { $0.skip = Self.steps("b") } == "acde")
    let rest = try selected {
      $0.from = Self.steps("a")
      $0.skip = Self.steps("a", "d")
    }
    #expect(rest == "bc")
  }

  @Test func eachStepHasItsReason() throws {
    var selection = StepSelection()
    selection.from = Self.steps("a")
    selection.to = Self.steps("c")
    selection.skip = Self.steps("b")
    let reasons = selection.reasons(Self.workflow, try DependencyGraph(Self.workflow.steps))
    #expect(reasons.map(\.reason) == [.named, .skipped, .named, .notBefore, .notAfter])
    selection.skip = []
    let between = selection.reasons(Self.workflow, try DependencyGraph(Self.workflow.steps))
    #expect(between[1].reason == .between(0, 2))
    #expect(between.map(\.isSelected) == [true, true, true, false, false])
  }
}
