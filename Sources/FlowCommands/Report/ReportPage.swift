import FlowCommandLine
import FlowCore

/// What a report is about.
struct ReportContent {
  let explainer: Explainer
  let selection: ReportSelection
  /// The end of what an attempt printed, at most so many bytes; nil where there is nothing.
  let output: (AttemptID, Int) -> OutputExcerpt?
}

/// `flow report`: a run as one HTML file without scripts, fonts or network. It is well-formed XML
/// too, so that any program can parse it.
struct ReportPage {
  private let content: ReportContent
  private let warning: String?
  private let origin: ReportOrigin

  private var explainer: Explainer { content.explainer }
  private var selection: ReportSelection { content.selection }
  private var view: RunView { explainer.view }
  private var state: RunState { explainer.state }
  private var history: RunHistory { explainer.view.history }

  /// - Parameters:
  ///   - output: the end of what an attempt printed, at most so many bytes; nil where there is
  ///     nothing.
  ///   - origin: who started the run, and where.
  ///   - warning: why the page may not show the whole history.
  init(
    _ explainer: Explainer, origin: ReportOrigin = ReportOrigin(), warning: String? = nil,
    output: @escaping (AttemptID, Int) -> OutputExcerpt?
  ) {
    content = ReportContent(
      explainer: explainer, selection: ReportSelection(explainer), output: output)
    self.warning = warning
    self.origin = origin
  }

  func write(to stream: inout some TextOutputStream) {
    writeHead(to: &stream)
    stream.write("<body>\n")
    writeHeader(to: &stream)
    stream.write("<main>\n")
    ProblemsSection(content).write(to: &stream)
    TimelineSection(explainer, selection).write(to: &stream)
    CriticalPathSection(explainer, selection).write(to: &stream)
    GraphSection(explainer, selection).write(to: &stream)
    StepsTable(explainer, selection).write(to: &stream)
    StepDetails(content).write(to: &stream)
    EngineSection(explainer).write(to: &stream)
    stream.write("</main>\n</body>\n</html>\n")
  }

  private func writeHead(to stream: inout some TextOutputStream) {
    let title = XMLText.escaped("\(view.status.glyph) \(view.runID)")
    // If an escape were ever missing, nothing in the page could run or load.
    let policy = "default-src 'none'; style-src 'unsafe-inline'"
    stream.write(
      """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8"/>
      <meta http-equiv="Content-Security-Policy" content="\(policy)"/>
      <meta name="viewport" content="width=device-width, initial-scale=1"/>
      <meta name="color-scheme" content="light dark"/>
      <meta name="generator" content="flow \(XMLText.escaped(Version.current))"/>
      <title>\(title)</title>
      <style>
      \(ReportStyle.sheet)</style>
      </head>

      """)
  }

  // MARK: Header

  private func writeHeader(to stream: inout some TextOutputStream) {
    let status = view.status
    stream.write(
      "<header>\n<h1>\(XMLText.escaped(state.definition.name))"
        + " <span class=\"badge \(status.rawValue)\">\(status.glyph) \(status.rawValue)</span></h1>\n"
        + "<p class=\"run\"><code>\(XMLText.escaped(view.runID))</code></p>\n")
    if let description = state.definition.description {
      stream.write("<p>\(XMLText.escaped(description))</p>\n")
    }
    if let warning {
      stream.write("<p class=\"warning\">\(XMLText.escaped(warning))</p>\n")
    }
    stream.write("<dl>\n")
    for (name, value) in facts {
      stream.write("<div><dt>\(name)</dt><dd>\(XMLText.escaped(value))</dd></div>\n")
    }
    stream.write("</dl>\n")
    writeTally(to: &stream)
    stream.write("</header>\n")
  }

  private var facts: [(String, String)] {
    var facts: [(String, String)] = []
    func add(_ name: String, _ value: String?) {
      if let value { facts.append((name, value)) }
    }
    add("Started", history.startedAt.map { Timestamp($0).rfc3339 })
    if history.finishedAt != nil {
      add("Finished", history.finishedAt.map { Timestamp($0).rfc3339 })
    } else {
      add("As of", Timestamp(view.now.wall).rfc3339)
    }
    add("Took", explainer.roundTime)
    if history.rounds.count > 1 { add("All rounds", explainer.totalTime) }
    let counted = state.countedSteps
    let count = String(counted.selected + counted.unselected)
    add("Steps", state.hasAllSteps ? count : "\(counted.selected) of \(count) selected")
    add("Items", state.items?.text)
    add("Slots", String(state.created.jobs))
    if history.lives.count > 1 { add("Engines", String(history.lives.count)) }
    if history.rounds.count > 1 { add("Rounds", String(history.rounds.count)) }
    add("Stopped", history.stopReason.map { view.wording.text($0) })
    add("Started by", origin.user)
    add("Host", origin.host)
    add("Folder", state.created.definitionFolder)
    if let file = state.created.definitionFile { add("File", file) }
    add("History in", origin.folder)
    add("Program", "flow \(state.created.programVersion)")
    return facts
  }

