import FlowCore

/// A history as text that says everything: each event with all its fields, then the state. It is
/// compared with the text beside a golden log, which never changes: so the words are written out here,
/// and renaming a Swift type or case changes none of them.
enum HistoryDump {
  static func text(_ events: [Event], _ state: RunState?) -> String {
    let lines = events.map(line) + (state.map(lines(of:)) ?? ["no state"])
    return lines.map { $0 + "\n" }.joined()
  }

  private static func line(_ event: Event) -> String {
    let mark = event.startsWakeUp ? "*" : " "
    let moment = "\(event.moment.monotonic.microseconds) \(event.moment.wall.microseconds)"
    return "\(event.sequence) \(mark) \(moment) \(name(event.body.kind)) \(fields(event.body))"
  }

  private static func fields(_ body: Event.Body) -> String {
    switch body {
    case .runCreated(let run):
      "\(run.runID) seed \(run.seed) policy \(run.policyVersion) program \(run.programVersion)"
        + " jobs \(run.jobs) folder \(run.definitionFolder) bytes \(run.definitionByteCount)"
        + (run.group.map { " group \($0) \(run.onConflict.rawValue)" } ?? "")
        + run.parameters.map { " \($0.name)=\($0.texts)" }.joined()
        + (run.unselected.isEmpty ? "" : " without \(Array(run.unselected.steps))")
        + (run.syncsWork ? " syncs work" : "")
        + (run.ignoresResults ? " ignores results" : "")
        + (run.previousOutcome.map { " after \($0.rawValue)" } ?? "")
    case .definitionPart(let bytes): "\(bytes.count) bytes, hash \(hash(bytes))"
    case .engineStarted(let engine):
      "life \(engine.life) process \(engine.processID) boot \(engine.host.bootID)"
        + " mount \(engine.host.mountID) namespace \(engine.host.processNamespace)"
    case .attemptLaunched(let attempt, let processID): "\(name(attempt)) process \(processID)"
    case .attemptEnded(let attempt, let end): "\(name(attempt)) \(text(end))"
    case .outputsPublished(let attempt, let parts):
      "\(name(attempt)) "
        + parts.map { "\($0.output)=\(String(decoding: $0.bytes, as: UTF8.self))" }
        .joined(separator: " ")
    case .deadlinePassed(let attempt), .attemptWithdrawn(let attempt),
      .attemptScheduled(let attempt), .rerunScheduled(let attempt), .probeScheduled(let attempt),
      .publishScheduled(let attempt, _):
      name(attempt)
    case .asked(let step): "\(step)"
    case .answered(let step, let answer):
      "\(step) \(word(answer.verdict)) of \(answer.asked) request \(answer.id) user \(answer.userID)"
        + " at \(answer.givenAt.microseconds) note \(answer.note)"
        + answer.values.map { " \($0.output)=\(String(decoding: $0.bytes, as: UTF8.self))" }
        .joined()
    case .cancelRequested(let request): "request \(request.id) force \(word(request.force))"
    case .timerFired(.retry(let step)): "retry \(step)"
    case .timerFired(.runTimeout): "runTimeout"
    case .timerFired(.question(let step)): "question \(step)"
    case .timerFired(.slow(let step)): "slow \(step)"
    case .timerFired(.launchPause): "launchPause"
    case .attemptFound(let attempt, .neverLaunched): "\(name(attempt)) neverLaunched"
    case .attemptFound(let attempt, .running(let processID, let microseconds)):
      "\(name(attempt)) running process \(processID) for \(microseconds)"
    case .attemptFound(let attempt, .unsynced): "\(name(attempt)) unsynced"
    case .clockJumped(let microseconds): "\(microseconds)"
    case .workSynced(let sequence, let failure):
      "through \(sequence)\(failure.map { " error \($0)" } ?? "")"
    case .roomReturned(let microseconds, let shortage):
      "\(microseconds)\(shortage == .space ? "" : " of \(shortage)")"
    case .runReopened(let requests, let scope):
      "ignoring [\(requests.map { String($0) }.joined(separator: ", "))]"
        + (scope == .unsuccessful ? "" : " scope \(word(scope))")
    case .retryScheduled(let attempt, let delay): "\(name(attempt)) delay \(delay)"
    case .stopRequested(let attempt, let force): "\(name(attempt)) force \(word(force))"
    case .stepExpanded(let step, .children(let count, let added)): "\(step) \(count) added \(added)"
    case .stepExpanded(let step, .fault(let fault)):
      "\(step) fault \(fault.kind.rawValue) at \(fault.place)"
    case .stepFinished(let step, let outcome): "\(step) \(word(outcome))"
    case .stepSkipped(let step, .need(let need)): "\(step) need \(need)"
    case .stepSkipped(let step, .runStopping): "\(step) runStopping"
    case .stepSkipped(let step, .notSelected): "\(step) notSelected"
    case .stepSkipped(let step, .nothingFailed): "\(step) nothingFailed"
    case .stepSkipped(let step, .nothingToTell): "\(step) nothingToTell"
    case .stepSkipped(let step, .noItems): "\(step) noItems"
    case .stepSkipped(let step, .removed): "\(step) removed"
    case .stepSkipped(let step, .siblingsFailed): "\(step) siblingsFailed"
    case .stepSkipped(let step, .condition(let inputs)):
      "\(step) condition \(inputs.map { "\($0.name)=\($0.value)" }.joined(separator: " "))"
    case .runStopping(.cancelled): "cancelled"
    case .runStopping(.timedOut): "timedOut"
    case .runStopping(.workNotSynced): "workNotSynced"
    case .runStopping(.workLost): "workLost"
    case .runStopping(.failFast(let step)): "failFast \(step)"
    case .runConcluding(let outcome), .runConcluded(let outcome), .runFinished(let outcome):
      word(outcome)
    }
  }

