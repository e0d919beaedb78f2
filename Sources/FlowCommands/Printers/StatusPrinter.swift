import FlowCommandLine
package import FlowCore
package import FlowRuntime
import FlowText

/// Prints `flow status`.
package struct StatusPrinter: Sendable {
  private let history: RunHistory
  private let runID: String
  private let status: RunStatus
  private let engineProcessID: Int32?
  private let isSuspended: Bool
  private let lacking: Shortages
  private let abandoned: [Int32: AbandonedAttempt]?
  private let now: WallTime
  private let wording: StepWording
  private let withoutSlot: Set<Int32>
  /// Names the processes of an attempt that cannot be killed.
  package var survivors: @Sendable (AttemptID) -> String? = { _ in nil }
  /// Answers to what it asks that an engine has yet to record.
  package var kept = KeptAnswers()
  /// Whether all children of nodes are shown, and not only those that run or have not succeeded.
  package var showsAll = false

  /// - Parameters:
  ///   - isHeld: whether a process drives the run.
  ///   - engineProcessID: which; nil where it has not said.
  ///   - isSuspended: whether that process does nothing until it is continued.
  ///   - lacking: what that process waits for.
  ///   - abandoned: by step, the state of the open attempts of a run that no process drives, or a
  ///     suspended one; nil where it is unknown, and then not shown.
  ///   - problem: why the history could not be read to its end; nil if it was.
  ///   - now: the end of the time shown for a running run.
  package init(
    _ history: RunHistory, runID: String, isHeld: Bool, engineProcessID: Int32?,
    isSuspended: Bool = false, lacking: Shortages = [],
    abandoned: [Int32: AbandonedAttempt]? = nil,
    problem: HistoryProblem? = nil, now: WallTime
  ) {
    self.history = history
    self.runID = runID
    self.engineProcessID = engineProcessID
    self.isSuspended = isSuspended
    self.lacking = lacking
    self.abandoned = abandoned
    self.now = now
    let status = RunStatus(history.state?.phase, isHeld: isHeld, problem: problem)
    self.status = status
    wording = StepWording(history.state)
    withoutSlot = history.state.map { $0.stepsWithoutSlot(in: status) } ?? []
  }

  // MARK: Text

  package func printText(to output: inout some TextOutputStream) {
    output.write(
      "run \(TerminalText.escaped(runID)): \(status.glyph) \(status.rawValue)\(explanation)\n")
    guard let state = history.state, let startedAt = history.startedAt else { return }
    let workflow = TerminalText.quoted(state.definition.name)
    output.write(
      "workflow \(workflow), started \(Timestamp(startedAt).rfc3339), \(span)\n")
    if !state.created.parameters.isEmpty {
      output.write("parameters: \(ParameterPrinter.line(state.created.parameters))\n")
    }
    let tally = StepTally(state, in: status, withoutSlot: withoutSlot)
    let counted = state.countedSteps
    let count = counted.selected + counted.unselected
    let steps = count == 1 ? "step" : "steps"
    // Steps that were skipped are not done.
    // Of those that the run has.
    let total = counted.selected
    let whole = state.hasAllSteps ? "\(count) \(steps)" : "\(total) of \(count) \(steps)"
    let what =
      state.isFinished
      ? whole
      : "\(counted.ended) of \(total) \(steps) done"
    output.write("\(what): \(tally)\n")
    output.write("\n")
    // Without measurements there are no columns for them.
    let isMeasured = state.steps.indices.contains {
      history.lastAttempt(ofStep: $0)?.end?.isMeasured ?? false
    }
    let use = isMeasured ? ["CPU", "MEMORY"] : []
    let header = ["STEP", "STATE", "ATTEMPTS", "RESULT", "DURATION"] + use + ["NOTE"]
    let definition = state.definition
    if state.rollbacks.exist || definition.hasChildren {
      let shown = state.shownSteps(definition.ordinarySteps, all: showsAll).filter {
        !state.isIdleRollback($0)
      }
      Table(header: header, rowCount: shown.count) { row(state, shown[$0], isMeasured) }
        .print(to: &output)
    } else {
      Table(header: header, rowCount: definition.firstFinally) { row(state, $0, isMeasured) }
        .print(to: &output)
    }
    if definition.hasFinally { printFinally(state, header, isMeasured, to: &output) }
    printNotices(state, header, isMeasured, to: &output)
    printQuestions(state, to: &output)
  }

  private func printFinally(
    _ state: RunState, _ header: [String], _ isMeasured: Bool,
    to output: inout some TextOutputStream
  ) {
    let definition = state.definition
    let finally = ["FINALLY"] + header.dropFirst()
    output.write("\n")
    Table(header: finally, rowCount: definition.finallyCount) {
      row(state, definition.firstFinally + $0, isMeasured)
    }.print(to: &output)
  }

  private static let mostQuestions = 10
  /// What is asked, and how to answer it.
  private func printQuestions(_ state: RunState, to output: inout some TextOutputStream) {
    let waiting = QuestionWording.waiting(state, kept)
    for question in waiting.prefix(Self.mostQuestions) {
      output.write(
        "\n\(wording.id(Int32(question.step))) asks\(question.limit.map { ", \($0)" } ?? ""):\n")
      for line in question.lines { output.write("  \(line)\n") }
      output.write("\(question.next(isDriven: !status.isUndriven))\n")
    }
    if waiting.count > Self.mostQuestions {
      output.write("\nand \(waiting.count - Self.mostQuestions) more: flow list --waiting\n")
    }
  }

  /// Those that have something to tell.
  private func printNotices(
    _ state: RunState, _ header: [String], _ isMeasured: Bool,
    to output: inout some TextOutputStream
  ) {
    let shown = state.definition.notifySteps.filter { !state.isIdleNotice($0) }
    if shown.isEmpty { return }
    output.write("\n")
    Table(header: ["NOTIFY"] + header.dropFirst(), rowCount: shown.count) {
      row(state, shown[$0], isMeasured)
    }.print(to: &output)
  }

  private var explanation: String {
    switch status {
    case .running, .stopping:
      let engine =
        engineProcessID.map {
          isSuspended
            ? "; its engine (process \($0)) is suspended, and \(whatIsLeft)"
            : " (engine: process \($0))"
        } ?? ""
      let object = history.state.flatMap { RunWait($0, lacking)?.object ?? $0.answersAwaited }
      let wait = object.map { ", waiting for \($0)" } ?? ""
      return (history.stopReason.map { ", \(wording.text($0))" } ?? "") + conclusion + wait + engine
    // A cancel that came too late to change anything is not why the run failed.
    case .failed where history.stopReason == .cancelled: return notifying
    case .failed, .cancelled:
      return (history.stopReason.map { ", \(wording.text($0))" } ?? "") + notifying
    case .interrupted: return notifying + ", no engine drives it; \(whatIsLeft)"
    case .newer: return ": written by a newer flow, and shown as far as this one can read it"
    case .unreadable: return ": shown as far as its history can be read"
    case .succeeded: return notifying
    }
  }

  private var notifying: String {
    guard let state = history.state, case .concluded(let outcome) = state.phase else { return "" }
    if status == .interrupted { return " (\(outcome)): its notify commands have not all ended" }
    return ": its notify commands \(state.areNoticesEnded ? "are being stopped" : "run")"
  }

  private var conclusion: String {
    guard let state = history.state, case .concluding(let outcome) = state.phase else { return "" }
    let verb = state.isConclusionForced ? "are being stopped" : "run"
    return ", concluding (\(outcome)): its finally steps \(verb)"
  }

  private var whatIsLeft: String {
    let running = abandoned?.values.count {
      if case .runs = $0 { true } else { false }
    }
    // A monitor that was killed may have left its command running.
    let isKnown = abandoned?.values.allSatisfy(\.isKnown) ?? false
    switch running ?? 0 {
    case 0 where !isKnown: return "its processes may still be running"
    case 0: return "no attempt still runs"
    case 1: return "1 attempt still runs"
    case let running: return "\(running) attempts still run"
    }
  }

  /// Of the round; with the total of all rounds where there are several.
  private var span: String {
    func text(_ verb: String, until end: WallTime) -> String {
      let time = DurationText.of(microseconds: history.roundMicroseconds(until: end))
      if history.roundCount < 2 { return "\(verb) \(time)" }
      let total = DurationText.of(microseconds: history.totalMicroseconds(until: end))
      return "\(verb) \(time) in round \(history.roundCount) (\(total) in all rounds)"
    }
    if let finishedAt = history.finishedAt { return text("took", until: finishedAt) }
    if status.isUndriven, let last = history.lastEventAt {
      return text("last event after", until: last)
    }
    return text("running for", until: now)
  }

  private func stepStatus(_ state: RunState, _ step: Int) -> StepStatus {
    withoutSlot.contains(Int32(step))
      ? .ready : StepStatus(state.steps[step].phase, in: status)
  }

  private func row(_ state: RunState, _ step: Int, _ isMeasured: Bool) -> [String] {
    let status = stepStatus(state, step)
    let last = history.lastAttemptOfRound(ofStep: step)
    let cells: [String] = [
      wording.id(Int32(step)), "\(status.glyph) \(status.word)",
      attempts(state.steps[step], history.lastAttempt(ofStep: step)),
      last?.end.map(Self.result) ?? "",
      last.map { duration($0, status) } ?? "",
    ]
    return cells + (isMeasured ? Self.use(last?.end) : []) + [note(state, step, status, last)]
  }

  /// `2`, or where a round before had some, too, `2 of 5`.
  private func attempts(_ step: StepLifecycle, _ last: AttemptHistory?) -> String {
    guard let number = last?.id.number else { return "" }
    return step.attemptBefore == 0
      ? String(number) : "\(number - step.attemptBefore) of \(number)"
  }

  /// Processor time, and the memory of the largest process.
  private static func use(_ end: AttemptEnd?) -> [String] {
    guard let end, end.isMeasured else { return ["", ""] }
    return [
      DurationText.of(microseconds: end.cpuMicroseconds),
      ByteText.of(kibibytes: end.peakMemoryKibibytes),
    ]
  }

  private static func result(_ end: AttemptEnd) -> String {
    switch AttemptOutcome(end) {
    case .exited where AttemptConclusion(end) == .reused: "reused"
    case .exited: exit(end)
    case .signalled:
      EventWording.name(ofSignal: end.signal ?? 0) ?? EventWording.text(signal: end.signal ?? 0)
    case .timedOut: "timed out"
    case .cancelled: "cancelled"
    case .launchFailed: "not started"
    case .lost: "lost"
    case .interrupted: "interrupted"
    case .outputRefused where end.refusal?.fault == .noInput: "no input"
    case .outputRefused: end.refusal?.fault.isOfFiles == true ? "bad files" : "bad outputs"
    }
  }

  private func duration(_ attempt: AttemptHistory, _ status: StepStatus) -> String {
    switch attempt.outcome {
    case .exited, .signalled, .timedOut, .cancelled, .interrupted, .outputRefused:
      return DurationText.of(microseconds: attempt.durationMicroseconds ?? 0)
    case .launchFailed, .lost: return ""
    case nil:
      guard status != .interrupted, let startedAt = attempt.launchedAt?.wall else { return "" }
      return DurationText.of(microseconds: DurationText.microseconds(from: startedAt, to: now))
    }
  }

  private func note(
    _ state: RunState, _ step: Int, _ status: StepStatus, _ last: AttemptHistory?
  ) -> String {
    switch status {
    case .skipped where !state.isSelected(step): return "not selected"
    case .skipped where history.skipReason(ofStep: step, state).itemText != nil:
      return history.skipReason(ofStep: step, state).itemText ?? ""
    case .skipped where history.wasEndedByForce(step: step): return "a cancel by force came before"
    case .skipped:
      if let inputs = history.refusal(ofStep: step) { return StepWording.text(inputs) }
      guard let need = history.skippedNeed(ofStep: step) else { return "the run stopped before" }
      return wording.skipped(step, for: need, state)
    case .interrupted: return interruption(of: state.steps[step].attempt, ofStep: step)
    case .failed, .backingOff, .ready, .running, .cancelled, .succeeded:
      let failure = last?.end?.launchFailure.map { wording.text($0, ofStep: Int32(step)) }
      let isAllowed = status == .failed && state.definition.settings(ofStep: step).allowFailure
      let stragglers = last.flatMap(remains)
      let loss = last?.end.flatMap(StepWording.lostOutput)
      return [
        QuestionWording(step, state)?.outcome, state.itemsText(ofNode: step),
        isSuspended ? news(state, step) : overdue(step, status, last), failure, loss, stragglers,
        last?.end?.output.isUnscrubbed == true ? StepWording.unscrubbed : nil,
        isAllowed ? "failure allowed" : nil,
      ].compactMap { $0 }
        .joined(separator: "; ")
    case .starting, .stopping: return isSuspended ? news(state, step) ?? "" : ""
    case .waiting: return ""
    case .asking: return QuestionWording(step, state, kept)?.note ?? ""
    }
  }

  /// A running attempt whose timeout is not kept.
  private func overdue(_ step: Int, _ status: StepStatus, _ last: AttemptHistory?) -> String? {
    guard status == .running, self.status == .running, !isSuspended,
      let launched = last?.launchedAt,
      let limit = history.state?.definition.settings(ofStep: step).timeoutMilliseconds
    else { return nil }
    let elapsed = now.microseconds - launched.wall.microseconds
    guard OverdueAttempt.isOverdue(after: elapsed, limit: limit) else { return nil }
    return "past its timeout of \(DurationText.of(milliseconds: limit)): its monitor does not act"
  }

  /// What a suspended engine does not know of a step's attempt.
  private func news(_ state: RunState, _ step: Int) -> String? {
    switch abandoned?[Int32(step)] {
    case .ended, .lost, .newer, .unknown: interruption(of: state.steps[step].attempt, ofStep: step)
    case .runs, .notStarted, nil: nil
    }
  }

  private func remains(of attempt: AttemptHistory) -> String? {
    guard let end = attempt.end, let text = StepWording.stragglers(end) else { return nil }
    guard end.unkillable > 0, let named = survivors(attempt.id) else { return text }
    return "\(text): \(named)"
  }

  private func interruption(of attempt: Int32, ofStep step: Int) -> String {
    switch abandoned?[Int32(step)] {
    case .runs(let processID?): return "attempt \(attempt) still runs as process \(processID)"
    case .runs(nil): return "attempt \(attempt) still runs"
    case .ended(let end):
      return "attempt \(attempt) has ended (\(Self.result(end))), not yet recorded"
    case .notStarted: return "attempt \(attempt) was not started"
    case .lost, nil: return "outcome of attempt \(attempt) unknown"
    case .newer: return "the record of attempt \(attempt) was written by a newer flow"
    case .unknown(let error): return "state of attempt \(attempt) unknown: \(error)"
    }
  }
}

