/// When notices run: when all other steps have settled, and what the run has come to stands. They change
/// nothing of that, whatever becomes of them. Only a cancel by force that comes while they run ends them.
///
/// A slow notice begins when its time is over and the round is not, whatever stops the run. What the run
/// comes to does not wait for it, and a cancel by force ends it at any time.
struct SlowNotices: Equatable, Sendable {
  /// Those whose time was over in this round.
  var fired: Set<Int32> = []
  /// Whether a cancel by force came in this round.
  var areEnded = false
}

extension RunState {
  /// What the run has come to, if that stands.
  package var conclusion: RunOutcome? {
    switch phase {
    case .concluded(let outcome), .finished(let outcome): outcome
    case .running, .stopping, .concluding: nil
    }
  }

  /// Whether the run's outcome stands, and notices run.
  package var isConcluded: Bool { if case .concluded = phase { true } else { false } }

  /// Whether a step is a notice that has nothing to tell, as far as is known.
  package func isIdleNotice(_ step: Int) -> Bool {
    guard definition.isNotify(step) else { return false }
    if definition.isSlowNotice(step) { return !slow.fired.contains(Int32(step)) }
    return conclusion.map { !tells(step, of: $0) } ?? true
  }

  /// Whether a notice tells of such an end of this round.
  func tells(_ step: Int, of outcome: RunOutcome) -> Bool {
    let outcomes = definition.extras(ofStep: step).notice?.outcomes ?? []
    return outcomes.contains(NoticeOutcomes(outcome))
      || outcomes.contains(.recovered) && recovers(with: outcome)
  }

  /// Whether the run succeeds and did not before.
  private func recovers(with outcome: RunOutcome) -> Bool {
    outcome == .succeeded && previousOutcome.map { $0 != .succeeded } ?? false
  }

  /// Whether a notice tells of what the run has come to, or a slow one still runs.
  package var tellsOfConclusion: Bool {
    guard let conclusion else { return false }
    return definition.notifySteps.contains { step in
      if !isSelected(step) { return false }
      return slow.fired.contains(Int32(step))
        ? !steps[step].isSettled : tells(step, of: conclusion)
    }
  }

  /// Why a notice runs, in a word: the most exact one.
  package func news(ofNotice step: Int) -> String? {
    guard let notice = definition.extras(ofStep: step).notice else { return nil }
    if notice.slowMilliseconds != nil { return "slow" }
    guard let conclusion else { return nil }
    return notice.outcomes.contains(.recovered) && recovers(with: conclusion)
      ? "recovered" : "\(conclusion)"
  }

  /// Whether no more attempts of a notice are scheduled.
  func isEnded(notice step: Int) -> Bool {
    areNoticesEnded || slow.areEnded && definition.isSlowNotice(step)
  }

  /// Whether all but notices have settled.
  package var hasOnlyNotices: Bool {
    unsettledSteps == unsettledNotices
  }
}

// MARK: Changes

extension RunState {
  mutating func runConcluded(_ outcome: RunOutcome, _ event: Event) throws(HistoryError) {
    guard definition.hasNotify, !isConcluded, hasOnlyNotices, doomed.isEmpty else {
      throw HistoryError(event, .misplaced)
    }
    phase = .concluded(outcome)
    // Of slow notices that run and failed once.
    let notices = definition.notifySteps
    timers.removeAllButPause { notices.contains(Int($0)) }
    for step in notices where isSelected(step) {
      if slow.fired.contains(Int32(step)) { continue }
      if tells(step, of: outcome) {
        if steps[step].apply(.needMet), steps[step].phase == .ready { enqueue(Int32(step)) }
      } else {
        doom(Int32(step), .nothingToTell)
      }
    }
  }

  /// Ends them: they have seen no cancel before.
  mutating func endNotices() {
    rollbacks.ready.removeAll()
    timers.removeAllButPause()
    for step in definition.notifySteps where !steps[step].isSettled {
      doom(Int32(step), .runStopping)
      if steps[step].hasOpenAttempt { queueStop(step) }
    }
  }

  // MARK: Slow notices

  /// Begins a round.
  mutating func armSlowNotices(at now: Moment) {
    slow = SlowNotices()
    for step in definition.notifySteps where isSelected(step) {
      guard let time = definition.slowMilliseconds(ofNotice: step) else { continue }
      timers.arm(.slow(step: Int32(step)), at: now.monotonic.advanced(byMilliseconds: time))
    }
  }

  mutating func slowFired(_ step: Int32, _ event: Event) throws(HistoryError) {
    guard !isConcluded else { throw HistoryError(event, .misplaced) }
    slow.fired.insert(step)
    try change(step, event, .needMet)
    enqueue(step)
  }

  /// A cancel by force ends those that run, and no other begins.
  mutating func endSlowNotices() {
    if !definition.hasNotify || isConcluded || slow.areEnded { return }
    slow.areEnded = true
    timers.remove(ofSteps: definition.notifySteps)
    // Rollbacks that are there have been ended, too.
    rollbacks.ready.removeAll()
    for step in definition.notifySteps
    where slow.fired.contains(Int32(step)) && !steps[step].isSettled {
      doom(Int32(step), .runStopping)
      if steps[step].hasOpenAttempt { queueStop(step) }
    }
  }
}

extension NoticeOutcomes {
  package init(_ outcome: RunOutcome) {
    self =
      switch outcome {
      case .succeeded: .succeeded
      case .failed: .failed
      case .cancelled: .cancelled
      }
  }
}
