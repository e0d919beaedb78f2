import FlowCore
import FlowRuntime
import FlowStorage
import FlowSystem

/// The values of a run's secrets, as far as this process can have them: those of its own environment,
/// and of files that it may read. What it does not have is not masked, unless it was at rest.
final class KnownSecrets {
  /// Of a variable or a file, each value that it was seen to have: what was printed before a change
  /// must stay masked.
  private var seen: [Secret: [[UInt8]]] = [:]
  private let environment = ProcessFacts.environment()

  func values(of state: RunState) -> [[UInt8]] {
    state.definition.secrets.flatMap { secret in
      if let value = value(of: secret, state.created.definitionFolder),
        seen[secret]?.contains(value) != true
      {
        seen[secret, default: []].append(value)
      }
      return seen[secret] ?? []
    }
  }

  /// As steps get it; nil for one that they cannot have got.
  private func value(of secret: Secret, _ folder: String) -> [UInt8]? {
    let value: [UInt8]?
    switch secret.source {
    case .variable(let name): value = environment.value(of: name)
    case .file(let path):
      let full = path.utf8.first == UInt8(ascii: "/") ? path : "\(folder)/\(path)"
      do throws(Errno) {
        let bytes = try SecretFiles.read(full, limit: SecretLimit.mostBytes + 2)
        value = bytes.last == UInt8(ascii: "\n") ? Array(bytes.dropLast()) : bytes
      } catch {
        value = nil
      }
    }
    return value.flatMap { SecretFault($0) == nil ? $0 : nil }
  }
}

/// An output as people see it, with the secrets masked.
struct MaskedOutput {
  let file: OutputReading
  let secrets: [[UInt8]]

  private static let pieceByteCount = 1 << 16

  /// Calls `body` with one piece after another, up to the end, and `discarded` where the middle is
  /// missing.
  func forEachPiece(
    _ body: ([UInt8]) -> Void, discarded: (Int64) -> Void
  ) throws(Errno) {
    guard let gap = file.gap else { return try pieces(0, .max, body) }
    try pieces(0, gap.from, isBeforeGap: true, body)
    discarded(gap.byteCount)
    try pieces(gap.until, .max, isBehindGap: true, body)
  }

  private func pieces(
    _ start: Int64, _ end: Int64, isBehindGap: Bool = false, isBeforeGap: Bool = false,
    _ body: ([UInt8]) -> Void
  ) throws(Errno) {
    var offset = start
    var most = Self.pieceByteCount
    while offset < end {
      // What was not settled is read again: its monitor may have masked it by now.
      let wanted = Int(min(Int64(most), end - offset))
      let bytes = try file.bytes(from: offset, count: wanted)
      if bytes.isEmpty { return }
      let isLast = bytes.count < wanted || offset + Int64(bytes.count) == end
      let findings = SecretMask.find(
        secrets, in: bytes, isBehindGap: isBehindGap && offset == start,
        isBeforeGap: isBeforeGap && isLast, isEnd: isLast)
      if findings.settled == 0 {
        most *= 2
        continue
      }
      body(SecretMask.masked(Array(bytes[..<findings.settled]), findings.ranges))
      offset += Int64(findings.settled)
    }
  }

  /// What has come since `offset` and can be shown.
  ///
  /// - Parameters:
  ///   - isWhole: whether nothing more comes.
  ///   - inLines: whether to leave a line that has no end yet.
  /// - Returns: the bytes to show, and where the next will be.
  func news(
    from offset: Int64, isWhole: Bool, inLines: Bool, discarded: (Int64, UInt8?) -> [UInt8]
  ) throws(Errno) -> (shown: [UInt8], next: Int64) {
    var (shown, next) = ([UInt8](), offset)
    if let gap = file.gap, offset < gap.until {
      let before = try all(from: offset, to: gap.from)
      let findings = SecretMask.find(secrets, in: before, isBeforeGap: true)
      shown = SecretMask.masked(before, findings.ranges)
      shown += discarded(gap.byteCount, shown.last)
      next = gap.until
    }
    let bytes = try all(from: next, to: .max)
    let findings = SecretMask.find(
      secrets, in: bytes, isBehindGap: next > offset, isEnd: isWhole)
    var cut = findings.settled
    if inLines && !isWhole {
      cut = (bytes[..<cut].lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
      // Not within a secret of several lines.
      while let range = findings.ranges.first(where: { $0.contains(cut) && $0.lowerBound < cut }) {
        cut = (bytes[..<range.lowerBound].lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
      }
    }
    shown += SecretMask.masked(Array(bytes[..<cut]), findings.ranges)
    return (shown, next + Int64(cut))
  }

  private func all(from start: Int64, to end: Int64) throws(Errno) -> [UInt8] {
    var bytes: [UInt8] = []
    while start + Int64(bytes.count) < end {
      let offset = start + Int64(bytes.count)
      let piece = try file.bytes(
        from: offset, count: Int(min(Int64(Self.pieceByteCount), end - offset)))
      if piece.isEmpty { break }
      bytes += piece
    }
    return bytes
  }
}
