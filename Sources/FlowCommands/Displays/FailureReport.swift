import FlowCore
import FlowRuntime
import FlowText

/// The steps because of which a run did not succeed, as its events name them.
struct FailedSteps {
  struct Entry {
    let step: Int32
    let outcome: StepOutcome
    /// Nil for a step that asks, and for one with `forEach` of which no item is at fault.
    let last: (attempt: AttemptID, end: AttemptEnd)?
  }

  static let mostEntries = 5

  /// The first few.
  private(set) var entries: [Entry] = []
  private(set) var count = 0
  /// By node, those of its children: it may turn out to tolerate them.
  private var ofChildren: [Int32: (entries: [Entry], count: Int)] = [:]
  private var ends: [Int32: (attempt: AttemptID, end: AttemptEnd)] = [:]
  /// Whether they are notices, and not what these may tell of.
  private let areNotices: Bool

  init(ofNotices areNotices: Bool = false) { self.areNotices = areNotices }

  mutating func apply(_ event: Event, in state: RunState) {
    switch event.body {
    case .attemptEnded(let attempt, let end): ends[attempt.step] = (attempt, end)
    case .attemptLaunched(let attempt, _): ends[attempt.step] = nil
    case .runReopened: self = FailedSteps(ofNotices: areNotices)
    case .stepFinished(let step, let outcome):
      if let children = ofChildren.removeValue(forKey: step), outcome != .succeeded {
        add(children.entries, children.count)
      }
      let last = ends.removeValue(forKey: step)
      let lacksItems = state.expanded(Int(step)).map { $0.fault != nil || $0.children.isEmpty }
      let hasTried =
        last != nil || lacksItems == true || state.asked(byStep: Int(step)) != nil
      if !hasTried || !isToBlame(step, outcome, state) { return }
      let entry = Entry(step: step, outcome: outcome, last: last)
      guard let node = state.definition.child(Int(step))?.node else { return add([entry], 1) }
      var children = ofChildren[node] ?? ([], 0)
      children.count += 1
      if children.entries.count < Self.mostEntries { children.entries.append(entry) }
      ofChildren[node] = children
    default: return
    }
  }

  private mutating func add(_ new: [Entry], _ count: Int) {
    self.count += count
    entries += new.prefix(Self.mostEntries - entries.count)
  }

  /// A run that timed out has no failed step: the steps that still ran then took too long.
  private func isToBlame(_ step: Int32, _ outcome: StepOutcome, _ state: RunState) -> Bool {
    if state.definition.isNotify(Int(step)) != areNotices { return false }
    return switch outcome {
    case .succeeded: false
    case .failed: !state.definition.settings(ofStep: Int(step)).allowFailure
    case .cancelled:
      state.timeoutPassed && !state.definition.isFinally(Int(step))
        && !state.definition.isRollback(Int(step))
    }
  }
}

/// The end of a run that did not succeed: which steps failed, the end of their output, the file
/// with all of it, and the command that prints it.
struct FailureReport {
  private let failures: FailedSteps
  private let state: RunState
  private let runID: String
  private let folder: RunFolder
  private let exists: (AttemptID) -> Bool
  private let lastLines: (AttemptID) -> [String]
  private let wording: StepWording

  /// How many lines of each step's output are shown.
  static let mostLines = 10

  /// - Parameters:
  ///   - exists: whether there is a file with the output of an attempt.
  ///   - lastLines: the last lines of an attempt's output, escaped; at most `mostLines`.
  init(
    _ failures: FailedSteps, _ state: RunState, runID: String, folder: RunFolder,
    exists: @escaping (AttemptID) -> Bool = { _ in true },
    lastLines: @escaping (AttemptID) -> [String]
  ) {
    self.exists = exists
    self.failures = failures
    self.state = state
    self.runID = runID
    self.folder = folder
    self.lastLines = lastLines
    wording = StepWording(state)
  }

  /// None where no step is to blame. There are no control characters in them.
  func lines() -> [StyledText] {
    if failures.count == 0 { return [] }
    var lines = failures.entries.flatMap { [StyledText()] + self.lines(of: $0) }
    let more = failures.count - failures.entries.count
    if more > 0 {
      lines += [
        StyledText(), StyledText("… and \(more) more: flow status \(runID)", .bad),
      ]
    }
    return lines + [StyledText()]
  }

  private func lines(of entry: FailedSteps.Entry) -> [StyledText] {
    let title = StyledText(self.title(entry), entry.outcome == .cancelled ? .attention : .bad)
    guard let (attempt, end) = entry.last else { return [title] }
    let path = TerminalText.escaped(
      folder.output(
        ofStep: state.definition.fileID(ofStep: Int(attempt.step)), attempt: attempt.number))
    let loss = StepWording.lostOutput(end).map { [StyledText("  \($0)", .attention)] } ?? []
    let printed = lastLines(attempt)
    if printed.isEmpty {
      if end.launchFailure != nil { return [title] }
      let isRemoved = end.output.byteCount != 0 && !exists(attempt)
      let nothing = StyledText(isRemoved ? "  its output was removed" : "  no output", .faint)
      return [title] + loss + [nothing]
    }
    var command = StyledText("  full output: ", .faint)
    command.append("flow logs \(runID) \(wording.id(attempt.step))")
    return [title] + loss + printed.map { StyledText("    \($0)") }
      + [StyledText("  in \(path)", .faint), command]
  }

  private func title(_ entry: FailedSteps.Entry) -> String {
    let id = wording.id(entry.step)
    guard let (attempt, end) = entry.last else {
      if let text = state.itemsText(ofNode: Int(entry.step)) {
        return "\(StepStatus.failed.glyph) \(id) failed: \(text)"
      }
      return titleOfQuestion(entry, id)
    }
    let again = attempt.number == 1 ? "" : " (attempt \(attempt.number))"
    let why = wording.failure(end, ofStep: entry.step)
    if entry.outcome == .cancelled {
      return "\(StepStatus.cancelled.glyph) \(id)\(again) \(why): the run timed out"
    }
    return "\(StepStatus.failed.glyph) \(id) failed\(again): \(why)"
  }

  private func titleOfQuestion(_ entry: FailedSteps.Entry, _ id: String) -> String {
    if entry.outcome == .cancelled {
      return "\(StepStatus.cancelled.glyph) \(id) was not answered: the run timed out"
    }
    let why = QuestionWording(Int(entry.step), state)?.outcome
    return "\(StepStatus.failed.glyph) \(id) failed: \(why ?? "it was not answered")"
  }
}
