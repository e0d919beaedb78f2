import FlowCommandLine
package import FlowCore

/// Explains in plain sentences why the steps of a run stand where they stand.
package struct Explainer: Sendable {
  package let view: RunView
  package let state: RunState
  /// The processes of an attempt that could not be killed, and why, in words; nil where that is
  /// unknown.
  var survivors: @Sendable (AttemptID) -> String? = { _ in nil }
  /// The last lines of what an attempt printed, escaped; nil where there is nothing to read.
  var tail: @Sendable (AttemptID) -> [String]? = { _ in nil }
  /// Answers to what the run asks that an engine has yet to record.
  var kept = KeptAnswers()
  /// Attempts that hold a slot.
  let launched: [AttemptID]
  /// Attempts that are scheduled and wait for a slot, the next first.
  private let scheduled: [Int32]
  /// Ready steps without an intent, as `DependencyGraph` ranks them; the next first.
  private let readyRanks: [UInt64]

  /// Nil while the history has not told the definition.
  package init?(_ view: RunView) {
    guard let state = view.history.state else { return nil }
    self.view = view
    self.state = state
    (launched, scheduled) = state.slots
    readyRanks = state.steps.indices
      .filter { state.steps[$0].phase == .ready && !state.definition.needsNoSlot($0) }
      .map { state.precedence(of: Int32($0)) }.sorted()
  }

  var history: RunHistory { view.history }
  var wording: StepWording { view.wording }
  /// What holds up every launch; nil if only slots do.
  var wait: RunWait? { RunWait(state, view.lacking) }
  /// Slots that no attempt has yet.
  private var freeSlots: Int { max(0, Int(state.created.jobs) - launched.count) }
  /// How many attempts and ready steps come before a step that could start.
  private func ahead(of step: Int) -> Int {
    if state.definition.needsNoSlot(step) { return 0 }
    if state.steps[step].phase == .starting { return scheduled.prefix { $0 != Int32(step) }.count }
    let rank = state.precedence(of: Int32(step))
    return scheduled.count + readyRanks.prefix { $0 < rank }.count
  }

  /// Whether there is a slot for a step that could start, or it needs none.
  private func needsNoMore(_ step: Int) -> Bool {
    state.definition.needsNoSlot(step) || ahead(of: step) < freeSlots
  }

  /// As the definition has it: text for a terminal is escaped where it is printed.
  func id(_ step: Int) -> String { state.definition.steps[step].id }

  func status(_ step: Int) -> StepStatus { view.status(ofStep: step, state) }

  func settings(_ step: Int) -> StepSettings { state.definition.settings(ofStep: step) }

  /// The most important first.
  package func sentences(ofStep step: Int) -> [String] {
    story(step) + ran(step) + unscrubbed(step)
  }

  /// Why no former result was used.
  private func ran(_ step: Int) -> [String] {
    let last = history.attemptsOfRound(ofStep: step).last { $0.task == .command }
    guard case .miss(let miss)? = last?.end?.look else { return [] }
    return ["It ran because \(miss)."]
  }

  private func unscrubbed(_ step: Int) -> [String] {
    let numbers = history.attempts(ofStep: step).filter { $0.end?.output.isUnscrubbed == true }
      .map { "\($0.id.number)" }
    if numbers.isEmpty { return [] }
    let named = numbers.count == 1 ? "attempt" : "attempts"
    return [
      "The output of \(named) \(numbers.joined(separator: ", ")) was not scrubbed and may hold secrets:"
        + " remove it, or replace the secrets."
    ]
  }

  private func story(_ step: Int) -> [String] {
    if let text = state.itemsText(ofNode: step) { return node(step, text) }
    return switch status(step) {
    case .waiting: waiting(step) + idleRun()
    case .ready: ready(step) + idleRun()
    case .starting: starting(step) + idleRun()
    case .running: running(step) + idleRun()
    case .stopping: stopping(step) + idleRun()
    case .backingOff: backingOff(step) + idleRun()
    case .asking: asking(step) + idleRun()
    case .succeeded: succeeded(step)
    case .failed: failed(step)
    case .skipped: skipped(step)
    case .cancelled: cancelled(step)
    case .interrupted: interrupted(step)
    }
  }

  private func idleRun() -> [String] {
    if view.status == .interrupted { return ["No engine drives the run, so nothing progresses."] }
    guard view.isSuspended, let engine = view.engineProcessID else { return [] }
    return [
      "Its engine (process \(engine)) is suspended: nothing progresses until it is continued"
        + " (kill -CONT \(engine))."
    ]
  }

  /// Of a step with `forEach` whose items are known.
  private func node(_ step: Int, _ items: String) -> [String] {
    switch status(step) {
    case .running: ["\(id(step)) runs for each item: \(items) have ended."] + idleRun()
    case .skipped: ["\(id(step)) was skipped: it has no items."]
    case .failed:
      ["\(id(step)) failed: \(items)."]
        + (settings(step).allowFailure
          ? ["It is allowed to fail: its dependents still run."] : [])
    case let status: ["\(id(step)) \(status == .cancelled ? "was " : "")\(status.word): \(items)."]
    }
  }

  // MARK: Before an attempt

  /// Needs that are not met yet.
  package func unmetNeeds(ofStep step: Int) -> [Int] {
    state.selectedNeeds(ofStep: step).map(Int.init).filter { !isMet($0, of: step) }
  }

  /// Whether a need of a step has ended as the step wants.
  func isMet(_ need: Int, of step: Int) -> Bool {
    let isRolledBack =
      state.definition.isRollback(step) || state.pendingRollback(ofStep: need) == nil
    return state.steps[need].isSettled && isRolledBack
      && state.isMet(state.definition.wanted(ofStep: step, from: Int32(need)), by: Int32(need))
  }

  private func waiting(_ step: Int) -> [String] {
    if state.definition.isFinally(step), !state.isConcluding {
      return ["\(id(step)) is a step of finally: it runs when all other steps have ended."]
    }
    if let notice = state.definition.extras(ofStep: step).notice {
      let end = notice.slowMilliseconds == nil ? " at the end," : ""
      return ["\(id(step)) runs\(end) if the run \(Self.text(notice))."]
    }
    if let own = state.definition.stepRolledBack(by: step) {
      return [
        "\(id(step)) runs if \(id(Int(own))) fails, or is cancelled after it has begun."
      ]
    }
    // What comes after a step that failed waits for its rollback.
    let unmet = unmetNeeds(ofStep: step).map {
      state.pendingRollback(ofStep: $0).map { Int($0) } ?? $0
    }
    let count = state.selectedNeeds(ofStep: step).count
    guard let first = unmet.first else { return ["\(id(step)) waits for its end."] }
    let named = unmet.prefix(Self.mostNames).map {
      "\(wording.text(need: $0, of: step)), which \(standing($0))"
    }
    let what =
      count == 1
      ? "its need"
      : unmet.count == count
        ? "its \(count) needs"
        : "\(unmet.count) of its \(count) needs"
    let list = Self.list(Array(named), more: unmet.count - named.count, separator: "; ")
    let lead = "\(id(step)) waits for \(what): \(list)."
    let root = self.root(of: first)
    if root == first { return [lead] }
    return [lead, "Root cause: \(id(root)), which \(standing(root))."]
  }

  /// `has failed or been cancelled`, `takes longer than 2h`: after "if the run".
  static func text(_ notice: Notice) -> String {
    if let time = notice.slowMilliseconds {
      return "takes longer than \(DurationText.of(milliseconds: time))"
    }
    return "has \(ends(notice))"
  }

  private static func ends(_ notice: Notice) -> String {
    let words = notice.outcomes.names.map { $0 == "cancelled" ? "been \($0)" : $0 }
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return "\(words.dropLast().joined(separator: ", ")) or \(last)"
  }

  /// The step that the first unmet needs lead to.
  private func root(of step: Int) -> Int {
    var step = step
    while let need = state.selectedNeeds(ofStep: step).first(where: { [step] in
      !isMet(Int($0), of: step)
    }) {
      step = Int(need)
    }
    return step
  }

  /// As in `which …`.
  private func standing(_ step: Int) -> String {
    let last = history.lastAttempt(ofStep: step)
    switch status(step) {
    case .waiting: return "is waiting too"
    case .ready:
      if let wait { return "waits for \(wait.object)" }
      return needsNoMore(step) ? "is about to start" : "waits for a slot"
    case .starting: return "is about to start"
    case .running: return "runs\(last?.launchedAt.map { ", for \(view.since($0)) now" } ?? "")"
    case .stopping: return "is being stopped"
    case .backingOff: return "backs off before retry \(state.steps[step].failures)"
    case .asking: return "waits for an answer"
    case .succeeded: return "succeeded"
    case .failed: return "failed"
    case .skipped: return "was skipped"
    case .cancelled: return "was cancelled"
    case .interrupted: return "was interrupted"
    }
  }

  private func ready(_ step: Int) -> [String] {
    let since = history.readySince(step: step)
    let lead =
      "\(id(step)) is ready\(since.map { " since \(view.clock($0.wall)) (\(view.since($0)))" } ?? "")"
    let ahead = ahead(of: step)
    if let wait { return ["\(lead) and waits for \(wait.object)."] + queue(ahead) }
    if needsNoMore(step) { return ["\(lead) and is about to be scheduled."] }
    return ["\(lead) and waits for a slot: \(slots())."] + queue(ahead)
  }

  private func queue(_ ahead: Int) -> [String] {
    switch ahead {
    case 0: ["It is the next to start."]
    case 1: ["1 step goes first: more depends on it, or it comes earlier in the definition."]
    default:
      ["\(ahead) steps go first: more depends on them, or they come earlier in the definition."]
    }
  }

  private func slots() -> String {
    let jobs = Int(state.created.jobs)
    // Those that are about to be started are as good as launched.
    let holders = launched.map(\.step) + scheduled.prefix(freeSlots)
    let named = holders.prefix(Self.mostNames).map { id(Int($0)) }
    let list = Self.list(Array(named), more: holders.count - named.count)
    return jobs == 1 ? "the only one is taken, by \(list)" : "all \(jobs) are taken, by \(list)"
  }

  private func starting(_ step: Int) -> [String] {
    let ahead = ahead(of: step)
    let number = state.steps[step].attempt
    if let wait {
      return ["\(id(step)) is scheduled and waits for \(wait.object)."] + queue(ahead)
    }
    if needsNoMore(step) {
      return ["\(id(step)) is being started: attempt \(number) is scheduled."]
    }
    return ["\(id(step)) is scheduled and waits for a slot: \(slots())."] + queue(ahead)
  }

  private func backingOff(_ step: Int) -> [String] {
    guard let last = history.lastAttempt(ofStep: step), let end = last.end else { return [] }
    // Attempts have numbers for the life of the run, and those that were lost have numbers too.
    let retry = "retry \(state.steps[step].failures) of \(settings(step).retry.maxAttempts - 1)"
    var until = ""
    if let point = retryPoint(last) {
      until = " until \(view.clock(point.wall))"
      if view.status != .interrupted {
        until += " (in \(DurationText.of(microseconds: point.elapsed - view.now.elapsed)))"
      }
    }
    return [
      "\(id(step)) backs off\(until) before \(retry): attempt \(last.id.number) failed:"
        + " \(wording.failure(end, ofStep: last.id.step))."
    ]
  }

  /// When the next attempt becomes ready; nil where no delay was chosen.
  package func retryPoint(_ attempt: AttemptHistory) -> RunPoint? {
    guard case .retry(let delay) = attempt.next, let ended = attempt.endedAt else { return nil }
    let (elapsed, overflow) = ended.elapsed.addingReportingOverflow(delay * 1_000)
    return RunPoint(
      elapsed: overflow ? .max : elapsed,
      wall: WallTime(microseconds: ended.wall.microseconds &+ delay * 1_000))
  }

  // MARK: Words

  static let mostNames = 4

  /// `a, b and 3 more`.
  static func list(_ names: [String], more: Int, separator: String = ", ") -> String {
    if more > 0 { return names.joined(separator: separator) + " and \(more) more" }
    guard let last = names.last, names.count > 1 else { return names.first ?? "nothing" }
    let joint = separator == ", " ? " and " : "; and "
    return names.dropLast().joined(separator: separator) + joint + last
  }
}
