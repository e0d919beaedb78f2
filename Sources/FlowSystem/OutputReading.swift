import CLinux
package import FlowStorage
import Glibc

/// Reads the output of an attempt, whose middle the monitor may have discarded (`output_limit.c`):
/// there it is a hole, which is never read.
package struct OutputReading {
  /// Where the discarded middle is.
  package struct Gap: Equatable, Sendable {
    package let from: Int64
    package let until: Int64

    package var byteCount: Int64 { until - from }
  }

  package let byteCount: Int64
  package let gap: Gap?
  private let descriptor: Int32

  // lseek(2); only GNU's headers have them.
  private static let seekData: Int32 = 3
  private static let seekHole: Int32 = 4
  /// The unit of a hole.
  private static let block: Int64 = 4_096

  /// - Parameter maxBytes: the disk space that the output may hold; only a longer one has a gap.
  private init(_ descriptor: Int32, maxBytes: Int64) throws(Errno) {
    var status = stat()
    _ = try systemCall { unsafe fstat(descriptor, &status) }
    self.descriptor = descriptor
    byteCount = Int64(status.st_size)
    gap = byteCount > maxBytes ? Self.gap(of: descriptor, maxBytes, byteCount) : nil
  }

  /// A command can leave holes of its own: only the one that begins where a monitor begins counts.
  private static func gap(of descriptor: Int32, _ maxBytes: Int64, _ byteCount: Int64) -> Gap? {
    let kept = max(maxBytes / 4 / block * block, block)
    guard kept < byteCount, lseek(descriptor, off_t(kept), seekHole) == off_t(kept) else {
      return nil
    }
    let data = lseek(descriptor, off_t(kept), seekData)
    return Gap(from: kept, until: data < 0 ? byteCount : Int64(data))
  }

  /// Opens the output, and closes it after `body`.
  @discardableResult
  package static func read<Value>(
    _ path: String, maxBytes: Int64, _ body: (OutputReading) throws(Errno) -> Value
  ) throws(Errno) -> Value {
    let descriptor = try systemCall { unsafe clinux_open(path, O_RDONLY, 0) }
    defer { _ = close(descriptor) }
    return try body(try OutputReading(descriptor, maxBytes: maxBytes))
  }

  /// At most so many bytes; none at the end.
  package func bytes(from offset: Int64, count: Int) throws(Errno) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: count)
    let count = try systemCall { unsafe pread(descriptor, &buffer, count, off_t(offset)) }
    return Array(buffer[..<count])
  }

  /// The last bytes, at most `limit`, and how many of them follow the gap; nil where the gap is not
  /// among them.
  package func ending(limit: Int) throws(Errno) -> (bytes: [UInt8], afterGap: Int?) {
    guard let gap, byteCount - gap.until < Int64(limit) else {
      return (try bytes(from: max(0, byteCount - Int64(limit)), count: limit), nil)
    }
    let last = try bytes(from: gap.until, count: limit)
    let first = max(0, gap.from - Int64(limit - last.count))
    return (try bytes(from: first, count: Int(gap.from - first)) + last, last.count)
  }
}
