import FlowCore
import FlowRuntime
import FlowSystem

/// Lets a display watch a run that this process drives.
final class RunProgress: RunObserver {
  private let display: any RunDisplay

  init(_ display: any RunDisplay) {
    self.display = display
  }

  /// How the run ended, as far as was told.
  private(set) var outcome: RunOutcome?

  func recalled(_ events: [Event], _ state: RunState) {
    if case .finished(let outcome) = state.phase { self.outcome = outcome }
    display.recall(events, state)
  }

  func committed(_ events: [Event], _ state: RunState) {
    display.show(events, state, at: EventLoop.now())
  }
}
