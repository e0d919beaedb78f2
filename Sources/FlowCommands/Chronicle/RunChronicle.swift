package import FlowCore

/// A run's history with the times of everything: what `RunSummary` tells, and besides it when steps
/// became ready, how long attempts waited, and what was chosen when they had ended.
package struct RunChronicle: EventFold, Equatable, Sendable {
  /// One process that drove the run.
  package struct Life: Equatable, Sendable {
    package let engine: EngineStarted
    package let from: RunPoint
    /// Its last event.
    package internal(set) var until: RunPoint
  }

  /// One pass over the steps, up to an end of the run.
  package struct Round: Equatable, Sendable {
    package let from: RunPoint
    /// Nil while the round has no end, as is its outcome.
    package internal(set) var endedAt: RunPoint?
    package internal(set) var outcome: RunOutcome?
  }

  /// Something that concerns the whole run.
  package struct Mark: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
      case cancelRequested(force: Bool)
      case stopping(StopReason)
      case clockJumped(microseconds: Int64)
      case roomReturned(waitedMicroseconds: Int64)
    }

    package let point: RunPoint
    package let kind: Kind
  }

  package private(set) var summary = RunSummary()
  package private(set) var time = RunTime()
  package private(set) var lives: [Life] = []
  package private(set) var rounds: [Round] = []
  package private(set) var marks: [Mark] = []
  /// The last event; nil before the first.
  package private(set) var last: RunPoint?
  package private(set) var lastSequence: Int64 = 0

  private var attempts: [AttemptRecord] = []
  private var steps: [StepRecord] = []

  private static let none: Int32 = -1

  private struct StepRecord: Equatable, Sendable {
    /// The place of its last attempt in `attempts`, or `none`.
    var lastAttempt = none
    /// Since when it is ready; nil where it is not.
    var readySince: RunPoint?
    var settledAt: RunPoint?
    /// When it had its end in the round before.
    var settledBefore: RunPoint?
    var wasStopped = false
  }

  package init() {}

  /// Takes in the next event.
  ///
  /// - Throws: `HistoryError` where the event cannot follow; then the chronicle is of no more use.
  package mutating func apply(_ event: Event) throws(HistoryError) {
    try summary.apply(event)
    let point = time.point(of: event)
    last = point
    lastSequence = event.sequence
    goOn(event, at: point)
    switch event.body {
    case .runCreated: rounds.append(Round(from: point))
    case .definitionPart: if steps.isEmpty, let state { begin(state, at: point) }
    case .engineStarted(let engine):
      lives.append(Life(engine: engine, from: point, until: point))
    case .runReopened: reopened(at: point)
    case .attemptScheduled(let attempt): scheduled(attempt, at: point)
    case .attemptLaunched(let attempt, _): change(attempt) { $0.launched(at: point) }
    case .attemptFound(let attempt, .running(_, let microseconds)):
      let life = lives.last?.engine.life
      change(attempt) {
        $0.launched(at: point.before(byMicroseconds: microseconds))
        $0.survivedTo = life
      }
    case .deadlinePassed(let attempt): change(attempt) { $0.stopped(.deadline, at: point) }
    case .stopRequested(let attempt, let force):
      change(attempt) { $0.stopped(.request(force: force), at: point) }
    case .attemptEnded(let attempt, let end): change(attempt) { $0.ended(end, at: point) }
    case .attemptWithdrawn(let attempt): withdrawn(attempt)
    case .retryScheduled(let attempt, let delay):
      change(attempt) { $0.next = .retry(delayMilliseconds: delay) }
    case .rerunScheduled(let attempt):
      change(attempt) { $0.next = .rerun }
      becameReady(Int(attempt.step), at: point)
    case .probeScheduled(let attempt):
      change(attempt) { $0.next = .probe }
      becameReady(Int(attempt.step), at: point)
    case .timerFired(.retry(let step)): becameReady(Int(step), at: point)
    case .stepFinished(let step, _): settled(Int(step), at: point)
    case .stepSkipped(let step, _): settled(Int(step), at: point)
    case .runStopping(let reason):
      for step in steps.indices where steps[step].settledAt == nil {
        steps[step].wasStopped = true
      }
      mark(.stopping(reason), point)
    case .cancelRequested(let request): mark(.cancelRequested(force: request.force), point)
    case .clockJumped(let microseconds): mark(.clockJumped(microseconds: microseconds), point)
    case .roomReturned(let waited): mark(.roomReturned(waitedMicroseconds: waited), point)
    case .runFinished(let outcome):
      rounds[rounds.count - 1].endedAt = point
      rounds[rounds.count - 1].outcome = outcome
    case .attemptFound(_, .neverLaunched), .timerFired(.runTimeout): break
    }
  }

  /// What the next engine records is not of the one before.
  private mutating func goOn(_ event: Event, at point: RunPoint) {
    switch event.body.kind {
    case .engineStarted, .runReopened: break
    default: if !lives.isEmpty { lives[lives.count - 1].until = point }
    }
  }

  private mutating func begin(_ state: RunState, at point: RunPoint) {
    steps = Array(repeating: StepRecord(), count: state.steps.count)
    for step in steps.indices { becameReady(step, at: point) }
  }

  private mutating func reopened(at point: RunPoint) {
    guard let state else { return }
    rounds.append(Round(from: point))
    for step in steps.indices where state.steps[step].phase != .succeeded {
      steps[step].settledBefore = steps[step].settledAt
      steps[step].settledAt = nil
      steps[step].readySince = nil
      steps[step].wasStopped = false
      becameReady(step, at: point)
    }
  }

  /// Notes it where it is so.
  private mutating func becameReady(_ step: Int, at point: RunPoint) {
    if steps[step].readySince == nil, state?.steps[step].phase == .ready {
      steps[step].readySince = point
    }
  }

  private mutating func settled(_ step: Int, at point: RunPoint) {
    steps[step].settledAt = point
    steps[step].readySince = nil
    guard let state else { return }
    for dependent in state.graph.dependents(of: step) {
      becameReady(Int(dependent), at: point)
    }
  }

  private mutating func scheduled(_ attempt: AttemptID, at point: RunPoint) {
    let step = Int(attempt.step)
    let isProbe = state?.steps[step].asksProbe ?? false
    attempts.append(
      AttemptRecord(
        attempt, isProbe: isProbe, readyAt: steps[step].readySince ?? point, scheduledAt: point,
        previous: steps[step].lastAttempt))
    steps[step].lastAttempt = Int32(attempts.count - 1)
    steps[step].readySince = nil
  }

  /// The step is as ready as before, and the number is free again.
  private mutating func withdrawn(_ attempt: AttemptID) {
    let step = Int(attempt.step)
    let place = Int(steps[step].lastAttempt)
    attempts[place].isWithdrawn = true
    steps[step].lastAttempt = attempts[place].previous
    if state?.steps[step].phase == .ready { steps[step].readySince = attempts[place].readyAt }
  }

  private mutating func change(_ attempt: AttemptID, _ body: (inout AttemptRecord) -> Void) {
    let place = Int(steps[Int(attempt.step)].lastAttempt)
    precondition(
      attempts[place].id == attempt, "an event names \(attempt), which is not its step's last")
    body(&attempts[place])
  }

  private mutating func mark(_ kind: Mark.Kind, _ point: RunPoint) {
    marks.append(Mark(point: point, kind: kind))
  }
}

