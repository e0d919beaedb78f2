import FlowStorage
import Testing

@testable import FlowLog

/// A log that changes, or whose disk fails, while it is read.
@Suite struct ChangingFileTests {
  /// Longer than the read-ahead, so that such a frame leaves the window when the next is read.
  private static let long = [UInt8](repeating: 7, count: 140 << 10)

  /// A log of two events, and a commit of two long ones.
  private func longCommit() throws -> Forger {
    var forger = try Forger()
    forger.append(Self.long, endsCommit: false)
    forger.append(Self.long) { $0.syncedThrough = 2 }
    return forger
  }

  @Test func aCommitThatChangedSinceItWasReadIsNotCarriedOver() throws {
    let storage = try longCommit().storage
    var reader = try LogReader.open("log", in: storage, .recovering)
    try reader.drain()
    #expect(reader.lastSequence == 4)
    let start = Int(reader.segment.lastCommit.offset)
    storage.change(segment1) { $0[start + 1_000] ^= 1 }
    do throws(LogError) {
      _ = try LogWriter.recover(after: reader, salt: 7, engineLife: 2, .small())
      Issue.record("it was carried over")
    } catch {
      #expect(error.reason == .damaged(.frame(.payloadChecksum)))
    }
    #expect(storage.names.keys.sorted() == [segment1])
  }

  /// The commit was complete when its first frame was given out.
  @Test func aSealThatTakesThePlaceOfACommitsEndEndsNothing() throws {
    var vandal = try Forger()
    vandal.append(Self.long, endsCommit: false)
    vandal.append([]) {
      $0 = .seal(salt: $0.salt, after: 3)
      $0.syncedThrough = 2
    }
    let storage = try longCommit().storage
    var reader = try LogReader.open("log", in: storage, .recovering)
    #expect(try reader.next()?.last == 2)
    #expect(try reader.next()?.last == 3)
    storage.change(segment1) { $0 = vandal.storage[segment1] }
    #expect(try reader.next() == nil)
    // The same result as for a reader that opens the changed file.
    var fresh = try LogReader.open("log", in: storage, .recovering)
    try fresh.drain()
    #expect(reader.tail?.verdict == .ambiguous && fresh.tail?.verdict == .ambiguous)
    #expect(reader.tail?.lastSequence == 2)
  }

  /// The successor that states how far a segment counts is the file that is read next, whatever
  /// gets its name.
  @Test func aSegmentThatIsRemovedBeforeItIsEnteredIsReadAllTheSame() throws {
    let storage = MemoryStorage()
    var log = try newLog(storage)
    try log.commit(2)
    try log.seal()
    var next = try recover(storage)
    try next.commit(3)
    var reader = try LogReader.open("log", in: storage, .recovering)
    try storage.removeFile("log/\(segment2)")
    try reader.drain()
    #expect(reader.lastSequence == 5)
  }

  /// Reserved space is searched from its end, a piece at a time.
  private func reserved() throws -> (storage: MemoryStorage, frame: LogFrame) {
    let storage = MemoryStorage()
    var log = try newLog(storage, .small(reservation: 400 << 10))
    try log.commit(2)
    var reader = try LogReader.open("log", in: storage, .dead)
    return (storage, try #require(try reader.next()))
  }

  @Test(arguments: [false, true])
  func spaceThatIsTruncatedMeanwhileIsIgnored(knowsNoHoles: Bool) throws {
    let (storage, frame) = try reserved()
    storage.knowsNoHoles = knowsNoHoles
    var reader = try LogReader.open("log", in: storage, .recovering)
    #expect(try reader.next() == frame)
    storage.change(segment1) { $0.removeLast(300 << 10) }
    #expect(try reader.next() == nil)
    #expect(reader.tail?.verdict == .intact(isSealed: false))
  }

  @Test func spaceThatCannotBeReadIsNamed() throws {
    let (storage, frame) = try reserved()
    var reader = try LogReader.open("log", in: storage, .recovering)
    #expect(try reader.next() == frame)
    storage.faultsByOperation["read"] = .error(.inputOutput)
    let error = failure { () throws(LogError) in _ = try reader.next() }
    #expect(error?.reason == .storage(StorageError(.read, "log/\(segment1)", .inputOutput)))
  }

  /// Wherever the disk begins to fail while a tail is judged.
  @Test(arguments: ["read", "seek"])
  func aTailThatCannotBeReadIsNamed(operation: String) throws {
    var failures = 0
    for spared in 0..<100 {
      let storage = try Forger().storage
      storage.hole = (Int64(storage[segment1].count), 1 << 20)
      storage[segment1] += [7]
      var reader = try LogReader.open("log", in: storage, .recovering)
      storage.faultsByOperation[operation] = .error(.inputOutput)
      storage.sparedLooks = spared
      do throws(LogError) { try reader.drain() } catch {
        #expect(error.errno == .inputOutput && error.path == "log/\(segment1)")
        failures += 1
        continue
      }
      #expect(reader.tail?.verdict == .torn)
    }
    #expect(failures > 1 && failures < 100)
  }

  @Test func aFrameThatCannotBeReadIsNamed() throws {
    let storage = try longCommit().storage
    var reader = try LogReader.open("log", in: storage, .recovering)
    #expect(try reader.next()?.last == 2)
    storage.faultsByOperation["read"] = .error(.inputOutput)
    let error = failure { () throws(LogError) in _ = try reader.next() }
    #expect(error?.errno == .inputOutput)
  }

  @Test(arguments: ["list", "open", "inspect", "read"])
  func aLogThatCannotBeOpenedIsNamed(operation: String) throws {
    let storage = MemoryStorage()
    _ = try newLog(storage)
    storage.faultsByOperation[operation] = .error(.permissionDenied)
    let error = failure { () throws(LogError) in
      _ = try LogReader.open("log", in: storage, .recovering)
    }
    let kind = try #require(StorageError.Operation(rawValue: operation))
    let path = operation == "list" ? "log" : "log/\(segment1)"
    #expect(error?.reason == .storage(StorageError(kind, path, .permissionDenied)))
  }

  @Test func aWriterThatCannotCloseItsFileSaysSo() throws {
    let storage = MemoryStorage()
    let log = try newLog(storage)
    storage.faultsByOperation["close"] = .error(.inputOutput)
    do throws(LogError) {
      try log.close()
      Issue.record("it was closed")
    } catch {
      #expect(error.reason == .storage(StorageError(.close, "log/\(segment1)", .inputOutput)))
    }
  }
}
