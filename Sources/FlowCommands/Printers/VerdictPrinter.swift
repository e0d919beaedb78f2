import FlowCommandLine
import FlowCore
import FlowLog
package import FlowRuntime
import FlowStorage
import FlowText

/// Prints `flow verify` for a log.
package struct VerdictPrinter: Sendable {
  private let report: LogReport
  private let name: String
  private let published: PublishedFilesCheck?

  /// - Parameters:
  ///   - name: of the log: a run, or a folder.
  ///   - published: nil where published files were not looked at.
  package init(_ report: LogReport, name: String, _ published: PublishedFilesCheck? = nil) {
    self.report = report
    self.name = name
    self.published = published
  }

  // MARK: Text

  /// A line with the verdict, and below it, unless the log is intact: what is wrong and where, what
  /// it means, and what to do.
  package var text: String {
    var lines = ["\(TerminalText.escaped(name)): \(report.verdict.rawValue)"]
    lines += report.problems.map { "  \(location($0)): \(TerminalText.escaped($0.description))" }
    lines.append("  \(extent)")
    if let meaning { lines.append("  \(meaning)") }
    if let remedy { lines.append("  \(remedy)") }
    lines += publishedLines
    lines += report.notes.map { "  note: \(TerminalText.escaped($0))" }
    return lines.joined(separator: "\n") + "\n"
  }

  private func location(_ problem: LogProblem) -> String {
    let parts = [
      TerminalText.escaped(problem.path), problem.offset.map { "byte \($0)" },
      problem.sequence.map { "event \($0)" },
    ]
    return parts.compactMap(\.self).joined(separator: ", ")
  }

  private var publishedLines: [String] {
    guard let published else { return [] }
    if published.faults.isEmpty {
      let count = Self.count(Int64(published.count), "published path")
      return ["  \(count) \(published.count == 1 ? "is" : "are") as published"]
    }
    return published.faults.map { fault in
      "  \(TerminalText.escaped(fault.what)) (step \(TerminalText.escaped(fault.step)))"
    }
  }

  /// How much was read, and the state of the run.
  private var extent: String {
    let events = Self.count(report.lastSequence, "event")
    let commits = Self.count(report.commits, "commit")
    let segments = Self.count(Int64(report.position?.segment ?? 0), "segment")
    let read = "\(events) in \(commits) and \(segments)"
    if let engine = report.engine {
      let process = engine.processID.map { "process \($0)" } ?? "a process"
      return "\(read) are durable; \(process) drives the run"
    }
    switch report.state?.phase {
    case .finished(let outcome): return "\(read); the run has \(Self.ended(outcome))"
    case .running, .stopping, .concluding, .concluded: return "\(read); the run is unfinished"
    case nil: return read
    }
  }

  private static func ended(_ outcome: RunOutcome) -> String {
    switch outcome {
    case .succeeded: "succeeded"
    case .failed: "failed"
    case .cancelled: "been cancelled"
    }
  }

  private static func count(_ number: Int64, _ what: String) -> String {
    "\(number) \(what)\(number == 1 ? "" : "s")"
  }

  private var meaning: String? {
    switch (report.verdict, report.loss) {
    case (.intact, _): nil
    case (.torn, _):
      "The engine died during a write. The log is not damaged: no acknowledged event is missing."
    case (.ambiguous, .none):
      "The engine died during a write that it had not acknowledged. The log is not damaged: no"
        + " acknowledged event is missing."
    case (.ambiguous, _):
      "A crash can leave this behind. If the disk corrupted it, acknowledged events may be lost:"
        + " \(atStake)."
    case (.newer, _): "The log is not damaged, but this version of flow cannot read all of it."
    case (.damaged, .none): "No acknowledged event is missing."
    case (.damaged, .possible): "Acknowledged events may be missing or wrong."
    case (.damaged, .certain): "Acknowledged events are missing or cannot be read."
    }
  }

  private var atStake: String {
    guard let tail = report.tail, tail.lastAtStake > tail.lastSequence else {
      return "the last ones"
    }
    let first = tail.lastSequence + 1
    return first == tail.lastAtStake
      ? "event \(first)" : "events \(first) to \(tail.lastAtStake)"
  }

  private var remedy: String? {
    if report.verdict == .intact { return nil }
    if report.verdict == .newer { return "Upgrade flow to read it." }
    if report.engine != nil { return "Stop the engine, and verify again." }
    let last = report.lastSequence
    if report.isRepairable && report.verdict == .damaged {
      return
        "flow verify --repair continues the history after event \(last). No existing byte is changed."
    }
    if report.isRepairable {
      return
        "flow restart, or flow verify --repair, continues after event \(last). No existing byte is"
        + " changed."
    }
    let readable =
      last > 0 ? " Events up to \(last) can be read: flow events shows them." : ""
    return
      "flow cannot continue from this log; restore the file named above from a backup.\(readable)"
  }
}

// MARK: - JSON

extension VerdictPrinter {
  /// `{"log","runId","verdict","acknowledgedMissing","isRepairable","enginePid","events","commits",
  /// "frames","segments","bytes","problems":[{"path","offset","sequence","verdict","what","bytes",
  /// "lastAtStake"}],"meaning","remedy","notes","files":[{"path","step","attempt","difference","what"}]}`
  /// and a line feed. `files` is there only if they were looked at. `acknowledgedMissing` is `none`,
  /// `possible` or `certain`; `bytes` is the length of the segments without reserved space.
  package var json: String {
    var json = JSONWriter()
    json.object { json in
      json.member("log", report.log)
      json.member("runId", report.runID)
      json.member("verdict", report.verdict.rawValue)
      json.member("acknowledgedMissing", report.loss.rawValue)
      json.member("isRepairable", report.isRepairable)
      json.member("enginePid", report.engine?.processID)
      json.member("events", report.lastSequence)
      json.member("commits", report.commits)
      json.member("frames", report.frames)
      json.member("segments", report.position?.segment ?? 0)
      json.member("bytes", report.bytes)
      json.key("problems")
      json.array { json in
        for problem in report.problems { write(problem, to: &json) }
      }
      json.member("meaning", meaning)
      json.member("remedy", remedy)
      json.key("notes")
      json.array { json in
        for note in report.notes { json.string(note) }
      }
      writePublished(to: &json)
    }
    json.endLine()
    return json.take()
  }

  private func writePublished(to json: inout JSONWriter) {
    guard let published else { return }
    json.key("files")
    json.array { json in
      for fault in published.faults {
        json.object { json in
          json.member("path", fault.path)
          json.member("step", fault.step)
          json.member("attempt", Int64(fault.attempt))
          json.member("difference", fault.difference)
          json.member("what", fault.what)
        }
      }
    }
  }

  private func write(_ problem: LogProblem, to json: inout JSONWriter) {
    json.object { json in
      json.member("path", problem.path)
      json.member("offset", problem.offset)
      json.member("sequence", problem.sequence)
      json.member("verdict", problem.verdict.rawValue)
      json.member("what", problem.description)
      if case .tail(let tail) = problem.cause {
        json.member("bytes", tail.bytes)
        json.member("lastAtStake", tail.lastAtStake)
      }
    }
  }
}
