import FlowStorage
import Testing

@testable import FlowLog

/// The verdict on the end of the last segment. `durable` is where the last acknowledged commit
/// ends.
@Suite struct TailTests {
  /// Six commits, the last of them in flight when a crash damaged it.
  private func crashed(
    _ options: LogOptions = .small(), last: [Int] = [4],
    _ damage: (inout [UInt8], _ durable: Int, _ end: Int) -> Void
  ) throws -> Reading {
    let storage = MemoryStorage()
    var log = try newLog(storage, options)
    for count in [1, 2, 3, 1, 8] { try log.commit(count) }
    let durable = Int(log.durableLength)
    try last.count == 1 ? log.append(last[0]) : log.append(last[0], last[1], last[2])
    try log.sync()
    let image = storage.afterKill()
    damage(&image[segment1], durable, Int(log.durableLength))
    return read(image)
  }

  @Test func everyTruncationLeavesALegalPrefix() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage, .small(rotation: 450))
    var ends: [(length: Int, sequence: UInt64)] = [(128, 0)]
    for count in [1, 3, 2] {
      try log.commit(count)
      ends.append((Int(log.durableLength), log.durableSequence))
    }
    let whole = storage[segment1]
    for length in 0...whole.count {
      let image = storage.afterKill()
      image[segment1] = Array(whole.prefix(length))
      let reading = read(image)
      guard length >= 128 else {
        #expect(reading.outcome == .damaged)
        continue
      }
      let last = try #require(ends.last { $0.length <= length })
      #expect(reading.bytes == History.through(last.sequence))
      #expect(reading.outcome == (last.length == length ? .intact(sealed: false) : .torn))
    }
  }

  @Test(arguments: [0, 512])
  func aCommitOfWhichOnlyTheStartIsThereIsTorn(reservation: Int64) throws {
    for kept in 1..<100 {
      let reading = try crashed(.small(reservation: reservation)) { bytes, durable, end in
        for index in min(durable + kept, end - 1)..<bytes.count { bytes[index] = 0 }
      }
      #expect(reading.outcome == .torn)
      #expect(reading.bytes == History.through(15))
      #expect(reading.tail?.lastSequence == 15)
      #expect(kept < 48 || reading.tail?.lastAtStake == 19)
    }
  }

  @Test func zerosInReservedSpaceAreTheEnd() throws {
    let reading = try crashed(.small(reservation: 512)) { bytes, durable, _ in
      for index in durable..<bytes.count { bytes[index] = 0 }
    }
    #expect(reading.outcome == .intact(sealed: false))
    #expect(reading.bytes == History.through(15))
  }

  @Test func aStrayByteInReservedSpaceIsFoundAnywhere() throws {
    let size = 300 << 10
    for place in [
      400, size - (256 << 10) - 1, size - (128 << 10) - 1, size - (128 << 10), size - 1,
    ] {
      let reading = try crashed(.small(reservation: Int64(size))) { bytes, durable, _ in
        for index in durable..<bytes.count { bytes[index] = 0 }
        bytes[place] = 1
      }
      #expect(reading.outcome != .intact(sealed: false))
      #expect(reading.tail == nil || place < 5000)
    }
  }

  @Test func zerosWithoutAReservationAreTorn() throws {
    let reading = try crashed { bytes, durable, _ in
      for index in durable..<bytes.count { bytes[index] = 0 }
    }
    #expect(reading.outcome == .torn)
  }

  @Test func aCommitThatIsAllThereAndWrongIsAmbiguous() throws {
    for place in [0, 9, 20, 29, 37, 41, 46, 48, 60, 70] {
      let reading = try crashed { bytes, durable, _ in bytes[durable + place] ^= 0xff }
      #expect(reading.outcome == .ambiguous, "\(place)")
      #expect(reading.bytes == History.through(15))
      #expect(reading.tail?.lastSequence == 15)
    }
  }

  @Test func aHoleInTheCommitIsAmbiguous() throws {
    for hole in [0..<16, 40..<56, 50..<60] {
      let reading = try crashed { bytes, durable, _ in
        for index in hole { bytes[durable + index] = 0 }
      }
      #expect(reading.outcome == .ambiguous)
    }
  }

  /// Neither its beginning nor its end reached the disk: it never was a complete commit.
  @Test(arguments: [0, 512])
  func aCommitOfWhichOnlyTheMiddleIsThereIsTorn(reservation: Int64) throws {
    for gap in [0..<8, 0..<48, 8..<64, 40..<60] {
      let reading = try crashed(.small(reservation: reservation)) { bytes, durable, end in
        for index in gap { bytes[durable + index] = 0 }
        for index in end - 8..<bytes.count { bytes[index] = 0 }
      }
      #expect(reading.outcome == .torn, "\(gap)")
      #expect(reading.bytes == History.through(15))
    }
    // With its end there, all of it may have been.
    let whole = try crashed(.small(reservation: reservation)) { bytes, durable, _ in
      for index in 0..<48 { bytes[durable + index] = 0 }
    }
    #expect(whole.outcome == .ambiguous)
    // One flipped bit makes no frame a middle.
    let rotten = try crashed(.small(reservation: reservation)) { bytes, durable, end in
      bytes[durable] ^= 1
      bytes[end - 1] ^= 1
    }
    #expect(rotten.outcome == .ambiguous)
  }

  @Test func staleBytesOfAnotherSegmentAreTorn() throws {
    let other = MemoryStorage()
    var log = try LogWriter.create(in: "log", other, salt: 77, engineLife: 1, .small())
    try log.commit(2)
    let stale = Array(other[segment1].dropFirst(128))
    let atStart = try crashed { bytes, durable, end in
      bytes.replaceSubrange(durable..<end, with: stale)
    }
    #expect(atStart.outcome == .torn)
    #expect(atStart.bytes == History.through(15))
    let inPayload = try crashed(last: [12]) { bytes, durable, end in
      bytes.replaceSubrange(durable + 64..<end, with: stale + stale)
    }
    #expect(inPayload.outcome == .torn)
  }

  @Test func aCommitOfManyFramesWithoutItsEndIsTorn() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage)
    try log.commit(2)
    let durable = Int(log.durableLength)
    try log.commit(3, 2, 4)
    let whole = storage[segment1]
    for length in durable + 1..<whole.count {
      let image = storage.afterKill()
      image[segment1] = Array(whole.prefix(length))
      let reading = read(image)
      #expect(reading.outcome == .torn)
      #expect(reading.bytes == History.through(2))
      #expect(reading.tail?.offset == Int64(durable))
      #expect(reading.tail?.bytes == Int64(length - durable))
    }
  }

  @Test func aCommitThatIsWrongAndWithoutItsEndIsTorn() throws {
    let first = LogFormat.frameLength(storing: History.events(16...18).count)
    let second = LogFormat.frameLength(storing: History.events(19...20).count)
    let reading = try crashed(last: [3, 2, 4]) { bytes, durable, _ in
      bytes = Array(bytes.prefix(durable + first + second))
      bytes[durable + first + LogFormat.frameHeaderLength] ^= 1
    }
    #expect(reading.outcome == .torn)
    #expect(reading.bytes == History.through(15))
    #expect(reading.tail?.lastAtStake == 20)
  }

  /// Where space is made by writing zeros, a crash can leave anything in their place.
  @Test(arguments: [0, 8, 24])
  func whateverFollowsAFrameWithoutItsEndItIsTorn(distance: Int) throws {
    let reading = try crashed(.small(reservation: 512)) { bytes, durable, end in
      for index in durable + 60..<end { bytes[index] = 0 }
      for index in end + distance..<end + distance + 16 { bytes[index] = 0x5a }
    }
    #expect(reading.outcome == .torn)
    #expect(reading.bytes == History.through(15))
  }

  @Test func noFrameOfACommitWithABadFrameIsGivenOut() throws {
    let reading = try crashed(last: [3, 2, 4]) { bytes, _, end in bytes[end - 12] ^= 1 }
    #expect(reading.outcome == .ambiguous)
    #expect(reading.bytes == History.through(15))
  }

  @Test func aBadFrameBeforeOneThatKnewItDurableIsDamage() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage)
    for _ in 0..<4 { try log.commit(2) }
    let length = (storage[segment1].count - 128) / 4
    for frame in 0..<3 {
      let image = storage.afterKill()
      image[segment1][128 + length * frame + 50] ^= 4
      let reading = read(image)
      #expect(reading.error?.reason == .damaged(.acknowledgedMissing(through: 6)))
      #expect(reading.error?.offset == Int64(128 + length * frame))
      #expect(reading.bytes == History.through(UInt64(frame * 2)))
    }
  }

  @Test func moreBadBytesThanOneCommitAreDamage() throws {
    let reading = try crashed(.small(largest: 200)) { bytes, durable, end in
      bytes.replaceSubrange(durable..<end, with: [UInt8](repeating: 0x77, count: 208))
    }
    #expect(reading.error?.reason == .damaged(.moreThanOneCommit))
    let less = try crashed(.small(largest: 200)) { bytes, durable, end in
      bytes.replaceSubrange(durable..<end, with: [UInt8](repeating: 0x77, count: 200))
    }
    #expect(less.outcome == .ambiguous)
  }

  @Test func aSealedSegmentHasNoTornTail() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage)
    try log.commit(1)
    try log.commit(2)
    let durable = Int(log.durableLength)
    try log.seal()
    #expect(read(storage).outcome == .intact(sealed: true))

    let rotten = storage.afterKill()
    rotten[segment1][durable - 9] ^= 1
    #expect(read(rotten).outcome == .damaged)
    let longer = storage.afterKill()
    longer[segment1] += [1]
    #expect(read(longer).error?.reason == .damaged(.bytesAfterSeal))
    let tornSeal = storage.afterKill()
    tornSeal[segment1].removeLast()
    #expect(read(tornSeal).outcome == .torn)
    #expect(read(tornSeal).bytes == History.through(3))
    let badSeal = storage.afterKill()
    badSeal[segment1][durable + 20] ^= 1
    #expect(read(badSeal).outcome == .ambiguous)
  }

  /// A crash that left the seal left everything before it.
  @Test func bytesBeforeASealAreDamage() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage)
    try log.commit(3)
    let durable = Int(log.durableLength)
    try log.seal()
    let image = storage.afterKill()
    image[segment1].insert(contentsOf: [1, 2, 3, 4, 5, 6, 7, 8], at: durable)
    let error = read(image).error
    #expect(error?.reason == .damaged(.bytesBeforeSeal) && error?.offset == Int64(durable))
  }

  @Test func aSealWithinACommitEndsNothing() throws {
    var forger = try Forger()
    forger.append([1, 2, 3], endsCommit: false)
    forger.append([]) {
      $0 = .seal(salt: $0.salt, after: 3)
      $0.syncedThrough = 2
    }
    let reading = read(forger.storage)
    #expect(reading.outcome == .ambiguous)
    #expect(reading.bytes == History.through(2))
    #expect(reading.tail?.lastAtStake == 3)
  }

  /// The space after that may have been given back.
  @Test func aSegmentWithoutRoomForItsSealIsDamage() throws {
    let least = LogFormat.segmentHeaderLength + LogFormat.sealLength
    let reading = try crashed(.small(reservation: 4096)) { bytes, _, _ in
      bytes = Array(bytes.prefix(least - 1))
    }
    #expect(reading.error?.reason == .damaged(.cutShort))
    let cut = try crashed(.small(reservation: 4096)) { bytes, _, end in
      bytes = Array(bytes.prefix(end))
    }
    #expect(cut.outcome == .intact(sealed: false) && cut.bytes == History.through(19))
  }

  @Test(arguments: [0, 4096])
  func aSealedSegmentCanBeCutToItsLength(reservation: Int64) throws {
    let storage = MemoryStorage()
    var log = try newLog(storage, .small(reservation: reservation))
    for count in [1, 2, 3] { try log.commit(count) }
    let length = Int(log.durableLength) + LogFormat.sealLength
    try log.seal()
    let before = storage.afterKill()
    log.cutToLength()
    #expect(storage[segment1].count == length)
    #expect(before[segment1].count == max(length, Int(reservation)))
    // A crash may leave either size.
    for image in [before, storage] {
      #expect(read(image).outcome == .intact(sealed: true))
      #expect(read(image).bytes == History.through(6))
    }
    // Nothing depends on it.
    let refusing = MemoryStorage()
    var other = try newLog(refusing, .small(reservation: reservation))
    try other.commit(1)
    try other.seal()
    refusing.faultsByOperation["truncate"] = .error(.inputOutput)
    other.cutToLength()
    #expect(read(refusing).outcome == .intact(sealed: true))
  }
}
