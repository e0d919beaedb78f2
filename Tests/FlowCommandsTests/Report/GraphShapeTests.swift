import Testing

@testable import FlowCommands

@Suite struct GraphShapeTests {
  private func chain(_ count: Int) -> GraphLayout {
    GraphLayout(needs: (0..<count).map { $0 == 0 ? [] : [$0 - 1] })
  }

  private let longest = GraphShape.width(name: 30, state: 24)

  @Test(arguments: 1...12) func aChainIsNeverClipped(count: Int) {
    for page in [GraphShape.widePage, GraphShape.narrowPage] {
      let shape = GraphShape(chain(count), in: page, longest: longest)
      #expect(shape.fits && shape.width <= page)
      #expect(shape.longestName >= 30 && shape.longestState >= 22)
    }
  }

  @Test func aGraphGoesToTheRightWhereItFits() {
    #expect(!GraphShape(chain(4), in: GraphShape.widePage, longest: longest).isDownwards)
    #expect(GraphShape(chain(6), in: GraphShape.widePage, longest: longest).isDownwards)
    #expect(GraphShape(chain(4), in: GraphShape.narrowPage, longest: longest).isDownwards)
  }

  @Test func namesAreCutBeforeADrawingIsWiderThanThePage() {
    // Seven columns of seven: neither direction has room for whole names.
    let needs = (0..<49).map { $0 < 7 ? [] : [$0 - 7] }
    let shape = GraphShape(GraphLayout(needs: needs), in: GraphShape.widePage, longest: longest)
    #expect(shape.fits && shape.width <= GraphShape.widePage && shape.longestName < 30)
    let narrow = GraphShape(GraphLayout(needs: needs), in: GraphShape.narrowPage, longest: longest)
    #expect(!narrow.fits && narrow.width > GraphShape.narrowPage)
  }

  @Test(arguments: [2, 6]) func edgesLeadFromBoxToBox(count: Int) {
    let layout = chain(count)
    let shape = GraphShape(layout, in: GraphShape.widePage, longest: longest)
    let (first, second) = (layout.nodes[0], layout.nodes[1])
    #expect(shape.end(of: first).along < shape.start(of: second).along)
    let corner = shape.corner(of: second)
    let start = shape.start(of: second)
    let middle = shape.isDownwards ? start.across - shape.nodeWidth / 2 : start.along
    #expect(corner.x == middle)
    #expect(
      corner.y == (shape.isDownwards ? start.along : start.across - GraphShape.nodeHeight / 2))
  }
}
