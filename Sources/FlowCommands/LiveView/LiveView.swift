import FlowCommandLine
package import FlowCore
package import FlowSystem
import FlowText

/// An unfinished run as lines that fit a terminal of any size.
package struct LiveView {
  private let run: LiveRun
  private let now: Moment
  /// The widest line and the most lines: one less than the terminal has, each.
  private let columns: Int
  private let rows: Int
  private let isNamed: Bool
  private let lastLine: (AttemptID) -> String
  private let nameColumns: Int
  private let wait: RunWait?
  private let wording: StepWording

  private static let mostReadyNames = 16

  /// - Parameters:
  ///   - isNamed: whether to say which run it is.
  ///   - nameColumns: how wide the names were in the last frame. They do not become narrower, so
  ///     that the columns after them stay in place.
  ///   - lastLine: the last line of an attempt's output, escaped; empty where there is none. Called
  ///     only for attempts that are shown.
  package init(
    _ run: LiveRun, at now: Moment, in size: Terminal.Size, isNamed: Bool,
    nameColumns: Int = 0, lacking: Shortages = [], lastLine: @escaping (AttemptID) -> String
  ) {
    self.run = run
    self.now = now
    columns = size.columns - 1
    rows = size.rows - 1
    self.isNamed = isNamed
    self.nameColumns = nameColumns
    wait = RunWait(run.state, lacking)
    self.lastLine = lastLine
    wording = StepWording(run.state)
  }

  /// The lines, and how wide their names are.
  package func frame() -> (lines: [StyledText], nameColumns: Int) {
    if columns < 1 || rows < 1 { return ([], nameColumns) }
    let head = rows < 4 ? [shortHeader] : [header, counts]
    // One line for each node with all of its children, as far as half of the rows have room for.
    let nodes = run.openNodes.prefix(max(0, (rows - head.count) / 2))
    let shares = Shares(rows: rows - head.count - nodes.count, run)
    let active = run.active.prefix(shares.activeShown)
    let asking = run.state.askingSteps.prefix(shares.askingShown)
    let backingOff = run.state.timers.nextRetries(shares.backingOffShown)
    let waiting = run.waitingSteps(shares.waitingShown)

    let ended = run.ended.suffix(shares.ended)

    let names =
      active.map { name($0.attempt) } + ended.map { wording.id($0.step) }
      + asking.map { wording.id(Int32($0)) } + backingOff.map { wording.id($0.step) }
      + waiting.map { wording.id(Int32($0)) } + nodes.map { wording.id(Int32($0)) }
    let nameWidth = min(max(names.map(\.count).max() ?? 0, nameColumns), max(8, columns * 2 / 5))

    var lines = head + nodes.map { row(ofNode: $0, nameWidth) } + rows(of: active, ended, nameWidth)
    lines += more(run.active.count - active.count, "running", if: shares.active > active.count)
    lines += asking.map { row(ofQuestion: $0, nameWidth) }
    lines += more(run.asking - asking.count, "asking", if: shares.asking > asking.count)
    lines += backingOff.map { row(ofRetry: $0.step, at: $0.deadline, nameWidth) }
    lines += more(
      run.backingOff - backingOff.count, "backing off",
      if: shares.backingOff > backingOff.count)
    if shares.ready > 0 { lines.append(ready) }
    lines += waiting.map { row(ofWaiting: $0, nameWidth) }
    lines += more(
      run.waiting - waiting.count, "waiting", if: shares.waiting > waiting.count)
    return (lines.map { $0.cut(to: columns) }, nameWidth)
  }

  // MARK: The whole

  private var header: StyledText {
    var line = StyledText()
    line.append("\(status.glyph) \(status.rawValue)", tone(status))
    line.append(" \(elapsed)")
    if case .stopping(let reason) = run.state.phase {
      line.append(", \(wording.text(reason))", .attention)
    }
    if case .concluding(let outcome) = run.state.phase {
      line.append(", concluding (\(outcome))", outcome == .succeeded ? .plain : .attention)
    }
    if run.state.isConcluded { line.append(", notifying") }
    if let object = wait?.object ?? run.state.answersAwaited {
      line.append(", waiting for \(object)", .attention)
    }
    let barWidth = columns < Self.barColumns ? 12 : 0
    let name = TerminalText.escaped(run.state.definition.name)
    append(name, .strong, to: &line, leaving: barWidth)
    if barWidth > 0, line.width + barWidth <= columns {
      line.append("  ")
      line.append(bar(10))
    }
    if isNamed { append(TerminalText.escaped(run.state.created.runID), .faint, to: &line) }
    return line
  }

  /// Cut where there is room for some of it; left out where there is none.
  private func append(
    _ name: String, _ tone: Tone, to line: inout StyledText, leaving columnsAfter: Int = 0
  ) {
    let room = columns - columnsAfter - line.width - 2
    if room < min(8, DisplayWidth.of(name)) { return }
    line.append("  ")
    line.append(DisplayWidth.cut(name, to: room), tone)
  }

  /// From this width on the bar stands before the numbers; else after the state, if it fits.
  private static let barColumns = 60

  private var status: RunStatus { RunStatus(run.state.phase, isHeld: true) }

  private func tone(_ status: RunStatus) -> Tone {
    switch status {
    case .running, .succeeded: .good
    case .stopping, .cancelled, .interrupted, .newer, .unreadable: .attention
    case .failed: .bad
    }
  }

  private var elapsed: String {
    Self.seconds(DurationText.microseconds(from: run.startedAt, to: now.wall))
  }

  /// For three rows and less.
  private var shortHeader: StyledText {
    var line = StyledText("\(status.glyph) \(status.rawValue)", tone(status))
    line.append(" \(run.done)/\(run.total)")
    let failed = run.failed - run.allowedFailures
    if failed > 0 { line.append(" \(failed) failed", .bad) }
    line.append(" \(elapsed)")
    return line
  }

  private var counts: StyledText {
    var line = StyledText()
    if columns >= Self.barColumns {
      line.append(bar(min(30, columns / 4)))
      line.append(" ")
    }
    line.append("\(run.done) of \(run.total) done")
    for (count, word, tone) in tally where count > 0 {
      let part = StyledText("\(count) \(word)", tone)
      if line.width + 2 + part.width > columns { break }
      line.append(", ")
      line.append(part)
    }
    return line
  }

  /// The most urgent first: the last are left out where there is no room.
  private var tally: [(Int, String, Tone)] {
    [
      (run.failed - run.allowedFailures, "failed", .bad), (run.running, "running", .good),
      (run.stopping, "stopping", .attention), (run.asking, "asking", .attention),
      (run.backingOff, "backing off", .attention), (run.ready, "ready", .plain),
      (run.allowedFailures, "failed (allowed)", .attention),
      (run.waiting, "waiting", .faint),
      (run.skipped, "skipped", .faint), (run.cancelled, "cancelled", .attention),
      (run.unselected, "not selected", .faint),
    ]
  }

  private func bar(_ width: Int) -> StyledText {
    let filled = run.done * width / max(run.total, 1)
    // Rounded up, so that a single failure among a million steps is visible.
    func share(_ count: Int) -> Int { (count * width + run.total - 1) / max(run.total, 1) }
    let red = min(filled, share(run.failed - run.allowedFailures))
    let yellow = min(filled - red, share(run.allowedFailures))
    var bar = StyledText(String(repeating: "█", count: filled - red - yellow), .good)
    bar.append(String(repeating: "█", count: yellow), .attention)
    bar.append(String(repeating: "█", count: red), .bad)
    bar.append(String(repeating: "░", count: width - filled), .faint)
    return bar
  }

  // MARK: Rows

  private func name(_ attempt: AttemptID) -> String {
    attempt.number == 1 ? wording.id(attempt.step) : wording.name(attempt)
  }

  private func start(_ status: StepStatus, _ tone: Tone, _ name: String, _ width: Int) -> StyledText
  {
    var line = StyledText("\(status.glyph) ", tone)
    let name = DisplayWidth.cut(name, to: width)
    line.append(name, tone == .faint ? .faint : .strong)
    line.pad(to: width + 2)
    return line
  }

  /// What runs, and what has just ended where it ran: those that began first come first.
  private func rows(
    of active: ArraySlice<LiveRun.Active>, _ ended: ArraySlice<LiveRun.Ended>, _ nameWidth: Int
  ) -> [StyledText] {
    var rows = active.map { (start: $0.launchedAt.microseconds, line: row(of: $0, nameWidth)) }
    for step in ended {
      let start = step.launchedAt.microseconds
      let index = rows.firstIndex { $0.start > start } ?? rows.endIndex
      rows.insert((start, row(ofEnded: step, nameWidth)), at: index)
    }
    return rows.map(\.line)
  }

  private func row(ofEnded ended: LiveRun.Ended, _ nameWidth: Int) -> StyledText {
    let isAllowed = run.isAllowedToFail(ended.step)
    let (status, tone): (StepStatus, Tone) =
      switch ended.outcome {
      case .succeeded: (.succeeded, .good)
      case .failed: (.failed, isAllowed ? .attention : .bad)
      case .cancelled: (.cancelled, .attention)
      }
    var line = start(status, tone, wording.id(ended.step), nameWidth)
    append(time: DurationText.of(microseconds: ended.end.durationMicroseconds), to: &line)
    let note = ended.outcome == .failed && isAllowed ? "failed (allowed)" : status.word
    line.append("  \(note)", tone)
    return line
  }

  private func row(of active: LiveRun.Active, _ nameWidth: Int) -> StyledText {
    let isStopping = active.stop != nil
    var line = start(
      isStopping ? .stopping : .running, isStopping ? .attention : .good, name(active.attempt),
      nameWidth)
    let span = now.monotonic.microseconds - active.launchedAt.microseconds
    append(time: Self.seconds(span), to: &line)
    if let stop = active.stop { line.append("  \(text(stop))", .attention) }
    let printed = lastLine(active.attempt)
    if !printed.isEmpty { line.append("  \(printed)", .faint) }
    return line
  }

  /// After the name, aligned right.
  private func append(time: String, to line: inout StyledText) {
    line.append(String(repeating: " ", count: max(1, 8 - time.count)) + time)
  }

  private func text(_ stop: LiveRun.Stop) -> String {
    switch stop {
    case .timedOut(let killAt): "timed out, \(kill(killAt))"
    case .requested(let killAt): "stopping, \(kill(killAt))"
    case .forced: "being killed"
    }
  }

  private func kill(_ killAt: Instant) -> String {
    killAt <= now.monotonic ? "being killed" : "killed in \(remaining(until: killAt))"
  }

  private func row(ofRetry step: Int32, at deadline: Instant, _ nameWidth: Int) -> StyledText {
    var line = start(.backingOff, .attention, wording.id(step), nameWidth)
    let lifecycle = run.state.steps[Int(step)]
    let limit = run.state.definition.settings(ofStep: Int(step)).retry.maxAttempts - 1
    let isDue = deadline <= now.monotonic
    append(time: isDue ? "now" : "in \(remaining(until: deadline))", to: &line)
    line.append("  backing off before retry \(lifecycle.failures) of \(limit)", .attention)
    if let end = run.lastEnd(ofStep: step) {
      line.append("  \(wording.failure(end, ofStep: step))", .faint)
    }
    return line
  }

  /// How to answer comes first: where the line is cut, the question is.
  private func row(ofQuestion step: Int, _ nameWidth: Int) -> StyledText {
    var line = start(.asking, .attention, wording.id(Int32(step)), nameWidth)
    guard let question = QuestionWording(step, run.state) else { return line }
    let rest = run.state.answerDeadline(ofStep: step).map { deadline in
      deadline <= now.monotonic ? "now" : "\(remaining(until: deadline))"
    }
    append(time: rest ?? "", to: &line)
    line.append("  \(question.command)", .faint)
    line.append("  \(question.lines.first ?? "")", .attention)
    return line
  }

  private func row(ofNode step: Int, _ nameWidth: Int) -> StyledText {
    let failed = run.state.expanded(step)?.failed ?? 0
    var line = start(.running, failed > 0 ? .attention : .good, wording.id(Int32(step)), nameWidth)
    append(time: "", to: &line)
    line.append("  \(run.state.itemsText(ofNode: step) ?? "")", failed > 0 ? .attention : .plain)
    return line
  }

  private var ready: StyledText {
    var line = StyledText("\(StepStatus.ready.glyph) ")
    let jobs = run.state.created.jobs
    let what = wait?.object ?? "one of \(jobs) \(jobs == 1 ? "slot" : "slots")"
    line.append("\(run.ready) ready, waiting for \(what): ")
    let steps = run.readySteps(Self.mostReadyNames)
    let isAll = steps.count == run.ready
    line.append(
      steps.map { wording.id(Int32($0)) }.joined(separator: ", ") + (isAll ? "" : ", …"), .faint)
    return line
  }

  private func row(ofWaiting step: Int, _ nameWidth: Int) -> StyledText {
    var line = start(.waiting, .faint, wording.id(Int32(step)), nameWidth)
    append(time: "", to: &line)
    line.append("  \(needs(ofStep: step))", .faint)
    return line
  }

  /// `waits for build, test and 3 more`.
  private func needs(ofStep step: Int) -> String {
    if run.state.definition.isFinally(step), !run.state.isConcluding {
      return "runs when all others have ended"
    }
    let unmet = run.unmetNeeds(ofStep: step) ?? 0
    let named = run.someUnmetNeeds(ofStep: step, 3).map(wording.id)
    guard let last = named.last else { return "waits for \(unmet) steps" }
    let rest = unmet - named.count
    if rest > 0 { return "waits for \(named.joined(separator: ", ")) and \(rest) more" }
    if named.count == 1 { return "waits for \(last)" }
    return "waits for \(named.dropLast().joined(separator: ", ")) and \(last)"
  }

  private func more(_ count: Int, _ word: String, if isShown: Bool) -> [StyledText] {
    isShown && count > 0 ? [StyledText("  … and \(count) more \(word)", .faint)] : []
  }

  // MARK: Times

  /// In whole seconds, rounded down, so that it ticks.
  private static func seconds(_ microseconds: Int64) -> String {
    let seconds = max(0, microseconds) / 1_000_000
    return seconds == 0 ? "0s" : DurationText.of(milliseconds: seconds * 1_000)
  }

  /// Rounded up: a remaining time is never shown as zero.
  private func remaining(until deadline: Instant) -> String {
    let (left, overflow) = deadline.microseconds.subtractingReportingOverflow(
      now.monotonic.microseconds)
    if overflow { return Self.seconds(.max) }
    return Self.seconds(left > .max - 999_999 ? left : left + 999_999)
  }
}
