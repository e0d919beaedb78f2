import FlowStorage
import Testing

@testable import FlowLog

/// Damage at the end of a log with nothing readable after it: a repair may end the history before
/// it.
@Suite struct UnreadableEndTests {
  private static let junk = [UInt8](repeating: 0x77, count: 208)

  /// Three commits of at most 200 bytes each, and then other bytes.
  private func log(_ more: [UInt8], sealed: Bool = false) throws -> MemoryStorage {
    let storage = MemoryStorage()
    var log = try newLog(storage, .small(largest: 200))
    for count in [1, 2, 3] { try log.commit(count) }
    if sealed { try log.seal() }
    let image = storage.afterKill()
    image[segment1] += more
    return image
  }

  /// Reads to the damage, and tries to end the history before it.
  private func end(
    of storage: MemoryStorage, before damage: LogError.Damage
  ) throws -> (isTaken: Bool, tail: LogTail?) {
    var reader = try LogReader.open("log", in: storage, .recovering)
    do throws(LogError) {
      try reader.drain()
      Issue.record("nothing is damaged")
    } catch {
      #expect(error.reason == .damaged(damage))
      let isTaken = try reader.endBefore(error)
      #expect((reader.tail != nil) == isTaken)
      return (isTaken, reader.tail)
    }
    return (false, nil)
  }

