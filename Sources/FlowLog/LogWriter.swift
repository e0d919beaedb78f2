package import FlowStorage

/// A piece of a commit that goes into one frame: at most 16 MiB, whole events.
package struct LogPart: Hashable, Sendable {
  package let eventCount: Int
  package let byteCount: Int

  package init(eventCount: Int, byteCount: Int) {
    precondition(eventCount > 0 && byteCount >= eventCount, "an event has at least one byte")
    precondition(byteCount <= LogFormat.largestPayload, "a part is too long for a frame")
    self.eventCount = eventCount
    self.byteCount = byteCount
  }
}

/// Appends commits to the segment that this engine began.
///
/// One commit at a time: `rotateIfNeeded`, `append`, then `sync`, or `startSync` and `finishSync`.
/// After a write or a sync that failed the writer is spoilt: every later call throws
/// `.writerFailed`. Only what is done before anything is written can be tried again: a
/// `rotateIfNeeded`, `makeRoom` or `append` that found no room, with `hasFailed` false.
package struct LogWriter<Store: Storage>: ~Copyable {
  private enum State {
    case idle
    case written
    case syncing
    case sealed
    case failed(StorageError)
  }

  private(set) var directory: String
  let storage: Store
  let options: LogOptions
  private var file: File<Store>
  private var header: SegmentHeader
  private var encoder: FrameEncoder
  private var state = State.idle
  private var durable: LogCursor
  private var written: LogCursor
  /// What the frames would take if none was deflated.
  private var rawLength: Int64
  private var reservedLength: Int64
  /// How long the file is, as this writer left it.
  private var leftLength: Int64

  /// Begins a log in a folder that holds none. The folder's own name is the caller's to sync.
  /// - Parameter salt: any number that no other segment is likely to have.
  package static func create(
    in directory: String, _ storage: Store, salt: UInt32, engineLife: UInt32,
    _ options: LogOptions = LogOptions()
  ) throws(LogError) -> LogWriter {
    let header = SegmentHeader(1, after: .start, salt: salt, engineLife: engineLife, options)
    let file = try wrapping(directory) { () throws(StorageError) in
      var file = try SegmentBirth.begin(header, in: directory, storage)
      try file.sync()
      try SegmentBirth.publish(&file, 1, in: directory, storage)
      return file
    }
    return LogWriter(
      file, header, at: header.firstFrame, rawLength: 0, FrameEncoder(options), in: directory,
      storage, options)
  }

  /// Takes a segment that is in its folder and synced up to `cursor`.
  init(
    _ file: consuming File<Store>, _ header: SegmentHeader, at cursor: LogCursor,
    rawLength: Int64, _ encoder: consuming FrameEncoder, in directory: String, _ storage: Store,
    _ options: LogOptions
  ) {
    self.file = file
    self.header = header
    self.encoder = encoder
    self.directory = directory
    self.storage = storage
    self.options = options
    self.rawLength = rawLength
    durable = cursor
    written = cursor
    reservedLength = header.bornSize
    leftLength = max(header.bornSize, cursor.offset)
  }

  /// The last event that is durable; zero if none is.
  package var durableSequence: UInt64 { durable.sequence }
  /// How long the segment is, as far as it is durable.
  package var durableLength: Int64 { durable.offset }
  /// What a reader of the live log may believe.
  package var durablePosition: LogPosition {
    LogPosition(segment: header.number, length: durable.offset)
  }
  /// The segment that is written to.
  package var path: String { file.path }

  /// The folder has another name now; segments to come are made there.
  package mutating func wasRenamed(to directory: String) {
    self.directory = directory
    file.folderWasRenamed(to: directory)
  }

  /// Whether the writer is spoilt.
  package var hasFailed: Bool {
    if case .failed = state { true } else { false }
  }

  /// Gives the file back. Of a log that was not sealed, recovery begins the next segment.
  package consuming func close() throws(LogError) {
    let path = file.path
    do throws(StorageError) { try file.close() } catch { throw LogError(path, .storage(error)) }
  }
}

