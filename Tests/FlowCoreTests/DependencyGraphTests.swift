import Testing

@testable import FlowCore

@Suite struct DependencyGraphTests {
  @Test func longestRemainingChainComesFirst() throws {
    // 0 stands alone, 1 ─▶ 2 ─▶ 3, 4 ─▶ 3
    let graph = try DependencyGraph(Self.steps([[], [], [1], [2, 4], []]))
    #expect(Self.precedence(graph, 5) == [1, 2, 4, 0, 3])
  }

  @Test func definitionOrderBreaksTies() throws {
    let graph = try DependencyGraph(Self.steps([[], [], [], []]))
    #expect(Self.precedence(graph, 4) == [0, 1, 2, 3])
  }

  @Test func needsMayComeLaterInTheDefinition() throws {
    let graph = try DependencyGraph(Self.steps([[1], [2], []]))
    #expect(Self.precedence(graph, 3) == [2, 1, 0])
    #expect(Array(graph.dependents(of: 2)) == [1])
  }

  @Test(
    arguments: [
      ([[0]], [0]),
      ([[1], [0]], [0, 1]),
      ([[2], [0], [1]], [0, 2, 1]),
      // Steps before and behind the cycle are no part of it.
      ([[], [0, 3], [1], [2], [3]], [1, 3, 2]),
      ([[1], [2], [1], []], [1, 2]),
    ] as [([[Int32]], [Int])])
  func aCycleIsSpelledFromNeedToNeed(needs: [[Int32]], cycle: [Int]) {
    #expect(throws: Self.cycle(cycle)) { try DependencyGraph(Self.steps(needs)) }
  }

  @Test func agreesWithANaiveModel() throws {
    var generator = Generator(seed: 1)
    for _ in 0..<500 {
      let needs = generator.acyclicNeeds(stepCount: 1 + generator.below(12))
      let graph = try DependencyGraph(Self.steps(needs))
      let count = needs.count
      func chain(_ step: Int) -> Int {
        1 + (dependents(step).map(chain).max() ?? 0)
      }
      func dependents(_ step: Int) -> [Int] {
        (0..<count).filter { needs[$0].contains(Int32(step)) }
      }
      for step in 0..<count {
        #expect(graph.needsCount(of: step) == needs[step].count)
        #expect(graph.dependents(of: step).map(Int.init) == dependents(step))
        #expect(graph.step(ranked: graph.rank(of: step)) == step)
      }
      let chains = (0..<count).map(chain)
      let sorted = (0..<count).sorted { (-chains[$0], $0) < (-chains[$1], $1) }
      #expect(Self.precedence(graph, count) == sorted)
    }
  }

  @Test func everyCycleFoundIsOne() {
    var generator = Generator(seed: 2)
    var found = 0
    for _ in 0..<500 {
      let count = Int32(1 + generator.below(8))
      let needs = (0..<count).map { _ in (0..<count).filter { _ in generator.chance(in: 4) } }
      do throws(DependencyCycle) {
        _ = try DependencyGraph(Self.steps(needs))
      } catch {
        found += 1
        let next = error.steps.dropFirst() + error.steps.prefix(1)
        #expect(Set(error.steps).count == error.steps.count)
        for (step, need) in zip(error.steps, next) { #expect(needs[step].contains(Int32(need))) }
      }
    }
    #expect(found > 100)
  }

  @Test func aMillionStepsInAChainAreNoTrouble() throws {
    let count: Int32 = 1_000_000
    let graph = try DependencyGraph(Self.steps((0..<count).map { $0 == 0 ? [] : [$0 - 1] }))
    #expect(graph.rank(of: 999_999) == 999_999)
    let cycle = (0..<count).map { [($0 + 1) % count] }
    let error = #expect(throws: DependencyCycle.self) { try DependencyGraph(Self.steps(cycle)) }
    #expect(error?.steps.count == Int(count))
  }

  @Test func aMillionStepsInAFanAreNoTrouble() throws {
    let last: Int32 = 999_999
    let graph = try DependencyGraph(
      Self.steps((0...last).map { $0 == 0 ? [] : $0 == last ? Array(1..<last) : [0] }))
    #expect(graph.dependents(of: 0).count == 999_998)
    #expect(graph.needsCount(of: Int(last)) == 999_998)
  }

  private static func steps(_ needs: [[Int32]]) -> [StepDefinition] {
    needs.map { StepDefinition(id: "step", command: .shell("true"), needs: $0) }
  }

  private static func precedence(_ graph: DependencyGraph, _ count: Int) -> [Int] {
    (0..<Int32(count)).map { graph.step(ranked: $0) }
  }

  private static func cycle(_ steps: [Int]) -> DependencyCycle { DependencyCycle(steps: steps) }
}

extension Generator {
  /// Needs in any order of the definition, without a cycle.
  mutating func acyclicNeeds(stepCount: Int) -> [[Int32]] {
    var order = Array(0..<stepCount)
    for index in order.indices.dropFirst() { order.swapAt(index, below(index + 1)) }
    let odds = 2 + below(4)
    var needs = [[Int32]](repeating: [], count: stepCount)
    for (position, step) in order.enumerated() {
      needs[step] = order[..<position].filter { _ in chance(in: odds) }.map(Int32.init).sorted()
    }
    return needs
  }
}
