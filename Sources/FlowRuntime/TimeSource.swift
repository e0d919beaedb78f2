package import FlowCore

/// The clocks, and the only place where the driver waits.
package protocol TimeSource: AnyObject {
  /// Both clocks, read together.
  func now() -> Moment
  /// Returns when something has happened that the driver can ask for (a report of the runner, a
  /// request, a finished sync), when the deadline has come, or for no reason. Nil waits for ever.
  func wait(until deadline: Instant?)
}
