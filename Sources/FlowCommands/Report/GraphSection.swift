import FlowCore

/// The graph of a report, as a drawing in the page: one for wide windows, and one for narrow ones
/// where that would not fit.
struct GraphSection {
  private let explainer: Explainer
  private let selection: ReportSelection

  init(_ explainer: Explainer, _ selection: ReportSelection) {
    self.explainer = explainer
    self.selection = selection
  }

  /// Notices belong to the run, and to no step of it.
  private var drawn: Range<Int> { 0..<explainer.state.definition.firstNotify }

  func write(to output: inout some TextOutputStream) {
    let steps = drawn.map { explainer.state.definition.steps[$0] }
    let edgeCount = steps.reduce(0) { $0 + $1.needs.count }
    output.write("<section id=\"graph\">\n<h2>Graph</h2>\n")
    if steps.count > ReportSelection.mostNodes || edgeCount > ReportSelection.mostEdges {
      output.write(
        "<p class=\"note\">\(steps.count) steps with \(edgeCount) needs are too many to be drawn"
          + " here. <code>flow export --format dot</code> writes them for Graphviz.</p>\n")
    } else {
      let layout = GraphLayout(
        needs: steps.map { $0.needs.map(Int.init) },
        finally: explainer.state.definition.firstFinally)
      draw(layout, to: &output)
    }
    output.write("</section>\n")
  }

  private func draw(_ layout: GraphLayout, to output: inout some TextOutputStream) {
    let longest = drawn.map { step in
      GraphShape.width(
        name: explainer.id(step).count, state: GraphNode(step, explainer).stateText.count + 2)
    }.max()
    let wide = GraphShape(layout, in: GraphShape.widePage, longest: longest ?? 0)
    let narrow = GraphShape(layout, in: GraphShape.narrowPage, longest: longest ?? 0)
    if wide == narrow || wide.width <= GraphShape.narrowPage {
      draw(layout, wide, "scroll", to: &output)
    } else {
      draw(layout, wide, "scroll wide", to: &output)
      draw(layout, narrow, "scroll narrow", to: &output)
    }
  }

  private func draw(
    _ layout: GraphLayout, _ shape: GraphShape, _ kind: String,
    to output: inout some TextOutputStream
  ) {
    let (width, height) = (shape.width, shape.height)
    output.write(
      "<div class=\"\(kind)\"><svg\(shape.fits ? " class=\"fits\"" : "") width=\"\(width)\""
        + " height=\"\(height)\" viewBox=\"0 0 \(width) \(height)\" role=\"img\""
        + " aria-label=\"the graph of the steps\">\n")
    for edge in layout.edges { output.write(path(edge, layout, shape)) }
    for (step, node) in layout.nodes.enumerated() { output.write(box(step, node, shape)) }
    output.write("</svg></div>\n")
    if !shape.fits {
      let narrow = kind.hasSuffix("narrow") ? " narrow" : kind.hasSuffix("wide") ? " wide" : ""
      output.write("<p class=\"note\(narrow)\">Wider than the page: scroll sideways.</p>\n")
    }
  }

  private func path(_ edge: GraphLayout.Edge, _ layout: GraphLayout, _ shape: GraphShape) -> String
  {
    var (along, across) = shape.end(of: layout.nodes[edge.from])
    var path = "M\(shape.point(along, across))"
    func curve(to node: GraphLayout.Node) {
      let next = shape.start(of: node)
      let half = (along + next.along) / 2
      path +=
        "C\(shape.point(half, across)) \(shape.point(half, next.across))"
        + " \(shape.point(next.along, next.across))"
      (along, across) = next
    }
    for bend in edge.bends {
      curve(to: bend)
      (along, across) = shape.end(of: bend)
      path += "L\(shape.point(along, across))"
    }
    curve(to: layout.nodes[edge.to])
    let isOpen = !explainer.isMet(edge.from, of: edge.to)
    let wanted = explainer.state.definition.wanted(ofStep: edge.to, from: Int32(edge.from))
    let start = "<path class=\"edge\(isOpen ? " open" : "")\" d=\"\(path)\""
    if wanted == .done { return "\(start)/>\n" }
    let what = explainer.wording.text(need: edge.from, of: edge.to)
    return "\(start)><title>needs \(XMLText.escaped(what))</title></path>\n"
  }

  private func box(_ step: Int, _ node: GraphLayout.Node, _ shape: GraphShape) -> String {
    let status = explainer.status(step)
    let id = explainer.id(step)
    let (x, y) = shape.corner(of: node)
    let details = GraphNode(step, explainer)
    let name = Self.cut(id, to: shape.longestName)
    let state = Self.cut(details.stateText, to: shape.longestState)
    let box =
      "<g class=\"node \(StepBadge.kind(step, explainer))\">"
      + "<title>\(XMLText.escaped("\(id): \(details.stateText)"))</title>"
      + "<rect x=\"\(x)\" y=\"\(y)\" width=\"\(shape.nodeWidth)\""
      + " height=\"\(GraphShape.nodeHeight)\" rx=\"6\"/>"
      + "<text class=\"id\" x=\"\(x + 10)\" y=\"\(y + 17)\">\(XMLText.escaped(name))</text>"
      + "<text x=\"\(x + 10)\" y=\"\(y + 33)\">\(status.glyph)"
      + " \(XMLText.escaped(state))</text></g>"
    if !selection.hasDetails(step) { return "\(box)\n" }
    // Browsers unfold what is around the target of a link.
    let target = selection.items(ofNode: step)?.details.isEmpty == false ? "items" : "step"
    return "<a href=\"#\(target)-\(step)\">\(box)</a>\n"
  }

  private static func cut(_ text: String, to count: Int) -> String {
    text.count <= count ? text : text.prefix(max(1, count - 1)) + "…"
  }
}

