import CLinux
package import FlowCore
package import FlowRuntime
package import FlowStorage
import Glibc

/// This machine, as a driver sees it.
package final class LinuxEnvironment: Environment {
  package let time: EventLoop
  package let storage: LinuxStorage
  package let runner: AttemptSupervisor<LinuxProcesses, EventLoop>
  private let processes: LinuxProcesses
  private var requestWatch: RequestWatch?
  private var cancelRequests = WorkQueue<CancelRequest>()
  private var interrupts = 0
  /// What a SIGTERM means.
  package var onTerminate = TerminationPolicy.usual
  /// Whether a SIGTERM has asked this process to let go of the run.
  package private(set) var shouldDetach = false
  /// Called when what a terminal shows has changed otherwise than by this process.
  package var onTerminalChange: (TerminalChange) -> Void = { _ in }

  /// - Parameter here: where this process runs.
  /// - Throws: `Errno` if the process has no descriptor left.
  package init(storage: LinuxStorage, in here: HostContext) throws(Errno) {
    self.storage = storage
    time = EventLoop(signals: try SignalDescriptor())
    processes = try LinuxProcesses(in: here)
    runner = AttemptSupervisor(host: processes, storage: storage, time: time, here: here)
    // What a launcher that was killed has left falls to this process.
    _ = clinux_become_subreaper()
    time.hasWork = { [runner, processes, storage] in
      runner.hasReports || processes.hasMessages || storage.hasFinishedSync
    }
    storage.isIdle = { [runner] in runner.isIdle }
    time.pendingSync = { [storage] in storage.syncDescriptor }
    time.onSignal = { [unowned self] in received($0) }
    time.prepareWait = { [unowned self] in prepareWait() }
    time.takeReady = { [unowned self] in takeReady($0) }
  }

  /// Lets go of the processes of a run that has ended: nothing of it is left when this returns.
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

  /// Watches for requests to cancel that are left in the run's folder, which must exist.
  package func watchRequests(in folder: RunFolder) {
    requestWatch = RequestWatch(folder)
    time.nextLook = { [unowned self] in requestWatch?.nextLook }
  }

  package func nextCancelRequest() -> CancelRequest? {
    cancelRequests.removeFirst()
  }

  package func takeRequestNotice() -> Bool {
    requestWatch?.take() ?? false
  }

  private func received(_ signal: Int32) {
    switch signal {
    case SIGCHLD: processes.reapFallen()
    case SIGWINCH: onTerminalChange(.resized)
    case SIGCONT: onTerminalChange(.continued)
    case SIGINT:
      // The first asks, every further one insists.
      interrupts += 1
      request(force: interrupts > 1)
    case SIGQUIT: request(force: true)
    case SIGTERM where onTerminate == .detach: shouldDetach = true
    default:
      // SIGTERM asks as a first Ctrl-C does, and never insists: those who send it send it twice.
      interrupts = max(interrupts, 1)
      request(force: false)
    }
  }

  private func request(force: Bool) {
    cancelRequests.append(CancelRequest(id: ProcessFacts.randomBits(), force: force))
  }
}

/// How a terminal came to show something else than what was drawn.
package enum TerminalChange: Sendable {
  case resized
  /// This process had been stopped, and others had the terminal.
  case continued

  /// - Returns: nil for signals that say something else.
  package init?(signal: Int32) {
    switch signal {
    case SIGWINCH: self = .resized
    case SIGCONT: self = .continued
    default: return nil
    }
  }
}
