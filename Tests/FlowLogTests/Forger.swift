@testable import FlowLog

/// Appends frames that continue a log. Every checksum matches.
struct Forger {
  let storage = MemoryStorage()
  private var chain: UInt32
  private(set) var last: UInt64 = 2

  /// A log of two events.
  init(largest: Int64 = 1 << 40) throws {
    var log = try newLog(storage, .small(largest: largest))
    try log.commit(2)
    var reader = try LogReader.open("log", in: storage, .dead)
    try reader.drain()
    chain = reader.segment.committed.chain
  }

  mutating func append(
    _ payload: [UInt8], endsCommit: Bool = true, _ change: (inout FrameHeader) -> Void = { _ in }
  ) {
    var frame = FrameHeader.data(
      salt: 0x5a17_0001, after: last, syncedThrough: endsCommit ? last : 2, eventCount: 1,
      rawLength: payload.count, endsCommit: endsCommit)
    change(&frame)
    let length = LogFormat.frameLength(storing: payload.count)
    var bytes = [UInt8](repeating: 0, count: length)
    bytes.copy(payload.span, at: 48)
    bytes[length - 1] = LogFormat.endMark
    frame.payloadChecksum = Checksum.of(bytes, 48..<length)
    frame.encode(into: &bytes, after: chain)
    storage[segment1] += bytes
    chain = frame.chain
    last += UInt64(frame.eventCount)
  }
}
