/// 64-bit FNV-1a, the checksum of attempt records (`record.c`) and of manifests.
enum FNV {
  /// The lowest byte first.
  static func checksum(of bytes: some Sequence<UInt8>) -> [UInt8] {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return hash.littleEndianBytes
  }
}

extension UInt64 {
  /// Eight bytes, the lowest first.
  var littleEndianBytes: [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: self >> UInt64(8 * $0)) }
  }
}
