import FlowRuntime

/// Append means append: bytes of the log that were durable once are never changed, cut or removed.
struct AppendChecker {
  private let storage: SimulatedStorage
  private let log: String
  /// In their order.
  private(set) var durable: [Segment] = []

  struct Segment {
    let path: String
    /// What was durable after the last commit into it, without the zeros of reserved room.
    var bytes: [UInt8]
    /// Where each commit ended that was made durable in it.
    var commitEnds: [Int]
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
    if durable.last?.path != last {
      durable.append(Segment(path: last, bytes: [], commitEnds: []))
    }
    let index = durable.count - 1
    // What was there before has just been compared, but where the disk may have changed it.
    if checking, end >= durable[index].bytes.count {
      durable[index].bytes += bytes[durable[index].bytes.count..<end]
    } else {
      durable[index].bytes = Array(bytes[..<end])
    }
    durable[index].commitEnds.append(end)
  }

  /// Whether all that was durable is still there.
  func check() throws(Violation) {
    for segment in durable {
      let (path, earlier) = (segment.path, segment.bytes)
      guard let bytes = storage.bytes(at: path) else {
        throw Violation(.append, "\(path) is gone")
      }
      guard bytes.begins(with: earlier) else {
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

extension [UInt8] {
  /// As `starts(with:)`, eight bytes at a time.
  fileprivate func begins(with other: [UInt8]) -> Bool {
    guard other.count <= count else { return false }
    let (mine, theirs) = unsafe (span.bytes, other.span.bytes)
    var index = 0
    while index + 8 <= other.count {
      let mine = unsafe mine.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
      let theirs = unsafe theirs.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
      if mine != theirs { return false }
      index += 8
    }
    return self[index..<other.count] == other[index...]
  }
}
