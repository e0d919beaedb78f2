package import FlowCore

/// The clocks, and the only place where the engine waits.
package protocol TimeSource: AnyObject {
  /// Both clocks, read together.
  func now() -> Moment
  /// Returns when something has happened that the driver can ask for (a report of the runner, a
  /// request, a finished sync), when the deadline has passed, or spuriously. Nil waits for ever.
  func wait(until deadline: Instant?)
  /// Returns when the time has come, whatever happens in the meantime. For code that polls, and
  /// takes in nothing else: `wait` would return at once for news that stays where it is.
  func pause(until time: Instant)
}
