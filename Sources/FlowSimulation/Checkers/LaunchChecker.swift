import FlowCore
import FlowRuntime

/// Judges each launch by what is durable and by what really happened: when the engine asks for it,
/// and when the command starts.
final class LaunchChecker {
  /// What is known of a step.
  private struct Step {
    /// The last attempt that was scheduled.
    var attempt: Int32 = 0
    /// What the next attempt is for.
    var task = AttemptTask.command
    var asksProbe: Bool { task == .probe }
    /// Whether a publication has the slot of its command, and has not ended.
    var publishes = false
    /// The boot in which its last attempt was scheduled that runs the command.
    var madeIn: String?
    /// Failures that count, and losses.
    var failures: Int32 = 0
    var losses: Int32 = 0
    /// Whether processes that could not be killed in an earlier round may run beside it.
    var mayHaveLeftovers = false
    /// How the last attempt ended.
    var end: AttemptEnd?
    /// From when on another attempt may follow this one; nil if none may.
    var licence: (attempt: Int32, from: Instant)?
  }

  private let definition: WorkflowDefinition
  private let selected: SelectedSteps
  private let jobs: Int
  private var steps: [Step]
  private var ends: StepEnds
  private var scheduled: Set<AttemptID> = []
  /// Launches that the engine that lives has asked for.
  private var sent: Set<AttemptID> = []
  /// When the first cancel of this round became durable; of steps of `finally` and of notices, the first by
  /// force.
  private var cancelledAt: Instant?
  private var isConcluding = false
  /// When the first cancel by force of this round became durable, which ends slow notices.
  private var forcedAt: Instant?
  private var rollbacks: DueRollbacks
  /// When a cancel by force ended rollbacks.
  private var rollbacksEndedAt: [Int32: Instant] = [:]
  /// Attempts with processes that could not be killed.
  private var givenUp: Set<AttemptID> = []
  private var bootID: String?
  private var lastMoment: Moment?

  init(_ definition: WorkflowDefinition, jobs: Int, without unselected: StepSet = StepSet()) {
    self.definition = definition
    selected = SelectedSteps(definition, without: unselected)
    self.jobs = jobs
    steps = [Step](repeating: Step(), count: definition.steps.count)
    ends = StepEnds(selected)
    rollbacks = DueRollbacks(definition, selected)
  }

  // MARK: What is durable

  /// Takes in an event that is durable.
  ///
  /// - Parameter now: when it became so.
  func learn(_ event: Event, at now: Instant) throws(Violation) {
    ends.learn(event)
    rollbacks.learn(event.body)
    for step in rollbacks.ended where rollbacksEndedAt[step] == nil { rollbacksEndedAt[step] = now }
    switch event.body {
    case .attemptScheduled(let attempt):
      scheduled.insert(attempt)
      steps[Int(attempt.step)].attempt = attempt.number
      if steps[Int(attempt.step)].task == .command { steps[Int(attempt.step)].madeIn = bootID }
    case .attemptWithdrawn(let attempt):
      scheduled.remove(attempt)
      // The number is free again.
      steps[Int(attempt.step)].attempt = attempt.number - 1
    case .cancelRequested(let request):
      if cancelledAt == nil, request.force || !isConcluding { cancelledAt = now }
      if forcedAt == nil, request.force { forcedAt = now }
    case .runConcluding, .runConcluded: (cancelledAt, isConcluding) = (nil, true)
    case .attemptEnded(let attempt, let end):
      if end.unkillable > 0 { givenUp.insert(attempt) }
      ended(&steps[Int(attempt.step)], end)
    case .retryScheduled(let attempt, let delay):
      try checkRetry(attempt)
      steps[Int(attempt.step)].task = .command
      license(attempt, from: event.moment.monotonic.advanced(byMilliseconds: delay))
    case .rerunScheduled(let attempt):
      try checkRerun(attempt)
      steps[Int(attempt.step)].task = .command
      license(attempt, from: event.moment.monotonic)
    case .probeScheduled(let attempt):
      try checkProbe(attempt)
      steps[Int(attempt.step)].task = .probe
      license(attempt, from: event.moment.monotonic)
    case .publishScheduled(let attempt, let completes):
      try checkPublication(attempt, completes: completes)
      steps[Int(attempt.step)].task = completes ? .completion : .publication
      steps[Int(attempt.step)].publishes = true
      license(attempt, from: event.moment.monotonic)
    case .engineStarted(let engine): began(engine, event.moment)
    case .runReopened: reopened(event.moment)
    default: break
    }
    lastMoment = event.moment
  }

  private func ended(_ step: inout Step, _ end: AttemptEnd) {
    step.end = end
    step.publishes = false
    switch AttemptConclusion(end, of: step.task) {
    case .failed: if !step.asksProbe { step.failures += 1 }
    case .lost: if !step.task.publishes { step.losses += 1 }
    case .workGone: step.losses += 1
    case .succeeded, .reused, .cancelled, .interrupted, .unkillable: break
    }
  }

