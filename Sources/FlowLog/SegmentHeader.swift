/// The names of segments in their folder.
enum SegmentName {
  static let digits = 8
  static let suffix = ".seg"
  /// Follows the name of a segment under construction.
  static let unfinished = ".new"
  static let highest: UInt64 = 99_999_999

  static func of(_ number: UInt64) -> String {
    precondition((1...highest).contains(number), "a segment number has eight digits")
    return String(String(highest + 1 + number).dropFirst()) + suffix
  }

  /// The number of a segment; nil for any other name.
  static func number(of name: String) -> UInt64? {
    guard name.utf8.count == digits + suffix.utf8.count, name.hasSuffix(suffix) else { return nil }
    let digits = name.utf8.prefix(digits)
    guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return UInt64(Substring(digits)).flatMap { $0 > 0 ? $0 : nil }
  }
}

/// The first 128 bytes of a segment; `LogFormat` has their layout.
struct SegmentHeader: Hashable {
  var salt: UInt32
  var number: UInt64
  /// How far the predecessor counts, and how it ends there. Zeros for the first segment.
  var predecessorLength: Int64
  var predecessorSequence: UInt64
  var predecessorChain: UInt32
  var engineLife: UInt32
  var rotationBytes: Int64
  var largestCommitBytes: Int64
  var reservationBytes: Int64
  var initialLength: Int64
  var dictionaryChecksum: UInt32

  var firstSequence: UInt64 { predecessorSequence + 1 }

  /// The least size of the file since it got its name. With a reservation it has space for the seal.
  var initialSize: Int64 {
    reservationBytes == 0
      ? initialLength : reservedSize(holding: initialLength + Int64(LogFormat.sealLength))
  }

  /// A length, rounded up to reservation steps. There must be a reservation.
  func reservedSize(holding length: Int64) -> Int64 {
    (length + reservationBytes - 1) / reservationBytes * reservationBytes
  }

  /// The header on disk, and the chain before the first frame.
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
    bytes.store(UInt64(initialLength), at: 88)
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
      initialLength: try length(at: 88),
      dictionaryChecksum: bytes.load(UInt32.self, at: 96))
    guard header.number == number, header.isSound else { throw .damaged }
    // Bytes that no field holds must be as this version writes them: derived ones, and reserved
    // ones.
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
    return number == 1 ? startsLog : predecessorLength >= shortest && initialLength >= shortest
  }
}

extension SegmentHeader {
  /// The header of a segment that continues after `cursor` in the segment before `number`.
  init(
    _ number: UInt64, after cursor: LogCursor, salt: UInt32, engineLife: UInt32,
    carrying carriedLength: Int64 = 0, holding commitLength: Int64 = 0, _ options: LogOptions
  ) {
    precondition(number > 1 || cursor == .start, "the first segment has no predecessor")
    precondition(
      options.rotationBytes >= 0 && options.largestCommitBytes >= 0
        && options.reservationBytes >= 0, "a size is not negative")
    self.init(
      salt: salt, number: number, predecessorLength: cursor.offset,
      predecessorSequence: cursor.sequence, predecessorChain: cursor.chain,
      engineLife: engineLife, rotationBytes: options.rotationBytes,
      largestCommitBytes: max(options.largestCommitBytes, commitLength),
      reservationBytes: options.reservationBytes > 0 ? Int64(LogFormat.alignment) : 0,
      initialLength: Int64(LogFormat.segmentHeaderLength) + carriedLength,
      dictionaryChecksum: options.dictionary.checksum)
  }

  /// The point before its first frame.
  var firstFrame: LogCursor { firstFrame(after: encoded().chain) }

  /// - Parameter chain: of the header.
  func firstFrame(after chain: UInt32) -> LogCursor {
    LogCursor(
      offset: Int64(LogFormat.segmentHeaderLength), chain: chain, sequence: predecessorSequence)
  }
}
