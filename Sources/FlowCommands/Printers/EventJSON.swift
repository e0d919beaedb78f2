import FlowCommandLine
package import FlowCore

extension EventPrinter {
  /// `{"sequence","id","time","monotonicUs","kind"`, then what the kind has`}`, and a line feed.
  /// Numbers that need more than 53 bits (seeds, request ids) are strings: many readers of JSON
  /// hold every number as a double.
  package func json(_ event: Event) -> String {
    var json = JSONWriter()
    write(event, to: &json)
    json.endLine()
    return json.take()
  }

  func write(_ event: Event, to json: inout JSONWriter) {
    json.object { json in
      json.member("sequence", event.sequence)
      json.member("id", "\(runID):\(event.sequence)")
      json.member("time", event.moment.wall)
      json.member("monotonicUs", event.moment.monotonic.microseconds)
      write(kindOf: event.body, to: &json)
    }
  }

  /// The members from `kind` on: after it the step and the attempt that the event is about, and
  /// then what its kind has besides.
  func write(kindOf body: Event.Body, to json: inout JSONWriter) {
    json.member("kind", body.kind.name)
    if let step = body.step { json.member("step", words.id(step)) }
    if let attempt = body.attempt { json.member("attempt", attempt.number) }
    write(body, to: &json)
  }

  private func write(_ body: Event.Body, to json: inout JSONWriter) {
    switch body {
    case .runCreated(let created): write(created, to: &json)
    case .definitionPart(let bytes): json.member("byteCount", bytes.count)
    case .engineStarted(let engine):
      json.member("life", engine.life)
      json.member("processId", engine.processID)
      json.member("bootId", engine.host.bootID)
    case .attemptLaunched(_, let processID): json.member("processId", processID)
    case .attemptEnded(_, let end): write(end, to: &json)
    case .outputsPublished(let attempt, let parts): write(parts, ofStep: attempt.step, to: &json)
    case .cancelRequested(let request):
      json.member("requestId", String(request.id))
      json.member("force", request.force)
    case .answered(let step, let answer):
      json.member("requestId", String(answer.id))
      json.member("asked", answer.asked)
      json.write(answer)
      if !answer.values.isEmpty { write(answer.values, ofStep: step, to: &json) }
    case .timerFired(.retry): json.member("timer", "retry")
    case .timerFired(.question): json.member("timer", "question")
    case .timerFired(.slow): json.member("timer", "slow")
    case .timerFired(.runTimeout):
      json.member("step", String?.none)
      json.member("timer", "runTimeout")
    case .timerFired(.launchPause):
      json.member("step", String?.none)
      json.member("timer", "launchPause")
    case .attemptFound(_, .unsynced): json.member("found", "unsynced")
    case .attemptFound(_, .neverLaunched): json.member("found", "neverLaunched")
    case .attemptFound(_, .running(let processID, let microseconds)):
      json.member("found", "running")
      json.member("processId", processID)
      json.member("runningUs", microseconds)
    case .clockJumped(let microseconds): json.member("byUs", microseconds)
    case .roomReturned(let microseconds, let shortage):
      json.member("of", "\(shortage)")
      json.member("waitedUs", microseconds)
    case .workSynced(let sequence, let failure):
      json.member("through", sequence)
      json.member("error", failure.map(words.systemError))
    case .runReopened(let requests, let scope):
      json.member("ignoredRequests", requests.count)
      json.member("scope", scope.name)
      if let steps = scope.named {
        json.key("steps")
        json.array { json in for step in steps.steps { json.string(words.id(step)) } }
      }
    case .retryScheduled(_, let delay): json.member("delayMs", delay)
    case .publishScheduled(_, let completes): json.member("completes", completes)
    case .stopRequested(_, let force): json.member("force", force)
    case .stepExpanded(_, .children(let count, let added)):
      json.member("items", count)
      json.member("added", added)
    case .stepExpanded(let step, .fault(let fault)):
      json.member("fault", "\(fault.kind)")
      json.member("place", fault.place)
      json.member("error", words.text(fault, ofStep: step))
    case .stepFinished(_, let outcome): json.member("outcome", "\(outcome)")
    case .stepSkipped(_, let reason): write(reason, to: &json)
    case .runStopping(let reason): Self.write(reason, words, to: &json)
    case .runConcluding(let outcome), .runConcluded(let outcome), .runFinished(let outcome):
      json.member("outcome", "\(outcome)")
    // Other kinds have only their step or attempt.
    default: break
    }
  }

  private func write(_ parts: [OutputPart], ofStep step: Int32, to json: inout JSONWriter) {
    json.key("outputs")
    json.array { json in
      for part in parts {
        json.object { json in
          json.member("name", words.outputName(part.output, ofStep: step))
          OutputJSON.writeValue(part.bytes, to: &json)
        }
      }
    }
  }

  private func write(_ created: RunCreated, to json: inout JSONWriter) {
    json.member("runId", created.runID)
    json.member("seed", String(created.seed))
    json.member("policyVersion", created.policyVersion)
    json.member("programVersion", created.programVersion)
    json.member("jobs", created.jobs)
    json.member("definitionFolder", created.definitionFolder)
    if let file = created.definitionFile { json.member("definitionFile", file) }
    json.member("definitionByteCount", created.definitionByteCount)
    if let group = created.group {
      json.member("group", group)
      json.member("onConflict", "\(created.onConflict)")
    }
    if !created.parameters.isEmpty {
      json.key("parameters")
      // The definition comes in later events.
      ParameterPrinter.write(created.parameters, of: nil, to: &json)
    }
    // Each has an event of its own, with its id.
    if !created.unselected.isEmpty { json.member("unselectedSteps", created.unselected.count) }
    if !created.items.isEmpty {
      json.member("namedItems", created.items.reduce(0) { $0 + $1.named.count })
    }
    if let outcome = created.previousOutcome { json.member("previousOutcome", "\(outcome)") }
    if created.syncsWork { json.member("syncsWork", true) }
    if created.ignoresResults { json.member("ignoresResults", true) }
  }

