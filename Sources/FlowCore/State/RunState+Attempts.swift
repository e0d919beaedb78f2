/// The beginnings and ends of attempts.
extension RunState {
  mutating func attemptScheduled(_ attempt: AttemptID, _ event: Event) throws(HistoryError) {
    guard nextReady == Int(attempt.step) else { throw HistoryError(event, .misplaced) }
    try change(attempt.step, event, .scheduled(attempt.number))
    let isPublication = takeNextReady()
    if !isPublication { childLeftQueue(attempt.step) }
    noteMaker(attempt)
    countOpen(attempt, 1, keepsSlot: isPublication)
  }

  mutating func attemptEnded(
    _ attempt: AttemptID, _ end: AttemptEnd, _ event: Event
  ) throws(HistoryError) {
    guard steps.indices.contains(Int(attempt.step)) else {
      throw HistoryError(event, .unknownStep(attempt.step))
    }
    let task = steps[Int(attempt.step)].task
    if end.look != nil, task != .command || !definition.caches(ofStep: Int(attempt.step)) {
      throw HistoryError(event, .misplaced)
    }
    let conclusion = AttemptConclusion(end, of: task)
    try change(attempt.step, event, .ended(attempt.number, conclusion))
    if conclusion == .interrupted { interrupted(at: event.moment) }
    outputs.ended(attempt, hasSucceeded: conclusion.isSuccess)
    if task.publishes { publicationEnded(attempt.step, conclusion) }
    if definition.hasFinally || definition.hasNotify || rollbacks.exist {
      failedEnds[attempt.step] = conclusion.isSuccess ? nil : end
    }
    countOpen(attempt, -1, keepsSlot: keepsSlot(attempt.step, after: conclusion))
    undecided.append(attempt.step)
  }
}
