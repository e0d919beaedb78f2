import FlowCommandLine
import FlowCore

/// Sentences about steps that have begun an attempt, or have their end.
extension Explainer {
  func running(_ step: Int) -> [String] {
    guard let last = history.latestAttempt(ofStep: step), let launched = last.launchedAt else {
      return []
    }
    let again = last.id.number == 1 ? "" : " (attempt \(last.id.number))"
    let what = last.task.mark.map { "the \($0) of \(id(step)) runs" } ?? "\(id(step)) runs"
    var sentences = [
      "\(what) since \(view.clock(launched.wall)), for \(view.since(launched))\(again)."
    ]
    if let limit = settings(step).timeoutMilliseconds, !last.task.publishes {
      let time = DurationText.of(milliseconds: limit)
      let ran = view.now.elapsed - launched.elapsed
      let isOverdue = OverdueAttempt.isOverdue(after: ran, limit: limit) && view.status == .running
      sentences.append(
        isOverdue && !view.isSuspended
          ? "It should have been stopped after \(time), and its monitor does not act: it is stopped"
            + " itself, or frozen. \"flow cancel --force\" kills what runs."
          : "It is stopped after \(time).")
    }
    return sentences
  }

  func stopping(_ step: Int) -> [String] {
    guard let last = history.latestAttempt(ofStep: step), let stop = last.stop else { return [] }
    let since = last.stoppedAt.map { " since \(view.clock($0.wall))" } ?? ""
    let grace = settings(step).killGraceMilliseconds
    let patience =
      isGraceOver(last, grace)
      ? "it was sent SIGKILL, and has not ended"
      : "it has \(DurationText.of(milliseconds: grace)) before it is killed"
    switch stop {
    case .deadline:
      let limit = settings(step).timeoutMilliseconds.map { DurationText.of(milliseconds: $0) }
      return [
        "\(id(step)) passed its limit of \(limit ?? "time") and is being stopped\(since):"
          + " \(patience)."
      ]
    case .request(let force):
      let why = history.stopping.map { ": \(wording.text($0.reason))" } ?? ""
      if state.definition.isFinally(step) {
        return ["\(id(step)) is being stopped\(since): a cancel by force ends the finally steps."]
      }
      if state.definition.needsNoSlot(step) {
        return ["\(id(step)) is being stopped\(since): a cancel by force came while it ran."]
      }
      return [
        "\(id(step)) is being stopped\(since), because the run is\(why).",
        force ? "It was sent SIGKILL without grace." : "Its processes got SIGTERM; \(patience).",
      ]
    }
  }

  private func isGraceOver(_ attempt: AttemptHistory, _ grace: Int64) -> Bool {
    guard let stoppedAt = attempt.stoppedAt else { return false }
    return (view.now.elapsed - stoppedAt.elapsed) / 1_000 >= grace
  }

  /// `2`, or `2 (round 1)` of an earlier round than that in which the step has begun last.
  func number(_ attempt: AttemptHistory) -> String {
    guard attempt.id.number <= state.steps[Int(attempt.id.step)].attemptBefore,
      let round = history.round(of: attempt)
    else { return String(attempt.id.number) }
    return "\(attempt.id.number) (round \(round))"
  }

  func interrupted(_ step: Int) -> [String] {
    guard let last = history.lastAttempt(ofStep: step) else { return [] }
    let number = last.id.number
    let lead =
      last.launchedAt.map {
        "Attempt \(number) of \(id(step)) was running since \(view.clock($0.wall))"
      } ?? "Attempt \(number) of \(id(step)) was scheduled"
    return [
      "\(lead) when the history ended.",
      "No engine drives the run, so its outcome is not recorded; flow status checks the process.",
    ]
  }

  func asking(_ step: Int) -> [String] {
    guard let question = QuestionWording(step, state, kept), let asked = question.asked else {
      return []
    }
    let limit = question.limit.map { ", \($0)" } ?? ""
    return [
      "\(id(step)) waits for an answer since \(view.clock(asked.askedAt.wall))\(limit):"
        + " \(question.line)",
      Self.sentence(question.next(isDriven: view.isHeld)),
    ]
  }

  private static func sentence(_ text: String) -> String {
    text.prefix(1).uppercased() + text.dropFirst() + "."
  }

