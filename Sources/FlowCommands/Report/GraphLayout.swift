/// Places the steps of a graph in columns so that every need is left of its dependents: layers by
/// longest path, and within them an order with few crossings (Sugiyama's method, by barycentres).
struct GraphLayout {
  struct Node {
    /// From 0, from left to right.
    let column: Int
    /// From 0, in halves of a row, so that columns of different lengths can be centred.
    let halfRow: Int
  }

  /// From a need to its dependent, through its places in the columns between.
  struct Edge {
    let from: Int
    let to: Int
    let bends: [Node]
  }

  let nodes: [Node]
  let edges: [Edge]
  let columnCount: Int
  let halfRowCount: Int

  /// A step, or a place where an edge crosses a column.
  private struct Vertex {
    let column: Int
    var left: [Int] = []
    var right: [Int] = []
  }

  private static let sweeps = 6
  /// An edge over more columns is drawn straight: its places would outnumber those of the graph.
  private static let mostBends = 20

  /// - Parameters:
  ///   - needs: of each step, in any order; without a cycle.
  ///   - finally: the first of the steps that come right of all others; nil if none do.
  init(needs: [[Int]], finally: Int? = nil) {
    var columns = Self.columns(needs)
    if let finally, finally < needs.count {
      let inner = needs[finally...].map { $0.filter { $0 >= finally }.map { $0 - finally } }
      let right = (columns[..<finally].max() ?? -1) + 1
      for (place, column) in Self.columns(inner).enumerated() {
        columns[finally + place] = right + column
      }
    }
    var vertices = columns.map { Vertex(column: $0) }
    var chains: [(from: Int, to: Int, bends: [Int])] = []
    for (step, needs) in needs.enumerated() {
      for need in needs {
        let between = (columns[need] + 1)..<columns[step]
        var chain: [Int] = []
        for column in between where between.count <= Self.mostBends {
          chain.append(vertices.count)
          vertices.append(Vertex(column: column))
        }
        let path = [need] + chain + [step]
        for (left, right) in zip(path, path.dropFirst()) {
          vertices[left].right.append(right)
          vertices[right].left.append(left)
        }
        chains.append((need, step, chain))
      }
    }
    let layers = Self.ordered(vertices)
    let tallest = layers.map(\.count).max() ?? 0
    var places = Array(repeating: Node(column: 0, halfRow: 0), count: vertices.count)
    for (column, layer) in layers.enumerated() {
      for (row, vertex) in layer.enumerated() {
        places[vertex] = Node(column: column, halfRow: 2 * row + tallest - layer.count)
      }
    }
    nodes = Array(places.prefix(needs.count))
    edges = chains.map { chain in
      Edge(from: chain.from, to: chain.to, bends: chain.bends.map { places[$0] })
    }
    columnCount = layers.count
    halfRowCount = 2 * tallest
  }

  /// Of each step the length of the longest chain of needs before it.
  private static func columns(_ needs: [[Int]]) -> [Int] {
    var dependents: [[Int]] = Array(repeating: [], count: needs.count)
    var unmet = needs.map(\.count)
    for (step, needs) in needs.enumerated() {
      for need in needs { dependents[need].append(step) }
    }
    var columns = Array(repeating: 0, count: needs.count)
    var ready = needs.indices.filter { unmet[$0] == 0 }
    while let step = ready.popLast() {
      for dependent in dependents[step] {
        columns[dependent] = max(columns[dependent], columns[step] + 1)
        unmet[dependent] -= 1
        if unmet[dependent] == 0 { ready.append(dependent) }
      }
    }
    return columns
  }

  private static func ordered(_ vertices: [Vertex]) -> [[Int]] {
    let count = (vertices.map(\.column).max() ?? -1) + 1
    var layers: [[Int]] = Array(repeating: [], count: count)
    for (index, vertex) in vertices.enumerated() { layers[vertex.column].append(index) }
    var place = Array(repeating: 0, count: vertices.count)
    func note(_ layer: [Int]) {
      for (row, vertex) in layer.enumerated() { place[vertex] = row }
    }
    for layer in layers { note(layer) }
    for sweep in 0..<sweeps {
      let toTheRight = sweep % 2 == 0
      for column in toTheRight ? Array(layers.indices) : layers.indices.reversed() {
        let keys = layers[column].map { vertex in
          barycentre(toTheRight ? vertices[vertex].left : vertices[vertex].right, place)
            ?? place[vertex] * 1_000
        }
        let order = layers[column].indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
        layers[column] = order.map { layers[column][$0] }
        note(layers[column])
      }
    }
    return layers
  }

  /// In thousandths of a row; nil where there is no neighbour.
  private static func barycentre(_ neighbours: [Int], _ place: [Int]) -> Int? {
    if neighbours.isEmpty { return nil }
    return neighbours.reduce(0) { $0 + place[$1] } * 1_000 / neighbours.count
  }
}
