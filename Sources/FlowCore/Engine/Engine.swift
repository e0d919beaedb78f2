/// The engine of one run: inputs go in, effects come out, and it does nothing itself.
///
/// Inputs of one wake-up are handed to `handle`, one after the other; then `nextEffect` is called
/// until it returns nil, which ends the wake-up. Facts are recorded as events, and decisions as
/// they follow; an effect is held back until the event that it follows from is durable.
package struct Engine: Sendable {
  package private(set) var state: RunState
  /// The last event known to be durable.
  package private(set) var committedThrough: Int64

  /// Recorded, and not yet handed out to be committed.
  private var uncommitted: [Event]
  private var commitInFlight: Int64?
  /// Whether something waits for the uncommitted events, or would be lost with them.
  private var isCommitUrgent = false
  /// When events that nothing waits for are committed at last.
  private var lazyCommitDue: Instant?

  /// Intents in the order of their sequence numbers, for launches to come.
  private var intents = WorkQueue<Gated<AttemptID>>()
  private var stops = WorkQueue<Gated<Stop>>()
  private var end: Gated<RunOutcome>?
  /// Attempts that hold a slot: handed out to be launched, and without an end.
  private var launched: [AttemptID] = []

  private var wakeUp: Moment?
  private var hasRecorded = false

  /// How long an event that nothing waits for may stay uncommitted: short enough for a person who
  /// watches, long enough to share the commit of what comes next.
  private static let lazyCommitMilliseconds: Int64 = 100

  /// Something that may leave once the event with this number is durable.
  private struct Gated<Value: Equatable & Sendable>: Equatable, Sendable {
    let sequence: Int64
    let value: Value
  }

  private struct Stop: Equatable, Sendable {
    let attempt: AttemptID
    let force: Bool
  }

  // MARK: Lives

  /// The first life of a run.
  package static func create(
    _ created: RunCreated, _ definition: WorkflowDefinition, graph: DependencyGraph,
    engine: EngineStarted, at now: Moment
  ) -> Engine {
    let prologue = Prologue(created, definition, at: now)
    let state = RunState(
      created: prologue.created, definition: definition, graph: graph, event: prologue.last)
    return Engine(state, uncommitted: prologue.events, committedThrough: 0, engine, at: now)
  }

  /// A further life: `state` is what the durable history says. That history ends where a wake-up
  /// does, since commits do, and not with the end of the run.
  package static func resume(
    _ state: RunState, engine: EngineStarted, at now: Moment
  ) -> Engine {
    precondition(!state.isFinished, "a finished run has no further life")
    return Engine(
      state, uncommitted: [], committedThrough: state.lastSequence, engine, at: now)
  }

  private init(
    _ state: RunState, uncommitted: [Event], committedThrough: Int64, _ engine: EngineStarted,
    at now: Moment
  ) {
    self.state = state
    self.uncommitted = uncommitted
    self.committedThrough = committedThrough
    // Whatever was open may have been launched; none of it is an intent of this life.
    launched = state.steps.indices.filter { state.steps[$0].hasOpenAttempt }
      .map { AttemptID(step: Int32($0), number: state.steps[$0].attempt) }
    wakeUp = now
    hasRecorded = !uncommitted.isEmpty
    record(.engineStarted(engine))
    // Commands do not outlive an engine that spawns them itself: nobody can say how they ended.
    for attempt in launched {
      let end = AttemptEnd(result: .lost, cause: .byItself, durationMicroseconds: 0)
      handle(.attemptEnded(attempt, end), at: now)
    }
  }

  // MARK: Inputs

  /// When the engine wants to be woken at the latest.
  package var nextDeadline: Instant? {
    switch (state.timers.nextDeadline, lazyCommitDue) {
    case (let timer?, let commit?): min(timer, commit)
    case (let timer, let commit): timer ?? commit
    }
  }

  /// Takes in one input. What cannot be is ignored if the world may say it twice (an end of an
  /// attempt that has ended), and is a programming error otherwise.
  package mutating func handle(_ input: Input, at now: Moment) {
    if wakeUp == nil {
      wakeUp = now
      hasRecorded = false
    }
    switch input {
    case .attemptLaunched(let attempt, let processID):
      if isOpen(attempt) { recordFact(.attemptLaunched(attempt, processID: processID)) }
    case .deadlinePassed(let attempt):
      if isOpen(attempt) { recordFact(.deadlinePassed(attempt)) }
    case .attemptEnded(let attempt, let end):
      guard isOpen(attempt) else { return }
      launched.removeAll { $0 == attempt }
      recordFact(.attemptEnded(attempt, end))
    case .cancelRequested(let request):
      // Each is recorded, though it may ask for nothing new: then it is done with.
      let isNews = !state.cancelRequests.contains(request.id)
      if isNews && !state.isFinished { recordFact(.cancelRequested(request)) }
    case .timePassed: timePassed(now.monotonic)
    case .committed(let sequence):
      precondition(commitInFlight == sequence, "no commit through \(sequence) was in flight")
      commitInFlight = nil
      committedThrough = sequence
    }
  }

  private func isOpen(_ attempt: AttemptID) -> Bool {
    let step = state.steps[Int(attempt.step)]
    guard step.attempt == attempt.number && step.hasOpenAttempt else { return false }
    precondition(launched.contains(attempt), "\(attempt) was reported, but never launched")
    return true
  }

  private mutating func timePassed(_ now: Instant) {
    while let timer = state.timers.nextTimer, let due = state.timers.nextDeadline, due <= now {
      recordFact(.timerFired(timer))
    }
    if let due = lazyCommitDue, due <= now {
      lazyCommitDue = nil
      isCommitUrgent = true
    }
  }

  // MARK: Effects

  /// The next thing to do; nil when there is nothing left for now. The first call after `handle`
  /// ends the wake-up.
  package mutating func nextEffect() -> Effect? {
    if wakeUp != nil {
      decide(wakeUpEnds: true)
      wakeUp = nil
    }
    if let commit = nextCommit() { return commit }
    while let stop = stops.first, stop.sequence <= committedThrough {
      stops.removeFirst()
      // It may have ended by itself while the request was made durable.
      if launched.contains(stop.value.attempt) {
        return .stop(stop.value.attempt, force: stop.value.force)
      }
    }
    if launched.count < Int(state.created.jobs), let intent = intents.first,
      intent.sequence <= committedThrough
    {
      intents.removeFirst()
      launched.append(intent.value)
      return .launch(intent.value)
    }
    if let end, end.sequence <= committedThrough {
      self.end = nil
      return .finish(end.value)
    }
    return nil
  }

  private mutating func nextCommit() -> Effect? {
    guard isCommitUrgent, commitInFlight == nil, let last = uncommitted.last else { return nil }
    commitInFlight = last.sequence
    isCommitUrgent = false
    lazyCommitDue = nil
    defer { uncommitted = [] }
    return .commit(uncommitted)
  }

  // MARK: Recording

  private mutating func recordFact(_ body: Event.Body) {
    record(body)
    decide(wakeUpEnds: false)
  }

  private mutating func decide(wakeUpEnds: Bool) {
    var withdrawn: [AttemptID] = []
    while let decision = Decider.next(state, wakeUpEnds: wakeUpEnds) {
      record(decision)
      // An intent that is still held back is given up at once: nothing of it has happened.
      if case .stopRequested(let attempt, _) = decision, takeBack(attempt) {
        withdrawn.append(attempt)
      }
    }
    for attempt in withdrawn { recordFact(.attemptWithdrawn(attempt)) }
  }

  /// - Returns: whether the attempt was held back. One that an earlier life of the engine scheduled
  ///   is not: it may have been launched.
  private mutating func takeBack(_ attempt: AttemptID) -> Bool {
    let heldBack = intents.count
    intents.removeAll { $0.value == attempt }
    return intents.count < heldBack
  }

  private mutating func record(_ body: Event.Body) {
    guard let wakeUp else { preconditionFailure("\(body.kind.name) recorded outside a wake-up") }
    let event = Event(
      sequence: state.lastSequence + 1, moment: wakeUp, startsWakeUp: !hasRecorded, body: body)
    hasRecorded = true
    do throws(HistoryError) {
      try state.apply(event)
    } catch {
      preconditionFailure("the engine recorded what cannot be: \(error)")
    }
    uncommitted.append(event)
    gate(event)
  }

  /// Notes what may be done when the event is durable, and how soon it has to be.
  private mutating func gate(_ event: Event) {
    switch event.body {
    case .attemptLaunched, .deadlinePassed:
      if lazyCommitDue == nil, let wakeUp {
        lazyCommitDue = wakeUp.monotonic.advanced(byMilliseconds: Self.lazyCommitMilliseconds)
      }
      return
    case .attemptScheduled(let attempt):
      intents.append(Gated(sequence: event.sequence, value: attempt))
    case .stopRequested(let attempt, let force):
      if launched.contains(attempt) {
        stops.append(
          Gated(sequence: event.sequence, value: Stop(attempt: attempt, force: force)))
      }
    case .runFinished(let outcome): end = Gated(sequence: event.sequence, value: outcome)
    case .runCreated, .definitionPart, .engineStarted, .attemptEnded, .attemptWithdrawn,
      .cancelRequested, .timerFired, .retryScheduled, .rerunScheduled, .stepFinished,
      .stepSkipped, .runStopping:
      break
    }
    isCommitUrgent = true
  }
}
