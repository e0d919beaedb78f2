import FlowMemoryStorage
import FlowRuntime
import TestSupport
import Testing

@testable import FlowFuzzing
@testable import FlowLog

/// Repair has its own knowledge of the format, and agrees with the writer.
struct RepairTests {
  private static let logs = ["chain", "rotated", "survivors"]

  private func segments(_ log: String) -> [[UInt8]] {
    Repository.files(under: "Fixtures/Logs/v1/\(log)").map(Repository.read)
  }

  @Test(arguments: logs) func whatIsRightStays(log: String) {
    let segments = segments(log)
    #expect(SegmentRepair.checksums.repaired(segments) == segments)
    // In a recovered log a segment names a shorter length than its predecessor has.
    if log != "survivors" { #expect(SegmentRepair.all.repaired(segments) == segments) }
  }

  @Test(arguments: logs) func whatIsWrongBecomesReadable(log: String) throws {
    var segments = segments(log)
    let frame = segments[0].startIndex + LogFormat.segmentHeaderLength
    // An engine life, a salt, a sequence number, a byte of the payload's end.
    for index in [60, frame + 4, frame + 8, frame + 20] { segments[0][index] ^= 1 }
    let repaired = SegmentRepair.all.repaired(segments)
    var reader = try LogReader.open(
      "log", in: MemoryFolder(["00000001.seg": repaired[0]]), .recovering,
      dictionary: EventDictionary.version1)
    try reader.drain()
    #expect(reader.lastSequence > 0)
  }

  @Test func noRepairChangesNothing() {
    #expect(SegmentRepair.none.repaired([[1, 2], []]) == [[1, 2], []])
    #expect(SegmentRepair.all.repaired([[1, 2], []]) == [[1, 2], []])
  }
}
