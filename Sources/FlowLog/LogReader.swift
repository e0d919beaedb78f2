package import FlowStorage

/// What a frame says of itself. Its payload is read with `LogReader.withPayload`.
package struct LogFrame: Hashable, Sendable {
  /// The sequence number of its first event.
  package let first: UInt64
  package let count: Int
  package let endsCommit: Bool
  /// The segment that holds it, and at which byte it begins there.
  package let place: LogPlace
  /// What it takes there.
  package let byteCount: Int
  /// The engine life that the segment belongs to.
  package let engineLife: UInt32
  /// Whether its segment was born with it: an earlier life may have written it first.
  package let isCarriedOver: Bool

  package var last: UInt64 { first + UInt64(count) - 1 }
}

/// A byte of a file of the log.
package struct LogPlace: Hashable, Sendable {
  package let path: String
  package let offset: Int64

  package init(path: String, offset: Int64) {
    self.path = path
    self.offset = offset
  }
}

/// Which log is read, and so how far its bytes count.
package enum LogSource: Hashable, Sendable {
  /// Of an engine that lives: up to what it says is durable. What lies beyond is in flight.
  case live(durable: LogPosition)
  /// Of an engine that is dead, to be believed as it is: it is synced first.
  case dead
  /// Of an engine that is dead, to be recovered: recovery carries over what may not be durable.
  case recovering
}

/// Reads a log from its first event on, one frame in memory at a time.
///
/// Every frame that it gives out belongs to a whole commit. It throws `LogError`: `.damaged` where
/// history is known to be missing or wrong, `.newer`, `.empty`, `.storage`; it is of no use then.
package struct LogReader<Store: Storage>: ~Copyable {
  let directory: String
  let storage: Store
  private let dictionary: PresetDictionary
  var segment: SegmentReader<Store>
  /// The segment after this one; nil in the last.
  private var successor: SegmentReader<Store>?
  /// How far this segment counts, as the successor says.
  private var validLength: Int64?
  private var lastNumber: UInt64
  /// How far the last segment of a live log counts.
  private var durableLength: Int64?
  /// Events up to here were given out from a segment where they count no more.
  private var readThrough: UInt64 = 0
  private var inflater: Inflater
  /// As long as the longest frame so far.
  private(set) var inflated: [UInt8] = []
  private var payload = Payload.none
  /// How the log ends; nil until `next` has returned nil, and in a live log.
  package private(set) var tail: LogTail?

  private enum Payload {
    case none
    case stored(Range<Int>)
    case inflated(Int)
  }

  /// - Parameter dictionary: as in the options that the log was written with.
  package static func open(
    _ directory: String, in storage: Store, _ source: LogSource,
    dictionary: PresetDictionary = .none
  ) throws(LogError) -> LogReader {
    let highest = try highestSegment(in: directory, storage, source)
    if source == .dead { try sync(highest, in: directory, storage) }
    let first = try SegmentReader.open(1, in: directory, storage)
    var reader = LogReader(
      directory, storage, first, lastNumber: highest, source, dictionary: dictionary)
    try reader.enterSegment()
    return reader
  }

  private init(
    _ directory: String, _ storage: Store, _ first: consuming SegmentReader<Store>,
    lastNumber: UInt64, _ source: LogSource, dictionary: PresetDictionary
  ) {
    self.directory = directory
    self.storage = storage
    self.dictionary = dictionary
    self.lastNumber = lastNumber
    segment = first
    inflater = Inflater(dictionary: dictionary)
    if case .live(let durable) = source { durableLength = durable.length }
  }

  /// The events that were read, and where the last whole commit ends.
  package var lastSequence: UInt64 { segment.committed.sequence }
  package var position: LogPosition {
    LogPosition(segment: segment.header.number, length: segment.committed.offset)
  }
  /// The engine life that the segment belongs to.
  package var engineLife: UInt32 { segment.header.engineLife }

  /// Lets the reader of a live log go on to what has become durable since, by this engine or by one
  /// that recovered the log.
  package mutating func extend(to durable: LogPosition) throws(LogError) {
    precondition(durableLength != nil, "only a live log grows")
    precondition(
      durable.segment > lastNumber
        || durable.segment == lastNumber && durableLength.map { $0 <= durable.length } == true,
      "a log does not shrink")
    let wasLast = segment.header.number == lastNumber
    lastNumber = durable.segment
    durableLength = durable.length
    guard wasLast else { return }
    try findSuccessor()
    guard let length = validLength, length < segment.next.offset else { return }
    // Recovery did not know what this reader was told: that the last commit is durable.
    readThrough = segment.committed.sequence
    segment.rewind(to: length)
  }

  /// The next frame; nil at the end of the log, or of what is durable of a live one.
  package mutating func next() throws(LogError) -> LogFrame? {
    payload = .none
    while tail == nil {
      let step = try segment.step(below: end)
      switch step {
      case .frame(let frame, _) where frame.last <= readThrough:
        continue
      case .frame(let frame, let stored):
        try inflate(frame, stored)
        return described(frame)
      case .seal:
        continue
      case .bad(let fault, let cursor) where validLength != nil || durableLength != nil:
        throw segment.error(at: cursor.offset, .damaged(.frame(fault)))
      case .bad(let fault, let cursor):
        tail = try segment.judgeTail(fault, at: cursor)
      case .end where validLength != nil:
        try enterSuccessor()
      case .end where durableLength != nil:
        try checkEnd(at: end)
        return nil
      case .end:
        tail = try segment.judgeTail(.missing, at: segment.next)
      }
    }
    return nil
  }

  /// The payload of the frame that `next` returned last.
  package func withPayload<Value, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    switch payload {
    case .none: preconditionFailure("there is no frame")
    case .stored(let range): try body(segment.window.bytes.span.extracting(range))
    case .inflated(let count): try body(inflated.span.extracting(0..<count))
    }
  }

  private func described(_ frame: FrameHeader) -> LogFrame {
    let offset = segment.next.offset - Int64(frame.length)
    return LogFrame(
      first: frame.first, count: Int(frame.eventCount), endsCommit: frame.endsCommit,
      place: LogPlace(path: segment.file.path, offset: offset), byteCount: frame.length,
      engineLife: segment.header.engineLife, isCarriedOver: offset < segment.header.bornLength)
  }

  /// Reads to the end, for the verdict alone.
  package mutating func drain() throws(LogError) {
    while try next() != nil {}
  }

  private mutating func inflate(
    _ frame: FrameHeader, _ stored: Range<Int>
  ) throws(LogError) {
    guard frame.isDeflated else {
      payload = .stored(stored)
      return
    }
    let length = Int(frame.rawLength)
    inflated.makeRoom(for: length)
    guard inflater.inflate(segment.window.bytes, stored, into: &inflated, 0..<length) else {
      throw segment.error(
        at: segment.next.offset - Int64(frame.length), .damaged(.deflate))
    }
    payload = .inflated(length)
  }
}

