extension [UInt8] {
  /// The little-endian number at an index of any alignment.
  func load<Value: FixedWidthInteger & UnsignedInteger>(_: Value.Type, at index: Int) -> Value {
    precondition(
      index >= 0 && MemoryLayout<Value>.size <= count - index, "a load past the end of its buffer")
    return unsafe withUnsafeBytes {
      Value(littleEndian: unsafe $0.loadUnaligned(fromByteOffset: index, as: Value.self))
    }
  }

  /// Stores a number, little-endian, at an index of any alignment.
  mutating func store<Value: FixedWidthInteger & UnsignedInteger>(_ value: Value, at index: Int) {
    precondition(
      index >= 0 && MemoryLayout<Value>.size <= count - index, "a store past the end of its buffer")
    unsafe withUnsafeMutableBytes {
      unsafe $0.storeBytes(of: value.littleEndian, toByteOffset: index, as: Value.self)
    }
  }

  mutating func copy(_ bytes: Span<UInt8>, at index: Int) {
    precondition(index >= 0 && bytes.count <= count - index, "a copy past the end of its buffer")
    guard !bytes.isEmpty else { return }
    unsafe bytes.withUnsafeBytes { source in
      unsafe withUnsafeMutableBytes { target in
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: target[index...])
        unsafe rest.copyMemory(from: source)
      }
    }
  }

  /// Makes the buffer at least this long. Its contents may be lost.
  mutating func grow(to length: Int) {
    if count < length { self = [UInt8](repeating: 0, count: length) }
  }
}

extension Span<UInt8> {
  /// The index of the first byte that is not zero; nil if there is none.
  var firstNonZero: Int? {
    unsafe withUnsafeBytes { bytes in
      var start = 0
      while start + 8 <= bytes.count,
        unsafe bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self) == 0
      {
        start += 8
      }
      while start < bytes.count, unsafe bytes[start] == 0 { start += 1 }
      return start < bytes.count ? start : nil
    }
  }

  /// One past the last byte that is not zero; zero if there is none.
  var extent: Int {
    unsafe withUnsafeBytes { bytes in
      var end = bytes.count
      // Reserved space is hundreds of kilobytes of zeros: eight bytes at a time.
      while end >= 8, unsafe bytes.loadUnaligned(fromByteOffset: end - 8, as: UInt64.self) == 0 {
        end -= 8
      }
      while end > 0, unsafe bytes[end - 1] == 0 { end -= 1 }
      return end
    }
  }
}
