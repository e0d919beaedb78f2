import FlowCore

/// Watches the durable history for reasons to stop the run: a cancel, the run's own timeout, or a
/// failure where the run fails fast. The first reason stops it in the wake-up in which it comes.
/// Then nothing new begins, and every open attempt is told, without grace if a cancel was forced.
final class StopChecker {
  private let definition: WorkflowDefinition
  private let shadow: ShadowRun
  private let timeoutMicroseconds: Int64?

  /// When the run's timeout passes, by the clock of this boot; nil if it has passed or does not
  /// exist, or if the run has ended.
  private var deadline: Instant?
  private var bootID: String?
  private var lastMoment: Moment?

  // Of this round.

  /// The first reason to stop.
  private var cause: StopReason?
  private var isStopping = false
  /// Whether the steps of `finally` run, or notices: only a cancel by force stops these.
  private var isConcluding = false
  /// Whether a cancel was forced.
  private var isForced = false
  /// Attempts without an end; those of them that run, as far as the engine knows; and those that
  /// must still be told in this wake-up.
  private var open: Set<AttemptID> = []
  private var running: Set<AttemptID> = []
  private var untold: Set<AttemptID> = []

  /// Attempts that were durably told to stop, and those of them without grace.
  private var stopped: Set<AttemptID> = []
  private var forced: Set<AttemptID> = []
  /// What stops the run lets these be; each cancel by force ends those that run.
  private var rollbacks: DueRollbacks
  private var children: ChildTally
  private var tasks: AttemptTasks

  init(
    _ definition: WorkflowDefinition, _ shadow: ShadowRun = ShadowRun(),
    _ items: ItemSelection? = nil
  ) {
    self.definition = definition
    self.shadow = shadow
    rollbacks = DueRollbacks(definition)
    children = ChildTally(definition, items)
    tasks = AttemptTasks(definition)
    timeoutMicroseconds = definition.timeoutMilliseconds.map { $0 * 1_000 }
  }

  // MARK: What is durable

  /// Takes in an event that is durable.
  func learn(_ event: Event) throws(Violation) {
    if event.startsWakeUp { try checkWakeUpBefore(event) }
    rollbacks.learn(event.body)
    tasks.learn(event.body)
    let wereStopped = children.areStopped
    children.learn(event.body)
    if children.areStopped, !wereStopped {
      untold.formUnion(open.filter { children.isChild($0.step) })
    }
    switch event.body {
    // The last one of them counts.
    case .runCreated, .definitionPart: arm(event.moment)
    case .engineStarted(let engine): began(engine, event.moment)
    case .cancelRequested(let request) where isConcluding:
      if request.force, !isForced {
        call(for: .cancelled)
        (isForced, isStopping) = (true, true)
        untold = open.filter { !isSlowNotice($0.step) || !forced.contains($0) }
      }
    case .cancelRequested(let request):
      call(for: .cancelled)
      if request.force, !isForced {
        isForced = true
        if isStopping { untold = openSteps }
      }
      if request.force {
        untold.formUnion(
          open.filter {
            (rollbacks.ended.contains($0.step) || isSlowNotice($0.step)) && !forced.contains($0)
          })
      }
    case .timerFired(.runTimeout): try timeoutPassed(event.moment.monotonic)
    case .stepFinished(let step, .failed):
      // What the failure of a child means, its node says.
      let judge = definition.child(Int(step))?.node ?? step
      let isAllowed = definition.settings(ofStep: Int(judge)).allowFailure
      // Of a node the child is to blame with which it is sure to fail.
      let isOnlyTolerated = children.isChild(step) && !children.isSureToFail
      if definition.failFast && !isAllowed && !isConcluding, !definition.needsNoSlot(Int(step)),
        !isOnlyTolerated
      {
        call(for: .failFast(step: step))
      }
    case .workSynced(_, .some): if !isConcluding { call(for: .workNotSynced) }
    case .attemptFound(let attempt, .unsynced):
      let mayRunAgain = SuspectSteps.mayRunAgain(attempt.step, definition)
      if mayRunAgain, !isConcluding { call(for: .workLost) }
    case .runStopping(let reason): try stops(for: reason)
    case .runConcluding, .runConcluded: try concludes()
    case .stopRequested(let attempt, let force): try told(attempt, force: force)
    case .attemptScheduled(let attempt):
      // What a command has made that has succeeded is published.
      if !tasks[attempt.step].publishes {
        try checkBegin(attempt.step, "\(name(attempt)) is scheduled")
      }
      open.insert(attempt)
      // It may have been withdrawn in an earlier round, and keeps its number.
      stopped.remove(attempt)
      forced.remove(attempt)
    case .asked(let step): try checkBegin(step, "\(definition.steps[Int(step)].id) asks")
    case .retryScheduled(let attempt, _), .rerunScheduled(let attempt),
      .probeScheduled(let attempt):
      try checkBegin(attempt.step, "another attempt is to follow \(name(attempt))")
    case .attemptEnded(let attempt, _), .attemptWithdrawn(let attempt):
      open.remove(attempt)
      running.remove(attempt)
      untold.remove(attempt)
    case .runFinished(let outcome): try finishes(as: outcome, event)
    case .runReopened: reopened(event.moment)
    case .attemptLaunched(let attempt, _), .attemptFound(let attempt, .running):
      running.insert(attempt)
    default: break
    }
    lastMoment = event.moment
  }

