import FlowCommandLine
package import FlowCore
import FlowText

/// A line of `flow list`.
package enum ListEntry: Equatable, Sendable {
  case run(RunRow)
  /// A run whose history cannot be read, and why. It exists, so it is listed.
  case unreadable(runID: String, HistoryProblem, reason: String)
}

/// A run in `flow list`.
package struct RunRow: Equatable, Sendable {
  package let runID: String
  /// Nil while the definition is incomplete, as are the times before the first event.
  package let name: String?
  package let status: RunStatus
  package let startedAt: WallTime?
  package let finishedAt: WallTime?
  /// Of its last round: until its end, until now, or until its last event if no engine drives it.
  package let durationMicroseconds: Int64?
  /// Of all rounds, without the rests between them.
  package let totalMicroseconds: Int64?
  package let rounds: Int
  package let stepsDone: Int
  package let stepsTotal: Int
  /// Of its steps with `forEach`; nil where none are known.
  package let items: NodeProgress?
  /// How the steps of a finished run ended.
  package let ends: StepTally?
  /// What its steps ask.
  let questions: [Waiting]

  /// The text, and what else it takes to answer.
  struct Waiting: Equatable, Sendable {
    let step: String
    let wording: QuestionWording

    static func == (left: Self, right: Self) -> Bool {
      left.step == right.step && left.wording.asked == right.wording.asked
    }
  }

  /// - Parameters:
  ///   - isHeld: whether an engine holds the run's lock.
  ///   - now: the end of the time shown for a running run.
  ///   - kept: answers to what it asks that an engine has yet to record.
  package init(
    _ history: RunHistory, runID: String, isHeld: Bool, now: WallTime,
    kept: KeptAnswers = KeptAnswers()
  ) {
    self.runID = runID
    name = history.state?.definition.name
    let status = RunStatus(history.state?.phase, isHeld: isHeld)
    self.status = status
    startedAt = history.startedAt
    finishedAt = history.finishedAt
    let end = history.finishedAt ?? (status.isUndriven ? history.lastEventAt : now)
    let span = history.startedAt == nil ? nil : end
    durationMicroseconds = span.map { history.roundMicroseconds(until: $0) }
    totalMicroseconds = span.map { history.totalMicroseconds(until: $0) }
    rounds = history.roundCount
    ends = history.state.flatMap { $0.isFinished ? StepTally($0, in: status) : nil }
    questions = (history.state.map { QuestionWording.waiting($0, kept) } ?? []).map {
      Waiting(step: history.state?.definition.steps[$0.step].id ?? "", wording: $0)
    }
    // Of those that the run has.
    stepsTotal = history.state?.selectedSteps ?? 0
    stepsDone = history.state?.countedSteps.ended ?? 0
    items = history.state?.items
  }
}

