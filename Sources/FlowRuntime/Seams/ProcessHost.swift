package import FlowCore
package import FlowStorage

/// The machine's processes, as the engine of a run deals with them: the seam below
/// `AttemptSupervisor`. An engine starts one launcher, which forks a monitor for each attempt
/// (`CLauncher`); it does nothing to the processes of an attempt but through their monitor.
package protocol ProcessHost: AnyObject {
  associatedtype Store: Storage
  /// Names one process and no later one with the same number (a pidfd).
  associatedtype ProcessHandle

  // MARK: The launcher

  /// Starts a launcher. It shares the open file description of `lock`, and with it the lock, so
  /// that closing the handle here leaves the file locked.
  ///
  /// - Returns: its process id.
  func startLauncher(holding lock: Store.Handle) throws(Errno) -> Int32
  /// Hands an attempt to the launcher that was started last. Never waits; where that launcher is
  /// gone the request is too, and `launcherGone` is told.
  func send(_ request: LaunchRequest)
  /// Requests that were handed over are kept back no longer, to be sent together with others.
  func flush()
  /// The next thing that launcher and monitors have told, in order; nil when all is told.
  func nextMessage() -> ProcessMessage?
  /// Lets `nextMessage` tell all that has been told up to now. Who is gone has told it before.
  func hear()

  // MARK: Single processes

  /// - Returns: nil if there is no such process.
  func open(_ processID: Int32) -> ProcessHandle?
  /// When the process was started, in the kernel's own count; nil once it is gone.
  func startTime(of process: borrowing ProcessHandle) -> UInt64?
  func signal(_ process: borrowing ProcessHandle, _ signal: ProcessSignal)
  /// Tells `watchedGone` when the process has ended; at once if it has.
  func watch(_ process: consuming ProcessHandle, for attempt: AttemptID)

  /// Finds and kills every process that is left of an attempt whose monitor is gone. Returns when
  /// none can be found any more, or when those that are left cannot be killed.
  func killRemains(of request: LaunchRequest) -> (killed: Int32, unkillable: Int32)
}

extension ProcessHost {
  /// Of hosts that keep nothing back.
  package func flush() {}
}

package enum ProcessSignal: Hashable, Sendable {
  /// To a monitor: let the attempt end, with grace.
  case stop
  /// To a monitor: end the attempt now.
  case force
  /// To an orphaned launcher: SIGKILL.
  case kill
}

/// What launcher and monitors tell their engine.
package enum ProcessMessage: Equatable, Sendable {
  /// The command runs as this process.
  case launched(AttemptID, processID: Int32, monitorID: Int32)
  case deadlinePassed(AttemptID)
  /// Nothing of the attempt runs any more, and its record says so, unless the disk refused it.
  case ended(AttemptID, AttemptEnd)
  /// Nothing was started, for want of room; it can be sent again.
  case noRoom(AttemptID)
  /// Nothing was started, for another reason.
  case refused(AttemptID, LaunchFailure)
  /// The attempt's monitor has ended; if its end was not told, it was killed.
  case monitorGone(AttemptID)
  /// The launcher that was started last has ended.
  case launcherGone
  /// A process that is watched for this attempt has ended.
  case watchedGone(AttemptID)
}
