package import FlowCore
package import FlowLog
import FlowRuntime
import Glibc

/// This machine, as a driver sees it.
package final class LinuxEnvironment: Environment {
  package let time: EventLoop
  package let storage: LinuxStorage
  package let runner: SpawnRunner
  private var cancelRequests = WorkQueue<CancelRequest>()
  private var interrupts = 0
  /// What a SIGTERM means.
  package var onTerminate = TerminationPolicy.usual
  /// Whether a SIGTERM has asked this process to let go of the run.
  package private(set) var isToLeave = false
  /// Called when what a terminal shows has changed otherwise than by this process.
  package var onTerminalChange: (TerminalChange) -> Void = { _ in }

  /// - Throws: `Errno` if the process has no descriptor left.
  package init(storage: LinuxStorage) throws(Errno) {
    self.storage = storage
    time = EventLoop(signals: try SignalDescriptor())
    runner = SpawnRunner()
    time.hasWork = { [runner, storage] in runner.hasReports || storage.hasFinishedSync }
    storage.isIdle = { [runner] in runner.isIdle }
    time.pendingSync = { [storage] in storage.syncDescriptor }
    time.onWake = { [runner] in runner.enforceDeadlines() }
    time.onSignal = { [unowned self] in received($0) }
  }

  package func nextCancelRequest() -> CancelRequest? {
    cancelRequests.removeFirst()
  }

  /// Nobody can leave a request yet.
  package func takeRequestNotice() -> Bool { false }

  private func received(_ signal: Int32) {
    switch signal {
    case SIGCHLD: runner.reapChildren()
    case SIGWINCH: onTerminalChange(.resized)
    case SIGCONT: onTerminalChange(.continued)
    case SIGINT:
      // The first asks, every further one insists.
      interrupts += 1
      request(force: interrupts > 1)
    case SIGQUIT: request(force: true)
    case SIGTERM where onTerminate == .detach: isToLeave = true
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
