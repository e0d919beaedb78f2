import CLauncher
import CLinux
import CMonitor
package import FlowCore
package import FlowRuntime
package import FlowStorage
package import Glibc

/// Launcher, monitors and their processes on this machine.
package final class LinuxProcesses: ProcessHost {
  package typealias Store = LinuxStorage
  package typealias ProcessHandle = ProcessDescriptor

  private let here: flow_host_context
  private let reports: ReportPipe
  private var launcher: LauncherProcess?
  private var watched: [Watched] = []
  private var messages = WorkQueue<ProcessMessage>()
  /// Whether the pipe may hold something that was not read.
  private var mayHaveReports = false
  private var remains = Remains()

  private struct Watched {
    let process: ProcessDescriptor
    let attempt: AttemptID
  }

  /// How long a launcher that has nothing left to do is waited for.
  private static let exitMilliseconds: Int32 = 2_000

  /// - Parameter here: where this engine runs.
  /// - Throws: `Errno` if the process has no descriptor left.
  package init(in here: HostContext) throws(Errno) {
    self.here = HostMark(here).encoded
    reports = try ReportPipe()
  }

  // MARK: The launcher

  package func startLauncher(holding lock: Int32) throws(Errno) -> Int32 {
    precondition(launcher == nil, "a launcher was started beside another")
    let launcher = try LauncherProcess(
      reportingTo: reports.writeDescriptor, holding: lock)
    self.launcher = launcher
    return launcher.process.processID
  }

  package func send(_ request: LaunchRequest) {
    if request.settings.stragglers == .keep { remains.mayBeKept = true }
    // Sent before the next wait, together with what else there is.
    launcher?.append { bytes in RequestEncoding.encode(request, in: here, into: &bytes) }
  }

  package func flush() {
    launcher?.flush()
  }

  /// Lets a launcher go that nothing more is asked of. It ends when its last monitor has, which is at
  /// once where no attempt runs: then it is waited for, so that nothing of the run is left behind.
  package func finish() {
    guard let launcher else { return }
    self.launcher = nil
    launcher.shut()
    if launcher.process.awaitEnd(milliseconds: Self.exitMilliseconds) { launcher.reap() }
  }

  // MARK: Messages

  /// Whether `nextMessage` has something to tell without a look at the pipe.
  package var hasMessages: Bool { !messages.isEmpty }

  package func nextMessage() -> ProcessMessage? {
    if messages.isEmpty && mayHaveReports { readReports() }
    return messages.removeFirst()
  }

  package func hear() {
    mayHaveReports = true
  }

  private func readReports() {
    mayHaveReports = false
    reports.read { report in
      if report.kind == FLOW_REPORT_MONITOR_GONE { remains.noteKilled(report) }
      messages.append(ProcessMessage(report))
    }
  }

  // MARK: Waiting

  /// Sends what is to be sent; what is then to be waited for.
  package func prepareWait() -> [pollfd] {
    launcher?.flush()
    var descriptors = [pollfd(fd: reports.readDescriptor, events: Int16(POLLIN), revents: 0)]
    if let launcher {
      descriptors.append(
        pollfd(fd: launcher.process.descriptor, events: Int16(POLLIN), revents: 0))
      // A negative descriptor is passed over by the system.
      descriptors.append(
        pollfd(fd: launcher.pendingDescriptor ?? -1, events: Int16(POLLOUT), revents: 0))
    }
    for watched in watched {
      descriptors.append(
        pollfd(fd: watched.process.descriptor, events: Int16(POLLIN), revents: 0))
    }
    return descriptors
  }

  /// Takes in what the wait has shown.
  ///
  /// - Parameter descriptors: as `prepareWait` gave them.
  package func take(_ descriptors: ArraySlice<pollfd>) {
    var rest = descriptors
    if rest.removeFirst().revents != 0 { mayHaveReports = true }
    if launcher != nil {
      let end = rest.removeFirst()
      rest.removeFirst()
      takeWatched(rest)
      if end.revents != 0 { launcherEnded() }
    } else {
      takeWatched(rest)
    }
  }

  private func takeWatched(_ descriptors: ArraySlice<pollfd>) {
    precondition(descriptors.count == watched.count, "not what is watched was waited for")
    guard descriptors.contains(where: { $0.revents != 0 }) else { return }
    // What it told before it ended comes first.
    readReports()
    var rest: [Watched] = []
    for (watched, descriptor) in zip(watched, descriptors) {
      if descriptor.revents == 0 {
        rest.append(watched)
      } else {
        messages.append(.watchedGone(watched.attempt))
      }
    }
    watched = rest
  }

  private func launcherEnded() {
    guard let launcher else { return }
    self.launcher = nil
    launcher.shut()
    launcher.reap()
    remains.launcherHasEnded = true
    readReports()
    messages.append(.launcherGone)
  }

  /// Waits for those that fell to this process when their launcher was killed, and have ended. Call
  /// it after SIGCHLD.
  package func reapFallen() {
    // Before that, the only child is the launcher.
    guard remains.launcherHasEnded else { return }
    var status: Int32 = 0
    while unsafe waitpid(-1, &status, WNOHANG) > 0 {}
  }

  // MARK: Single processes

  package func open(_ processID: Int32) -> ProcessDescriptor? {
    ProcessDescriptor(processID)
  }

  package func startTime(of process: borrowing ProcessDescriptor) -> UInt64? {
    process.status?.startTime
  }

  package func signal(_ process: borrowing ProcessDescriptor, _ signal: ProcessSignal) {
    // One that is gone needs none; a monitor and a launcher are never another user's.
    switch signal {
    case .stop: process.signal(Int32(FLOW_MONITOR_SIGNAL_STOP))
    case .force: process.signal(Int32(FLOW_MONITOR_SIGNAL_FORCE))
    case .kill: process.signal(SIGKILL)
    }
  }

  package func watch(_ process: consuming ProcessDescriptor, for attempt: AttemptID) {
    watched.append(Watched(process: process, attempt: attempt))
  }

  package func killRemains(of request: LaunchRequest) -> (killed: Int32, unkillable: Int32) {
    remains.kill(request, sparing: launcher?.process.processID)
  }
}

extension ProcessMessage {
  fileprivate init(_ report: flow_report) {
    let attempt = AttemptID(step: report.step, number: report.attempt)
    switch report.kind {
    case FLOW_REPORT_LAUNCHED:
      self = .launched(attempt, processID: report.process, monitorID: report.monitor)
    case FLOW_REPORT_DEADLINE: self = .deadlinePassed(attempt)
    case FLOW_REPORT_ENDED: self = .ended(attempt, AttemptEnd(report.end))
    case FLOW_REPORT_NO_ROOM: self = .noSpace(attempt)
    case FLOW_REPORT_REFUSED, FLOW_REPORT_NOT_FORKED:
      self = .refused(attempt, LaunchFailure(report.end))
    case FLOW_REPORT_MONITOR_GONE: self = .monitorGone(attempt)
    // C's enumerations are open to Swift.
    default: preconditionFailure("a report of a kind that there is not")
    }
  }
}
