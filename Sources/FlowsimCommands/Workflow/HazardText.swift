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

  /// The worst steps are told; who wants all takes `--json`.
  private static let shownSteps = 20
  private static let shownNames = 8

  var text: String {
    var text = heading + table
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
    return """
      \(name): \(steps), \(Plural.of(Int(findings.jobs), "job")), in \(worlds) from seed \(findings.firstSeed)
      \(findings.source.description)
      faults: \(faults.isEmpty ? "none" : faults)

      """
  }

  private var table: String {
    let rows = [
      ["", "median", "95%", "worst", "succeeded", "failed", "cancelled"],
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

  private func row(_ name: String, _ tally: HazardTally) -> [String] {
    [
      name, duration(tally.times.median), duration(tally.times.percentile95),
      duration(tally.times.worst), String(tally.count(.succeeded)), String(tally.count(.failed)),
      String(tally.count(.cancelled)),
    ]
  }

  private func duration(_ microseconds: Int64) -> String {
    DurationText.of(microseconds: microseconds)
  }

  // MARK: Steps

  private func paragraph(_ step: StepTally) -> String {
    var sentences = [
      repetition(step), lossFailure(step), commandFailure(step), hanging(step), lostWork(step),
    ].compactMap(\.self)
    let changes = report.changes(ofStep: step.step)
    sentences += changes.map(sentence)
    let name = TerminalText.quoted(definition.steps[step.step].id)
    return "step \(name)\n" + sentences.map { "  \($0)\n" }.joined()
  }

  private func repetition(_ step: StepTally) -> String? {
    if step.worldsRepeated == 0 { return nil }
    let success =
      switch step.worldsRepeatedAfterSuccess {
      case 0: "; it had never succeeded before"
      case step.worldsRepeated: ", though it had succeeded"
      case let count: "; in \(count) of them though it had succeeded"
      }
    return "ran again after it was lost, in \(worlds(step.worldsRepeated))\(success)"
      + "\n    by faults \(step.repetitions.grouped)"
      + "\n    its work must bear being done twice; FLOW_IDEMPOTENCY_KEY tells a repetition"
  }

  private func lossFailure(_ step: StepTally) -> String? {
    step.worldsFailedByLoss == 0
      ? nil : "failed because it was lost, in \(worlds(step.worldsFailedByLoss))"
  }

  private func commandFailure(_ step: StepTally) -> String? {
    if step.worldsFailedByCommand == 0 { return nil }
    let settings = definition.settings(ofStep: step.step)
    let attempts = Plural.of(Int(settings.retry.maxAttempts), "attempt")
    return "failed for good, of at most \(attempts), in \(worlds(step.worldsFailedByCommand))"
      + (settings.allowFailure ? ", as it may" : "")
  }

  private func hanging(_ step: StepTally) -> String? {
    step.worldsHung == 0
      ? nil : "hung in \(worlds(step.worldsHung)) until somebody killed it: it has no \"timeout\""
  }

  private func lostWork(_ step: StepTally) -> String? {
    if step.worldsLost == 0 { return nil }
    if step.lostMicroseconds == 0 {
      return "was lost in \(worlds(step.worldsLost)), and no work with it"
    }
    return "lost \(duration(step.lostMicroseconds)) of work in \(worlds(step.worldsLost)),"
      + " at most \(duration(step.mostLostMicroseconds)) in one"
  }

  private func worlds(_ count: Int) -> String { "\(count) of \(report.faulty.worlds) worlds" }

  // MARK: Changes

  private func sentence(_ measured: HazardReport.MeasuredChange) -> String {
    let (before, after) = (measured.before, measured.after)
    let (old, new) = (before.steps[measured.change.step], after.steps[measured.change.step])
    var effects: [String] = []
    switch measured.change.kind {
    case .onLost:
      effects.append(effect("runs again", old.worldsRepeated, new.worldsRepeated))
      effects.append(effect("fails", old.worldsFailed, new.worldsFailed))
    case .retry: effects.append(effect("fails", old.worldsFailed, new.worldsFailed))
    case .timeout: effects.append(effect("hangs", old.worldsHung, new.worldsHung))
    }
    effects.append(effect("the run succeeds", before.count(.succeeded), after.count(.succeeded)))
    let kind = measured.change.kind
    return "\(kind.member)\(kind.condition), in \(Plural.of(after.worlds, "world")): "
      + effects.joined(separator: ", ")
  }

  private func effect(_ what: String, _ before: Int, _ after: Int) -> String {
    before == after ? "\(what) in \(after) as before" : "\(what) in \(after) instead of \(before)"
  }

  // MARK: What is safe

  private var ending: String {
    let safe = report.faulty.steps.filter { $0.worldsLost == 0 }
      .map { definition.steps[$0.step].id }
    if safe.isEmpty { return "\nevery step was lost in some world\n" }
    if safe.count == definition.steps.count { return "\nno step was lost in any world\n" }
    let more = safe.count - Self.shownNames
    let names = safe.prefix(Self.shownNames).map(TerminalText.escaped).joined(separator: ", ")
    return "\nnever lost: \(names)\(more > 0 ? " and \(Plural.of(more, "other"))" : "")\n"
  }
}
