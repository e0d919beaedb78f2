import FlowLog
import FlowStorage
import Testing

/// How the writer handles errors of the storage.
@Suite struct FailureTests {
  @Test(arguments: ["write", "sync"])
  func aFailedCommitSpoilsTheWriter(operation: String) throws {
    let storage = MemoryStorage()
    var log = try newLog(storage)
    try log.commit(2)
    storage.faultsByOperation[operation] = .error(.inputOutput)
    let error = failure { () throws(LogError) in try log.commit(1) }
    #expect(error?.errno == .inputOutput)
    storage.faultsByOperation = [:]
    #expect(log.hasFailed == true)
    #expect(log.durableSequence == 2)

    let before = storage.operations.count
    let cause = StorageError(StorageError.Operation(rawValue: operation)!, log.path, .inputOutput)
    for _ in 0..<2 {
      let error = failure { () throws(LogError) in try log.commit(1) }
      #expect(error?.reason == .writerFailed(cause))
    }
    #expect(storage.operations.count == before)
  }

  @Test func aFailedPollSpoilsTheWriter() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage)
    try log.append(1)
    try log.startSync()
    storage.faultsByOperation["finishedSync"] = .error(.inputOutput)
    let error = failure { () throws(LogError) in _ = try log.finishSync() }
    #expect(error?.errno == .inputOutput)
    #expect(log.hasFailed == true)
    #expect(log.durableSequence == 0)
  }

  @Test func withoutSpaceACommitCanBeRetried() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage, .small(reservation: 256))
    storage.faultsByOperation["reserve"] = .error(.noSpace)
    let before = storage[segment1]
    let error = failure { () throws(LogError) in try log.append(9) }
    #expect(error?.errno == .noSpace)
    #expect(log.hasFailed == false)
    #expect(storage[segment1] == before)
    storage.faultsByOperation = [:]
    try log.commit(9)
    #expect(read(storage).bytes == History.through(9))
  }

  @Test(arguments: ["create", "reserve", "write"])
  func withoutSpaceRotationCanBeRetried(operation: String) throws {
    let storage = MemoryStorage()
    var log = try newLog(storage, .small(rotation: 150, reservation: 512))
    try log.commit(3)
    let before = storage[segment1]
    storage.faultsByOperation[operation] = .error(.noSpace)
    let error = failure { () throws(LogError) in try log.append(3) }
    #expect(error?.errno == .noSpace)
    #expect(log.hasFailed == false)
    #expect(storage[segment1] == before)
    #expect(storage.names.keys.sorted() == [segment1])
    storage.faultsByOperation = [:]
    try log.commit(3)
    #expect(log.durablePosition.segment == 2)
    #expect(read(storage).bytes == History.through(6))
  }

  @Test(arguments: [Errno.noSpace, .quotaExceeded])
  func aNewSegmentWithoutSpaceAtItsSyncIsRemoved(errno: Errno) throws {
    let storage = MemoryStorage()
    var log = try newLog(storage, .small(rotation: 150, reservation: 512))
    try log.commit(3)
    storage.faultsByOperation["sync"] = .error(errno)
    let error = failure { () throws(LogError) in try log.append(3) }
    #expect(error?.errno == errno)
    #expect(log.hasFailed == false)
    #expect(storage.names.keys.sorted() == [segment1])
    storage.faultsByOperation = [:]
    try log.commit(3)
    #expect(read(storage).bytes == History.through(6))
  }

  /// ext4 extends the file by the blocks that it has found before it reports a full disk.
  @Test func aPartOfTheReservationIsNoChangeByAnotherProcess() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage, .small(reservation: 256))
    storage.faultsByOperation["reserve"] = .part(.noSpace)
    _ = failure { () throws(LogError) in try log.append(9) }
    #expect(storage[segment1].count % 256 != 0)
    #expect(try log.isUntouched())
    storage.faultsByOperation = [:]
    try log.commit(9)
    #expect(try log.isUntouched())
    #expect(read(storage).bytes == History.through(9))
  }

  /// A run can be cancelled, or end, on a disk that has a few blocks left.
  @Test func recoveryReservesLessWhereThereIsLessSpace() throws {
    for (space, reserved) in [(300_000, 262_144), (40_000, 32_768), (4_096, 4_096)] {
      let storage = MemoryStorage()
      var options = LogOptions.small()
      options.reservationBytes = 256 << 10
      var log = try newLog(storage, .small())
      try log.commit(2)
      let image = storage.afterKill()
      image.largestReservation = Int64(space)
      var recovered = try recover(image, options)
      #expect(image[segment2].count == reserved)
      try recovered.commit(3)
      let reading = read(image)
      #expect(reading.bytes == History.through(5) && reading.error == nil, "\(reading)")
    }
    let image = MemoryStorage()
    var log = try newLog(image, .small())
    try log.commit(2)
    let full = image.afterKill()
    full.largestReservation = 4_095
    let error = failure { () throws(LogError) in
      _ = try recover(full, .small(reservation: 256 << 10))
    }
    #expect(error?.errno == .noSpace && full.names.keys.sorted() == [segment1])
  }

  @Test func recoveryWithoutSpaceLeavesNoFile() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage)
    try log.commit(2)
    try log.append(1)
    for operation in ["write", "sync"] {
      let image = storage.afterKill()
      image.faultsByOperation[operation] = .error(.noSpace)
      let error = failure { () throws(LogError) in _ = try recover(image) }
      #expect(error?.errno == .noSpace)
      #expect(image.names.keys.sorted() == [segment1])
      image.faultsByOperation = [:]
      #expect(try recover(image).durableSequence == 3)
    }
  }

  @Test(arguments: ["rename", "syncDirectory"])
  func aFailedRotationSpoilsTheWriterAndLosesNothing(operation: String) throws {
    let storage = MemoryStorage()
    var log = try newLog(storage, .small(rotation: 100))
    try log.commit(3)
    storage.faultsByOperation[operation] = .error(.inputOutput)
    let error = failure { () throws(LogError) in try log.append(3) }
    #expect(error?.errno == .inputOutput)
    #expect(log.hasFailed == true)
    let image = storage.afterKill()
    #expect(read(image).bytes == History.through(3))
    var next = try recover(image)
    try next.commit(2)
    #expect(read(image).bytes == History.through(5))
  }
}
