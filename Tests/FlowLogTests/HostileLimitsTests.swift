import Testing

@testable import FlowLog

/// The cost of a hostile log: its bytes are read a bounded number of times, and the reader never
/// uses more memory than one frame may have, whatever lengths and counts it states. Every checksum
/// matches.
@Suite struct HostileLimitsTests {
  /// The cost of reading a log to its end, or to its damage.
  private struct Cost {
    var bytesRead = 0
    var windowBytes = 0
    var inflatedBytes = 0
    var frames = 0
    var holesAsked = 0
    var error: LogError?
    var verdict: TailVerdict?
  }

  private func cost(of storage: MemoryStorage) throws -> Cost {
    var cost = Cost()
    let before = storage.bytesRead
    var reader = try LogReader.open("log", in: storage, .recovering)
    do throws(LogError) {
      while try reader.next() != nil { cost.frames += 1 }
    } catch {
      cost.error = error
    }
    cost.bytesRead = storage.bytesRead - before
    cost.holesAsked = storage.holesAsked
    cost.windowBytes = reader.segment.window.bytes.count
    cost.inflatedBytes = reader.inflated.count
    cost.verdict = reader.tail?.verdict
    return cost
  }

  /// 16 MiB of zeros, in 72 KiB.
  private func bomb() throws -> [UInt8] {
    var deflater = Deflater(level: 9, dictionary: .none)
    let zeros = [UInt8](repeating: 0, count: LogFormat.largestPayload)
    var bytes = [UInt8](repeating: 0, count: 1 << 17)
    let length = try #require(deflater.deflate(zeros.span, into: &bytes, 0..<bytes.count))
    return Array(bytes.prefix(length))
  }

  @Test(arguments: [UInt32(1 << 20), 16 << 20])
  func noMemoryIsUsedForMissingBytes(length: UInt32) throws {
    var forger = try Forger()
    forger.append([1, 2, 3]) {
      $0.rawLength = length
      $0.storedLength = length
    }
    let cost = try cost(of: forger.storage)
    #expect(cost.verdict == .torn && cost.frames == 1)
    #expect(cost.windowBytes <= 128 << 10)
    #expect(cost.bytesRead <= 4 * forger.storage[segment1].count)
  }

  @Test func noMemoryIsUsedForImpossibleLengths() throws {
    for (raw, stored) in [(UInt32.max, UInt32(3)), (.max, .max), (1 << 24 + 1, 3), (0, 3)] {
      var forger = try Forger()
      forger.append([1, 2, 3]) {
        $0.type |= FrameHeader.deflatedFlag
        $0.rawLength = raw
        $0.storedLength = stored
        $0.eventCount = .max
      }
      let cost = try cost(of: forger.storage)
      #expect(cost.verdict == .ambiguous && cost.frames == 1)
      #expect(cost.windowBytes <= 128 << 10 && cost.inflatedBytes == 0)
    }
  }

  /// Each is a valid frame; together they hold 400 MB.
  @Test func manyBombsUseTheMemoryOfOne() throws {
    let bomb = try bomb()
    var forger = try Forger()
    for _ in 0..<24 {
      forger.append(bomb) {
        $0.type |= FrameHeader.deflatedFlag
        $0.rawLength = UInt32(LogFormat.largestPayload)
      }
    }
    let size = forger.storage[segment1].count
    #expect(size < 2 << 20)
    let cost = try cost(of: forger.storage)
    #expect(cost.frames == 25 && cost.verdict == .intact(isSealed: false))
    #expect(cost.inflatedBytes <= LogFormat.largestPayload)
    #expect(cost.windowBytes <= 128 << 10 && cost.bytesRead <= 2 * size)
  }

  /// It does not count, and is read once to find that.
  @Test func aCommitWithoutAnEndIsNotReadAgainAndAgain() throws {
    var forger = try Forger()
    for _ in 0..<4_000 { forger.append([UInt8](repeating: 7, count: 100), endsCommit: false) }
    let size = forger.storage[segment1].count
    #expect(size > 4 * 128 << 10)
    let cost = try cost(of: forger.storage)
    #expect(cost.frames == 1 && cost.verdict == .torn)
    #expect(cost.bytesRead <= 4 * size)
    #expect(cost.windowBytes <= 128 << 10)
  }

