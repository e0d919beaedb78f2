/// What the world tells the engine.
package enum Input: Equatable, Sendable {
  /// The command of an attempt was started. Said once.
  case attemptLaunched(AttemptID, processID: Int32)
  /// The attempt passed its deadline and is being stopped. Said after its launch.
  case deadlinePassed(AttemptID)
  /// Nothing of the attempt runs any more. What is said of it later is ignored.
  case attemptEnded(AttemptID, AttemptEnd)
  /// Nothing of an attempt was started, and it was to be stopped.
  case attemptWithdrawn(AttemptID)
  case cancelRequested(CancelRequest)
  /// A commit had to wait so long for room on the disk.
  case roomReturned(waitedMicroseconds: Int64)
  /// Time has passed; `nextDeadline` may be due.
  case timePassed
  /// Everything up to this sequence number is durable: the end of the commit in flight.
  case committed(through: Int64)
}

/// An attempt that an earlier engine scheduled and whose end is not in the history, and what has
/// become of it.
package struct FoundAttempt: Equatable, Sendable {
  package enum State: Equatable, Sendable {
    case neverLaunched
    case running(processID: Int32, forMicroseconds: Int64)
    /// Nothing of it runs any more. `.lost` where nobody can say how it ended.
    case ended(AttemptEnd)
  }

  package var attempt: AttemptID
  package var state: State

  package init(_ attempt: AttemptID, _ state: State) {
    self.attempt = attempt
    self.state = state
  }
}

/// What the engine wants done. Effects that follow from an event come out after it is durable.
package enum Effect: Equatable, Sendable {
  /// Append these consecutive events and make them durable, then say `committed`. One at a time.
  case commit([Event])
  /// Start the command of an attempt. Answered by `attemptLaunched` or `attemptEnded`.
  case launch(Launch)
  /// Stop an attempt that was launched; with `force`, without grace. Answered by `attemptEnded`.
  case stop(AttemptID, force: Bool)
  /// The run is over, and its end is durable.
  case finish(RunOutcome)
}

/// An intent that is durable.
package struct Launch: Equatable, Sendable {
  package var attempt: AttemptID
  /// The number of the event that is the intent.
  package var intent: Int64
  /// Whether the attempt asks the step's probe, and does not do its work.
  package var isProbe: Bool

  package init(_ attempt: AttemptID, intent: Int64, isProbe: Bool = false) {
    self.attempt = attempt
    self.intent = intent
    self.isProbe = isProbe
  }
}
