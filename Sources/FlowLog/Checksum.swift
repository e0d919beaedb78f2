import CZlib

/// zlib's CRC-32.
enum Checksum {
  static func of(_ bytes: Span<UInt8>) -> UInt32 {
    unsafe bytes.withUnsafeBufferPointer { buffer in
      // For a null pointer zlib returns its initial value, the checksum of no bytes.
      unsafe UInt32(truncatingIfNeeded: crc32_z(0, buffer.baseAddress, buffer.count))
    }
  }

  static func of(_ bytes: [UInt8], _ range: Range<Int>) -> UInt32 {
    of(bytes.span.extracting(range))
  }

  /// Links a header checksum to the chain before it.
  static func chain(_ previous: UInt32, _ headerChecksum: UInt32) -> UInt32 {
    unsafe withUnsafeBytes(of: (previous.littleEndian, headerChecksum.littleEndian)) { bytes in
      let buffer = unsafe bytes.assumingMemoryBound(to: UInt8.self)
      return unsafe UInt32(truncatingIfNeeded: crc32_z(0, buffer.baseAddress, buffer.count))
    }
  }
}
