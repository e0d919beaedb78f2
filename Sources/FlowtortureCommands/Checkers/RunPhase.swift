/// How far a run is, by its history.
struct RunPhase {
  private(set) var isConcluding = false
  /// Whether a request by force came while steps of `finally` ran.
  private(set) var isConclusionForced = false
  private(set) var isCancelled = false
  private var hasStopped = false

  mutating func take(_ body: HistoryEvent.Body) {
    switch body {
    case .runStopping: hasStopped = true
    case .runConcluding: isConcluding = true
    case .cancelRequested(_, let force):
      isCancelled = true
      if force, isConcluding { isConclusionForced = true }
    case .runReopened: self = RunPhase()
    case .engineStarted, .scheduled, .launched, .deadlinePassed, .ended, .withdrawn, .found,
      .retryScheduled, .rerunScheduled, .probeScheduled, .stopRequested, .stepFinished,
      .stepSkipped, .runFinished, .other:
      break
    }
  }

  /// Whether nothing of a step may be scheduled any more.
  func isStopping(_ step: StepPlan?) -> Bool {
    step?.isFinally == true ? isConclusionForced : hasStopped
  }

  /// The same, as soon as a request is known.
  func isCancelled(_ step: StepPlan?) -> Bool {
    step?.isFinally == true ? isConclusionForced : isCancelled
  }
}
