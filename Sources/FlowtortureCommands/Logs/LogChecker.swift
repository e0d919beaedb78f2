import FlowCore
import FlowLog
import FlowRuntime

/// Reads and verifies a damaged log, and notes every result that is not the expected one.
struct LogChecker {
  let truth: LogTruth
  let image: LogImage
  /// How many damaged logs were checked.
  private(set) var checks = 0
  private(set) var failures: [String] = []
  /// How often each verdict was given.
  private(set) var verdicts: [LogVerdict: Int] = [:]

  /// The verdict that a damaged log must get.
  enum Expectation {
    /// Intact: the history ends with this event.
    case intact(Int64)
    /// Torn: an incomplete commit follows this event.
    case torn(Int64)
    case damaged
    /// Damaged, but readers may return frames of another log first.
    case foreign
    /// Intact or torn after any complete commit.
    case prefix
    /// Synced bytes have changed. The verdict may not be intact, and torn only after the last event. At most
    /// the last commit may be missing.
    case rot
  }

  init(_ truth: LogTruth) {
    self.truth = truth
    image = LogImage(truth.segments)
  }

  /// Verifies the image in its present state, and reads it as far as possible.
  mutating func check(_ what: @autoclosure () -> String, _ expectation: Expectation) {
    checks += 1
    if let fault = verifierFault(expectation) ?? readerFault(expectation) {
      failures.append("\(what()): \(fault)")
    }
  }

  /// Checks the image as a run's folder whose lock file says that all events were durable. A lost event is
  /// then known to be lost.
  mutating func checkClaimed(_ what: @autoclosure () -> String, _ expectation: Expectation) {
    let claim = HolderRecord(
      processID: 1, boot: BootMark("boot"),
      durable: LogPosition(
        segment: UInt64(truth.segments.count), length: Int64(truth.segments.last?.count ?? 0)),
      lastSequence: truth.last)
    image.lock = claim.encoded()
    defer { image.lock = nil }
    // The claim is true in another boot, too.
    for boot in ["boot", "another"] {
      guard let report = verify(.run(LogImage.run, id: nil), boot: boot) else { continue }
      let expected: LogVerdict =
        if case .intact(truth.last) = expectation { .intact } else { .damaged }
      if case .torn(truth.last) = expectation, report.verdict == .torn { continue }
      if report.verdict != expected {
        failures.append(
          "\(what()), with a claim of durability: \(report.verdict), expected \(expected)")
      }
    }
  }

  private mutating func verify(
    _ subject: LogVerifier<LogImage>.Subject, boot: String
  ) -> LogReport? {
    do throws(RunError) {
      return try LogVerifier.verify(subject, in: image, bootID: boot)
    } catch {
      failures.append("cannot verify the log: \(error)")
      return nil
    }
  }

  // MARK: Results

  private mutating func verifierFault(_ expectation: Expectation) -> String? {
    guard let report = verify(.log(LogImage.run.log), boot: "boot") else { return nil }
    verdicts[report.verdict, default: 0] += 1
    let found = "\(report.verdict) after event \(report.lastSequence)"
    // The history must lead to a state that the run was in after a complete commit.
    if report.verdict <= .ambiguous {
      guard let state = truth.states[report.lastSequence], state == report.state else {
        return "a wrong state: \(found)"
      }
    } else if report.problems.contains(where: { $0.path.isEmpty }) {
      return "no location: \(found)"
    }
    return isMet(expectation, report) ? nil : "\(found), expected \(expectation)"
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

  /// Every frame that a reader returns before it finds the damage must be a written one.
  private func readerFault(_ expectation: Expectation) -> String? {
    if case .foreign = expectation { return nil }
    do throws(LogError) {
      var reader = try LogReader.open(
        LogImage.run.log, in: image, .recovering, dictionary: EventDictionary.version1)
      while let frame = try reader.next() {
        if truth.payloads[frame.first] != reader.payload {
          return "event \(frame.first) was read with a payload that was never written"
        }
      }
    } catch {
      // The verifier has judged the damage.
    }
    return nil
  }
}
