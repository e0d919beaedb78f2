/// Questions about steps: `state` must not be nil.
extension RunHistory {
  /// When the last event was recorded: until then, at least, an engine drove the run.
  package var lastEventAt: WallTime? { last?.wall }

  /// The attempts of a step, the first first; all must have been kept.
  package func attempts(ofStep step: Int) -> [AttemptHistory] {
    precondition(keepsAllAttempts, "the attempts before the last were not kept")
    var found: [AttemptHistory] = []
    var place = lastAttempts[step]
    while place != Self.none {
      found.append(attempt(at: Int(place)))
      place = attempts[Int(place)].previous
    }
    found.reverse()
    return found
  }

  /// The last attempt of a step: where times are kept the last that was scheduled, else the last that
  /// was launched or has ended.
  package func lastAttempt(ofStep step: Int) -> AttemptHistory? {
    let place = lastAttempts[step]
    return place == Self.none ? nil : attempt(at: Int(place))
  }

  /// All attempts that were kept, in the order in which they began. Withdrawn ones are none.
  package var allAttempts: some Sequence<AttemptHistory> {
    attempts.indices.lazy.filter { !attempts[$0].isWithdrawn }.map { attempt(at: $0) }
  }

  private func attempt(at place: Int) -> AttemptHistory {
    let kept = attempts[place]
    return AttemptHistory(
      kept.id, isProbe: kept.isProbe, launchedAt: kept.launchedAt, end: kept.end,
      times: keepsTimes ? attemptTimes[place] : nil)
  }

  /// The need for which a step was skipped; nil where it was not, or because the run stopped.
  package func skippedNeed(ofStep step: Int) -> Int? {
    skippedFor[step] == Self.none ? nil : Int(skippedFor[step])
  }
}

// MARK: - Where times are kept

extension RunHistory {
  /// Since when a step is ready and has no intent; nil where it is not.
  package func readySince(step: Int) -> RunPoint? { steps[step].readySince }

  /// When a step had its end; nil while it has none.
  package func settledAt(step: Int) -> RunPoint? { steps[step].settledAt }

  /// When a step had its end in the round before, if it runs again in this one.
  package func settledBefore(step: Int) -> RunPoint? { steps[step].settledBefore }

  /// Whether the run was stopping before the step had its end.
  package func wasStopped(step: Int) -> Bool { steps[step].wasStopped }

  /// When, and why, the run began to stop in this round; nil where it did not.
  package var stopping: (point: RunPoint, reason: StopReason)? {
    guard stopReason != nil else { return nil }
    for mark in marks.reversed() {
      if case .runStopping(let reason) = mark.body { return (mark.point, reason) }
    }
    return nil
  }

  /// When the step's last need was met, and which that was; nil where it has none or one is not.
  /// Of needs that were met together the first counts.
  package func lastNeed(ofStep step: Int) -> (step: Int, point: RunPoint)? {
    var last: (step: Int, point: RunPoint)?
    for need in state?.definition.steps[step].needs ?? [] {
      guard let point = settledAt(step: Int(need)) else { return nil }
      if let found = last, found.point.elapsed >= point.elapsed { continue }
      last = (Int(need), point)
    }
    return last
  }
}
