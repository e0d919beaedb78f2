import FlowCore
import FlowSystem
import FlowText

/// On a terminal: a view of the running run, below lines that stay.
///
/// No frame is drawn before the terminal has taken the last one, and few lines wait meanwhile: a
/// stopped terminal costs nothing.
final class LiveDisplay: RunDisplay {
  private let output: StandardStream
  private let terminal: Terminal
  private let outputs: AttemptOutputs
  private let inColour: Bool
  private var run: LiveRun?
  private var progress = ProgressPrinter()
  private var failures = FailedSteps()
  private var lasting = LastingLines()
  private var screen: TerminalScreen
  private var clock: FrameClock
  private var nameColumns = 0
  private var lacking: Shortages = []
  /// Whether events came since the last frame.
  private var hasNews = false

  init(_ output: StandardStream, _ terminal: Terminal, _ outputs: AttemptOutputs, at now: Moment) {
    self.output = output
    self.terminal = terminal
    self.outputs = outputs
    inColour = terminal.hasColours
    screen = TerminalScreen(inColour: inColour)
    clock = FrameClock(startingAt: now.monotonic)
  }

  func recall(_ events: [Event], _ state: RunState) {
    var run =
      take() ?? LiveRun(state, startedAt: events.first?.moment.wall ?? WallTime(microseconds: 0))
    for event in events {
      apply(event, to: &run)
      let line = progress.line(for: event, in: run.state)
      if case .runCreated = event.body, let line { lasting.add(event, line, in: run.state) }
    }
    run.forgetEnds(before: Instant(microseconds: .max))
    self.run = run
  }

  private func apply(_ event: Event, to run: inout LiveRun) {
    do throws(HistoryError) { try run.apply(event) } catch {
      preconditionFailure("events that were shown before do not lead to this one: \(error)")
    }
    failures.apply(event, in: run.state)
  }

  func show(_ events: [Event], _ state: RunState, at now: Moment) {
    // Taken out, so that its large parts are changed in place.
    var run = take() ?? LiveRun(state, startedAt: events.first?.moment.wall ?? now.wall)
    for event in events {
      apply(event, to: &run)
      guard let line = progress.line(for: event, in: run.state) else { continue }
      if case .runFinished(let outcome) = event.body {
        finish(run.state, RunStatus(.finished(outcome), isHeld: true), line)
        return
      }
      lasting.add(event, line, in: run.state)
    }
    run.forgetEnds(before: now.monotonic.advanced(byMilliseconds: -Self.newsMilliseconds))
    self.run = run
    hasNews = true
    clock.somethingChanged()
    wake(at: now)
  }

  /// A watcher reads what happened before it began: that is no news.
  private static let newsMilliseconds: Int64 = 2_000

  private func take() -> LiveRun? {
    defer { run = nil }
    return run
  }

  func wake(at now: Moment) {
    output.flushAvailable()
    guard run != nil, output.pendingDescriptor == nil, clock.isDue(at: now.monotonic) else {
      return
    }
    clock.drew(at: now.monotonic)
    if hasNews { self.run?.forgetDrawnEnds() }
    hasNews = false
    defer { self.run?.frameWasDrawn() }
    guard let run else { return }
    guard terminal.isOurs else {
      screen.forget()
      write(lasting.takeAll())
      output.flushAvailable()
      return
    }
    let size = terminal.size
    let above = lasting.takeAll()
    let view = LiveView(
      run, at: now, in: size, isNamed: lasting.printed + screen.rowCount >= size.rows,
      nameColumns: nameColumns, lacking: lacking
    ) { [outputs] in outputs.lastLine($0, run.state) }
    let frame = view.frame()
    nameColumns = frame.nameColumns
    output.write(
      screen.draw(frame.lines, below: above, columns: size.columns, rows: size.rows))
    output.flushAvailable()
  }

  func interrupted(_ request: CancelRequest) { progress.interrupts.insert(request.id) }

  func lacks(_ shortages: Shortages) {
    lacking = shortages
    clock.somethingChanged()
  }

  /// Nil while the terminal takes nothing: when it does, that ends the wait.
  var nextFrame: Instant? {
    run == nil || output.pendingDescriptor != nil ? nil : clock.next
  }

  func terminalChanged(_ change: TerminalChange) {
    if change == .continued { screen.forget() }
    clock.somethingChanged()
  }

  func abandon() {
    run = nil
    if terminal.isOurs {
      let size = terminal.size
      output.write(screen.erase(columns: size.columns, rows: size.rows))
    }
    write(lasting.takeAll())
  }

  private func finish(_ state: RunState, _ status: RunStatus, _ line: String) {
    abandon()
    write(outputs.report(failures, state).lines())
    var last = StyledText(
      "\(status.glyph) ",
      status == .succeeded ? .good : status == .failed ? .bad : .attention)
    last.append(String(line.dropLast()), .strong)
    write([last])
    output.flushAvailable()
  }

  private func write(_ lines: [StyledText]) {
    for line in lines { output.write(line.rendered(inColour: inColour) + "\n") }
  }
}

/// Lines that stay above the view, until they are printed: trouble that people look for later, not
/// success.
struct LastingLines {
  /// More lines than this in a tenth of a second cannot be read.
  static let most = 20

  private var lines: [StyledText] = []
  private var leftOut = 0
  /// How many were printed, the first of which names the run.
  private(set) var printed = 0

  /// - Parameter line: with its line feed.
  mutating func add(_ event: Event, _ line: String, in state: RunState) {
    guard let (glyph, tone) = Self.mark(event, state) else { return }
    var text = StyledText(glyph, tone)
    text.append(String(line.dropLast()), tone == .bad ? .bad : .plain)
    lines.append(text)
    if lines.count > Self.most {
      lines.removeFirst()
      leftOut += 1
    }
  }

  mutating func takeAll() -> [StyledText] {
    defer {
      printed += lines.count
      lines = []
      leftOut = 0
    }
    if leftOut == 0 { return lines }
    return [StyledText("… \(leftOut) \(leftOut == 1 ? "line" : "lines") left out", .faint)] + lines
  }

  /// Nil for events that the view itself shows well enough.
  private static func mark(_ event: Event, _ state: RunState) -> (String, Tone)? {
    switch event.body {
    case .runCreated, .engineStarted, .runFinished, .runReopened: ("", .plain)
    // The request itself has its line.
    case .runStopping(.cancelled): nil
    case .runConcluding(.succeeded), .runConcluded: nil
    case .deadlinePassed, .cancelRequested, .runStopping, .runConcluding, .roomReturned,
      .workSynced(_, .some):
      ("\(StepStatus.stopping.glyph) ", .attention)
    case .retryScheduled, .rerunScheduled, .probeScheduled:
      ("\(StepStatus.backingOff.glyph) ", .attention)
    case .answered: ("\(StepStatus.asking.glyph) ", .plain)
    case .stepFinished(let step, .failed):
      (
        "\(StepStatus.failed.glyph) ",
        state.definition.settings(ofStep: Int(step)).allowFailure ? .attention : .bad
      )
    default: nil
    }
  }
}
