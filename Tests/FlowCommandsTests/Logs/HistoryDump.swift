import FlowCore

/// A history as text that says everything: each event with all its fields, then the state. It is
/// compared with what is committed beside a golden log.
enum HistoryDump {
  static func text(_ events: [Event], _ state: RunState?) -> String {
    let lines = events.map(line) + (state.map(lines(of:)) ?? ["no state"])
    return lines.map { $0 + "\n" }.joined()
  }

  private static func line(_ event: Event) -> String {
    let mark = event.startsWakeUp ? "*" : " "
    let moment = "\(event.moment.monotonic.microseconds) \(event.moment.wall.microseconds)"
    return "\(event.sequence) \(mark) \(moment) \(event.body.kind.name) \(fields(event.body))"
  }

  private static func fields(_ body: Event.Body) -> String {
    switch body {
    case .runCreated(let run):
      "\(run.runID) seed \(run.seed) policy \(run.policyVersion) program \(run.programVersion)"
        + " jobs \(run.jobs) folder \(run.definitionFolder) bytes \(run.definitionByteCount)"
    case .definitionPart(let bytes): "\(bytes.count) bytes, hash \(hash(bytes))"
    case .engineStarted(let engine):
      "life \(engine.life) process \(engine.processID) boot \(engine.host.bootID)"
        + " mount \(engine.host.mountID) namespace \(engine.host.processNamespace)"
    case .attemptLaunched(let attempt, let processID): "\(name(attempt)) process \(processID)"
    case .attemptEnded(let attempt, let end): "\(name(attempt)) \(text(end))"
    case .deadlinePassed(let attempt), .attemptWithdrawn(let attempt),
      .attemptScheduled(let attempt), .rerunScheduled(let attempt), .probeScheduled(let attempt):
      name(attempt)
    case .cancelRequested(let request): "request \(request.id) force \(request.force)"
    case .timerFired(.retry(let step)): "retry \(step)"
    case .timerFired(.runTimeout): "runTimeout"
    case .attemptFound(let attempt, .neverLaunched): "\(name(attempt)) neverLaunched"
    case .attemptFound(let attempt, .running(let processID, let microseconds)):
      "\(name(attempt)) running process \(processID) for \(microseconds)"
    case .clockJumped(let microseconds): "\(microseconds)"
    case .roomReturned(let microseconds): "\(microseconds)"
    case .runReopened(let requests): "ignoring \(requests)"
    case .retryScheduled(let attempt, let delay): "\(name(attempt)) delay \(delay)"
    case .stopRequested(let attempt, let force): "\(name(attempt)) force \(force)"
    case .stepFinished(let step, let outcome): "\(step) \(outcome)"
    case .stepSkipped(let step, .need(let need)): "\(step) need \(need)"
    case .stepSkipped(let step, .runStopping): "\(step) runStopping"
    case .runStopping(.cancelled): "cancelled"
    case .runStopping(.timedOut): "timedOut"
    case .runStopping(.failFast(let step)): "failFast \(step)"
    case .runFinished(let outcome): "\(outcome)"
    }
  }

  private static func name(_ attempt: AttemptID) -> String { "\(attempt.step)#\(attempt.number)" }

  private static func text(_ end: AttemptEnd) -> String {
    let result =
      switch end.result {
      case .exited(let code): "exited \(code)"
      case .signalled(let signal): "signalled \(signal)"
      case .launchFailed(let failure): "launchFailed \(failure.operation) \(failure.errno)"
      case .lost: "lost"
      }
    return "\(result) cause \(end.cause) duration \(end.durationMicroseconds)"
      + " cpu \(end.cpuMicroseconds) memory \(end.peakMemoryKibibytes)"
      + " stragglers \(end.stragglers) unkillable \(end.unkillable)"
  }

  private static func lines(of state: RunState) -> [String] {
    let steps = state.steps.enumerated().map { index, step in
      "\(state.definition.steps[index].id): \(step.phase) attempt \(step.attempt)"
        + " failures \(step.failures) losses \(step.losses)"
    }
    return ["state after \(state.lastSequence): \(state.phase), life \(state.lives)"] + steps
  }

  /// 64-bit FNV-1a.
  private static func hash(_ bytes: [UInt8]) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return String(hash, radix: 16)
  }
}
