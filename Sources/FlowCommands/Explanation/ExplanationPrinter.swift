import FlowCommandLine
import FlowCore
import FlowText

/// Prints `flow why RUN STEP`.
package struct ExplanationPrinter: Sendable {
  private let explainer: Explainer
  private let step: Int

  private var view: RunView { explainer.view }
  private var state: RunState { explainer.state }
  private var history: RunHistory { explainer.view.history }

  /// - Parameter step: by its index.
  package init(_ explainer: Explainer, step: Int) {
    self.explainer = explainer
    self.step = step
  }

  private var sentences: [String] {
    explainer.sentences(ofStep: step) + explainer.delays(ofStep: step)
  }

  // MARK: Text

  package func printText(to output: inout some TextOutputStream) {
    let status = explainer.status(step)
    let id = TerminalText.escaped(explainer.id(step))
    output.write("\(id): \(status.glyph) \(status.word)\n")
    if let description = state.definition.extras(ofStep: step).description {
      output.write("\(TerminalText.escaped(description))\n")
    }
    for sentence in sentences { output.write("\(TerminalText.escaped(sentence))\n") }
    for line in FailureTail.lines(ofStep: step, explainer) { output.write("\(line)\n") }
    for line in explainer.outputs(ofStep: step) {
      output.write("It put out \(TerminalText.escaped(line)).\n")
    }
    printNeeds(to: &output)
    printAttempts(to: &output)
    printTimes(to: &output)
  }

  private static let mostNeeds = 20

  private func printNeeds(to output: inout some TextOutputStream) {
    let needs = state.definition.steps[step].needs.map(Int.init)
    if needs.isEmpty { return }
    let last = history.lastNeed(ofStep: step)?.step
    output.write("\n")
    // Of many needs the unmet ones and the last one matter.
    let shown =
      needs.count <= Self.mostNeeds
      ? needs
      : Array(
        (needs.filter { !explainer.isMet($0, of: step) || $0 == last }).prefix(Self.mostNeeds))
    Table(header: ["NEEDS", "STATE", "ENDED", "NOTE"], rowCount: shown.count) { row in
      needRow(shown[row], isLast: needs.count > 1 && shown[row] == last)
    }.print(to: &output)
    if needs.count > shown.count {
      output.write("and \(needs.count - shown.count) more\n")
    }
  }

  private func needRow(_ need: Int, isLast: Bool) -> [String] {
    let status = explainer.status(need)
    return [
      explainer.wording.text(need: need, of: step), "\(status.glyph) \(status.word)",
      history.settledAt(step: need).map { view.clock($0.wall) } ?? "",
      isLast ? "the last to end" : "",
    ]
  }

  private func printAttempts(to output: inout some TextOutputStream) {
    let attempts = history.attempts(ofStep: step)
    if attempts.isEmpty { return }
    output.write("\n")
    let isMeasured = attempts.contains(where: explainer.isMeasured)
    let header =
      ["ATTEMPT", "STARTED", "QUEUED", "RAN"] + (isMeasured ? ["CPU", "MEMORY"] : [])
      + ["RESULT", "THEN"]
    Table(header: header, rowCount: attempts.count) {
      attemptRow(attempts[$0], isMeasured: isMeasured)
    }.print(to: &output)
  }

  private func attemptRow(_ attempt: AttemptHistory, isMeasured: Bool) -> [String] {
    [
      explainer.number(attempt), attempt.launchedAt.map { view.clock($0.wall) } ?? "",
      DurationText.of(microseconds: explainer.queued(attempt)),
      explainer.ran(attempt).map { DurationText.of(microseconds: $0) } ?? "",
    ] + (isMeasured ? [explainer.cpu(attempt), explainer.memory(attempt)] : [])
      + [explainer.result(attempt), explainer.consequence(attempt)]
  }

  private var settledAt: Int64? { history.settledAt(step: step)?.elapsed }

  /// Columns of the longest bar.
  private static let barWidth: Int64 = 24

  private func printTimes(to output: inout some TextOutputStream) {
    let round = history.rounds.last?.from.elapsed ?? 0
    // Of an earlier round, in which the step has ended, all of it is told.
    let isOfRound = history.rounds.count > 1 && (settledAt ?? .max) >= round
    let times = history.times(
      ofStep: step, now: view.now.elapsed, since: isOfRound ? round : 0)
    let kinds = StepTimes.Kind.allCases.filter { times[$0] > 0 }
    if kinds.isEmpty { return }
    let end = settledAt == nil ? "now" : "its end"
    let start = isOfRound ? "round \(history.rounds.count)" : "the run"
    output.write(
      "\n\(DurationText.of(microseconds: times.total)) from the start of \(start) to \(end):\n")
    let isNode = state.definition.forEach(ofStep: step) != nil
    let names = kinds.map { isNode && $0 == .running ? "its items ran" : Self.name($0) }
    let spans = kinds.map { DurationText.of(microseconds: times[$0]) }
    let nameWidth = names.map(\.count).max() ?? 0
    let spanWidth = spans.map(\.count).max() ?? 0
    for (index, kind) in kinds.enumerated() {
      let name = names[index] + String(repeating: " ", count: nameWidth - names[index].count)
      let span = String(repeating: " ", count: spanWidth - spans[index].count) + spans[index]
      output.write("  \(name)  \(span)  \(Self.bar(times[kind], of: times.total))\n")
    }
  }

  private static func bar(_ part: Int64, of whole: Int64) -> String {
    // In eighths of a column, without the overflow that a product of microseconds could have.
    let eighths = Int(min(part / max(1, whole / (8 * barWidth)), 8 * barWidth))
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
    return String(repeating: "█", count: eighths / 8) + (eighths == 0 ? "▏" : rest)
  }

  private static func name(_ kind: StepTimes.Kind) -> String {
    switch kind {
    case .waiting: "waited for its needs"
    case .queued: "waited for a slot"
    case .lackingSpace: "waited for disk space"
    case .lackingProcesses: "waited for a process"
    case .running: "ran"
    case .backingOff: "backed off"
    case .asking: "waited for an answer"
    case .resting: "idle between rounds"
    case .undriven: "no engine drove the run"
    }
  }
}

