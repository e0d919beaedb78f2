import FlowCore
import FlowLog
import FlowRuntime

/// A log is called intact, torn, ambiguous or damaged exactly as the crash has left it, by recovery
/// and by `flow verify`, and the engine says so when it takes over.
final class VerdictChecker {
  private let log: DurableLog
  /// How the log ended that was taken over, as it was found.
  private var foundTail: LogTail?
  /// The same as the engine told it, if it did.
  private var toldTail: LogTail?

  init(_ log: DurableLog) {
    self.log = log
  }

  /// What is known of a crash image, since this world has made it.
  struct Truth {
    /// How many events were acknowledged.
    var acknowledged: Int
    /// What was being made durable; nil where that is unknown.
    var inFlight: [Event]?
    /// Whether the end of the run was among the events.
    var isFinished: Bool
    /// Whether the device has changed or lost what was durable.
    var isBetrayed: Bool
    /// Whether some of that belonged to the log.
    var isLogBetrayed: Bool
    /// The segments as they were when the last commit into each was durable, in their order.
    var segments: [DurableLog.Segment]
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
    // The log is whole, but the engine cannot continue from what it says.
    case .failure: break
    }
  }

  /// What `flow verify` says of a run without an engine.
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
    // A flipped bit may look like another version.
    case .newer where truth.isLogBetrayed: return
    case .damaged, .empty, .newer, .storage, .writerFailed:
      throw Violation(.verdict, "after a mere crash: \(error)")
    }
  }

  /// On a disk that keeps what it has synced.
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
      // Otherwise the engine may have been sealing the log.
      if tail.verdict.isDoubtful, inFlight.isEmpty, !truth.isFinished {
        throw Violation(.verdict, "\(word), and nothing was in flight")
      }
    }
    if tail.verdict == .intact(isSealed: true), tail.bytes != 0 {
      throw Violation(.verdict, "sealed, and \(tail.bytes) bytes do not count")
    }
  }

  /// On a disk that does not: lost history must be reported if the bytes that are left prove the
  /// loss.
  static func check(
    betrayed tail: LogTail, _ truth: Truth, _ storage: SimulatedStorage
  ) throws(Violation) {
    guard tail.lastSequence < UInt64(truth.acknowledged) else { return }
    guard let segment = truth.segments.first(where: { $0.path == tail.path }),
      let bytes = storage.bytes(at: tail.path)
    else { return }
    // Under the header of another segment none of its frames counts.
    let header = LogFormat.segmentHeaderLength
    guard bytes.prefix(header) == segment.bytes.prefix(header) else { return }
    // A whole commit that follows the lost one proves the loss.
    let ends = segment.commitEnds.filter { $0 > Int(tail.offset) }
    for (start, end) in zip(ends, ends.dropFirst())
    where end <= bytes.count && bytes[start..<end] == segment.bytes[start..<end] {
      throw Violation(
        .verdict,
        "\(word(tail.verdict)) at byte \(tail.offset), and a commit at byte \(start) proves that"
          + " acknowledged history is gone")
    }
  }

  /// A commit is ambiguous only if all of it might be there. Where its frame says how long it is
  /// and its last byte never came, it is torn; so it is where neither the whole header nor any byte
  /// that could end a frame came.
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
      guard bytes.count >= header.upperBound, bytes[header] == written[header] else {
        return try checkMiddle(from: start, tail, bytes)
      }
      if bytes.count < end || bytes[end - 1] == 0 {
        throw Violation(
          .verdict, "ambiguous, and the frame at byte \(start) of \(tail.path) is cut short")
      }
      return
    }
  }

  private static func checkMiddle(
    from start: Int, _ tail: LogTail, _ bytes: [UInt8]
  ) throws(Violation) {
    let words = [start..<start + 8, start + 40..<start + 48]
    guard
      words.contains(where: { $0.upperBound <= bytes.count && bytes[$0].allSatisfy { $0 == 0 } }),
      let last = bytes.lastIndex(where: { $0 != 0 })
    else { return }
    if last % 8 != 7 || bytes[last] != 0xa5 {
      throw Violation(
        .verdict,
        "ambiguous, and of the frame at byte \(start) of \(tail.path) only a middle is there")
    }
  }

  /// As the format defines it.
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

extension VerdictChecker: Checker {
  func opened(
    _ log: Result<FoundHistory, RunError>, in world: World
  ) throws(Violation) {
    guard let run = world.run else { return }
    foundTail = try? log.get().tail
    toldTail = nil
    let history = world.checkers.history
    let truth = Truth(
      acknowledged: history.acknowledged.count, inFlight: history.inFlight,
      isFinished: history.mayBeFinished, isBetrayed: world.storage.hasBetrayed,
      isLogBetrayed: world.storage.hasBetrayedLog, segments: self.log.segments)
    try Self.check(log.map(\.tail), in: world.storage, truth)
    let report: LogReport
    do throws(RunError) {
      // To verify is to sync, which may save what the next power loss would take: hence a copy.
      report = try LogVerifier.verify(
        .run(run.folder, id: run.id), in: world.storage.copy(), bootID: world.host.bootID)
    } catch {
      throw Violation(.verdict, "the log cannot be verified: \(error)")
    }
    try Self.check(report, truth)
  }

  func tookOver(_ tail: LogTail, in world: World) throws(Violation) { toldTail = tail }

  func recovered(in world: World) throws(Violation) {
    // Another engine that took the run over in the meantime has recovered the log.
    if toldTail != foundTail, world.takenThrough == nil {
      throw Violation(.verdict, "the engine resumes the run, and does not say how the log ended")
    }
  }
}