extension AbandonedAttempt {
  /// Whether its record tells everything of it that can still run.
  fileprivate var isKnown: Bool {
    switch self {
    case .runs, .ended, .notStarted: true
    case .lost, .newer, .unknown: false
    }
  }
}

// MARK: JSON

extension StatusPrinter {
  /// One line:
  /// `{"runId","name","state","enginePid","startedAt","finishedAt","steps":[{"id","state",
  /// "attempts":[{"attempt","outcome","exitCode","signal","startedAt","durationMs"}]}]}`; of an
  /// attempt whose use of the machine was measured, with `"cpuMs","peakMemoryKiB","stragglers"`
  /// (the number of its stragglers) after the duration; while its engine is
  /// suspended, with `"engineIsSuspended":true` after the engine; while it waits for disk space or
  /// processes, with `"waitingFor":"room"` or `"processes"` after that; of a run that was reopened, with
  /// `"rounds","roundStartedAt"` after its times; of an attempt that lost output, with
  /// `"discardedOutputBytes"` (what was discarded of its middle) and `"diskWasFull"` at its end.
  /// Where there is a `"description"`, it follows the name or the id, and then `"parameters"` do. A step whose attempt is
  /// scheduled and waits for a slot is `ready`, not `starting`. In a run without an engine, or
  /// with a suspended one, a step whose attempt is open has `"abandoned":{"attempt","state"}` after its state: `running`, with a
  /// `"pid"` (or null); `ended`, with `"outcome","exitCode","signal"` as of an attempt;
  /// `notStarted`; `lost`; `newer`; or `unknown`, with the `"error"` that kept its record from
  /// being read. A step that the run leaves out has `"selected":false` after its state. A step of
  /// `finally` has `"finally":true` before its state, and while these run, the run has `"concluding"` after
  /// its state: the outcome of its other steps. A skipped step has `"skip":{"reason","need"}`: the reason is
  /// `need`, with the step, `condition`, with the `"values"` that it asked for, `notSelected`, `runStopping`
  /// or, of what `onFailure` would have run, `nothingFailed`. That has `"onFailureOf"` before its state: the id
  /// of its step. What `notify` runs has `"notify":["failed"]` before its state, the ends of which it tells, or
  /// `["slow"]` with `"slowMs"`; it is skipped for `nothingToTell`; while it runs, the run has its state already, and `"notifying"` after it.
  /// A step with `forEach` has, once its items are known, `"items":{"count","done","failed"}` before its
  /// attempts, or `"items":{"error"}`; a child has `"forEachOf"` before its state: the id of its node.
  /// A step that asks has `"ask"` (`QuestionWording.write`) after its attempts, of which it has none.
  package func printJSON(to output: inout some TextOutputStream) {
    var json = JSONWriter()
    write(to: &json, draining: &output)
    json.endLine()
    json.drain(to: &output)
  }

