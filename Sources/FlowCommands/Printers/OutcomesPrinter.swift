import FlowCommandLine
package import FlowCore
package import FlowDefinition
import FlowText

/// Prints `flow validate --outcomes`: what a run can come to.
package struct OutcomesPrinter: Sendable {
  private let definition: WorkflowDefinition
  private let outcomes: Outcomes
  /// The steps without which no run may succeed.
  private let required: [Int]

  /// Of more, the rest is counted.
  private static let mostLines = 50

  package init(_ definition: WorkflowDefinition, _ outcomes: Outcomes, required: [Int]) {
    self.definition = definition
    self.outcomes = outcomes
    self.required = required
  }

  /// The required steps, each with how it can be missing; with nothing where that is only not certain, since
  /// combinations were left out.
  private var missing: [(step: Int, lapses: [Outcomes.Finding])] {
    let lapses = outcomes.lapses
    return required.map { step in (step, lapses.filter { $0.step == step }) }
      .filter { !$0.lapses.isEmpty || outcomes.isCut }
  }

  package var isAsRequired: Bool { missing.isEmpty }

  /// Notices change nothing of what a run comes to.
  private var steps: Range<Int> { 0..<definition.firstNotify }

  private func id(_ step: Int) -> String { definition.steps[step].id }

  /// `12`, `at least 12`.
  private func number(_ count: UInt64) -> String {
    if count == .max { return "more than \(count - 1)" }
    return outcomes.isCut ? "at least \(count)" : "\(count)"
  }

  // MARK: Text

  package var text: String {
    let all = number(outcomes.combinations)
    var text =
      "\(TerminalText.escaped(definition.name)): \(all)"
      + " \(outcomes.combinations == 1 ? "combination" : "combinations") of ends;"
      + " the run succeeds in \(number(outcomes.succeeded)),"
      + " and fails in \(number(outcomes.failed))\n"
    if outcomes.isCut {
      text += "There are too many to look at all: those with the fewest deviations were.\n"
    }
    text += "\n"
    counts.print(to: &text)
    text += lapses(of: all)
    text += never
    for (step, lapses) in missing {
      text +=
        lapses.isEmpty
        ? "\(id(step)) is required: it is not certain that no run succeeds without it\n"
        : "\(id(step)) is required, and a run can succeed without it\n"
    }
    return text
  }

  private var counts: Table {
    let results: [StepResult] = [.succeeded, .failed, .skipped, .cancelled]
    let shown = results.filter { result in
      result != .cancelled
        || steps.contains { outcomes.count(result, ofStep: $0) > 0 }
    }
    var rows: [[String]] = steps.map { [id($0)] + shown.map { _ in "0" } }
    var sums = steps.map { _ in [UInt64](repeating: 0, count: shown.count) }
    for finding in outcomes.findings {
      guard let column = shown.firstIndex(of: finding.result) else { continue }
      let (sum, isOver) = sums[finding.step][column].addingReportingOverflow(finding.count)
      sums[finding.step][column] = isOver ? .max : sum
    }
    for (row, sums) in sums.enumerated() {
      for (column, sum) in sums.enumerated() {
        rows[row][column + 1] = sum == .max ? ">\(UInt64.max - 1)" : "\(sum)"
      }
    }
    return Table(
      header: ["step"] + shown.map { "\($0)" }, rowCount: rows.count, row: { rows[$0] })
  }

  /// `publish is skipped while the run succeeds, in 12 of 64: whenever precheck is skipped`
  private func lapses(of all: String) -> String {
    let lapses = outcomes.lapses.enumerated().sorted {
      ($0.element.example.count, $0.offset) < ($1.element.example.count, $1.offset)
    }.map(\.element)
    if lapses.isEmpty { return "\nNo run succeeds without each step having succeeded.\n" }
    var text = "\n"
    let lines = Line.merged(lapses)
    for line in lines.prefix(Self.mostLines) {
      let lapse = line.first
      text +=
        "\(id(lapse.step)) \(Self.words(lapse.result)) while the run succeeds,"
        + " in \(number(line.count)) of \(all)\(line.isOne ? why(lapse) : whyFalse(lapse))\n"
    }
    let rest = lines.count - Self.mostLines
    if rest > 0 { text += "… and \(rest) more of these (--json has them)\n" }
    return text
  }

  /// Findings that are told as one: those of a step whose condition several values make false.
  private struct Line {
    let first: Outcomes.Finding
    var count: UInt64
    var isOne = true

    /// In the order of the first of each.
    static func merged(_ findings: [Outcomes.Finding]) -> [Line] {
      var lines: [Line] = []
      var places: [Int: Int] = [:]
      for finding in findings {
        guard case .values(let values) = finding.cause, !values.isEmpty, finding.result == .skipped
        else {
          lines.append(Line(first: finding, count: finding.count))
          continue
        }
        if let place = places[finding.step] {
          let (sum, isOver) = lines[place].count.addingReportingOverflow(finding.count)
          lines[place].count = isOver ? .max : sum
          lines[place].isOne = false
        } else {
          places[finding.step] = lines.count
          lines.append(Line(first: finding, count: finding.count))
        }
      }
      return lines
    }
  }

  private func whyFalse(_ finding: Outcomes.Finding) -> String {
    let condition = definition.conditionText(ofStep: finding.step) ?? ""
    let example =
      finding.example.isEmpty ? "" : " (for example: \(finding.example.joined(separator: ", ")))"
    return TerminalText.escaped(": whenever it is false that \(condition)\(example)")
  }

  private static func words(_ result: StepResult) -> String {
    switch result {
    case .succeeded: "succeeds"
    case .failed: "fails"
    case .skipped: "is skipped"
    case .cancelled: "is stopped"
    }
  }

  private func why(_ finding: Outcomes.Finding) -> String {
    let example =
      finding.example.isEmpty
      ? "" : TerminalText.escaped(" (for example: \(finding.example.joined(separator: ", ")))")
    guard let cause = words(finding.cause) else {
      return finding.result == .failed ? ": it is allowed to" : example
    }
    return TerminalText.escaped(": whenever \(cause)") + (isItself(finding) ? "" : example)
  }

  /// Whether the example says no more than the cause.
  private func isItself(_ finding: Outcomes.Finding) -> Bool {
    switch finding.cause {
    case .none, .condition, .stop: false
    case .need(let need, let result):
      finding.example == [result == .failed ? "\(id(Int(need))) fails" : ""]
    case .values(let values):
      finding.example.allSatisfy { example in
        values.contains { "\($0.name) \($0.words)" == example }
      }
    }
  }

  private func words(_ cause: OutcomeCause) -> String? {
    switch cause {
    case .none: nil
    case .condition: "its condition is false"
    case .stop: "a failure has stopped the run"
    case .need(let need, .skipped): "\(id(Int(need))) is skipped"
    case .need(let need, .succeeded): "\(id(Int(need))) has succeeded"
    case .need(let need, .failed): "\(id(Int(need))) has failed"
    case .need(let need, .cancelled): "\(id(Int(need))) was stopped"
    case .values(let values) where values.isEmpty: "its condition is evaluated, which is never true"
    case .values(let values): values.map { "\($0.name) \($0.words)" }.joined(separator: " and ")
    }
  }

  /// What cannot be meant.
  private var never: String {
    if outcomes.isCut { return "" }
    var text = ""
    for step in steps
    where outcomes.count(.succeeded, ofStep: step) == 0
      && outcomes.count(.failed, ofStep: step) == 0
    {
      text += "\(id(step)) never runs\n"
    }
    if outcomes.succeeded == 0 { text += "The run never succeeds.\n" }
    return text
  }

  // MARK: JSON

  package var json: String {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("name", definition.name)
      write("combinations", outcomes.combinations, to: &writer)
      write("succeeded", outcomes.succeeded, to: &writer)
      write("failed", outcomes.failed, to: &writer)
      writer.member("cut", outcomes.isCut)
      writer.key("steps")
      writer.array { writer in
        var findings = outcomes.findings[...]
        for step in steps {
          let own = findings.prefix { $0.step == step }
          findings = findings.dropFirst(own.count)
          writer.object { writer in
            writer.member("id", id(step))
            writer.key("ends")
            writer.array { writer in for finding in own { write(finding, to: &writer) } }
          }
        }
      }
      if !required.isEmpty {
        let missing = Set(missing.map(\.step))
        writer.key("required")
        writer.array { writer in
          for step in required {
            writer.object { writer in
              writer.member("id", id(step))
              writer.member("holds", !missing.contains(step))
            }
          }
        }
      }
    }
    writer.endLine()
    return writer.take()
  }

  /// Numbers that a reader of JSON could round are left out.
  private func write(_ name: String, _ count: UInt64, to writer: inout JSONWriter) {
    writer.member(name, count < 1 << 53 ? Int(count) : nil)
  }

  private func write(_ finding: Outcomes.Finding, to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("end", "\(finding.result)")
      writer.member("run", finding.runSucceeds ? "succeeded" : "failed")
      write("count", finding.count, to: &writer)
      if let cause = words(finding.cause) { writer.member("whenever", cause) }
      writer.key("example")
      writer.array { writer in for words in finding.example { writer.string(words) } }
    }
  }
}