/// How a graph is drawn so that it fits a page: its columns from left to right, or, where that would
/// be too wide, from top to bottom. All lengths are in CSS pixels.
struct GraphShape: Equatable {
  /// What a window of 1280 pixels leaves to the drawing, and one of 420; a scroll bar included.
  static let widePage = 1_216
  static let narrowPage = 372
  static let nodeHeight = 40

  let isDownwards: Bool
  let nodeWidth: Int
  /// Whether the drawing is as narrow as the page.
  let fits: Bool
  private let columnCount: Int
  private let rowCount: Int

  private static let margin = 8
  /// Between columns that go to the right, and that go down.
  private static let gapAcross = 44
  private static let gapDown = 26
  /// Between the nodes of a column that go to the right.
  private static let gapBeside = 14
  private static let smallestNode = 96
  private static let largestNode = 520
  /// Of a node in a drawing that does not fit.
  private static let usualNode = 176

  /// - Parameter longest: the width of a node that holds all texts whole.
  init(_ layout: GraphLayout, in page: Int, longest: Int) {
    columnCount = layout.columnCount
    rowCount = layout.halfRowCount / 2
    let wanted = min(max(longest, Self.smallestNode), Self.largestNode)
    let room = page - 2 * Self.margin
    let across = (room + Self.gapAcross) / max(1, columnCount) - Self.gapAcross
    let down = room / max(1, rowCount) - Self.gapBeside
    isDownwards = across < wanted && down > across
    let possible = isDownwards ? down : across
    fits = possible >= Self.smallestNode
    nodeWidth = min(wanted, fits ? possible : Self.usualNode)
  }

  /// The width of a node with texts of so many characters.
  static func width(name: Int, state: Int) -> Int { (max(name * 76, state * 66) + 9) / 10 + 22 }

  var longestName: Int { (nodeWidth - 22) * 10 / 76 }
  /// Without its glyph.
  var longestState: Int { (nodeWidth - 22) * 10 / 66 - 2 }

  var width: Int { isDownwards ? breadth : length }
  var height: Int { isDownwards ? length : breadth }

  /// From the first column to the last.
  private var length: Int { 2 * Self.margin + columnCount * columnPitch - columnGap }
  private var breadth: Int { 2 * Self.margin + rowCount * rowPitch }

  private var columnGap: Int { isDownwards ? Self.gapDown : Self.gapAcross }
  private var nodeLength: Int { isDownwards ? Self.nodeHeight : nodeWidth }
  private var columnPitch: Int { nodeLength + columnGap }
  private var rowPitch: Int { Self.gapBeside + (isDownwards ? nodeWidth : Self.nodeHeight) }

  // MARK: Places

  /// Where edges arrive at a node: `along` the columns, and `across` them.
  func start(of node: GraphLayout.Node) -> (along: Int, across: Int) {
    (
      Self.margin + node.column * columnPitch,
      Self.margin + node.halfRow * rowPitch / 2 + rowPitch / 2
    )
  }

  /// Where edges leave it.
  func end(of node: GraphLayout.Node) -> (along: Int, across: Int) {
    let start = start(of: node)
    return (start.along + nodeLength, start.across)
  }

  /// The upper left corner of its box.
  func corner(of node: GraphLayout.Node) -> (x: Int, y: Int) {
    let start = start(of: node)
    return isDownwards
      ? (start.across - nodeWidth / 2, start.along)
      : (start.along, start.across - Self.nodeHeight / 2)
  }

  func point(_ along: Int, _ across: Int) -> String {
    isDownwards ? "\(across) \(along)" : "\(along) \(across)"
  }
}
