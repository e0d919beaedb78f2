import FlowCore
import FlowLog
import FlowMemoryStorage
import FlowRuntime

/// A run in a scripted world, and its log: the real engine makes the events, the real writer the
/// bytes, and the same script makes the same of both for ever.
struct ScriptedRun {
  private struct Commit {
    let life: UInt32
    let events: [Event]
  }

  private var engine: Engine
  private var commits: [Commit] = []
  private var life: Int32 = 1
  private var host = HostContext(bootID: "boot-1", mountID: 29, processNamespace: 4_026_531_836)
  private var nextProcessID: Int32 = 4_100
  private var outcome: RunOutcome?
  private(set) var now: Moment
  /// Done to the segments before the next life goes on from them, by life.
  var damages: [UInt32: (inout [String: [UInt8]]) -> Void] = [:]

  init(
    _ policy: Policy, _ definition: WorkflowDefinition, jobs: Int32 = 2,
    id: String = "nightly-20261121T021903-7f3a", parameters: [ParameterValue] = [],
    unselected: StepSet = StepSet(), usesRecordedDefaults: Bool = true,
    after previous: RunOutcome? = nil, syncsWork: Bool = false
  ) {
    // 2026-11-21T02:19:03Z, an hour after the machine was started.
    now = Moment(
      monotonic: Instant(microseconds: 3_600_000_017),
      wall: WallTime(microseconds: 1_795_227_543_000_000))
    let graph: DependencyGraph
    do throws(DependencyCycle) { graph = try definition.graph() } catch {
      preconditionFailure("a workflow of these tests has a cycle")
    }
    var definition = definition
    if usesRecordedDefaults { definition.useRecordedDefaults() }
    let run = NewRun(
      runID: id, seed: 0x1234_5678_9abc_def0, policy: policy, programVersion: "1.0.0",
      jobs: jobs, definitionFolder: "/srv/nightly", definition: definition, graph: graph,
      group: usesRecordedDefaults ? nil : definition.group,
      onConflict: usesRecordedDefaults ? .fail : definition.onConflict, parameters: parameters,
      unselected: unselected, previousOutcome: previous, syncsWork: syncsWork)
    engine = Engine.create(
      run, engine: EngineStarted(life: 1, processID: 4_000, host: host), at: now)
    drain()
  }

  var events: [Event] { commits.flatMap(\.events) }
  var commitEvents: [[Event]] { commits.map(\.events) }

  // MARK: What happens

  mutating func pass(milliseconds: Int64) {
    now.monotonic.microseconds += milliseconds * 1_000
    now.wall.microseconds += milliseconds * 1_000
    tell(.timePassed)
  }

  mutating func setClock(aheadByMilliseconds milliseconds: Int64) {
    now.wall.microseconds += milliseconds * 1_000
  }

  mutating func launch(_ steps: String...) {
    for step in steps {
      nextProcessID += 7
      tell(.attemptLaunched(attempt(step), processID: nextProcessID))
    }
  }

  mutating func end(
    _ step: String, _ result: AttemptEnd.Result = .exited(code: 0),
    _ cause: AttemptEnd.Cause = .byItself, stragglers: Int32 = 0, unkillable: Int32 = 0,
    look: CacheLook? = nil, refusal: OutputRefusal? = nil
  ) {
    pass(milliseconds: 1_250)
    var end = AttemptEnd(
      result: result, cause: cause, durationMicroseconds: 1_250_417, cpuMicroseconds: 310_022,
      peakMemoryKibibytes: 20_480, stragglers: stragglers, unkillable: unkillable)
    (end.look, end.refusal) = (look, refusal)
    tell(.attemptEnded(attempt(step), end))
  }

  /// The step succeeds, and has put out texts, in the order in which it declares them.
  mutating func put(_ step: String, _ texts: String...) {
    launch(step)
    pass(milliseconds: 1_250)
    let parts = texts.enumerated().map {
      OutputPart(output: Int32($0.offset), bytes: Array($0.element.utf8))
    }
    tell(
      .outputsPublished(attempt(step), parts),
      .attemptEnded(
        attempt(step),
        AttemptEnd(result: .exited(code: 0), cause: .byItself, durationMicroseconds: 1_250_417)))
  }

  /// The step exits 0, and what it has put out is not taken.
  mutating func refuse(_ step: String, _ refusal: OutputRefusal) {
    launch(step)
    pass(milliseconds: 1_250)
    var end = AttemptEnd(
      result: .exited(code: 0), cause: .byItself, durationMicroseconds: 1_250_417)
    end.refusal = refusal
    tell(.attemptEnded(attempt(step), end))
  }

  /// A person answers, and gives texts in the order in which the step declares its fields.
  mutating func answer(
    _ step: String, _ verdict: Verdict, id: UInt64, note: String = "", _ texts: String...
  ) {
    pass(milliseconds: 90_000)
    let index = attempt(step).step
    tell(
      .answered(
        step: index,
        Answer(
          id: id, asked: engine.state.asked(byStep: Int(index))?.sequence ?? 0, verdict, by: 1_000,
          at: WallTime(microseconds: now.wall.microseconds - 7_000), note: note,
          values: texts.enumerated().map {
            OutputPart(output: Int32($0.offset), bytes: Array($0.element.utf8))
          })))
  }

  /// Launches the steps, one after the other, and lets each succeed.
  mutating func succeed(_ steps: String...) {
    for step in steps {
      launch(step)
      end(step)
    }
  }

