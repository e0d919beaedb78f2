import CLauncher
import CLinux
import CMonitor
package import FlowCore
package import FlowRuntime
package import FlowStorage
package import Glibc

/// The launcher, monitors and processes of an engine on this machine.
package final class LinuxProcesses: ProcessHost {
  package typealias Store = LinuxStorage
  package typealias ProcessHandle = ProcessDescriptor

  private let here: flow_host_context
  private let executable: String
  private let reports: ReportPipe
  private var launcher: LauncherProcess?
  private var watched: [Watched] = []
  private var messages = WorkQueue<ProcessMessage>()
  /// Whether the pipe may hold unread reports.
  private var mayHaveReports = false
  private var orphans = Orphans()
  private var inputs = InputFiles()
  /// A lock that launchers and monitors inherit, and hold as long as one of them lives.
  package var inheritedLock: Int32?

  private struct Watched {
    let process: ProcessDescriptor
    let attempt: AttemptID
  }

  /// How long the engine waits for a launcher without work to exit.
  private static let exitMilliseconds: Int32 = 2_000

  /// - Parameters:
  ///   - here: where this engine runs.
  ///   - executable: what is started as a launcher; this program by default.
  /// - Throws: `Errno` if the process is out of descriptors.
  package init(
    in here: HostContext, startingAsLauncher executable: String = "/proc/self/exe"
  ) throws(Errno) {
    self.executable = executable
    self.here = HostMark(here).encoded
    reports = try ReportPipe()
  }

  // MARK: The launcher

  package func startLauncher(
    holding lock: Int32, _ environment: RunEnvironment
  ) throws(Errno) -> Int32 {
    precondition(launcher == nil, "an engine has one launcher at a time")
    let launcher = try LauncherProcess(
      executable, reportingTo: reports.writeDescriptor, holding: lock, inheriting: inheritedLock,
      environment)
    self.launcher = launcher
    return launcher.process.processID
  }

  package func send(_ request: LaunchRequest) {
    if request.settings.stragglers == .keep { orphans.mayBeKept = true }
    if let script = request.script, let path = request.commandArguments.first {
      do throws(Errno) { try ScriptFile.write(script, to: path) } catch {
        messages.append(
          .notForked(
            request.attempt, LaunchFailure(operation: .execute, errno: error.rawValue)))
        return
      }
    }
    if let needed = request.inputs {
      do throws(Errno) { try inputs.write(needed) } catch {
        messages.append(
          .notForked(
            request.attempt, LaunchFailure(operation: .makeInputs, errno: error.rawValue)))
        return
      }
    }
    if let stage = request.stage {
      do throws(Errno) { try StageFolder.make(stage, in: request.workingDirectory) } catch {
        messages.append(
          .notForked(
            request.attempt, LaunchFailure(operation: .makeStage, errno: error.rawValue)))
        return
      }
    }
    // Sent before the next wait, together with other requests.
    launcher?.append { bytes in RequestEncoding.encode(request, in: here, into: &bytes) }
  }

  package func flush() {
    launcher?.flush()
  }

  /// Closes the launcher's channel. The launcher exits once its last monitor has ended, which is at
  /// once if no attempt runs. The engine waits for that, so that no process of the run remains.
  package func finish() {
    guard let launcher else { return }
    self.launcher = nil
    launcher.shut()
    if launcher.process.awaitEnd(milliseconds: Self.exitMilliseconds) { launcher.reap() }
  }

  // MARK: Messages

  /// Whether `nextMessage` returns a message without reading the pipe.
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
      if report.kind == FLOW_REPORT_MONITOR_GONE { orphans.noteKilled(report) }
      messages.append(ProcessMessage(report))
    }
  }

  // MARK: Waiting

  /// Sends pending requests, and returns the descriptors to wait for.
  package func prepareWait() -> [pollfd] {
    launcher?.flush()
    var descriptors = [pollfd(fd: reports.readDescriptor, events: Int16(POLLIN), revents: 0)]
    if let launcher {
      descriptors.append(
        pollfd(fd: launcher.process.descriptor, events: Int16(POLLIN), revents: 0))
      // poll(2) ignores negative descriptors.
      descriptors.append(
        pollfd(fd: launcher.pendingDescriptor ?? -1, events: Int16(POLLOUT), revents: 0))
    }
    for watched in watched {
      descriptors.append(
        pollfd(fd: watched.process.descriptor, events: Int16(POLLIN), revents: 0))
    }
    return descriptors
  }

  /// Handles the events of a wait.
  ///
  /// - Parameter descriptors: those of `prepareWait`, with their events.
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
    precondition(descriptors.count == watched.count, "the wait was for other processes")
    guard descriptors.contains(where: { $0.revents != 0 }) else { return }
    // Reports that a process sent before its end come first.
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
    orphans.launcherHasEnded = true
    readReports()
    messages.append(.launcherGone)
  }

  /// Reaps orphans that became children of this process when their launcher was killed. Call it
  /// after SIGCHLD.
  package func reapOrphans() {
    // Before the launcher's end, it is the only child.
    guard orphans.launcherHasEnded else { return }
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
    // An ended process needs no signal; a monitor or launcher never belongs to another user.
    switch signal {
    case .stop, .force:
      process.signal(Self.number(of: signal))
      process.signal(SIGCONT)
    case .kill: process.signal(SIGKILL)
    }
  }

  package func isPending(
    _ signal: ProcessSignal, in process: borrowing ProcessDescriptor
  ) -> Bool {
    process.hasPending(Self.number(of: signal))
  }

  private static func number(of signal: ProcessSignal) -> Int32 {
    switch signal {
    case .stop: Int32(FLOW_MONITOR_SIGNAL_STOP)
    case .force: Int32(FLOW_MONITOR_SIGNAL_FORCE)
    case .kill: SIGKILL
    }
  }

  package func watch(_ process: consuming ProcessDescriptor, for attempt: AttemptID) {
    watched.append(Watched(process: process, attempt: attempt))
  }

  package func outputSize(at path: String) -> Int64? {
    var status = stat()
    return unsafe stat(cPath(path), &status) == 0 ? Int64(status.st_size) : nil
  }

  package func isDiskFull(at path: String) -> Bool {
    var system = statvfs()
    return unsafe statvfs(cPath(path), &system) == 0 && system.f_bavail == 0 && system.f_blocks > 0
  }

  package func scrub(_ request: LaunchRequest) -> Bool {
    SecretScrubbing.removeFiles(of: request.secrets)
    return SecretScrubbing.scrub(request.outputPath, of: request.secrets.values.map(\.bytes))
  }

  package func killOrphans(of request: LaunchRequest) -> (killed: Int32, unkillable: Int32) {
    orphans.kill(request, sparing: launcher?.process.processID)
  }
}

extension ProcessMessage {
  fileprivate init(_ report: flow_report) {
    let attempt = AttemptID(step: report.step, number: report.attempt)
    switch report.kind {
    case FLOW_REPORT_LAUNCHED:
      self = .launched(attempt, processID: report.process, monitorID: report.monitor)
    case FLOW_REPORT_DEADLINE: self = .deadlinePassed(attempt)
    case FLOW_REPORT_TOLD: self = .toldToEnd(attempt)
    case FLOW_REPORT_ENDED: self = .ended(attempt, AttemptEnd(report.end))
    case FLOW_REPORT_SHORTAGE:
      self = .lacks(attempt, Errno(rawValue: report.end.code).shortage ?? .processes)
    case FLOW_REPORT_REFUSED: self = .refused(attempt, LaunchFailure(report.end))
    case FLOW_REPORT_NOT_FORKED: self = .notForked(attempt, LaunchFailure(report.end))
    case FLOW_REPORT_MONITOR_GONE: self = .monitorGone(attempt)
    // Swift takes an enumeration of C as open.
    default: preconditionFailure("a report of an unknown kind")
    }
  }
}
