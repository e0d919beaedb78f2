package import FlowCore

/// Watches the durable history, event by event: in a round one end a step and one end of the run, and
/// nothing after it but the next round, in which what has succeeded has no other end.
package struct TerminalChecker: Sendable {
  private struct End {
    let sequence: Int64
    let isSuccess: Bool
  }

  private var ends: [Int32: End] = [:]
  private var runFinishedAt: Int64?
  private var lastSequence: Int64 = 0

  package init() {}

  package mutating func check(_ event: Event) throws(Violation) {
    guard event.sequence == lastSequence + 1 else {
      throw Violation(.terminal, "event \(event.sequence) follows event \(lastSequence)")
    }
    lastSequence = event.sequence
    if case .runReopened = event.body { return try reopen(event) }
    if let end = runFinishedAt {
      throw Violation(.terminal, "event \(event.sequence) follows the end of the run (\(end))")
    }
    switch event.body {
    case .stepFinished(let step, let outcome):
      try end(step, isSuccess: outcome == .succeeded, event)
    case .stepSkipped(let step, _): try end(step, isSuccess: false, event)
    case .runFinished: runFinishedAt = event.sequence
    default: break
    }
  }

  private mutating func end(
    _ step: Int32, isSuccess: Bool, _ event: Event
  ) throws(Violation) {
    let end = End(sequence: event.sequence, isSuccess: isSuccess)
    if let before = ends.updateValue(end, forKey: step) {
      throw Violation(
        .terminal,
        "step \(step) ended in event \(before.sequence) and again in \(event.sequence)")
    }
  }

  private mutating func reopen(_ event: Event) throws(Violation) {
    guard runFinishedAt != nil else {
      throw Violation(.terminal, "event \(event.sequence) reopens a run that has not ended")
    }
    runFinishedAt = nil
    ends = ends.filter(\.value.isSuccess)
  }
}
