/// A run's history as people ask about it: the state that `Replay` rebuilds, and besides it what
/// decisions do not need but readers do, such as when things happened and how each attempt ended.
package struct RunSummary: EventFold, Equatable, Sendable {
  private var replay = Replay()
  /// Nil before the first event, as are the times.
  package private(set) var runID: String?
  package private(set) var startedAt: WallTime?
  /// When the last event was recorded: until then, at least, an engine drove the run.
  package private(set) var lastEventAt: WallTime?
  /// Nil while the run has no end.
  package private(set) var finishedAt: WallTime?
  /// The process that drove the run last; whether it still does, no history can say.
  package private(set) var engine: EngineStarted?
  /// Why no more attempts were scheduled; nil where the run was left to come to its own end.
  package private(set) var stopReason: StopReason?

  private let keepsAllAttempts: Bool
  private var attempts: [StoredAttempt] = []
  /// By step: the place of its last attempt in `attempts`, or `none`.
  private var lastAttempt: [Int32] = []
  /// By step: the need that it was skipped for, or `none`.
  private var skippedFor: [Int32] = []

  private static let none: Int32 = -1

  /// An attempt in the one array for all steps: an array for each step would cost a million steps
  /// a million allocations.
  private struct StoredAttempt: Equatable, Sendable {
    /// The place of the step's attempt before, or `none`.
    let previous: Int32
    let number: Int32
    /// Whether it asked the step's probe.
    let isProbe: Bool
    var startedAt: WallTime?
    var end: AttemptEnd?
  }

  /// - Parameter keepsAllAttempts: whether to remember more than the last attempt of each step. If
  ///   not, what is kept does not grow with the history, but with the workflow alone.
  package init(keepsAllAttempts: Bool = true) {
    self.keepsAllAttempts = keepsAllAttempts
  }

  /// The state so far; nil before the definition is complete.
  package var state: RunState? { replay.state }

  /// Takes in the next event.
  ///
  /// - Throws: `HistoryError` where the event cannot follow; then the summary is of no more use.
  package mutating func apply(_ event: Event) throws(HistoryError) {
    try replay.apply(event)
    let wall = event.moment.wall
    lastEventAt = wall
    switch event.body {
    case .runCreated(let created):
      runID = created.runID
      startedAt = wall
    case .definitionPart:
      if lastAttempt.isEmpty, let count = replay.state?.steps.count {
        lastAttempt = Array(repeating: Self.none, count: count)
        skippedFor = lastAttempt
      }
    case .engineStarted(let engine): self.engine = engine
    case .attemptLaunched(let attempt, _): attempts[begin(attempt)].startedAt = wall
    case .attemptFound(let attempt, .running(_, let microseconds)):
      let place = begin(attempt)
      if attempts[place].startedAt == nil {
        attempts[place].startedAt = WallTime(microseconds: wall.microseconds &- microseconds)
      }
    case .runReopened: reopened()
    case .attemptEnded(let attempt, let end): ended(attempt, end, at: wall)
    case .stepSkipped(let step, .need(let need)): skippedFor[Int(step)] = need
    case .runStopping(let reason): stopReason = reason
    case .runFinished: finishedAt = wall
    case .deadlinePassed, .attemptWithdrawn, .attemptFound(_, .neverLaunched), .clockJumped,
      .roomReturned, .cancelRequested, .timerFired, .attemptScheduled, .retryScheduled,
      .rerunScheduled, .probeScheduled, .stopRequested, .stepFinished,
      .stepSkipped(_, .runStopping):
      break
    }
  }

  private mutating func reopened() {
    finishedAt = nil
    stopReason = nil
    for step in skippedFor.indices { skippedFor[step] = Self.none }
  }

  private mutating func ended(_ attempt: AttemptID, _ end: AttemptEnd, at wall: WallTime) {
    let place = begin(attempt)
    attempts[place].end = end
    // Whether a lost attempt was started at all is what nobody can say.
    if attempts[place].startedAt == nil && end.result != .lost {
      attempts[place].startedAt = WallTime(
        microseconds: wall.microseconds &- end.durationMicroseconds)
    }
  }

  /// The place of an attempt, which its first fact makes: an intent alone is no attempt yet.
  private mutating func begin(_ attempt: AttemptID) -> Int {
    let last = lastAttempt[Int(attempt.step)]
    if last != Self.none, attempts[Int(last)].number == attempt.number { return Int(last) }
    let isProbe = state?.steps[Int(attempt.step)].asksProbe == true
    if !keepsAllAttempts, last != Self.none {
      attempts[Int(last)] = StoredAttempt(
        previous: Self.none, number: attempt.number, isProbe: isProbe)
      return Int(last)
    }
    lastAttempt[Int(attempt.step)] = Int32(attempts.count)
    attempts.append(StoredAttempt(previous: last, number: attempt.number, isProbe: isProbe))
    return attempts.count - 1
  }
}

