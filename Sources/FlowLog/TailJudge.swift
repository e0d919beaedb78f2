import FlowStorage

extension SegmentReader {
  /// Says what it means that the last segment ends where it ends.
  ///
  /// One commit is in flight at a time, so a crash can only hit what comes after the last whole
  /// commit, and no more of it than the largest commit. There
  /// - nothing, or zeros in reserved room, is the end;
  /// - a frame that proves by its `syncedThrough` that something before it was durable, or more bytes
  ///   than one commit, or a seal, cannot come from a crash: damaged;
  /// - a frame whose end mark is not there, or a commit whose later frames are not there, or bytes
  ///   of another segment, is torn: a commit that was acknowledged was whole;
  /// - all else is ambiguous.
  /// - Parameter end: the first frame that is not valid, or the end of the segment.
  mutating func judgeTail(_ fault: FrameFault, at end: LogCursor) throws(LogError) -> LogTail {
    guard end.offset >= header.bornLength else {
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
    let found = try searchFrames(from: end.offset, to: extent)
    guard badEnd - committed.offset <= header.largestCommitBytes else {
      throw error(at: end.offset, .damaged(.moreThanOneCommit))
    }
    let frame = try load(LogFormat.frameHeaderLength, at: end.offset, below: size).flatMap {
      FrameHeader.decode(window.bytes, at: $0)
    }
    let isTorn = isTorn(frame, at: end.offset, extent: extent, firstForeign: found)
    let own = frame.flatMap { $0.salt == header.salt && $0.isSound ? $0.last : nil }
    return tail(
      isTorn ? .torn : .ambiguous, bytes: badEnd - committed.offset,
      lastAtStake: max(own ?? 0, end.sequence))
  }

  private func tail(
    _ verdict: LogTail.Verdict, bytes: Int64, lastAtStake: UInt64
  ) -> LogTail {
    LogTail(
      verdict: verdict, path: file.path, offset: committed.offset, bytes: bytes,
      lastSequence: committed.sequence, lastAtStake: lastAtStake)
  }

  private func isTorn(
    _ frame: FrameHeader?, at offset: Int64, extent: Int64, firstForeign: Int64?
  ) -> Bool {
    if extent - offset < Int64(LogFormat.frameHeaderLength) { return true }
    if firstForeign == offset { return true }
    guard let frame, frame.salt == header.salt, frame.isSound else { return false }
    let frameEnd = offset + Int64(frame.length)
    if let firstForeign, firstForeign < frameEnd { return true }
    return frame.endsCommit || frame.kind == .seal ? extent < frameEnd : extent <= frameEnd
  }

  /// All behind the history, however much it is and whatever was said of it; nil if a frame of this
  /// segment is among it that can be read.
  mutating func unreadableTail() throws(LogError) -> LogTail? {
    let start = isSealed ? next.offset : committed.offset
    let extent: Int64
    do throws(StorageError) {
      extent = try window.extent(of: file, from: start, to: size)
    } catch {
      throw self.error(at: start, .storage(error))
    }
    // Frames that say that they reach over each other would take for ever to check. To take one for
    // readable is the safe side. What lies beyond the bound may be a hole, which costs nothing.
    var remainingBytes =
      4 * min(extent - start, Self.mostTailBytes) + Int64(LogFormat.largestPayload)
    var place = start
    while let offset = try nextFramePlace(from: place, to: extent) {
      guard let checkedBytes = try checkedBytes(at: offset) else { return nil }
      remainingBytes -= checkedBytes
      if remainingBytes < 0 { return nil }
      place = offset + Int64(LogFormat.alignment)
    }
    return LogTail(
      verdict: .ambiguous, path: file.path, offset: start, bytes: extent - start,
      lastSequence: committed.sequence, lastAtStake: committed.sequence)
  }

  /// Of what is behind the history, so much is checked frame by frame.
  private static var mostTailBytes: Int64 { 64 << 20 }

  /// Where a frame may begin next: no frame begins with eight zeros.
  private mutating func nextFramePlace(
    from start: Int64, to end: Int64
  ) throws(LogError) -> Int64? {
    do throws(StorageError) {
      let alignment = Int64(LogFormat.alignment)
      return try window.content(of: file, from: start, to: end).map { $0 / alignment * alignment }
    } catch {
      throw self.error(at: start, .storage(error))
    }
  }

  /// How many bytes had to be looked at to see that no frame of this segment is there, wherever it
  /// belongs; nil if one is.
  private mutating func checkedBytes(at offset: Int64) throws(LogError) -> Int64? {
    guard let start = try load(LogFormat.frameHeaderLength, at: offset, below: size),
      let frame = FrameHeader.decode(window.bytes, at: start), frame.salt == header.salt
    else { return 0 }
    // What a newer flow wrote can be read by that.
    guard frame.isKnown else { return nil }
    guard frame.isSound, let start = try load(frame.length, at: offset, below: size) else {
      return 0
    }
    let payload = start + LogFormat.frameHeaderLength..<start + frame.length
    let isValid = Checksum.of(window.bytes, payload) == frame.payloadChecksum
    return isValid ? nil : Int64(frame.length)
  }

  /// Looks for frame headers where no frame is valid any more: for proof that events are missing.
  /// Nothing that is found is history.
  /// - Returns: where the first header of another segment is.
  private mutating func searchFrames(
    from start: Int64, to end: Int64
  ) throws(LogError) -> Int64? {
    var firstForeign: Int64?
    var proven = committed.sequence
    // No further than a crash reaches: what follows is damaged whatever it holds.
    let limit = min(end, committed.offset + header.largestCommitBytes)
    var place = start
    while let offset = try nextFramePlace(from: place, to: limit) {
      place = offset + Int64(LogFormat.alignment)
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
