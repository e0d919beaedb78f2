/// Which successes may vouch for work that is not on the disk.
///
/// The history is durable, and what a command has written is not before its file system is synced. So a
/// success is provisional until a sync that began after it.
package struct Work: Equatable, Sendable {
  /// A step that has succeeded.
  package struct Success: Equatable, Sendable {
    package let step: Int32
    /// The event that says so.
    package let sequence: Int64
  }

  /// Why this round cannot succeed any more.
  enum Failure: Equatable, Sendable {
    /// A sync has failed.
    case sync
    /// The machine has gone down before a sync.
    case powerLoss
  }

  /// Those that no sync has covered, oldest first.
  package private(set) var unsynced: [Success] = []
  private(set) var failure: Failure?
  /// Steps that had succeeded before that, and have not run again since. They do in the next round. After a sync
  /// that has failed, what they have written may be readable and gone after the next power loss, and no later
  /// sync tells.
  private(set) var suspects: Set<Int32> = []
  /// The last event that a sync has covered.
  private var syncedThrough: Int64 = 0

  /// Whether there is something that a sync can make durable.
  var canSync: Bool { !unsynced.isEmpty && failure != .sync }

  func isSuspect(_ step: Int) -> Bool {
    !suspects.isEmpty && suspects.contains(Int32(step))
  }

  mutating func succeeded(_ step: Int32, at sequence: Int64) {
    unsynced.append(Success(step: step, sequence: sequence))
  }

  /// - Returns: whether a sync can have covered the events up to this one, and no more.
  mutating func synced(through sequence: Int64) -> Bool {
    guard sequence >= syncedThrough, failure != .sync else { return false }
    syncedThrough = sequence
    unsynced.removeAll { $0.sequence <= sequence }
    return true
  }

  /// - Returns: whether a sync can have failed.
  mutating func syncFailed() -> Bool {
    if failure == .sync { return false }
    failure = .sync
    doubtAll()
    return true
  }

  /// No other sync comes in this round.
  mutating func doubtAll() {
    suspects.formUnion(unsynced.map(\.step))
    unsynced = []
  }

  /// The machine has gone down before a sync covered the success of a step.
  ///
  /// - Parameter runsAgain: whether the step may.
  /// - Returns: whether it had one.
  mutating func lost(_ step: Int32, runsAgain: Bool) -> Bool {
    guard let index = unsynced.firstIndex(where: { $0.step == step }) else { return false }
    unsynced.remove(at: index)
    if runsAgain {
      failure = failure ?? .powerLoss
      suspects.insert(step)
    }
    return true
  }

  /// The step begins again.
  mutating func forget(_ step: Int32) {
    if !suspects.isEmpty { suspects.remove(step) }
    if !unsynced.isEmpty { unsynced.removeAll { $0.step == step } }
  }

  /// Another round begins.
  mutating func reopen(_ runsAgain: [Bool]) {
    failure = nil
    suspects = suspects.filter { !runsAgain[Int($0)] }
    unsynced.removeAll { runsAgain[Int($0.step)] }
  }
}

extension RunState {
  /// Whether the run may not come to its end before the work of its steps is synced. A notice tells of an end
  /// that it has come to.
  var awaitsSync: Bool {
    work.canSync && !isConcluded
  }

  /// The last attempts of steps whose work a power loss may have taken: a sync has not covered their success.
  /// What a publication has put in place is on the disk. What a step has used again that was made before may
  /// have been put in place anew by another program.
  var unsyncedAttempts: [AttemptID] {
    work.unsynced.filter { !steps[Int($0.step)].publishes }.map {
      AttemptID(step: $0.step, number: steps[Int($0.step)].attempt)
    }
  }

  /// Whether the round is given up for lost work, and another one follows at once. Steps of `finally` and notices
  /// wait for that: the run has come to nothing yet.
  var restarts: Bool {
    guard stopReason == .workLost, cancel == nil else { return false }
    switch phase {
    case .stopping, .finished: return true
    case .running, .concluding, .concluded: return false
    }
  }

