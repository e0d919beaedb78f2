package import FlowCore
package import FlowStorage

/// Everything outside the engine: the world that a driver runs in. There are two, Linux
/// (`FlowSystem`) and a simulated one (`FlowSimulation`).
package protocol Environment: AnyObject {
  associatedtype Time: TimeSource
  associatedtype Store: Storage
  associatedtype Runner: CommandRunner

  var time: Time { get }
  var storage: Store { get }
  var runner: Runner { get }
  /// The next request to cancel the run that was made to this very process, as by a signal; nil when
  /// there is none.
  func nextCancelRequest() -> CancelRequest?
  /// Whether somebody may have left a request in the run's folder since this was last asked
  /// (`CancelRequests`).
  func takeRequestNotice() -> Bool
}