  private func write(_ end: AttemptEnd, to json: inout JSONWriter) {
    json.member("outcome", AttemptOutcome(end).rawValue)
    json.member("cause", "\(end.cause)")
    json.member("exitCode", end.exitCode)
    json.member("signal", end.signal)
    json.member("failedOperation", end.launchFailure.map { "\($0.operation)" })
    json.member("errno", end.launchFailure?.errno)
    if let secret = end.launchFailure?.secret { json.member("secret", secret) }
    json.member("durationUs", end.durationMicroseconds)
    json.member("cpuUs", end.cpuMicroseconds)
    json.member("peakMemoryKiB", end.peakMemoryKibibytes)
    json.member("stragglers", end.stragglers)
    json.member("unkillable", end.unkillable)
    if let signal = end.shellSignal { json.member("shellSignal", signal) }
    OutputJSON.write(end.output, to: &json)
    OutputJSON.writeFindings(end, to: &json)
  }

  /// `"reason","need"`, and for a condition the `"values"` that it asked for.
  func write(_ reason: SkipReason, to json: inout JSONWriter) {
    switch reason {
    case .need(let need):
      json.member("reason", "need")
      json.member("need", words.id(need))
    case .runStopping:
      json.member("reason", "runStopping")
      json.member("need", String?.none)
    case .notSelected:
      json.member("reason", "notSelected")
      json.member("need", String?.none)
    case .nothingFailed:
      json.member("reason", "nothingFailed")
      json.member("need", String?.none)
    case .nothingToTell:
      json.member("reason", "nothingToTell")
      json.member("need", String?.none)
    case .noItems, .removed, .siblingsFailed:
      json.member("reason", "\(reason)")
      json.member("need", String?.none)
    case .condition(let inputs):
      json.member("reason", "condition")
      json.member("need", String?.none)
      json.values(inputs)
    }
  }

  /// `"reason","step"`, which is null unless a step is to blame.
  static func write(_ reason: StopReason, _ words: EventWording, to json: inout JSONWriter) {
    switch reason {
    case .cancelled: json.member("reason", "cancelled")
    case .timedOut: json.member("reason", "timedOut")
    case .failFast: json.member("reason", "failFast")
    case .workNotSynced: json.member("reason", "workNotSynced")
    case .workLost: json.member("reason", "workLost")
    }
    if case .failFast(let step) = reason {
      json.member("step", words.id(step))
    } else {
      json.member("step", String?.none)
    }
  }
}

/// What became of an attempt's output, as all documents have it.
enum OutputJSON {
  /// `"outputBytes"` where it was measured, `"discardedOutputBytes"`, `"diskWasFull"` and
  /// `"mayHoldSecrets"` where that is so.
  static func write(_ output: AttemptOutput, to json: inout JSONWriter) {
    if let count = output.byteCount { json.member("outputBytes", count) }
    writeLoss(output, to: &json)
  }

  /// Of an attempt whose outputs are not taken `"badOutput":{"name","fault"}`; of one that has looked for a former
  /// result `"reused":{"run","attempt"}` or `"notReused":{"reason","name","inputs","of","why"}`.
  static func writeFindings(_ end: AttemptEnd, to json: inout JSONWriter) {
    switch end.look {
    case nil: break
    case .hit(let run, let attempt):
      json.key("reused")
      json.object { json in
        json.member("run", run)
        json.member("attempt", attempt)
      }
    case .miss(let miss):
      json.key("notReused")
      json.object { json in
        json.member("reason", "\(miss.reason)")
        if !miss.name.isEmpty { json.member("name", miss.name) }
        if miss.count > 0 {
          json.member("inputs", miss.count)
          json.member("of", miss.total)
        }
        json.member("why", miss.description)
      }
    }
    guard let refusal = end.refusal else { return }
    json.key("badOutput")
    json.object { json in
      json.member("name", refusal.name)
      json.member("fault", "\(refusal.fault)")
    }
  }

  /// A longer value is given by its size; `flow logs --value` prints it.
  private static let mostBytes = 4 << 10

  /// `"value"`, or `"bytes"` of a long one.
  static func writeValue(_ value: [UInt8], to json: inout JSONWriter) {
    if value.count <= mostBytes {
      json.member("value", String(decoding: value, as: UTF8.self))
    } else {
      json.member("bytes", value.count)
    }
  }

  /// Only what is missing of it.
  static func writeLoss(_ output: AttemptOutput, to json: inout JSONWriter) {
    if output.discardedBytes > 0 { json.member("discardedOutputBytes", output.discardedBytes) }
    if output.wasDiskFull { json.member("diskWasFull", true) }
    if output.isUnscrubbed { json.member("mayHoldSecrets", true) }
  }
}

extension JSONWriter {
  /// `"outputValues":[{"name","type","value"}]`, what a step has put out; left out if that is nothing.
  mutating func outputValues(ofStep step: Int, _ state: RunState) {
    let values = state.outputs.values(ofStep: step, state.definition)
    if values.isEmpty { return }
    key("outputValues")
    array { json in
      for (output, value) in values {
        json.object { json in
          json.member("name", output.name)
          json.member("type", "\(output.type)")
          OutputJSON.writeValue(value, to: &json)
        }
      }
    }
  }
}

extension ReopenScope {
  /// For programs.
  fileprivate var name: String {
    switch (named == nil, takesDependents) {
    case (true, false): "unsuccessful"
    case (true, true): "withDependents"
    case (false, false): "only"
    case (false, true): "from"
    }
  }
}
