/// A segment gets its name when that of the one before is durable. Where a crash may take some names
/// and leave later ones, it could else leave a log with a gap, which nobody can tell from history
/// that is lost.
enum SegmentNameChecker {
  /// - Parameters:
  ///   - segments: the names of a log's segments, in their order.
  ///   - isAtRisk: whether a power loss may take a name.
  static func check(_ segments: [String], isAtRisk: (String) -> Bool) throws(Violation) {
    guard let name = segments.dropLast().first(where: isAtRisk), let last = segments.last else {
      return
    }
    throw Violation(.verdict, "a crash can take the name of \(name), and leave that of \(last)")
  }
}
