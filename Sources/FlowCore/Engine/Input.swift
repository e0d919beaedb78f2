/// What the world tells the engine.
package enum Input: Equatable, Sendable {
  /// The command of an attempt was started. Said once.
  case attemptLaunched(AttemptID, processID: Int32)
  /// The attempt passed its deadline and is being stopped. Said after its launch.
  case deadlinePassed(AttemptID)
  /// Nothing of the attempt runs any more. What is said of it later is ignored.
  case attemptEnded(AttemptID, AttemptEnd)
  case cancelRequested(CancelRequest)
  /// Time has passed; `nextDeadline` may be due.
  case timePassed
  /// Everything up to this sequence number is durable: the end of the commit in flight.
  case committed(through: Int64)
}
