/// What the engine wants done. Effects that follow from an event come out after it is durable.
package enum Effect: Equatable, Sendable {
  /// Append these consecutive events and make them durable, then say `committed`. One at a time.
  case commit([Event])
  /// Start the command of an attempt. Answered by `attemptLaunched` or `attemptEnded`.
  case launch(AttemptID)
  /// Stop an attempt that was launched; with `force`, without grace. Answered by `attemptEnded`.
  case stop(AttemptID, force: Bool)
  /// The run is over, and its end is durable.
  case finish(RunOutcome)
}
