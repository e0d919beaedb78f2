import FlowCore
import FlowLog
import FlowRuntime
import Testing

@testable import FlowSimulation

/// Each oracle fires on a violation that was made by hand, and not on what is right.
struct OracleTests {
  private static let workflow: WorkflowDefinition = {
    var settings = StepSettings()
    settings.retry.maxAttempts = 2
    settings.timeoutMilliseconds = 1_000
    settings.killGraceMilliseconds = 100
    let steps = [[], [0]].enumerated().map { index, needs in
      StepDefinition(
        id: "s\(index)", command: .program(["work"]), needs: needs, settingsIndex: 0)
    }
    return WorkflowDefinition(name: "two", steps: steps, settings: [settings])
  }()

  private let first = AttemptID(step: 0, number: 1)
  private let success = AttemptEnd(
    result: .exited(code: 0), cause: .byItself, durationMicroseconds: 5)
  private let failure = AttemptEnd(
    result: .exited(code: 1), cause: .byItself, durationMicroseconds: 5)

  private func event(
    _ sequence: Int64, _ body: Event.Body, at time: Int64 = 0, startsWakeUp: Bool = true
  ) -> Event {
    Event(
      sequence: sequence,
      moment: Moment(
        monotonic: Instant(microseconds: time), wall: WallTime(microseconds: time)),
      startsWakeUp: startsWakeUp, body: body)
  }

  /// Which oracle a check fires, if any.
  private func fired(_ check: () throws(Violation) -> Void) -> Oracle? {
    do throws(Violation) {
      try check()
      return nil
    } catch {
      return error.oracle
    }
  }

  // MARK: terminal

