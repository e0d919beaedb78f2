import FlowCore
import FlowSystem
import FlowText

/// Shows a running run, in one of several ways.
protocol RunDisplay: AnyObject {
  /// These events are older than this process's drive of the run: the display takes them in and
  /// does not show them. `state` includes them; at the first call no attempt in it has been
  /// launched.
  func recall(_ events: [Event], _ state: RunState)
  /// These consecutive events are durable. `state` includes them; at the first call, of this or of
  /// `recall`, no attempt in it has been launched.
  func show(_ events: [Event], _ state: RunState, at now: Moment)
  /// Called after every wait: writes what the reader accepts, and draws what is due.
  func wake(at now: Moment)
  /// What the run waits for has changed.
  func lacks(_ shortages: Shortages)
  /// When `wake` has work even without an event.
  var nextFrame: Instant? { get }
  func terminalChanged(_ change: TerminalChange)
  /// Ctrl-C was pressed here for the first time, which makes a request to cancel.
  func interrupted(_ request: CancelRequest)
  /// Ends the display of an unfinished run: other text may follow.
  func abandon()
}

extension RunDisplay {
  func recall(_ events: [Event], _ state: RunState) {}
  func lacks(_ shortages: Shortages) {}
  var nextFrame: Instant? { nil }
  func terminalChanged(_ change: TerminalChange) {}
  func interrupted(_ request: CancelRequest) {}
  func abandon() {}
}

/// For a command that drives a run and shows nothing of it.
final class NoDisplay: RunDisplay {
  func show(_ events: [Event], _ state: RunState, at now: Moment) {}
  func wake(at now: Moment) {}
}

/// `--quiet`: prints nothing about success. How a run ended that did not succeed, and what failed in
/// it or in telling of it, goes to standard error: cron mails that.
final class QuietDisplay: RunDisplay {
  private let errors: StandardStream
  private let outputs: AttemptOutputs
  private var progress = ProgressPrinter()
  private var failures = FailedSteps()
  private var notices = FailedSteps(ofNotices: true)

  init(_ errors: StandardStream, _ outputs: AttemptOutputs) {
    self.errors = errors
    self.outputs = outputs
  }

  func recall(_ events: [Event], _ state: RunState) { _ = take(events, state) }

  func show(_ events: [Event], _ state: RunState, at now: Moment) {
    guard let line = take(events, state), case .finished(let outcome) = state.phase,
      outcome != .succeeded || notices.count > 0
    else { return }
    errors.write("flow: run \(TerminalText.escaped(outputs.runID))\n")
    let lines = outputs.report(failures, state).lines()
    let rest = outputs.report(notices, state).lines()
    for text in (rest.isEmpty ? lines : lines.dropLast() + rest) {
      errors.write(text.plain + "\n")
    }
    errors.write(line)
    errors.flushAvailable()
  }

  /// - Returns: the line for the end of the run, if it is among the events.
  private func take(_ events: [Event], _ state: RunState) -> String? {
    var last: String?
    for event in events {
      failures.apply(event, in: state)
      notices.apply(event, in: state)
      let line = progress.line(for: event, in: state)
      if case .runFinished = event.body { last = line }
    }
    return last
  }

  func wake(at now: Moment) {}
}

/// `--json`: each event as a line. Nothing is left out, however slow the reader is: text that the
/// pipe does not take waits in memory.
final class JSONDisplay: RunDisplay {
  private let output: StandardStream
  private var events: EventPrinter

  init(_ output: StandardStream, _ events: EventPrinter) {
    self.output = output
    self.events = events
  }

  func recall(_ events: [Event], _ state: RunState) {
    self.events = EventPrinter(runID: state.created.runID, definition: state.definition)
  }

  func show(_ events: [Event], _ state: RunState, at now: Moment) {
    for case .stepExpanded in events.map(\.body) { recall([], state) }
    for event in events { output.write(self.events.json(event)) }
    output.flushAvailable()
  }

  func wake(at now: Moment) { output.flushAvailable() }
}

/// Without a terminal: a plain line for each event that matters to people.
final class PlainDisplay: RunDisplay {
  private let output: StandardStream
  private let outputs: AttemptOutputs
  private var progress: ProgressPrinter
  private var failures = FailedSteps()
  private var lines = LineLimit()
  private var heartbeat: Heartbeat

  init(
    _ output: StandardStream, _ outputs: AttemptOutputs, _ heartbeat: Heartbeat, isVerbose: Bool
  ) {
    self.output = output
    self.outputs = outputs
    progress = ProgressPrinter(isVerbose: isVerbose)
    self.heartbeat = heartbeat
  }

  func recall(_ events: [Event], _ state: RunState) {
    for event in events {
      failures.apply(event, in: state)
      // The first line names the run, as it does when one is created.
      if let line = progress.line(for: event, in: state), case .runCreated = event.body {
        output.write(line)
      }
    }
  }

  func show(_ events: [Event], _ state: RunState, at now: Moment) {
    heartbeat.take(events, state, at: now.monotonic)
    for event in events {
      failures.apply(event, in: state)
      guard let line = progress.line(for: event, in: state) else { continue }
      guard case .runFinished = event.body else {
        if let text = lines.admit(line, pending: output.pendingByteCount) { output.write(text) }
        continue
      }
      if let notice = lines.takeNotice() { output.write(notice) }
      for text in outputs.report(failures, state).lines() {
        output.write(text.plain + "\n")
      }
      output.write(line)
    }
    output.flushAvailable()
  }

  func wake(at now: Moment) {
    if let line = heartbeat.line(at: now.monotonic),
      let text = lines.admit(line, pending: output.pendingByteCount)
    {
      output.write(text)
    }
    output.flushAvailable()
  }

  func interrupted(_ request: CancelRequest) { progress.interrupts.insert(request.id) }

  func lacks(_ shortages: Shortages) {
    guard let shortage = shortages.first else { return }
    let line = "waiting for \(shortage.name)\n"
    if let text = lines.admit(line, pending: output.pendingByteCount) { output.write(text) }
    output.flushAvailable()
  }

  var nextFrame: Instant? { heartbeat.next }

  func abandon() {
    if let notice = lines.takeNotice() { output.write(notice) }
  }
}

/// Keeps memory bounded while a reader pauses: lines beyond the limit are left out, and counted.
struct LineLimit {
  static let limitByteCount = 1 << 20

  private var leftOut = 0

  /// - Parameter pending: how many bytes wait for the reader.
  /// - Returns: what to write; nil where the line is left out.
  mutating func admit(_ line: String, pending: Int) -> String? {
    // Resumes well below the limit: a notice for every other line would be useless.
    let limit = leftOut == 0 ? Self.limitByteCount : Self.limitByteCount / 2
    guard pending + line.utf8.count <= limit else {
      leftOut += 1
      return nil
    }
    return (takeNotice() ?? "") + line
  }

  /// The notice about lines that were left out; nil where none were since the last one.
  mutating func takeNotice() -> String? {
    if leftOut == 0 { return nil }
    defer { leftOut = 0 }
    return "… \(leftOut) \(leftOut == 1 ? "line" : "lines") left out\n"
  }
}
