import FlowRuntime

/// Append means append: bytes of the log that were durable once are never changed, cut or removed.
struct AppendOracle {
  private let storage: SimulatedStorage
  private let folder: RunFolder
  /// What each segment held after the last commit into it: the durable bytes, without the zeros of
  /// reserved room. In the order of the segments.
  private var durable: [(path: String, bytes: [UInt8])] = []

  init(_ storage: SimulatedStorage, _ folder: RunFolder) {
    self.storage = storage
    self.folder = folder
  }

  /// To be called when a commit has just become durable, and nothing else is written.
  mutating func committed() throws(Violation) {
    try check()
    guard let last = segments().last, let bytes = storage.bytes(at: last) else {
      throw Violation(.append, "\(folder.log) has no segments")
    }
    let end = (bytes.lastIndex { $0 != 0 } ?? -1) + 1
    let isKnown = durable.last?.path == last
    if isKnown { durable.removeLast() }
    durable.append((last, Array(bytes[..<end])))
  }

  /// Whether all that was durable is still there.
  func check() throws(Violation) {
    for (path, earlier) in durable {
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

  private func segments() -> [String] {
    let names = (try? storage.entries(of: folder.log)) ?? []
    return names.filter { $0.hasSuffix(".seg") }.map { "\(folder.log)/\($0)" }
  }
}
