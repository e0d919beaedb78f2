import FlowCommandLine
import FlowCore
import FlowSimulation

/// A report as JSON: one line.
struct HazardJSON {
  private let findings: Findings

  init(_ findings: Findings) {
    self.findings = findings
  }

  private var report: HazardReport { findings.report }
  private var definition: WorkflowDefinition { findings.definition }

  var text: String {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("workflow", definition.name)
      writer.member("steps", definition.steps.count)
      writer.member("jobs", findings.jobs)
      // As text: JSON readers keep 53 bits of a number.
      writer.member("seed", String(findings.firstSeed))
      writer.key("model")
      writer.object(write(findings.source))
      writer.key("withoutFaults")
      writer.object { write(report.quiet, to: &$0) }
      writer.key("underFaults")
      writer.object { writer in
        write(report.faulty, to: &writer)
        writer.key("faults")
        writer.object { write(report.faulty.causes, to: &$0) }
      }
      writer.key("hazards")
      writer.array { writer in
        for step in report.ranked { writer.object { write(step, to: &$0) } }
      }
      writer.key("neverLost")
      writer.array { writer in
        for step in report.faulty.steps where step.worldsLost == 0 {
          writer.string(definition.steps[step.step].id)
        }
      }
    }
    writer.endLine()
    return writer.take()
  }

  private func write(_ source: ModelSource) -> (inout JSONWriter) -> Void {
    { writer in
      switch source {
      case .file(let path):
        writer.member("source", "file")
        writer.member("path", path)
      case .history(let runs, let attempts, let unseen, let unreadable, let home):
        writer.member("source", "history")
        writer.member("path", home)
        writer.member("runs", runs)
        writer.member("attempts", attempts)
        writer.member("unseenSteps", unseen)
        writer.member("unreadableRuns", unreadable)
      case .guess: writer.member("source", "guess")
      }
    }
  }

  private func write(_ tally: HazardTally, to writer: inout JSONWriter) {
    writer.member("worlds", tally.worlds)
    writer.member("medianMs", tally.times.median / 1_000)
    writer.member("p95Ms", tally.times.percentile95 / 1_000)
    writer.member("worstMs", tally.times.worst / 1_000)
    for outcome in RunOutcome.allCases { writer.member("\(outcome)", tally.count(outcome)) }
    writer.member("lostWorkMs", tally.lostMicroseconds / 1_000)
    writer.member("survivors", tally.survivors)
    writer.member("timedOut", tally.worldsTimedOut)
  }

  private func write(_ causes: CauseCounts, to writer: inout JSONWriter) {
    for cause in HazardCause.allCases { writer.member(cause.key, causes[cause]) }
  }

  private func write(_ step: StepTally, to writer: inout JSONWriter) {
    writer.member("step", definition.steps[step.step].id)
    members(step, to: &writer)
    writer.key("repetitions")
    writer.object { write(step.repetitions, to: &$0) }
    writer.key("changes")
    writer.array { writer in
      for measured in report.changes(ofStep: step.step) {
        writer.object { write(measured, to: &$0) }
      }
    }
  }

  /// What happened to the step, in how many worlds.
  private func members(_ step: StepTally, to writer: inout JSONWriter) {
    writer.member("repeated", step.worldsRepeated)
    writer.member("repeatedAfterSuccess", step.worldsRepeatedAfterSuccess)
    writer.member("repeatedHalfDone", step.worldsRepeatedHalfDone)
    writer.member("retried", step.worldsRetried)
    writer.member("lost", step.worldsLost)
    writer.member("failed", step.worldsFailed)
    writer.member("failedByLoss", step.worldsFailedByLoss)
    writer.member("failedThoughDone", step.worldsFailedThoughDone)
    writer.member("hung", step.worldsHung)
    writer.member("lostWorkMs", step.lostMicroseconds / 1_000)
    writer.member("mostLostWorkMs", step.mostLostMicroseconds / 1_000)
  }

  private func write(_ measured: HazardReport.MeasuredChange, to writer: inout JSONWriter) {
    switch measured.change.kind {
    case .onLost(let onLost): writer.member("onLost", "\(onLost)")
    case .retry(let maxAttempts): writer.member("retryMaxAttempts", maxAttempts)
    case .timeout(let milliseconds): writer.member("timeoutMs", milliseconds)
    }
    let sides = [("before", measured.before), ("after", measured.after)]
    for (name, tally) in sides {
      writer.key(name)
      writer.object { writer in
        write(tally, to: &writer)
        writer.key("step")
        writer.object { members(tally.steps[measured.change.step], to: &$0) }
      }
    }
  }
}
