import CMonitor
import Glibc

/// Finds secrets in output (`mask.h` in CMonitor), for those who show it.
package enum SecretMask {
  /// What stands for a secret in what people see.
  package static let text = Array("***".utf8)

  package struct Findings {
    /// Ascending, apart from each other.
    package fileprivate(set) var ranges: [Range<Int>] = []
    /// How many bytes can be shown before those that follow are known.
    package fileprivate(set) var settled = 0
  }

  /// - Parameters:
  ///   - piece: what is being overwritten of it counts as found.
  ///   - isBehindGap: whether something is missing before the bytes; they may begin within a secret.
  ///   - isBeforeGap: the same of what comes after them.
  ///   - isEnd: whether nothing comes after them.
  package static func find(
    _ values: [[UInt8]], in piece: OutputPiece, isBehindGap: Bool = false,
    isBeforeGap: Bool = false, isEnd: Bool = true
  ) -> Findings {
    let bytes = piece.bytes
    let isLast = isEnd || isBeforeGap
    let found = Found()
    found.ranges = piece.hidden
    let settled =
      values.isEmpty
      ? bytes.count : search(values, bytes, isBehindGap, isBeforeGap, isEnd, found)
    // What is being overwritten may go on behind the bytes.
    let most = isLast ? bytes.count : Int.max
    var findings = Findings(
      ranges: SteadyReading.merged(found.ranges.map { $0.clamped(to: 0..<most) }), settled: settled)
    // A secret is shown as one.
    if let range = findings.ranges.first(where: { $0.contains(settled) }) {
      findings.settled = range.lowerBound
    }
    return findings
  }

  /// - Returns: how many bytes are settled.
  private static func search(
    _ values: [[UInt8]], _ bytes: [UInt8], _ isBehindGap: Bool, _ isBeforeGap: Bool,
    _ isEnd: Bool, _ found: Found
  ) -> Int {
    var settled = bytes.count
    unsafe SecretScrubbing.withSecrets(values) { secrets in
      let size = unsafe flow_mask_size(secrets.baseAddress, secrets.count)
      let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
      defer { unsafe memory.deallocate() }
      let context = unsafe Unmanaged.passUnretained(found).toOpaque()
      let mask = unsafe flow_mask_make(memory, secrets.baseAddress, secrets.count, note, context)
      if isBehindGap { unsafe flow_mask_skip(mask, 0) }
      unsafe bytes.withUnsafeBufferPointer {
        unsafe flow_mask_feed(mask, $0.baseAddress, $0.count)
      }
      if !isEnd && !isBeforeGap { settled = Int(unsafe flow_mask_settled(mask)) }
      if isBeforeGap {
        unsafe flow_mask_skip(mask, Int64(bytes.count) + 1)
      } else if isEnd {
        unsafe flow_mask_end(mask)
      }
    }
    return settled
  }

  /// The bytes with the secrets masked.
  package static func masked(_ bytes: [UInt8], _ ranges: [Range<Int>]) -> [UInt8] {
    if ranges.isEmpty { return bytes }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var shown = 0
    for range in ranges where range.lowerBound < bytes.count {
      result += bytes[shown..<range.lowerBound] + text
      shown = min(range.upperBound, bytes.count)
    }
    return result + bytes[shown...]
  }

  private final class Found {
    var ranges: [Range<Int>] = []
  }

  private static let note: @convention(c) (UnsafeMutableRawPointer?, Int64, Int64) -> Void = {
    context, from, until in
    guard let context = unsafe context else { return }
    let found = unsafe Unmanaged<Found>.fromOpaque(context).takeUnretainedValue()
    found.ranges.append(Int(from)..<Int(until))
  }
}
