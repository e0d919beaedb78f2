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
