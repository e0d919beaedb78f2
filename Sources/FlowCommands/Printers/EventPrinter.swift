package import FlowCore

/// What `flow events` prints: one line an event.
package struct EventPrinter: Sendable {
  private let runID: String
  private let wording: StepWording

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

  private func details(_ body: Event.Body) -> String {
    switch body {
    case .runCreated(let created): return details(created)
    case .definitionPart(let bytes): return "\(bytes.count) bytes"
    case .engineStarted(let engine):
      let boot = TerminalText.escaped(engine.bootID)
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
    case .timerFired(.retry(let step)): return "retry of \(wording.id(step))"
    case .timerFired(.runTimeout): return "timeout of the run"
    case .retryScheduled(let attempt, let delay):
      return "\(wording.name(attempt)) is followed by another in "
        + DurationText.of(milliseconds: delay)
    case .rerunScheduled(let attempt):
      return "\(wording.name(attempt)) is followed by another; its work may be done twice"
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
    return switch end.result {
    case .exited(let code): "exited \(code) \(rest)"
    case .signalled(let signal): "was killed by \(StepWording.text(signal: signal)) \(rest)"
    case .launchFailed(let failure): "was not started: \(wording.text(failure, ofStep: step))"
    case .lost: "was lost: nobody can say how it ended"
    }
  }

  // MARK: JSON

  /// `{"sequence","id","time","monotonicUs","kind"`, then what the kind has`}`, and a line feed.
  /// Numbers that need more than 53 bits (seeds, request ids) are strings: many readers of JSON
  /// hold every number as a double.
  package func json(_ event: Event) -> String {
    var json = JSONWriter()
    json.object { json in
      json.member("sequence", event.sequence)
      json.member("id", "\(runID):\(event.sequence)")
      json.member("time", event.moment.wall)
      json.member("monotonicUs", event.moment.monotonic.microseconds)
      json.member("kind", event.body.kind.name)
      write(event.body, to: &json)
    }
    json.endLine()
    return json.take()
  }

  private func write(_ body: Event.Body, to json: inout JSONWriter) {
    switch body {
    case .runCreated(let created): write(created, to: &json)
    case .definitionPart(let bytes): json.member("byteCount", bytes.count)
    case .engineStarted(let engine):
      json.member("life", engine.life)
      json.member("processId", engine.processID)
      json.member("bootId", engine.bootID)
    case .attemptLaunched(let attempt, let processID):
      write(attempt, to: &json)
      json.member("processId", processID)
    case .attemptEnded(let attempt, let end):
      write(attempt, to: &json)
      write(end, to: &json)
    case .deadlinePassed(let attempt), .attemptWithdrawn(let attempt),
      .attemptScheduled(let attempt), .rerunScheduled(let attempt):
      write(attempt, to: &json)
    case .cancelRequested(let request):
      json.member("requestId", String(request.id))
      json.member("force", request.force)
    case .timerFired(let timer): write(timer, to: &json)
    case .retryScheduled(let attempt, let delay):
      write(attempt, to: &json)
      json.member("delayMs", delay)
    case .stopRequested(let attempt, let force):
      write(attempt, to: &json)
      json.member("force", force)
    case .stepFinished(let step, let outcome):
      json.member("step", wording.id(step))
      json.member("outcome", "\(outcome)")
    case .stepSkipped(let step, let reason):
      json.member("step", wording.id(step))
      write(reason, to: &json)
    case .runStopping(let reason): write(reason, to: &json)
    case .runFinished(let outcome): json.member("outcome", "\(outcome)")
    }
  }

  private func write(_ created: RunCreated, to json: inout JSONWriter) {
    json.member("runId", created.runID)
    json.member("seed", String(created.seed))
    json.member("policyVersion", created.policyVersion)
    json.member("programVersion", created.programVersion)
    json.member("jobs", created.jobs)
    json.member("definitionFolder", created.definitionFolder)
    json.member("definitionByteCount", created.definitionByteCount)
  }

  private func write(_ attempt: AttemptID, to json: inout JSONWriter) {
    json.member("step", wording.id(attempt.step))
    json.member("attempt", attempt.number)
  }

  private func write(_ end: AttemptEnd, to json: inout JSONWriter) {
    json.member("outcome", AttemptOutcome(end).rawValue)
    json.member("cause", "\(end.cause)")
    json.member("exitCode", end.exitCode)
    json.member("signal", end.signal)
    json.member("failedOperation", end.launchFailure.map { "\($0.operation)" })
    json.member("errno", end.launchFailure?.errno)
    json.member("durationUs", end.durationMicroseconds)
  }

  private func write(_ timer: TimerID, to json: inout JSONWriter) {
    switch timer {
    case .retry(let step):
      json.member("timer", "retry")
      json.member("step", wording.id(step))
    case .runTimeout:
      json.member("timer", "runTimeout")
      json.member("step", String?.none)
    }
  }

  private func write(_ reason: SkipReason, to json: inout JSONWriter) {
    switch reason {
    case .need(let need):
      json.member("reason", "need")
      json.member("need", wording.id(need))
    case .runStopping:
      json.member("reason", "runStopping")
      json.member("need", String?.none)
    }
  }

  private func write(_ reason: StopReason, to json: inout JSONWriter) {
    switch reason {
    case .cancelled: json.member("reason", "cancelled")
    case .timedOut: json.member("reason", "timedOut")
    case .failFast: json.member("reason", "failFast")
    }
    if case .failFast(let step) = reason {
      json.member("step", wording.id(step))
    } else {
      json.member("step", String?.none)
    }
  }
}
