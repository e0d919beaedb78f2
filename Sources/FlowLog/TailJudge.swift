import FlowStorage

/// What the last segment's tail means.
package enum TailVerdict: Hashable, Sendable {
  /// Every byte is accounted for.
  case intact(isSealed: Bool)
  /// A commit whose end never reached the disk: legal after a crash, and never acknowledged.
  case torn
  /// A last commit with a bad checksum, all of which may have reached the disk. A crash or a
  /// corrupted disk may have caused it, and the bytes do not tell which. It may have been
  /// acknowledged.
  case ambiguous
}

/// How a log ends that is not damaged. A torn or ambiguous tail is not part of the history.
package struct LogTail: Hashable, Sendable {
  package let verdict: TailVerdict
  package let path: String
  /// The beginning of the commit that does not count, or the end of the history.
  package let offset: Int64
  /// How many bytes do not count.
  package let bytes: Int64
  /// The last sequence number of the history.
  package let lastSequence: UInt64
  /// The last sequence number that the bad commit is known to hold; `lastSequence` if there is
  /// none.
  package let lastAtStake: UInt64
}

extension SegmentReader {
  /// Decides what the tail of the last segment means.
  ///
  /// One commit is in flight at a time, so a crash can damage only the bytes after the last
  /// complete commit, and no more of them than the largest commit. Of those bytes:
  /// - none, or zeros in reserved space, are the end of the log;
  /// - a frame whose `syncedThrough` proves that something before it was durable, or more bytes
  ///   than one commit, or a seal, cannot come from a crash: damaged;
  /// - a frame without its end mark, also one whose header was not written to its end either, a
  ///   commit without its later frames, or bytes of another segment, are torn: an acknowledged
  ///   commit was complete;
  /// - everything else is ambiguous.
  /// - Parameter end: before the first invalid frame, or the end of the segment.
  mutating func judgeTail(_ fault: FrameFault, at end: LogCursor) throws(LogError) -> LogTail {
    guard end.offset >= header.initialLength else {
      throw error(at: end.offset, .damaged(.frame(fault)))
    }
    let extent: Int64
    do throws(StorageError) {
      extent = try window.extent(of: file, from: end.offset, to: size)
    } catch {
      throw self.error(at: end.offset, .storage(error))
    }
    if isSealed {
      guard extent == end.offset else { throw error(at: end.offset, .damaged(.bytesAfterSeal)) }
      return tail(.intact(isSealed: true), bytes: 0, lastAtStake: committed.sequence)
    }
    let isReserved = header.reservationBytes > 0
    let badEnd = isReserved ? extent : size
    guard badEnd > committed.offset else {
      return tail(.intact(isSealed: false), bytes: 0, lastAtStake: committed.sequence)
    }
    let firstForeign = try searchFrames(from: end.offset, to: extent)
    guard badEnd - committed.offset <= header.largestCommitBytes else {
      throw error(at: end.offset, .damaged(.moreThanOneCommit))
    }
    let frame = try load(LogFormat.frameHeaderLength, at: end.offset, below: size).flatMap {
      FrameHeader.decode(window.bytes, at: $0)
    }
    var isTorn = try isTorn(frame, at: end.offset, extent: extent, firstForeign: firstForeign)
    if frame == nil, try isMiddle(from: end.offset, to: extent) { isTorn = true }
    let own = frame.flatMap { $0.salt == header.salt && $0.isSound ? $0.last : nil }
    return tail(
      isTorn ? .torn : .ambiguous, bytes: badEnd - committed.offset,
      lastAtStake: max(own ?? 0, end.sequence))
  }

  private func tail(
    _ verdict: TailVerdict, bytes: Int64, lastAtStake: UInt64
  ) -> LogTail {
    LogTail(
      verdict: verdict, path: file.path, offset: committed.offset, bytes: bytes,
      lastSequence: committed.sequence, lastAtStake: lastAtStake)
  }

  /// Whether neither the whole header of a frame nor any frame's end is there: a crash can write
  /// the middle of a commit and nothing around it. An end mark is the last byte that is not zero,
  /// at the end of eight.
  private mutating func isMiddle(from offset: Int64, to extent: Int64) throws(LogError) -> Bool {
    guard
      let header = try load(LogFormat.frameHeaderLength, at: offset, below: size),
      Self.headerWords.contains(where: { window.bytes.load(UInt64.self, at: header + $0) == 0 }),
      let last = try load(1, at: extent - 1, below: size)
    else { return false }
    return extent % Int64(LogFormat.alignment) != 0 || window.bytes[last] != LogFormat.endMark
  }

  /// The words of a header that no frame has as zeros: magic and salt, and the checksums.
  private static var headerWords: [Int] { [0, 40] }

