import FlowCore
import FlowSystem

/// Shows a run while it goes on, in one of several ways.
protocol RunDisplay: AnyObject {
  /// These events happened before this process had to do with the run: they are taken in, and not
  /// shown. `state` is not before them; at the first call no attempt in it has been launched.
  func recall(_ events: [Event], _ state: RunState)
  /// These consecutive events are durable. `state` is not before them; at the first call, of this or
  /// of `recall`, no attempt in it has been launched.
  func show(_ events: [Event], _ state: RunState, at now: Moment)
  /// Called after every wait: brings out what the reader takes, and what is due.
  func wake(at now: Moment)
  /// When `wake` has something to do although nothing happens.
  var nextFrame: Instant? { get }
  func terminalChanged(_ change: TerminalChange)
  /// Nothing more will be shown, although the run has no end: others may write from now on.
  func abandon()
}

extension RunDisplay {
  func recall(_ events: [Event], _ state: RunState) {}
  var nextFrame: Instant? { nil }
  func terminalChanged(_ change: TerminalChange) {}
  func abandon() {}
}

/// `--quiet`.
final class NoDisplay: RunDisplay {
  func show(_ events: [Event], _ state: RunState, at now: Moment) {}
  func wake(at now: Moment) {}
}

/// `--json`: each event as a line. Nothing is left out, however long the reader takes: what does not
/// fit between it and this process waits in memory.
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
    for event in events { output.write(self.events.json(event)) }
    output.flushAvailable()
  }

  func wake(at now: Moment) { output.flushAvailable() }
}

/// Where there is no terminal: a plain line for each event that matters.
final class PlainDisplay: RunDisplay {
  private let output: StandardStream
  private let outputs: AttemptOutputs
  private var progress = ProgressPrinter()
  private var failures = FailedSteps()
  private var lines = LineLimit()

  init(_ output: StandardStream, _ outputs: AttemptOutputs) {
    self.output = output
    self.outputs = outputs
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

  func wake(at now: Moment) { output.flushAvailable() }

  func abandon() {
    if let notice = lines.takeNotice() { output.write(notice) }
  }
}

/// Keeps memory bounded while a reader pauses: what would not fit is left out, and said to be.
struct LineLimit {
  static let limitByteCount = 1 << 20

  private var leftOut = 0

  /// - Parameter pending: how many bytes wait for the reader.
  /// - Returns: what to write; nil where the line is left out.
  mutating func admit(_ line: String, pending: Int) -> String? {
    // Well below the limit: a notice for every other line would help nobody.
    let limit = leftOut == 0 ? Self.limitByteCount : Self.limitByteCount / 2
    guard pending + line.utf8.count <= limit else {
      leftOut += 1
      return nil
    }
    return (takeNotice() ?? "") + line
  }

  /// What to say of the lines that were left out; nil where none were since the last time.
  mutating func takeNotice() -> String? {
    if leftOut == 0 { return nil }
    defer { leftOut = 0 }
    return "… \(leftOut) \(leftOut == 1 ? "line" : "lines") left out\n"
  }
}