  /// - Parameter output: where the text goes between the steps.
  func write(to json: inout JSONWriter, draining output: inout some TextOutputStream) {
    json.object { json in
      json.member("runId", runID)
      json.member("name", history.state?.definition.name)
      if let description = history.state?.definition.description {
        json.member("description", description)
      }
      if let state = history.state, !state.created.parameters.isEmpty {
        json.key("parameters")
        ParameterPrinter.write(state.created.parameters, of: state.definition, to: &json)
      }
      json.member("state", status.rawValue)
      if case .concluding(let outcome)? = history.state?.phase {
        json.member("concluding", "\(outcome)")
      }
      if case .concluded(let outcome)? = history.state?.phase {
        json.member("notifying", "\(outcome)")
      }
      json.member("enginePid", engineProcessID)
      if isSuspended { json.member("engineIsSuspended", true) }
      if let shortage = lacking.first { json.member("waitingFor", shortage.key) }
      json.member("startedAt", history.startedAt)
      json.member("finishedAt", history.finishedAt)
      if history.roundCount > 1 {
        json.member("rounds", history.roundCount)
        json.member("roundStartedAt", history.roundStartedAt)
      }
      json.key("steps")
      json.array { json in
        guard let state = history.state else { return }
        for step in state.definition.livingSteps {
          write(state, step, to: &json)
          // A million steps are not held in memory as text.
          json.drain(to: &output)
        }
      }
    }
  }

