import FlowCore
import FlowText

/// The steps because of which a run did not succeed, as its events name them.
struct FailedSteps {
  struct Entry {
    let attempt: AttemptID
    let outcome: StepOutcome
    /// Nil where it had none when the run stopped.
    let end: AttemptEnd?
  }

  static let mostEntries = 5

  /// The first few.
  private(set) var entries: [Entry] = []
  private(set) var count = 0
  private var ends: [Int32: (attempt: AttemptID, end: AttemptEnd)] = [:]

  mutating func apply(_ event: Event, in state: RunState) {
    switch event.body {
    case .attemptEnded(let attempt, let end): ends[attempt.step] = (attempt, end)
    case .attemptLaunched(let attempt, _): ends[attempt.step] = nil
    case .stepFinished(let step, let outcome):
      guard let last = ends.removeValue(forKey: step), isToBlame(step, outcome, state) else {
        return
      }
      count += 1
      if entries.count < Self.mostEntries {
        entries.append(Entry(attempt: last.attempt, outcome: outcome, end: last.end))
      }
    default: return
    }
  }

  /// A run that took too long has no step that failed: what it still did then is what took long.
  private func isToBlame(_ step: Int32, _ outcome: StepOutcome, _ state: RunState) -> Bool {
    switch outcome {
    case .succeeded: false
    case .failed: !state.definition.settings(ofStep: Int(step)).allowFailure
    case .cancelled: state.timeoutPassed
    }
  }
}

/// What is said at the end of a run that did not succeed: what failed, the end of what it printed,
/// where all of that is, and the command that shows it.
struct FailureReport {
  private let failures: FailedSteps
  private let state: RunState
  private let outputs: AttemptOutputs
  private let wording: StepWording

  private static let mostLines = 10

  init(_ failures: FailedSteps, _ state: RunState, _ outputs: AttemptOutputs) {
    self.failures = failures
    self.state = state
    self.outputs = outputs
    wording = StepWording(state.definition)
  }

  /// None where no step is to blame. There are no control characters in them.
  func lines() -> [StyledText] {
    if failures.count == 0 { return [] }
    var lines = failures.entries.flatMap { [StyledText()] + self.lines(of: $0) }
    let more = failures.count - failures.entries.count
    if more > 0 {
      lines += [
        StyledText(), StyledText("… and \(more) more: flow status \(outputs.runID)", .bad),
      ]
    }
    return lines + [StyledText()]
  }

  private func lines(of entry: FailedSteps.Entry) -> [StyledText] {
    var title = StyledText("\(status(entry).glyph) \(wording.id(entry.attempt.step))", .bad)
    let again = entry.attempt.number == 1 ? "" : " (attempt \(entry.attempt.number))"
    let why = entry.end.map { ": \(wording.failure($0, ofStep: entry.attempt.step))" } ?? ""
    title.append(" \(status(entry).word)\(again)\(why)")

    let path = TerminalText.escaped(outputs.path(entry.attempt, state))
    let printed = outputs.lastLines(entry.attempt, state, Self.mostLines)
    if printed.isEmpty {
      if entry.end?.launchFailure != nil { return [title] }
      return [title, StyledText("  it printed nothing", .faint)]
    }
    var command = StyledText("  whole output: ", .faint)
    command.append("flow logs \(outputs.runID) \(wording.id(entry.attempt.step))")
    return [title] + printed.map { StyledText("    \($0)") }
      + [StyledText("  in \(path)", .faint), command]
  }

  private func status(_ entry: FailedSteps.Entry) -> StepStatus {
    entry.outcome == .cancelled ? .cancelled : .failed
  }
}
