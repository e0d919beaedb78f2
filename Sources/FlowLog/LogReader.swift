package import FlowStorage

/// The header of a frame, and where it is. `LogReader.withPayload` reads its payload.
package struct LogFrame: Hashable, Sendable {
  /// The sequence number of its first event.
  package let first: UInt64
  package let count: Int
  package let endsCommit: Bool
  /// The segment that holds it.
  package let path: String
  /// Where it begins in the segment.
  package let offset: Int64
  /// Its length on disk.
  package let byteCount: Int
  /// The engine life that the segment belongs to.
  package let engineLife: UInt32
  /// Whether recovery carried it over from an earlier segment. Then an earlier life may have
  /// written it.
  package let isCarriedOver: Bool

  package var last: UInt64 { first + UInt64(count) - 1 }
}

/// Whose log is read, which decides how far its bytes count.
package enum LogSource: Hashable, Sendable {
  /// The log of a living engine, up to the position that the engine reports as durable. The bytes
  /// beyond it are in flight.
  case live(durable: LogPosition)
  /// The log of a dead engine, to be read as it is. The reader syncs it first.
  case dead
  /// The log of a dead engine, to be recovered. Recovery carries over what may not be durable.
  case recovering
}

/// Reads a log from its first event on, one frame at a time.
///
/// Every frame that it gives out belongs to a complete commit. It throws `LogError`: `.damaged` if
/// history is known to be missing or wrong, `.newer`, `.empty` or `.storage`. After an error it can
/// only be dropped.
package struct LogReader<Store: Storage>: ~Copyable {
  let folder: Folder<Store>
  private let dictionary: PresetDictionary
  var segment: SegmentReader<Store>
  /// The segment after this one; nil for the last.
  private var successor: SegmentReader<Store>?
  /// The length up to which this segment counts, by its successor's header.
  private var validLength: Int64?
  private var lastNumber: UInt64
  /// The length up to which the last segment of a live log counts.
  private var durableLength: Int64?
  /// The last event that was given out from a segment in which it no longer counts.
  private var readThrough: UInt64 = 0
  private var inflater: Inflater
  /// As long as the longest payload so far.
  private(set) var inflated: [UInt8] = []
  private var payload = Payload.none
  /// How the log ends; nil until `next` has returned nil, and for a live log.
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
    let folder = Folder(directory, in: storage)
    let highest = try highestSegment(in: folder, source)
    if source == .dead { try sync(highest, in: folder) }
    let first = try SegmentReader.open(1, in: folder)
    var reader = LogReader(folder, first, lastNumber: highest, source, dictionary: dictionary)
    try reader.enterSegment()
    return reader
  }

  private init(
    _ folder: Folder<Store>, _ first: consuming SegmentReader<Store>, lastNumber: UInt64,
    _ source: LogSource, dictionary: PresetDictionary
  ) {
    self.folder = folder
    self.dictionary = dictionary
    self.lastNumber = lastNumber
    segment = first
    inflater = Inflater(dictionary: dictionary)
    if case .live(let durable) = source { durableLength = durable.length }
  }

  /// The last event of the last complete commit that was read, and where that commit ends.
  package var lastSequence: UInt64 { segment.committed.sequence }
  package var position: LogPosition {
    LogPosition(segment: segment.header.number, length: segment.committed.offset)
  }
  /// The engine life that the segment belongs to.
  package var engineLife: UInt32 { segment.header.engineLife }

  /// Lets the reader of a live log continue to a new durable position, by the same engine or by one
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
    // Recovery did not know that the last commit is durable, and carried it over.
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
      path: segment.file.path, offset: offset, byteCount: frame.length,
      engineLife: segment.header.engineLife, isCarriedOver: offset < segment.header.initialLength)
  }

  /// Reads to the end, for the tail alone.
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
    inflated.grow(to: length)
    guard inflater.inflate(segment.window.bytes, stored, into: &inflated, 0..<length) else {
      throw segment.error(
        at: segment.next.offset - Int64(frame.length), .damaged(.deflate))
    }
    payload = .inflated(length)
  }
}

// MARK: - Damage at the end

extension LogReader {
  /// Ends the history before damage at the end of the last segment, if nothing after it is
  /// readable. Then `tail` covers the damage, and recovery can continue before it. Acknowledged
  /// events may be lost with it.
  ///
  /// - Parameter error: the error that `next` threw.
  /// - Returns: false for other damage. To continue would drop readable frames, or events that are
  ///   known to be missing.
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
  /// The length up to which the bytes of this segment count.
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
    let next = try SegmentReader.open(number + 1, in: folder)
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
    let offset = segment.next.offset
    guard offset != length else { return }
    throw segment.error(
      at: offset, .damaged(segment.isSealed ? .bytesAfterSeal : .successorDisagrees))
  }

  private static func highestSegment(
    in folder: Folder<Store>, _ source: LogSource
  ) throws(LogError) -> UInt64 {
    if case .live(let durable) = source {
      guard durable.segment > 0 else { throw LogError(folder.path, .empty) }
      return durable.segment
    }
    let names = try wrapping(folder.path) { () throws(StorageError) in try folder.names() }
    guard let highest = names.compactMap(SegmentName.number).max() else {
      throw LogError(folder.path, .empty)
    }
    return highest
  }

  private static func sync(_ number: UInt64, in folder: Folder<Store>) throws(LogError) {
    try wrapping(folder.path) { () throws(StorageError) in
      let file = try folder.open(SegmentName.of(number), .read)
      try file.sync()
      try file.close()
      try folder.sync()
    }
  }
}