  @Test func bytesThatNoCrashLeavesCanBeLeftBehind() throws {
    let storage = try log(Self.junk)
    let length = Int64(storage[segment1].count - Self.junk.count)
    let (isTaken, tail) = try end(of: storage, before: .moreThanOneCommit)
    #expect(isTaken)
    #expect(
      tail
        == LogTail(
          verdict: .ambiguous, path: "log/\(segment1)", offset: length, bytes: 208,
          lastSequence: 6, lastAtStake: 6))
  }

  /// Each claims a length beyond all the others: to check them all would take forever.
  @Test func framesThatReachOverEachOtherAreTakenForReadable() throws {
    let storage = try log([])
    let junk = Self.overlappingFrames(100)
    storage[segment1] += junk + [UInt8](repeating: 7, count: LogFormat.largestPayload + 64)
    let before = storage.bytesRead
    let (isTaken, _) = try end(of: storage, before: .moreThanOneCommit)
    #expect(!isTaken)
    #expect(storage.bytesRead - before <= 10 * storage[segment1].count)
  }

  /// They may claim a hole, which uses no disk space.
  @Test func norDoesItHelpThemThatTheyReachIntoAHole() throws {
    let storage = try log([])
    storage[segment1] += Self.overlappingFrames(100)
    storage.hole = (Int64(storage[segment1].count), 1 << 50)
    storage[segment1] += [7]
    let before = storage.bytesRead
    let (isTaken, _) = try end(of: storage, before: .moreThanOneCommit)
    #expect(!isTaken)
    #expect(storage.bytesRead - before <= 20 * LogFormat.largestPayload)
  }

  /// Each claims the length of the longest frame.
  private static func overlappingFrames(_ count: Int) -> [UInt8] {
    var junk = [UInt8](repeating: 0, count: count * 48)
    var frame = FrameHeader.data(
      salt: 0x5a17_0001, after: 6, syncedThrough: 0, eventCount: 1,
      rawLength: LogFormat.largestPayload, endsCommit: true)
    for start in stride(from: 0, to: junk.count, by: 48) {
      var bytes = [UInt8](repeating: 0, count: 48)
      frame.encode(into: &bytes, after: 0)
      junk.copy(bytes.span, at: start)
    }
    return junk
  }

  /// As long as a file can claim to be.
  @Test func aHoleBeforeThemTakesNoTime() throws {
    for byteCount in [1 << 50, 7 << 60] as [Int64] {
      let storage = try log([])
      storage.hole = (Int64(storage[segment1].count), byteCount)
      storage[segment1] += Self.junk
      let (isTaken, tail) = try end(of: storage, before: .moreThanOneCommit)
      #expect(isTaken && tail?.lastSequence == 6)
      #expect(storage.holesAsked < 300)
    }
  }

  @Test func bytesBehindASealCanBeLeftBehind() throws {
    let storage = try log(Self.junk, sealed: true)
    let length = Int64(storage[segment1].count - Self.junk.count)
    let (isTaken, tail) = try end(of: storage, before: .bytesAfterSeal)
    #expect(isTaken)
    #expect(tail?.offset == length && tail?.bytes == 208 && tail?.lastSequence == 6)
  }

  @Test func recoveryGoesOnBeforeThem() throws {
    let storage = try log(Self.junk)
    var reader = try LogReader.open("log", in: storage, .recovering)
    let error = try #require(
      failure { () throws(LogError) in
        var reader = try LogReader.open("log", in: storage, .recovering)
        try reader.drain()
      })
    while reader.lastSequence < 6 { _ = try reader.next() }
    #expect(try reader.endBefore(error))
    var next = try LogWriter.recover(after: reader, salt: 7, engineLife: 2, .small())
    try next.commit(2)
    #expect(read(storage).bytes == History.through(8))
  }

  enum Change: CaseIterable {
    case none
    case otherSegment, wrongHeader, wrongPayload, cutOff, impossibleLengths
    case newerVersion

    var leavesItReadable: Bool { self == .none || self == .newerVersion }

    fileprivate func apply(to frame: inout [UInt8]) {
      switch self {
      case .none: break
      case .otherSegment: frame.forge { $0.salt ^= 1 }
      case .wrongHeader: frame[8] ^= 1
      case .wrongPayload: frame[50] ^= 1
      case .cutOff: frame.removeLast(8)
      case .impossibleLengths: frame.forge { $0.rawLength = 0 }
      case .newerVersion: frame.forge { $0.version = 2 }
      }
    }
  }

  /// A frame of the segment, whatever its sequence number.
  @Test(arguments: Change.allCases)
  func whatCanBeReadIsNotLeftBehind(change: Change) throws {
    let whole = try log([])[segment1]
    let length = LogFormat.frameLength(storing: History.event(1).count)
    var frame = Array(whole[LogFormat.segmentHeaderLength..<LogFormat.segmentHeaderLength + length])
    change.apply(to: &frame)
    let (isTaken, _) = try end(of: try log(Self.junk + frame), before: .moreThanOneCommit)
    #expect(isTaken == !change.leavesItReadable)
  }

  /// These errors mean that history is missing, or that it can be read after all.
  @Test func otherDamageIsNoEnd() throws {
    let reasons: [LogError.Reason] = [
      .damaged(.missingSegment), .damaged(.cutShort), .damaged(.frame(.chain)),
      .damaged(.acknowledgedMissing(through: 9)), .damaged(.bytesBeforeSeal),
      .damaged(.successorDisagrees), .empty, .newer,
      .storage(StorageError(.read, "log", .inputOutput)),
    ]
    for reason in reasons {
      var reader = try LogReader.open("log", in: try log(Self.junk), .recovering)
      #expect(try reader.endBefore(LogError("log/\(segment1)", reason)) == false)
      #expect(reader.tail == nil)
    }
  }

  @Test func onlyTheLastSegmentOfADeadLogHasAnEnd() throws {
    let error = LogError("log/\(segment1)", .damaged(.moreThanOneCommit))
    let storage = try log([])
    let live = LogSource.live(durable: LogPosition(segment: 1, length: 200))
    var reader = try LogReader.open("log", in: storage, live)
    #expect(try reader.endBefore(error) == false)
    _ = try recover(storage)
    reader = try LogReader.open("log", in: storage, .recovering)
    #expect(try reader.endBefore(error) == false)
    try reader.drain()
    // The reader has its tail already.
    #expect(try reader.endBefore(error) == false)
  }

  @Test func aDiskThatFailsMeanwhileIsNoEnd() throws {
    let storage = try log([UInt8](repeating: 0x77, count: 400 << 10))
    var reader = try LogReader.open("log", in: storage, .recovering)
    let cause = try #require(failure { () throws(LogError) in try reader.drain() })
    storage.faultsByOperation["read"] = .error(.inputOutput)
    let error = failure { () throws(LogError) in _ = try reader.endBefore(cause) }
    #expect(error?.errno == .inputOutput)
    #expect(reader.tail == nil)
  }
}

extension [UInt8] {
  /// Changes the header of a frame, and updates its checksum.
  fileprivate mutating func forge(_ change: (inout FrameHeader) -> Void) {
    guard var header = FrameHeader.decode(self, at: 0) else { return }
    change(&header)
    header.encode(into: &self, after: 0)
  }
}
