import FlowCommandLine
import FlowCore

/// The part of a report about single steps: why they stand where they stand, their attempts, and
/// the end of their output.
struct StepDetails {
  private let content: ReportContent

  private var explainer: Explainer { content.explainer }
  private var selection: ReportSelection { content.selection }
  private var view: RunView { explainer.view }
  private var history: RunHistory { explainer.view.history }

  /// Of the output of an attempt that did not succeed.
  private static let longestFailure = 16 << 10
  private static let longestSuccess = 4 << 10
  /// Of all outputs together.
  private static let mostOutput = 2 << 20
  /// Of an attempts' list, counted from its end.
  private static let mostAttempts = 50

  init(_ content: ReportContent) {
    self.content = content
  }

  func write(to stream: inout some TextOutputStream) {
    let count = explainer.state.definition.declaredCount
    stream.write("<section id=\"details\">\n<h2>Step by step</h2>\n")
    if selection.details.count < count {
      stream.write(
        "<p class=\"note\">\(selection.details.count) of \(count) steps: those that did not succeed,"
          + " were tried again, or ran longest.</p>\n")
    }
    var left = Self.mostOutput
    for step in selection.details { write(step: step, &left, to: &stream) }
    stream.write("</section>\n")
  }

  private func write(step: Int, _ left: inout Int, to stream: inout some TextOutputStream) {
    let isOpen =
      StepBadge.kind(step, explainer) == StepStatus.failed.rawValue && !isFolded(step)
    stream.write(
      "<details id=\"step-\(step)\"\(isOpen ? " open=\"open\"" : "")><summary>"
        + "\(StepBadge.of(step, explainer)) <b>\(XMLText.escaped(explainer.id(step)))</b>"
        + "</summary>\n")
    if let description = explainer.state.definition.extras(ofStep: step).description {
      stream.write("<p>\(XMLText.escaped(description))</p>\n")
    }
    for sentence in explainer.sentences(ofStep: step) + explainer.delays(ofStep: step) {
      stream.write("<p>\(XMLText.escaped(sentence))</p>\n")
    }
    writeCommand(step, to: &stream)
    writeNeeds(step, to: &stream)
    writeCondition(step, to: &stream)
    writeOutputs(step, to: &stream)
    let attempts = history.attempts(ofStep: step)
    write(attempts, to: &stream)
    for attempt in attempts.suffix(Self.mostAttempts) {
      writeOutput(of: attempt, isLast: attempt.id == attempts.last?.id, &left, to: &stream)
    }
    writeItems(step, &left, to: &stream)
    stream.write("</details>\n")
  }

  /// Whether a step is a child whose details are not open.
  private func isFolded(_ step: Int) -> Bool {
    explainer.state.definition.child(step).map {
      selection.items(ofNode: Int($0.node))?.openLanes.contains(step) == false
    } ?? false
  }

  private func writeItems(_ step: Int, _ left: inout Int, to stream: inout some TextOutputStream) {
    guard let items = selection.items(ofNode: step), !items.details.isEmpty else { return }
    let isWhole = items.details.count == items.all.count
    let count = "\(items.all.count) \(items.all.count == 1 ? "item" : "items")"
    stream.write(
      "<details class=\"more\"><summary>\(isWhole ? count : "\(items.details.count) of \(count)")"
        + "</summary>\n<div id=\"items-\(step)\">\n")
    if !isWhole {
      stream.write(
        "<p class=\"note\">Those that did not succeed, were tried again, or ran longest.</p>\n")
    }
    for child in items.details { write(step: child, &left, to: &stream) }
    stream.write("</div>\n</details>\n")
  }

  private func writeCommand(_ step: Int, to stream: inout some TextOutputStream) {
    if let question = QuestionWording(step, explainer.state) {
      stream.write("<p>Asks:</p>\n<pre>\n\(XMLText.content(question.text))</pre>\n")
      return
    }
    let definition = explainer.state.definition.steps[step]
    stream.write("<pre class=\"command\">\n\(XMLText.content(definition.command.line))</pre>\n")
  }

  private func writeNeeds(_ step: Int, to stream: inout some TextOutputStream) {
    let needs = explainer.state.definition.steps[step].needs.map(Int.init)
    if needs.isEmpty { return }
    let shown = needs.prefix(20).map { need in
      let wanted = explainer.state.definition.wanted(ofStep: step, from: Int32(need))
      let link = ReportLink.of(need, explainer, selection)
      return wanted == .done ? link : "\(link) (\(wanted))"
    }
    stream.write(
      "<p>Needs \(Explainer.list(shown, more: needs.count - shown.count)).</p>\n")
  }

  private func writeCondition(_ step: Int, to stream: inout some TextOutputStream) {
    guard let text = explainer.state.definition.conditionText(ofStep: step) else { return }
    stream.write("<p>Runs only when <code>\(XMLText.escaped(text))</code>.</p>\n")
  }

  private func writeOutputs(_ step: Int, to stream: inout some TextOutputStream) {
    for line in explainer.outputs(ofStep: step) {
      stream.write("<p>Put out <code>\(XMLText.escaped(line))</code>.</p>\n")
    }
  }

  private func write(_ attempts: [AttemptHistory], to stream: inout some TextOutputStream) {
    if attempts.isEmpty { return }
    let isMeasured = attempts.contains(where: explainer.isMeasured)
    let titles =
      ["Attempt", "Started", "Queued", "Ran"] + (isMeasured ? ["CPU", "Memory"] : [])
      + ["Result", "Then"]
    stream.write("<div class=\"scroll\"><table class=\"cards\">\n<thead><tr>")
    for title in titles {
      stream.write("<th scope=\"col\">\(title)</th>")
    }
    stream.write("</tr></thead>\n<tbody>\n")
    if attempts.count > Self.mostAttempts {
      stream.write(
        "<tr><td colspan=\"\(titles.count)\">… \(attempts.count - Self.mostAttempts) earlier attempts</td></tr>\n"
      )
    }
    for attempt in attempts.suffix(Self.mostAttempts) {
      stream.write("<tr>")
      for (label, cell) in zip(titles, cells(attempt, isMeasured)) {
        stream.write("<td data-label=\"\(label)\">\(XMLText.escaped(cell))</td>")
      }
      stream.write("</tr>\n")
    }
    stream.write("</tbody>\n</table></div>\n")
  }

  private func cells(_ attempt: AttemptHistory, _ isMeasured: Bool) -> [String] {
    [
      "\(attempt.id.number)\(attempt.task.mark.map { " (\($0))" } ?? "")",
      attempt.launchedAt.map { view.clock($0.wall) } ?? "",
      DurationText.of(microseconds: explainer.queued(attempt)),
      explainer.ran(attempt).map { DurationText.of(microseconds: $0) } ?? "",
    ] + (isMeasured ? [explainer.cpu(attempt), explainer.memory(attempt)] : [])
      + [explainer.result(attempt), explainer.consequence(attempt)]
  }

  /// Of attempts that did not succeed, and of the last.
  private func writeOutput(
    of attempt: AttemptHistory, isLast: Bool, _ left: inout Int,
    to stream: inout some TextOutputStream
  ) {
    let hasSucceeded = attempt.end.map(AttemptConclusion.init)?.isSuccess == true
    if hasSucceeded && !isLast { return }
    let limit = min(left, hasSucceeded ? Self.longestSuccess : Self.longestFailure)
    guard limit > 0 else { return }
    guard let excerpt = content.output(attempt.id, limit) else {
      if let removed = RemovedOutput.text(attempt) {
        stream.write("<p class=\"note\">\(removed)</p>\n")
      }
      return
    }
    if excerpt.bytes.isEmpty { return }
    left -= excerpt.bytes.count
    let all = ByteText.of(bytes: excerpt.totalByteCount)
    let what = excerpt.isWhole ? "output" : "the end of its output (\(all) in total)"
    stream.write(
      "<p class=\"note\">attempt \(attempt.id.number): \(what)</p>\n"
        + "<pre>\n\(XMLText.content(Self.wholeLines(excerpt)))</pre>\n")
  }

  /// An excerpt begins with a whole line, if it holds one.
  private static func wholeLines(_ excerpt: OutputExcerpt) -> [UInt8] {
    guard !excerpt.isWhole, let end = excerpt.bytes.firstIndex(of: UInt8(ascii: "\n")),
      end + 1 < excerpt.bytes.count
    else { return excerpt.bytes }
    return Array(excerpt.bytes[(end + 1)...])
  }
}