  private func arm(_ now: Moment) {
    deadline = timeoutMicroseconds.map { now.monotonic.advanced(byMicroseconds: $0) }
  }

  /// Within one boot the timeout passes at a time of the monotonic clock. In the next boot the rest
  /// of it goes on, less the wall time since.
  private func began(_ engine: EngineStarted, _ now: Moment) {
    defer { bootID = engine.host.bootID }
    guard let bootID, bootID != engine.host.bootID, let last = lastMoment, let end = deadline
    else { return }
    let passed = max(0, now.wall.microseconds - last.wall.microseconds)
    let rest = max(0, end.microseconds - last.monotonic.microseconds)
    deadline = now.monotonic.advanced(byMicroseconds: max(0, rest - passed))
  }

  private func call(for reason: StopReason) {
    if cause == nil { cause = reason }
  }

  private func timeoutPassed(_ now: Instant) throws(Violation) {
    guard let end = deadline, now >= end else {
      throw Violation(.timeout, "the run's timeout passes too early")
    }
    deadline = nil
    call(for: .timedOut)
  }

  private func stops(for reason: StopReason) throws(Violation) {
    guard reason == cause else {
      throw Violation(.stop, "the run stops (\(reason)), and \(text(cause)) came first")
    }
    isStopping = true
    deadline = nil
    untold.formUnion(openSteps)
  }

  private var openSteps: Set<AttemptID> {
    open.filter { !rollbacks.isRollback($0.step) && !isSlowNotice($0.step) }
  }

  /// Whatever stops the run lets these be, besides a cancel by force.
  private func isSlowNotice(_ step: Int32) -> Bool { definition.isSlowNotice(Int(step)) }

  private func concludes() throws(Violation) {
    if cause != nil && !isStopping {
      throw Violation(.stop, "the run must stop (\(text(cause))), and concludes")
    }
    if let attempt = open.filter({ !isSlowNotice($0.step) }).min() {
      throw Violation(.finally, "the run concludes, and \(name(attempt)) is open")
    }
    cause = nil
    isStopping = false
    isForced = false
    isConcluding = true
    deadline = nil
  }

  private func told(_ attempt: AttemptID, force: Bool) throws(Violation) {
    if force != isForced {
      throw Violation(
        .cancel,
        "\(name(attempt)) is stopped with\(force ? "out" : "") grace, and no cancel asked for that")
    }
    untold.remove(attempt)
    stopped.insert(attempt)
    if force { forced.insert(attempt) }
  }