// MARK: Questions

extension RunChronicle {
  /// The state so far; nil before the definition is complete.
  package var state: RunState? { summary.state }

  /// All attempts, in the order of their intents; those that were given up are left out.
  package var allAttempts: some Sequence<AttemptRecord> {
    attempts.lazy.filter { !$0.isWithdrawn }
  }

  /// The attempts of a step, the first first.
  package func attempts(ofStep step: Int) -> [AttemptRecord] {
    var found: [AttemptRecord] = []
    var place = steps[step].lastAttempt
    while place != Self.none {
      found.append(attempts[Int(place)])
      place = attempts[Int(place)].previous
    }
    found.reverse()
    return found
  }

  package func lastAttempt(ofStep step: Int) -> AttemptRecord? {
    let place = steps[step].lastAttempt
    return place == Self.none ? nil : attempts[Int(place)]
  }

  /// Since when a step is ready and has no intent; nil where it is not.
  package func readySince(step: Int) -> RunPoint? { steps[step].readySince }

  /// When a step had its end; nil while it has none.
  package func settledAt(step: Int) -> RunPoint? { steps[step].settledAt }

  /// When a step had its end in the round before, if it runs again in this one.
  func settledBefore(step: Int) -> RunPoint? { steps[step].settledBefore }

  /// Whether the run was stopping before the step had its end.
  package func wasStopped(step: Int) -> Bool { steps[step].wasStopped }

  /// When, and why, the run began to stop in this round; nil where it did not.
  package var stopping: (point: RunPoint, reason: StopReason)? {
    guard summary.stopReason != nil else { return nil }
    for mark in marks.reversed() {
      if case .stopping(let reason) = mark.kind { return (mark.point, reason) }
    }
    return nil
  }

  /// When the step's last need was met, and which that was; nil where it has none or one is not.
  /// Needs that were met together count as the first of them.
  package func lastNeed(ofStep step: Int) -> (step: Int, point: RunPoint)? {
    var last: (step: Int, point: RunPoint)?
    for need in state?.definition.steps[step].needs ?? [] {
      guard let point = settledAt(step: Int(need)) else { return nil }
      if let found = last, found.point.elapsed >= point.elapsed { continue }
      last = (Int(need), point)
    }
    return last
  }
}
