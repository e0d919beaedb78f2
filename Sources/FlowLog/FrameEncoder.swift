/// Builds one frame at a time, in a buffer that it reuses.
struct FrameEncoder: ~Copyable {
  /// Begins with the frame that was built last.
  private(set) var buffer: [UInt8] = []
  private var deflater: Deflater?

  init(_ options: LogOptions) {
    switch options.compression {
    case .none: deflater = nil
    case .deflate(let level): deflater = Deflater(level: level, dictionary: options.dictionary)
    }
  }

  /// Builds a frame of a raw payload, and deflates it if that makes the frame shorter.
  mutating func encode(
    _ header: FrameHeader, _ payload: Span<UInt8>, after chain: UInt32
  ) -> FrameHeader {
    var header = header
    buffer.grow(to: LogFormat.frameLength(storing: payload.count))
    if let length = deflated(payload) {
      header.type |= FrameHeader.deflatedFlag
      header.storedLength = UInt32(length)
    } else {
      buffer.copy(payload, at: LogFormat.frameHeaderLength)
    }
    finish(&header, after: chain)
    return header
  }

  /// Builds a frame from the stored payload of another segment's frame, with a new salt and chain.
  mutating func encode(
    storedAs header: FrameHeader, _ payload: Span<UInt8>, salt: UInt32, after chain: UInt32
  ) -> FrameHeader {
    var header = header
    header.salt = salt
    buffer.grow(to: header.length)
    buffer.copy(payload, at: LogFormat.frameHeaderLength)
    finish(&header, after: chain)
    return header
  }

  private mutating func deflated(_ payload: Span<UInt8>) -> Int? {
    let start = LogFormat.frameHeaderLength
    // The longest payload that makes the frame eight bytes shorter.
    let limit = LogFormat.frameLength(storing: payload.count) - start - LogFormat.alignment - 1
    guard limit > 0 else { return nil }
    return deflater?.deflate(payload, into: &buffer, start..<start + limit)
  }

  private mutating func finish(_ header: inout FrameHeader, after chain: UInt32) {
    let start = LogFormat.frameHeaderLength
    let end = header.length
    for index in start + Int(header.storedLength)..<end { buffer[index] = 0 }
    buffer[end - 1] = LogFormat.endMark
    header.payloadChecksum = Checksum.of(buffer, start..<end)
    header.encode(into: &buffer, after: chain)
  }
}

extension FrameEncoder {
  /// Builds a seal, which has no payload.
  mutating func encode(_ seal: FrameHeader, after cursor: LogCursor) -> FrameHeader {
    encode(seal, [UInt8]().span, after: cursor.chain)
  }
}
