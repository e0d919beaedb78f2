import FlowStorage

/// A cache of paths: a world has few, and looks them up often.
struct KnownPaths {
  private var nodes: [String: Int] = [:]
  /// Paths without a node, since the last new name.
  private var missing: Set<String> = []

  /// - Parameter find: looks for it.
  mutating func node(
    at path: String, find: () throws(Errno) -> Int
  ) throws(Errno) -> Int {
    if let known = nodes[path] { return known }
    if missing.contains(path) { throw .noSuchFile }
    do throws(Errno) {
      let node = try find()
      nodes[path] = node
      return node
    } catch {
      if error == .noSuchFile { missing.insert(path) }
      throw error
    }
  }

  /// There is a new name: everything else stays where it was.
  mutating func nameAppeared() {
    if !missing.isEmpty { missing.removeAll(keepingCapacity: true) }
  }

  /// A file, or an empty folder, has lost its name.
  mutating func nameDisappeared(of node: Int) {
    let paths = nodes.compactMap { $0.value == node ? $0.key : nil }
    for path in paths { nodes[path] = nil }
  }

  /// Anything may be anywhere.
  mutating func forget() {
    nodes.removeAll(keepingCapacity: true)
    missing.removeAll(keepingCapacity: true)
  }

  /// The names in a path.
  static func components(of path: String) -> [String] {
    var components: [String] = []
    components.reserveCapacity(6)
    let bytes = path.utf8Span.span
    var start = 0
    for end in 0...bytes.count where end == bytes.count || bytes[end] == UInt8(ascii: "/") {
      if end > start, let name = try? UTF8Span(validating: bytes.extracting(start..<end)) {
        components.append(String(copying: name))
      }
      start = end + 1
    }
    return components
  }
}
