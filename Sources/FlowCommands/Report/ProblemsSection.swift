import FlowCommandLine
import FlowCore

/// What went wrong in a run: the steps because of which it did not succeed, each with the end of its
/// output; apart from them those that failed and were allowed to.
struct ProblemsSection {
  private let content: ReportContent

  private static let mostProblems = 10
  /// Of the children of a node.
  private static let mostItems = 5
  /// Of the output of a step: how many lines are shown, and how many bytes are searched for them.
  private static let mostLines = 20
  private static let mostBytes = 16 << 10

  private var explainer: Explainer { content.explainer }
  private var selection: ReportSelection { content.selection }
  private var state: RunState { explainer.state }

  init(_ content: ReportContent) {
    self.content = content
  }

  func write(to stream: inout some TextOutputStream) {
    let steps = state.definition.declaredSteps
    let allowed = steps.filter {
      explainer.status($0) == .failed
        ? explainer.settings($0).allowFailure : state.toleratesFailures(ofNode: $0)
    }
    let problems = steps.filter { isProblem($0) || children(ofNode: $0).contains(where: isProblem) }
    if problems.isEmpty && allowed.isEmpty { return }
    stream.write("<section id=\"problems\">\n<h2>What went wrong</h2>\n")
    write(problems, "problems", to: &stream)
    if !allowed.isEmpty {
      stream.write("<h3>Allowed to fail</h3>\n")
      write(allowed, "allowed", to: &stream)
    }
    stream.write("</section>\n")
  }

  private func isProblem(_ step: Int) -> Bool {
    switch explainer.status(step) {
    case .failed: !explainer.settings(step).allowFailure && !state.isTolerated(step)
    case .interrupted: true
    // Steps that still ran when the run timed out took too long.
    case .cancelled: state.timeoutPassed && explainer.history.lastAttempt(ofStep: step) != nil
    case .waiting, .ready, .starting, .running, .stopping, .backingOff, .asking, .succeeded,
      .skipped:
      false
    }
  }

  private func children(ofNode step: Int) -> [Int] { selection.items(ofNode: step)?.all ?? [] }

  /// A node with those of its children that have failed, or are problems by themselves.
  private func write(_ steps: [Int], _ kind: String, to stream: inout some TextOutputStream) {
    write(steps, kind, most: Self.mostProblems, "more", to: &stream) { step, stream in
      let children = children(ofNode: step).filter {
        explainer.status($0) == .failed || isProblem($0)
      }
      write(children, kind, most: Self.mostItems, "more items", to: &stream) { _, _ in }
    }
  }

  /// - Parameter more: what those are of which there are too many.
  private func write<Stream: TextOutputStream>(
    _ steps: [Int], _ kind: String, most: Int, _ more: String, to stream: inout Stream,
    below: (Int, inout Stream) -> Void
  ) {
    if steps.isEmpty { return }
    stream.write("<ul class=\"\(kind)\">\n")
    for step in steps.prefix(most) {
      let text = explainer.sentences(ofStep: step).joined(separator: " ")
      let id = explainer.id(step)
      let rest = text.hasPrefix("\(id) ") ? String(text.dropFirst(id.count)) : ": \(text)"
      stream.write("<li>\(ReportLink.of(step, explainer, selection))\(XMLText.escaped(rest))")
      writeTail(of: step, to: &stream)
      below(step, &stream)
      stream.write("</li>\n")
    }
    if steps.count > most { stream.write("<li>and \(steps.count - most) \(more)</li>\n") }
    stream.write("</ul>\n")
  }

  private func writeTail(of step: Int, to stream: inout some TextOutputStream) {
    guard let last = explainer.history.lastAttempt(ofStep: step) else { return }
    guard let excerpt = content.output(last.id, Self.mostBytes) else {
      if let removed = RemovedOutput.text(last) {
        stream.write("<p class=\"note\">\(removed)</p>\n")
      }
      return
    }
    // One line more than is shown says whether there are more.
    let lines = OutputTail.lastLines(
      of: excerpt.bytes, Self.mostLines + 1, isWhole: excerpt.isWhole)
    if lines.isEmpty { return }
    let isWhole = excerpt.isWhole && lines.count <= Self.mostLines
    let shown = lines.suffix(Self.mostLines)
    let command = "flow logs \(explainer.view.runID) \(explainer.id(step))"
    stream.write(
      "\n<pre class=\"tail\">\n"
        + shown.map(XMLText.escaped).joined(separator: "\n") + "\n</pre>\n")
    if !isWhole {
      let size = ByteText.of(bytes: excerpt.totalByteCount)
      stream.write(
        "<p class=\"note\">The end of its output (\(size) in total):"
          + " <code>\(XMLText.escaped(command))</code> prints all of it.</p>\n")
    }
  }
}

/// Output that the history names, and whose file is gone.
enum RemovedOutput {
  /// Nil where an attempt is not known to have printed something. Called where there is no output.
  static func text(_ attempt: AttemptHistory) -> String? {
    guard let end = attempt.end, let count = end.output.byteCount, count > 0 else { return nil }
    return "attempt \(attempt.id.number): its output (\(ByteText.of(bytes: count))) was removed"
  }
}
