import FlowCommandLine
import FlowCore
import FlowSimulation
import FlowText

/// A report for people.
struct HazardText {
  private let findings: Findings

  init(_ findings: Findings) {
    self.findings = findings
  }

  private var report: HazardReport { findings.report }
  private var definition: WorkflowDefinition { findings.definition }

  /// Only the worst steps are shown; `--json` has all.
  private static let shownSteps = 10
  private static let shownNames = 8

  var text: String {
    var text = heading + table + timeouts + survivors
    let ranked = report.ranked
    for step in ranked.prefix(Self.shownSteps) { text += "\n" + paragraph(step) }
    if ranked.count > Self.shownSteps {
      text += "\n\(Plural.of(ranked.count - Self.shownSteps, "more step")): see --json\n"
    }
    return text + ending
  }

  // MARK: The run

  private var heading: String {
    let worlds = Plural.of(report.faulty.worlds, "world")
    let name = TerminalText.escaped(definition.name)
    let steps = Plural.of(definition.steps.count, "step")
    let faults = report.faulty.causes.grouped
    return Self.wrapped(
      "\(name): \(steps), \(Plural.of(Int(findings.jobs), "job")), in \(worlds) from seed"
        + " \(findings.firstSeed)")
      + Self.wrapped(findings.source.description)
      + Self.wrapped("faults: \(faults.isEmpty ? "none" : faults)")
  }

  private var table: String {
    let rows = [
      ["", "median", "95%", "worst", "succeeded", "failed"],
      row("without faults", report.quiet), row("under faults", report.faulty),
    ]
    let widths = rows[0].indices.map { column in rows.map { $0[column].utf8.count }.max() ?? 0 }
    return "\n"
      + rows.map { row in
        row.enumerated().map { column, cell in
          let blanks = String(repeating: " ", count: widths[column] - cell.utf8.count)
          return column == 0 ? cell + blanks : "  " + blanks + cell
        }.joined() + "\n"
      }.joined()
  }

  /// How often the run's own timeout came.
  private var timeouts: String {
    guard let timeout = definition.timeoutMilliseconds, report.faulty.worldsTimedOut > 0 else {
      return ""
    }
    return "\n"
      + Self.wrapped(
        "\(Plural.of(report.faulty.worldsTimedOut, "run")) under faults,"
          + " \(report.quiet.worldsTimedOut) without, exceeded the run's \"timeout\" of"
          + " \(duration(timeout * 1_000))")
  }

  private var survivors: String {
    let count = report.faulty.survivors
    return count == 0
      ? ""
      : "\n\(Plural.of(count, "attempt")) outlived the engine; the next engine took over\n"
  }

  private func row(_ name: String, _ tally: HazardTally) -> [String] {
    [
      name, duration(tally.times.median), duration(tally.times.percentile95),
      duration(tally.times.worst), String(tally.count(.succeeded)), String(tally.count(.failed)),
    ]
  }

  private func duration(_ microseconds: Int64) -> String {
    DurationText.of(microseconds: microseconds)
  }

  // MARK: Steps

  private func paragraph(_ step: StepTally) -> String {
    let changes = report.changes(ofStep: step.step)
    let sentences =
      [
        repetition(step), retry(step), lossFailure(step), commandFailure(step), hanging(step),
        lostWork(step),
      ].compactMap(\.self) + changes.map(sentence)
    let name = TerminalText.quoted(definition.steps[step.step].id)
    return "step \(name)\n" + sentences.map { Self.wrapped($0, indent: "  ") }.joined()
  }

  /// A sentence, wrapped at 80 columns.
  private static func wrapped(_ sentence: String, indent: String = "") -> String {
    var text = ""
    var line = indent
    for word in sentence.split(separator: " ") {
      if line.utf8.count > indent.utf8.count, DisplayWidth.of("\(line) \(word)") > 80 {
        text += line + "\n"
        line = "  \(indent)\(word)"
      } else {
        line += line == indent ? word : " \(word)"
      }
    }
    return text + line + "\n"
  }

