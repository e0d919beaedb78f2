package import FlowCore
package import FlowStorage

/// Everything outside the driver: the world that it runs in. There are two, Linux (`FlowSystem`)
/// and a simulated one (`FlowSimulation`).
package protocol Environment: AnyObject {
  associatedtype Time: TimeSource
  associatedtype Store: Storage
  associatedtype Runner: CommandRunner

  var time: Time { get }
  var storage: Store { get }
  var runner: Runner { get }
  /// What this process has, as the caller of a run's commands.
  var callerEnvironment: RunEnvironment { get }
  /// Reads a file that holds a secret.
  ///
  /// - Throws: `.fileTooLarge` if it has more bytes than `limit`.
  func readSecret(at path: String, limit: Int) throws(Errno) -> [UInt8]
  /// A folder in memory: its files reach no disk. Nil if the machine has none.
  var memoryFolder: String? { get }
  /// Starts to make durable what was written to the file systems of these folders, by whatever process. One at a
  /// time; `finishedWorkSync` reports its end. What is in memory only is left out.
  func startWorkSync(_ folders: [String])
  /// The outcome of the sync that was started, once; nil while it is under way. After a failure, what was
  /// written may be lost, and no later sync tells.
  func finishedWorkSync() -> Result<Void, Errno>?
  /// Names the user with an id.
  var userName: @Sendable (UInt32) -> String { get }
  /// Takes the next request to cancel that was made to this process, such as a signal; nil if there
  /// is none.
  func nextCancelRequest() -> CancelRequest?
  /// Whether the run's folder may hold a new request since the last call (`CancelRequests`).
  func takeRequestNotice() -> Bool
}
