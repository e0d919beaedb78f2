import FlowCore

/// Effects and events in words, so that expectations read as a log does. An attempt is `step#number`.
struct Wording {
  let workflow: WorkflowDefinition

  func text(_ effect: Effect) -> String {
    switch effect {
    case .commit(let events): "commit: " + text(events).joined(separator: ", ")
    case .launch(let launch):
      "\(launch.task == .command ? "launch" : "\(launch.task)") \(text(launch.attempt))"
    case .stop(let attempt, let force): "\(force ? "kill" : "stop") \(text(attempt))"
    case .syncWork: "sync the work"
    case .finish(let outcome): "finish: \(outcome)"
    }
  }

  /// Without the definition and the event before it.
  func text(_ events: [Event]) -> [String] {
    events.filter { $0.body.kind != .runCreated && $0.body.kind != .definitionPart }
      .map { text($0.body) }
  }

  /// A notation that expectations can be written in: shorter than the words for people, but for delays
  /// and jumps, which it gives in full. What a test looks at elsewhere is left out. Kinds without a
  /// notation have the words for people.
  private func text(_ body: Event.Body) -> String {
    switch body {
    case .engineStarted(let engine): "engine \(engine.life)"
    case .attemptLaunched(let attempt, _): "launched \(text(attempt))"
    case .deadlinePassed(let attempt): "late \(text(attempt))"
    case .attemptEnded(let attempt, _): "ended \(text(attempt))"
    case .attemptWithdrawn(let attempt): "withdrawn \(text(attempt))"
    case .cancelRequested(let request): request.force ? "forced cancel" : "cancel"
    case .timerFired(.retry(let step)): "delay of \(id(step)) over"
    case .timerFired(.runTimeout): "run timeout"
    case .timerFired(.question(let step)): "time of \(id(step)) over"
    case .asked(let step): "\(id(step)) asks"
    case .answered(let step, let answer): "\(id(step)) \(answer.verdict)"
    case .timerFired(.slow(let step)): "the run is slow: \(id(step))"
    case .timerFired(.launchPause): "pause after an interruption is over"
    case .attemptFound(let attempt, .neverLaunched): "never launched \(text(attempt))"
    case .attemptFound(let attempt, .running): "still runs \(text(attempt))"
    case .clockJumped(let microseconds): "clock jumped \(microseconds / 1_000) ms"
    case .runReopened: "reopened"
    case .probeScheduled(let attempt): "ask for \(text(attempt))"
    case .publishScheduled(let attempt, let completes):
      "\(completes ? "complete" : "publish") \(text(attempt))"
    case .attemptScheduled(let attempt): "schedule \(text(attempt))"
    case .retryScheduled(let attempt, let delay): "retry \(text(attempt)) in \(delay) ms"
    case .rerunScheduled(let attempt): "rerun \(text(attempt))"
    case .stopRequested(let attempt, let force): "to \(force ? "kill" : "stop") \(text(attempt))"
    case .stepSkipped(let step, .need(let need)): "\(id(step)) skipped for \(id(need))"
    case .stepSkipped(let step, .runStopping): "\(id(step)) skipped"
    case .stepSkipped(let step, .notSelected): "\(id(step)) not selected"
    case .stepSkipped(let step, .nothingFailed): "\(id(step)) not needed"
    case .stepSkipped(let step, .nothingToTell): "\(id(step)) has nothing to tell"
    case .runConcluding(let outcome): "concluding: \(outcome)"
    case .runConcluded(let outcome): "concluded: \(outcome)"
    case .runStopping(.cancelled): "stopping: cancelled"
    case .runStopping(.timedOut): "stopping: timed out"
    case .runStopping(.failFast(let step)): "stopping: \(id(step)) failed"
    case .runStopping(.workLost): "stopping: work lost"
    default: words.text(body)
    }
  }

  private var words: EventWording { EventWording(workflow) { "error \($0)" } }

  private func text(_ attempt: AttemptID) -> String { words.name(attempt) }

  private func id(_ step: Int32) -> String { words.id(step) }
}
