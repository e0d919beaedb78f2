package import FlowCore
package import FlowLog

/// Everything outside the engine: the world that a driver runs in. There are two, Linux
/// (`FlowSystem`) and a simulated one (`FlowSimulation`).
package protocol Environment: AnyObject {
  associatedtype Time: TimeSource
  associatedtype Store: Storage
  associatedtype Runner: CommandRunner

  var time: Time { get }
  var storage: Store { get }
  var runner: Runner { get }
  /// The next request of a person or another process to cancel the run; nil when there is none.
  func nextCancelRequest() -> CancelRequest?
}
