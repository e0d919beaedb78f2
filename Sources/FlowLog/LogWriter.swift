package import FlowStorage

/// The part of a commit that goes into one frame: complete events, at most 16 MiB.
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
/// After a failed write or sync every later call throws `.writerFailed`. A call can be retried only
/// if it failed before anything was written: a `rotateIfNeeded`, `reserveSpace` or `append` that
/// found no space, with `hasFailed` false.
package struct LogWriter<Store: Storage>: ~Copyable {
  private enum State {
    case idle
    case written
    case syncing
    case sealed
    case failed(StorageError)
  }

  private var folder: Folder<Store>
  private let options: LogOptions
  private var file: File<Store>
  private var header: SegmentHeader
  private var encoder: FrameEncoder
  private var state = State.idle
  private var durable: LogCursor
  private var written: LogCursor
  /// The length of all frames if none was deflated.
  private var rawLength: Int64
  private var reservedLength: Int64
  /// The size of the file as this writer left it.
  private var expectedSize: Int64

  /// Begins a log in a folder that holds none. The caller syncs the name of the folder itself.
  /// - Parameter salt: a number that no other segment is likely to have.
  package static func create(
    in directory: String, _ storage: Store, salt: UInt32, engineLife: UInt32,
    _ options: LogOptions = LogOptions()
  ) throws(LogError) -> LogWriter {
    let folder = Folder(directory, in: storage)
    let header = SegmentHeader(1, after: .start, salt: salt, engineLife: engineLife, options)
    let file = try wrapping(directory) { () throws(StorageError) in
      var file = try NewSegment.begin(header, in: folder, options)
      try file.sync()
      try NewSegment.publish(&file, 1, in: folder)
      return file
    }
    return LogWriter(
      file, header, at: header.firstFrame, rawLength: 0, FrameEncoder(options), in: folder, options)
  }

  /// Writes to a segment that is in its folder and synced up to `cursor`.
  init(
    _ file: consuming File<Store>, _ header: SegmentHeader, at cursor: LogCursor,
    rawLength: Int64, _ encoder: consuming FrameEncoder, in folder: Folder<Store>,
    _ options: LogOptions
  ) {
    self.file = file
    self.header = header
    self.encoder = encoder
    self.folder = folder
    self.options = options
    self.rawLength = rawLength
    durable = cursor
    written = cursor
    reservedLength = options.size(ofNew: header)
    expectedSize = max(reservedLength, cursor.offset)
  }

  /// The last durable event; zero if there is none.
  package var durableSequence: UInt64 { durable.sequence }
  /// The durable length of the segment.
  package var durableLength: Int64 { durable.offset }
  /// The position up to which a reader of the live log may read.
  package var durablePosition: LogPosition {
    LogPosition(segment: header.number, length: durable.offset)
  }
  /// The current segment.
  package var path: String { file.path }

  /// Takes note that the folder was renamed. Later segments are created under its new name.
  package mutating func wasRenamed(to directory: String) {
    folder = Folder(directory, in: folder.storage)
    file.folderWasRenamed(to: directory)
  }

  /// Whether a write or sync has failed, so that the writer can only be closed.
  package var hasFailed: Bool {
    if case .failed = state { true } else { false }
  }

  /// Closes the file. If the log is not sealed, recovery can continue it in a new segment.
  package consuming func close() throws(LogError) {
    let path = file.path
    do throws(StorageError) { try file.close() } catch { throw LogError(path, .storage(error)) }
  }
}

// MARK: - Commits

