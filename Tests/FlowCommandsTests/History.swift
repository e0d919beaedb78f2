import FlowCore
import Testing

@testable import FlowCommands

/// A run in a scripted world: the real engine makes the events, so every history in these tests is
/// one that could have been recorded.
struct History {
  private(set) var events: [Event] = []
  private var engine: Engine
  private(set) var now: Moment
  private var nextProcessID: Int32 = 100

  /// 2026-11-21T02:19:03.000Z.
  static let start = WallTime(microseconds: 1_795_227_543_000_000)

  init(_ definition: WorkflowDefinition, jobs: Int32 = 8, at start: WallTime = start) throws {
    let run = NewRun(
      runID: "nightly-20261121T021903-7f3a", seed: 7, programVersion: "0.1.0", jobs: jobs,
      definitionFolder: "/srv/nightly", definition: definition,
      graph: try definition.graph())
    now = Moment(monotonic: Instant(microseconds: 5_000_000), wall: start)
    engine = Engine.create(
      run, engine: EngineStarted(life: 1, processID: 42, host: HostContext(bootID: "boot-1")),
      at: now)
    drain()
  }

  var state: RunState { engine.state }
  var wall: WallTime { now.wall }

  mutating func pass(milliseconds: Int64) {
    now.monotonic.microseconds += milliseconds * 1_000
    now.wall.microseconds += milliseconds * 1_000
    tell(.timePassed)
  }

  /// The engine dies, and what it had not committed with it; another takes over.
  ///
  /// - Parameters:
  ///   - found: by step: what has become of its open attempt; what is not named was lost.
  ///   - boot: where the machine was started anew, its monotonic clock begins at zero.
  mutating func restart(found: [String: FoundAttempt.State] = [:], boot: String = "boot-1") throws {
    let durable = try #require(try read().state)
    if boot != durable.engine?.host.bootID { now.monotonic = Instant(microseconds: 0) }
    engine = Engine.resume(
      durable, engine: nextLife(of: durable, boot: boot),
      found: durable.openAttemptIDs.map { attempt in
        let id = durable.definition.steps[Int(attempt.step)].id
        return FoundAttempt(attempt, found[id] ?? .ended(.lost()))
      }, at: now)
    drain()
  }

  /// What did not succeed runs again.
  mutating func reopen() throws {
    let durable = try #require(try read().state)
    engine = Engine.reopen(
      durable, engine: nextLife(of: durable, boot: "boot-1"), ignoring: [],
      scope: .current(durable.created.policyVersion), at: now)
    drain()
  }

  private func nextLife(of state: RunState, boot: String) -> EngineStarted {
    let life = state.lives + 1
    return EngineStarted(life: life, processID: 41 + life, host: HostContext(bootID: boot))
  }

  /// Time passes that no engine sees.
  mutating func elapse(milliseconds: Int64) {
    now.monotonic.microseconds += milliseconds * 1_000
    now.wall.microseconds += milliseconds * 1_000
  }

  /// Somebody sets the wall clock.
  mutating func setClock(aheadByMilliseconds milliseconds: Int64) {
    now.wall.microseconds += milliseconds * 1_000
    tell(.timePassed)
  }

  /// The disk was full for so long.
  mutating func roomReturned(after milliseconds: Int64) {
    tell(.roomReturned(waitedMicroseconds: milliseconds * 1_000))
  }

  mutating func launch(_ step: String) {
    nextProcessID += 1
    tell(.attemptLaunched(attempt(step), processID: nextProcessID))
  }

  mutating func end(
    _ step: String, _ result: AttemptEnd.Result, _ cause: AttemptEnd.Cause = .byItself,
    milliseconds: Int64 = 0, cpuMilliseconds: Int64 = 0, peakMemoryKibibytes: Int64 = 0,
    stragglers: Int32 = 0, unkillable: Int32 = 0, output: AttemptOutput = AttemptOutput()
  ) {
    var end = AttemptEnd(
      result: result, cause: cause, durationMicroseconds: milliseconds * 1_000,
      cpuMicroseconds: cpuMilliseconds * 1_000, peakMemoryKibibytes: peakMemoryKibibytes,
      stragglers: stragglers, unkillable: unkillable)
    end.output = output
    tell(.attemptEnded(attempt(step), end))
  }

