import FlowStorage

extension LogWriter {
  /// Goes on with the log of an engine that is dead: begins a segment of its own after the history
  /// that `reader` has read to its end.
  ///
  /// No page cache is trusted. The last commit may have been written and not synced; unless something
  /// written after it proves that it was durable, it is not counted to the old segment any more but
  /// copied into the new one, which is synced before it gets its name. The old segment is not touched.
  /// A crash in here leaves the log with the same events, however often.
  ///
  /// Whether to go on after a torn or ambiguous tail is decided before, by the reader's `tail`.
  package static func recover(
    after reader: consuming LogReader<Store>, salt: UInt32, engineLife: UInt32,
    _ options: LogOptions = LogOptions()
  ) throws(LogError) -> LogWriter {
    guard let tail = reader.tail else {
      preconditionFailure("recovery goes on from a log that was read to its end")
    }
    let (directory, storage) = (reader.directory, reader.storage)
    let known = reader.segment.durable
    let end = reader.segment.committed
    let number = reader.segment.header.number + 1
    var encoder = FrameEncoder(options)

    let length = end.offset - known.offset
    var rawLength: Int64 = 0
    try reader.segment.forEachFrame(from: known, to: end) { frame, _ in
      rawLength += Int64(frame.rawFrameLength)
    }
    let header = SegmentHeader(
      number, after: known, salt: salt, engineLife: engineLife, carrying: length,
      holding: rawLength, options)
    var cursor = header.firstFrame
    var file = try wrapping(tail.path) { () throws(StorageError) in
      try SegmentBirth.begin(header, in: directory, storage)
    }
    let path = file.path
    var isWhole = false
    // It may hold room that others wait for.
    defer { if !isWhole { try? storage.removeLeftover(path) } }
    try reader.segment.forEachFrame(from: known, to: end) { (frame, payload) throws(LogError) in
      let carried = encoder.encode(
        storedAs: frame, payload, salt: salt, after: cursor.chain)
      let bytes = encoder.buffer.span.extracting(0..<carried.length)
      do throws(StorageError) { try file.write(bytes, at: cursor.offset) } catch {
        throw LogError(file.path, at: cursor.offset, .storage(error))
      }
      cursor = cursor.advanced(by: carried)
    }
    do throws(StorageError) {
      try file.sync()
      // An engine that died in here may have left the name of the old segment unsynced: without it
      // the new one would follow nothing.
      try storage.syncNames(of: directory)
      isWhole = true
      try SegmentBirth.publish(&file, number, in: directory, storage)
    } catch {
      throw LogError(tail.path, .storage(error))
    }
    return LogWriter(
      file, header, at: cursor, rawLength: rawLength, encoder, in: directory, storage, options)
  }
}

extension SegmentReader {
  /// The end of the last commit that is known to be durable: the last one, if it was born with the
  /// segment or anything was written after it, else the one before.
  var durable: LogCursor {
    committed.offset <= header.bornLength || hasProof ? committed : lastCommit
  }

  /// Gives out the stored frames of the last commit once more.
  mutating func forEachFrame(
    from start: LogCursor, to end: LogCursor,
    _ body: (FrameHeader, Span<UInt8>) throws(LogError) -> Void
  ) throws(LogError) {
    var cursor = start
    while cursor.offset < end.offset {
      let step = try check(cursor, inCommitAfter: start.sequence, below: end.offset)
      guard case .frame(let frame, let payload) = step else {
        throw error(at: cursor.offset, .damaged(.frame(.payloadChecksum)))
      }
      try body(frame, window.bytes.span.extracting(payload))
      cursor = cursor.advanced(by: frame)
    }
  }
}