// MARK: - Commits

extension LogWriter {
  /// Writes a commit of consecutive events behind all others, without syncing it.
  /// - Parameters:
  ///   - payload: the parts one after the other.
  ///   - first: the sequence number of its first event, the one after the last commit's.
  package mutating func append(
    _ payload: Span<UInt8>, parts: [LogPart], from first: UInt64
  ) throws(LogError) {
    try requireIdle()
    precondition(!parts.isEmpty, "a commit without events")
    precondition(first == durable.sequence + 1, "a commit that leaves a gap")
    precondition(parts.reduce(0) { $0 + $1.byteCount } == payload.count, "parts of another commit")
    let length = Self.rawLength(of: parts)
    precondition(length <= header.largestCommitBytes, "a commit that rotation was not asked about")
    try makeRoom(for: length)
    state = .written
    rawLength += length
    var start = 0
    for (index, part) in parts.enumerated() {
      let frame = encoder.encode(
        .data(
          salt: header.salt, after: written.sequence, syncedThrough: durable.sequence,
          eventCount: part.eventCount, rawLength: part.byteCount,
          endsCommit: index == parts.count - 1),
        payload.extracting(start..<start + part.byteCount), after: written.chain)
      try write(frame)
      start += part.byteCount
    }
  }

  /// A commit of one part.
  package mutating func append(
    _ payload: Span<UInt8>, events count: Int, from first: UInt64
  ) throws(LogError) {
    try append(
      payload, parts: [LogPart(eventCount: count, byteCount: payload.count)], from: first)
  }

  /// Makes the commit that was appended durable.
  package mutating func sync() throws(LogError) {
    try requireWritten()
    try run { (file) throws(StorageError) in try file.sync() }
    finish()
  }

  /// Begins to make the commit durable; it is when `finishSync` returns true.
  package mutating func startSync() throws(LogError) {
    try requireWritten()
    try run { (file) throws(StorageError) in try file.startSync() }
    state = .syncing
  }

  /// Whether the sync that was begun is done. Throws its error.
  package mutating func finishSync() throws(LogError) -> Bool {
    try requireHealth()
    guard case .syncing = state else { preconditionFailure("no sync was begun") }
    let isDone = try run { (file) throws(StorageError) in try file.finishedSync() }
    if isDone { finish() }
    return isDone
  }

  /// Ends the segment for good, and syncs it. Only `close` may follow.
  package mutating func seal() throws(LogError) {
    try requireIdle()
    try write(encoder.encode(.seal(salt: header.salt, after: durable.sequence), after: durable))
    try run { (file) throws(StorageError) in try file.sync() }
    finish()
    state = .sealed
  }

  /// Whether the segment is where the writer put it, and as long as it left it. If not, somebody
  /// else is at work on it.
  package func isAsLeft() throws(LogError) -> Bool {
    try wrapping(file.path) { () throws(StorageError) in
      guard try file.isAtItsPath() else { return false }
      return try file.size() == leftLength
    }
  }

  private mutating func finish() {
    durable = written
    state = .idle
  }

  private mutating func write(_ frame: FrameHeader) throws(LogError) {
    do throws(StorageError) {
      try file.write(encoder.buffer.span.extracting(0..<frame.length), at: written.offset)
    } catch {
      throw fail(error)
    }
    written = written.advanced(by: frame)
    leftLength = max(leftLength, written.offset)
  }
}

// MARK: - Room and rotation

extension LogWriter {
  /// What a commit of these parts takes if none is deflated.
  package static func rawLength(of parts: [LogPart]) -> Int64 {
    parts.reduce(0) { $0 + Int64(LogFormat.frameLength(storing: $1.byteCount)) }
  }

  /// Makes sure that commits of so many raw bytes can be appended, and the seal after them, without
  /// more room.
  package mutating func makeRoom(for length: Int64) throws(LogError) {
    try requireIdle()
    let needed = durable.offset + length + Int64(LogFormat.sealLength)
    guard header.reservationBytes > 0, needed > reservedLength else { return }
    let reserved = header.reservedSize(holding: needed)
    do throws(StorageError) { try file.reserve(upTo: reserved) } catch {
      throw try noRoom(error)
    }
    reservedLength = reserved
    leftLength = reserved
  }

