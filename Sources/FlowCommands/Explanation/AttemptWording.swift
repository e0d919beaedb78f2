import FlowCommandLine
import FlowCore

/// Attempts in words: how they ended, and what followed.
extension Explainer {
  /// `exit code 75`, without how long it took.
  func result(_ attempt: AttemptHistory) -> String {
    guard let end = attempt.end else {
      if attempt.stop != nil { return "is being stopped" }
      if attempt.launchedAt == nil { return "is about to start" }
      return view.status == .interrupted ? "unknown" : "runs"
    }
    let probe = attempt.task.mark.map { "\($0): " } ?? ""
    let stragglers = StepWording.stragglers(end).map { ", \($0)" } ?? ""
    switch AttemptOutcome(end) {
    case .exited where AttemptConclusion(end, of: attempt.task) == .reused:
      return "a former result was used\(stragglers)"
    case .exited: return "\(probe)\(StepWording.exit(end))\(stragglers)"
    case .signalled: return "\(probe)\(EventWording.text(signal: end.signal ?? 0))\(stragglers)"
    case .timedOut: return "\(probe)timed out\(stragglers)"
    case .cancelled: return "\(probe)cancelled\(stragglers)"
    case .launchFailed:
      return end.launchFailure.map { probe + wording.text($0, ofStep: attempt.id.step) } ?? ""
    case .lost: return "\(probe)lost: its outcome is unknown\(stragglers)"
    case .outputRefused:
      return "\(probe)\(wording.refusal(end, ofStep: attempt.id.step))\(stragglers)"
    case .interrupted: return "\(probe)interrupted: the system told it to end\(stragglers)"
    }
  }

  /// What a step has put out: `version = "1.2"`; long values are cut.
  func outputs(ofStep step: Int) -> [String] {
    state.outputs.values(ofStep: step, state.definition).map { output, value in
      "\(output.name) = \(EventWording.short(value, output.type))"
    }
  }

  /// What the engine chose after the attempt had ended; empty where it chose nothing.
  func consequence(_ attempt: AttemptHistory) -> String {
    switch attempt.next {
    case .none: return ""
    case .retry(let delay):
      let drawn =
        settings(Int(attempt.id.step)).retry.jitter != .none ? " (jitter)" : ""
      return "retried after \(DurationText.of(milliseconds: delay))\(drawn)"
    case .rerun where attempt.isProbe: return "the work was not done; rerun"
    case .rerun where attempt.task.publishes: return "the command runs again"
    case .rerun: return "rerun; its work may be done twice"
    case .probe: return "the probe is asked whether its work was done"
    case .publication where attempt.task.publishes: return "its files are published again"
    case .publication: return "its files are published next"
    }
  }

  /// How long its step was ready before it was launched, in microseconds.
  func queued(_ attempt: AttemptHistory) -> Int64 {
    let until = attempt.launchedAt ?? attempt.endedAt ?? view.now
    return max(0, until.elapsed - attempt.readyAt.elapsed)
  }

  /// How long it ran, as measured; until now while it runs. Nil where that is unknown.
  func ran(_ attempt: AttemptHistory) -> Int64? {
    if let end = attempt.end {
      return end.result == .lost || end.launchFailure != nil ? nil : end.durationMicroseconds
    }
    guard view.status != .interrupted, let launchedAt = attempt.launchedAt else { return nil }
    return max(0, view.now.elapsed - launchedAt.elapsed)
  }

  /// Whether its use of the machine was measured.
  func isMeasured(_ attempt: AttemptHistory) -> Bool {
    attempt.end?.isMeasured ?? false
  }

  /// `1.2s`; empty where it was not measured.
  func cpu(_ attempt: AttemptHistory) -> String {
    guard let end = attempt.end, isMeasured(attempt) else { return "" }
    return DurationText.of(microseconds: end.cpuMicroseconds)
  }

  /// `12.5 MiB`, of the largest of its processes; empty where it was not measured.
  func memory(_ attempt: AttemptHistory) -> String {
    guard let end = attempt.end, isMeasured(attempt) else { return "" }
    return ByteText.of(kibibytes: end.peakMemoryKibibytes)
  }

  // MARK: What took the slots

  /// Shorter waits are not worth a sentence.
  private static let shortestWait: Int64 = 10_000

  /// What happened during the step's longest wait for a slot, if that took a tenth of its time or
  /// more. Looks at all attempts of the run.
  func delays(ofStep step: Int) -> [String] {
    let times = history.times(ofStep: step, now: view.now.elapsed)
    guard
      let span = history.spans(ofStep: step, now: view.now.elapsed)
        .filter({ $0.kind == .queued }).max(by: { $0.until - $0.from < $1.until - $1.from }),
      span.until - span.from >= max(Self.shortestWait, times.total / 10)
    else { return [] }
    let parts = history.parts(of: span)
    let others = ran(from: span.from, until: span.until, besides: step)
    var sentences: [String] = []
    if !others.isEmpty, parts[.queued] > 0, !state.definition.needsNoSlot(step) {
      let wait = DurationText.of(microseconds: parts[.queued])
      let named = others.prefix(Self.mostNames).map { id(Int($0)) }
      let list = Self.list(Array(named), more: others.count - named.count)
      sentences.append("It waited \(wait) for a slot while others ran: \(list).")
    }
    for shortage in Shortage.allCases where parts[.lacking(shortage)] > 0 {
      let wait = DurationText.of(microseconds: parts[.lacking(shortage)])
      sentences.append("It waited \(wait) for \(shortage.name).")
    }
    return sentences
  }

  /// Steps whose attempts ran in a stretch of time, those that ran longest in it first.
  private func ran(from: Int64, until: Int64, besides step: Int) -> [Int32] {
    var overlaps: [Int32: Int64] = [:]
    // Rollbacks and notices take no slot.
    for attempt in history.allAttempts
    where Int(attempt.id.step) != step && !state.definition.needsNoSlot(Int(attempt.id.step)) {
      guard let launched = attempt.launchedAt?.elapsed else { continue }
      let ended = attempt.endedAt?.elapsed ?? view.now.elapsed
      let overlap = min(until, ended) - max(from, launched)
      if overlap > 0 { overlaps[attempt.id.step, default: 0] += overlap }
    }
    return overlaps.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.map(\.key)
  }
}

extension AttemptTask {
  /// What stands beside an attempt that runs something else than the command; nil if it runs that.
  var mark: String? {
    switch self {
    case .command: nil
    case .probe: "probe"
    case .publication, .completion: "publication"
    }
  }
}
