import FlowCommandLine
import FlowCore

/// The table of a report: a row for each step, with where its time went.
struct StepsTable {
  private let explainer: Explainer
  private let selection: ReportSelection

  private var view: RunView { explainer.view }
  private var history: RunHistory { explainer.view.history }

  init(_ explainer: Explainer, _ selection: ReportSelection) {
    self.explainer = explainer
    self.selection = selection
  }

  /// CPU and memory where they were measured.
  private func header(_ isMeasured: Bool) -> [String] {
    ["Step", "State", "Attempts", "Started", "Needs", "Slot", "Ran", "Backed off"]
      + (isMeasured ? ["CPU", "Memory"] : []) + ["Last result"]
  }

  func write(to output: inout some TextOutputStream) {
    let count = explainer.state.definition.declaredCount
    output.write("<section id=\"steps\">\n<h2>Steps</h2>\n")
    if selection.rows.count < count {
      output.write(
        "<p class=\"note\">\(selection.rows.count) of \(count) steps: those that did not succeed,"
          + " were tried again, or ran longest. <code>flow export</code> writes all.</p>\n")
    }
    output.write(
      "<p class=\"note\">Needs and Slot: how long the step waited for the steps that it needs, and"
        + " then for a slot.</p>\n<div class=\"scroll\"><table class=\"cards\">\n<thead><tr>")
    let isMeasured = selection.rows.contains { step in
      ([step] + (selection.items(ofNode: step)?.rows ?? [])).contains {
        history.attempts(ofStep: $0).contains(where: explainer.isMeasured)
      }
    }
    for title in header(isMeasured) { output.write("<th scope=\"col\">\(title)</th>") }
    output.write("</tr></thead>\n<tbody>\n")
    for step in selection.rows {
      write(row: step, isMeasured, to: &output)
      guard let items = selection.items(ofNode: step) else { continue }
      for child in items.rows { write(row: child, isMeasured, to: &output) }
      writeRest(of: items, columns: header(isMeasured).count, to: &output)
    }
    output.write("</tbody>\n</table></div>\n</section>\n")
  }

  /// How many children have no row.
  private func writeRest(
    of items: ReportSelection.Items, columns: Int, to output: inout some TextOutputStream
  ) {
    let rest = items.all.count - items.rows.count
    if rest == 0 { return }
    let failed = items.all.count { explainer.status($0) == .failed }
    let left = failed - items.rows.count { explainer.status($0) == .failed }
    output.write(
      "<tr class=\"item\"><td class=\"note\" colspan=\"\(columns)\">"
        + ReportItems.text(rest, isRest: !items.rows.isEmpty, failed: left) + "</td></tr>\n")
  }

  private func write(
    row step: Int, _ isMeasured: Bool, to output: inout some TextOutputStream
  ) {
    let attempts = history.attempts(ofStep: step)
    // A node waits for its needs, and then for its children.
    let times =
      selection.items(ofNode: step) == nil
      ? history.times(ofStep: step, now: view.now.elapsed) : StepTimes()
    func time(_ kind: StepTimes.Kind) -> String {
      times[kind] == 0 ? "" : DurationText.of(microseconds: times[kind])
    }
    let last = attempts.last
    let cells =
      [
        attempts.isEmpty ? "" : String(attempts.count),
        attempts.first?.launchedAt.map { view.clock($0.wall) } ?? "", time(.waiting), time(.queued),
        time(.running), time(.backingOff),
      ] + (isMeasured ? [last.map(explainer.cpu) ?? "", last.map(explainer.memory) ?? ""] : [])
    output.write(
      "<tr\(ReportItems.attribute(step, explainer))><th scope=\"row\">\(ReportLink.of(step, explainer, selection))</th>"
        + "<td>\(StepBadge.of(step, explainer))</td>")
    for (label, cell) in zip(header(isMeasured).dropFirst(2), cells) {
      output.write("<td class=\"n\" data-label=\"\(label)\">\(XMLText.escaped(cell))</td>")
    }
    let result = last.map(explainer.result) ?? explainer.itemsText(ofNode: step) ?? ""
    output.write(
      "<td class=\"\(StepBadge.kind(step, explainer))\">\(XMLText.escaped(result))</td></tr>\n")
  }
}

/// A state as a coloured word with its glyph.
enum StepBadge {
  static func of(_ step: Int, _ explainer: Explainer) -> String {
    let status = explainer.status(step)
    return "<span class=\"badge \(kind(step, explainer))\">\(status.glyph) \(status.word)"
      + "\(allowance(step, explainer).map { " (\($0))" } ?? "")</span>"
      + (explainer.state.definition.isFinally(step) ? " <span class=\"note\">finally</span>" : "")
      + (explainer.state.definition.isNotify(step) ? " <span class=\"note\">notify</span>" : "")
  }

  /// The classes of what stands for a step. A failure that was allowed is not as red as others.
  static func kind(_ step: Int, _ explainer: Explainer) -> String {
    explainer.status(step).rawValue + (allowance(step, explainer) == nil ? "" : " allowed")
  }

  /// Nil for what has not failed, or must not.
  private static func allowance(_ step: Int, _ explainer: Explainer) -> String? {
    guard explainer.status(step) == .failed else { return nil }
    if explainer.settings(step).allowFailure { return "allowed" }
    return explainer.state.isTolerated(step) ? "tolerated" : nil
  }
}

/// Children of nodes in lists of steps.
enum ReportItems {
  /// The attribute of what stands for a child.
  static func attribute(_ step: Int, _ explainer: Explainer) -> String {
    explainer.state.definition.isChild(step) ? " class=\"item\"" : ""
  }

  /// `95 more items, 3 failed`.
  ///
  /// - Parameter isRest: whether others stand above them.
  static func text(_ count: Int, isRest: Bool, failed: Int) -> String {
    "\(count) \(isRest ? "more " : "")\(count == 1 ? "item" : "items")"
      + (failed == 0 ? "" : ", \(failed) failed")
  }
}
