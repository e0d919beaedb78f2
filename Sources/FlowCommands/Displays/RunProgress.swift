import FlowCore
import FlowRuntime
import FlowSystem

/// Lets a display watch a run that this process drives.
final class RunProgress: RunObserver {
  private let display: any RunDisplay

  init(_ display: any RunDisplay) {
    self.display = display
  }

  func committed(_ events: [Event], _ state: RunState) {
    display.show(events, state, at: EventLoop.now())
  }
}
