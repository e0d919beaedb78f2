package import FlowCore
package import FlowStorage

/// The machine's processes: the seam below `AttemptSupervisor`. An engine starts one launcher,
/// which forks a monitor for each attempt (`CLauncher`), and acts on the processes of an attempt
/// only through their monitor.
package protocol ProcessHost: AnyObject {
  associatedtype Store: Storage
  /// Refers to one process, and never to a later one with the same id (a pidfd).
  associatedtype ProcessHandle

  // MARK: The launcher

  /// Starts a launcher. It shares the open file description of `lock`, and with it the lock:
  /// closing the handle here leaves the file locked. Commands inherit the environment.
  ///
  /// - Returns: its process id.
  func startLauncher(
    holding lock: Store.Handle, _ environment: RunEnvironment
  ) throws(Errno) -> Int32
  /// Sends an attempt to the launcher that was started last. Never blocks. If that launcher is
  /// gone, the request is lost, and `launcherGone` is reported.
  func send(_ request: LaunchRequest)
  /// Sends the requests that were kept back to be sent in one write.
  func flush()
  /// Takes the oldest message of launcher and monitors; nil if there is none.
  func nextMessage() -> ProcessMessage?
  /// Reads every message that was sent up to now, for `nextMessage` to give out. A process sends
  /// its messages before it is gone.
  func hear()

  // MARK: Single processes

  /// - Returns: nil if no process has this id.
  func open(_ processID: Int32) -> ProcessHandle?
  /// The start time of the process as the kernel counts it; nil once the process is gone.
  func startTime(of process: borrowing ProcessHandle) -> UInt64?
  func signal(_ process: borrowing ProcessHandle, _ signal: ProcessSignal)
  /// Whether a signal that was sent to a monitor still waits for it: the monitor is stopped, or
  /// cannot run.
  func isPending(_ signal: ProcessSignal, in process: borrowing ProcessHandle) -> Bool
  /// Reports `watchedGone` when the process has ended; at once if it already has.
  func watch(_ process: consuming ProcessHandle, for attempt: AttemptID)

  /// The size of an attempt's output in bytes; nil where there is no such file.
  func outputSize(at path: String) -> Int64?
  /// Whether the disk of an attempt's output has no space for more.
  func isDiskFull(at path: String) -> Bool

  /// Finds and kills every process that remains of an attempt whose monitor is gone. Returns when
  /// none is found any more, or the rest cannot be killed.
  func killOrphans(of request: LaunchRequest) -> (killed: Int32, unkillable: Int32)
  /// Removes the files of an attempt's secrets, and overwrites the secrets in its output, durably. No
  /// monitor does it any more.
  ///
  /// - Returns: false if secrets may be left.
  func scrub(_ request: LaunchRequest) -> Bool
}

extension ProcessHost {
  /// For hosts that keep no requests back.
  package func flush() {}
  /// For hosts that keep no output.
  package func outputSize(at path: String) -> Int64? { nil }
  package func isDiskFull(at path: String) -> Bool { false }
  package func scrub(_ request: LaunchRequest) -> Bool { true }
}

package enum ProcessSignal: Hashable, Sendable {
  /// To a monitor: stop the attempt, with grace. A stopped monitor is continued.
  case stop
  /// To a monitor: kill the attempt now. A stopped monitor is continued.
  case force
  /// To an orphaned launcher, or a monitor that does not act: SIGKILL.
  case kill
}

/// A message of a launcher or a monitor to its engine.
package enum ProcessMessage: Equatable, Sendable {
  /// The command runs as this process.
  case launched(AttemptID, processID: Int32, monitorID: Int32)
  case deadlinePassed(AttemptID)
  /// Its monitor was told to end, by the system and not by flow.
  case toldToEnd(AttemptID)
  /// No process of the attempt is left. Its record says so too, unless the disk refused the write.
  case ended(AttemptID, AttemptEnd)
  /// Nothing was started by its monitor, since the machine lacks something for the moment; the
  /// request can be sent again.
  case lacks(AttemptID, Shortage)
  /// Nothing was started by its monitor, for another reason.
  case refused(AttemptID, LaunchFailure)
  /// It got no monitor.
  case notForked(AttemptID, LaunchFailure)
  /// The attempt's monitor has ended. If it did not report the attempt's end before, it was killed.
  case monitorGone(AttemptID)
  /// The launcher that was started last has ended.
  case launcherGone
  /// A process that is watched for this attempt has ended.
  case watchedGone(AttemptID)
}
