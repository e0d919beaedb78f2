import FlowCore

extension WorldFate {
  /// Compares what happened in a world with what the history says of it.
  ///
  /// - Parameters:
  ///   - events: the whole history.
  ///   - definition: with all children that the run can have. What happens to one counts for the step of which
  ///     it is a copy.
  ///   - patience: how long a command hangs until it is killed, in microseconds.
  init(
    _ outcome: RunOutcome, microseconds: Int64, _ ledger: Ledger, _ events: [Event],
    of definition: WorkflowDefinition, patience: Int64
  ) {
    let stepCount = definition.steps.count
    let recorded = RecordedFates(events, stepCount: stepCount)
    var entries = [[Ledger.Entry]](repeating: [], count: stepCount)
    for entry in ledger.entries where !entry.isProbe && entry.isStarted {
      entries[Int(entry.attempt.step)].append(entry)
    }
    var causes = CauseCounts()
    for mishap in ledger.mishaps { causes[mishap.cause] += 1 }
    var fates = (0..<definition.firstChild).map(StepFate.init)
    for step in entries.indices {
      let own = definition.child(step).map { Int($0.step) } ?? step
      var fate = StepFate(step: own)
      fate.failure = recorded.failures[step]
      fate.retries = recorded.retries[step]
      fate.read(entries[step], recorded, ledger, patience)
      fates[own].add(fate)
    }
    self.init(
      outcome: outcome, microseconds: microseconds, steps: fates.filter { !$0.isUneventful },
      causes: causes, survivors: recorded.survivors, isTimedOut: recorded.isTimedOut)
  }
}

extension StepFate {
  /// That of another child of the same step.
  fileprivate mutating func add(_ other: StepFate) {
    repetitions += other.repetitions
    losses += other.losses
    lostMicroseconds += other.lostMicroseconds
    hangs += other.hangs
    retries += other.retries
    failure = failure ?? other.failure
    failedThoughDone = failedThoughDone || other.failedThoughDone
  }

  /// - Parameter entries: the starts of the step's command, in order.
  fileprivate mutating func read(
    _ entries: [Ledger.Entry], _ recorded: RecordedFates, _ ledger: Ledger, _ patience: Int64
  ) {
    for (index, entry) in entries.enumerated() {
      let duration = entry.commandMicroseconds
      if entry.result == .signalled(signal: 9), duration >= patience { hangs += 1 }
      guard recorded.lost.contains(entry.attempt) else { continue }
      let hadSucceeded = entry.result == .exited(code: 0)
      losses += 1
      guard index + 1 < entries.count else {
        // Of a step that succeeded all the same, since its probe says so, nothing is lost.
        if !recorded.succeeded[step] { lostMicroseconds += duration }
        failedThoughDone = failure == .loss && hadSucceeded
        continue
      }
      lostMicroseconds += duration
      repetitions.append(
        Repetition(
          ledger.cause(of: entry, before: entries[index + 1]), hadSucceeded: hadSucceeded))
    }
  }
}

extension Ledger {
  /// Why an attempt was lost that another one followed.
  fileprivate func cause(of entry: Entry, before next: Entry) -> HazardCause {
    if entry.lostPower { return .powerLoss }
    if entry.wasMonitorKilled { return .monitorKilled }
    return mishaps.last { $0.time <= next.forkedAt }?.cause ?? .other
  }
}

extension Ledger.Entry {
  /// How long the command ran.
  fileprivate var commandMicroseconds: Int64 {
    guard let startedAt, let endedAt else { return 0 }
    return endedAt.microseconds - startedAt.microseconds
  }
}

/// What the history says of attempts and steps.
private struct RecordedFates {
  /// Attempts of which it does not know how they ended.
  var lost: Set<AttemptID> = []
  /// By step.
  var succeeded: [Bool]
  var failures: [StepFate.Failure?]
  var retries: [Int]
  /// Attempts that a new engine found running.
  var survivors = 0
  var isTimedOut = false

  init(_ events: [Event], stepCount: Int) {
    succeeded = [Bool](repeating: false, count: stepCount)
    failures = [StepFate.Failure?](repeating: nil, count: stepCount)
    retries = [Int](repeating: 0, count: stepCount)
    // Whether a step was last heard of as lost: its own failures do not count then, nor its
    // probe's.
    var isLost = succeeded
    for event in events {
      switch event.body {
      case .attemptEnded(let attempt, let end):
        if end.result == .lost || end.wasInterrupted {
          lost.insert(attempt)
          isLost[Int(attempt.step)] = true
        }
      case .runStopping(.timedOut): isTimedOut = true
      case .attemptFound(_, .running): survivors += 1
      case .retryScheduled(let attempt, _): retries[Int(attempt.step)] += 1
      case .rerunScheduled(let attempt): isLost[Int(attempt.step)] = false
      case .stepFinished(let step, .succeeded): succeeded[Int(step)] = true
      case .stepFinished(let step, .failed):
        failures[Int(step)] = isLost[Int(step)] ? .loss : .command
      default: break
      }
    }
  }
}