// MARK: Questions, where `state` is not nil

extension RunSummary {
  /// The attempts of a step, the first first; all must have been kept.
  package func attempts(ofStep step: Int) -> [AttemptSummary] {
    precondition(keepsAllAttempts, "the attempts before the last were not kept")
    var found: [AttemptSummary] = []
    var place = lastAttempt[step]
    while place != Self.none {
      let stored = attempts[Int(place)]
      found.append(AttemptSummary(stored.number, stored.isProbe, stored.startedAt, stored.end))
      place = stored.previous
    }
    found.reverse()
    return found
  }

  package func lastAttempt(ofStep step: Int) -> AttemptSummary? {
    let place = lastAttempt[step]
    if place == Self.none { return nil }
    let stored = attempts[Int(place)]
    return AttemptSummary(stored.number, stored.isProbe, stored.startedAt, stored.end)
  }

  /// The need for which a step was skipped; nil where it was not, or because the run stopped.
  package func skippedNeed(ofStep step: Int) -> Int? {
    skippedFor[step] == Self.none ? nil : Int(skippedFor[step])
  }
}

/// One execution of a step's command, as its history tells it.
package struct AttemptSummary: Equatable, Sendable {
  package let number: Int32
  /// Whether it asked the step's probe, and did not do its work.
  package let isProbe: Bool
  /// Nil where nobody can say whether it was started.
  package let startedAt: WallTime?
  /// Nil while it runs.
  package let end: AttemptEnd?

  init(_ number: Int32, _ isProbe: Bool, _ startedAt: WallTime?, _ end: AttemptEnd?) {
    self.number = number
    self.isProbe = isProbe
    self.startedAt = startedAt
    self.end = end
  }

  package var outcome: AttemptOutcome? { end.map(AttemptOutcome.init) }
  package var durationMicroseconds: Int64? { end?.durationMicroseconds }
}

/// What became of an attempt, in one word. The names are those of `status --json`.
package enum AttemptOutcome: String, CaseIterable, Sendable {
  case exited
  case signalled
  case timedOut
  case cancelled
  case launchFailed
  case lost

  /// How an attempt that was stopped ended does not count, only why.
  package init(_ end: AttemptEnd) {
    switch (end.result, end.cause) {
    case (.lost, _): self = .lost
    case (.launchFailed, _): self = .launchFailed
    case (.exited, .deadline), (.signalled, .deadline): self = .timedOut
    case (.exited, .stop), (.exited, .force), (.signalled, .stop), (.signalled, .force):
      self = .cancelled
    case (.exited, .byItself): self = .exited
    case (.signalled, .byItself): self = .signalled
    }
  }
}

extension AttemptEnd {
  /// Whether somebody measured what it took: every process has some memory.
  package var isMeasured: Bool { peakMemoryKibibytes > 0 }

  /// Nil unless the command exited.
  package var exitCode: UInt8? {
    if case .exited(let code) = result { code } else { nil }
  }

  /// Nil unless a signal ended the command.
  package var signal: UInt8? {
    if case .signalled(let signal) = result { signal } else { nil }
  }

  /// Nil unless the command could not be started.
  package var launchFailure: LaunchFailure? {
    if case .launchFailed(let failure) = result { failure } else { nil }
  }
}
