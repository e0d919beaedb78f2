import FlowCommandLine
import FlowCore

/// `flow export --format junit`: the XML that CI servers read, in the dialect that they agree on
/// (testmoapp/junitxml). A step is a test case; a failed one holds the end of its output.
///
/// A step that failed and has `allowFailure` is `skipped`, since servers fail the build for a
/// failure. A step that was cancelled or interrupted is an `error`: the cause is not its own. What `onFailure`
/// runs is a test case if it ran: a rollback that succeeded has passed, and what it rolled back has not.
struct JUnitExporter {
  private let explainer: Explainer
  private let output: (AttemptID) -> OutputExcerpt?
  private let verdicts: [Verdict]

  private enum Verdict: Equatable {
    case passed
    case failed
    case error
    case skipped
    /// It is no test case.
    case absent
  }

  private var view: RunView { explainer.view }
  private var state: RunState { explainer.state }
  private var history: RunHistory { explainer.view.history }

  /// - Parameter output: the end of what an attempt printed; nil where there is nothing.
  init(_ explainer: Explainer, output: @escaping (AttemptID) -> OutputExcerpt?) {
    self.explainer = explainer
    self.output = output
    verdicts = explainer.state.steps.indices.map {
      // A node's cases are its children, if it has any.
      explainer.state.definition.isNotify($0) || explainer.state.definition.isInChain($0)
        || explainer.state.isIdleRollback($0)
        || explainer.state.expanded($0)?.children.isEmpty == false
        ? .absent : Self.verdict($0, explainer)
    }
  }

  private static func verdict(_ step: Int, _ explainer: Explainer) -> Verdict {
    switch explainer.status(step) {
    case .succeeded: .passed
    case .failed: explainer.settings(step).allowFailure ? .skipped : .failed
    case .cancelled, .interrupted: .error
    case .skipped, .waiting, .ready, .starting, .running, .stopping, .backingOff, .asking: .skipped
    }
  }

  func write(to stream: inout some TextOutputStream) {
    let counts =
      "tests=\"\(verdicts.count - count(.absent))\" failures=\"\(count(.failed))\" errors=\"\(count(.error))\""
      + " skipped=\"\(count(.skipped))\" time=\"\(Self.seconds(view.now.elapsed))\""
    let name = XMLText.escaped(state.definition.name)
    let started = history.startedAt.map { Timestamp($0).rfc3339 } ?? ""
    // Seconds without a zone, as the schemas in use require.
    let timestamp = started.prefix(19)
    stream.write("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
    stream.write("<testsuites name=\"\(name)\" \(counts)>\n")
    stream.write("  <testsuite name=\"\(name)\" \(counts) timestamp=\"\(timestamp)\">\n")
    stream.write("    <properties>\n")
    for (key, value) in properties {
      stream.write(
        "      <property name=\"\(key)\" value=\"\(XMLText.escaped(value))\"/>\n")
    }
    stream.write("    </properties>\n")
    for step in state.definition.ordinarySteps {
      write(step: step, className: name, to: &stream)
      for child in state.expanded(step)?.children ?? [] {
        write(step: Int(child), className: name, to: &stream)
      }
    }
    for step in state.definition.finallySteps {
      write(step: step, className: "\(name).finally", to: &stream)
    }
    stream.write("  </testsuite>\n</testsuites>\n")
  }

  private var properties: [(String, String)] {
    [
      ("flow.runId", view.runID), ("flow.state", view.status.rawValue),
      ("flow.version", state.created.programVersion),
    ]
  }

  private func count(_ verdict: Verdict) -> Int { verdicts.count { $0 == verdict } }

  private func write(step: Int, className: String, to stream: inout some TextOutputStream) {
    if verdicts[step] == .absent { return }
    let attempts = history.attempts(ofStep: step)
    let ran = attempts.reduce(0) { $0 + (explainer.ran($1) ?? 0) }
    stream.write(
      "    <testcase classname=\"\(className)\" name=\"\(XMLText.escaped(explainer.id(step)))\""
        + " time=\"\(Self.seconds(ran))\"")
    // What asks has no attempt.
    let isPlain = verdicts[step] == .passed && attempts.count <= 1
    if isPlain { return stream.write("/>\n") }
    stream.write(">\n")
    writeResult(step, attempts.last, to: &stream)
    if attempts.count > 1 { write(attempts, to: &stream) }
    stream.write("    </testcase>\n")
  }

  private func writeResult(
    _ step: Int, _ last: AttemptHistory?, to stream: inout some TextOutputStream
  ) {
    let message = XMLText.escaped(explainer.sentences(ofStep: step).joined(separator: " "))
    let type = XMLText.escaped(last?.outcome?.rawValue ?? explainer.status(step).rawValue)
    switch verdicts[step] {
    case .passed, .absent: break
    case .skipped: stream.write("      <skipped message=\"\(message)\"/>\n")
    case .failed:
      stream.write(
        "      <failure message=\"\(message)\" type=\"\(type)\">\(tail(last))</failure>\n")
    case .error:
      stream.write("      <error message=\"\(message)\" type=\"\(type)\">\(tail(last))</error>\n")
    }
  }

  private func tail(_ last: AttemptHistory?) -> String {
    guard let last, let excerpt = output(last.id), !excerpt.bytes.isEmpty else { return "" }
    let note =
      excerpt.isWhole
      ? "" : "[the last \(excerpt.bytes.count) of \(excerpt.totalByteCount) bytes]\n"
    return note + XMLText.content(excerpt.bytes)
  }

  /// How each attempt of a step with several ended.
  private func write(_ attempts: [AttemptHistory], to stream: inout some TextOutputStream) {
    stream.write("      <system-out>")
    for attempt in attempts {
      let time = explainer.ran(attempt).map { " after \(DurationText.of(microseconds: $0))" } ?? ""
      let then = explainer.consequence(attempt)
      stream.write(
        XMLText.content(
          "attempt \(attempt.id.number): \(explainer.result(attempt))\(time)"
            + "\(then.isEmpty ? "" : "; \(then)")\n"))
    }
    stream.write("</system-out>\n")
  }

  /// `1.234`.
  private static func seconds(_ microseconds: Int64) -> String {
    let milliseconds = max(0, microseconds / 1_000)
    let digits = String(milliseconds % 1_000)
    return "\(milliseconds / 1_000)." + String(repeating: "0", count: 3 - digits.count) + digits
  }
}
