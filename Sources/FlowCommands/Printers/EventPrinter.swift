import FlowCommandLine
package import FlowCore
import FlowText

/// Prints `flow events`: one line for each event.
package struct EventPrinter: Sendable {
  let runID: String
  let words: EventWording

  /// - Parameter definition: nil before the history has told all of it; no event names a step
  ///   earlier.
  package init(runID: String, definition: WorkflowDefinition?) {
    self.runID = runID
    words = EventWording(definition)
  }

  private static let sequenceWidth = 6
  private static let kindWidth = EventKind.allCases.map(\.name.count).max() ?? 0

  /// `    12  10:03:04.120  attemptEnded      build#2 exited 1 after 1.2s`, and a line feed. The
  /// time is UTC.
  package func text(_ event: Event) -> String {
    let sequence = String(event.sequence)
    let blanks = String(repeating: " ", count: max(0, Self.sequenceWidth - sequence.count))
    let kind = event.body.kind.name
    let gap = String(repeating: " ", count: Self.kindWidth - kind.count)
    let time = Timestamp(event.moment.wall).timeOfDay
    return "\(blanks)\(sequence)  \(time)  \(kind)\(gap)  \(phrase(event.body))\n"
  }

  /// `build#2 exited 1 after 1.2s`.
  func phrase(_ body: Event.Body) -> String { TerminalText.escaped(words.text(body)) }
}
