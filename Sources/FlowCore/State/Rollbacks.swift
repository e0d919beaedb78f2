/// What a run knows of its rollbacks, besides their lifecycles as steps.
package struct Rollbacks: Equatable, Sendable {
  /// Whether the definition has any.
  package let exist: Bool
  /// Those that can start now, and notices. They need no slot, and come before all other steps.
  package internal(set) var ready = ReadyQueue()
  /// Their attempts, and those of notices, that are scheduled and have not ended.
  package internal(set) var openAttempts = 0
  /// The first that failed for good and is not allowed to.
  package internal(set) var failure: Int32?
  /// How many did not settle by themselves.
  package internal(set) var stopped = 0
  /// Those that a cancel by force has ended, in this round.
  var ended: Set<Int32> = []

  /// Those that the run leaves out, and of the others how many wait for the end of their step, and how many
  /// are not called for, in this round.
  fileprivate(set) var unselected = 0
  fileprivate(set) var waiting = 0
  fileprivate(set) var idle = 0

  init(exist: Bool) { self.exist = exist }
}

/// When rollbacks run: after the end of their step, and before anything that comes after it. Whatever stops
/// the run lets them be; only a cancel by force ends those that run when it comes.
extension RunState {
  /// Whether no more attempts of a step are scheduled.
  package func isStopping(_ step: Int32) -> Bool {
    if definition.isNotify(Int(step)) { return isEnded(notice: Int(step)) }
    if definition.isChild(Int(step)) { return isStopping || isStoppedWithSiblings(step) }
    return rollbacks.exist && definition.isRollback(Int(step))
      ? rollbacks.ended.contains(step) : isStopping
  }

  /// Whether a step has ended in a way that calls for its rollback, if it has one that the run does not
  /// leave out.
  package func callsRollback(_ step: Int) -> Bool {
    guard rollbacks.exist, let rollback = definition.rollback(ofStep: step),
      isSelected(Int(rollback))
    else { return false }
    return steps[step].phase == .failed || steps[step].phase == .cancelled
  }

  /// Whether a rollback has to run, or has run, in this round.
  package func isDue(_ rollback: Int) -> Bool {
    guard let step = definition.stepRolledBack(by: rollback) else { return false }
    return callsRollback(Int(step))
  }

  /// The rollback for which those wait that need a step that has ended.
  package func pendingRollback(ofStep step: Int) -> Int32? {
    guard callsRollback(step), let rollback = definition.rollback(ofStep: step),
      !steps[Int(rollback)].isSettled
    else { return nil }
    return rollback
  }

  /// How many steps the run has, without notices, rollbacks that nothing calls for and children; and how many
  /// of these have ended.
  package var countedSteps: (selected: Int, ended: Int, unselected: Int) {
    let selected =
      definition.firstNotify - created.unselected.count - rollbacks.waiting - rollbacks.idle
    let ended = max(
      0,
      selected - max(0, unsettledSteps - unsettledChildren - unsettledNotices - rollbacks.waiting))
    return (selected, ended, created.unselected.count - rollbacks.unselected)
  }

  /// Whether a step is a rollback that nothing calls for, as far as is known.
  package func isIdleRollback(_ step: Int) -> Bool {
    definition.isRollback(step) && !isDue(step)
  }

  /// The steps that learn of an end: also those of the step that was rolled back.
  func toldDependents(ofStep step: Int) -> ArraySlice<Int32> {
    if definition.isChild(step) { return definition.siblings(needing: step) }
    let own = definition.stepRolledBack(by: step) ?? Int32(step)
    return dependents(toldBy: Int(own))
  }

  /// Whether what stops the run, or these steps, stops a step: a rollback only by force, while it runs.
  func stops(_ step: Int) -> Bool {
    definition.isNotify(step)
      ? isEnded(notice: step)
      : !definition.isRollback(step) || rollbacks.ended.contains(Int32(step))
  }

