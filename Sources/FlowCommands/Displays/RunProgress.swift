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

  func foundEnvironment(_ news: EnvironmentNews) {
    switch news {
    case .saved:
      warn("the run had no saved environment; from now on its steps have that of this command")
    case .notSaved:
      warn(
        "the run has no saved environment, and the disk has no space for one; until it is resumed"
          + " again, its steps have that of this command")
    case .replaced(names: nil):
      warn("the run's environment could not be read, and is replaced with that of this command")
    case .replaced(names: []?):
      warn("the run's environment is that of this command already")
    case .replaced(let names?):
      warn(
        "the run's environment is replaced with that of this command, which differs in"
          + " \(names.joined(separator: ", "))")
    case .unreadable(let path):
      warn(
        "\(path) cannot be read; until the run is resumed again, its steps have the environment of"
          + " this command")
    }
  }

  /// The outcome of a run that had ended before.
  private(set) var outcome: RunOutcome?

  func recalled(_ events: [Event], _ state: RunState) {
    if case .finished(let outcome) = state.phase { self.outcome = outcome }
    display.recall(events, state)
  }

  func lacks(_ shortages: Shortages) { display.lacks(shortages) }

  func committed(_ events: [Event], _ state: RunState) {
    display.show(events, state, at: EventLoop.now())
  }
}
