import FlowCommandLine
import FlowCore

/// The timeline of a report: a lane for each step, and below that of a node those of its children, with its waits for a slot, its attempts and its
/// backoff; in the background the times in which no engine drove the run.
struct TimelineSection {
  let explainer: Explainer
  let selection: ReportSelection
  let scale: TimeScale

  private var view: RunView { explainer.view }
  var history: RunHistory { explainer.view.history }

  init(_ explainer: Explainer, _ selection: ReportSelection) {
    self.explainer = explainer
    self.selection = selection
    scale = TimeScale(explainer.view.history, now: explainer.view.now.elapsed)
  }

  func write(to output: inout some TextOutputStream) {
    if selection.openLanes.isEmpty { return }
    output.write("<section id=\"timeline\">\n<h2>Timeline</h2>\n")
    let left = selection.attemptedCount - selection.openLanes.count
    if left > 0 {
      let folded = selection.foldedLanes.count
      let shown = folded == left ? "they are shown" : "\(folded) of them are shown"
      output.write(
        "<p class=\"note\">\(selection.openLanes.count) of \(selection.attemptedCount) steps: those"
          + " that did not succeed, were tried again, or ran longest. \(left)"
          + " \(left == 1 ? "row is" : "rows are") left out; below \(shown) on demand.</p>\n")
    }
    output.write(Self.legend)
    output.write(
      "<div class=\"chart\" style=\"--longest:\(longestName)px\">\n"
        + "<div class=\"axis\"><div class=\"track\">")
    for tick in scale.ticks {
      let label = tick == 0 ? "0" : DurationText.of(microseconds: tick)
      // A label at the end of the line would be cut off.
      let isAtEnd = tick > 0 && scale.position(tick) > Self.lastLabel
      output.write("<span \(isAtEnd ? "class=\"end\"" : style(at: tick))>\(label)</span>")
    }
    output.write("</div></div>\n<div class=\"under\">")
    for tick in scale.ticks { output.write("<i class=\"tick\" \(style(at: tick))></i>") }
    for gap in scale.gaps { output.write(Self.bar("gap", bounds(gap.from, gap.until), text(gap))) }
    for mark in history.marks.prefix(Self.mostMarks) {
      output.write(
        "<i class=\"mark\" \(style(at: mark.point.elapsed))"
          + " title=\"\(XMLText.escaped(RunMarkText.of(mark, view)))\"></i>")
    }
    output.write("</div>\n")
    for step in selection.openLanes { write(step: step, to: &output) }
    writeFolded(left, to: &output)
    output.write("</div>\n</section>\n")
  }

  /// - Parameter count: how many rows are left out.
  private func writeFolded(_ count: Int, to output: inout some TextOutputStream) {
    let lanes = selection.foldedLanes
    if lanes.isEmpty { return }
    output.write(
      "<details class=\"more\"><summary>\(count) more \(count == 1 ? "row" : "rows")</summary>\n")
    for step in lanes { write(step: step, to: &output) }
    writeLeft(count - lanes.count, to: &output)
    output.write("</details>\n")
  }

  /// How many lanes the page does not have.
  func writeLeft(_ count: Int, to output: inout some TextOutputStream) {
    if count == 0 { return }
    output.write(
      "<p class=\"note\">and \(count) more, which are too many for a page:"
        + " <code>flow export --format chrome-trace</code> writes all.</p>\n")
  }

  /// About as wide as it is drawn.
  private var longestName: Int {
    let names = selection.openLanes.map { step in
      guard let items = selection.items(ofNode: step) else { return explainer.id(step).count }
      let children = items.lanes.map { explainer.id($0).count + 2 }.max() ?? 0
      return max(explainer.id(step).count + 1 + (note(ofNode: step)?.count ?? 0), children)
    }
    return (names.max() ?? 0) * 73 / 10
  }

  /// After this position, in thousandths of a percent, half a label does not fit.
  private static let lastLabel: Int64 = 96_000

  /// A clock that is set every second must not flood the page.
  private static let mostMarks = 200

  /// Kinds of bars, and what they mean.
  static let meanings = [
    ("ok", "succeeded"), ("bad", "failed"), ("lost", "lost"), ("off", "cancelled"),
    ("now", "runs"), ("probe ok", "probe"), ("queued", "waits for a slot"),
    ("backoff", "backs off"), ("stopping", "is being stopped"), ("gap", "no engine"),
  ]

  private static let legend =
    "<p class=\"legend\">"
    + meanings.map { "<span><i class=\"bar \($0.0)\"></i> \($0.1)</span>" }.joined(separator: " ")
    + "</p>\n"

  // MARK: Lanes

  private func write(step: Int, to output: inout some TextOutputStream) {
    if let items = selection.items(ofNode: step) {
      write(node: step, items, to: &output)
    } else {
      write(lane: step, to: &output)
    }
  }