  func succeeded(_ step: Int) -> [String] {
    if let outcome = QuestionWording(step, state)?.outcome {
      return ["\(id(step)) succeeded: \(outcome)."]
    }
    let attempts = history.attemptsOfRound(ofStep: step)
    guard let last = attempts.last, let end = last.end else { return [] }
    if last.isProbe {
      return [
        "\(id(step)) succeeded: an attempt was lost, and the probe says that its work was done."
      ]
    }
    let command = attempts.last { $0.task == .command }?.end ?? end
    let lead =
      "\(id(step)) succeeded in \(DurationText.of(microseconds: command.durationMicroseconds))"
    if case .hit(let run, let attempt)? = command.look {
      return [
        "\(id(step)) succeeded without running: nothing that counts has changed since attempt \(attempt) of"
          + " run \(run), whose result is used."
      ]
    }
    let hasFiles = !state.definition.files(ofStep: step).isEmpty
    let published = last.task.publishes && hasFiles ? ["Its files were published."] : []
    let earlier = attempts.count { !$0.task.publishes } - 1
    if earlier < 1 { return ["\(lead)."] + published }
    return ["\(lead), after \(earlier) earlier \(earlier == 1 ? "attempt" : "attempts")."]
      + published
  }

  func failed(_ step: Int) -> [String] {
    if let outcome = QuestionWording(step, state)?.outcome {
      let allowed =
        settings(step).allowFailure ? ["It is allowed to fail: its dependents still run."] : []
      return ["\(id(step)) failed: \(outcome)."] + allowed
    }
    guard let last = history.lastAttempt(ofStep: step), let end = last.end else { return [] }
    let what = last.isProbe ? "the probe of \(id(step)) failed" : "\(id(step)) failed"
    var sentences = [
      "\(what): \(wording.failure(end, ofStep: Int32(step))).", whyNoMore(step, last, end),
    ]
    if end.output.wasDiskFull {
      sentences.append("The disk was full when it ended: its last output may be missing.")
    }
    if settings(step).allowFailure {
      sentences.append("It is allowed to fail: its dependents still run.")
    }
    return sentences
  }

  /// The rules are those of `Decider.follow`.
  private func whyNoMore(_ step: Int, _ last: AttemptHistory, _ end: AttemptEnd) -> String {
    let settings = settings(step)
    switch AttemptConclusion(end, of: last.task) {
    case .workGone where settings.onLost != .rerun:
      return "Its onLost is \"\(settings.onLost)\", so the command is not rerun."
    case .unkillable:
      let named = survivors(last.id).map { ": \($0)" } ?? ""
      return
        "\(end.unkillable) of its processes cannot be killed, so no other attempt may start\(named)."
    case .lost where settings.onLost == .fail, .interrupted:
      return "Its onLost is \"fail\", so it is not rerun."
    case .lost, .workGone:
      return
        "It was lost \(state.steps[step].losses) times; a step is rerun at most"
        + " \(Decider.maxReruns) times."
    case .failed where last.isProbe:
      return "A probe must exit with 0 (the work was done) or 1 (it was not); any other result is"
        + " inconclusive."
    case .failed(let kind, let exitCode):
      return whyNoRetry(settings.retry, kind, exitCode, failures: state.steps[step].failures)
    case .succeeded, .reused, .cancelled: return ""
    }
  }

  private func whyNoRetry(
    _ policy: RetryPolicy, _ kind: FailureKinds, _ exitCode: UInt8, failures: Int32
  ) -> String {
    if policy.maxAttempts == 1 { return "It has one attempt: its retry policy allows no more." }
    if !policy.on.covers(kind) {
      let names = Self.names(policy.on).joined(separator: ", ")
      return "Its retry policy retries on \(names.isEmpty ? "nothing" : names), not on"
        + " \(Self.names(kind).joined())."
    }
    if kind == .exit, let codes = policy.exitCodes, !codes.contains(exitCode) {
      let list = codes.map { String($0) }.joined(separator: ", ")
      return "Its retry policy retries on exit codes \(list), not on \(exitCode)."
    }
    return "Its retry policy allows \(policy.maxAttempts) attempts, and all are used."
  }

  /// As the definition spells them.
  static func names(_ kinds: FailureKinds) -> [String] {
    let all: [(FailureKinds, String)] = [
      (.exit, "exit"), (.signal, "signal"), (.timeout, "timeout"), (.launch, "launch"),
      (.output, "output"),
    ]
    return all.filter { kinds.isSuperset(of: $0.0) }.map(\.1)
  }

  // MARK: Ends without an attempt's own

  /// From the need for which a step was skipped to the step that did not succeed by itself.
  package func skipChain(ofStep step: Int) -> [Int] {
    var chain: [Int] = []
    var next = history.skippedNeed(ofStep: step)
    while let need = next {
      chain.append(need)
      next = history.skippedNeed(ofStep: need)
    }
    return chain
  }

