/// The first 48 bytes of a frame; `LogFormat` has their layout.
struct FrameHeader: Hashable {
  enum Kind: UInt8 {
    case data = 1
    case seal = 2
  }

  var version = LogFormat.version
  /// `Kind` and flags, as on disk.
  var type: UInt8
  var salt: UInt32
  var first: UInt64
  var syncedThrough: UInt64
  var eventCount: UInt32
  var storedLength: UInt32
  var rawLength: UInt32
  var payloadChecksum: UInt32 = 0
  var checksum: UInt32 = 0
  var chain: UInt32 = 0

  static let endsCommitFlag: UInt8 = 0x10
  static let deflatedFlag: UInt8 = 0x20

  static func data(
    salt: UInt32, after sequence: UInt64, syncedThrough: UInt64, eventCount: Int, rawLength: Int,
    endsCommit: Bool
  ) -> FrameHeader {
    FrameHeader(
      type: Kind.data.rawValue | (endsCommit ? endsCommitFlag : 0), salt: salt,
      first: sequence + 1, syncedThrough: syncedThrough, eventCount: UInt32(eventCount),
      storedLength: UInt32(rawLength), rawLength: UInt32(rawLength))
  }

  static func seal(salt: UInt32, after sequence: UInt64) -> FrameHeader {
    FrameHeader(
      type: Kind.seal.rawValue, salt: salt, first: sequence + 1, syncedThrough: sequence,
      eventCount: 0, storedLength: 0, rawLength: 0)
  }

  var kind: Kind? { Kind(rawValue: type & 0xf) }
  var endsCommit: Bool { type & Self.endsCommitFlag != 0 }
  var isDeflated: Bool { type & Self.deflatedFlag != 0 }
  /// The length of the frame, with header and padding.
  var length: Int { LogFormat.frameLength(storing: Int(storedLength)) }
  /// The same without deflate.
  var rawFrameLength: Int { LogFormat.frameLength(storing: Int(rawLength)) }
  var last: UInt64 { first + UInt64(eventCount) - 1 }

  /// Whether this version knows the version, kind and flags.
  var isKnown: Bool {
    version == LogFormat.version && kind != nil
      && type & ~(0xf | Self.endsCommitFlag | Self.deflatedFlag) == 0
  }

  /// Whether the lengths can be trusted. For a known header only.
  var isSound: Bool {
    // The upper limit keeps sums far from overflow.
    guard (1...1 << 60).contains(first) else { return false }
    guard kind == .data else {
      return type == Kind.seal.rawValue && eventCount == 0 && storedLength == 0 && rawLength == 0
    }
    return (1...UInt32(LogFormat.largestPayload)).contains(rawLength)
      && (isDeflated ? (1..<rawLength).contains(storedLength) : storedLength == rawLength)
      && (1...rawLength).contains(eventCount)
  }

  /// Stores the header at the start of the buffer, and computes its checksum and chain.
  mutating func encode(into bytes: inout [UInt8], after previous: UInt32) {
    bytes.store(LogFormat.frameMagic, at: 0)
    bytes[2] = version
    bytes[3] = type
    bytes.store(salt, at: 4)
    bytes.store(first, at: 8)
    bytes.store(syncedThrough, at: 16)
    bytes.store(eventCount, at: 24)
    bytes.store(storedLength, at: 28)
    bytes.store(rawLength, at: 32)
    bytes.store(payloadChecksum, at: 36)
    checksum = Checksum.of(bytes, 0..<40)
    chain = Checksum.chain(previous, checksum)
    bytes.store(checksum, at: 40)
    bytes.store(chain, at: 44)
  }

  /// The header at `index` if its magic and its own checksum match. Nothing else is checked.
  static func decode(_ bytes: [UInt8], at index: Int) -> FrameHeader? {
    guard bytes.load(UInt16.self, at: index) == LogFormat.frameMagic else { return nil }
    let checksum = bytes.load(UInt32.self, at: index + 40)
    guard checksum == Checksum.of(bytes, index..<index + 40) else { return nil }
    return FrameHeader(
      version: bytes[index + 2], type: bytes[index + 3],
      salt: bytes.load(UInt32.self, at: index + 4),
      first: bytes.load(UInt64.self, at: index + 8),
      syncedThrough: bytes.load(UInt64.self, at: index + 16),
      eventCount: bytes.load(UInt32.self, at: index + 24),
      storedLength: bytes.load(UInt32.self, at: index + 28),
      rawLength: bytes.load(UInt32.self, at: index + 32),
      payloadChecksum: bytes.load(UInt32.self, at: index + 36),
      checksum: checksum,
      chain: bytes.load(UInt32.self, at: index + 44))
  }
}
