package import FlowCore

/// Events in words, as a timeline shows them. An attempt is `step#number`.
package struct EventWording: Sendable {
  private let definition: WorkflowDefinition

  package init(_ definition: WorkflowDefinition) {
    self.definition = definition
  }

  package func text(_ body: Event.Body) -> String {
    switch body {
    case .runCreated(let created): "run \(created.runID) created, jobs \(created.jobs)"
    case .definitionPart(let bytes): "\(bytes.count) bytes of the definition"
    case .engineStarted(let engine): "engine started, life \(engine.life)"
    case .attemptLaunched(let attempt, let processID): "\(text(attempt)) runs as \(processID)"
    case .deadlinePassed(let attempt): "\(text(attempt)) passed its deadline"
    case .attemptEnded(let attempt, let end): "\(text(attempt)) ended: \(Self.text(end))"
    case .attemptWithdrawn(let attempt): "\(text(attempt)) withdrawn"
    case .cancelRequested(let request):
      "cancel \(request.id) requested\(request.force ? ", without grace" : "")"
    case .timerFired(.retry(let step)): "\(id(step)): its delay is over"
    case .timerFired(.runTimeout): "the run's time is over"
    case .attemptFound(let attempt, .neverLaunched): "\(text(attempt)) was never launched"
    case .attemptFound(let attempt, .running(let processID, _)):
      "\(text(attempt)) still runs as \(processID)"
    case .clockJumped(let microseconds): "wall time jumped by \(microseconds / 1_000) ms"
    case .roomReturned(let microseconds):
      "the disk has room again, after \(microseconds / 1_000) ms"
    case .runReopened: "run reopened"
    case .probeScheduled(let attempt): "\(text(attempt)) to be asked for by its probe"
    case .attemptScheduled(let attempt): "\(text(attempt)) to be launched"
    case .retryScheduled(let attempt, let delay):
      "\(text(attempt)) to be tried again in \(delay) ms"
    case .rerunScheduled(let attempt): "\(text(attempt)) to be run again"
    case .stopRequested(let attempt, let force):
      "\(text(attempt)) to be \(force ? "killed" : "stopped")"
    case .stepFinished(let step, let outcome): "\(id(step)) \(outcome)"
    case .stepSkipped(let step, .need(let need)): "\(id(step)) skipped for \(id(need))"
    case .stepSkipped(let step, .runStopping): "\(id(step)) skipped, the run stops"
    case .runStopping(.cancelled): "the run stops: cancelled"
    case .runStopping(.timedOut): "the run stops: timed out"
    case .runStopping(.failFast(let step)): "the run stops: \(id(step)) failed"
    case .runFinished(let outcome): "run \(outcome)"
    }
  }

  package func text(_ attempt: AttemptID) -> String { "\(id(attempt.step))#\(attempt.number)" }

  package static func text(_ end: AttemptEnd) -> String {
    let cause =
      switch end.cause {
      case .byItself: ""
      case .deadline: ", for its deadline"
      case .stop: ", when stopped"
      case .force: ", when killed"
      }
    switch end.result {
    case .exited(let code): return "exit \(code)\(cause)"
    case .signalled(let signal): return "signal \(signal)\(cause)"
    case .launchFailed(let failure): return "not started (\(failure.operation) \(failure.errno))"
    case .lost: return "lost"
    }
  }

  private func id(_ step: Int32) -> String {
    definition.steps.indices.contains(Int(step))
      ? definition.steps[Int(step)].id : "step \(step)"
  }
}