// MARK: - Damage at the end

extension LogReader {
  /// Takes the history to end before damage at the end of the last segment, if nothing behind it can
  /// be read: then `tail` says what does not count, and recovery can go on from it. Events that were
  /// acknowledged may be among it.
  ///
  /// - Parameter error: what `next` threw.
  /// - Returns: false for other damage: to go on would drop what can be read, or what is known to be
  ///   missing.
  package mutating func endBefore(_ error: LogError) throws(LogError) -> Bool {
    guard tail == nil, validLength == nil, durableLength == nil else { return false }
    switch error.reason {
    case .damaged(.moreThanOneCommit), .damaged(.bytesAfterSeal):
      tail = try segment.unreadableTail()
      return tail != nil
    case .damaged, .empty, .newer, .storage, .writerFailed: return false
    }
  }
}

// MARK: - From segment to segment

extension LogReader {
  /// Where the bytes of this segment cease to count.
  private var end: Int64 { validLength ?? durableLength ?? segment.size }

  private mutating func enterSegment() throws(LogError) {
    let named = segment.header.dictionaryChecksum
    guard named == 0 || named == dictionary.checksum else {
      throw segment.error(at: 0, .newer)
    }
    try findSuccessor()
  }

  private mutating func findSuccessor() throws(LogError) {
    validLength = nil
    successor = nil
    let number = segment.header.number
    guard number < lastNumber else { return }
    let next = try SegmentReader.open(number + 1, in: directory, storage)
    validLength = next.header.predecessorLength
    successor = consume next
  }

  private mutating func enterSuccessor() throws(LogError) {
    guard let entered = successor.take() else {
      preconditionFailure("the last segment has no successor")
    }
    try checkEnd(at: entered.header.predecessorLength)
    guard segment.next.sequence == entered.header.predecessorSequence,
      segment.next.chain == entered.header.predecessorChain
    else { throw segment.error(at: segment.next.offset, .damaged(.successorDisagrees)) }
    segment = entered
    try enterSegment()
  }

  private func checkEnd(at length: Int64) throws(LogError) {
    let place = segment.next.offset
    guard place != length else { return }
    throw segment.error(
      at: place, .damaged(segment.isSealed ? .bytesAfterSeal : .successorDisagrees))
  }

  private static func highestSegment(
    in directory: String, _ storage: Store, _ source: LogSource
  ) throws(LogError) -> UInt64 {
    if case .live(let durable) = source {
      guard durable.segment > 0 else { throw LogError(directory, .empty) }
      return durable.segment
    }
    let names: [String]
    do throws(Errno) { names = try storage.entries(of: directory) } catch {
      throw LogError(directory, .storage(StorageError(.list, directory, error)))
    }
    guard let highest = names.compactMap(SegmentName.number).max() else {
      throw LogError(directory, .empty)
    }
    return highest
  }

  private static func sync(
    _ number: UInt64, in directory: String, _ storage: Store
  ) throws(LogError) {
    try wrapping(directory) { () throws(StorageError) in
      let file = try File(SegmentName.path(number, in: directory), .read, in: storage)
      try file.sync()
      try file.close()
      try storage.syncNames(of: directory)
    }
  }
}
