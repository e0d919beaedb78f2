package import FlowCore

/// A request to cancel that was left in the run's folder acts exactly once, whatever becomes of the
/// engine, unless the run had ended before; and a run that is stopped by one ends so.
package struct RequestChecker: Sendable {
  private struct Left: Sendable {
    let id: UInt64
    let time: WorldTime
  }

  /// Those that are durable, in the order in which they became so.
  private var left: [Left] = []
  /// By id: the event by which the history is done with a request.
  private var settled: [UInt64: Int64] = [:]
  /// How long an engine may take to look for requests, in microseconds.
  private let notice: Int64

  /// Of this round: whether a request came, why the run stops, and whether a step was stopped or kept
  /// from starting by that.
  private var isCancelled = false
  private var stopReason: StopReason?
  private var wasFelt = false
  /// Whether a request came in the wake-up of the last event, and whether the run ended in that one:
  /// then others that lay there with it came too late.
  private var isAsking = false
  private var endedAtOnce = false

  package init(noticeMicroseconds: Int64) {
    notice = noticeMicroseconds
  }

  /// Somebody was told that his request is there.
  package mutating func left(_ request: CancelRequest, at now: WorldTime) {
    left.append(Left(id: request.id, time: now))
  }

  /// Whoever is told that his request is there need not fear for it.
  ///
  /// - Parameter durable: what would be there if the machine lost power now.
  package static func check(
    _ request: CancelRequest, among durable: [CancelRequest]
  ) throws(Violation) {
    if durable.contains(request) { return }
    throw Violation(
      .cancel, "request \(request.id) was left, somebody was told so, and a crash can take it")
  }

  /// The run for which requests were left is gone, and was never acknowledged.
  package mutating func forget() {
    left = []
  }

  /// Takes in an event that is durable.
  package mutating func learn(_ event: Event) throws(Violation) {
    if event.startsWakeUp { isAsking = false }
    switch event.body {
    case .cancelRequested(let request):
      isCancelled = true
      isAsking = true
      if let before = settled.updateValue(event.sequence, forKey: request.id) {
        throw Violation(
          .cancel,
          "request \(request.id) acts in event \(event.sequence), and was done with in"
            + " event \(before)")
      }
    case .runReopened(let ignored):
      for id in ignored where settled[id] == nil { settled[id] = event.sequence }
      isCancelled = false
      stopReason = nil
      wasFelt = false
      endedAtOnce = false
    case .runStopping(let reason): stopReason = reason
    case .stepFinished(_, .cancelled), .stepSkipped(_, .runStopping): wasFelt = true
    case .runFinished(let outcome):
      endedAtOnce = isAsking
      try checkOutcome(outcome)
    default: break
    }
  }

  /// What was asked for first counts; where it came too late to change anything, the run ends as it
  /// would have without.
  private func checkOutcome(_ outcome: RunOutcome) throws(Violation) {
    if isCancelled && stopReason == nil {
      throw Violation(.cancel, "the run was to be cancelled, and did not stop")
    }
    if stopReason == .cancelled && wasFelt && outcome != .cancelled {
      throw Violation(.cancel, "the run was stopped by a cancel, and is said to have \(outcome)")
    }
  }

  /// The run has ended for good.
  ///
  /// - Parameter end: when it was decided that it has.
  package func check(endedAt end: WorldTime) throws(Violation) {
    if endedAtOnce { return }
    for request in left where settled[request.id] == nil {
      if request.time.advanced(byMicroseconds: notice) < end {
        throw Violation(
          .cancel,
          "request \(request.id) was left \(end.microseconds - request.time.microseconds) µs before"
            + " the run ended, and the history does not know it")
      }
    }
  }
}
