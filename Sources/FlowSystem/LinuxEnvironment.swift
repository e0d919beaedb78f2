// FlowSystem is flow on Linux: files, clocks, signals, terminals and processes. It implements the
// seams of FlowRuntime (`Environment`, `ProcessHost`, `TimeSource`) and FlowStorage (`Storage`),
// which the simulator implements, too. It decides nothing about a run.
//
// It may import FlowStorage, FlowCore and FlowRuntime, the C modules CLauncher, CMonitor and
// CLinux, and Glibc. No module that the simulator runs may import it.
//
// Invariant: the process has one thread, and others only for syncs (`SyncThread`).
// Invariant: every descriptor is closed on exec, except those that a child is given on purpose.
// Invariant: signals are blocked and read from a descriptor; no signal handler runs Swift code.
// Invariant: a process is signalled through a pidfd, which never names another process.

import CLinux
package import FlowCore
package import FlowRuntime
package import FlowStorage
import Glibc

/// The driver's environment on a Linux machine.
package final class LinuxEnvironment: Environment {
  package let time: EventLoop
  package let storage: LinuxStorage
  package let runner: AttemptSupervisor<LinuxProcesses, EventLoop>
  package let callerEnvironment = ProcessFacts.environment()
  private let processes: LinuxProcesses
  private let workSync = WorkSync()
  private var membership: RunGroup<LinuxStorage>.Membership?
  private var requestWatch: RequestWatch?
  private var cancelRequests = WorkQueue<CancelRequest>()
  private var interrupts = 0
  /// What SIGTERM does.
  package var onTerminate = TerminationPolicy.usual
  /// Whether SIGTERM has told this process to detach from the run.
  package private(set) var shouldDetach = false
  /// Who sent that SIGTERM, if it ends what shares a unit or container with this process.
  package private(set) var manager: ServiceManager?
  /// Called when the terminal's content has changed for another reason than this process.
  package var onTerminalChange: (TerminalChange) -> Void = { _ in }
  /// Called at the first Ctrl-C, with the request that it makes.
  package var onInterrupt: (CancelRequest) -> Void = { _ in }

  /// - Parameter here: where this process runs.
  /// - Throws: `Errno` if the process is out of descriptors.
  package init(storage: LinuxStorage, in here: HostContext) throws(Errno) {
    self.storage = storage
    time = EventLoop(signals: try SignalDescriptor())
    processes = try LinuxProcesses(in: here)
    runner = AttemptSupervisor(host: processes, storage: storage, time: time, here: here)
    // The children of a killed launcher become children of this process.
    _ = clinux_become_subreaper()
    time.hasWork = { [runner, processes, storage, workSync] in
      runner.hasReports || processes.hasMessages || storage.hasFinishedSync || workSync.isFinished
    }
    storage.isIdle = { [runner] in runner.isIdle }
    time.pendingSync = { [storage] in storage.syncDescriptor }
    time.pendingWorkSync = { [workSync] in workSync.descriptor }
    time.onSignal = { [unowned self] in received($0) }
    time.prepareWait = { [unowned self] in prepareWait() }
    time.takeReady = { [unowned self] in takeReady($0) }
  }

  /// Keeps the run's group taken as long as this process, its launchers or their monitors live.
  package func hold(_ membership: RunGroup<LinuxStorage>.Membership) {
    self.membership = membership
    processes.inheritedLock = membership.handle
  }

  /// Shuts down the launcher of a run that has ended. No process of the run remains when this
  /// returns.
  package func finish() {
    processes.finish()
  }

  // MARK: Waiting

  private func prepareWait() -> [pollfd] {
    let requests = pollfd(fd: requestWatch?.descriptor ?? -1, events: Int16(POLLIN), revents: 0)
    return [requests] + processes.prepareWait()
  }

  private func takeReady(_ descriptors: ArraySlice<pollfd>) {
    if let requests = descriptors.first, requests.revents != 0 { requestWatch?.takeEvents() }
    processes.take(descriptors.dropFirst())
  }

  // MARK: Requests

  /// Watches the run's folder, which must exist, for cancel requests.
  package func watchRequests(in folder: RunFolder) {
    requestWatch = RequestWatch(folder)
    time.nextLook = { [unowned self] in requestWatch?.nextLook }
  }

  package func readSecret(at path: String, limit: Int) throws(Errno) -> [UInt8] {
    try SecretFiles.read(path, limit: limit)
  }

  package var memoryFolder: String? { SecretFiles.memoryFolder }

  package func startWorkSync(_ folders: [String]) { workSync.start(folders) }

  package func finishedWorkSync() -> Result<Void, Errno>? { workSync.finish() }

  package var userName: @Sendable (UInt32) -> String { { ProcessFacts.name(ofUser: $0) } }

  package func nextCancelRequest() -> CancelRequest? {
    cancelRequests.removeFirst()
  }

  package func takeRequestNotice() -> Bool {
    requestWatch?.take() ?? false
  }

  private func received(_ signal: Int32) {
    switch signal {
    case SIGCHLD: processes.reapOrphans()
    case SIGWINCH: onTerminalChange(.resized)
    case SIGCONT: onTerminalChange(.continued)
    case SIGINT where time.isSignalOfFlow: request(force: false)
    case SIGINT:
      // The first cancels with grace, a second one without.
      interrupts += 1
      let made = request(force: interrupts > 1)
      if !made.force { onInterrupt(made) }
    case SIGQUIT: request(force: true)
    case SIGTERM where onTerminate == .detach:
      shouldDetach = true
      manager = ServiceManager(sender: time.signalSender)
    default:
      // SIGTERM cancels as a first Ctrl-C does, however often it comes: service managers repeat it.
      interrupts = max(interrupts, 1)
      request(force: false)
    }
  }

  @discardableResult
  private func request(force: Bool) -> CancelRequest {
    let request = CancelRequest(id: ProcessFacts.randomBits(), force: force)
    cancelRequests.append(request)
    return request
  }
}

/// Why a terminal no longer shows what was drawn.
package enum TerminalChange: Sendable {
  case resized
  /// This process was stopped, and other programs used the terminal.
  case continued

  /// - Returns: nil for other signals.
  package init?(signal: Int32) {
    switch signal {
    case SIGWINCH: self = .resized
    case SIGCONT: self = .continued
    default: return nil
    }
  }
}

/// What SIGTERM does to an engine.
package enum TerminationPolicy: String, CaseIterable, Sendable {
  /// Detach from the run: running attempts continue, and another engine can resume the run.
  case detach
  /// Cancel the run, as Ctrl-C does.
  case cancel

  /// The end of a container's first process kills all others, so nothing would continue.
  package static var usual: TerminationPolicy { getpid() == 1 ? .cancel : .detach }
}
