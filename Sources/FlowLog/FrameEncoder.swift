/// Builds one frame at a time in a buffer that is used again.
struct FrameEncoder: ~Copyable {
  /// The frame that was built last is at its start.
  private(set) var buffer: [UInt8] = []
  private var deflater: Deflater?

  init(_ options: LogOptions) {
    switch options.compression {
    case .none: deflater = nil
    case .deflate(let level): deflater = Deflater(level: level, dictionary: options.dictionary)
    }
  }

  /// Builds a frame of a raw payload, deflated where that makes the frame shorter.
  mutating func encode(
    _ header: FrameHeader, _ payload: Span<UInt8>, after chain: UInt32
  ) -> FrameHeader {
    var header = header
    buffer.makeRoom(for: LogFormat.frameLength(storing: payload.count))
    if let length = deflated(payload) {
      header.type |= FrameHeader.deflatedFlag
      header.storedLength = UInt32(length)
    } else {
      buffer.copy(payload, at: LogFormat.frameHeaderLength)
    }
    finish(&header, after: chain)
    return header
  }

  /// Builds a frame anew from one that is stored, in another segment's salt and chain.
  mutating func encode(
    storedAs header: FrameHeader, _ payload: Span<UInt8>, salt: UInt32, after chain: UInt32
  ) -> FrameHeader {
    var header = header
    header.salt = salt
    buffer.makeRoom(for: header.length)
    buffer.copy(payload, at: LogFormat.frameHeaderLength)
    finish(&header, after: chain)
    return header
  }

  private mutating func deflated(_ payload: Span<UInt8>) -> Int? {
    let start = LogFormat.frameHeaderLength
    // The longest that takes eight bytes less than the payload as it is.
    let room = LogFormat.frameLength(storing: payload.count) - start - LogFormat.alignment - 1
    guard room > 0 else { return nil }
    return deflater?.deflate(payload, into: &buffer, start..<start + room)
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