extension LogWriter {
  /// Appends a commit of consecutive events, without syncing it.
  /// - Parameters:
  ///   - payload: the parts, one after another.
  ///   - first: the sequence number of its first event, the one after the last commit's.
  package mutating func append(
    _ payload: Span<UInt8>, parts: [LogPart], from first: UInt64
  ) throws(LogError) {
    try requireIdle()
    precondition(!parts.isEmpty, "a commit without events")
    precondition(first == durable.sequence + 1, "a commit that leaves a gap")
    precondition(parts.reduce(0) { $0 + $1.byteCount } == payload.count, "parts of another commit")
    let length = Self.rawLength(of: parts)
    precondition(
      length <= header.largestCommitBytes, "a commit that was appended without rotateIfNeeded")
    try reserveSpace(for: length)
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

  /// Appends a commit of one part.
  package mutating func append(
    _ payload: Span<UInt8>, events count: Int, from first: UInt64
  ) throws(LogError) {
    try append(
      payload, parts: [LogPart(eventCount: count, byteCount: payload.count)], from: first)
  }

  /// Makes the appended commit durable.
  package mutating func sync() throws(LogError) {
    try requireWritten()
    try run { (file) throws(StorageError) in try file.sync() }
    finish()
  }

  /// Starts to make the appended commit durable, which it is once `finishSync` returns true.
  package mutating func startSync() throws(LogError) {
    try requireWritten()
    try run { (file) throws(StorageError) in try file.startSync() }
    state = .syncing
  }

  /// Whether the started sync is complete. Throws its error.
  package mutating func finishSync() throws(LogError) -> Bool {
    try requireHealth()
    guard case .syncing = state else { preconditionFailure("no sync was started") }
    let isDone = try run { (file) throws(StorageError) in try file.finishedSync() }
    if isDone { finish() }
    return isDone
  }

  /// Seals and syncs the segment. Only `close` may follow.
  package mutating func seal() throws(LogError) {
    try requireIdle()
    try write(encoder.encode(.seal(salt: header.salt, after: durable.sequence), after: durable))
    try run { (file) throws(StorageError) in try file.sync() }
    finish()
    state = .sealed
  }

  /// Gives the space after the seal back. Nothing depends on it: if it fails, or a crash undoes it,
  /// zeros follow the seal, as before.
  package mutating func cutToLength() {
    guard case .sealed = state else { preconditionFailure("only a sealed segment is cut") }
    guard expectedSize > written.offset else { return }
    do throws(StorageError) {
      try file.truncate(to: written.offset)
      expectedSize = written.offset
    } catch {}
  }

  /// Whether the segment is at its path, with the size that this writer left. If not, another
  /// process changes it.
  package func isUntouched() throws(LogError) -> Bool {
    try wrapping(file.path) { () throws(StorageError) in
      guard try file.isAtItsPath() else { return false }
      return try file.size() == expectedSize
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
    expectedSize = max(expectedSize, written.offset)
  }
}

// MARK: - Space and rotation

extension LogWriter {
  /// The length of a commit of these parts if none is deflated.
  package static func rawLength(of parts: [LogPart]) -> Int64 {
    parts.reduce(0) { $0 + Int64(LogFormat.frameLength(storing: $1.byteCount)) }
  }

  /// Reserves disk space for commits of so many raw bytes and the seal after them.
  package mutating func reserveSpace(for length: Int64) throws(LogError) {
    try requireIdle()
    let needed = durable.offset + length + Int64(LogFormat.sealLength)
    guard options.reservationBytes > 0, needed > reservedLength else { return }
    let reserved = options.reservedSize(holding: needed)
    do throws(StorageError) { try file.reserve(upTo: reserved) } catch {
      throw try outOfSpace(error)
    }
    reservedLength = reserved
    expectedSize = reserved
  }

  /// Begins a new segment if a commit of these parts does not fit this one. Takes several syncs;
  /// everything is durable before and after.
  /// - Parameter salt: for the new segment; called only if there is one.
  package mutating func rotateIfNeeded(
    for parts: [LogPart], salt: () -> UInt32
  ) throws(LogError) {
    try requireIdle()
    let length = Self.rawLength(of: parts)
    let isFull = rawLength > 0 && rawLength + length > header.rotationBytes
    guard isFull || length > header.largestCommitBytes else { return }
    try rotate(salt: salt(), holding: length)
  }

  /// The new segment is written before the old one is sealed: if there is no space for it, nothing
  /// has happened. No reader sees it until it is renamed, which happens after the seal is durable.
  private mutating func rotate(salt: UInt32, holding length: Int64) throws(LogError) {
    let seal = encoder.encode(.seal(salt: header.salt, after: durable.sequence), after: durable)
    let header = SegmentHeader(
      self.header.number + 1, after: durable.advanced(by: seal), salt: salt,
      engineLife: self.header.engineLife, holding: length, options)
    var next = try begin(header)
    do throws(StorageError) {
      try file.write(encoder.buffer.span.extracting(0..<seal.length), at: durable.offset)
      try file.sync()
      try NewSegment.publish(&next, header.number, in: folder)
      swap(&file, &next)
      try next.close()
    } catch {
      throw fail(error)
    }
    self.header = header
    durable = header.firstFrame
    written = durable
    rawLength = 0
    reservedLength = options.size(ofNew: header)
    expectedSize = max(reservedLength, durable.offset)
  }

  private mutating func begin(_ header: SegmentHeader) throws(LogError) -> File<Store> {
    do throws(StorageError) {
      return try NewSegment.beginSynced(header, in: folder, options)
    } catch {
      throw try outOfSpace(error)
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
    guard case .idle = state else {
      preconditionFailure("a commit is in flight, or the log is sealed")
    }
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

  /// The error of an operation that comes before any write to the log. Without space the caller can
  /// wait and retry.
  private mutating func outOfSpace(_ error: StorageError) throws(LogError) -> LogError {
    guard error.errno.isOutOfSpace else { return fail(error) }
    // A file system can extend the file for a part of the reservation before it fails.
    expectedSize = try run { (file) throws(StorageError) in try file.size() }
    return LogError(file.path, at: written.offset, .storage(error))
  }
}