  private static func name(_ attempt: AttemptID) -> String { "\(attempt.step)#\(attempt.number)" }

  private static func text(_ end: AttemptEnd) -> String {
    let result =
      switch end.result {
      case .exited(let code): "exited \(code)"
      case .signalled(let signal): "signalled \(signal)"
      case .launchFailed(let failure):
        "launchFailed \(word(failure.operation)) \(failure.errno)"
          + (failure.secret.map { " secret \($0)" } ?? "")
          + (failure.fault.map { " fault \($0.rawValue)" } ?? "")
      case .lost: "lost"
      }
    return "\(result) cause \(word(end.cause)) duration \(end.durationMicroseconds)"
      + " cpu \(end.cpuMicroseconds) memory \(end.peakMemoryKibibytes)"
      + " stragglers \(end.stragglers) unkillable \(end.unkillable)"
      + (end.wasInterrupted ? " interrupted" : "")
      + (end.shellSignal.map { " shellSignal \($0)" } ?? "")
      + (end.output.isUnscrubbed ? " unscrubbed" : "")
      + (end.look.map { " cache \($0)" } ?? "")
      + (end.refusal.map { " refused \($0.fault.rawValue) \($0.name)" } ?? "")
  }

  private static func lines(of state: RunState) -> [String] {
    let steps = state.steps.enumerated().map { index, step in
      "\(state.definition.steps[index].id): \(word(step.phase)) attempt \(step.attempt)"
        + " failures \(step.failures) losses \(step.losses)"
    }
    return ["state after \(state.lastSequence): \(word(state.phase)), life \(state.lives)"] + steps
  }

  // MARK: Words of version 1

  /// The texts were first printed from Swift's own descriptions: some carry the names that the types
  /// had then.
  private static func word(_ phase: RunState.Phase) -> String {
    switch phase {
    case .running: "running"
    case .stopping(.cancelled): "stopping(FlowCore.StopReason.cancelled)"
    case .stopping(.timedOut): "stopping(FlowCore.StopReason.timedOut)"
    case .stopping(.workNotSynced): "stopping(workNotSynced)"
    case .stopping(.workLost): "stopping(workLost)"
    case .stopping(.failFast(let step)): "stopping(FlowCore.StopReason.failFast(step: \(step)))"
    case .concluding(let outcome): "concluding(\(word(outcome)))"
    case .concluded(let outcome): "concluded(\(word(outcome)))"
    case .finished(let outcome): "finished(FlowCore.RunOutcome.\(word(outcome)))"
    }
  }