  private func license(_ attempt: AttemptID, from time: Instant) {
    steps[Int(attempt.step)].licence = (attempt.number, time)
  }

  /// Within one boot a delay ends at a time of the monotonic clock. In the next boot the rest of it
  /// goes on, less the wall time since.
  private func began(_ engine: EngineStarted, _ now: Moment) {
    defer { bootID = engine.host.bootID }
    sent = []
    guard let bootID, bootID != engine.host.bootID, let last = lastMoment else { return }
    let passed = max(0, now.wall.microseconds - last.wall.microseconds)
    for index in steps.indices {
      if steps[index].task == .publication { steps[index].task = .completion }
      guard let (attempt, from) = steps[index].licence else { continue }
      let rest = max(0, from.microseconds - last.monotonic.microseconds) - passed
      steps[index].licence = (
        attempt, now.monotonic.advanced(byMicroseconds: max(0, rest))
      )
    }
  }

  /// Steps that are not in the scope keep their end; all others begin again.
  private func reopened(_ now: Moment) {
    (cancelledAt, isConcluding) = (nil, false)
    forcedAt = nil
    rollbacksEndedAt = [:]
    for index in steps.indices where ends.mayRunAgain(index) {
      steps[index].failures = 0
      steps[index].losses = 0
      steps[index].task = .command
      steps[index].mayHaveLeftovers = true
      steps[index].licence = (steps[index].attempt, now.monotonic)
    }
  }

  // MARK: What may be repeated

  private func checkRetry(_ attempt: AttemptID) throws(Violation) {
    let step = steps[Int(attempt.step)]
    guard let end = step.end, case .failed = AttemptConclusion(end, of: step.task), !step.asksProbe
    else {
      throw Violation(.again, "\(name(attempt)) is tried again, and did not fail")
    }
    let most = definition.settings(ofStep: Int(attempt.step)).retry.maxAttempts
    if step.failures >= most {
      throw Violation(.retry, "\(name(attempt)) is tried again after \(step.failures) of \(most)")
    }
  }

  private func checkRerun(_ attempt: AttemptID) throws(Violation) {
    let step = steps[Int(attempt.step)]
    let onLost = definition.settings(ofStep: Int(attempt.step)).onLost
    guard let end = step.end, step.losses <= Decider.maxReruns else {
      throw Violation(.again, "\(name(attempt)) is run again once too often")
    }
    let isLicensed =
      step.asksProbe
      ? end.result == .exited(code: 1) && end.cause == .byItself && end.unkillable == 0
      : step.task.publishes
        ? AttemptConclusion(end, of: step.task) == .workGone && onLost == .rerun
        : Self.isOutcomeUnknown(end) && onLost == .rerun
    if !isLicensed {
      throw Violation(.again, "\(name(attempt)) is run again, and was not lost")
    }
  }

  private static func isOutcomeUnknown(_ end: AttemptEnd) -> Bool {
    (end.result == .lost || end.wasInterrupted) && end.unkillable == 0
  }

  private func checkProbe(_ attempt: AttemptID) throws(Violation) {
    let onLost = definition.settings(ofStep: Int(attempt.step)).onLost
    let step = steps[Int(attempt.step)]
    guard step.end.map(Self.isOutcomeUnknown) == true, onLost == .probe, !step.task.publishes else {
      throw Violation(.again, "\(name(attempt)) is probed, and was not lost")
    }
  }

  /// Files are published when the command has succeeded, and again when that was lost. What the command has
  /// left in another boot counts only as far as it has been published before.
  private func checkPublication(
    _ attempt: AttemptID, completes: Bool
  ) throws(Violation) {
    let step = steps[Int(attempt.step)]
    let isDue =
      switch step.end.map({ AttemptConclusion($0, of: step.task) }) {
      case .succeeded?: !step.task.publishes
      case .lost?, .interrupted?: step.task.publishes
      default: false
      }
    if !isDue || definition.files(ofStep: Int(attempt.step)).isEmpty {
      throw Violation(.files, "the files of \(name(attempt)) are published, and it has made none")
    }
    if completes != (step.madeIn != bootID) {
      throw Violation(
        .files,
        "the files of \(name(attempt)) are published \(completes ? "only as far as that began" : "anew"),"
          + " and it ran in \(completes ? "this" : "another") boot")
    }
  }

  // MARK: Launches

