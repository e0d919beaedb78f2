import FlowStorage

extension LogWriter {
  /// Continues the log of a dead engine: begins a segment of its own after the history that
  /// `reader` has read to its end.
  ///
  /// Recovery does not trust the page cache. The last commit may have been written and not synced.
  /// Unless a later frame proves that it was durable, it no longer counts as part of the old
  /// segment: it is copied into the new segment, which is synced before it gets its name. The old
  /// segment is not touched. A crash during recovery leaves the log with the same events, however
  /// often it happens.
  ///
  /// The caller has decided, from the reader's `tail`, to continue after a torn or ambiguous tail.
  package static func recover(
    after reader: consuming LogReader<Store>, salt: UInt32, engineLife: UInt32,
    _ options: LogOptions = LogOptions()
  ) throws(LogError) -> LogWriter {
    guard let tail = reader.tail else {
      preconditionFailure("recovery continues a log that was read to its end")
    }
    let folder = reader.folder
    let known = reader.segment.durable
    let end = reader.segment.committed
    let number = reader.segment.header.number + 1
    var encoder = FrameEncoder(options)

    let length = end.offset - known.offset
    var rawLength: Int64 = 0
    try reader.segment.forEachFrame(from: known, to: end) { frame, _ in
      rawLength += Int64(frame.rawFrameLength)
    }
    var options = options
    let header = SegmentHeader(
      number, after: known, salt: salt, engineLife: engineLife, carrying: length,
      holding: rawLength, options)
    var file = try wrapping(tail.path) { () throws(StorageError) in
      try NewSegment.beginSparingly(header, in: folder, &options)
    }
    var cursor = header.firstFrame
    var isComplete = false
    // It may hold space that other files need.
    defer { if !isComplete { try? NewSegment.discard(number, in: folder) } }
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
      // An engine that died during rotation may have left the old segment's name unsynced. Without
      // that name the new segment would have no predecessor.
      try folder.sync()
      isComplete = true
      try NewSegment.publish(&file, number, in: folder)
    } catch {
      throw LogError(tail.path, .storage(error))
    }
    return LogWriter(
      file, header, at: cursor, rawLength: rawLength, encoder, in: folder, options)
  }
}

extension SegmentReader {
  /// The end of the last commit that is known to be durable: the last one if it was carried over,
  /// or if a frame was written after it; else the one before it.
  var durable: LogCursor {
    committed.offset <= header.initialLength || isProvenDurable ? committed : lastCommit
  }

  /// Visits the stored frames of the last commit once more.
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
