import FlowLog
import FlowStorage
import Testing

@Suite struct AppendingTests {
  @Test func everyCommitLeavesTheEarlierBytesAsTheyWere() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage)
    for count in [1, 3, 2, 8, 1] {
      let before = storage[segment1]
      try log.commit(count)
      #expect(Array(storage[segment1].prefix(before.count)) == before)
      #expect(storage[segment1].count > before.count)
    }
    let reading = read(storage)
    #expect(reading.outcome == .intact(sealed: false))
    #expect(reading.last == 15 && reading.isPrefix)
  }

  @Test(arguments: [1, 7, 64])
  func shortWritesLoseNothing(limit: Int) throws {
    let storage = MemoryStorage()
    storage.faultsByOperation["write"] = .short(limit)
    var log = try newLog(storage)
    try log.commit(2)
    try log.commit(5, 1)
    try log.seal()
    #expect(read(storage).outcome == .intact(sealed: true))
    #expect(read(storage).bytes == History.through(8))
  }

  @Test func aSmallCommitCostsLittle() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage, .small(.deflate(level: 6)))
    let before = log.durableLength
    for sequence in UInt64(1)...10 {
      let payload = [UInt8](repeating: UInt8(sequence), count: 50)
      try log.append(payload.span, events: 1, from: sequence)
      try log.sync()
    }
    #expect(log.durableLength - before <= 10 * 110)
  }

  @Test(arguments: [LogOptions.Compression.none, .deflate(level: 1), .deflate(level: 9)])
  func payloadsComeBackAsTheyWere(compression: LogOptions.Compression) throws {
    let storage = MemoryStorage()
    var options = LogOptions.small(largest: 1 << 20, compression)
    options.dictionary = PresetDictionary(
      Array("step of attempt scheduled launched ended exited".utf8))
    var log = try newLog(storage, options)
    try log.commit(1)
    try log.commit(400)
    try log.commit(300, 5, 90)
    #expect(read(storage, dictionary: options.dictionary).bytes == History.through(796))
  }

  @Test func deflateIsUsedOnlyWhereItHelps() throws {
    let plain = MemoryStorage()
    let deflated = MemoryStorage()
    var first = try newLog(plain)
    var second = try newLog(deflated, .small(.deflate(level: 6)))
    try first.commit(1)
    try second.commit(1)
    #expect(first.durableLength == second.durableLength)
    try first.commit(60)
    try second.commit(60)
    #expect(second.durableLength < first.durableLength)
  }

  @Test func aLogOfAnotherDictionaryIsRefused() throws {
    let storage = MemoryStorage()
    var options = LogOptions.small(.deflate(level: 6))
    options.dictionary = PresetDictionary(Array("one".utf8))
    var log = try newLog(storage, options)
    try log.commit(1)
    #expect(read(storage, dictionary: PresetDictionary(Array("two".utf8))).outcome == .newer)
    #expect(read(storage).outcome == .newer)
  }

  @Test func aCommitAsLargeAsTwoFramesSpansThem() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage, .small(largest: 40 << 20))
    let largest = [UInt8](repeating: 0x61, count: LogFormat.largestPayload)
    let payload = largest + [0x62]
    let parts = [
      LogPart(eventCount: 1, byteCount: largest.count), LogPart(eventCount: 1, byteCount: 1),
    ]
    try log.append(payload.span, parts: parts, from: 1)
    try log.sync()
    var reader = try LogReader.open("log", in: storage, .dead)
    var lengths: [Int] = []
    while try reader.next() != nil { lengths.append(reader.withPayload { $0.count }) }
    #expect(lengths == [largest.count, 1])
  }

  @Test func aReaderOfALiveLogStopsAtWhatIsDurable() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage, .small(rotation: 300))
    try log.commit(2)
    let durable = log.durablePosition
    try log.append(3)
    var reader = try LogReader.open("log", in: storage, .live(durable: durable))
    #expect(try reader.next()?.last == 2)
    #expect(try reader.next() == nil)
    #expect(reader.tail == nil)

    try log.sync()
    for _ in 0..<6 { try log.commit(4) }
    #expect(log.durablePosition.segment > 2)
    try reader.extend(to: log.durablePosition)
    try reader.drain()
    #expect(reader.lastSequence == 29)
    #expect(reader.position == log.durablePosition)
  }

  @Test func aReaderOfALiveLogGoesOnInTheSameSegment() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage)
    try log.commit(2)
    var reader = try LogReader.open("log", in: storage, .live(durable: log.durablePosition))
    for last in [5, 8, 11] as [UInt64] {
      try reader.drain()
      try log.commit(3)
      try reader.extend(to: log.durablePosition)
      #expect(try reader.next()?.last == last)
      #expect(try reader.next() == nil)
    }
  }

  /// It learns of new segments while it reads old ones.
  @Test func aReaderThatIsBehindIsToldHowFarItMayGo() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage, .small(rotation: 150))
    try log.commit(3)
    try log.commit(3)
    #expect(log.durablePosition.segment == 2)
    var reader = try LogReader.open("log", in: storage, .live(durable: log.durablePosition))
    try log.commit(3)
    try log.commit(3)
    #expect(log.durablePosition.segment == 4)
    try reader.extend(to: log.durablePosition)
    try reader.drain()
    #expect(reader.lastSequence == 12)
  }

  @Test func aLiveLogWithoutASegmentIsEmpty() {
    let error = failure { () throws(LogError) in
      _ = try LogReader.open(
        "log", in: MemoryStorage(), .live(durable: LogPosition(segment: 0, length: 0)))
    }
    #expect(error?.reason == .empty)
  }

  @Test(arguments: [false, true])
  func aLiveLogEndsWhereItsEngineSays(sealed: Bool) throws {
    let storage = MemoryStorage()
    var log = try newLog(storage)
    try log.commit(2)
    if sealed { try log.seal() }
    var durable = log.durablePosition
    durable = LogPosition(segment: 1, length: sealed ? durable.length + 8 : 100)
    storage[segment1] += [0, 0, 0, 0, 0, 0, 0, 0]
    let error = failure { () throws(LogError) in
      var reader = try LogReader.open("log", in: storage, .live(durable: durable))
      try reader.drain()
    }
    #expect(error?.reason == .damaged(sealed ? .bytesAfterSeal : .successorDisagrees))
  }

  @Test(arguments: [false, true])
  func aFollowerGoesOnAfterARecovery(sealed: Bool) throws {
    let storage = MemoryStorage()
    var log = try newLog(storage)
    try log.commit(2)
    try log.commit(1, 2)
    if sealed { try log.seal() }
    var reader = try LogReader.open("log", in: storage, .live(durable: log.durablePosition))
    try reader.drain()
    #expect(reader.lastSequence == 5)

    var next = try recover(storage)
    try next.commit(3)
    try reader.extend(to: next.durablePosition)
    #expect(reader.engineLife == 1)
    #expect(try reader.next()?.first == 6)
    #expect(reader.engineLife == 2)
    #expect(try reader.next() == nil)
    #expect(reader.lastSequence == 8)
  }

  /// Only the last commit can be uncertain: this log lost history.
  @Test func aSuccessorThatTakesBackMoreThanTheLastCommitIsDamage() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage)
    try log.commit(2)
    let other = storage.afterKill()
    for _ in 0..<3 { try log.commit(1) }
    var reader = try LogReader.open("log", in: storage, .live(durable: log.durablePosition))
    try reader.drain()

    let next = try recover(other)
    storage[segment2] = other[segment2]
    try reader.extend(to: next.durablePosition)
    let error = failure { () throws(LogError) in try reader.drain() }
    #expect(error?.reason == .damaged(.successorDisagrees))
  }

  @Test func aReaderOfADeadLogSyncsItFirst() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage)
    try log.append(2)
    let before = storage.operations.count
    var reader = try LogReader.open("log", in: storage, .dead)
    try reader.drain()
    #expect(storage.operations[before...] == ["sync", "syncDirectory"])
    #expect(read(storage.afterPowerLoss(.all, keepingNames: false)).last == 2)
  }

  @Test func aSyncIsPolledUntilItIsDone() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage)
    try log.append(1)
    try log.startSync()
    #expect(try log.finishSync() == false)
    #expect(log.durableSequence == 0)
    #expect(try log.finishSync())
    #expect(log.durableSequence == 1)
  }

  @Test func aFileThatAnotherChangedIsNoticed() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage, .small(reservation: 512))
    try log.commit(1)
    #expect(try log.isUntouched())
    try storage.reserve(storage.open("log/" + segment1, .update), upTo: 5000)
    #expect(try !log.isUntouched())
  }

  @Test func aFileThatAnotherRemovedOrReplacedIsNoticed() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage, .small(rotation: 200, reservation: 512))
    for _ in 0..<4 {
      try log.commit(2)
      #expect(try log.isUntouched())
    }
    let name = String(log.path.suffix(segment1.utf8.count))
    let bytes = storage[name]
    storage.remove(name)
    #expect(try !log.isUntouched())
    storage[name] = bytes
    #expect(try !log.isUntouched())
  }
}