  /// The engine has the attempt launched.
  func checkSent(
    _ attempt: AttemptID, _ task: AttemptTask = .command, at now: Instant
  ) throws(Violation) {
    let isNew = sent.insert(attempt).inserted
    let step = steps[Int(attempt.step)]
    guard scheduled.contains(attempt) else {
      throw Violation(.intent, "\(name(attempt)) is launched without a durable intent")
    }
    // A launch in flight can be asked for once more in the very moment that makes a cancel durable.
    let cancelledAt =
      definition.isSlowNotice(Int(attempt.step))
      ? forcedAt
      : rollbacks.isRollback(attempt.step) ? rollbacksEndedAt[attempt.step] : cancelledAt
    // What a command has made that has succeeded is published, whatever stops the run.
    if let cancelledAt, isNew || now != cancelledAt, !task.publishes {
      throw Violation(.cancel, "\(name(attempt)) is launched after a durable cancel")
    }
    if task != step.task {
      throw Violation(
        .again, "\(name(attempt)) is launched for a \(task), and should be for a \(step.task)")
    }
    for need in definition.steps[Int(attempt.step)].needs
    where ends.standing(need, of: attempt.step) != .met {
      throw Violation(
        .order,
        "\(name(attempt)) is launched before \(definition.steps[Int(need)].id) has durably ended as"
          + " it wants")
    }
    if attempt.number == 1 { return }
    guard let licence = step.licence, licence.attempt == attempt.number - 1 else {
      throw Violation(.again, "\(name(attempt)) is launched without a retry or a loss")
    }
    if now < licence.from {
      throw Violation(
        .retry,
        "\(name(attempt)) is launched \(licence.from.microseconds - now.microseconds) µs before"
          + " its delay is over")
    }
  }

  /// A command is started, or cannot be.
  ///
  /// - Parameter index: of its entry in the ledger.
  func checkStarted(_ index: Int, _ ledger: Ledger) throws(Violation) {
    let entry = ledger.entries[index]
    let attempt = entry.attempt
    guard scheduled.contains(attempt) else {
      throw Violation(.intent, "\(name(attempt)) starts without a durable intent")
    }
    var occupied = 0
    for (other, earlier) in ledger.entries.enumerated() where other != index {
      if earlier.attempt == attempt, earlier.isStarted {
        throw Violation(.intent, "\(name(attempt)) starts a second time")
      }
      let isRunning = runs(earlier)
      let isLeftover =
        givenUp.contains(earlier.attempt) && steps[Int(attempt.step)].mayHaveLeftovers
      if isRunning, earlier.attempt.step == attempt.step, !isLeftover {
        throw Violation(.again, "\(name(attempt)) starts beside \(name(earlier.attempt))")
      }
      // The slot of an attempt that cannot be killed becomes free when its monitor gives it up,
      // with all its processes: they are out of reach.
      let isGivenUp = earlier.hadUnkillable && earlier.monitorEndedAt != nil
      if isRunning, earlier.life == entry.life, earlier.living > 0, !isGivenUp,
        !definition.needsNoSlot(Int(earlier.attempt.step))
      {
        occupied += 1
      }
    }
    // A publication has the slot of its command before it is launched, too.
    if !entry.task.publishes {
      occupied += steps.indices.count { step in
        steps[step].publishes
          && ledger.entries.last { $0.attempt.step == Int32(step) }?.task.publishes == false
      }
    }
    if occupied >= jobs, !definition.needsNoSlot(Int(attempt.step)) {
      throw Violation(.slots, "\(occupied + 1) attempts run at once, and jobs is \(jobs)")
    }
    for need in selected.mustSucceed[Int(attempt.step)] {
      // Then nothing of it was wanted.
      if case .skipped(.condition)? = ends[need] { continue }
      // No command says that it was approved.
      if definition.question(ofStep: Int(need)) != nil, ends[need] == .succeeded { continue }
      // Its children did its work, if there were any.
      if definition.forEach(ofStep: Int(need)) != nil, ends[need] == .succeeded { continue }
      if case .skipped(.noItems)? = ends[need] { continue }
      // A child that the run leaves out.
      if case .skipped(.notSelected)? = ends[need] { continue }
      try checkNeed(need, of: attempt, ledger)
    }
  }

  /// Whether an attempt has living processes that may not stay.
  private func runs(_ entry: Ledger.Entry) -> Bool {
    if entry.living + entry.unkillable == 0 { return false }
    let policy = definition.settings(ofStep: Int(entry.attempt.step)).stragglers
    return entry.commandRuns || policy == .kill
  }

  /// A need that the history calls done must really have been done.
  private func checkNeed(
    _ need: Int32, of attempt: AttemptID, _ ledger: Ledger
  ) throws(Violation) {
    let last = ledger.entries.last { $0.attempt.step == need && $0.isStarted }
    guard last?.result == .exited(code: 0) else {
      throw Violation(
        .order,
        "\(name(attempt)) starts although \(definition.steps[Int(need)].id) has not succeeded")
    }
  }

  private func name(_ attempt: AttemptID) -> String {
    "\(definition.steps[Int(attempt.step)].id)#\(attempt.number)"
  }
}

extension LaunchChecker: Checker {
  func learned(_ event: Event, in world: World) throws(Violation) {
    try learn(event, at: world.monotonicNow)
  }

  func launches(_ request: LaunchRequest, in world: World) throws(Violation) {
    try checkSent(
      request.attempt, world.run?.task(of: request) ?? .command, at: world.monotonicNow)
  }

  func commandStarted(_ entry: Int, in world: World) throws(Violation) {
    try checkStarted(entry, world.ledger)
  }
}
