import CMonitor
import FlowCore
import Testing

@testable import FlowRuntime

/// What is made of an attempt's record, for every combination of what it holds, its lock, and where
/// it was made.
struct AttemptFateTests {
  /// What a record holds, by its bytes; nil where there is none.
  enum Record: CaseIterable {
    case absent, empty, garbage
    case unreadableCommand, unreadableCommandElsewhere
    case begun, started, startedElsewhere
    case ended, endedElsewhere, endedWithoutStart

    var content: AttemptRecord? {
      bytes.map(AttemptRecord.decode)
    }

    private var bytes: [UInt8]? {
      var elsewhere = flow_record_start.sample
      elsewhere.host.mount += 1
      switch self {
      case .absent: return nil
      case .empty: return []
      case .garbage: return [UInt8](repeating: 0xff, count: AttemptRecord.byteCount)
      case .unreadableCommand: return Self.spoiled(.command, RecordBytes.of(start: .sample))
      case .unreadableCommandElsewhere:
        return Self.spoiled(.command, RecordBytes.of(start: elsewhere))
      case .begun: return RecordBytes.of(start: .sample)
      case .started: return RecordBytes.of(start: .sample, command: .sample)
      case .startedElsewhere: return RecordBytes.of(start: elsewhere, command: .sample)
      case .ended: return RecordBytes.sample
      case .endedElsewhere: return RecordBytes.of(start: elsewhere, end: .sample)
      case .endedWithoutStart: return Self.spoiled(.start, RecordBytes.of(end: .sample))
      }
    }

    private static func spoiled(_ part: RecordBytes.Part, _ bytes: [UInt8]) -> [UInt8] {
      var bytes = bytes
      for index in part.range { bytes[index] = 0xff }
      return bytes
    }
  }

  private static let here = HostMark(flow_record_start.sample.host)

  private func fate(_ record: Record, isLocked: Bool, wasHere: Bool) -> AttemptFate {
    AttemptFate(
      RecordSighting(record: record.content, isLocked: isLocked), seenFrom: Self.here,
      wasHere: wasHere)
  }

  /// Without a record only the host context of the engine that wanted the attempt tells.
  @Test func anAbsentRecordIsOfAnAttemptThatWasNeverLaunchedHere() {
    #expect(fate(.absent, isLocked: false, wasHere: true) == .neverLaunched)
    #expect(fate(.absent, isLocked: false, wasHere: false) == .lost)
  }

  /// A record names its own host context, or is unreadable from everywhere.
  @Test(arguments: Record.allCases.filter { $0 != .absent }, [true, false])
  func aRecordCountsWhereverTheEngineWas(record: Record, isLocked: Bool) {
    #expect(
      fate(record, isLocked: isLocked, wasHere: true)
        == fate(record, isLocked: isLocked, wasHere: false))
  }

  @Test(arguments: [Record.empty, .garbage, .unreadableCommand, .unreadableCommandElsewhere])
  func anUnreadableRecordIsSettledByItsLock(record: Record) throws {
    let content = try #require(record.content)
    #expect(content.isUnreadable)
    #expect(fate(record, isLocked: true, wasHere: true) == .unrecognizable(content))
    #expect(fate(record, isLocked: false, wasHere: true) == .lost)
  }

  /// Not even the lock says more: only the version that wrote it knows what a free lock means.
  @Test(arguments: RecordBytes.Part.allCases, [true, false])
  func aNewerRecordIsLeftToItsVersion(part: RecordBytes.Part, isLocked: Bool) {
    var bytes = RecordBytes.sample
    RecordBytes.makeNewer(&bytes, part)
    let sighting = RecordSighting(record: .decode(bytes), isLocked: isLocked)
    #expect(AttemptFate(sighting, seenFrom: Self.here, wasHere: true) == .newer)
  }

  @Test(arguments: [Record.begun, .started])
  func anAttemptRunsWhileItsMonitorHoldsTheLock(record: Record) throws {
    let content = try #require(record.content)
    let start = try #require(content.start)
    #expect(fate(record, isLocked: true, wasHere: true) == .runs(start, content.command))
    #expect((content.command == nil) == (record == .begun))
    #expect(fate(record, isLocked: false, wasHere: true) == .lost)
  }

  @Test func aMonitorOfAnotherHostContextIsOutOfReach() {
    #expect(fate(.startedElsewhere, isLocked: true, wasHere: true) == .runsElsewhere)
    #expect(fate(.startedElsewhere, isLocked: false, wasHere: true) == .lost)
  }

  @Test(arguments: [Record.ended, .endedElsewhere, .endedWithoutStart])
  func anEndCountsOnceItsMonitorIsGone(record: Record) throws {
    let content = try #require(record.content)
    let end = try #require(content.end)
    #expect(fate(record, isLocked: false, wasHere: true) == .ended(end))
    #expect(fate(record, isLocked: true, wasHere: true) == .exiting(content))
  }
}
