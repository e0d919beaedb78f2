import Testing

@testable import FlowSimulation

struct ChoiceTreeTests {
  /// Each decision of a walk can change which one comes next.
  private func walk(_ tree: inout ChoiceTree) -> [Int] {
    let first = tree.choose(below: 3)
    switch first {
    case 0: return [first]
    case 1: return [first, tree.choose(below: 2), tree.choose(below: 2)]
    default:
      let second = tree.choose(below: 4)
      return second == 2 ? [first, second, tree.choose(below: 1)] : [first, second]
    }
  }

  @Test func everyLeafIsVisitedOnce() {
    var tree = ChoiceTree()
    var leaves: [[Int]] = []
    repeat { leaves.append(walk(&tree)) } while tree.advance()
    #expect(
      leaves == [
        [0], [1, 0, 0], [1, 0, 1], [1, 1, 0], [1, 1, 1], [2, 0], [2, 1], [2, 2, 0], [2, 3],
      ])
  }

  @Test func aTreeWithoutDecisionsHasOneLeaf() {
    var tree = ChoiceTree()
    let hasAnother = tree.advance()
    #expect(!hasAnother)
  }

  /// Each inner node is new once, so what is counted there is counted once.
  @Test func whatWalksShareIsNewOnce() {
    var tree = ChoiceTree()
    var (seconds, thirds) = (0, 0)
    repeat {
      _ = tree.choose(below: 2)
      if tree.isNew { seconds += 1 }
      _ = tree.choose(below: 3)
      if tree.isNew { thirds += 1 }
      _ = tree.choose(below: 2)
    } while tree.advance()
    #expect(seconds == 2)
    #expect(thirds == 6)
  }

  @Test func aWalkCanBeMadeAgain() {
    var tree = ChoiceTree()
    var leaves: [[Int]] = []
    var isNew = false
    repeat {
      let leaf = walk(&tree)
      leaves.append(leaf)
      tree.rewind()
      isNew = isNew || tree.isNew
      #expect(walk(&tree) == leaf)
    } while tree.advance()
    #expect(leaves.count == 9)
    #expect(!isNew)
  }
}
