import FlowCommandLine
package import FlowCore
import FlowText

/// What `flow events` prints: one line an event.
package struct EventPrinter: Sendable {
  let runID: String
  let wording: StepWording

  /// - Parameter definition: nil before the history has told all of it; no event names a step
  ///   earlier.
  package init(runID: String, definition: WorkflowDefinition?) {
    self.runID = runID
    wording = StepWording(definition)
  }

  // MARK: Text

  private static let sequenceWidth = 6
  private static let kindWidth = EventKind.allCases.map(\.name.count).max() ?? 0

  /// `    12  10:03:04.120  attemptEnded      build #2 exited 1 (by itself) after 1.2s`, and a line
  /// feed. The time is UTC.
  package func text(_ event: Event) -> String {
    let sequence = String(event.sequence)
    let blanks = String(repeating: " ", count: max(0, Self.sequenceWidth - sequence.count))
    let kind = event.body.kind.name
    let gap = String(repeating: " ", count: Self.kindWidth - kind.count)
    let time = Timestamp(event.moment.wall).timeOfDay
    return "\(blanks)\(sequence)  \(time)  \(kind)\(gap)  \(details(event.body))\n"
  }

  /// `attemptEnded build #2 exited 1 (by itself) after 1.2s`.
  func phrase(_ body: Event.Body) -> String { "\(body.kind.name) \(details(body))" }

  private func details(_ body: Event.Body) -> String {
    switch body {
    case .runCreated(let created): return details(created)
    case .definitionPart(let bytes): return "\(bytes.count) bytes"
    case .engineStarted(let engine):
      let boot = TerminalText.escaped(engine.host.bootID)
      return "life \(engine.life), process \(engine.processID), boot \(boot)"
    case .attemptLaunched(let attempt, let processID):
      return "\(wording.name(attempt)) as process \(processID)"
    case .attemptEnded(let attempt, let end):
      return "\(wording.name(attempt)) \(details(end, ofStep: attempt.step))"
    case .deadlinePassed(let attempt), .attemptWithdrawn(let attempt),
      .attemptScheduled(let attempt):
      return wording.name(attempt)
    case .cancelRequested(let request):
      return "request \(request.id)\(request.force ? ", by force" : "")"
    case .attemptFound(let attempt, .neverLaunched):
      return "\(wording.name(attempt)) was never launched"
    case .attemptFound(let attempt, .running(let processID, let microseconds)):
      let time = DurationText.of(microseconds: microseconds)
      return processID == 0
        ? "\(wording.name(attempt)) is about to start"
        : "\(wording.name(attempt)) still runs as process \(processID), for \(time) now"
    case .clockJumped(let microseconds):
      let time = DurationText.of(microseconds: Int64(clamping: microseconds.magnitude))
      return "wall time went \(microseconds < 0 ? "back" : "ahead") by \(time)"
    case .roomReturned(let microseconds):
      return "the disk was full for \(DurationText.of(microseconds: microseconds))"
    case .runReopened: return "what has not succeeded runs again"
    case .timerFired(.retry(let step)): return "retry of \(wording.id(step))"
    case .timerFired(.runTimeout): return "timeout of the run"
    case .retryScheduled(let attempt, let delay):
      return "\(wording.name(attempt)) is followed by another in "
        + DurationText.of(milliseconds: delay)
    case .rerunScheduled(let attempt):
      return "\(wording.name(attempt)) is followed by another; its work may be done twice"
    case .probeScheduled(let attempt):
      return "\(wording.name(attempt)) was lost; the probe is asked whether its work was done"
    case .stopRequested(let attempt, let force):
      return "\(wording.name(attempt))\(force ? ", by force" : "")"
    case .stepFinished(let step, let outcome): return "\(wording.id(step)) \(outcome)"
    case .stepSkipped(let step, .need(let need)):
      return "\(wording.id(step)), which needs \(wording.id(need))"
    case .stepSkipped(let step, .runStopping):
      return "\(wording.id(step)), because the run is stopping"
    case .runStopping(let reason): return wording.text(reason)
    case .runFinished(let outcome): return "\(outcome)"
    }
  }

  private func details(_ created: RunCreated) -> String {
    "\(TerminalText.escaped(created.runID)) by flow \(TerminalText.escaped(created.programVersion)), "
      + "policy \(created.policyVersion), seed \(created.seed), jobs \(created.jobs), "
      + "definition of \(created.definitionByteCount) bytes from "
      + TerminalText.quoted(created.definitionFolder)
  }

  private func details(_ end: AttemptEnd, ofStep step: Int32) -> String {
    let cause =
      switch end.cause {
      case .byItself: "by itself"
      case .deadline: "at its deadline"
      case .stop: "stopped"
      case .force: "stopped by force"
      }
    let rest = "(\(cause)) after \(DurationText.of(microseconds: end.durationMicroseconds))"
    let remains =
      (end.stragglers > 0 ? "; \(end.stragglers) left over" : "")
      + (end.unkillable > 0 ? "; \(end.unkillable) cannot be killed" : "")
    return switch end.result {
    case .exited(let code): "exited \(code) \(rest)\(remains)"
    case .signalled(let signal):
      "was killed by \(StepWording.text(signal: signal)) \(rest)\(remains)"
    case .launchFailed(let failure): "was not started: \(wording.text(failure, ofStep: step))"
    case .lost: "was lost: nobody can say how it ended\(remains)"
    }
  }
}