  /// - Parameters:
  ///   - kind: more classes of the lane.
  ///   - note: what is said of the step beside its name.
  func begin(
    lane step: Int, _ kind: String = "", note: String? = nil, to output: inout some TextOutputStream
  ) {
    let status = explainer.status(step)
    let words = note.map { " <span class=\"note\">\($0)</span>" } ?? ""
    output.write(
      "<div class=\"lane\(kind)\"><span class=\"name\">"
        + "<b class=\"\(StepBadge.kind(step, explainer))\">\(status.glyph)</b>"
        + " \(ReportLink.of(step, explainer, selection))\(words)</span>")
  }

  func beginTrack(
    _ step: Int, note: String? = nil, to output: inout some TextOutputStream
  ) {
    let label =
      "\(explainer.id(step)): \(explainer.status(step).word)\(note.map { ", \($0)" } ?? "")"
    output.write("<div class=\"track\" role=\"img\" aria-label=\"\(XMLText.escaped(label))\">")
  }

  private func write(lane step: Int, to output: inout some TextOutputStream) {
    begin(lane: step, to: &output)
    beginTrack(step, to: &output)
    writeBars(of: step, to: &output)
    output.write("</div></div>\n")
  }

  func writeBars(of step: Int, to output: inout some TextOutputStream) {
    let isChild = explainer.state.definition.isChild(step)
    for span in history.spans(ofStep: step, now: view.now.elapsed) {
      let length = DurationText.of(microseconds: span.until - span.from)
      let place = bounds(span.from, span.until)
      switch span.kind {
      // Each child waits for a slot until all before it have had one.
      case .queued where isChild: break
      case .queued: output.write(Self.bar("queued", place, "waited \(length) for a slot"))
      case .backingOff: output.write(Self.bar("backoff", place, "backed off for \(length)"))
      case .asking: output.write(Self.bar("backoff", place, "waited \(length) for an answer"))
      case .waiting, .lackingSpace, .lackingProcesses, .running, .resting, .undriven: break
      }
    }
    for attempt in history.attempts(ofStep: step) { write(attempt, to: &output) }
  }

  private func write(_ attempt: AttemptHistory, to output: inout some TextOutputStream) {
    let (from, until) = span(of: attempt)
    output.write(Self.bar(kind(attempt), bounds(from, until), title(attempt)))
    if let stopped = attempt.stoppedAt?.elapsed, stopped < until {
      let length = DurationText.of(microseconds: until - stopped)
      output.write(Self.bar("stopping", bounds(stopped, until), "was being stopped for \(length)"))
    }
  }

  func span(of attempt: AttemptHistory) -> (from: Int64, until: Int64) {
    let until = attempt.endedAt?.elapsed ?? view.now.elapsed
    return (attempt.launchedAt?.elapsed ?? until, until)
  }

  func kind(_ attempt: AttemptHistory) -> String {
    let probe = attempt.task == .command ? "" : "probe "
    guard let end = attempt.end else {
      return probe + (view.status == .interrupted ? "lost" : "now")
    }
    switch AttemptConclusion(end, of: attempt.task) {
    case .succeeded, .reused: return probe + "ok"
    case .failed, .unkillable: return probe + "bad"
    case .lost, .interrupted, .workGone: return probe + "lost"
    case .cancelled: return probe + "off"
    }
  }

  private func title(_ attempt: AttemptHistory) -> String {
    let ran = explainer.ran(attempt).map { " after \(DurationText.of(microseconds: $0))" } ?? ""
    let start = attempt.launchedAt.map { ", started \(view.clock($0.wall))" } ?? ""
    let survived = attempt.survivedTo == nil ? "" : "; it outlived an engine"
    let then = explainer.consequence(attempt)
    return "attempt \(attempt.id.number): \(explainer.result(attempt))\(ran)\(start)\(survived)"
      + (then.isEmpty ? "" : "; \(then)")
  }

  private func text(_ gap: TimeScale.Gap) -> String {
    "no engine drove the run for \(DurationText.of(microseconds: gap.until - gap.from))"
  }

  // MARK: Places

  private func style(at elapsed: Int64) -> String {
    "style=\"left:\(TimeScale.percent(scale.position(elapsed)))\""
  }

  func bounds(_ from: Int64, _ until: Int64) -> String {
    let left = scale.position(from)
    let width = max(0, scale.position(until) - left)
    return "left:\(TimeScale.percent(left));width:\(TimeScale.percent(width))"
  }

  static func bar(_ kind: String, _ bounds: String, _ title: String) -> String {
    "<i class=\"bar \(kind)\" style=\"\(bounds)\" title=\"\(XMLText.escaped(title))\"></i>"
  }
}

/// Marks in words.
enum RunMarkText {
  static func of(_ mark: RunHistory.Mark, _ view: RunView) -> String {
    "\(view.clock(mark.point.wall)): \(text(mark, view))"
  }

  static func text(_ mark: RunHistory.Mark, _ view: RunView) -> String {
    view.wording.text(mark.body)
  }
}

/// The name of a step, as a link where the page has details of it.
enum ReportLink {
  static func of(_ step: Int, _ explainer: Explainer, _ selection: ReportSelection) -> String {
    let id = XMLText.escaped(explainer.id(step))
    return selection.hasDetails(step) ? "<a href=\"#step-\(step)\">\(id)</a>" : id
  }
}
