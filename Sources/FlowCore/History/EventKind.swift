/// The kind of an event: a code that is stored in logs, and a name that users and programs see.
/// Neither is ever reused for another kind. Facts have codes below 32, decisions those from 32 to 40; from
/// 41 on a code says nothing of that.
package enum EventKind: UInt8, CaseIterable, Sendable {
  case runCreated = 1
  case definitionPart = 2
  case engineStarted = 3
  case attemptLaunched = 4
  case deadlinePassed = 5
  case attemptEnded = 6
  case attemptWithdrawn = 7
  case cancelRequested = 8
  case timerFired = 9
  case attemptFound = 10
  case clockJumped = 11
  case roomReturned = 12
  case runReopened = 13

  case attemptScheduled = 32
  case retryScheduled = 33
  case rerunScheduled = 34
  case stopRequested = 35
  case stepFinished = 36
  case stepSkipped = 37
  case runStopping = 38
  case runFinished = 39
  case probeScheduled = 40
  case runConcluding = 41
  case runConcluded = 42

  // Facts again.
  case outputsPublished = 43
  case answered = 44
  case workSynced = 46

  // Decisions.
  case asked = 45
  case stepExpanded = 48
  case publishScheduled = 49

  package var isFact: Bool {
    rawValue < 32 || self == .outputsPublished || self == .answered || self == .workSynced
  }

  /// The spelling of the case; a case is never renamed.
  package var name: String { String(describing: self) }

  package init?(name: String) {
    guard let kind = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = kind
  }
}

extension EventKind {
  /// A unit that an event can begin or end.
  package enum Scope: Sendable {
    case run
    case step
    case attempt
  }

  /// The unit that an event of this kind begins. An attempt begins with the intent to launch it.
  package var opens: Scope? {
    switch self {
    case .runCreated, .runReopened: .run
    case .attemptScheduled: .attempt
    default: nil
    }
  }

  /// The unit that an event of this kind ends.
  package var closes: Scope? {
    switch self {
    case .attemptEnded, .attemptWithdrawn: .attempt
    case .stepFinished, .stepSkipped: .step
    case .runFinished: .run
    default: nil
    }
  }
}

/// The subject of an event.
package enum EventSubject: Hashable, Sendable {
  case run
  case step(Int32)
  case attempt(AttemptID)
}

extension Event.Body {
  package var kind: EventKind { row.kind }
  package var subject: EventSubject { row.subject }

  /// The attempt of the event; nil if its subject is a step or the run.
  package var attempt: AttemptID? {
    if case .attempt(let attempt) = subject { attempt } else { nil }
  }

  /// The step of the event, or of its attempt; nil if its subject is the run.
  package var step: Int32? {
    switch subject {
    case .run: nil
    case .step(let step): step
    case .attempt(let attempt): attempt.step
    }
  }

  /// The common properties of events, a row for each kind: code that handles few kinds uses these,
  /// and needs no change when a kind is added.
  ///
  /// Inlined, so that code that asks for the kind alone copies nothing of the event.
  @inline(__always)
  private var row: (kind: EventKind, subject: EventSubject) {
    switch self {
    case .runCreated: (.runCreated, .run)
    case .definitionPart: (.definitionPart, .run)
    case .engineStarted: (.engineStarted, .run)
    case .attemptLaunched(let attempt, _): (.attemptLaunched, .attempt(attempt))
    case .deadlinePassed(let attempt): (.deadlinePassed, .attempt(attempt))
    case .attemptEnded(let attempt, _): (.attemptEnded, .attempt(attempt))
    case .outputsPublished(let attempt, _): (.outputsPublished, .attempt(attempt))
    case .attemptWithdrawn(let attempt): (.attemptWithdrawn, .attempt(attempt))
    case .cancelRequested: (.cancelRequested, .run)
    case .answered(let step, _): (.answered, .step(step))
    case .timerFired(.retry(let step)), .timerFired(.question(let step)),
      .timerFired(.slow(let step)):
      (.timerFired, .step(step))
    case .timerFired(.runTimeout), .timerFired(.launchPause): (.timerFired, .run)
    case .attemptFound(let attempt, _): (.attemptFound, .attempt(attempt))
    case .clockJumped: (.clockJumped, .run)
    case .roomReturned: (.roomReturned, .run)
    case .workSynced: (.workSynced, .run)
    case .runReopened: (.runReopened, .run)
    case .attemptScheduled(let attempt): (.attemptScheduled, .attempt(attempt))
    case .retryScheduled(let attempt, _): (.retryScheduled, .attempt(attempt))
    case .rerunScheduled(let attempt): (.rerunScheduled, .attempt(attempt))
    case .probeScheduled(let attempt): (.probeScheduled, .attempt(attempt))
    case .publishScheduled(let attempt, _): (.publishScheduled, .attempt(attempt))
    case .stopRequested(let attempt, _): (.stopRequested, .attempt(attempt))
    case .asked(let step): (.asked, .step(step))
    case .stepExpanded(let step, _): (.stepExpanded, .step(step))
    case .stepFinished(let step, _): (.stepFinished, .step(step))
    case .stepSkipped(let step, _): (.stepSkipped, .step(step))
    case .runStopping: (.runStopping, .run)
    case .runConcluding: (.runConcluding, .run)
    case .runConcluded: (.runConcluded, .run)
    case .runFinished: (.runFinished, .run)
    }
  }
}
