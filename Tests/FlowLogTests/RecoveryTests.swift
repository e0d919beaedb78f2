import FlowLog
import Testing

@Suite struct RecoveryTests {
  /// A dead engine's log: events up to `acknowledged` were synced, those up to `written` were not.
  private func dead(
    _ options: LogOptions = .small(), acknowledged: [Int] = [2, 3], written: [Int] = [1]
  ) throws(LogError) -> MemoryStorage {
    let storage = MemoryStorage()
    var log = try newLog(storage, options)
    for count in acknowledged { try log.commit(count) }
    for count in written { try log.append(count) }
    return storage
  }

  @Test func theUncertainTailIsCarriedOver() throws {
    let storage = try dead()
    let image = storage.afterKill()
    let before = image[segment1]
    var log = try recover(image)
    #expect(log.durablePosition.segment == 2)
    #expect(log.durableSequence == 6)
    #expect(image[segment1] == before)
    #expect(read(image).bytes == History.through(6))

    // The page cache of the old segment is lost; the new segment holds the commit.
    image[segment1] = storage.afterPowerLoss(.all, keepingNames: true)[segment1]
    #expect(image[segment1].count < before.count)
    #expect(read(image).bytes == History.through(6))
    try log.commit(2)
    #expect(read(image).bytes == History.through(8))
  }

  @Test func aCommitOfManyFramesIsCarriedOverWhole() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage, .small(largest: 1 << 16, .deflate(level: 6)))
    try log.commit(1)
    try log.append(100, 1, 50)
    let image = storage.afterKill()
    let next = try recover(image, .small(largest: 100))
    #expect(next.durableSequence == 152)
    image[segment1] = storage.afterPowerLoss(.all, keepingNames: true)[segment1]
    #expect(read(image).bytes == History.through(152))
  }

  @Test func whatALaterFrameProvesDurableIsNotCarriedOver() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage)
    for count in [2, 3] { try log.commit(count) }
    // The reader cannot know whether the second commit was synced.
    #expect(try recover(storage.afterKill()).durableLength > 128)

    try log.append(1, 1, 1)
    let image = storage.afterKill()
    image[segment1].removeLast()
    #expect(read(image).outcome == .torn)
    let next = try recover(image)
    #expect(next.durableLength == 128)
    #expect(next.durableSequence == 5)
    #expect(read(image).bytes == History.through(5))
  }

  @Test func whatWasBornWithASegmentIsNotCarriedOverAgain() throws {
    let image = try dead().afterKill()
    for life in UInt32(2)...5 {
      let log = try recover(image, salt: life)
      #expect(log.durablePosition.segment == UInt64(life))
      #expect(log.durableLength > 128 ? life == 2 : life > 2)
    }
    #expect(read(image).bytes == History.through(6))
    #expect(read(image).outcome == .intact(sealed: false))
  }

  @Test func rotOfWhatWasCarriedOverIsDamage() throws {
    let image = try dead().afterKill()
    let length = Int(try recover(image).durableLength)
    image[segment2][length - 10] ^= 1
    #expect(read(image).outcome == .damaged)
  }

  @Test func aSealedLogCanBeReopened() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage)
    try log.commit(2)
    try log.seal()
    let image = storage.afterKill()
    var next = try recover(image)
    try next.commit(3)
    #expect(read(image).bytes == History.through(5))
    // The seal may not have been synced, so the history does not count it.
    image[segment1].removeLast(56)
    #expect(read(image).bytes == History.through(5))
  }

  @Test func anAmbiguousTailStaysWhereItIsAndCountsNoMore() throws {
    let image = try dead().afterKill()
    image[segment1][image[segment1].count - 12] ^= 1
    let before = image[segment1]
    #expect(read(image).outcome == .ambiguous)
    var log = try recover(image)
    #expect(log.durableSequence == 5)
    try log.commit(4)
    #expect(image[segment1] == before)
    #expect(read(image).bytes == History.through(9))
  }

  @Test func aDamagedLogIsRefusedAndNothingIsWritten() throws {
    let image = try dead(acknowledged: [2, 3, 1]).afterKill()
    image[segment1][180] ^= 1
    let error = failure { () throws(LogError) in _ = try recover(image) }
    #expect(error?.offset == 128)
    #expect(image.operations.isEmpty)
  }

  @Test func aWriterThatLivesOnAfterRecoveryChangesNothing() throws {
    let storage = MemoryStorage()
    var zombie = try newLog(storage)
    try zombie.commit(2)
    try zombie.append(1)
    var log = try recover(storage)
    try log.commit(2)
    try zombie.sync()
    try zombie.commit(1)
    try zombie.seal()
    #expect(read(storage).bytes == History.through(5))
  }

  /// The engine dies after each operation of a life with rotations. Each time its recovery dies
  /// after each of its own operations, twice, and each time power may be lost, too.
  @Test(arguments: [Int64(0), 256], [MemoryStorage.Loss.all, .zeros, .garbage])
  func noCrashLosesWhatWasAcknowledged(reservation: Int64, loss: MemoryStorage.Loss) throws {
    let options = LogOptions.small(rotation: 300, reservation: reservation)
    var world = Crashes(options: options, loss: loss)
    var operation = 0
    while true {
      let storage = MemoryStorage()
      storage.faults[operation] = .death
      let acknowledged = world.live(storage)
      if !storage.isDead { break }
      operation += 1
      for image in world.images(of: storage) {
        world.expectHistory(image, through: acknowledged...11)
        try world.recoverDying(image, depth: 1)
      }
    }
    #expect(operation > 20)
    #expect(world.recovered.count > 40)
  }
}

