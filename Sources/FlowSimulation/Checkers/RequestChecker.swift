import FlowCore
import FlowRuntime

/// A request to cancel that was left in the run's folder acts exactly once, whatever happens to the
/// engine, unless the run had ended before. A run that is stopped by a cancel ends as cancelled.
final class RequestChecker {
  private struct Left {
    let id: UInt64
    let time: WorldTime
  }

  /// Those that are durable, in the order in which they became so.
  private var left: [Left] = []
  /// By id: the event by which the history is done with a request.
  private var settled: [UInt64: Int64] = [:]
  /// How long an engine may take to look for requests, in microseconds.
  private let notice: Int64
  private let definition: WorkflowDefinition?
  private var children: ChildTally?
  /// When the engine decided that the run has ended; nil while it goes on.
  private var endDecidedAt: WorldTime?
  /// When an engine ended first since the history was seen to go on: one that died in the commit that begins the
  /// run may have decided its end, too.
  private var endedUnseenAt: WorldTime?

  /// Of this round: whether a request came, why the run stops, and whether that has stopped a step
  /// or kept it from starting.
  private var isCancelled = false
  private var stopReason: StopReason?
  private var hadEffect = false
  /// Whether the steps of `finally` run, or notices: what stops these is for another checker.
  private var isConcluding = false
  /// Whether a request came in the wake-up of the last event, and whether the run ended in that
  /// one: then other requests that were left at the same time came too late.
  private var isAsking = false
  private var endedAtOnce = false

  /// - Parameter definition: of the run; nil for one without rollbacks, which are for another checker.
  init(
    noticeMicroseconds: Int64, _ definition: WorkflowDefinition? = nil,
    _ items: ItemSelection? = nil
  ) {
    self.definition = definition
    children = definition.map { ChildTally($0, items) }
    notice = noticeMicroseconds
  }

  /// A request was left, and the canceller was told so.
  func left(_ request: CancelRequest, at now: WorldTime) {
    left.append(Left(id: request.id, time: now))
  }

  /// A request is durable when its canceller is told that it was left.
  ///
  /// - Parameter durable: what would be there if the machine lost power now.
  static func check(
    _ request: CancelRequest, among durable: [CancelRequest]
  ) throws(Violation) {
    if durable.contains(request) { return }
    throw Violation(
      .cancel, "request \(request.id) was left, its canceller was told so, and a crash can take it")
  }

  /// The run for which requests were left is gone, and was never acknowledged.
  func forget() {
    left = []
  }

  /// Takes in an event that is durable.
  func learn(_ event: Event) throws(Violation) {
    if event.startsWakeUp { isAsking = false }
    children?.learn(event.body)
    switch event.body {
    case .cancelRequested(let request):
      if !isConcluding { isCancelled = true }
      isAsking = true
      if let before = settled.updateValue(event.sequence, forKey: request.id) {
        throw Violation(
          .cancel,
          "request \(request.id) acts in event \(event.sequence), and was done with in"
            + " event \(before)")
      }
    case .runReopened(let ignored, _):
      for id in ignored where settled[id] == nil { settled[id] = event.sequence }
      isCancelled = false
      stopReason = nil
      hadEffect = false
      isConcluding = false
      endedAtOnce = false
    case .runStopping(let reason): stopReason = reason
    case .runConcluding(let outcome), .runConcluded(let outcome):
      isConcluding = true
      try checkOutcome(outcome)
    case .stepFinished(let step, .cancelled), .stepSkipped(let step, .runStopping):
      // It is stopped with its siblings, whatever else comes.
      let isStopped = children.map { $0.isChild(step) && $0.areStopped } ?? false
      if !isConcluding, !isStopped, definition?.needsNoSlot(Int(step)) != true { hadEffect = true }
    case .runFinished(let outcome):
      endedAtOnce = isAsking
      try checkOutcome(outcome)
    default: break
    }
  }

  /// The first reason to stop counts. Where it came too late to change anything, the run ends as it
  /// would have ended without it.
  private func checkOutcome(_ outcome: RunOutcome) throws(Violation) {
    if isCancelled && stopReason == nil {
      throw Violation(.cancel, "the run was cancelled, and did not stop")
    }
    if stopReason == .cancelled && hadEffect && outcome != .cancelled {
      throw Violation(.cancel, "the run was stopped by a cancel, and is said to have \(outcome)")
    }
  }

  /// The run has ended for good.
  ///
  /// - Parameters:
  ///   - end: when the engine decided that it has.
  ///   - suspended: how long engines were suspended, in microseconds.
  func check(endedAt end: WorldTime, suspended: Int64 = 0) throws(Violation) {
    if endedAtOnce { return }
    for request in left where settled[request.id] == nil {
      if request.time.advanced(byMicroseconds: notice + suspended) < end {
        throw Violation(
          .cancel,
          "request \(request.id) was left \(end.microseconds - request.time.microseconds) µs before"
            + " the run ended, and the history does not know it")
      }
    }
  }
}

extension RequestChecker: Checker {
  func learned(_ event: Event, in world: World) throws(Violation) {
    if case .runReopened = event.body { endDecidedAt = nil }
    try learn(event)
  }

  func left(_ request: CancelRequest, in world: World) throws(Violation) {
    left(request, at: world.now)
    guard let run = world.run, !world.storage.hasBetrayed else { return }
    let durable = try? CancelRequests(run.folder, in: world.storage.leastRemains()).all()
    try Self.check(request, among: durable ?? [])
  }

  func decidesEnd(in world: World) throws(Violation) {
    if endDecidedAt == nil { endDecidedAt = world.now }
  }

  func creates(in world: World) throws(Violation) { forget() }

  func found(_ events: [Event], in world: World) throws(Violation) {
    let isFinished = events.last?.body.kind == .runFinished
    // What all ended in its first wake-up was decided by an engine that died before it told anybody.
    if isFinished, endDecidedAt == nil { endDecidedAt = endedUnseenAt ?? world.now }
    if !isFinished { endedUnseenAt = nil }
    if !world.checkers.history.isLost, !isFinished { endDecidedAt = nil }
  }

  func engineEnded(in world: World) throws(Violation) {
    endedUnseenAt = endedUnseenAt ?? world.now
  }

  func settled(in world: World) throws(Violation) {
    if let endDecidedAt {
      try check(endedAt: endDecidedAt, suspended: world.engine.suspendedMicroseconds)
    }
  }
}
