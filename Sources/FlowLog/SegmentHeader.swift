/// The first 128 bytes of a segment; `LogFormat` shows them.
struct SegmentHeader: Hashable {
  var salt: UInt32
  var number: UInt64
  /// What the predecessor counts for, where this segment goes on. Zeros for the first.
  var predecessorLength: Int64
  var predecessorSequence: UInt64
  var predecessorChain: UInt32
  var engineLife: UInt32
  var rotationBytes: Int64
  var largestCommitBytes: Int64
  var reservationBytes: Int64
  var bornLength: Int64
  var dictionaryChecksum: UInt32

  var firstSequence: UInt64 { predecessorSequence + 1 }

  /// The size that the file had when it got its name: with room for the seal, if room is reserved.
  var bornSize: Int64 {
    reservationBytes == 0
      ? bornLength : reservedSize(holding: bornLength + Int64(LogFormat.sealLength))
  }

  /// So many bytes, rounded up to reservation steps. There must be one.
  func reservedSize(holding length: Int64) -> Int64 {
    (length + reservationBytes - 1) / reservationBytes * reservationBytes
  }

  /// The bytes, and the chain before the first frame.
  func encoded() -> (bytes: [UInt8], chain: UInt32) {
    var bytes = [UInt8](repeating: 0, count: LogFormat.segmentHeaderLength)
    bytes.store(LogFormat.segmentMagic, at: 0)
    bytes.store(UInt16(LogFormat.version), at: 8)
    bytes.store(UInt16(LogFormat.segmentHeaderLength), at: 10)
    bytes.store(salt, at: 12)
    bytes.store(number, at: 16)
    bytes.store(firstSequence, at: 24)
    bytes.store(number - 1, at: 32)
    bytes.store(UInt64(predecessorLength), at: 40)
    bytes.store(predecessorSequence, at: 48)
    bytes.store(predecessorChain, at: 56)
    bytes.store(engineLife, at: 60)
    bytes.store(UInt64(rotationBytes), at: 64)
    bytes.store(UInt64(largestCommitBytes), at: 72)
    bytes.store(UInt64(reservationBytes), at: 80)
    bytes.store(UInt64(bornLength), at: 88)
    bytes.store(dictionaryChecksum, at: 96)
    let checksum = Checksum.of(bytes, 0..<124)
    bytes.store(checksum, at: 124)
    return (bytes, checksum)
  }

  enum Fault: Error, Hashable {
    case damaged
    case newer
  }

  /// Reads the header of the segment with that number.
  static func decode(_ bytes: [UInt8], number: UInt64) throws(Fault) -> SegmentHeader {
    guard bytes.count == LogFormat.segmentHeaderLength,
      bytes.load(UInt64.self, at: 0) == LogFormat.segmentMagic,
      bytes.load(UInt32.self, at: 124) == Checksum.of(bytes, 0..<124)
    else { throw .damaged }
    guard bytes.load(UInt16.self, at: 8) == UInt16(LogFormat.version) else { throw .newer }

    func length(at index: Int) throws(Fault) -> Int64 {
      let value = bytes.load(UInt64.self, at: index)
      guard value <= LogFormat.greatestLength else { throw .damaged }
      return Int64(value)
    }
    let header = SegmentHeader(
      salt: bytes.load(UInt32.self, at: 12),
      number: bytes.load(UInt64.self, at: 16),
      predecessorLength: try length(at: 40),
      predecessorSequence: UInt64(try length(at: 48)),
      predecessorChain: bytes.load(UInt32.self, at: 56),
      engineLife: bytes.load(UInt32.self, at: 60),
      rotationBytes: try length(at: 64),
      largestCommitBytes: try length(at: 72),
      reservationBytes: try length(at: 80),
      bornLength: try length(at: 88),
      dictionaryChecksum: bytes.load(UInt32.self, at: 96))
    guard header.number == number, header.isSound else { throw .damaged }
    // What the fields do not hold must be as written: what follows from them, and reserved bytes.
    guard bytes.load(UInt16.self, at: 10) == UInt16(LogFormat.segmentHeaderLength),
      bytes.load(UInt64.self, at: 24) == header.firstSequence,
      bytes.load(UInt64.self, at: 32) == number - 1,
      stride(from: 100, to: 124, by: 8).allSatisfy({ bytes.load(UInt64.self, at: $0) == 0 })
    else { throw .damaged }
    return header
  }

  private var isSound: Bool {
    let shortest = Int64(LogFormat.segmentHeaderLength)
    let startsLog = predecessorLength == 0 && predecessorSequence == 0 && predecessorChain == 0
    return number == 1 ? startsLog : predecessorLength >= shortest && bornLength >= shortest
  }
}
