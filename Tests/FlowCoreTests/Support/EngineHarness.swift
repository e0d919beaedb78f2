import FlowCore
import Testing

/// Drives an engine by hand: hands it inputs, drains its effects, and completes its commits, at
/// once or when told to. Whatever a test looks at, these hold all the time:
///
/// - no attempt is launched twice, before its intent is durable, before its needs are durably done,
///   or beyond `jobs`; only attempts that run are stopped
/// - one commit at a time, of consecutive events that read back as they were written
/// - the replayed history is the live state, and its facts call for exactly its decisions
/// - no slot is free beside a ready step, or one that is scheduled, while no commit is under way
/// - what is recorded and not handed out wakes the engine up soon, ends and intents sooner
/// - one end, after it is durable
struct EngineHarness {
  let jobs: Int
  var commitsAtOnce: Bool
  private(set) var now = Moment(
    monotonic: Instant(microseconds: 5_000_000), wall: WallTime(microseconds: 1_000_000_000))

  private(set) var engine: Engine
  /// What was handed out to be committed.
  private(set) var written: [Event] = []
  private(set) var durable: [Event] = []
  private(set) var isCommitting = false
  private(set) var isSyncingWork = false
  private(set) var commitCount = 0
  /// Launched and not ended.
  private(set) var running: [AttemptID] = []
  private(set) var outcome: RunOutcome?
  private var launchedEver: Set<AttemptID> = []
  private var writtenReplay = Redecision()
  private var durableReplay = Redecision()

  /// Effects of the engine's first wake-up, in words.
  private(set) var firstEffects: [String] = []

  init(
    _ workflow: WorkflowDefinition, jobs: Int = 2, seed: UInt64 = 0, policy: Policy = .current,
    commitsAtOnce: Bool = true, without unselected: [String] = [], items: [ItemSelection] = [],
    after previous: RunOutcome? = nil, syncsWork: Bool = false
  ) throws {
    self.jobs = jobs
    self.commitsAtOnce = commitsAtOnce
    let run = NewRun(
      runID: "test-1", seed: seed, policy: policy, programVersion: "0", jobs: Int32(jobs),
      definitionFolder: "/w",
      definition: workflow, graph: try workflow.graph(),
      unselected: StepSet(unselected.map(workflow.step)), items: items,
      previousOutcome: previous, syncsWork: syncsWork)
    engine = Engine.create(run, engine: Self.life(1), at: now)
    firstEffects = drain()
  }

  var state: RunState { engine.state }
  /// With the children that the run has made.
  var workflow: WorkflowDefinition { state.definition }
  /// The durable history in words.
  var history: [String] { Wording(workflow: workflow).text(durable) }

  func phase(_ step: String) -> StepLifecycle.Phase {
    state.steps[Int(workflow.step(step))].phase
  }

  /// The last attempt of a step.
  func attempt(_ step: String) -> AttemptID {
    let step = workflow.step(step)
    return AttemptID(step: step, number: state.steps[Int(step)].attempt)
  }

  // MARK: Inputs, each returning the effects in words

  /// All inputs arrive in one wake-up.
  @discardableResult
  mutating func wakeUp(_ inputs: [Input]) -> [String] {
    for input in inputs {
      switch input {
      case .attemptEnded(let attempt, _), .attemptWithdrawn(let attempt):
        running.removeAll { $0 == attempt }
      case .workSynced: isSyncingWork = false
      default: break
      }
      engine.handle(input, at: now)
    }
    return drain()
  }

  @discardableResult
  mutating func end(_ step: String, _ end: AttemptEnd = .success) -> [String] {
    wakeUp([.attemptEnded(attempt(step), end)])
  }

  /// The sync of work that is under way is complete, or fails with an error number.
  @discardableResult
  mutating func workSynced(failure: Int32? = nil) -> [String] {
    #expect(isSyncingWork)
    isSyncingWork = false
    return wakeUp([.workSynced(failure: failure)])
  }

  @discardableResult
  mutating func cancel(_ id: UInt64 = 1, force: Bool = false) -> [String] {
    wakeUp([.cancelRequested(CancelRequest(id: id, force: force))])
  }

  /// An answer to what the step asks, or asked, given now.
  func answer(
    _ step: String, _ verdict: Verdict = .approved, id: UInt64 = 1, values: [OutputPart] = []
  ) -> FiledAnswer {
    let number = workflow.step(step)
    let asked = state.asked(byStep: Int(number))?.sequence ?? 0
    return FiledAnswer(
      step: number, Answer(id: id, asked: asked, verdict, by: 7, at: now.wall, values: values))
  }