// MARK: JSON

extension ExplanationPrinter {
  /// One line: `{"runId","step","state","sentences","tail":[…],"needs":[{"id","state","isMet",
  /// "settledAt"}],"skippedFor":[…],"retryAt","attempts":[…],"times":{"waitingMs",…}}`, the attempts as
  /// `flow export` has them. `tail` is the end of the output of a step that failed. `skippedFor` leads from need to need to the step that was not skipped for
  /// another; `retryAt` is null unless the step backs off.
  package func printJSON(to output: inout some TextOutputStream) {
    var json = JSONWriter()
    json.object { json in
      json.member("runId", view.runID)
      json.member("step", explainer.id(step))
      json.finally(ofStep: step, state.definition)
      if let description = state.definition.extras(ofStep: step).description {
        json.member("description", description)
      }
      json.condition(ofStep: step, state.definition)
      json.member("state", explainer.status(step).rawValue)
      if let inputs = history.refusal(ofStep: step) { json.values(inputs) }
      json.question(ofStep: step, state)
      json.outputValues(ofStep: step, state)
      json.key("sentences")
      json.array { json in
        for sentence in sentences { json.string(sentence) }
      }
      json.key("tail")
      json.array { json in
        for line in FailureTail.output(ofStep: step, explainer) ?? [] { json.string(line) }
      }
      json.key("needs")
      json.array { json in
        for need in state.definition.steps[step].needs { write(need: Int(need), to: &json) }
      }
      json.key("skippedFor")
      json.array { json in
        for need in explainer.skipChain(ofStep: step) { json.string(explainer.id(need)) }
      }
      json.member("retryAt", retryAt)
      explainer.writeAttempts(ofStep: step, to: &json)
      explainer.writeTimes(ofStep: step, to: &json)
    }
    json.endLine()
    json.drain(to: &output)
  }

