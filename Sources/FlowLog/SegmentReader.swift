import FlowStorage

/// Walks the frames of one segment and finds bad ones. Its callers decide what a bad frame means.
struct SegmentReader<Store: Storage>: ~Copyable {
  let file: File<Store>
  let header: SegmentHeader
  let size: Int64
  var window = FileWindow()
  /// Before the next frame.
  private(set) var next: LogCursor
  /// The beginning and the end of the last complete commit; both at the first frame if there is
  /// none.
  private(set) var lastCommit: LogCursor
  private(set) var committed: LogCursor
  private(set) var isSealed = false
  /// Whether a frame follows the last complete commit. It was written after that commit was
  /// durable.
  private(set) var isProvenDurable = false
  /// The offset up to which a commit of several frames is known to be complete.
  private var completeThrough: Int64 = 0

  enum Step: Hashable {
    /// A valid frame, and the range of its stored payload in the window.
    case frame(FrameHeader, payload: Range<Int>)
    case seal
    case end
    case bad(FrameFault, at: LogCursor)
  }

  static func open(
    _ number: UInt64, in folder: Folder<Store>
  ) throws(LogError) -> SegmentReader {
    let file = try openFile(SegmentName.of(number), in: folder)
    let path = file.path
    let (size, bytes) = try wrapping(path) { () throws(StorageError) in
      (
        min(try file.size(), LogFormat.greatestLength),
        try file.read(at: 0, count: LogFormat.segmentHeaderLength)
      )
    }
    let header: SegmentHeader
    do throws(SegmentHeader.Fault) {
      header = try SegmentHeader.decode(bytes, number: number)
    } catch {
      throw LogError(path, error == .newer ? .newer : .damaged(.segmentHeader))
    }
    guard size >= header.initialSize else { throw LogError(path, at: size, .damaged(.cutShort)) }
    // The header's checksum begins the chain.
    return SegmentReader(file, header, chain: bytes.load(UInt32.self, at: 124), size: size)
  }

  private static func openFile(
    _ name: String, in folder: Folder<Store>
  ) throws(LogError) -> File<Store> {
    do throws(StorageError) { return try folder.open(name, .read) } catch {
      throw LogError(
        error.path, error.errno == .noSuchFile ? .damaged(.missingSegment) : .storage(error))
    }
  }

  private init(
    _ file: consuming File<Store>, _ header: SegmentHeader, chain: UInt32, size: Int64
  ) {
    self.file = file
    self.header = header
    self.size = size
    next = header.firstFrame(after: chain)
    lastCommit = next
    committed = next
  }

  /// The next frame of a complete commit below `end`, beyond which the segment's bytes do not
  /// count.
  mutating func step(below end: Int64) throws(LogError) -> Step {
    guard !isSealed else { return .end }
    let step = try check(next, inCommitAfter: committed.sequence, below: end)
    guard case .frame(let frame, let payload) = step else { return step }
    isProvenDurable = true
    if frame.kind == .data, !frame.endsCommit, next.offset >= completeThrough {
      if let bad = try lookAhead(from: next.advanced(by: frame), below: end) { return bad }
      // Looking ahead may have moved the window past the payload.
      return try self.step(below: end)
    }
    return advance(by: frame, payload)
  }

  private mutating func advance(by frame: FrameHeader, _ payload: Range<Int>) -> Step {
    if frame.kind == .seal {
      guard next == committed else { return .bad(.unfinishedCommit, at: next) }
      isSealed = true
      next = next.advanced(by: frame)
      return .seal
    }
    next = next.advanced(by: frame)
    if frame.endsCommit {
      lastCommit = committed
      committed = next
      isProvenDurable = false
    }
    return .frame(frame, payload: payload)
  }

  /// Steps back over the seal, or over the last commit, if a successor begins there.
  mutating func rewind(to length: Int64) {
    if length == lastCommit.offset { committed = lastCommit }
    guard length == committed.offset else { return }
    next = committed
    isSealed = false
  }

  /// Checks that the rest of a commit is there. Its frames are read twice: then the reader holds
  /// one frame at a time, and gives out no frame of an unfinished commit.
  private mutating func lookAhead(
    from start: LogCursor, below end: Int64
  ) throws(LogError) -> Step? {
    var cursor = start
    while true {
      let step = try check(cursor, inCommitAfter: committed.sequence, below: end)
      guard case .frame(let frame, _) = step else {
        return step == .end ? .bad(.unfinishedCommit, at: cursor) : step
      }
      guard frame.kind == .data else { return .bad(.unfinishedCommit, at: cursor) }
      cursor = cursor.advanced(by: frame)
      if frame.endsCommit {
        completeThrough = cursor.offset
        return nil
      }
    }
  }

  /// Applies the rules of `LogFormat` to the frame at `cursor`, except that it does not inflate it.
  /// A seal is a frame here.
  mutating func check(
    _ cursor: LogCursor, inCommitAfter sequence: UInt64, below end: Int64
  ) throws(LogError) -> Step {
    guard cursor.offset < end else { return .end }
    guard let start = try load(LogFormat.frameHeaderLength, at: cursor.offset, below: end) else {
      return .bad(.headerCutOff, at: cursor)
    }
    guard let frame = FrameHeader.decode(window.bytes, at: start) else {
      return .bad(.headerChecksum, at: cursor)
    }
    guard frame.salt == header.salt else { return .bad(.otherSalt, at: cursor) }
    guard frame.isKnown else { throw error(at: cursor.offset, .newer) }
    guard frame.isSound else { return .bad(.impossible, at: cursor) }
    guard frame.first == cursor.sequence + 1, frame.syncedThrough == sequence else {
      return .bad(.sequence, at: cursor)
    }
    guard frame.chain == Checksum.chain(cursor.chain, frame.checksum) else {
      return .bad(.chain, at: cursor)
    }
    guard let start = try load(frame.length, at: cursor.offset, below: end) else {
      return .bad(.payloadCutOff, at: cursor)
    }
    let payload = start + LogFormat.frameHeaderLength
    let stored = payload..<payload + Int(frame.storedLength)
    guard isPadded(stored.upperBound..<start + frame.length),
      Checksum.of(window.bytes, payload..<start + frame.length) == frame.payloadChecksum
    else { return .bad(.payloadChecksum, at: cursor) }
    return .frame(frame, payload: stored)
  }

  private func isPadded(_ range: Range<Int>) -> Bool {
    window.bytes[range.upperBound - 1] == LogFormat.endMark
      && range.dropLast().allSatisfy { window.bytes[$0] == 0 }
  }

  mutating func load(
    _ count: Int, at offset: Int64, below end: Int64
  ) throws(LogError) -> Int? {
    do throws(StorageError) {
      return try window.load(count, of: file, at: offset, below: end)
    } catch {
      throw self.error(at: offset, .storage(error))
    }
  }

  func error(at offset: Int64, _ reason: LogError.Reason) -> LogError {
    LogError(file.path, at: offset, reason)
  }
}
