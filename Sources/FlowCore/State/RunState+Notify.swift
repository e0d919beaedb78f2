/// When notices run: when all other steps have settled, and what the run has come to stands. They change
/// nothing of that, whatever becomes of them. Only a cancel by force that comes while they run ends them.
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
    return conclusion.map { !definition.tells(step, of: $0) } ?? true
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
    timers.removeAllButPause()
    for step in definition.notifySteps where isSelected(step) {
      if definition.tells(step, of: outcome) {
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
}

extension WorkflowDefinition {
  /// Whether a notice tells of such an end.
  package func tells(_ index: Int, of outcome: RunOutcome) -> Bool {
    extras(ofStep: index).notice?.outcomes.contains(NoticeOutcomes(outcome)) ?? false
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