  private func write(need: Int, to json: inout JSONWriter) {
    json.object { json in
      json.member("id", explainer.id(need))
      json.member("state", explainer.status(need).rawValue)
      json.member("isMet", explainer.isMet(need, of: step))
      let wanted = state.definition.wanted(ofStep: step, from: Int32(need))
      if wanted != .done { json.member("when", "\(wanted)") }
      json.member("settledAt", history.settledAt(step: need)?.wall)
    }
  }

  private var retryAt: WallTime? {
    guard explainer.status(step) == .backingOff, let last = history.lastAttempt(ofStep: step)
    else { return nil }
    return explainer.retryPoint(last)?.wall
  }
}

extension Explainer {
  /// `"attempts":[{"attempt","round","isProbe","readyAt","scheduledAt","startedAt","endedAt","outcome",
  /// "cause","exitCode","signal","failedOperation","errno","durationMs","cpuMs","peakMemoryKiB",
  /// "stragglers","unkillable","next","delayMs"}]`. `next` is `retry`, `rerun`, `probe`, `publication` or
  /// null; `"isPublication":true` where the attempt puts files in place.
  func writeAttempts(ofStep step: Int, to json: inout JSONWriter) {
    json.key("attempts")
    json.array { json in
      for attempt in history.attempts(ofStep: step) { json.object { write(attempt, to: &$0) } }
    }
  }

  private func write(_ attempt: AttemptHistory, to json: inout JSONWriter) {
    let end = attempt.end
    json.member("attempt", attempt.id.number)
    if let round = history.round(of: attempt) { json.member("round", round) }
    json.member("isProbe", attempt.isProbe)
    if attempt.task.publishes { json.member("isPublication", true) }
    json.member("readyAt", attempt.readyAt.wall)
    json.member("scheduledAt", attempt.scheduledAt.wall)
    json.member("startedAt", attempt.launchedAt?.wall)
    json.member("endedAt", attempt.endedAt?.wall)
    json.member("outcome", attempt.outcome?.rawValue)
    json.member("cause", end.map { "\($0.cause)" })
    json.member("exitCode", end?.exitCode)
    json.member("signal", end?.signal)
    json.member("failedOperation", end?.launchFailure.map { "\($0.operation)" })
    json.member("errno", end?.launchFailure?.errno)
    json.member("durationMs", end.map { $0.durationMicroseconds / 1_000 })
    json.member("cpuMs", end.map { $0.cpuMicroseconds / 1_000 })
    json.member("peakMemoryKiB", end?.peakMemoryKibibytes)
    json.member("stragglers", end?.stragglers)
    json.member("unkillable", end?.unkillable)
    if let output = end?.output { OutputJSON.write(output, to: &json) }
    if let end { OutputJSON.writeFindings(end, to: &json) }
    switch attempt.next {
    case .none: json.member("next", String?.none)
    case .retry: json.member("next", "retry")
    case .rerun: json.member("next", "rerun")
    case .probe: json.member("next", "probe")
    case .publication: json.member("next", "publication")
    }
    if case .retry(let delay) = attempt.next {
      json.member("delayMs", delay)
    } else {
      json.member("delayMs", Int64?.none)
    }
  }

  /// `"times":{"waitingMs","queuedMs","lackingSpaceMs","lackingProcessesMs","runningMs","backingOffMs","askingMs",
  /// "restingMs","undrivenMs"}`.
  func writeTimes(ofStep step: Int, to json: inout JSONWriter) {
    let times = history.times(ofStep: step, now: view.now.elapsed)
    json.key("times")
    json.object { json in
      for kind in StepTimes.Kind.allCases { json.member("\(kind.rawValue)Ms", times[kind] / 1_000) }
    }
  }
}
