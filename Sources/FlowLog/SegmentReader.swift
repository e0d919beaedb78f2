import FlowStorage

/// Walks the frames of one segment. It finds what is wrong; what that means is for others to say.
struct SegmentReader<Store: Storage>: ~Copyable {
  let file: File<Store>
  let header: SegmentHeader
  let size: Int64
  var window = FileWindow()
  /// The next frame.
  private(set) var next: LogCursor
  /// Where the last whole commit begins and ends. Both at the first frame if there is none.
  private(set) var lastCommit: LogCursor
  private(set) var committed: LogCursor
  private(set) var isSealed = false
  /// Whether anything was written after the last whole commit, and so after it was durable.
  private(set) var hasProof = false
  /// Up to here a commit of many frames is known to be whole.
  private var wholeThrough: Int64 = 0

  enum Step: Hashable {
    /// A valid frame, and where its stored payload is in the window.
    case frame(FrameHeader, payload: Range<Int>)
    case seal
    case end
    case bad(FrameFault, at: LogCursor)
  }

  static func open(
    _ number: UInt64, in directory: String, _ storage: Store
  ) throws(LogError) -> SegmentReader {
    let path = SegmentName.path(number, in: directory)
    let file = try openFile(path, storage)
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
    guard size >= header.bornSize else { throw LogError(path, at: size, .damaged(.cutShort)) }
    // The header's checksum begins the chain.
    return SegmentReader(file, header, chain: bytes.load(UInt32.self, at: 124), size: size)
  }

  private static func openFile(_ path: String, _ storage: Store) throws(LogError) -> File<Store> {
    do throws(StorageError) { return try File(path, .read, in: storage) } catch {
      throw LogError(path, error.errno == .noSuchFile ? .damaged(.missingSegment) : .storage(error))
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

  /// The next frame of a whole commit below `end`, where the segment's bytes cease to count.
  mutating func step(below end: Int64) throws(LogError) -> Step {
    guard !isSealed else { return .end }
    let step = try check(next, inCommitAfter: committed.sequence, below: end)
    guard case .frame(let frame, let payload) = step else { return step }
    hasProof = true
    if frame.kind == .data, !frame.endsCommit, next.offset >= wholeThrough {
      if let bad = try lookAhead(from: next.advanced(by: frame), below: end) { return bad }
      // The payload may have left the window.
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
      hasProof = false
    }
    return .frame(frame, payload: payload)
  }

  /// Goes back by the last commit, or by the seal, if that is where a successor begins.
  mutating func rewind(to length: Int64) {
    if length == lastCommit.offset { committed = lastCommit }
    guard length == committed.offset else { return }
    next = committed
    isSealed = false
  }

  /// Whether the rest of a commit is there. Its frames are read twice, so that no more than one need
  /// be held and none is given out that does not count.
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
        wholeThrough = cursor.offset
        return nil
      }
    }
  }

  /// Applies the rules of `LogFormat` to the frame at a place, but for inflating it. A seal is a
  /// frame here.
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

extension LogCursor {
  func advanced(by frame: FrameHeader) -> LogCursor {
    LogCursor(
      offset: offset + Int64(frame.length), chain: frame.chain,
      sequence: sequence + UInt64(frame.eventCount))
  }
}
