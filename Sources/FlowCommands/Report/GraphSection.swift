import FlowCore

/// The graph of a report, as a drawing in the page.
struct GraphSection {
  private let explainer: Explainer
  private let selection: ReportSelection

  private static let nodeWidth = 176
  private static let nodeHeight = 40
  private static let columnWidth = 232
  private static let rowHeight = 54
  private static let margin = 8
  /// How many characters fit in a box.
  private static let longestName = 22

  init(_ explainer: Explainer, _ selection: ReportSelection) {
    self.explainer = explainer
    self.selection = selection
  }

  func write(to output: inout some TextOutputStream) {
    let steps = explainer.state.definition.steps
    let edgeCount = steps.reduce(0) { $0 + $1.needs.count }
    output.write("<section id=\"graph\">\n<h2>Graph</h2>\n")
    if steps.count > ReportSelection.mostNodes || edgeCount > ReportSelection.mostEdges {
      output.write(
        "<p class=\"note\">\(steps.count) steps with \(edgeCount) needs are too many to be drawn"
          + " here. <code>flow export --format dot</code> writes them for Graphviz.</p>\n")
    } else {
      draw(GraphLayout(needs: steps.map { $0.needs.map(Int.init) }), to: &output)
    }
    output.write("</section>\n")
  }

  private func draw(_ layout: GraphLayout, to output: inout some TextOutputStream) {
    let width = 2 * Self.margin + (layout.columnCount - 1) * Self.columnWidth + Self.nodeWidth
    let height = 2 * Self.margin + layout.halfRowCount * Self.rowHeight / 2
    output.write(
      "<div class=\"scroll\"><svg width=\"\(width)\" height=\"\(height)\""
        + " viewBox=\"0 0 \(width) \(height)\" role=\"img\" aria-label=\"the graph of the steps\">\n"
    )
    for edge in layout.edges { output.write(path(edge, layout)) }
    for (step, node) in layout.nodes.enumerated() { output.write(box(step, node)) }
    output.write("</svg></div>\n")
  }

  private func left(_ node: GraphLayout.Node) -> Int {
    Self.margin + node.column * Self.columnWidth
  }

  private func middle(_ node: GraphLayout.Node) -> Int {
    Self.margin + node.halfRow * Self.rowHeight / 2 + Self.rowHeight / 2
  }

  private func path(_ edge: GraphLayout.Edge, _ layout: GraphLayout) -> String {
    let from = layout.nodes[edge.from]
    let to = layout.nodes[edge.to]
    var (x, y) = (left(from) + Self.nodeWidth, middle(from))
    var path = "M\(x) \(y)"
    func curve(_ nextX: Int, _ nextY: Int) {
      let half = (x + nextX) / 2
      path += "C\(half) \(y) \(half) \(nextY) \(nextX) \(nextY)"
      (x, y) = (nextX, nextY)
    }
    for bend in edge.bends {
      curve(left(bend), middle(bend))
      path += "h\(Self.nodeWidth)"
      x += Self.nodeWidth
    }
    curve(left(to), middle(to))
    let isOpen = !explainer.isMet(edge.from)
    return "<path class=\"edge\(isOpen ? " open" : "")\" d=\"\(path)\"/>\n"
  }

  private func box(_ step: Int, _ node: GraphLayout.Node) -> String {
    let status = explainer.status(step)
    let id = explainer.id(step)
    let name =
      id.count <= Self.longestName ? id : id.prefix(Self.longestName - 1) + "…"
    let (x, y) = (left(node), middle(node))
    let details = GraphNode(step, explainer)
    let box =
      "<g class=\"node \(status.rawValue)\">"
      + "<title>\(XMLText.escaped("\(id): \(details.stateText)"))</title>"
      + "<rect x=\"\(x)\" y=\"\(y - Self.nodeHeight / 2)\" width=\"\(Self.nodeWidth)\""
      + " height=\"\(Self.nodeHeight)\" rx=\"6\"/>"
      + "<text class=\"id\" x=\"\(x + 10)\" y=\"\(y - 3)\">\(XMLText.escaped(name))</text>"
      + "<text x=\"\(x + 10)\" y=\"\(y + 13)\">\(status.glyph)"
      + " \(XMLText.escaped(Self.short(details.stateText)))</text></g>"
    return selection.hasDetails(step) ? "<a href=\"#step-\(step)\">\(box)</a>\n" : "\(box)\n"
  }

  private static func short(_ text: String) -> String {
    text.count <= 24 ? text : text.prefix(23) + "…"
  }
}
