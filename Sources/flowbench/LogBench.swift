import FlowCore
import FlowLog
import FlowSystem

/// So many events took so long.
struct Timed {
  var events = 0
  var microseconds: Int64 = 0

  /// Adds what `body` does, which says how many events that were.
  mutating func measure(_ body: () throws -> Int) rethrows {
    let start = EventLoop.monotonicNow().microseconds
    events += try body()
    microseconds += EventLoop.monotonicNow().microseconds - start
  }
}

/// Bytes in and out of a log, which does not look into them.
enum LogBench {
  private static let eventBytes = 45

  /// Makes a log of so many durable commits.
  static func append(to folder: String, _ commits: Int, each: Int) throws -> Timed {
    var writer = try LogWriter.create(in: folder, LinuxStorage(), salt: 1, engineLife: 1)
    // Bytes that deflate finds little in, as times and numbers of processes are.
    let payload = (0..<each * eventBytes).map {
      UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13)
    }
    let parts = [LogPart(eventCount: each, byteCount: payload.count)]
    var timed = Timed()
    let start = EventLoop.monotonicNow().microseconds
    for commit in 0..<commits {
      try writer.rotateIfNeeded(for: parts) { UInt32(commit) }
      try writer.append(payload.span, parts: parts, from: UInt64(timed.events + 1))
      try writer.sync()
      timed.events += each
    }
    timed.microseconds = EventLoop.monotonicNow().microseconds - start
    return timed
  }

  static func read(_ folder: String) throws -> Timed {
    var reader = try LogReader.open(folder, in: LinuxStorage(), .dead)
    var timed = Timed()
    let start = EventLoop.monotonicNow().microseconds
    while let frame = try reader.next() { timed.events += frame.count }
    timed.microseconds = EventLoop.monotonicNow().microseconds - start
    return timed
  }
}
