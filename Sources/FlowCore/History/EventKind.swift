/// The kind of an event: a number that is stored in logs, and a name that is shown. Neither is ever
/// given to another kind. Facts have codes below 32, decisions from 32 on.
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

  package var isFact: Bool { rawValue < 32 }

  package var name: String { String(describing: self) }

  package init?(name: String) {
    guard let kind = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = kind
  }
}

extension Event.Body {
  package var kind: EventKind {
    switch self {
    case .runCreated: .runCreated
    case .definitionPart: .definitionPart
    case .engineStarted: .engineStarted
    case .attemptLaunched: .attemptLaunched
    case .deadlinePassed: .deadlinePassed
    case .attemptEnded: .attemptEnded
    case .attemptWithdrawn: .attemptWithdrawn
    case .cancelRequested: .cancelRequested
    case .timerFired: .timerFired
    case .attemptFound: .attemptFound
    case .clockJumped: .clockJumped
    case .roomReturned: .roomReturned
    case .runReopened: .runReopened
    case .attemptScheduled: .attemptScheduled
    case .retryScheduled: .retryScheduled
    case .rerunScheduled: .rerunScheduled
    case .probeScheduled: .probeScheduled
    case .stopRequested: .stopRequested
    case .stepFinished: .stepFinished
    case .stepSkipped: .stepSkipped
    case .runStopping: .runStopping
    case .runFinished: .runFinished
    }
  }
}
