import FlowCore
import Testing

@testable import FlowCommands

@Suite struct GraphLayoutTests {
  /// Two steps are never in the same place, and every need is left of its dependents.
  private func check(_ needs: [[Int]]) -> GraphLayout {
    let layout = GraphLayout(needs: needs)
    #expect(layout.nodes.count == needs.count)
    var places: Set<[Int]> = []
    let bends = layout.edges.flatMap(\.bends)
    for node in layout.nodes + bends {
      #expect(places.insert([node.column, node.halfRow]).inserted)
      #expect((0..<layout.columnCount).contains(node.column))
      #expect((0...layout.halfRowCount - 2).contains(node.halfRow))
    }
    for edge in layout.edges {
      let columns =
        [layout.nodes[edge.from].column] + edge.bends.map(\.column)
        + [layout.nodes[edge.to].column]
      #expect(zip(columns, columns.dropFirst()).allSatisfy { $0 < $1 })
    }
    #expect(layout.edges.count == needs.reduce(0) { $0 + $1.count })
    return layout
  }

  @Test func needsAreLeftOfTheirDependents() {
    let diamond = check([[], [0], [0], [1, 2]])
    #expect(diamond.nodes.map(\.column) == [0, 1, 1, 2])
    #expect(diamond.nodes.map(\.halfRow) == [1, 0, 2, 1])
    #expect(check([[1], []]).nodes.map(\.column) == [1, 0])
  }

  @Test func anEdgeGoesThroughTheColumnsBetween() {
    let layout = check([[], [0], [1], [2, 0]])
    #expect(layout.edges.map { $0.bends.count } == [0, 0, 0, 2])
    #expect(check([[]]).columnCount == 1)
  }

  @Test func aLongEdgeGoesStraight() {
    let chain = (0..<60).map { $0 == 0 ? [] : [$0 - 1] }
    let layout = check(chain + [[0, 59]])
    #expect(layout.edges.allSatisfy { $0.bends.isEmpty } && layout.columnCount == 61)
  }

  @Test func edgesThatNeedNotCrossDoNot() {
    // Each of the second column needs the one across from it.
    let layout = check([[], [], [], [2], [1], [0]])
    let rows = layout.edges.map { layout.nodes[$0.from].halfRow - layout.nodes[$0.to].halfRow }
    #expect(rows == [0, 0, 0])
  }

  @Test func anyGraphHasALayout() {
    for seed in 0..<40 as Range<UInt64> {
      let count = 1 + SplitMix64.mix(seed) % 40
      _ = check(
        (0..<count).map { step in
          (0..<step).filter { SplitMix64.hash(seed, step, $0) % 6 == 0 }.map { Int($0) }
        })
    }
  }
}