  private static func word(_ phase: StepLifecycle.Phase) -> String {
    switch phase {
    case .waiting(let unmetNeeds): "waiting(unmetNeeds: \(unmetNeeds))"
    case .ready: "ready"
    case .starting: "starting"
    case .running: "running"
    case .stopping: "stopping"
    case .backingOff: "backingOff"
    case .asking: "asking"
    case .expanded: "expanded"
    case .succeeded: "succeeded"
    case .failed: "failed"
    case .skipped: "skipped"
    case .cancelled: "cancelled"
    // They last no longer than a wake-up, and a commit ends with one.
    case .ended, .answered, .doomed: "undecided"
    }
  }

  private static func word(_ scope: ReopenScope) -> String {
    let name =
      switch (scope.named, scope.takesDependents) {
      case (nil, false): "unsuccessful"
      case (nil, true): "withDependents"
      case (let steps?, false): "only \(Array(steps.steps))"
      case (let steps?, true): "from \(Array(steps.steps))"
      }
    return name + (scope.holdsOrder ? " in order" : "")
  }

  private static func word(_ verdict: Verdict) -> String {
    switch verdict {
    case .approved: "approved"
    case .rejected: "rejected"
    }
  }

  private static func word(_ flag: Bool) -> String { flag ? "true" : "false" }

  private static func word(_ outcome: RunOutcome) -> String {
    switch outcome {
    case .succeeded: "succeeded"
    case .failed: "failed"
    case .cancelled: "cancelled"
    }
  }

  private static func word(_ outcome: StepOutcome) -> String {
    switch outcome {
    case .succeeded: "succeeded"
    case .failed: "failed"
    case .cancelled: "cancelled"
    }
  }

  private static func word(_ cause: AttemptEnd.Cause) -> String {
    switch cause {
    case .byItself: "byItself"
    case .deadline: "deadline"
    case .stop: "stop"
    case .force: "force"
    }
  }

  private static func word(_ operation: LaunchFailure.Operation) -> String {
    switch operation {
    case .createOutput: "createOutput"
    case .changeDirectory: "changeDirectory"
    case .execute: "execute"
    case .createRecord: "createRecord"
    case .fork: "fork"
    case .makeSecret: "makeSecret"
    case .readSecret: "readSecret"
    case .useSecret: "useSecret"
    case .makeOutputs: "makeOutputs"
    case .makeInputs: "makeInputs"
    case .makeStage: "makeStage"
    case .useFiles: "useFiles"
    }
  }

  private static func name(_ kind: EventKind) -> String {
    switch kind {
    case .runCreated: "runCreated"
    case .definitionPart: "definitionPart"
    case .engineStarted: "engineStarted"
    case .attemptLaunched: "attemptLaunched"
    case .deadlinePassed: "deadlinePassed"
    case .attemptEnded: "attemptEnded"
    case .attemptWithdrawn: "attemptWithdrawn"
    case .outputsPublished: "outputsPublished"
    case .cancelRequested: "cancelRequested"
    case .answered: "answered"
    case .asked: "asked"
    case .stepExpanded: "stepExpanded"
    case .timerFired: "timerFired"
    case .attemptFound: "attemptFound"
    case .clockJumped: "clockJumped"
    case .roomReturned: "roomReturned"
    case .workSynced: "workSynced"
    case .runReopened: "runReopened"
    case .attemptScheduled: "attemptScheduled"
    case .retryScheduled: "retryScheduled"
    case .rerunScheduled: "rerunScheduled"
    case .stopRequested: "stopRequested"
    case .stepFinished: "stepFinished"
    case .stepSkipped: "stepSkipped"
    case .runStopping: "runStopping"
    case .runConcluding: "runConcluding"
    case .runConcluded: "runConcluded"
    case .runFinished: "runFinished"
    case .probeScheduled: "probeScheduled"
    case .publishScheduled: "publishScheduled"
    }
  }

  /// 64-bit FNV-1a.
  private static func hash(_ bytes: [UInt8]) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return String(hash, radix: 16)
  }
}
