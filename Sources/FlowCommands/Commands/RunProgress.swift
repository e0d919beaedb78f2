import FlowCore
import FlowRuntime
import FlowSystem

/// What `flow run` prints while the run goes on.
final class RunProgress: RunObserver {
  enum Style {
    case lines
    case json
    case quiet
  }

  private let style: Style
  private let output: StandardStream
  private let events: EventPrinter
  private var lines = ProgressPrinter()

  init(_ style: Style, _ run: NewRun, to output: StandardStream) {
    self.style = style
    self.output = output
    events = EventPrinter(runID: run.created.runID, definition: run.definition)
  }

  func committed(_ events: [Event], _ state: RunState) {
    for event in events {
      switch style {
      case .lines:
        if let line = lines.line(for: event, in: state) { output.write(line) }
      case .json: output.write(self.events.json(event))
      case .quiet: return
      }
    }
    output.flushAvailable()
  }
}