  func skipped(_ step: Int) -> [String] {
    if !state.isSelected(step) {
      return ["\(id(step)) was skipped: it is not selected in this run."]
    }
    if let inputs = history.refusal(ofStep: step) {
      let text = state.definition.conditionText(ofStep: step) ?? ""
      return [
        "\(id(step)) was skipped: \(EventWording.text(inputs)).", "It runs only when \(text).",
      ]
    }
    if let own = state.definition.stepRolledBack(by: step), !state.isDue(step) {
      let end = status(Int(own)) == .skipped ? "never began" : "did not fail"
      return ["\(id(step)) was skipped: \(id(Int(own))) \(end)."]
    }
    if state.isIdleNotice(step), let notice = state.definition.extras(ofStep: step).notice {
      return ["\(id(step)) was skipped: it runs if the run \(Self.text(notice))."]
    }
    if let why = history.skipReason(ofStep: step, state).itemText {
      return ["\(id(step)) was skipped: \(why)."]
    }
    let chain = skipChain(ofStep: step)
    guard let root = chain.last else {
      if history.wasEndedByForce(step: step) {
        return ["\(id(step)) was skipped.", endedByForce(step)]
      }
      return [
        "\(id(step)) was skipped: the run was stopping before it could start.", whyStopping(),
      ]
    }
    let links = chain.dropLast()
    /// What needs each of them is the step before it.
    func text(_ places: Range<Int>) -> [String] {
      places.map { place in
        let need = wording.text(need: chain[place], of: place == 0 ? step : chain[place - 1])
        return place == links.endIndex ? need : "\(need), which needs"
      }
    }
    // A chain can be as long as the workflow, and every step on it prints one.
    let shown =
      links.count <= 6
      ? text(0..<chain.count)
      : text(0..<3) + ["…"] + text(chain.count - 3..<chain.count)
    let path = shown.joined(separator: " ")
    let lead = "\(id(step)) was skipped: it needs \(path), which \(end(root))."
    let isStopped =
      status(root) == .skipped && state.isSelected(root) && history.refusal(ofStep: root) == nil
    return [lead] + (isStopped ? [whyStopping()] : [])
  }

  /// As in `which …`.
  private func end(_ step: Int) -> String {
    let last = history.lastAttempt(ofStep: step)
    switch status(step) {
    case .failed:
      return last?.end.map { "failed: \(wording.failure($0, ofStep: Int32(step)))" } ?? "failed"
    case .cancelled: return "was cancelled"
    case .succeeded: return "succeeded"
    case .skipped where !state.isSelected(step): return "is not selected in this run"
    case .skipped where history.refusal(ofStep: step) != nil:
      return "was skipped, since its condition is false"
    default: return "was skipped because the run was stopping"
    }
  }

  func whyStopping() -> String {
    guard let stopping = history.stopping else { return "The run was stopping." }
    return "The run was stopping since \(view.clock(stopping.point.wall)):"
      + " \(wording.text(stopping.reason))."
  }

  private func endedByForce(_ step: Int) -> String {
    state.definition.isFinally(step)
      ? "A cancel by force came while the finally steps ran, which ends them."
      : "A cancel by force came before it had ended."
  }

  func cancelled(_ step: Int) -> [String] {
    let isLast = state.definition.isFinally(step) || state.definition.needsNoSlot(step)
    if isLast, history.wasStopped(step: step) {
      return ["\(id(step)) was cancelled.", endedByForce(step)]
    }
    guard let last = history.lastAttempt(ofStep: step), let end = last.end else {
      return ["\(id(step)) was cancelled.", whyStopping()]
    }
    guard history.wasStopped(step: step) else {
      return [
        "\(id(step)) was cancelled: attempt \(last.id.number) was stopped by another process than"
          + " the engine."
      ]
    }
    let how = "\(wording.failure(end, ofStep: Int32(step)))"
    switch (AttemptConclusion(end, of: last.task), last.next) {
    case (.failed, .retry):
      return [
        "\(id(step)) was cancelled while it backed off: attempt \(last.id.number) had failed: \(how).",
        whyStopping(),
      ]
    case (.failed, _), (.unkillable, _):
      return [
        "\(id(step)) was cancelled: attempt \(last.id.number) failed (\(how)), and a stopping"
          + " run retries nothing.", whyStopping(),
      ]
    case (.lost, _), (.workGone, _):
      return [
        "\(id(step)) was cancelled: attempt \(last.id.number) was lost, and a stopping run reruns"
          + " nothing.", whyStopping(),
      ]
    case (.interrupted, _):
      return [
        "\(id(step)) was cancelled: attempt \(last.id.number) was interrupted, and a stopping run"
          + " reruns nothing.", whyStopping(),
      ]
    case (.cancelled, _), (.succeeded, _), (.reused, _):
      return ["\(id(step)) was stopped while it ran: \(how).", whyStopping()]
    }
  }
}