private struct Crashes {
  let options: LogOptions
  let loss: MemoryStorage.Loss
  /// The images that were recovered already, and how deep: many crashes leave the same bytes.
  var recovered: Set<Visit> = []

  struct Visit: Hashable {
    let contents: [String: [UInt8]]
    let depth: Int
  }

  init(options: LogOptions, loss: MemoryStorage.Loss) {
    self.options = options
    self.loss = loss
  }

  /// Runs an engine until it dies or ends; returns the last acknowledged event.
  func live(_ storage: MemoryStorage) -> UInt64 {
    var acknowledged: UInt64 = 0
    do throws(LogError) {
      var log = try newLog(storage, options)
      for count in [2, 1, 3] {
        try log.commit(count)
        acknowledged = log.durableSequence
      }
      try log.commit(1, 2)
      acknowledged = log.durableSequence
      try log.commit(2)
      acknowledged = log.durableSequence
      try log.seal()
    } catch {}
    return acknowledged
  }

  /// The images that the dead engine may have left, once it had begun a log.
  func images(of storage: MemoryStorage) -> [MemoryStorage] {
    [
      storage.afterKill(), storage.afterPowerLoss(loss, keepingNames: true),
      storage.afterPowerLoss(loss, keepingNames: false),
    ].filter { image in image.names.keys.contains { $0.hasSuffix(".seg") } }
  }

  func expectHistory(_ image: MemoryStorage, through acknowledged: ClosedRange<UInt64>) {
    let reading = read(image)
    let isLegal =
      reading.isPrefix && acknowledged.contains(reading.last) && !reading.outcome.isDamaged
    // Thousands of images: an expectation for each would take most of the time.
    if !isLegal { Issue.record("acknowledged \(acknowledged), read \(reading)") }
  }

  mutating func recoverDying(_ image: MemoryStorage, depth: Int) throws {
    guard recovered.insert(Visit(contents: image.contents, depth: depth)).inserted else { return }
    let history = read(image).last
    var operation = 0
    while true {
      let copy = image.afterKill()
      copy.faults[operation] = .death
      do throws(LogError) { _ = try recover(copy, salt: UInt32(depth), options) } catch {}
      guard copy.isDead else { return try goOn(copy.afterKill(), from: history) }
      operation += 1
      for image in images(of: copy) {
        expectHistory(image, through: history...history)
        if depth > 0 { try recoverDying(image, depth: depth - 1) }
      }
    }
  }

  private func goOn(_ image: MemoryStorage, from history: UInt64) throws {
    var log = try recover(image, salt: 5)
    try log.commit(2)
    #expect(read(image.afterPowerLoss(.all, keepingNames: false)).last == history + 2)
    #expect(read(image).isPrefix)
  }
}
