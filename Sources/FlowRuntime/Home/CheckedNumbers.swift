import FlowCore

/// The encoding of numbers in a small file that is read while it is written: little-endian,
/// followed by a hash of all of them, by which a reader recognizes a torn write.
enum CheckedNumbers {
  static func byteCount(_ count: Int) -> Int { 8 * (count + 1) }

  static func encode(_ numbers: [UInt64]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(byteCount(numbers.count))
    for number in numbers + [SplitMix64.hash(numbers)] {
      for shift in stride(from: 0, to: 64, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
      }
    }
    return bytes
  }

  /// - Parameter count: how many numbers, without the hash.
  /// - Returns: nil if the bytes are incomplete or torn.
  static func decode(_ bytes: [UInt8], count: Int) -> [UInt64]? {
    guard bytes.count == byteCount(count) else { return nil }
    let words = unsafe bytes.span.bytes
    var numbers: [UInt64] = []
    numbers.reserveCapacity(count)
    for index in 0..<count { numbers.append(word(index, of: words)) }
    return word(count, of: words) == SplitMix64.hash(numbers) ? numbers : nil
  }

  private static func word(_ index: Int, of bytes: RawSpan) -> UInt64 {
    UInt64(
      littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
  }
}
