package import FlowCore

/// Watches the durable history, event by event: one end a step, one end of the run.
package struct HistoryOracle: Sendable {
  private var settled: [Int32: Int64] = [:]
  private var runFinishedAt: Int64?
  private var lastSequence: Int64 = 0

  package init() {}

  package mutating func check(_ event: Event) throws(Violation) {
    guard event.sequence == lastSequence + 1 else {
      throw Violation(.terminal, "event \(event.sequence) follows event \(lastSequence)")
    }
    lastSequence = event.sequence
    if let end = runFinishedAt {
      throw Violation(.terminal, "event \(event.sequence) follows the end of the run (\(end))")
    }
    switch event.body {
    case .stepFinished(let step, _), .stepSkipped(let step, _):
      if let before = settled.updateValue(event.sequence, forKey: step) {
        throw Violation(
          .terminal, "step \(step) ended in event \(before) and again in \(event.sequence)")
      }
    case .runFinished: runFinishedAt = event.sequence
    default: break
    }
  }
}
