import FlowRuntime

/// A segment gets its name only when the name of the one before is durable. Otherwise a crash that
/// takes some names and leaves later ones could leave a log with a gap, which looks like lost
/// history.
final class SegmentNameChecker: Checker {
  func syncsNames(in world: World) throws(Violation) {
    guard let run = world.run, !world.storage.hasBetrayed, world.storage.tier != .ordered,
      let log = world.storage.folder(at: run.folder.log)
    else { return }
    let segments = log.names.keys.filter { $0.hasSuffix(".seg") }.sorted()
    try Self.check(segments) { log.isAtRisk($0) }
  }

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
