import CLinux
package import FlowCore
import FlowLog
package import FlowRuntime
import Glibc

/// Runs commands as children of this process, each in a session of its own.
///
/// A number of a process or group is signalled only while it cannot have been given to another: the
/// leader has not been reaped, or an unreaped child of ours is still in its group. Descendants that
/// lose their parent become our children, which is how the last of a group is waited for.
package final class SpawnRunner: CommandRunner {
  private struct Process {
    let attempt: AttemptID
    let launchedAt: Instant
    let killGraceMilliseconds: Int64
    let stragglers: StragglerPolicy
    /// Nil when there is none, or it has passed, or the command has exited.
    var deadline: Instant?
    /// When SIGKILL is due.
    var killAt: Instant?
    var cause = AttemptEnd.Cause.byItself
    /// Of the command itself, once it has exited and only descendants are left.
    var end: AttemptEnd?
  }

  /// By the command's process id, which is also its group's.
  private var processes: [pid_t: Process] = [:]
  private var processOfAttempt: [AttemptID: pid_t] = [:]
  private var reports = WorkQueue<Input>()
  private var spawner: Spawner

  /// SIGKILL is repeated: a process that cannot be killed now may be later.
  private static let killAgainMilliseconds: Int64 = 500

  package init() {
    spawner = Spawner()
    _ = clinux_become_subreaper()
  }

  /// Whether nothing runs.
  package var isIdle: Bool { processes.isEmpty }

  package var hasReports: Bool { !reports.isEmpty }

  package func nextReport() -> Input? {
    reports.removeFirst()
  }

  package var nextDeadline: Instant? {
    var next: Instant?
    for process in processes.values {
      for time in [process.deadline, process.killAt] {
        if let time, time < (next ?? Instant(microseconds: .max)) { next = time }
      }
    }
    return next
  }

  package func begin(in folder: RunFolder) {}

  package func takeOver(
    _ open: [LaunchRequest], from place: Place, through lastSequence: Int64
  ) -> [FoundAttempt] {
    // Nothing notes what becomes of a command after its engine.
    open.map { FoundAttempt($0.attempt, .ended(.lost())) }
  }

  package func launch(_ request: LaunchRequest) {
    let now = EventLoop.monotonicNow()
    do throws(LaunchFailure) {
      let pid = try spawner.spawn(request)
      processes[pid] = Process(
        attempt: request.attempt, launchedAt: now,
        killGraceMilliseconds: request.killGraceMilliseconds, stragglers: request.stragglers,
        deadline: request.timeoutMilliseconds.map { now.advanced(byMilliseconds: $0) })
      processOfAttempt[request.attempt] = pid
      reports.append(.attemptLaunched(request.attempt, processID: pid))
    } catch {
      let end = AttemptEnd(
        result: .launchFailed(error), cause: .byItself, durationMicroseconds: 0)
      reports.append(.attemptEnded(request.attempt, end))
    }
  }

  package func stop(_ attempt: AttemptID, force: Bool) {
    guard let pid = processOfAttempt[attempt] else { return }
    if force { kill(pid, cause: .force) } else { terminate(pid, cause: .stop) }
  }

  // MARK: Time

  /// Enforces the deadlines and graces that are due.
  package func enforceDeadlines() {
    guard let deadline = nextDeadline else { return }
    let now = EventLoop.monotonicNow()
    if now < deadline { return }
    // In a fixed order, so that reports do not depend on a hash seed.
    for pid in processes.keys.sorted() {
      guard let process = processes[pid] else { continue }
      if let deadline = process.deadline, deadline <= now {
        reports.append(.deadlinePassed(process.attempt))
        terminate(pid, cause: .deadline)
      }
      if let killAt = process.killAt, killAt <= now { kill(pid, cause: process.cause) }
    }
  }

  private func terminate(_ pid: pid_t, cause: AttemptEnd.Cause) {
    guard var process = processes[pid], process.killAt == nil else { return }
    process.deadline = nil
    process.cause = cause
    process.killAt = EventLoop.monotonicNow().advanced(
      byMilliseconds: process.killGraceMilliseconds)
    processes[pid] = process
    signal(pid, SIGTERM)
    // A stopped group takes no SIGTERM until it is continued.
    signal(pid, SIGCONT)
  }

  private func kill(_ pid: pid_t, cause: AttemptEnd.Cause) {
    guard var process = processes[pid] else { return }
    process.deadline = nil
    process.cause = cause
    process.killAt = EventLoop.monotonicNow().advanced(byMilliseconds: Self.killAgainMilliseconds)
    processes[pid] = process
    signal(pid, SIGKILL)
  }

  private func signal(_ pid: pid_t, _ number: Int32) {
    guard processes[pid]?.end == nil || hasChildren(inGroup: pid) else { return }
    // Fails only if the whole group belongs to another user; then it ends by itself or never.
    _ = Glibc.kill(-pid, number)
  }

  /// Kills everything that still runs, for an engine that cannot go on.
  package func killAll() {
    for pid in processes.keys.sorted() { kill(pid, cause: .force) }
  }

  // MARK: Ends

  /// Takes in the ends of all children that have ended; call it after SIGCHLD.
  package func reapChildren() {
    var status: Int32 = 0
    while true {
      let pid = unsafe waitpid(-1, &status, WNOHANG)
      if pid <= 0 { break }
      exited(pid, status)
    }
    for pid in processes.keys.sorted() where processes[pid]?.end != nil { finishIfGone(pid) }
  }

  private func exited(_ pid: pid_t, _ status: Int32) {
    // Others were descendants of a command, and nobody's attempt.
    guard var process = processes[pid], process.end == nil else { return }
    let duration =
      EventLoop.monotonicNow().microseconds - process.launchedAt.microseconds
    let result: AttemptEnd.Result =
      clinux_exited(status) != 0
      ? .exited(code: UInt8(truncatingIfNeeded: clinux_exit_code(status)))
      : .signalled(signal: UInt8(truncatingIfNeeded: clinux_term_signal(status)))
    process.deadline = nil
    process.end = AttemptEnd(
      result: result, cause: process.cause, durationMicroseconds: duration)
    processes[pid] = process
    if process.stragglers == .kill, process.killAt == nil, hasChildren(inGroup: pid) {
      terminate(pid, cause: process.cause)
    }
  }

  private func finishIfGone(_ pid: pid_t) {
    guard let process = processes[pid], let end = process.end else { return }
    let mayStay = process.stragglers == .keep && process.cause == .byItself
    guard mayStay || !hasChildren(inGroup: pid) else { return }
    processes[pid] = nil
    processOfAttempt[process.attempt] = nil
    reports.append(.attemptEnded(process.attempt, end))
  }

  /// Whether a living child of ours is in the group; those that have ended are reaped.
  private func hasChildren(inGroup group: pid_t) -> Bool {
    var status: Int32 = 0
    while true {
      let pid = unsafe waitpid(-group, &status, WNOHANG)
      if pid > 0 { exited(pid, status) } else { return pid == 0 }
    }
  }
}
