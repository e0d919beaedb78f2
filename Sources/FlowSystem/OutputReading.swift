import CLinux
import FlowRuntime
package import FlowStorage
import Glibc

/// Some bytes of an output, as they were at one moment.
package struct OutputPiece: Equatable {
  package var bytes: [UInt8]
  /// What of them is a secret that is being overwritten, ascending; it may reach behind them.
  package var hidden: [Range<Int>] = []
}

/// Reads the output of an attempt, whose middle the monitor may have discarded (`output_limit.c`):
/// there it is a hole, which is never read.
package struct OutputReading {
  /// Where the discarded middle is.
  package struct Gap: Equatable, Sendable {
    package let from: Int64
    package let until: Int64

    package var byteCount: Int64 { until - from }
  }

  private let descriptor: Int32
  private let maxBytes: Int64
  /// Where it may say what is being overwritten; nil if nothing ever is.
  private let maskPath: String?

  // lseek(2); only GNU's headers have them.
  private static let seekData: Int32 = 3
  private static let seekHole: Int32 = 4
  /// The unit of a hole.
  private static let block: Int64 = 4_096

  /// Opens the output, and closes it after `body`.
  ///
  /// - Parameters:
  ///   - maxBytes: the disk space that the output may hold; only a longer one has a gap.
  ///   - holdsSecrets: whether its monitor overwrites secrets in it.
  @discardableResult
  package static func read<Value>(
    _ path: String, maxBytes: Int64, holdsSecrets: Bool,
    _ body: (OutputReading) throws(Errno) -> Value
  ) throws(Errno) -> Value {
    let descriptor = try systemCall { unsafe clinux_open(cPath(path), O_RDONLY, 0) }
    defer { _ = close(descriptor) }
    return try body(
      OutputReading(
        descriptor: descriptor, maxBytes: maxBytes,
        maskPath: holdsSecrets ? RunFolder.mask(ofOutput: path) : nil))
  }

  package func byteCount() throws(Errno) -> Int64 {
    var status = stat()
    _ = try systemCall { unsafe fstat(descriptor, &status) }
    return Int64(status.st_size)
  }

  /// Where the middle is missing by now. A command can leave holes of its own: only the one that begins
  /// where a monitor begins counts.
  package func gap() throws(Errno) -> Gap? {
    let byteCount = try byteCount()
    let kept = max(maxBytes / 4 / Self.block * Self.block, Self.block)
    guard byteCount > maxBytes, kept < byteCount,
      lseek(descriptor, off_t(kept), Self.seekHole) == off_t(kept)
    else { return nil }
    let data = lseek(descriptor, off_t(kept), Self.seekData)
    return Gap(from: kept, until: data < 0 ? byteCount : Int64(data))
  }

  /// At most so many bytes; none at the end.
  package func piece(from offset: Int64, count: Int) throws(Errno) -> OutputPiece {
    guard let maskPath else { return OutputPiece(bytes: try bytes(offset, count)) }
    return try SteadyReading.piece(from: offset) { () throws(Errno) in
      try bytes(offset, count)
    } hidden: { () throws(Errno) in
      try MaskPlan.read(maskPath)
    }
  }

  private func bytes(_ offset: Int64, _ count: Int) throws(Errno) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: count)
    var size = 0
    while size < count {
      let read = try systemCall {
        unsafe buffer.withUnsafeMutableBytes {
          unsafe pread(
            descriptor, $0.baseAddress?.advanced(by: size), count - size, off_t(offset) + size)
        }
      }
      if read == 0 { break }
      size += read
    }
    buffer.removeLast(count - size)
    return buffer
  }

  /// The last bytes, at most `limit`. Where the gap is among them, those before it, and behind it.
  package func ending(
    limit: Int
  ) throws(Errno) -> (before: OutputPiece?, last: OutputPiece, gap: Gap?, byteCount: Int64) {
    while true {
      let (gap, byteCount) = (try gap(), try byteCount())
      var before: OutputPiece?
      let last: OutputPiece
      if let gap, byteCount - gap.until < Int64(limit) {
        last = try piece(from: gap.until, count: limit)
        let first = max(0, gap.from - Int64(limit - last.bytes.count))
        before = try piece(from: first, count: Int(gap.from - first))
      } else {
        last = try piece(from: max(0, byteCount - Int64(limit)), count: limit)
      }
      // What was discarded meanwhile reads as zeros.
      if try self.gap() == gap { return (before, last, gap, byteCount) }
    }
  }
}

/// Reads what a monitor may be overwriting at the same time.
///
/// A read is not one moment: the beginning of a secret can be of the time before it was overwritten, and
/// its end of the time after. And at one moment half of a secret can be overwritten. Neither half is a
/// form of the secret, which nobody would find. So two things are asked:
///
/// - Each byte is overwritten at most once. If two reads have the same bytes, none of these changed between
///   the end of the first and the begin of the second: they are what the file held at each moment between.
/// - At one such moment the plan is read, which is complete before the first byte is overwritten, and stays
///   until the last one is. Without a plan nothing was half overwritten at that moment: all secrets
///   are there as they were printed, and are found, or are overwritten. With a plan, all that could be
///   half overwritten is in it.
enum SteadyReading {
  /// More than a monitor's scrub can disturb: it passes each place once.
  static let mostReads = 100

  /// - Parameters:
  ///   - read: the bytes from `offset` on.
  ///   - hidden: the ranges of the plan, by their place in the file.
  static func piece(
    from offset: Int64, _ read: () throws(Errno) -> [UInt8],
    hidden: () throws(Errno) -> [Range<Int64>]
  ) throws(Errno) -> OutputPiece {
    var bytes = try read()
    // A command that goes on writing over its own output: what changed is not shown.
    var changed: [Range<Int>] = []
    for number in 1... {
      let ranges = try hidden()
      let again = try read()
      // It may have grown.
      if (again.count >= bytes.count && again[..<bytes.count] == bytes[...]) || number == mostReads
      {
        return OutputPiece(
          bytes: bytes, hidden: merged(place(ranges, offset, bytes.count) + changed))
      }
      if number == mostReads - 1 {
        changed = bytes.indices.filter { $0 >= again.count || again[$0] != bytes[$0] }
          .map { $0..<$0 + 1 }
      }
      bytes = again
    }
    preconditionFailure("the last read returns")
  }

  private static func place(
    _ ranges: [Range<Int64>], _ offset: Int64, _ count: Int
  ) -> [Range<Int>] {
    ranges.filter { $0.upperBound > offset && $0.lowerBound < offset + Int64(count) }
      .map { Int(max($0.lowerBound - offset, 0))..<Int($0.upperBound - offset) }
  }

  /// In order, and apart from each other.
  static func merged(_ ranges: [Range<Int>]) -> [Range<Int>] {
    var merged: [Range<Int>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
      if let last = merged.last, last.upperBound >= range.lowerBound {
        merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        merged.append(range)
      }
    }
    return merged
  }
}
