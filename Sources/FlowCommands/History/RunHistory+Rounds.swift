import FlowCore

// What is counted and shown is of the round in which a step has begun last; a step that keeps its end keeps
// that round's attempts.
extension RunHistory {
  /// The attempts of the step in that round; none if the step has not begun in the present one, to which it
  /// belongs.
  func attemptsOfRound(ofStep step: Int) -> ArraySlice<AttemptHistory> {
    let before = state?.steps[step].attemptBefore ?? 0
    return attempts(ofStep: step).drop { $0.id.number <= before }
  }

  func lastAttemptOfRound(ofStep step: Int) -> AttemptHistory? {
    let before = state?.steps[step].attemptBefore ?? 0
    return lastAttempt(ofStep: step).flatMap { $0.id.number > before ? $0 : nil }
  }

  /// The number of the round in which an attempt was scheduled; nil in a run of one round.
  func round(of attempt: AttemptHistory) -> Int? {
    guard rounds.count > 1 else { return nil }
    return rounds.lastIndex { $0.from.elapsed <= attempt.scheduledAt.elapsed }.map { $0 + 1 }
  }
}
