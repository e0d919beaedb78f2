import FlowCore
import FlowLog
import FlowRuntime

/// Reads a damaged log, and says where what comes out is not what must.
struct LogJudge {
  let truth: LogTruth
  let image: LogImage
  /// How many damages were looked at.
  private(set) var checks = 0
  private(set) var failures: [String] = []
  /// By verdict.
  private(set) var verdicts: [LogVerdict: Int] = [:]

  /// What may be said of a damaged log.
  enum Expectation {
    /// That nothing is wrong: the history ends with this event.
    case intact(Int64)
    /// That it ends in a commit that was never finished, after this event.
    case torn(Int64)
    case damaged
    /// Damage, which is found behind what others have written.
    case foreign
    /// That nothing is wrong, or the end is torn: after any whole commit.
    case prefix
    /// A change of bytes that were written and synced: whatever it is called, not that all is well,
    /// nor that the end is torn where something was there; and not less may be left than all but
    /// the last commit.
    case rot
  }

  init(_ truth: LogTruth) {
    self.truth = truth
    image = LogImage(truth.segments)
  }

  /// Verifies the image as it is now, and reads it as far as it goes.
  mutating func check(_ what: @autoclosure () -> String, _ expectation: Expectation) {
    checks += 1
    if let fault = verifierFault(expectation) ?? readerFault(expectation) {
      failures.append("\(what()): \(fault)")
    }
  }

  /// The same of a run's folder, with what its engine has said last in the lock file: that all was
  /// durable. What is lost is then known to be.
  mutating func checkClaimed(_ what: @autoclosure () -> String, _ expectation: Expectation) {
    let claim = HolderRecord(
      processID: 1, boot: BootMark("boot"),
      durable: LogPosition(
        segment: UInt64(truth.segments.count), length: Int64(truth.segments.last?.count ?? 0)),
      lastSequence: truth.last)
    image.lock = claim.encoded()
    defer { image.lock = nil }
    // Whether the machine was started since makes no difference: what was said was true.
    for boot in ["boot", "another"] {
      guard let report = verify(.run(LogImage.run, id: nil), boot: boot) else { continue }
      let expected: LogVerdict =
        if case .intact(truth.last) = expectation { .intact } else { .damaged }
      if case .torn(truth.last) = expectation, report.verdict == .torn { continue }
      if report.verdict != expected {
        failures.append("\(what()), with a claim: \(report.verdict), should be \(expected)")
      }
    }
  }

  private mutating func verify(
    _ subject: LogVerifier<LogImage>.Subject, boot: String
  ) -> LogReport? {
    do throws(RunError) {
      return try LogVerifier.verify(subject, in: image, bootID: boot)
    } catch {
      failures.append("not verified: \(error)")
      return nil
    }
  }

  // MARK: What is wrong with a reading

  private mutating func verifierFault(_ expectation: Expectation) -> String? {
    guard let report = verify(.log(LogImage.run.log), boot: "boot") else { return nil }
    verdicts[report.verdict, default: 0] += 1
    let found = "\(report.verdict) after event \(report.lastSequence)"
    // What is given out as the history is a state of the run, at the end of a whole commit.
    if report.verdict <= .ambiguous {
      guard let state = truth.states[report.lastSequence], state == report.state else {
        return "a wrong state: \(found)"
      }
    } else if report.problems.contains(where: { $0.path.isEmpty }) {
      return "not said where: \(found)"
    }
    return isMet(expectation, report) ? nil : "\(found), should be \(expectation)"
  }

  private func isMet(_ expectation: Expectation, _ report: LogReport) -> Bool {
    switch (expectation, report.verdict) {
    case (.intact(let last), .intact), (.torn(let last), .torn): return report.lastSequence == last
    case (.damaged, .damaged), (.foreign, .damaged), (.rot, .damaged): return true
    case (.prefix, .intact), (.prefix, .torn): return true
    case (.rot, .torn): return report.lastSequence == truth.last
    case (.rot, .ambiguous):
      return report.lastSequence == truth.last
        || !truth.isSealed && report.lastSequence == truth.beforeLast
    case (.intact, _), (.torn, _), (.damaged, _), (.foreign, _), (.prefix, _), (.rot, .intact),
      (.rot, .newer):
      return false
    }
  }

  /// Whatever is given out before damage is found must be as it was written.
  private func readerFault(_ expectation: Expectation) -> String? {
    if case .foreign = expectation { return nil }
    do throws(LogError) {
      var reader = try LogReader.open(
        LogImage.run.log, in: image, .recovering, dictionary: EventDictionary.version1)
      while let frame = try reader.next() {
        if truth.payloads[frame.first] != reader.payload {
          return "event \(frame.first) was read as it was never written"
        }
      }
    } catch {
      // The verdict on it is the verifier's.
    }
    return nil
  }
}