  private mutating func isTorn(
    _ frame: FrameHeader?, at offset: Int64, extent: Int64, firstForeign: Int64?
  ) throws(LogError) -> Bool {
    if extent - offset < Int64(LogFormat.frameHeaderLength) { return true }
    if firstForeign == offset { return true }
    guard let frame, frame.salt == header.salt, frame.isSound else { return false }
    let frameEnd = offset + Int64(frame.length)
    if let firstForeign, firstForeign < frameEnd { return true }
    // Where space is reserved by writing zeros, a crash can leave anything in their place, so that
    // the last byte of the frame says more than what follows it.
    guard let last = try load(1, at: frameEnd - 1, below: size) else { return true }
    if window.bytes[last] == 0 { return true }
    return !frame.endsCommit && frame.kind != .seal && extent <= frameEnd
  }

  /// The tail that holds everything after the history, however much that is; nil if it contains a
  /// readable frame of this segment.
  mutating func unreadableTail() throws(LogError) -> LogTail? {
    let start = isSealed ? next.offset : committed.offset
    let extent: Int64
    do throws(StorageError) {
      extent = try window.extent(of: file, from: start, to: size)
    } catch {
      throw self.error(at: start, .storage(error))
    }
    // Frames whose lengths overlap could take forever to check, so the work is bounded. At the
    // bound, the tail counts as readable, which is the safe side. A hole beyond it costs nothing.
    var remainingBytes =
      4 * min(extent - start, Self.checkedTailBytes) + Int64(LogFormat.largestPayload)
    var position = start
    while let offset = try nextFrameOffset(from: position, to: extent) {
      guard let checkedBytes = try checkedBytes(at: offset) else { return nil }
      remainingBytes -= checkedBytes
      if remainingBytes < 0 { return nil }
      position = offset + Int64(LogFormat.alignment)
    }
    return LogTail(
      verdict: .ambiguous, path: file.path, offset: start, bytes: extent - start,
      lastSequence: committed.sequence, lastAtStake: committed.sequence)
  }

  /// How much of the tail is checked frame by frame.
  private static var checkedTailBytes: Int64 { 64 << 20 }

  /// The next offset at which a frame can begin: no frame begins with eight zeros.
  private mutating func nextFrameOffset(
    from start: Int64, to end: Int64
  ) throws(LogError) -> Int64? {
    do throws(StorageError) {
      let alignment = Int64(LogFormat.alignment)
      return try window.firstNonZero(of: file, from: start, to: end)
        .map { $0 / alignment * alignment }
    } catch {
      throw self.error(at: start, .storage(error))
    }
  }

  /// How many bytes it takes to see that no readable frame of this segment begins here, whatever
  /// its sequence number; nil if one does.
  private mutating func checkedBytes(at offset: Int64) throws(LogError) -> Int64? {
    guard let start = try load(LogFormat.frameHeaderLength, at: offset, below: size),
      let frame = FrameHeader.decode(window.bytes, at: start), frame.salt == header.salt
    else { return 0 }
    // A newer flow can read what a newer flow wrote.
    guard frame.isKnown else { return nil }
    guard frame.isSound, let start = try load(frame.length, at: offset, below: size) else {
      return 0
    }
    let payload = start + LogFormat.frameHeaderLength..<start + frame.length
    let isValid = Checksum.of(window.bytes, payload) == frame.payloadChecksum
    return isValid ? nil : Int64(frame.length)
  }

  /// Searches the bytes after the last valid frame for frame headers, as proof that events are
  /// missing. No frame found here becomes history.
  /// - Returns: the offset of the first header of another segment.
  private mutating func searchFrames(
    from start: Int64, to end: Int64
  ) throws(LogError) -> Int64? {
    var firstForeign: Int64?
    var proven = committed.sequence
    // A crash reaches no further; whatever follows is damage.
    let limit = min(end, committed.offset + header.largestCommitBytes)
    var position = start
    while let offset = try nextFrameOffset(from: position, to: limit) {
      position = offset + Int64(LogFormat.alignment)
      guard let index = try load(LogFormat.frameHeaderLength, at: offset, below: size) else {
        break
      }
      guard let frame = FrameHeader.decode(window.bytes, at: index) else { continue }
      guard frame.salt == header.salt else {
        firstForeign = firstForeign ?? offset
        continue
      }
      proven = max(proven, frame.syncedThrough)
      guard frame.kind == .data || offset == start || proven > committed.sequence else {
        throw error(at: start, .damaged(.bytesBeforeSeal))
      }
    }
    guard proven == committed.sequence else {
      throw error(at: start, .damaged(.acknowledgedMissing(through: proven)))
    }
    return firstForeign
  }
}
