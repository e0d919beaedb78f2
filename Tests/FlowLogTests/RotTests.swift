import Testing

@testable import FlowLog

/// Corrupted bytes, and files that were moved.
@Suite struct RotTests {
  /// Three engine lives, the first with a rotation and a dead tail, the last with reserved space.
  private func threeSegments() throws -> MemoryStorage {
    let storage = MemoryStorage()
    var log = try newLog(storage, .small(rotation: 200))
    try log.commit(2)
    try log.commit(1)
    #expect(log.durablePosition.segment == 1)
    try log.commit(2)
    try log.append(1)
    #expect(log.durablePosition.segment == 2)
    let image = storage.afterKill()
    image[segment2] += [1, 2, 3]
    var next = try recover(image, .small(reservation: 448))
    try next.commit(2, 1)
    try next.commit(1)
    return image
  }

  @Test func everyFlippedBitIsFoundOrHarmless() throws {
    let storage = try threeSegments()
    let whole = read(storage)
    #expect(whole.outcome == .intact(sealed: false))
    #expect(whole.bytes == History.through(10))
    let dead = try deadBytes(of: segment2, before: segment3, in: storage)
    for name in [segment1, segment2, segment3] {
      let bytes = storage[name]
      for bit in 0..<bytes.count * 8 {
        storage[name][bit / 8] ^= 1 << (bit % 8)
        let reading = read(storage)
        storage[name] = bytes
        let isRight =
          switch reading.outcome {
          case .damaged, .newer: true
          case whole.outcome: name == segment2 && dead.contains(bit / 8)
          // Only unwritten space may make a corrupted byte look like a commit in flight.
          case .torn: name == segment3 && reading.bytes == whole.bytes
          case .ambiguous: name == segment3 && reading.last >= 9
          case .intact: false
          }
        if !isRight || !reading.isPrefix { Issue.record("\(name), bit \(bit): \(reading)") }
      }
    }
  }

  private func deadBytes(
    of name: String, before successor: String, in storage: MemoryStorage
  ) throws -> Range<Int> {
    let header = try SegmentHeader.decode(Array(storage[successor].prefix(128)), number: 3)
    return Int(header.predecessorLength)..<storage[name].count
  }

  @Test func whatLiesBeyondTheLengthThatASuccessorNamesIsDead() throws {
    let storage = try threeSegments()
    let dead = try deadBytes(of: segment2, before: segment3, in: storage)
    #expect(dead.count > 3)
    storage[segment2].replaceSubrange(dead, with: [])
    #expect(read(storage).bytes == History.through(10))
    storage[segment2].removeLast()
    #expect(read(storage).error?.reason == .damaged(.frame(.payloadCutOff)))
  }

  @Test func aMissingSegmentIsFound() throws {
    for name in [segment1, segment2] {
      let storage = try threeSegments()
      storage.remove(name)
      #expect(read(storage).error?.reason == .damaged(.missingSegment))
      #expect(read(storage).error?.path == "log/" + name)
    }
  }

  @Test func aLiveLogKnowsItsLastSegment() throws {
    let storage = try threeSegments()
    storage.remove(segment3)
    let position = LogPosition(segment: 3, length: 300)
    let error = failure { () throws(LogError) in
      var reader = try LogReader.open("log", in: storage, .live(durable: position))
      try reader.drain()
    }
    #expect(error?.reason == .damaged(.missingSegment))
  }

  @Test func aBadFrameOfALiveLogIsDamage() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage)
    try log.commit(2)
    try log.commit(1)
    let durable = log.durablePosition
    storage[segment1][Int(durable.length) - 12] ^= 1
    #expect(read(storage).outcome == .ambiguous)
    let error = failure { () throws(LogError) in
      var reader = try LogReader.open("log", in: storage, .live(durable: durable))
      try reader.drain()
    }
    #expect(error?.reason == .damaged(.frame(.payloadChecksum)))
  }

  @Test(arguments: [(segment1, segment2), (segment2, segment3), (segment3, segment1)])
  func swappedAndDuplicatedSegmentsAreFound(names: (String, String)) throws {
    let storage = try threeSegments()
    let (first, second) = (storage[names.0], storage[names.1])
    storage[names.0] = second
    #expect(read(storage).outcome == .damaged)
    storage[names.1] = first
    #expect(read(storage).outcome == .damaged)
  }

  @Test func aSegmentOfAnotherLogIsFound() throws {
    let storage = try threeSegments()
    let other = MemoryStorage()
    var log = try LogWriter.create(in: "log", other, salt: 9, engineLife: 1, .small(rotation: 200))
    for count in [2, 1, 2, 2, 1] { try log.commit(count) }
    storage[segment2] = other[segment2]
    #expect(read(storage).outcome == .damaged)
  }

  @Test func aLogWithoutASegmentIsEmpty() {
    let storage = MemoryStorage()
    storage["00000001.seg.new"] = [1, 2]
    storage["00000000.seg"] = [1, 2]
    storage["0000000x.seg"] = []
    storage["notes"] = []
    #expect(read(storage).error?.reason == .empty)
  }
}