/// Prints `flow list`, in the order of the entries.
package enum ListPrinter {
  package static func printText(_ entries: [ListEntry], to output: inout some TextOutputStream) {
    if entries.isEmpty { return }
    let header = ["RUN", "WORKFLOW", "STATE", "STARTED", "DURATION", "STEPS"]
    Table(header: header, rowCount: entries.count) { cells(entries[$0]) }.print(to: &output)
  }

  private static func cells(_ entry: ListEntry) -> [String] {
    switch entry {
    case .run(let run):
      [
        TerminalText.escaped(run.runID), TerminalText.escaped(run.name ?? ""),
        "\(run.status.glyph) \(run.status.rawValue)",
        run.startedAt.map { Timestamp($0).rfc3339 } ?? "",
        duration(run), steps(run),
      ]
    case .unreadable(let runID, let problem, let reason):
      [
        TerminalText.escaped(runID), "", "! \(problem)", "", "", TerminalText.escaped(reason),
      ]
    }
  }

  /// `1/4, 1 asking; 300 of 1000 items`, or `4 succeeded; 1000 items, 2 failed` of a run that has ended.
  private static func steps(_ run: RunRow) -> String {
    let asking = run.questions.isEmpty ? "" : ", \(run.questions.count) asking"
    let steps = run.ends.map(\.description) ?? "\(run.stepsDone)/\(run.stepsTotal)\(asking)"
    return steps + (run.items.map { "; \($0.text)" } ?? "")
  }

  /// `1.2s`, and where there were several rounds `1.2s of 5s`.
  private static func duration(_ run: RunRow) -> String {
    guard let last = run.durationMicroseconds else { return "" }
    let text = DurationText.of(microseconds: last)
    guard run.rounds > 1, let total = run.totalMicroseconds else { return text }
    return "\(text) of \(DurationText.of(microseconds: total))"
  }

  /// One line: an array of `{"runId","name","state","startedAt","finishedAt","durationMs",
  /// "stepsDone","stepsTotal"}`, with `"rounds","totalDurationMs"` after the duration where there
  /// were several rounds (the duration is of the last), and `"itemsDone","itemsTotal","itemsFailed"` at the end
  /// where steps have items; and of `{"runId","state","error"}`, where the state is `newer` or `unreadable`.
  package static func printJSON(_ entries: [ListEntry], to output: inout some TextOutputStream) {
    var json = JSONWriter()
    json.array { json in
      for entry in entries { json.object { write(entry, to: &$0) } }
    }
    json.endLine()
    json.drain(to: &output)
  }

  private static func write(_ entry: ListEntry, to json: inout JSONWriter) {
    switch entry {
    case .run(let run):
      json.member("runId", run.runID)
      json.member("name", run.name)
      json.member("state", run.status.rawValue)
      json.member("startedAt", run.startedAt)
      json.member("finishedAt", run.finishedAt)
      json.member("durationMs", run.durationMicroseconds.map { $0 / 1_000 })
      if run.rounds > 1 {
        json.member("rounds", run.rounds)
        json.member("totalDurationMs", run.totalMicroseconds.map { $0 / 1_000 })
      }
      json.member("stepsDone", run.stepsDone)
      json.member("stepsTotal", run.stepsTotal)
      if let items = run.items {
        json.member("itemsDone", items.settled)
        json.member("itemsTotal", items.count)
        json.member("itemsFailed", items.failed)
      }
    case .unreadable(let runID, let problem, let reason):
      json.member("runId", runID)
      json.member("state", "\(problem)")
      json.member("error", reason)
    }
  }
}

// MARK: - What runs ask

extension ListPrinter {
  /// A paragraph for each question: the run and its state, the step, since when and until when it waits,
  /// the question, and how to answer.
  package static func printQuestions(
    _ entries: [ListEntry], to output: inout some TextOutputStream
  ) {
    var isFirst = true
    for case .run(let run) in entries {
      for waiting in run.questions {
        if !isFirst { output.write("\n") }
        isFirst = false
        let since =
          waiting.wording.asked.map { " since \(Timestamp($0.askedAt.wall).rfc3339)" } ?? ""
        let limit = waiting.wording.limit.map { ", \($0)" } ?? ""
        let engine = run.status.isUndriven ? " (no engine drives it)" : ""
        output.write(
          "\(TerminalText.escaped(run.runID))\(engine): \(TerminalText.escaped(waiting.step))"
            + " waits for an answer\(since)\(limit)\n")
        for line in waiting.wording.lines { output.write("  \(line)\n") }
        output.write("\(waiting.wording.next(isDriven: !run.status.isUndriven))\n")
      }
    }
    printUnreadable(entries, to: &output)
  }

  /// What they ask is not known.
  private static func printUnreadable(
    _ entries: [ListEntry], to output: inout some TextOutputStream
  ) {
    for case .unreadable(let runID, let problem, let reason) in entries {
      output.write(
        "\(TerminalText.escaped(runID)): ! \(problem): \(TerminalText.escaped(reason))\n")
    }
  }

  /// One line: an array of `{"runId","name","state","step","ask"}`, with `ask` as `flow status` has it, and of
  /// `{"runId","state","error"}` for runs that cannot be read.
  package static func printQuestionsJSON(
    _ entries: [ListEntry], to output: inout some TextOutputStream
  ) {
    var json = JSONWriter()
    json.array { json in
      for entry in entries {
        guard case .run(let run) = entry else {
          json.object { write(entry, to: &$0) }
          continue
        }
        for waiting in run.questions {
          json.object { json in
            json.member("runId", run.runID)
            json.member("name", run.name)
            json.member("state", run.status.rawValue)
            json.member("step", waiting.step)
            waiting.wording.write(to: &json)
          }
        }
      }
    }
    json.endLine()
    json.drain(to: &output)
  }
}
