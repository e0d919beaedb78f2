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
  /// Until its end, until now, or until its last event if no engine drives it.
  package let durationMicroseconds: Int64?
  package let stepsDone: Int
  package let stepsTotal: Int

  /// - Parameters:
  ///   - isHeld: whether an engine holds the run's lock.
  ///   - now: the end of the time shown for a running run.
  package init(_ history: RunHistory, runID: String, isHeld: Bool, now: WallTime) {
    self.runID = runID
    name = history.state?.definition.name
    let status = RunStatus(history.state?.phase, isHeld: isHeld)
    self.status = status
    startedAt = history.startedAt
    finishedAt = history.finishedAt
    let end = history.finishedAt ?? (status.isUndriven ? history.lastEventAt : now)
    durationMicroseconds =
      if let start = history.startedAt, let end {
        DurationText.microseconds(from: start, to: end)
      } else {
        nil
      }
    stepsTotal = history.state?.steps.count ?? 0
    stepsDone = stepsTotal - (history.state?.unsettledSteps ?? 0)
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
        run.durationMicroseconds.map { DurationText.of(microseconds: $0) } ?? "",
        "\(run.stepsDone)/\(run.stepsTotal)",
      ]
    case .unreadable(let runID, let problem, let reason):
      [
        TerminalText.escaped(runID), "", "! \(problem)", "", "", TerminalText.escaped(reason),
      ]
    }
  }

  /// One line: an array of `{"runId","name","state","startedAt","finishedAt","durationMs",
  /// "stepsDone","stepsTotal"}`, and of `{"runId","state","error"}`, where the state is `newer` or
  /// `unreadable`.
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
      json.member("stepsDone", run.stepsDone)
      json.member("stepsTotal", run.stepsTotal)
    case .unreadable(let runID, let problem, let reason):
      json.member("runId", runID)
      json.member("state", "\(problem)")
      json.member("error", reason)
    }
  }
}