  private func finishes(
    as outcome: RunOutcome, _ event: Event
  ) throws(Violation) {
    try checkWakeUpBefore(event)
    if cause == .workNotSynced || cause == .workLost, outcome != .failed {
      throw Violation(.stop, "work may be lost, and the run is said to have \(outcome)")
    }
    if case .failFast? = cause, outcome != .failed {
      throw Violation(.stop, "the run was stopped by a failure, and is said to have \(outcome)")
    }
    deadline = nil
  }

  private func reopened(_ now: Moment) {
    cause = nil
    isStopping = false
    isForced = false
    isConcluding = false
    arm(now)
  }

  // MARK: Checks

  /// Everything that follows from the facts of a wake-up is decided in it.
  private func checkWakeUpBefore(_ event: Event) throws(Violation) {
    if cause != nil && !isStopping {
      throw Violation(
        .stop, "the run must stop (\(text(cause))), but continues with event \(event.sequence)")
    }
    if let attempt = untold.min() {
      throw Violation(.stop, "the run stops, and \(name(attempt)) is not told")
    }
  }

  private func checkBegin(_ step: Int32, _ fact: String) throws(Violation) {
    if children.isChild(step), children.areStopped {
      throw Violation(.stop, "\(fact), and more of its siblings have failed than may")
    }
    if cause == nil || rollbacks.isRollback(step) || isSlowNotice(step) { return }
    throw Violation(.stop, "\(fact), and the run must stop (\(text(cause)))")
  }

  /// The engine tells a monitor to end its attempt only if that is durable.
  func checkSignal(_ attempt: AttemptID, force: Bool) throws(Violation) {
    guard stopped.contains(attempt) else {
      throw Violation(.target, "\(name(attempt)) is stopped without a durable stop")
    }
    if force && !forced.contains(attempt) {
      throw Violation(
        .target, "\(name(attempt)) is killed, and the durable stop gives it its grace")
    }
  }

  /// The engine waits, and commits nothing.
  ///
  /// - Parameters:
  ///   - wakeUp: when it wakes up at the latest; nil for never.
  ///   - isUntold: whether the attempt's monitor lives, and was never told to end it, or never without
  ///     grace.
  func checkWait(
    until wakeUp: Instant?, isUntold: (AttemptID, _ force: Bool) -> Bool
  ) throws(Violation) {
    if let deadline, !isStopping, (wakeUp ?? Instant(microseconds: .max)) > deadline {
      throw Violation(.timeout, "the engine sleeps past the timeout of the run")
    }
    guard isStopping else { return }
    let untold = running.filter { stopped.contains($0) && isUntold($0, forced.contains($0)) }
    if let attempt = untold.min() {
      throw Violation(
        .stop, "\(name(attempt)) was never told to stop, and the engine waits for its end")
    }
  }

  private func text(_ reason: StopReason?) -> String { reason.map { "\($0)" } ?? "nothing" }

  private func name(_ attempt: AttemptID) -> String {
    "\(definition.steps[Int(attempt.step)].id)#\(attempt.number)"
  }
}

extension StopChecker: WaitChecker {
  func learned(_ event: Event, in world: World) throws(Violation) { try learn(event) }

  func stops(_ attempt: AttemptID, force: Bool, in world: World) throws(Violation) {
    try checkSignal(attempt, force: force)
  }

  func waits(_ wait: EngineWait, in world: World) throws(Violation) {
    if wait.said.contains(.space) || !shadow.isDefined { return }
    let latestRetry = world.monotonicNow.advanced(byMilliseconds: 1_000)
    try checkWait(until: wait.deadline) { attempt, force in
      // A monitor that could not be told is told again within a second.
      if let deadline = wait.deadline, deadline <= latestRetry { return false }
      return world.processes.isUntold(attempt, force: force)
    }
  }
}
