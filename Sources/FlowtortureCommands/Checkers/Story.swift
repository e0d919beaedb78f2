/// The events of each attempt in a history.
package struct Story: Sendable {
  package struct Attempt: Sendable {
    /// The last intent: a withdrawn attempt can be scheduled again under its number.
    var scheduled: HistoryEvent
    /// The first intent.
    var firstScheduled: HistoryEvent
    /// The last event that found the attempt never launched.
    var foundUnlaunched: HistoryEvent?
    var stopRequested: HistoryEvent?
    var isForced = false
    var isProbe: Bool
    var ended: HistoryEvent?
    var result: AttemptResult?
    var isWithdrawn = false
  }

  package let history: [HistoryEvent]
  package private(set) var attempts: [AttemptName: Attempt] = [:]

  package init(_ history: [HistoryEvent]) {
    self.history = history
    var probesNext: Set<String> = []
    for event in history {
      if case .probeScheduled(let attempt) = event.body { probesNext.insert(attempt.step) }
      if case .rerunScheduled(let attempt) = event.body { probesNext.remove(attempt.step) }
      if case .runReopened = event.body { probesNext = [] }
      take(event, probesNext)
    }
  }

  private mutating func take(_ event: HistoryEvent, _ probesNext: Set<String>) {
    switch event.body {
    case .scheduled(let name):
      let first = attempts[name]?.firstScheduled ?? event
      attempts[name] = Attempt(
        scheduled: event, firstScheduled: first, isProbe: probesNext.contains(name.step))
    case .found(let name, isRunning: false): attempts[name]?.foundUnlaunched = event
    case .stopRequested(let name, let force):
      attempts[name]?.stopRequested = event
      if force { attempts[name]?.isForced = true }
    case .ended(let name, let result):
      attempts[name]?.ended = event
      attempts[name]?.result = result
    case .withdrawn(let name): attempts[name]?.isWithdrawn = true
    case .engineStarted, .launched, .deadlinePassed, .found, .unsynced, .retryScheduled,
      .rerunScheduled,
      .probeScheduled, .expanded, .refusedItems, .stepFinished, .stepSkipped, .cancelRequested,
      .runStopping, .runConcluding,
      .runConcluded,
      .runFinished,
      .runReopened, .asked, .answered, .timePassed, .other:
      break
    }
  }

  /// All attempts, sorted.
  package var names: [AttemptName] { attempts.keys.sorted() }
}
