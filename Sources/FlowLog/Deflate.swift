import CZlib

/// zlib keeps a pointer back to this structure, so it must not move.
private typealias Stream = UnsafeMutablePointer<z_stream>

/// A stream, freed when its owner goes. It is an object for the same reason as `OpenFile` in
/// FlowStorage.
@safe
private final class OwnedStream {
  let stream: Stream
  private let end: (Stream?) -> Int32

  /// - Parameter end: the function of zlib that frees the stream.
  init(end: @escaping (Stream?) -> Int32) {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    unsafe self.end = end
  }

  deinit {
    _ = unsafe end(stream)
    unsafe stream.deallocate()
  }
}

/// Raw deflate, one frame at a time, without an allocation for each.
@safe
struct Deflater: ~Copyable {
  private let owned: OwnedStream
  private let dictionary: PresetDictionary
  private let level: Int

  private var stream: Stream { unsafe owned.stream }

  /// Above this length, level 1 compresses nearly as well as the others (4500 bytes, the events of
  /// 200 steps, to 2916 instead of 2904), in less than half the time (42 instead of 112
  /// microseconds).
  private static let mostForLevel = 1 << 10

  /// - Parameter level: zlib's level, 1 to 9, for short payloads.
  init(level: Int, dictionary: PresetDictionary) {
    precondition((1...9).contains(level), "a deflate level is 1 to 9")
    self.dictionary = dictionary
    self.level = level
    unsafe owned = OwnedStream(end: deflateEnd)
    // -15: raw, with the largest window. 8: zlib's own default for its memory.
    let status = unsafe deflateInit2_(
      stream, Int32(level), Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK, "zlib has no memory")
  }

  /// Deflates into that part of `buffer`; returns the length, or nil if it does not fit.
  mutating func deflate(
    _ bytes: Span<UInt8>, into buffer: inout [UInt8], _ range: Range<Int>
  ) -> Int? {
    let level = Int32(bytes.count > Self.mostForLevel ? 1 : level)
    unsafe prime(
      stream,
      reset: { stream in
        // Before the first byte, deflateParams writes no output. Zero (`Z_OK`) if both succeed.
        unsafe deflateReset(stream) | deflateParams(stream, level, Z_DEFAULT_STRATEGY)
      }, set: deflateSetDictionary, dictionary)
    let isDone = unsafe run(stream, bytes, into: &buffer, range) { stream in
      unsafe CZlib.deflate(stream, Z_FINISH) == Z_STREAM_END
    }
    return isDone ? range.count - Int(unsafe stream.pointee.avail_out) : nil
  }
}

/// The inverse. Hostile input costs no more than the output buffer that it is given.
@safe
struct Inflater: ~Copyable {
  private let owned: OwnedStream
  private let dictionary: PresetDictionary

  private var stream: Stream { unsafe owned.stream }

  init(dictionary: PresetDictionary) {
    self.dictionary = dictionary
    unsafe owned = OwnedStream(end: inflateEnd)
    let status = unsafe inflateInit2_(
      stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK, "zlib has no memory")
  }

  /// Inflates into that part of `buffer`. True if the input fills it exactly.
  mutating func inflate(
    _ bytes: [UInt8], _ stored: Range<Int>, into buffer: inout [UInt8], _ range: Range<Int>
  ) -> Bool {
    unsafe prime(stream, reset: inflateReset, set: inflateSetDictionary, dictionary)
    let isDone = unsafe run(stream, bytes.span.extracting(stored), into: &buffer, range) { stream in
      unsafe CZlib.inflate(stream, Z_FINISH) == Z_STREAM_END
    }
    return unsafe isDone && stream.pointee.avail_in == 0 && stream.pointee.avail_out == 0
  }
}

private func prime(
  _ stream: Stream, reset: (Stream?) -> Int32,
  set: (Stream?, UnsafePointer<Bytef>?, uInt) -> Int32, _ dictionary: PresetDictionary
) {
  precondition(unsafe reset(stream) == Z_OK, "a zlib stream is unusable")
  guard !dictionary.bytes.isEmpty else { return }
  unsafe dictionary.bytes.withUnsafeBufferPointer { bytes in
    let status = unsafe set(stream, bytes.baseAddress, uInt(bytes.count))
    precondition(status == Z_OK, "zlib refused the dictionary")
  }
}

private func run(
  _ stream: Stream, _ bytes: Span<UInt8>, into buffer: inout [UInt8], _ range: Range<Int>,
  _ body: (Stream) -> Bool
) -> Bool {
  unsafe bytes.withUnsafeBufferPointer { input in
    unsafe buffer.withUnsafeMutableBufferPointer { output in
      let output = unsafe UnsafeMutableBufferPointer(rebasing: output[range])
      unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
      unsafe stream.pointee.avail_in = uInt(input.count)
      unsafe stream.pointee.next_out = output.baseAddress
      unsafe stream.pointee.avail_out = uInt(output.count)
      return unsafe body(stream)
    }
  }
}
