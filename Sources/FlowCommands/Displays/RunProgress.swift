import FlowCore
import FlowLog
import FlowRuntime
import FlowSystem

/// Lets a display watch a run that this process drives.
final class RunProgress: RunObserver {
  private let display: any RunDisplay
  private let warn: (String) -> Void

  /// - Parameter warn: prints a warning about the log that was found.
  init(_ display: any RunDisplay, warn: @escaping (String) -> Void) {
    self.display = display
    self.warn = warn
  }

  func tookOver(_ tail: LogTail) {
    if let warning = tail.warning { warn(warning) }
  }

  /// The outcome of a run that had ended before.
  private(set) var outcome: RunOutcome?

  func recalled(_ events: [Event], _ state: RunState) {
    if case .finished(let outcome) = state.phase { self.outcome = outcome }
    display.recall(events, state)
  }

  func committed(_ events: [Event], _ state: RunState) {
    display.show(events, state, at: EventLoop.now())
  }
}