  /// Whether nothing of that round is left.
  var isReadyToRestart: Bool {
    othersHaveSettled
      && definition.notifySteps.allSatisfy {
        // One that tells of a long run may have begun.
        if case .waiting = steps[$0].phase { true } else { steps[$0].isSettled }
      }
  }

  /// What runs again then: the steps whose work may be lost, what had not ended, and what was skipped and comes
  /// after them. What has failed stays as it is.
  var restartScope: ReopenScope {
    var again: [Int32] = []
    var isReached = [Bool](repeating: false, count: steps.count)
    // Whether anything before it runs again, directly or not.
    var isStirred = isReached
    let suspects = suspectSteps
    // Needs first.
    for rank in definition.declaredSteps {
      let step = graph.step(ranked: Int32(rank))
      if step >= definition.firstFinally || definition.isRollback(step) { continue }
      let needs = definition.steps[step].needs
      let follows = needs.contains { isReached[Int($0)] }
      let isBehind = needs.contains { isStirred[Int($0)] }
      isStirred[step] = isBehind
      if !isSelected(step) {
        isReached[step] = follows
        continue
      }
      switch steps[step].phase {
      case _ where suspects.contains(Int32(step)): isReached[step] = true
      case .cancelled: isReached[step] = true
      // It was approved on what is made anew.
      case .succeeded where isApproved(step): isReached[step] = isBehind
      case .skipped where !isBarred(step, isReached):
        isReached[step] = !steps[step].isRefused || follows
      default: continue
      }
      if isReached[step] {
        isStirred[step] = true
        again.append(Int32(step))
      }
    }
    for child in definition.childSteps {
      guard let node = definition.child(child)?.node, isReached[Int(node)] else { continue }
      let own = steps[child]
      let isOpen = own.phase == .cancelled || own.phase == .skipped && !own.isRefused
      if work.isSuspect(child) || isOpen && !own.isRemoved { again.append(Int32(child)) }
    }
    return ReopenScope.only(StepSet(again.sorted())).holdingOrder
  }

  /// Whether a need has not ended as a step wants, and does not run again.
  private func isBarred(_ step: Int, _ runsAgain: [Bool]) -> Bool {
    definition.steps[step].needs.contains { need in
      !runsAgain[Int(need)]
        && !isMet(definition.wanted(ofStep: step, from: need), by: need)
    }
  }

  /// The steps that are suspect, with the nodes of children that are.
  var suspectSteps: Set<Int32> {
    if work.suspects.isEmpty { return [] }
    return work.suspects.union(
      work.suspects.sorted().compactMap { definition.child(Int($0))?.node })
  }
}

// MARK: Changes

extension RunState {
  mutating func succeeded(_ step: Int32, _ event: Event) {
    gatherOutputs(ofNode: step)
    // Answers and nodes write nothing, and no success rests on a notice.
    guard created.syncsWork, !definition.isNotify(Int(step)),
      definition.question(ofStep: Int(step)) == nil, definition.forEach(ofStep: Int(step)) == nil
    else { return }
    work.succeeded(step, at: event.sequence)
  }

  mutating func workSynced(
    through sequence: Int64, failure: Int32?, _ event: Event
  ) throws(HistoryError) {
    guard created.syncsWork, sequence < event.sequence,
      failure == nil ? work.synced(through: sequence) : work.syncFailed()
    else { throw HistoryError(event, .misplaced) }
  }

  mutating func attemptFound(
    _ attempt: AttemptID, _ finding: AttemptFinding, _ event: Event
  ) throws(HistoryError) {
    guard finding == .unsynced else {
      return try change(attempt.step, event, .found(attempt.number, finding))
    }
    guard steps.indices.contains(Int(attempt.step)) else {
      throw HistoryError(event, .unknownStep(attempt.step))
    }
    // A rollback has its step to run again for.
    let runsAgain =
      definition.settings(ofStep: Int(attempt.step)).onLost == .rerun
      && !definition.isRollback(Int(attempt.step))
    guard steps[Int(attempt.step)].attempt == attempt.number,
      work.lost(attempt.step, runsAgain: runsAgain)
    else { throw HistoryError(event, .misplaced) }
  }
}
