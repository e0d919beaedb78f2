import FlowRuntime

/// Append means append: bytes of the log that were durable once are never changed, cut or removed.
struct AppendOracle {
  private let storage: SimulatedStorage
  private let log: String
  /// In their order.
  private(set) var durable: [Segment] = []

  struct Segment {
    let path: String
    /// What was durable after the last commit into it, without the zeros of reserved room.
    let bytes: [UInt8]
    /// Where each commit ended that was made durable in it.
    let commitEnds: [Int]
  }

  init(_ storage: SimulatedStorage, _ folder: RunFolder) {
    self.storage = storage
    log = folder.log
  }

  /// To be called when a commit has just become durable, and nothing else is written.
  ///
  /// - Parameter checking: whether what was there before must still be.
  mutating func committed(checking: Bool = true) throws(Violation) {
    if checking { try check() }
    guard let last = lastSegment(), let bytes = storage.bytes(at: last) else {
      throw Violation(.append, "\(log) has no segments")
    }
    let end = (bytes.lastIndex { $0 != 0 } ?? -1) + 1
    var commitEnds = [end]
    if let before = durable.last, before.path == last {
      commitEnds = before.commitEnds + commitEnds
      durable.removeLast()
    }
    durable.append(Segment(path: last, bytes: Array(bytes[..<end]), commitEnds: commitEnds))
  }

  /// Whether all that was durable is still there.
  func check() throws(Violation) {
    for segment in durable {
      let (path, earlier) = (segment.path, segment.bytes)
      guard let bytes = storage.bytes(at: path) else {
        throw Violation(.append, "\(path) is gone")
      }
      guard bytes.count >= earlier.count, bytes[..<earlier.count] == earlier[...] else {
        let place = zip(bytes, earlier).enumerated().first { $0.element.0 != $0.element.1 }
        throw Violation(
          .append,
          "byte \(place?.offset ?? bytes.count) of \(path) is no longer what was durable")
      }
    }
  }

  private func lastSegment() -> String? {
    storage.names(at: log)?.filter { $0.hasSuffix(".seg") }.max()
      .map { "\(log)/\($0)" }
  }
}