@Suite struct RotationTests {
  @Test func aLogOfManySegmentsReadsAsOne() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage, .small(rotation: 400, reservation: 256))
    for _ in 0..<30 { try log.commit(3) }
    #expect(log.durablePosition.segment > 5)
    #expect(read(storage).bytes == History.through(90))
  }

  @Test func compressionChangesNoRotation() throws {
    let plain = MemoryStorage()
    let deflated = MemoryStorage()
    var first = try newLog(plain, .small(rotation: 900))
    var second = try newLog(deflated, .small(rotation: 900, .deflate(level: 9)))
    for _ in 0..<20 {
      try first.commit(9)
      try second.commit(9)
      #expect(first.durablePosition.segment == second.durablePosition.segment)
    }
  }

  @Test func aCommitTooLargeForTheSegmentGetsItsOwn() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage, .small(largest: 200))
    try log.commit(1)
    try log.commit(100)
    #expect(log.durablePosition.segment == 2)
    #expect(read(storage).bytes == History.through(101))
  }

  @Test func aSecondLogInAFolderIsRefused() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage)
    try log.commit(2)
    let error = failure { () throws(LogError) in _ = try newLog(storage) }
    #expect(error?.errno == .fileExists)
    #expect(read(storage).bytes == History.through(2))
  }

  @Test func theOldSegmentIsDurablySealedBeforeTheNewOneIsNamed() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage, .small(rotation: 100))
    try log.commit(1)
    let before = storage.operations.count
    try log.append(1)
    let rename = try #require(
      storage.operations[before...].firstIndex(of: "rename 00000002.seg.new"))
    // The new file, then the seal; then the name, and the folder before anything else.
    #expect(
      storage.operations[before...rename + 1] == [
        "remove 00000002.seg.new", "create 00000002.seg.new", "write", "sync", "write", "sync",
        "rename 00000002.seg.new", "syncDirectory",
      ])
  }

  @Test func spaceForTheSealIsKept() throws {
    let storage = MemoryStorage()
    // A step so small that exactly the requested space is reserved.
    var log = try newLog(storage, .small(reservation: 8))
    try log.commit(3)
    let size = storage[segment1].count
    try log.seal()
    #expect(storage[segment1].count == size)
    #expect(log.durableLength == Int64(size))
  }

  @Test func commitsInReservedSpaceNeedNoMore() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage, .small(reservation: 512))
    try log.reserveSpace(for: 600)
    storage.faultsByOperation["reserve"] = .error(.noSpace)
    while log.durableLength + 100 < 128 + 600 { try log.commit(1) }
    try log.seal()
    #expect(storage[segment1].count == 1024)
    #expect(read(storage).outcome == .intact(sealed: true))
  }

  @Test func aNewSegmentHasSpaceForItsSeal() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage, .small(reservation: 128))
    storage.faultsByOperation["reserve"] = .error(.noSpace)
    try log.seal()
    #expect(storage[segment1].count == 256)
    #expect(read(storage).outcome == .intact(sealed: true))
  }
}