/// Logs that were made to do harm: every checksum in them matches.
@Suite struct HostileTests {
  /// A log of two events, followed by a frame with matching checksums.
  private func forged(
    payload: [UInt8] = [1, 2, 3], padding: [UInt8] = [0, 0, 0, 0, LogFormat.endMark],
    _ change: (inout FrameHeader) -> Void = { _ in }
  ) throws -> Reading {
    let storage = MemoryStorage()
    var log = try newLog(storage, .small(largest: 1 << 20))
    try log.commit(2)
    let chain = try lastChain(of: storage)
    var frame = FrameHeader.data(
      salt: 0x5a17_0001, after: 2, syncedThrough: 2, eventCount: 1, rawLength: payload.count,
      endsCommit: true)
    change(&frame)
    let length = LogFormat.frameLength(storing: payload.count)
    var bytes = [UInt8](repeating: 0, count: length)
    bytes.copy(payload.span, at: 48)
    let kept = padding.suffix(length - 48 - payload.count)
    bytes.replaceSubrange(length - kept.count..<length, with: kept)
    frame.payloadChecksum = Checksum.of(bytes, 48..<length)
    frame.encode(into: &bytes, after: chain)
    storage[segment1] += bytes
    return read(storage)
  }

  private func lastChain(of storage: MemoryStorage) throws(LogError) -> UInt32 {
    var reader = try LogReader.open("log", in: storage, .dead)
    try reader.drain()
    return reader.segment.committed.chain
  }

  @Test func theForgedFrameIsValidIfNothingIsChanged() throws {
    #expect(try forged().last == 3)
  }

  @Test(arguments: [
    [0, 0, 0, 1, LogFormat.endMark], [1, 0, 0, 0, LogFormat.endMark], [0, 0, 0, 0, 1],
  ])
  func onlyThePaddingThatTheFormatNamesIsValid(padding: [UInt8]) throws {
    #expect(try forged(padding: padding).last == 2)
  }

  @Test func aFrameOfNoLengthIsNeverValid() throws {
    #expect(try forged(payload: []) { _ in }.outcome == .ambiguous)
    #expect(try forged { $0.eventCount = 0 }.outcome == .ambiguous)
  }

  @Test(arguments: [UInt32(9), 16 << 20, (16 << 20) + 1, .max])
  func aLengthThatCannotBeIsNotBelieved(length: UInt32) throws {
    let reading = try forged {
      $0.storedLength = length
      $0.rawLength = length
    }
    #expect(reading.last == 2)
  }

  @Test func moreEventsThanBytesAreNotBelieved() throws {
    #expect(try forged { $0.eventCount = 4 }.last == 2)
  }

  @Test(arguments: [UInt64(0), 1, 2, 4, .max])
  func aSequenceNumberThatIsNotTheNextIsRefused(first: UInt64) throws {
    #expect(try forged { $0.first = first }.last == 2)
  }

  @Test(arguments: [UInt64(0), 1, 3, .max])
  func aFrameSyncedThroughWhatItCannotBeIsRefused(sequence: UInt64) throws {
    let reading = try forged { $0.syncedThrough = sequence }
    #expect(reading.last == 2)
    #expect(reading.outcome == (sequence > 2 ? .damaged : .ambiguous))
  }

  @Test func aSealOutOfPlaceIsRefused() throws {
    for first in [UInt64(0), 2, 4] {
      let reading = try forged(payload: []) {
        $0 = .seal(salt: $0.salt, after: 2)
        $0.first = first
      }
      #expect(reading.outcome == .ambiguous)
    }
    let sealed = try forged(payload: []) { $0 = .seal(salt: $0.salt, after: 2) }
    #expect(sealed.outcome == .intact(sealed: true))
  }

  @Test(arguments: [UInt8(2), 0xff])
  func aNewerVersionIsNoDamage(version: UInt8) throws {
    let reading = try forged { $0.version = version }
    #expect(reading.outcome == .newer)
    #expect(reading.last == 2)
  }

  @Test(arguments: [UInt8(0), 3, 0x51, 0x91])
  func anUnknownKindOrFlagIsNewer(type: UInt8) throws {
    #expect(try forged { $0.type = type }.outcome == .newer)
  }

