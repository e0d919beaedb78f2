/// The lifecycle of one step.
///
///     waiting ─▶ ready ─▶ starting ─▶ running ─▶ (stopping) ─▶ ended ─▶ succeeded │ failed │ cancelled
///        │         ▲ │        │                                  │
///        │         │ │        └── withdrawn ─▶ ready             └─▶ backingOff ─▶ ready
///        └─────────┴─┴─▶ doomed ─▶ skipped │ cancelled           └─▶ ready (lost: run again, or probe;
///                                                                    succeeded: publish)
///
/// A step that asks has no attempts: `ready ─▶ asking ─▶ answered ─▶ succeeded │ failed`, or
/// `asking ─▶ doomed ─▶ cancelled`. Its number counts how often it has asked.
///
/// A node has none either: `ready ─▶ expanded ─▶ succeeded │ failed │ cancelled │ skipped`, the last without
/// children.
///
/// `next(after:)` is this diagram as a table. `ended` and `doomed` last at most one wake-up: the
/// decision that follows is in the same commit.
package struct StepLifecycle: Equatable, Sendable {
  package enum Phase: Equatable, Sendable {
    case waiting(unmetNeeds: Int32)
    case ready
    case starting
    case running
    case stopping
    case ended(AttemptConclusion)
    case backingOff
    /// It asks a person, and has no answer.
    case asking
    /// It has an answer, or has waited too long for one, and ends so.
    case answered(StepOutcome)
    /// Its children run, or their items have a fault.
    case expanded
    /// A need failed, or the run stops: no further attempt is scheduled.
    case doomed
    case succeeded
    case failed
    case skipped
    case cancelled
  }

  /// An event in the life of a step, with the number of the attempt concerned.
  package enum Event: Equatable, Sendable {
    // Facts.
    case launched(Int32)
    case found(Int32, AttemptFinding)
    case deadlinePassed(Int32)
    case ended(Int32, AttemptConclusion)
    /// The attempt was never started: the step is ready as before, and the number is free again.
    case withdrawn(Int32)
    case delayOver
    /// The question was answered, or the time for that has passed, and the step ends so.
    case answered(StepOutcome)

    // Consequences of other steps.
    case needMet
    /// A need failed, or the run stops.
    case doomed

    // Decisions.
    case scheduled(Int32)
    case stopRequested(Int32)
    case retryScheduled(Int32)
    case rerunScheduled(Int32)
    case probeScheduled(Int32)
    case publishScheduled(Int32, completes: Bool)
    case asked
    case expanded
    case finished(StepOutcome)
    case skipped

    /// Whether the event names no attempt, or the attempt that it must name: the last one, or for
    /// a new one the next.
    fileprivate func fits(lastAttempt: Int32) -> Bool {
      switch self {
      case .scheduled(let number): number == lastAttempt + 1
      case .launched(let number), .found(let number, _), .deadlinePassed(let number),
        .ended(let number, _), .withdrawn(let number), .stopRequested(let number),
        .retryScheduled(let number), .rerunScheduled(let number), .probeScheduled(let number),
        .publishScheduled(let number, _):
        number == lastAttempt
      case .delayOver, .needMet, .doomed, .asked, .answered, .expanded, .finished, .skipped: true
      }
    }
  }

  package private(set) var phase: Phase
  /// The number of the last scheduled attempt; zero before the first.
  package private(set) var attempt: Int32 = 0
  /// Attempts that failed and count against `maxAttempts`.
  package private(set) var failures: Int32 = 0
  /// Attempts that were lost.
  package private(set) var losses: Int32 = 0
  /// Attempts that were interrupted.
  package private(set) var interruptions: Int32 = 0
  /// Attempts that use up no retry.
  package var uncounted: Int32 { losses + interruptions }
  /// What the open or next attempt is for; when none is, the last one.
  package private(set) var task = AttemptTask.command
  /// Whether that is the step's probe.
  package var asksProbe: Bool { task == .probe }
  /// Whether that publishes the files of the step.
  package var publishes: Bool { task.publishes }
  /// Whether it was skipped because its own condition was false, it had no items, or it is a child that the run
  /// leaves out.
  package internal(set) var isRefused = false
  /// Whether it is a child that no item of this round is for.
  package internal(set) var isRemoved = false
  /// Whether it is a child whose key stands for another item now than when it ended.
  var isOfOtherItem = false
  /// Whether it is a child that the run leaves out.
  package internal(set) var isLeftOut = false
  /// The number of the last attempt before this round of the run.
  package private(set) var attemptBefore: Int32 = 0

  package init(needs: Int32) {
    phase = needs == 0 ? .ready : .waiting(unmetNeeds: needs)
  }

  /// Of a step of a chain, which has no life of its own.
  static let ofChain = {
    var lifecycle = StepLifecycle(needs: 0)
    lifecycle.phase = .skipped
    return lifecycle
  }()

  private init(needs: Int32, attempt: Int32) {
    self.init(needs: needs)
    self.attempt = attempt
    attemptBefore = attempt
  }

  /// Whether the step has settled in this round of the run.
  package var isSettled: Bool {
    switch phase {
    case .succeeded, .failed, .skipped, .cancelled: true
    case .waiting, .ready, .starting, .running, .stopping, .ended, .backingOff, .asking, .answered,
      .expanded, .doomed:
      false
    }
  }

  /// Whether an attempt was scheduled, or the step has asked, in this round of the run.
  package var hasBegun: Bool { attempt > attemptBefore }

  /// Whether a scheduled attempt has not ended.
  package var hasOpenAttempt: Bool {
    switch phase {
    case .starting, .running, .stopping: true
    case .waiting, .ready, .ended, .backingOff, .asking, .answered, .expanded, .doomed, .succeeded,
      .failed, .skipped, .cancelled:
      false
    }
  }

  // MARK: Transitions

  /// The phase after the event; nil if the event is impossible.
  @inline(__always)
  private func next(after event: Event) -> Phase? {
    guard event.fits(lastAttempt: attempt) else { return nil }
    return switch (phase, event) {
    case (.waiting(let unmetNeeds), .needMet):
      unmetNeeds == 1 ? .ready : .waiting(unmetNeeds: unmetNeeds - 1)
    // The step has settled: it was skipped or cancelled in the meantime, or has its end from an
    // earlier round.
    case (.doomed, .needMet), (.succeeded, .needMet), (.failed, .needMet), (.skipped, .needMet),
      (.cancelled, .needMet):
      phase
    // A command that has succeeded is published, whatever stops the run.
    case (.ready, .doomed) where publishes: nil
    case (.waiting, .doomed), (.ready, .doomed), (.backingOff, .doomed), (.asking, .doomed): .doomed

    case (.ready, .asked): .asking
    case (.asking, .answered(let outcome)): .answered(outcome)
    case (.answered(.succeeded), .finished(.succeeded)): .succeeded
    case (.answered(.failed), .finished(.failed)): .failed

    case (.ready, .expanded): .expanded
    case (.expanded, .finished(.succeeded)): .succeeded
    case (.expanded, .finished(.failed)): .failed
    case (.expanded, .finished(.cancelled)): .cancelled
    case (.expanded, .skipped): .skipped

    case (.ready, .scheduled): .starting
    case (.starting, .launched): .running
    // A stop can overtake the report of the launch.
    case (.stopping, .launched): .stopping
    case (.running, .deadlinePassed), (.stopping, .deadlinePassed): .stopping
    case (.starting, .stopRequested), (.running, .stopRequested), (.stopping, .stopRequested):
      .stopping
    case (.starting, .ended(_, let conclusion)), (.running, .ended(_, let conclusion)),
      (.stopping, .ended(_, let conclusion)):
      .ended(conclusion)
    case (.starting, .withdrawn), (.stopping, .withdrawn): .ready

    case (.starting, .found(_, .running)): .running
    case (.running, .found(_, .running)), (.stopping, .found(_, .running)): phase
    // Not a running attempt: its launch is in the history.
    case (.starting, .found(_, .neverLaunched)), (.stopping, .found(_, .neverLaunched)): phase

    case (.ended(.failed), .retryScheduled): .backingOff
    case (.backingOff, .delayOver): .ready
    case (.ended(.lost), .rerunScheduled) where task == .command: .ready
    case (.ended(.interrupted), .rerunScheduled) where task == .command: .ready
    case (.ended(.workGone), .rerunScheduled): .ready
    // The probe reports that the work was not done.
    case (.ended(.failed(.exit, exitCode: 1)), .rerunScheduled) where asksProbe: .ready
    case (.ended(.lost), .probeScheduled), (.ended(.interrupted), .probeScheduled):
      publishes ? nil : .ready
    case (.ended(.succeeded), .publishScheduled) where !publishes: .ready
    case (.ended(.lost), .publishScheduled), (.ended(.interrupted), .publishScheduled):
      publishes ? .ready : nil

    case (.ended(.succeeded), .finished(.succeeded)), (.ended(.reused), .finished(.succeeded)):
      .succeeded
    case (.ended(.failed), .finished(.failed)), (.ended(.lost), .finished(.failed)),
      (.ended(.interrupted), .finished(.failed)), (.ended(.unkillable), .finished(.failed)),
      (.ended(.workGone), .finished(.failed)):
      .failed
    case (.ended(.cancelled), .finished(.cancelled)), (.ended(.failed), .finished(.cancelled)),
      (.ended(.lost), .finished(.cancelled)), (.ended(.interrupted), .finished(.cancelled)),
      (.ended(.workGone), .finished(.cancelled)):
      .cancelled
    // A step that has begun is not skipped.
    case (.doomed, .finished(.cancelled)) where hasBegun: .cancelled
    case (.doomed, .skipped) where !hasBegun: .skipped
    default: nil
    }
  }

  /// Applies the next event.
  ///
  /// - Returns: false if the event is impossible; then nothing changed.
  @inline(__always)
  mutating func apply(_ event: Event) -> Bool {
    guard let next = next(after: event) else { return false }
    phase = next
    switch event {
    case .scheduled(let number): attempt = number
    case .asked: attempt += 1
    case .withdrawn: attempt -= 1
    // A probe that fails has answered.
    case .ended(_, .failed): if !asksProbe { failures += 1 }
    // A publication that is lost is done again, however often.
    case .ended(_, .lost): if !publishes { losses += 1 }
    case .ended(_, .workGone): losses += 1
    case .ended(_, .interrupted): interruptions += 1
    case .rerunScheduled, .retryScheduled: task = .command
    case .probeScheduled: task = .probe
    case .publishScheduled(_, let completes): task = completes ? .completion : .publication
    default: break
    }
    return true
  }

  /// The machine has gone down since the command ran: a publication that comes now can only complete one.
  mutating func losesStage() {
    if task == .publication, !isSettled { task = .completion }
  }

  /// The step runs again in another round of the run.
  ///
  /// - Parameter unmetNeeds: needs that run again too.
  mutating func reopen(unmetNeeds: Int32) {
    precondition(isSettled, "a run was finished before its steps (\(phase))")
    let isLeftOut = isLeftOut
    self = StepLifecycle(needs: unmetNeeds, attempt: attempt)
    self.isLeftOut = isLeftOut
  }
}