  private func write(_ state: RunState, _ step: Int, to json: inout JSONWriter) {
    json.object { json in
      json.member("id", state.definition.steps[step].id)
      if let description = state.definition.extras(ofStep: step).description {
        json.member("description", description)
      }
      json.finally(ofStep: step, state.definition)
      let status = stepStatus(state, step)
      json.member("state", status.rawValue)
      if !state.isSelected(step) { json.member("selected", false) }
      if status == .skipped {
        json.key("skip")
        let words = EventPrinter(runID: runID, definition: state.definition)
        json.object { json in words.write(history.skipReason(ofStep: step, state), to: &json) }
      }
      write(abandoned?[Int32(step)], attempt: state.steps[step].attempt, to: &json)
      json.items(ofStep: step, state)
      if history.roundCount > 1 {
        let lifecycle = state.steps[step]
        json.member("attemptsInRound", lifecycle.attempt - lifecycle.attemptBefore)
      }
      json.key("attempts")
      json.array { json in
        for attempt in history.attempts(ofStep: step) {
          Self.write(attempt, to: &json)
        }
      }
      json.question(ofStep: step, state, kept)
      json.outputValues(ofStep: step, state)
    }
  }

  private func write(_ abandoned: AbandonedAttempt?, attempt: Int32, to json: inout JSONWriter) {
    guard let abandoned else { return }
    json.key("abandoned")
    json.object { json in
      json.member("attempt", attempt)
      switch abandoned {
      case .runs(let processID):
        json.member("state", "running")
        json.member("pid", processID)
      case .ended(let end):
        json.member("state", "ended")
        json.member("outcome", AttemptOutcome(end).rawValue)
        json.member("exitCode", end.exitCode)
        json.member("signal", end.signal)
      case .notStarted: json.member("state", "notStarted")
      case .lost: json.member("state", "lost")
      case .newer: json.member("state", "newer")
      case .unknown(let error):
        json.member("state", "unknown")
        json.member("error", "\(error)")
      }
    }
  }

  private static func write(_ attempt: AttemptHistory, to json: inout JSONWriter) {
    json.object { json in
      json.member("attempt", attempt.id.number)
      json.member("outcome", attempt.outcome?.rawValue)
      json.member("exitCode", attempt.end?.exitCode)
      json.member("signal", attempt.end?.signal)
      json.member("startedAt", attempt.launchedAt?.wall)
      json.member("durationMs", attempt.durationMicroseconds.map { $0 / 1_000 })
      if let end = attempt.end, end.isMeasured {
        json.member("cpuMs", end.cpuMicroseconds / 1_000)
        json.member("peakMemoryKiB", end.peakMemoryKibibytes)
        json.member("stragglers", end.stragglers)
      }
      if let output = attempt.end?.output { OutputJSON.writeLoss(output, to: &json) }
      if let end = attempt.end { OutputJSON.writeFindings(end, to: &json) }
    }
  }
}

extension JSONWriter {
  /// RFC 3339, or null.
  mutating func member(_ key: String, _ time: WallTime?) {
    member(key, time.map { Timestamp($0).rfc3339 })
  }
}
