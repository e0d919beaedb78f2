import FlowCore
import FlowLog
import FlowRuntime

/// What a log is said to be must be what has really become of it.
struct VerdictChecker {
  /// What is known of a crash image by who made it.
  struct Truth {
    /// How many events were acknowledged.
    var acknowledged: Int
    /// What was being made durable; nil where nobody knows.
    var inFlight: [Event]?
    /// Whether the end of the run was among the events.
    var isFinished: Bool
    /// Whether the device has changed or lost what was durable.
    var isBetrayed: Bool
    /// Whether some of that was of the log.
    var isLogBetrayed: Bool
    /// The segments as they were when the last commit into each was durable, in their order.
    var segments: [AppendChecker.Segment]
  }

  /// - Parameter tail: how the log ends on the storage, or what keeps it from being read.
  static func check(
    _ tail: Result<LogTail, RunError>, in storage: SimulatedStorage, _ truth: Truth
  ) throws(Violation) {
    switch tail {
    case .success(let tail) where truth.isBetrayed: try check(betrayed: tail, truth, storage)
    case .success(let tail):
      try check(tail, truth)
      if tail.verdict == .ambiguous { try checkDoubt(tail, storage) }
    case .failure(.log(let error)): try check(error, truth)
    // The log is whole, and what it says is nothing that the engine goes on with.
    case .failure: break
    }
  }

  /// What `flow verify` says of a run that nobody drives.
  static func check(_ report: LogReport, _ truth: Truth) throws(Violation) {
    switch report.verdict {
    case .intact, .torn, .ambiguous: break
    case .newer, .damaged:
      if truth.isBetrayed { return }
      throw Violation(
        .verdict, "verify, after a mere crash: \(report.problems.first.map { "\($0)" } ?? "")")
    }
    let isMissing = report.lastSequence < Int64(truth.acknowledged)
    if isMissing && !truth.isBetrayed {
      throw Violation(
        .verdict,
        "verify: \(report.verdict), with \(report.lastSequence) of \(truth.acknowledged)"
          + " acknowledged events")
    }
    if report.loss == .certain && !isMissing {
      throw Violation(.verdict, "verify: history is missing, and all of it is there")
    }
    if report.engine != nil {
      throw Violation(.verdict, "verify: an engine drives the run, and there is none")
    }
  }

  static func check(_ error: LogError, _ truth: Truth) throws(Violation) {
    switch error.reason {
    case .damaged where truth.isLogBetrayed: return
    case .empty where truth.isLogBetrayed: return
    // A bit more or less may be another version.
    case .newer where truth.isLogBetrayed: return
    case .damaged, .empty, .newer, .storage, .writerFailed:
      throw Violation(.verdict, "after a mere crash: \(error)")
    }
  }

  /// What is on a disk that keeps what it has synced.
  static func check(_ tail: LogTail, _ truth: Truth) throws(Violation) {
    let word = word(tail.verdict)
    if tail.lastSequence < UInt64(truth.acknowledged) {
      throw Violation(
        .verdict,
        "\(word), with \(tail.lastSequence) of \(truth.acknowledged) acknowledged events")
    }
    if let inFlight = truth.inFlight {
      let last = UInt64(truth.acknowledged + inFlight.count)
      if tail.lastAtStake > last {
        throw Violation(
          .verdict, "event \(tail.lastAtStake) is at stake, and \(last) was the last")
      }
      // Or else the seal may have been in the making.
      if tail.verdict.isDoubtful, inFlight.isEmpty, !truth.isFinished {
        throw Violation(.verdict, "\(word), and nothing was in flight")
      }
    }
    if tail.verdict == .intact(isSealed: true), tail.bytes != 0 {
      throw Violation(.verdict, "sealed, and \(tail.bytes) bytes do not count")
    }
  }

  /// What is on a disk that does not: where something is gone, it must be said if it can be known.
  static func check(
    betrayed tail: LogTail, _ truth: Truth, _ storage: SimulatedStorage
  ) throws(Violation) {
    guard tail.lastSequence < UInt64(truth.acknowledged) else { return }
    guard let segment = truth.segments.first(where: { $0.path == tail.path }),
      let bytes = storage.bytes(at: tail.path)
    else { return }
    // Under the header of another segment its own frames are strange.
    let header = LogFormat.segmentHeaderLength
    guard bytes.prefix(header) == segment.bytes.prefix(header) else { return }
    // A whole commit that follows on the one that is gone proves it.
    let ends = segment.commitEnds.filter { $0 > Int(tail.offset) }
    for (start, end) in zip(ends, ends.dropFirst())
    where end <= bytes.count && bytes[start..<end] == segment.bytes[start..<end] {
      throw Violation(
        .verdict,
        "\(word(tail.verdict)) at byte \(tail.offset), and a commit at byte \(start) proves that"
          + " acknowledged history is gone")
    }
  }

  /// A commit is in doubt only if all of it might be there. Where its frame says how long it is and
  /// its last byte never came, it is torn.
  static func checkDoubt(
    _ tail: LogTail, _ storage: SimulatedStorage
  ) throws(Violation) {
    guard let written = storage.bytesBeforeLoss(at: tail.path),
      let bytes = storage.bytes(at: tail.path)
    else { return }
    var start = Int(tail.offset)
    while let end = endOfFrame(at: start, written), written.count >= end {
      let frame = written[start..<end]
      if bytes.count >= end, bytes[start..<end] == frame {
        start = end
        continue
      }
      let header = start..<start + LogFormat.frameHeaderLength
      guard bytes.count >= header.upperBound, bytes[header] == written[header] else { return }
      if bytes.count < end || bytes[end - 1] == 0 {
        throw Violation(
          .verdict, "ambiguous, and the frame at byte \(start) of \(tail.path) is cut short")
      }
      return
    }
  }

  /// As the format says it.
  private static func endOfFrame(at start: Int, _ bytes: [UInt8]) -> Int? {
    guard bytes.count >= start + LogFormat.frameHeaderLength, bytes[start] != 0 else { return nil }
    let length = (0..<4).reduce(0) { $0 | Int(bytes[start + 28 + $1]) << (8 * $1) }
    return start + LogFormat.frameLength(storing: length)
  }

  private static func word(_ verdict: TailVerdict) -> String {
    switch verdict {
    case .intact(let isSealed): isSealed ? "sealed" : "intact"
    case .torn: "torn"
    case .ambiguous: "ambiguous"
    }
  }
}

extension TailVerdict {
  fileprivate var isDoubtful: Bool {
    switch self {
    case .intact: false
    case .torn, .ambiguous: true
    }
  }
}