  /// A commit of many frames is read before it is given out, and then once more.
  @Test func aLongCommitIsReadTwice() throws {
    var forger = try Forger()
    for _ in 0..<4_000 { forger.append([UInt8](repeating: 7, count: 100), endsCommit: false) }
    forger.append([1]) { $0.syncedThrough = 2 }
    let size = forger.storage[segment1].count
    let cost = try cost(of: forger.storage)
    #expect(cost.frames == 4_002 && cost.verdict == .intact(isSealed: false))
    #expect(cost.bytesRead <= 3 * size)
  }

  /// Every eight bytes could begin a frame; none does.
  @Test func aTailOfBeginningsIsSearchedOnce() throws {
    let forger = try Forger()
    let magic: [UInt8] = [0x66, 0x4c, 1, 0x11, 1, 0, 0x17, 0x5a]
    for _ in 0..<1 << 16 { forger.storage[segment1] += magic }
    let size = forger.storage[segment1].count
    let cost = try cost(of: forger.storage)
    #expect(cost.verdict == .ambiguous && cost.frames == 1)
    #expect(cost.bytesRead <= 4 * size && cost.windowBytes <= 128 << 10)
  }

  /// A sparse file can claim an exabyte and use no space.
  @Test func whatNobodyWroteIsNotRead() throws {
    for more in [[], [7]] as [[UInt8]] {
      let forger = try Forger()
      let storage = forger.storage
      let written = storage[segment1].count
      storage.hole = (Int64(written), 7 << 60)
      storage[segment1] += more
      let cost = try cost(of: storage)
      #expect(cost.frames == 1 && cost.error?.reason == .damaged(.moreThanOneCommit))
      #expect(cost.bytesRead <= 4 * written + 3 * 128 << 10)
      #expect(cost.holesAsked < 100)
    }
  }

  /// If a crash may have left more, the hole in between is skipped.
  @Test func framesAreLookedForBeyondAHole() throws {
    let forger = try Forger(largest: 1 << 60)
    let storage = forger.storage
    storage.hole = (Int64(storage[segment1].count), 1 << 50)
    storage[segment1] += [0, 0, 0, 0, 0, 0, 0, 0, 7]
    let cost = try cost(of: storage)
    #expect(cost.verdict == .torn && cost.frames == 1)
    #expect(cost.bytesRead <= 8 * 128 << 10 && cost.holesAsked < 100)
  }

  @Test func sealsAfterASealAreNotFollowed() throws {
    var forger = try Forger()
    for _ in 0..<1_000 {
      forger.append([]) { $0 = .seal(salt: $0.salt, after: 2) }
    }
    let cost = try cost(of: forger.storage)
    #expect(cost.error?.reason == .damaged(.bytesAfterSeal))
    #expect(cost.bytesRead <= 4 * forger.storage[segment1].count)
  }

  /// The order of segments is that of their names; their headers must agree with it.
  @Test func segmentsThatNameEachOtherAsPredecessorAreRefused() throws {
    for (first, second) in [(UInt64(2), UInt64(1)), (1, 2), (0, 2), (2, 3)] {
      let storage = MemoryStorage()
      var log = try newLog(storage)
      try log.commit(2)
      try log.seal()
      _ = try recover(storage)
      for (name, predecessor) in [(segment1, first), (segment2, second)] {
        storage[name].store(predecessor, at: 32)
        storage[name].store(Checksum.of(storage[name], 0..<124), at: 124)
      }
      let before = storage.bytesRead
      let error = failure { () throws(LogError) in
        var reader = try LogReader.open("log", in: storage, .recovering)
        try reader.drain()
      }
      #expect(error?.reason == .damaged(.segmentHeader))
      #expect(storage.bytesRead - before <= 1_024)
    }
  }

  /// A reader does not count up to the number in a name.
  @Test func aSegmentWithAGreatNumberIsOneThatIsMissingOthers() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage)
    try log.commit(2)
    storage["99999999.seg"] = storage[segment1]
    let error = failure { () throws(LogError) in
      var reader = try LogReader.open("log", in: storage, .recovering)
      try reader.drain()
    }
    #expect(error?.reason == .damaged(.missingSegment) && error?.path == "log/\(segment2)")
  }
}