  @discardableResult
  mutating func take(_ answers: FiledAnswer...) -> [String] {
    wakeUp(answers.map { .answered(step: $0.step, $0.answer) })
  }

  @discardableResult
  mutating func pass(milliseconds: Int64) -> [String] {
    pass(microseconds: milliseconds * 1_000)
  }

  @discardableResult
  mutating func pass(microseconds: Int64) -> [String] {
    now.monotonic.microseconds += microseconds
    now.wall.microseconds += microseconds
    return wakeUp([.timePassed])
  }

  @discardableResult
  mutating func completeCommit() -> [String] {
    makeDurable()
    engine.handle(.committed(through: durable[durable.count - 1].sequence), at: now)
    return drain()
  }

  /// The engine dies, and another goes on from what is durable. A commit that was under way may
  /// have become so.
  @discardableResult
  ///
  /// - Parameters:
  ///   - found: what is found of the open attempts, by step; what is not named is lost.
  ///   - boot: where the new engine runs. In another boot the monotonic clock starts anew.
  ///   - requests: requests to cancel that the new engine finds.
  ///   - answers: answers that it finds.
  mutating func crash(
    losingCommit: Bool = true, found: [String: FoundAttempt.State] = [:], boot: String = "boot",
    requests: [CancelRequest] = [], answers: [FiledAnswer] = []
  ) -> [String] {
    let state = dieAndRecover(losingCommit)
    if boot != "boot" { now.monotonic.microseconds = 1_000_000 }
    running = []
    let attempts = state.openAttemptIDs.map { attempt in
      let what = found[workflow.steps[Int(attempt.step)].id] ?? .ended(.lost())
      switch what {
      case .running: running.append(attempt)
      case .neverLaunched: launchedEver.remove(attempt)
      case .ended: break
      }
      return FoundAttempt(attempt, what)
    }
    engine = Engine.resume(
      state, engine: Self.life(state.lives + 1, boot: boot), found: attempts,
      requests: requests, answers: answers, at: now)
    return drain()
  }

  /// The run is finished, and what has not succeeded is to run again.
  @discardableResult
  mutating func reopen(
    ignoring requests: [UInt64] = [], scope: ReopenScope = .withDependents
  ) -> [String] {
    outcome = nil
    isSyncingWork = false
    engine = Engine.reopen(
      state, engine: Self.life(state.lives + 1), ignoring: requests, scope: scope, at: now)
    return drain()
  }

  private mutating func dieAndRecover(_ losingCommit: Bool) -> RunState {
    if isCommitting && !losingCommit { makeDurable() }
    guard let state = durableReplay.state, !state.isFinished else {
      preconditionFailure("nothing is there to go on from")
    }
    written = durable
    writtenReplay = durableReplay
    isCommitting = false
    isSyncingWork = false
    return state
  }

  /// Time goes on, and the engine does not: it is suspended, or dead.
  mutating func elapse(milliseconds: Int64) {
    now.monotonic.microseconds += milliseconds * 1_000
    now.wall.microseconds += milliseconds * 1_000
  }

  /// Wall time goes on by itself; monotonic time does not.
  mutating func jump(wallMilliseconds: Int64) {
    now.wall.microseconds += wallMilliseconds * 1_000
  }

  // MARK: Effects

  private mutating func drain() -> [String] {
    var effects: [String] = []
    repeat {
      if isCommitting && commitsAtOnce {
        makeDurable()
        engine.handle(.committed(through: durable[durable.count - 1].sequence), at: now)
      }
      while let effect = engine.nextEffect() {
        effects.append(Wording(workflow: workflow).text(effect))
        perform(effect)
      }
      checkAtRest()
    } while isCommitting && commitsAtOnce
    return effects
  }

  private mutating func perform(_ effect: Effect) {
    switch effect {
    case .commit(let events):
      #expect(!isCommitting, "two commits at a time")
      isCommitting = true
      commitCount += 1
      write(events)
    case .launch(let launch):
      checkLaunch(of: launch)
      running.append(launch.attempt)
    case .stop(let attempt, _):
      #expect(running.contains(attempt), "\(attempt) is to be stopped, but does not run")
    case .syncWork:
      #expect(!isSyncingWork, "two syncs of work at a time")
      isSyncingWork = true
    case .finish(let outcome):
      #expect(self.outcome == nil, "a second end")
      #expect(durableReplay.state?.phase == .finished(outcome))
      self.outcome = outcome
    }
  }

