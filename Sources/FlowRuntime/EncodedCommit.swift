package import FlowCore
package import FlowLog

/// The events of a commit as the log takes them.
package struct EncodedCommit {
  /// The parts, one after the other.
  package private(set) var payload: [UInt8] = []
  /// A part goes into one frame, and is a block of its own (`EventEncoder`).
  package private(set) var parts: [LogPart] = []
  /// The sequence number of the first event.
  package let first: UInt64

  /// Events are gathered into parts of this many bytes and an event more: well below what a frame
  /// takes, and enough that its header costs nothing.
  private static let partByteCount = 4 << 20

  /// - Parameter events: consecutive, at least one.
  package init(_ events: [Event]) {
    guard let event = events.first else { preconditionFailure("a commit without events") }
    first = UInt64(event.sequence)
    var encoder = EventEncoder()
    var count = 0
    for event in events {
      encoder.append(event)
      count += 1
      if encoder.byteCount >= Self.partByteCount { endPart(&encoder, &count) }
    }
    if count > 0 { endPart(&encoder, &count) }
  }

  private mutating func endPart(_ encoder: inout EventEncoder, _ count: inout Int) {
    let bytes = encoder.finish()
    parts.append(LogPart(eventCount: count, byteCount: bytes.count))
    payload += bytes
    count = 0
  }
}
