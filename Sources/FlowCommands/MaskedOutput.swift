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
  /// Whether nothing more comes. Before that, what may be the beginning of a secret is not shown.
  let isWhole: Bool

  private static let pieceByteCount = 1 << 16

  /// Calls `body` with one piece after another, up to the end, and `discarded` where the middle is
  /// missing.
  func forEachPiece(
    _ body: ([UInt8]) -> Void, discarded: (Int64) -> Void
  ) throws(Errno) {
    var offset: Int64 = 0
    var isBehindGap = false
    var most = Self.pieceByteCount
    while true {
      let gap = try file.gap()
      if let gap, gap.from <= offset, offset < gap.until {
        discarded(gap.until - offset)
        (offset, isBehindGap, most) = (gap.until, true, Self.pieceByteCount)
      }
      // Where the gap begins, if that is ahead.
      let end = gap.map { offset < $0.from ? $0.from : .max } ?? .max
      // What was not settled is read again: its monitor may have masked it by now.
      let wanted = Int(min(Int64(most), end - offset))
      let piece = try file.piece(from: offset, count: wanted)
      // What was discarded meanwhile reads as zeros.
      if try file.gap() != gap { continue }
      let isLast = piece.bytes.count < wanted
      let isBeforeGap = !isLast && offset + Int64(wanted) == end
      let findings = SecretMask.find(
        secrets, in: piece, isBehindGap: isBehindGap, isBeforeGap: isBeforeGap,
        isEnd: isLast && isWhole)
      if findings.settled > 0 {
        body(SecretMask.masked(Array(piece.bytes[..<findings.settled]), findings.ranges))
      } else {
        most *= 2
      }
      // What comes now would follow the beginning of a secret that was taken for something else.
      if isLast { return }
      offset += Int64(findings.settled)
      if findings.settled == 0 { continue }
      isBehindGap = false
    }
  }

  /// What has come since `offset` and can be shown.
  ///
  /// - Parameter inLines: whether to leave a line that has no end yet.
  /// - Returns: the bytes to show, and where the next will be.
  func news(
    from offset: Int64, inLines: Bool, discarded: (Int64, UInt8?) -> [UInt8]
  ) throws(Errno) -> (shown: [UInt8], next: Int64) {
    while true {
      let gap = try file.gap()
      var (shown, next) = ([UInt8](), offset)
      if let gap, offset < gap.until {
        if offset < gap.from {
          let before = try file.piece(from: offset, count: Int(gap.from - offset))
          let findings = SecretMask.find(secrets, in: before, isBeforeGap: true)
          shown = SecretMask.masked(before.bytes, findings.ranges)
        }
        shown += discarded(gap.until - max(offset, gap.from), shown.last)
        next = gap.until
      }
      let piece = try file.piece(from: next, count: Int(max(try file.byteCount() - next, 0)))
      // What was discarded meanwhile reads as zeros.
      if try file.gap() != gap { continue }
      let findings = SecretMask.find(
        secrets, in: piece, isBehindGap: next > offset, isEnd: isWhole)
      var cut = findings.settled
      if inLines && !isWhole {
        cut = Self.endOfLines(piece.bytes[..<cut])
        // Not within a secret of several lines.
        while let range = findings.ranges.first(where: { $0.contains(cut) && $0.lowerBound < cut })
        {
          cut = Self.endOfLines(piece.bytes[..<range.lowerBound])
        }
      }
      shown += SecretMask.masked(Array(piece.bytes[..<cut]), findings.ranges)
      return (shown, next + Int64(cut))
    }
  }

  /// Behind the last line feed.
  private static func endOfLines(_ bytes: ArraySlice<UInt8>) -> Int {
    (bytes.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
  }
}