  private mutating func write(_ events: [Event]) {
    do {
      let read = try decode(encode(events), first: Int64(written.count) + 1)
      #expect(read == events)
      for event in read {
        let difference = try writtenReplay.apply(event)
        #expect(difference == nil)
      }
    } catch {
      Issue.record("\(events) cannot be read back: \(error)")
    }
    written += events
    #expect(writtenReplay.differenceAtEnd() == nil)
    if written.count == state.lastSequence {
      #expect(writtenReplay.state == state, "replay is not live")
    }
  }

  private mutating func makeDurable() {
    precondition(isCommitting, "no commit is under way")
    isCommitting = false
    durable = written
    durableReplay = writtenReplay
  }

  // MARK: What always holds

  private mutating func checkLaunch(of launch: Launch) {
    let attempt = launch.attempt
    #expect(launch.intent <= durable.count, "the intent of \(attempt) is not durable")
    #expect(launchedEver.insert(attempt).inserted, "\(attempt) is launched again")
    #expect(
      takenSlots < jobs || workflow.needsNoSlot(Int(attempt.step)),
      "no slot is free for \(attempt)")
    #expect(!state.isPaused, "\(attempt) is launched right after an interruption")
    guard let durably = durableReplay.state else {
      Issue.record("\(attempt) is launched before the definition is durable")
      return
    }
    let step = durably.steps[Int(attempt.step)]
    #expect(step.phase == .starting && step.attempt == attempt.number, "no durable intent")
    // What is left out, or keeps its end, and may be skipped for a failure, or may have any end, lets its
    // dependents run at once.
    let hasEdges = workflow.extras.contains { !$0.edges.isEmpty }
    let needs = durably.selectedNeeds(ofStep: Int(attempt.step))
    let letsThrough =
      durably.created.unselected.steps.contains {
        hasEdges || workflow.settings(ofStep: Int($0)).allowFailure
      }
      || needs != workflow.steps[Int(attempt.step)].needs
        && (hasEdges || workflow.settings.contains { $0.allowFailure })
    for need in workflow.steps[Int(attempt.step)].needs where need != attempt.step - 1 {
      let rollback = durably.pendingRollback(ofStep: Int(need))
      #expect(rollback == nil, "\(attempt) is launched before its need \(need) is rolled back")
    }
    for need in letsThrough ? [] : needs {
      let wanted = workflow.wanted(ofStep: Int(attempt.step), from: need)
      let mayFail = workflow.settings(ofStep: Int(need)).allowFailure
      switch (durably.steps[Int(need)].phase, wanted) {
      case (.succeeded, .done), (.succeeded, .succeeded), (.failed, .failed): break
      case (.succeeded, .settled), (.failed, .settled), (.skipped, .settled),
        (.cancelled, .settled):
        break
      case (.skipped, .done) where durably.steps[Int(need)].isRefused: break
      case (.failed, .done), (.skipped, .done), (.cancelled, .done):
        #expect(mayFail, "\(attempt) is launched although its need \(need) failed")
      case (.succeeded, .failed), (.failed, .succeeded), (.skipped, _), (.cancelled, _):
        Issue.record("\(attempt) is launched although its need \(need) has another end")
      default: Issue.record("\(attempt) is launched before its need \(need) has ended")
      }
    }
  }

  private func checkAtRest() {
    // After an interruption nothing is launched for a while.
    if !isCommitting && takenSlots < jobs && !state.isPaused {
      #expect(state.ready.isEmpty, "a slot is free beside a ready step")
      #expect(state.openAttemptIDs.count == running.count, "a slot is free beside an intent")
    }
    if !isCommitting && !state.isPaused {
      #expect(state.rollbacks.ready.isEmpty, "a rollback or a notice waits, and needs no slot")
    }
    checkWakeUp()
    if written.count == durable.count, written.count == state.lastSequence {
      #expect(durableReplay.state == state, "replay is not live")
    }
  }

  private var takenSlots: Int { running.count { !workflow.needsNoSlot(Int($0.step)) } }

  private func checkWakeUp() {
    guard !isCommitting, outcome == nil, written.count < state.lastSequence else { return }
    let isLazy = writtenReplay.state?.openAttemptIDs == state.openAttemptIDs
    let due = now.monotonic.advanced(byMilliseconds: isLazy ? 100 : 5)
    guard let deadline = engine.nextDeadline, deadline <= due else {
      Issue.record("uncommitted events wake nobody up by \(due)")
      return
    }
  }

  private static func life(_ number: Int32, boot: String = "boot") -> EngineStarted {
    EngineStarted(life: number, processID: 100 + number, host: HostContext(bootID: boot))
  }
}