  /// A bar with how many steps stand where.
  private func writeTally(to stream: inout some TextOutputStream) {
    var counts: [StepStatus: Int] = [:]
    var allowed = 0
    for step in state.definition.declaredSteps {
      let status = explainer.status(step)
      if status == .failed && explainer.settings(step).allowFailure {
        allowed += 1
      } else {
        counts[status, default: 0] += 1
      }
    }
    var parts = StepStatus.allCases.compactMap { status in
      counts[status].map {
        (kind: status.rawValue, glyph: status.glyph, count: $0, word: status.word)
      }
    }
    if allowed > 0 {
      parts.append(("failed allowed", StepStatus.failed.glyph, allowed, "failed (allowed)"))
    }
    stream.write("<div class=\"tally\">")
    for (kind, _, count, word) in parts {
      stream.write(
        "<i class=\"\(kind)\" style=\"flex-grow:\(count)\" title=\"\(count) \(word)\"></i>"
      )
    }
    stream.write("</div>\n<p class=\"counts\">")
    for (kind, glyph, count, word) in parts {
      stream.write("<span class=\"badge \(kind)\">\(glyph) \(count) \(word)</span> ")
    }
    stream.write("</p>\n")
  }
}

/// The steps that decided how long the run took.
struct CriticalPathSection {
  let explainer: Explainer
  let selection: ReportSelection

  private static let mostSteps = 40

  init(_ explainer: Explainer, _ selection: ReportSelection) {
    self.explainer = explainer
    self.selection = selection
  }

  func write(to stream: inout some TextOutputStream) {
    let history = explainer.view.history
    let path = history.criticalPath()
    if path.count < 2 { return }
    stream.write(
      "<section id=\"path\">\n<h2>Critical path</h2>\n"
        + "<p class=\"note\">Each step is the last need of the next one; together they decided the"
        + " duration.</p>\n<ol>\n")
    if path.count > Self.mostSteps {
      stream.write("<li>\(path.count - Self.mostSteps) earlier steps</li>\n")
    }
    for step in path.suffix(Self.mostSteps) {
      let text = explainer.itemsText(ofNode: step) ?? explainer.timeOnPath(ofStep: step)
      stream.write("<li>\(ReportLink.of(step, explainer, selection)): \(text)</li>\n")
    }
    stream.write("</ol>\n</section>\n")
  }
}

/// The engines that drove the run, and the events that concern all of it.
struct EngineSection {
  let explainer: Explainer

  private static let mostLines = 200

  init(_ explainer: Explainer) {
    self.explainer = explainer
  }

  func write(to stream: inout some TextOutputStream) {
    let view = explainer.view
    var lines: [(elapsed: Int64, text: String)] = []
    for life in view.history.lives {
      let process = "process \(life.engine.processID)"
      lines.append(
        (
          life.from.elapsed,
          "\(view.clock(life.from.wall)): engine \(life.engine.life) drives the run (\(process))"
        ))
    }
    for round in view.history.rounds.dropFirst() {
      lines.append(
        (
          round.from.elapsed,
          "\(view.clock(round.from.wall)): \(view.wording.text(Event.Body.runReopened(ignoring: [], scope: round.scope ?? .unsuccessful)))"
        ))
    }
    for round in view.history.rounds {
      guard let endedAt = round.endedAt, let outcome = round.outcome else { continue }
      let verb = outcome == .cancelled ? "was cancelled" : "\(outcome)"
      lines.append((endedAt.elapsed, "\(view.clock(endedAt.wall)): the run \(verb)"))
    }
    for mark in view.history.marks {
      lines.append((mark.point.elapsed, RunMarkText.of(mark, view)))
    }
    let order = lines.indices.sorted { (lines[$0].elapsed, $0) < (lines[$1].elapsed, $1) }
    stream.write("<section id=\"engine\">\n<h2>The run itself</h2>\n<ul>\n")
    for place in order.prefix(Self.mostLines) {
      stream.write("<li>\(XMLText.escaped(lines[place].text))</li>\n")
    }
    if lines.count > Self.mostLines {
      stream.write("<li>and \(lines.count - Self.mostLines) more</li>\n")
    }
    stream.write("</ul>\n</section>\n")
  }
}