  /// The system ends the attempt.
  mutating func interrupt(_ step: String) {
    let end = AttemptEnd(
      result: .signalled(signal: 15), cause: .byItself, durationMicroseconds: 1,
      wasInterrupted: true)
    tell(.attemptEnded(attempt(step), end))
  }

  /// Launches the step, lets the time pass, and ends it.
  mutating func run(_ step: String, _ result: AttemptEnd.Result, milliseconds: Int64) {
    launch(step)
    pass(milliseconds: milliseconds)
    end(step, result, milliseconds: milliseconds)
  }

  mutating func passDeadline(_ step: String) { tell(.deadlinePassed(attempt(step))) }

  mutating func cancel(force: Bool = false) {
    tell(.cancelRequested(CancelRequest(id: force ? 18 : 17, force: force)))
  }

  /// An answer to what the step asks, given now by a user that no machine has.
  func filed(_ step: String, _ verdict: Verdict = .approved, note: String = "") -> FiledAnswer {
    let index = Int(attempt(step).step)
    return FiledAnswer(
      step: Int32(index),
      Answer(
        id: 1, asked: state.asked(byStep: index)?.sequence ?? 0, verdict, by: 4_000_000, at: wall,
        note: note))
  }

  /// The engine hears of it some time later.
  mutating func answer(
    _ step: String, _ verdict: Verdict = .approved, note: String = "", after milliseconds: Int64 = 0
  ) {
    let filed = filed(step, verdict, note: note)
    pass(milliseconds: milliseconds)
    tell(.answered(step: filed.step, filed.answer))
  }

  private func attempt(_ step: String) -> AttemptID {
    guard let index = state.definition.steps.firstIndex(where: { $0.id == step }) else {
      preconditionFailure("the workflow of this test has no such step")
    }
    return AttemptID(step: Int32(index), number: state.steps[index].attempt)
  }

  private mutating func tell(_ input: Input) {
    engine.handle(input, at: now)
    drain()
  }

  private mutating func drain() {
    while let effect = engine.nextEffect() {
      switch effect {
      case .commit(let batch):
        events += batch
        if let last = batch.last { engine.handle(.committed(through: last.sequence), at: now) }
      case .launch, .stop, .syncWork, .finish: break
      }
    }
  }
}

extension History {
  /// What the events so far tell.
  func read(keeping detail: RunHistory.Detail = .allAttempts) throws -> RunHistory {
    var history = RunHistory(keeping: detail)
    for event in events { try history.apply(event) }
    return history
  }

  /// As it is seen now.
  func view(isHeld: Bool = false, lacking: Shortages = []) throws -> RunView {
    RunView(
      try read(keeping: .times), runID: "nightly-20261121T021903-7f3a", isHeld: isHeld,
      engineProcessID: isHeld ? 42 : nil, lacking: lacking, now: now,
      bootID: state.engine?.host.bootID ?? "boot-1")
  }
}

extension WorkflowDefinition {
  /// Steps as `id`, or `id: need need`, all with the same settings.
  init(_ steps: String..., settings: StepSettings = StepSettings(), failFast: Bool = false) {
    let parts = steps.map { $0.split(whereSeparator: { $0 == ":" || $0 == " " }).map(String.init) }
    let indices = Dictionary(
      uniqueKeysWithValues: parts.enumerated().map { ($1[0], Int32($0)) })
    self.init(
      name: "nightly", failFast: failFast,
      steps: parts.map { part in
        StepDefinition(
          id: part[0], command: .program(["make", part[0]]),
          needs: part.dropFirst().map { need in
            guard let index = indices[need] else { preconditionFailure("no step \(need)") }
            return index
          })
      }, settings: [settings])
  }
}