  @Test func aGapOrASecondEndFiresTerminal() throws {
    let bodies: [(Event.Body, Event.Body)] = [
      (.stepFinished(step: 0, .succeeded), .stepFinished(step: 0, .succeeded)),
      (.stepSkipped(step: 0, .runStopping), .stepFinished(step: 0, .cancelled)),
      (.runFinished(.failed), .runStopping(.cancelled)),
    ]
    for (before, after) in bodies {
      var oracle = HistoryOracle()
      try oracle.check(event(1, before))
      #expect(fired { () throws(Violation) in try oracle.check(event(2, after)) } == .terminal)
    }
    var oracle = HistoryOracle()
    try oracle.check(event(1, .runStopping(.cancelled)))
    #expect(
      fired { () throws(Violation) in
        try oracle.check(event(3, .stepFinished(step: 0, .succeeded)))
      } == .terminal)
  }

  // MARK: Launches

  private func launch(
    _ attempt: AttemptID, at time: Int64 = 0, after events: [Event.Body], jobs: Int = 2,
    ran earlier: [(AttemptID, AttemptEnd?)] = []
  ) -> Oracle? {
    var oracle = LaunchOracle(Self.workflow, jobs: jobs)
    for (index, body) in events.enumerated() { oracle.learn(event(Int64(index + 1), body)) }
    var ledger = Ledger()
    for (attempt, end) in earlier {
      let entry = ledger.started(attempt, life: 1, at: Instant(microseconds: 0))
      if let end { ledger.ended(entry, end, at: Instant(microseconds: 0)) }
    }
    _ = ledger.started(attempt, life: 1, at: Instant(microseconds: time))
    return fired { () throws(Violation) in
      try oracle.check(attempt, at: Instant(microseconds: time), ledger)
    }
  }

  @Test func aLaunchWithItsIntentIsRight() {
    #expect(launch(first, after: [.attemptScheduled(first)]) == nil)
  }

  @Test func aLaunchWithoutIntentFiresIntent() {
    #expect(launch(first, after: []) == .intent)
    #expect(launch(first, after: [.attemptScheduled(first), .attemptWithdrawn(first)]) == .intent)
  }

  @Test func anAttemptThatRanFiresIntent() {
    #expect(launch(first, after: [.attemptScheduled(first)], ran: [(first, success)]) == .intent)
  }

  @Test func aLaunchAfterACancelFiresCancel() {
    let cancel = Event.Body.cancelRequested(CancelRequest(id: 1, force: false))
    #expect(launch(first, after: [.attemptScheduled(first), cancel]) == .cancel)
  }

  @Test func oneMoreThanJobsFiresSlots() {
    let other = AttemptID(step: 1, number: 1)
    let oracle = launch(first, after: [.attemptScheduled(first)], jobs: 1, ran: [(other, nil)])
    #expect(oracle == .slots)
  }

  @Test func aLaunchBeforeItsNeedFiresOrder() {
    let second = AttemptID(step: 1, number: 1)
    let intent = Event.Body.attemptScheduled(second)
    let done = Event.Body.stepFinished(step: 0, .succeeded)
    #expect(launch(second, after: [intent]) == .order)
    #expect(launch(second, after: [intent, done], ran: [(first, success)]) == nil)
    // The history says so, and it is not true.
    #expect(launch(second, after: [intent, done], ran: [(first, failure)]) == .order)
    #expect(launch(second, after: [intent, done]) == .order)
  }

  @Test func aSecondAttemptNeedsALicence() {
    let again = AttemptID(step: 0, number: 2)
    let intent = Event.Body.attemptScheduled(again)
    let retry = Event.Body.retryScheduled(first, delayMilliseconds: 1)
    let ended = Event.Body.attemptEnded(first, failure)
    let ran: [(AttemptID, AttemptEnd?)] = [(first, failure)]
    #expect(launch(again, at: 1_000, after: [ended, retry, intent], ran: ran) == nil)
    #expect(launch(again, at: 999, after: [ended, retry, intent], ran: ran) == .retry)
    #expect(launch(again, at: 1_000, after: [ended, ended, retry, intent], ran: ran) == .retry)
    #expect(launch(again, at: 1_000, after: [ended, intent], ran: ran) == .again)
    #expect(launch(again, at: 1_000, after: [retry, intent], ran: [(first, nil)]) == .again)
  }

  // MARK: orphans, timeout

  @Test func whatRunsOnFiresOrphans() {
    var ledger = Ledger()
    let entry = ledger.started(first, life: 1, at: Instant(microseconds: 0))
    let check = { () throws(Violation) in try LedgerOracle.check(ledger, Self.workflow) }
    #expect(fired(check) == .orphans)
    ledger.ended(entry, success, at: Instant(microseconds: 1_100_000))
    #expect(fired { () throws(Violation) in try LedgerOracle.check(ledger, Self.workflow) } == nil)
  }

  @Test func whatOutlivesItsGraceFiresTimeout() {
    var ledger = Ledger()
    let entry = ledger.started(first, life: 1, at: Instant(microseconds: 0))
    ledger.ended(entry, success, at: Instant(microseconds: 1_100_001))
    #expect(
      fired { () throws(Violation) in try LedgerOracle.check(ledger, Self.workflow) } == .timeout)
  }

  // MARK: With a real run

  /// The whole history of an undisturbed run, and its world.
  private func finishedRun() -> (world: World, home: RunHome<SimulatedStorage>, recorder: Recorder)
  {
    let world = World(SimulationOptions(), choices: SeededChoices(seed: 1), trace: Trace())
    let recorder = Recorder()
    let home = RunHome("/home", in: world.storage)
    do {
      var driver = try Driver.create(
        Self.newRun(), by: Self.process(), home: home, world: world, observer: recorder)
      while try driver.step() == nil {}
    } catch {
      Issue.record("\(error)")
    }
    return (world, home, recorder)
  }

  private static func newRun() throws -> NewRun {
    NewRun(
      created: RunCreated(
        runID: "run", seed: 1, policyVersion: Decider.policyVersion, programVersion: "0", jobs: 2,
        definitionFolder: "/", definitionByteCount: 0),
      definition: workflow, graph: try DependencyGraph(workflow.steps), definitionFile: [])
  }

  private static func process() -> RunProcess {
    var options = LogOptions()
    options.reservationBytes = 1_024
    options.compression = .none
    return RunProcess(
      processID: 1, place: Place(bootID: "boot 1"), logOptions: options, salts: SaltSource(seed: 1))
  }

  private final class Recorder: RunObserver {
    var events: [Event] = []
    var lastCommit: [Event] = []
    var state: RunState?

    func tookOver(_ tail: LogTail) { Issue.record("there was nothing to take over") }

    func committed(_ events: [Event], _ state: RunState) {
      self.events += events
      lastCommit = events
      self.state = state
    }
  }

  @Test func aDecisionThatTheFactsDoNotCallForFiresReplay() throws {
    let (_, _, recorder) = finishedRun()
    func check(_ events: [Event]) -> Oracle? {
      fired { () throws(Violation) in
        var oracle = ReplayOracle()
        for event in events { try oracle.check(event) }
        try oracle.commitEnds(recorder.state)
      }
    }
    #expect(check(recorder.events) == nil)
    // The run's end is missing, though all facts are there.
    #expect(check(recorder.events.dropLast()) == .replay)
    var other = recorder.events
    other[other.count - 1].body = .runFinished(.failed)
    #expect(check(other) == .replay)
    var late = recorder.events
    late[late.count - 1].startsWakeUp = true
    #expect(check(late) == .replay)
  }

  @Test func aLiveStateBesideItsHistoryFiresReplay() throws {
    let (_, _, recorder) = finishedRun()
    var oracle = ReplayOracle()
    for event in recorder.events.dropLast() { try oracle.check(event) }
    try oracle.check(recorder.events[recorder.events.count - 1])
    var state = try #require(recorder.state)
    try oracle.commitEnds(state)
    let other = RunCreated(
      runID: "other", seed: 1, policyVersion: Decider.policyVersion, programVersion: "0", jobs: 2,
      definitionFolder: "/", definitionByteCount: state.created.definitionByteCount)
    var replay = Replay()
    for var event in recorder.events {
      if case .runCreated = event.body { event.body = .runCreated(other) }
      try replay.apply(event)
    }
    state = try #require(replay.state)
    #expect(fired { () throws(Violation) in try oracle.commitEnds(state) } == .replay)
  }

  @Test func changedBytesFireAppend() throws {
    let (world, home, _) = finishedRun()
    var oracle = AppendOracle(world.storage, home.folder(of: "run"))
    try oracle.committed()
    let segment = home.folder(of: "run").log + "/00000001.seg"
    let file = try world.storage.open(segment, .update)
    let size = try world.storage.size(of: file)
    _ = try world.storage.write([1].span, to: file, at: size)
    #expect(fired(oracle.check) == nil)
    _ = try world.storage.write([0].span, to: file, at: 200)
    #expect(fired(oracle.check) == .append)
    try world.storage.removeFile(segment)
    #expect(fired(oracle.check) == .append)
  }

  @Test func aReaderWhoSeesWhatACrashCanUndoFiresSaid() throws {
    let (world, home, recorder) = finishedRun()
    func check(_ acknowledged: [Event], inFlight: [Event]?, shown: Int = 0) -> Oracle? {
      fired { () throws(Violation) in
        _ = try ReadOracle.check(
          home, "run",
          ReadOracle.Expectation(
            isDriven: true, isRecovered: true, acknowledged: acknowledged, inFlight: inFlight,
            shown: shown, bootID: "boot 1"))
      }
    }
    let events = recorder.events
    #expect(check(events, inFlight: []) == nil)
    #expect(check(events, inFlight: [], shown: events.count + 1) == .said)
    #expect(check(events.dropLast(), inFlight: []) == .said)
    #expect(check(events.dropLast(), inFlight: events.suffix(1)) == nil)
    #expect(check(events + events.suffix(1), inFlight: nil) == .said)
    #expect(check([events[1]] + events.dropFirst(), inFlight: nil) == .said)
    defer { withExtendedLifetime(world) {} }
    #expect(
      fired { () throws(Violation) in
        try ReadOracle.checkDurable(events + events.suffix(1), home, "run")
      } == .said)
  }

  @Test func anIdleSlotFiresSlotsAndALateWakeUpLive() throws {
    var settings = StepSettings()
    settings.retry.maxAttempts = 2
    settings.retry.jitter = .none
    let step = StepDefinition(id: "s", command: .program(["w"]), needs: [], settingsIndex: 0)
    let workflow = WorkflowDefinition(name: "one", steps: [step], settings: [settings])
    let created = RunCreated(
      runID: "run", seed: 1, policyVersion: Decider.policyVersion, programVersion: "0", jobs: 1,
      definitionFolder: "/", definitionByteCount: 0)
    let now = Moment(monotonic: Instant(microseconds: 0), wall: WallTime(microseconds: 0))
    var engine = Engine.create(
      created, workflow, graph: try DependencyGraph(workflow.steps),
      engine: EngineStarted(life: 1, processID: 1, place: Place(bootID: "b")), at: now)
    _ = engine.nextEffect()
    func check(running: Int, until deadline: Int64? = nil) -> Oracle? {
      fired { () throws(Violation) in
        try IdleOracle.check(
          engine.state, running: running, jobs: 1,
          until: deadline.map { Instant(microseconds: $0) })
      }
    }
    #expect(check(running: 0) == .slots)
    #expect(check(running: 1) == nil)
    engine.handle(.committed(through: engine.state.lastSequence), at: now)
    _ = engine.nextEffect()
    engine.handle(.attemptEnded(first, failure), at: now)
    _ = engine.nextEffect()
    #expect(check(running: 0, until: 1_000_000) == nil)
    #expect(check(running: 0, until: 1_000_001) == .live)
    #expect(check(running: 0) == .live)
  }

  @Test func lostOrInventedEventsFirePrefix() {
    let (world, home, recorder) = finishedRun()
    let events = recorder.events
    let commit = recorder.lastCommit
    func found(_ events: [Event], inFlight: [Event]?) -> Oracle? {
      let oracles = Oracles()
      oracles.begin(world, Self.workflow, created(recorder), home)
      oracles.engineEnded(inFlight: [])
      oracles.recovered(Array(recorder.events.dropLast(commit.count)))
      oracles.engineEnded(inFlight: inFlight)
      oracles.found(events)
      return oracles.violation?.oracle
    }
    #expect(found(events, inFlight: commit) == nil)
    #expect(found(events.dropLast(commit.count), inFlight: commit) == nil)
    #expect(found(events.dropLast(commit.count + 1), inFlight: commit) == .prefix)
    #expect(found(events.dropLast(1), inFlight: commit) == .prefix)
    #expect(found(events, inFlight: []) == .prefix)
  }

  private func created(_ recorder: Recorder) -> RunCreated {
    guard case .runCreated(let created)? = recorder.events.first?.body else {
      preconditionFailure("a history begins with its run")
    }
    return created
  }
}
