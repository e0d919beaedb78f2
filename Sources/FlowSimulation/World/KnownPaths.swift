import FlowStorage

/// A cache of paths: a world has few, and looks them up often.
struct KnownPaths {
  private enum Place {
    case node(Int)
    /// Nothing had the path when this many names had appeared.
    case nowhere(namesBefore: Int)
  }

  private var places: [String: Place] = [:]
  /// How many names have appeared.
  private var namesSoFar = 0

  /// - Parameter find: looks for it.
  mutating func node(
    at path: String, find: () throws(Errno) -> Int
  ) throws(Errno) -> Int {
    switch places[path] {
    case .node(let node): return node
    case .nowhere(namesSoFar): throw .noSuchFile
    case .nowhere, nil: break
    }
    do throws(Errno) {
      let node = try find()
      places[path] = .node(node)
      return node
    } catch {
      if error == .noSuchFile { places[path] = .nowhere(namesBefore: namesSoFar) }
      throw error
    }
  }

  /// There is a new name: everything else stays where it was.
  mutating func nameAppeared() { namesSoFar += 1 }

  /// A file, or an empty folder, has lost its name.
  mutating func nameDisappeared(of node: Int) {
    for (path, place) in places {
      if case .node(node) = place { places[path] = nil }
    }
  }

  /// Anything may be anywhere.
  mutating func forget() { places.removeAll(keepingCapacity: true) }

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