  mutating func fail(_ step: String, code: UInt8 = 1) {
    launch(step)
    end(step, .exited(code: code))
  }

  mutating func passDeadline(_ step: String) { tell(.deadlinePassed(attempt(step))) }
  mutating func withdraw(_ step: String) { tell(.attemptWithdrawn(attempt(step))) }
  mutating func syncWork(failure: Int32? = nil) { tell(.workSynced(failure: failure)) }
  mutating func roomReturned() { tell(.roomReturned(waitedMicroseconds: 7_000_000)) }

  mutating func cancel(_ id: UInt64, force: Bool = false) {
    tell(.cancelRequested(CancelRequest(id: id, force: force)))
  }

  /// The engine dies, and another goes on from what is durable.
  ///
  /// - Parameter found: of the open attempts, by step; what is not named is lost.
  mutating func restart(_ found: [String: FoundAttempt.State] = [:], boot: String? = nil) {
    let state = durableState
    begin(boot)
    let states = state.openAttemptIDs.map { attempt in
      let id = state.definition.steps[Int(attempt.step)].id
      return FoundAttempt(attempt, found[id] ?? .ended(.lost(killed: 1)))
    }
    engine = Engine.resume(state, engine: started, found: states, at: now)
    drain()
  }

  /// - Parameter scope: nil for that of the run's policy.
  mutating func reopen(ignoring requests: [UInt64] = [], scope: ReopenScope? = nil) {
    let state = durableState
    begin(nil)
    engine = Engine.reopen(
      state, engine: started, ignoring: requests,
      scope: scope ?? .current(state.created.policyVersion), at: now)
    drain()
  }

  private mutating func begin(_ boot: String?) {
    life += 1
    outcome = nil
    if let boot {
      host.bootID = boot
      now.monotonic.microseconds = 40_000_000
      now.wall.microseconds += 95_000_000
    }
  }

  private var started: EngineStarted {
    EngineStarted(life: life, processID: 4_000 + life, host: host)
  }

  private var durableState: RunState {
    var replay = Replay()
    for event in events {
      do throws(HistoryError) { try replay.apply(event) } catch {
        preconditionFailure("a scripted history cannot be: \(error)")
      }
    }
    guard let state = replay.state else { preconditionFailure("a run without a definition") }
    return state
  }

  private func attempt(_ step: String) -> AttemptID {
    guard let index = engine.state.definition.steps.firstIndex(where: { $0.id == step }) else {
      preconditionFailure("the workflow has no step \(step)")
    }
    return AttemptID(step: Int32(index), number: engine.state.steps[index].attempt)
  }

  private mutating func tell(_ inputs: Input...) {
    for input in inputs { engine.handle(input, at: now) }
    drain()
  }

  private mutating func drain() {
    while let effect = engine.nextEffect() {
      switch effect {
      case .commit(let batch):
        commits.append(Commit(life: UInt32(life), events: batch))
        if let last = batch.last { engine.handle(.committed(through: last.sequence), at: now) }
      case .finish(let outcome): self.outcome = outcome
      case .launch, .stop, .syncWork: break
      }
    }
  }

  // MARK: The log

  /// The segments by name, sealed if the run has ended.
  func log(_ options: LogOptions) throws(LogError) -> [String: [UInt8]] {
    let storage = MemoryFolder()
    var salt: UInt32 = 0x5a17_0000
    for life in 1...UInt32(life) {
      salt &+= 0x9e37_79b9
      var writer = try Self.writer(storage, life, salt: salt, options)
      for commit in commits where commit.life == life {
        var encoder = EventEncoder()
        for event in commit.events { encoder.append(event) }
        let bytes = encoder.finish()
        let part = LogPart(eventCount: commit.events.count, byteCount: bytes.count)
        try writer.rotateIfNeeded(for: [part]) {
          salt &+= 0x9e37_79b9
          return salt
        }
        try writer.append(
          bytes.span, parts: [part], from: UInt64(commit.events[0].sequence))
        try writer.sync()
      }
      if life == UInt32(self.life), outcome != nil { try writer.seal() }
      try writer.close()
      damages[life]?(&storage.files)
    }
    return storage.files
  }

  private static func writer(
    _ storage: MemoryFolder, _ life: UInt32, salt: UInt32, _ options: LogOptions
  ) throws(LogError) -> LogWriter<MemoryFolder> {
    if life == 1 {
      return try LogWriter.create(in: "log", storage, salt: salt, engineLife: life, options)
    }
    var reader = try LogReader.open(
      "log", in: storage, .recovering, dictionary: options.dictionary)
    try reader.drain()
    return try LogWriter.recover(after: reader, salt: salt, engineLife: life, options)
  }
}

extension LogOptions {
  /// As runs write them, without the room.
  static func golden(
    rotation: Int64 = 64 << 20, reservation: Int64 = 0, deflated: Bool = true
  ) -> LogOptions {
    var options = LogOptions()
    options.dictionary = EventDictionary.version1
    options.rotationBytes = rotation
    options.reservationBytes = reservation
    options.compression = deflated ? .deflate(level: 6) : .none
    return options
  }
}

extension WorkflowDefinition {
  /// The logs of policies 1 and 2 were made when settings had other defaults.
  fileprivate mutating func useRecordedDefaults() {
    for index in settings.indices {
      if settings[index].shell == StepSettings().shell {
        settings[index].shell = StepSettings.implied.shell
      }
      if settings[index].retry.jitter == RetryPolicy().jitter {
        settings[index].retry.jitter = RetryPolicy.implied.jitter
      }
    }
  }
}
