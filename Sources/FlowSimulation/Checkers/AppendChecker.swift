import FlowCore
import FlowRuntime

/// Bytes of the log that were durable once are never changed, cut or removed.
final class AppendChecker {
  private let storage: SimulatedStorage
  private let folder: String
  private let log: DurableLog

  init(_ storage: SimulatedStorage, _ folder: RunFolder, _ log: DurableLog = DurableLog()) {
    self.storage = storage
    self.folder = folder.log
    self.log = log
  }

  /// To be called when a commit has just become durable, and nothing else is being written.
  ///
  /// - Parameter checking: whether what was durable before must still be there.
  func committed(checking: Bool = true) throws(Violation) {
    if checking { try check() }
    guard let last = lastSegment(), let bytes = storage.bytes(at: last) else {
      throw Violation(.append, "\(folder) has no segments")
    }
    log.commit(bytes, to: last, isAppended: checking)
  }

  /// Whether everything that was durable is still there.
  func check() throws(Violation) {
    for segment in log.segments {
      let (path, earlier) = (segment.path, segment.bytes)
      guard let bytes = storage.bytes(at: path) else {
        throw Violation(.append, "\(path) is gone")
      }
      guard bytes.begins(with: earlier) else {
        let difference = zip(bytes, earlier).enumerated().first { $0.element.0 != $0.element.1 }
        throw Violation(
          .append,
          "byte \(difference?.offset ?? bytes.count) of \(path) is no longer what was durable")
      }
    }
  }

  private func lastSegment() -> String? {
    storage.names(at: folder)?.filter { $0.hasSuffix(".seg") }.max()
      .map { "\(folder)/\($0)" }
  }
}

extension AppendChecker: Checker {
  func committed(_ events: [Event], _ state: RunState, in world: World) throws(Violation) {
    try committed(checking: !world.storage.hasBetrayed)
  }

  func ended(_ events: [Event], _ state: RunState?, in world: World) throws(Violation) {
    if !world.storage.hasBetrayed { try check() }
  }
}

/// What was durable of a log, segment by segment. `AppendChecker` keeps it up to date; others look.
final class DurableLog {
  struct Segment {
    let path: String
    /// What was durable after the last commit into it, without the zeros of reserved space.
    var bytes: [UInt8]
    /// Where each commit ended that became durable in it.
    var commitEnds: [Int]
  }

  /// In their order.
  private(set) var segments: [Segment] = []

  /// - Parameters:
  ///   - bytes: what the segment holds.
  ///   - isAppended: whether what was durable before is known to be there still.
  fileprivate func commit(_ bytes: [UInt8], to path: String, isAppended: Bool) {
    let end = bytes.endBeforeZeros
    if segments.last?.path != path {
      segments.append(Segment(path: path, bytes: [], commitEnds: []))
    }
    let index = segments.count - 1
    if isAppended, end >= segments[index].bytes.count {
      segments[index].bytes += bytes[segments[index].bytes.count..<end]
    } else {
      segments[index].bytes = Array(bytes[..<end])
    }
    segments[index].commitEnds.append(end)
  }
}

// Eight bytes at a time, because a segment is looked at whole after every commit.
extension [UInt8] {
  /// How many bytes there are before the zeros at the end.
  fileprivate var endBeforeZeros: Int {
    let words = unsafe span.bytes
    var end = count
    while end >= 8, unsafe words.unsafeLoadUnaligned(fromByteOffset: end - 8, as: UInt64.self) == 0
    {
      end -= 8
    }
    while end > 0, self[end - 1] == 0 { end -= 1 }
    return end
  }

  /// As `starts(with:)`.
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
