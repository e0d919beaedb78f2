import CZlib
import FlowLog
import FlowRuntime

/// Writes values into segments that a fuzzer does not find by chance. The offsets repeat those of `LogFormat`
/// on purpose, so that the reader is not checked with its own constants.
enum SegmentRepair: Int {
  case none = 0
  /// Checksums and chains.
  case checksums = 1
  /// Also redundant values: magics, versions, salts, sequence numbers, padding, and a segment's references to
  /// its predecessor.
  case all = 2

  private static let headerLength = 128
  private static let frameHeaderLength = 48
  private static let endMark: UInt8 = 0xa5
  private static let dictionaryChecksum = EventDictionary.version1.checksum

  /// The position in a row of frames.
  private struct Place {
    var length = 0
    var sequence: UInt64 = 0
    var chain: UInt32 = 0
  }

  func repaired(_ segments: [[UInt8]]) -> [[UInt8]] {
    if self == .none { return segments }
    var end = Place()
    return segments.enumerated().map { index, segment in
      var bytes = segment
      if bytes.count < Self.headerLength { return bytes }
      if self == .all { repairHeader(&bytes, number: UInt64(index) + 1, after: end) }
      let checksum = Self.checksum(bytes[..<124])
      bytes.put(checksum, at: 124)
      end = Place(
        length: Self.headerLength, sequence: bytes.get(UInt64.self, at: 48), chain: checksum)
      var committed = end.sequence
      while repairFrame(&bytes, &end, &committed) {}
      return bytes
    }
  }

  /// The length of its predecessor that a segment's header names.
  static func predecessorLength(in segment: [UInt8]) -> Int {
    Int(segment.get(UInt64.self, at: 40))
  }

  private func repairHeader(_ bytes: inout [UInt8], number: UInt64, after end: Place) {
    bytes.replaceSubrange(0..<8, with: SegmentTarget.magic)
    bytes.put(UInt16(1), at: 8)
    bytes.put(UInt16(Self.headerLength), at: 10)
    bytes.put(number, at: 16)
    bytes.put(end.sequence + 1, at: 24)
    bytes.put(number - 1, at: 32)
    bytes.put(UInt64(end.length), at: 40)
    bytes.put(end.sequence, at: 48)
    bytes.put(end.chain, at: 56)
    if bytes.get(UInt32.self, at: 96) != 0 { bytes.put(Self.dictionaryChecksum, at: 96) }
    for index in 100..<124 { bytes[index] = 0 }
  }

  /// False if there is none.
  private func repairFrame(
    _ bytes: inout [UInt8], _ place: inout Place, _ committed: inout UInt64
  ) -> Bool {
    let start = place.length
    guard start + Self.frameHeaderLength <= bytes.count, bytes[start] == 0x66 else { return false }
    let stored = Int(bytes.get(UInt32.self, at: start + 28))
    let length = (Self.frameHeaderLength + stored + 8) / 8 * 8
    guard start + length <= bytes.count else { return false }
    if self == .all {
      bytes[start + 1] = 0x4c
      bytes[start + 2] = 1
      bytes.put(bytes.get(UInt32.self, at: 12), at: start + 4)
      bytes.put(place.sequence + 1, at: start + 8)
      bytes.put(committed, at: start + 16)
      for index in start + Self.frameHeaderLength + stored..<start + length - 1 { bytes[index] = 0 }
      bytes[start + length - 1] = Self.endMark
    }
    let payload = Self.checksum(bytes[start + Self.frameHeaderLength..<start + length])
    bytes.put(payload, at: start + 36)
    let header = Self.checksum(bytes[start..<start + 40])
    bytes.put(header, at: start + 40)
    var link: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0]
    link.put(place.chain, at: 0)
    link.put(header, at: 4)
    place.chain = Self.checksum(link[...])
    bytes.put(place.chain, at: start + 44)
    place.length += length
    place.sequence &+= UInt64(bytes.get(UInt32.self, at: start + 24))
    if bytes[start + 3] & 0x10 != 0 { committed = place.sequence }
    return true
  }

  private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    unsafe bytes.withUnsafeBufferPointer { buffer in
      unsafe UInt32(truncatingIfNeeded: crc32_z(0, buffer.baseAddress, buffer.count))
    }
  }
}

extension [UInt8] {
  fileprivate func get<Value: FixedWidthInteger>(_: Value.Type, at index: Int) -> Value {
    (0..<MemoryLayout<Value>.size).reduce(0) { $0 | Value(self[index + $1]) << Value(8 * $1) }
  }

  fileprivate mutating func put<Value: FixedWidthInteger>(_ value: Value, at index: Int) {
    for byte in 0..<MemoryLayout<Value>.size {
      self[index + byte] = UInt8(truncatingIfNeeded: value >> Value(8 * byte))
    }
  }
}