  private func repetition(_ step: StepTally) -> String? {
    if step.worldsRepeated == 0 { return nil }
    let (half, done) = (step.worldsRepeatedHalfDone, step.worldsRepeatedAfterSuccess)
    let before = [
      half == 0 ? nil : "half done in \(half)", done == 0 ? nil : "all done in \(done)",
    ]
    return "runs twice: lost and run again in \(worlds(step.worldsRepeated)),"
      + " \(before.compactMap(\.self).joined(separator: " and ")), by \(step.repetitions.list)"
  }

  private func retry(_ step: StepTally) -> String? {
    step.worldsRetried == 0
      ? nil : "retried after it failed, in \(worlds(step.worldsRetried))"
  }

  private func lossFailure(_ step: StepTally) -> String? {
    if step.worldsFailedByLoss == 0 { return nil }
    let done = step.worldsFailedThoughDone
    return "failed because it was lost, in \(worlds(step.worldsFailedByLoss))"
      + (done == 0 ? "" : ", in \(done) though its work was done")
  }

  private func commandFailure(_ step: StepTally) -> String? {
    if step.worldsFailedByCommand == 0 { return nil }
    let settings = definition.settings(ofStep: step.step)
    let attempts = Plural.of(Int(settings.retry.maxAttempts), "attempt")
    return "failed for good, with at most \(attempts), in \(worlds(step.worldsFailedByCommand))"
      + (settings.allowFailure ? ", which allowFailure permits" : "")
  }

  private func hanging(_ step: StepTally) -> String? {
    step.worldsHung == 0
      ? nil
      : "hung in \(worlds(step.worldsHung)) until it was killed from outside: it has no \"timeout\""
  }

  private func lostWork(_ step: StepTally) -> String? {
    if step.worldsLost == 0 { return nil }
    if step.lostMicroseconds == 0 {
      return "was lost in \(worlds(step.worldsLost)), without losing work"
    }
    return "lost \(duration(step.lostMicroseconds)) of work in \(worlds(step.worldsLost)),"
      + " at most \(duration(step.mostLostMicroseconds)) in one"
  }

  private func worlds(_ count: Int) -> String { "\(count) of \(report.faulty.worlds) worlds" }

  // MARK: Changes

  private func sentence(_ measured: HazardReport.MeasuredChange) -> String {
    let (before, after) = (measured.before, measured.after)
    let (old, new) = (before.steps[measured.change.step], after.steps[measured.change.step])
    let effects = [
      effect("runs twice", old.worldsRepeated, new.worldsRepeated),
      effect("after all was done", old.worldsRepeatedAfterSuccess, new.worldsRepeatedAfterSuccess),
      effect("hangs", old.worldsHung, new.worldsHung),
      effect("fails", old.worldsFailed, new.worldsFailed),
      effect("the run succeeds", before.count(.succeeded), after.count(.succeeded)),
    ].compactMap(\.self)
    let kind = measured.change.kind
    let some = after.worlds == report.faulty.worlds ? "" : " (\(Plural.of(after.worlds, "world")))"
    return "with \(kind.member)\(kind.condition)\(some): "
      + (effects.isEmpty ? "no difference" : effects.joined(separator: ", "))
  }

  /// Nil where there is none.
  private func effect(_ what: String, _ before: Int, _ after: Int) -> String? {
    before == after ? nil : "\(what) in \(after) instead of \(before)"
  }

  // MARK: Safe steps

  private var ending: String {
    let advice =
      report.faulty.steps.contains { $0.worldsRepeated > 0 }
      ? """

      A step that runs twice must tolerate that, half done or all done:
      FLOW_IDEMPOTENCY_KEY is the same for all attempts of a step in a run.

      """ : ""
    return advice + neverLost
  }

  private var neverLost: String {
    let safe = report.faulty.steps.filter { $0.worldsLost == 0 }
      .map { definition.steps[$0.step].id }
    if safe.isEmpty { return "\nevery step was lost in some world\n" }
    if safe.count == definition.steps.count { return "\nno step was lost in any world\n" }
    let more = safe.count - Self.shownNames
    let names = safe.prefix(Self.shownNames).map(TerminalText.escaped).joined(separator: ", ")
    return "\n"
      + Self.wrapped("never lost: \(names)\(more > 0 ? " and \(Plural.of(more, "other"))" : "")")
  }
}