  /// The step that starts next, as far as slots let it.
  package var nextReady: Int? {
    rollbacks.ready.first(in: graph) ?? publications.ready.first(in: graph)
      ?? ready.first(in: graph)
  }

  /// Whether attempts are scheduled after the run has begun to stop.
  var launchesWhileStopping: Bool {
    definition.hasNotify || (definition.hasFinally || rollbacks.exist) && !isConcluding
  }
}

// MARK: Changes

extension RunState {
  /// Begins the first round.
  mutating func countRollbacks() {
    if !rollbacks.exist { return }
    for step in steps.indices where definition.isRollback(step) {
      if isSelected(step) { rollbacks.waiting += 1 } else { rollbacks.unselected += 1 }
    }
  }

  /// Begins another one.
  mutating func reopenRollbacks(_ plan: RoundPlan) {
    if !rollbacks.exist { return }
    for step in steps.indices where definition.isRollback(step) && plan.runsAgain[step] {
      rollbacks.waiting += 1
      if !isDue(step) { rollbacks.idle -= 1 }
    }
    rollbacks.failure = nil
    rollbacks.stopped = 0
    rollbacks.ended = []
  }

  /// A step has settled.
  ///
  /// - Returns: the step after which others may come now; nil while they wait for a rollback.
  mutating func stepEnded(with step: Int32) -> Int32? {
    if let own = definition.stepRolledBack(by: Int(step)) {
      // Otherwise what comes after its step was told before.
      return callsRollback(Int(own)) ? own : nil
    }
    return callRollback(of: step) ? nil : step
  }

  /// - Returns: whether it runs now, and what comes after the step has to wait.
  @discardableResult
  mutating func callRollback(of step: Int32) -> Bool {
    guard let rollback = definition.rollback(ofStep: Int(step)), isSelected(Int(rollback)) else {
      return false
    }
    rollbacks.waiting -= 1
    if !callsRollback(Int(step)) {
      rollbacks.idle += 1
      doom(rollback, .nothingFailed)
      return false
    }
    let isCalled = steps[Int(rollback)].apply(.needMet)
    precondition(isCalled, "a rollback of step \(step) began before its step had ended")
    needsEnded(Int(rollback))
    return true
  }

  /// A cancel by force ends the rollbacks that run when it comes: they have seen none before.
  mutating func endRollbacks() {
    for step in steps.indices where isDue(step) && !steps[step].isSettled {
      guard rollbacks.ended.insert(Int32(step)).inserted else { continue }
      doom(Int32(step), .runStopping)
      if steps[step].hasOpenAttempt { queueStop(step) }
    }
    rollbacks.ready.removeAll()
    let ended = rollbacks.ended
    timers.removeAllButPause(keepingSlow: true) { !ended.contains($0) }
  }

  /// Takes the next step out of its queue.
  ///
  /// - Returns: whether it is for a publication.
  mutating func takeNextReady() -> Bool {
    if !rollbacks.ready.isEmpty {
      rollbacks.ready.removeFirst()
    } else if !publications.ready.isEmpty {
      publications.ready.removeFirst()
      return true
    } else {
      ready.removeFirst()
    }
    return false
  }

  mutating func enqueue(_ step: Int32) {
    if steps[Int(step)].publishes {
      publications.ready.insert(precedence(of: step))
    } else if definition.needsNoSlot(Int(step)) {
      rollbacks.ready.insert(precedence(of: step))
    } else if definition.isChild(Int(step)) {
      enqueueChild(step)
    } else {
      ready.insert(precedence(of: step))
    }
  }

  /// - Parameter keepsSlot: whether the slot goes from a command to its publication, or from one of these to the
  ///   next.
  mutating func countOpen(_ attempt: AttemptID, _ change: Int, keepsSlot: Bool = false) {
    openAttempts += change
    if !keepsSlot { countOpenChild(attempt.step, change) }
    if definition.needsNoSlot(Int(attempt.step)) { rollbacks.openAttempts += change }
  }
}