  @Test func aDeflateBombIsStoppedAtTheRawLength() throws {
    var deflater = Deflater(level: 9, dictionary: .none)
    let zeros = [UInt8](repeating: 0, count: 4 << 20)
    var bomb = [UInt8](repeating: 0, count: 1 << 16)
    let length = try #require(deflater.deflate(zeros.span, into: &bomb, 0..<bomb.count))
    bomb.removeLast(bomb.count - length)
    for (rawLength, isGood) in [(4 << 20, true), ((4 << 20) - 1, false), (length + 1, false)] {
      let reading = try forged(payload: bomb) {
        $0.type |= FrameHeader.deflatedFlag
        $0.rawLength = UInt32(rawLength)
      }
      #expect((reading.error == nil) == isGood)
      #expect(isGood || reading.error?.reason == .damaged(.deflate))
    }
    // Never inflated: a frame carries at most 16 MiB.
    let reading = try forged(payload: bomb) {
      $0.type |= FrameHeader.deflatedFlag
      $0.rawLength = UInt32(LogFormat.largestPayload + 1)
    }
    #expect(reading.outcome == .ambiguous)
  }

  @Test func aStreamThatEndsBeforeItsLengthsIsDamage() throws {
    var deflater = Deflater(level: 9, dictionary: .none)
    let zeros = [UInt8](repeating: 0, count: 1000)
    var stream = [UInt8](repeating: 0, count: 100)
    let length = try #require(deflater.deflate(zeros.span, into: &stream, 0..<stream.count))
    for (stored, raw, isGood) in [(0, 1000, true), (0, 1001, false), (1, 1000, false)] {
      let reading = try forged(payload: Array(stream.prefix(length + stored))) {
        $0.type |= FrameHeader.deflatedFlag
        $0.rawLength = UInt32(raw)
      }
      #expect(reading.error?.reason == (isGood ? nil : .damaged(.deflate)))
    }
  }

  @Test func aStreamThatIsNoDeflateIsDamage() throws {
    let reading = try forged(payload: [0xff, 0xff, 0xff]) {
      $0.type |= FrameHeader.deflatedFlag
      $0.rawLength = 100
    }
    #expect(reading.error?.reason == .damaged(.deflate))
  }

  @Test func aHeaderThatLiesIsDamage() throws {
    let changes: [(inout [UInt8]) -> Void] = [
      { $0.store(UInt64(2), at: 16) },  // number
      { $0.store(UInt64(7), at: 24) },  // first
      { $0.store(UInt64(1), at: 32) },  // its own predecessor
      { $0.store(UInt64(200), at: 40) },  // what the first segment has not
      {
        $0.store(UInt64(6), at: 24)
        $0.store(UInt64(5), at: 48)
      },
      { $0.store(UInt32(1), at: 56) },
      { $0.store(UInt64.max, at: 40) },  // predecessor's length
      { $0.store(UInt64.max, at: 48) },  // predecessor's sequence
      { $0.store(UInt64.max, at: 72) },  // largest commit
      { $0.store(UInt64.max >> 4, at: 80) },  // reservation
      { $0.store(UInt64.max, at: 88) },  // born length
      { $0.store(UInt64(1 << 40), at: 88) },
      { $0[110] = 1 },  // reserved
    ]
    for change in changes {
      let storage = MemoryStorage()
      var log = try newLog(storage)
      try log.commit(2)
      change(&storage[segment1])
      storage[segment1].store(Checksum.of(storage[segment1], 0..<124), at: 124)
      #expect(read(storage).outcome == .damaged)
      #expect(read(storage).last == 0)
    }
  }

  @Test func aSuccessorThatLiesOfTheSequenceIsDamage() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage)
    try log.commit(2)
    try log.seal()
    _ = try recover(storage)
    #expect(read(storage).outcome == .intact(sealed: false))
    storage[segment2].store(UInt64(10), at: 24)
    storage[segment2].store(UInt64(9), at: 48)
    storage[segment2].store(Checksum.of(storage[segment2], 0..<124), at: 124)
    #expect(read(storage).error?.reason == .damaged(.successorDisagrees))
  }

  @Test func aNewerSegmentIsNoDamage() throws {
    let storage = MemoryStorage()
    _ = try newLog(storage)
    storage[segment1].store(UInt16(2), at: 8)
    #expect(read(storage).outcome == .damaged)
    storage[segment1].store(Checksum.of(storage[segment1], 0..<124), at: 124)
    #expect(read(storage).outcome == .newer)
  }
}