  /// Goes on in a new segment if a commit of these parts has no place in this one. With several
  /// syncs: everything is durable before and after.
  /// - Parameter salt: for the new segment, asked for only if there is one.
  package mutating func rotateIfNeeded(
    for parts: [LogPart], salt: () -> UInt32
  ) throws(LogError) {
    try requireIdle()
    let length = Self.rawLength(of: parts)
    let isFull = rawLength > 0 && rawLength + length > header.rotationBytes
    guard isFull || length > header.largestCommitBytes else { return }
    try rotate(salt: salt(), holding: length)
  }

  /// The new segment is built before the old one is sealed: if there is no room for it, nothing has
  /// happened. Nobody sees it until its rename, and that comes after the seal is durable.
  private mutating func rotate(salt: UInt32, holding length: Int64) throws(LogError) {
    let seal = encoder.encode(.seal(salt: header.salt, after: durable.sequence), after: durable)
    let header = SegmentHeader(
      self.header.number + 1, after: durable.advanced(by: seal), salt: salt,
      engineLife: self.header.engineLife, holding: length, options)
    var next = try begin(header)
    do throws(StorageError) {
      try file.write(encoder.buffer.span.extracting(0..<seal.length), at: durable.offset)
      try file.sync()
      try SegmentBirth.publish(&next, header.number, in: directory, storage)
      swap(&file, &next)
      try next.close()
    } catch {
      throw fail(error)
    }
    self.header = header
    durable = header.firstFrame
    written = durable
    rawLength = 0
    reservedLength = header.bornSize
    leftLength = max(header.bornSize, durable.offset)
  }

  private mutating func begin(_ header: SegmentHeader) throws(LogError) -> File<Store> {
    do throws(StorageError) {
      return try SegmentBirth.beginSynced(header, in: directory, storage)
    } catch {
      throw try noRoom(error)
    }
  }
}

// MARK: - Failure

extension LogWriter {
  private func requireHealth() throws(LogError) {
    if case .failed(let error) = state { throw LogError(file.path, .writerFailed(error)) }
  }

  private func requireIdle() throws(LogError) {
    try requireHealth()
    guard case .idle = state else { preconditionFailure("a commit is in flight, or the log ended") }
  }

  private func requireWritten() throws(LogError) {
    try requireHealth()
    guard case .written = state else { preconditionFailure("no commit waits for a sync") }
  }

  private mutating func run<Value>(
    _ body: (borrowing File<Store>) throws(StorageError) -> Value
  ) throws(LogError) -> Value {
    do throws(StorageError) { return try body(file) } catch { throw fail(error) }
  }

  private mutating func fail(_ error: StorageError) -> LogError {
    state = .failed(error)
    return LogError(file.path, at: written.offset, .storage(error))
  }

  /// For what is done before anything of the log is touched: want of room can be waited for.
  private mutating func noRoom(_ error: StorageError) throws(LogError) -> LogError {
    guard error.errno.isWantOfRoom else { return fail(error) }
    // A file system can give a part of the room, with the size, before it finds that the rest is
    // not to be had.
    leftLength = try run { (file) throws(StorageError) in try file.size() }
    return LogError(file.path, at: written.offset, .storage(error))
  }
}

extension SegmentHeader {
  /// Where its first frame goes.
  var firstFrame: LogCursor { firstFrame(after: encoded().chain) }

  /// - Parameter chain: of the header.
  func firstFrame(after chain: UInt32) -> LogCursor {
    LogCursor(
      offset: Int64(LogFormat.segmentHeaderLength), chain: chain, sequence: predecessorSequence)
  }
}

extension FrameEncoder {
  mutating func encode(_ seal: FrameHeader, after cursor: LogCursor) -> FrameHeader {
    encode(seal, [UInt8]().span, after: cursor.chain)
  }
}
