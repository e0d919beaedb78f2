import FlowCore

/// Nodes in the timeline: a lane for all children of one together, below it those of children that run or have
/// not succeeded, and all others on demand.
extension TimelineSection {
  func write(
    node step: Int, _ items: ReportSelection.Items, to output: inout some TextOutputStream
  ) {
    begin(lane: step, " all", note: note(ofNode: step), to: &output)
    beginTrack(step, note: note(ofNode: step), to: &output)
    for stretch in stretches(of: items.all) {
      let meaning = Self.meanings.first { $0.0 == stretch.kind }?.1 ?? "probe"
      let attempts = stretch.count == 1 ? "1 attempt" : "\(stretch.count) attempts"
      output.write(
        Self.bar(
          stretch.kind, bounds(stretch.from, stretch.until), "\(meaning): \(attempts)"))
    }
    output.write("</div></div>\n")
    for child in items.openLanes { write(child: child, to: &output) }
    writeFolded(items, to: &output)
  }

  func note(ofNode step: Int) -> String? { explainer.itemsText(ofNode: step) }

  /// The smallest markup: a page can have ten thousand of them.
  private func write(child: Int, to output: inout some TextOutputStream) {
    begin(lane: child, " item", to: &output)
    output.write("<div class=\"track\">")
    writeBars(of: child, to: &output)
    output.write("</div></div>\n")
  }

  private func writeFolded(
    _ items: ReportSelection.Items, to output: inout some TextOutputStream
  ) {
    let open = Set(items.openLanes)
    let lanes = items.lanes.filter { !open.contains($0) }
    if lanes.isEmpty { return }
    let text = ReportItems.text(
      items.attemptedCount - open.count, isRest: !open.isEmpty,
      failed: items.all.count { !open.contains($0) && explainer.status($0) == .failed })
    output.write("<details class=\"more item\"><summary>\(text)</summary>\n")
    for child in lanes { write(child: child, to: &output) }
    writeLeft(items.attemptedCount - items.lanes.count, to: &output)
    output.write("</details>\n")
  }

  /// Attempts of one kind that overlap, or are too close to each other to be told apart.
  private struct Stretch {
    let kind: String
    let from: Int64
    var until: Int64
    var count = 1
  }

  /// In thousandths of a percent of the line.
  private static let closest: Int64 = 250

  /// What failed comes last, and so is drawn above the others.
  private func stretches(of children: [Int]) -> [Stretch] {
    // One that waits for a slot has neither.
    let begun = children.flatMap { history.attempts(ofStep: $0) }.filter {
      $0.launchedAt != nil || $0.end != nil
    }
    let attempts = begun.map { attempt in
      let (from, until) = span(of: attempt)
      return Stretch(kind: kind(attempt), from: from, until: until)
    }
    var stretches: [Stretch] = []
    for next in attempts.sorted(by: { ($1.kind, $0.from) < ($0.kind, $1.from) }) {
      if let last = stretches.last, last.kind == next.kind,
        scale.position(next.from) - scale.position(last.until) <= Self.closest
      {
        stretches[stretches.count - 1].until = max(last.until, next.until)
        stretches[stretches.count - 1].count += 1
      } else {
        stretches.append(next)
      }
    }
    return stretches
  }
}
