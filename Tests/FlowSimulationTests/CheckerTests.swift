import FlowCore
import FlowLog
import FlowRuntime
import FlowStorage
import Testing

@testable import FlowSimulation

/// Each checker finds a violation that was made by hand, and nothing in a correct history.
struct CheckerTests {
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

  /// The property that a check finds violated, if any.
  private func fired(_ check: () throws(Violation) -> Void) -> Property? {
    do throws(Violation) {
      try check()
      return nil
    } catch {
      return error.property
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
      let checker = TerminalChecker(Self.workflow)
      try checker.check(event(1, before))
      #expect(fired { () throws(Violation) in try checker.check(event(2, after)) } == .terminal)
    }
    let checker = TerminalChecker(Self.workflow)
    try checker.check(event(1, .runStopping(.cancelled)))
    #expect(
      fired { () throws(Violation) in
        try checker.check(event(3, .stepFinished(step: 0, .succeeded)))
      } == .terminal)
  }

  @Test func aRoundEndsOnceAndWhatSucceededHasNoOtherEnd() throws {
    func firedLast(_ bodies: [Event.Body]) throws -> Property? {
      let checker = TerminalChecker(Self.workflow)
      for (index, body) in bodies.dropLast().enumerated() {
        try checker.check(event(Int64(index) + 1, body))
      }
      return fired { () throws(Violation) in
        guard let last = bodies.last else { return }
        try checker.check(event(Int64(bodies.count), last))
      }
    }
    let reopened = Event.Body.runReopened(ignoring: [])
    let withDependents = Event.Body.runReopened(ignoring: [], scope: .withDependents)
    let round: [Event.Body] = [
      .stepFinished(step: 0, .succeeded), .stepFinished(step: 1, .failed), .runFinished(.failed),
      reopened,
    ]
    #expect(try firedLast(round) == nil)
    #expect(try firedLast(round + [.stepFinished(step: 1, .failed)]) == nil)
    #expect(try firedLast(round + [.stepFinished(step: 0, .failed)]) == .terminal)
    #expect(try firedLast(round + [.runFinished(.failed), .runFinished(.failed)]) == .terminal)
    #expect(try firedLast([.stepFinished(step: 0, .failed), reopened]) == .terminal)
    let stale: [Event.Body] = [
      .stepFinished(step: 0, .failed), .stepFinished(step: 1, .succeeded), .runFinished(.failed),
    ]
    let again = Event.Body.stepFinished(step: 1, .succeeded)
    #expect(try firedLast(stale + [reopened, again]) == .terminal)
    #expect(try firedLast(stale + [withDependents, again]) == nil)
  }

  // MARK: fresh

  /// A step that keeps an end from before its need ran again.
  @Test func anEndFromBeforeThatOfANeedFiresFresh() {
    func fired(_ scope: ReopenScope, _ bodies: [Event.Body]) -> Property? {
      let checker = FreshChecker(Self.workflow)
      let second = AttemptID(step: 1, number: 1)
      let round: [Event.Body] = [
        .attemptScheduled(first), .stepFinished(step: 0, .failed), .attemptScheduled(second),
        .stepFinished(step: 1, .succeeded), .runFinished(.failed),
        .runReopened(ignoring: [], scope: scope),
        .attemptScheduled(AttemptID(step: 0, number: 2)), .stepFinished(step: 0, .succeeded),
      ]
      return self.fired { () throws(Violation) in
        for (index, body) in (round + bodies + [.runFinished(.failed)]).enumerated() {
          try checker.learn(event(Int64(index) + 1, body))
        }
      }
    }
    #expect(fired(.withDependents, []) == .fresh)
    #expect(fired(.unsuccessful, []) == nil)
    let again = Event.Body.attemptScheduled(AttemptID(step: 1, number: 2))
    #expect(fired(.withDependents, [again, .stepFinished(step: 1, .succeeded)]) == nil)
    #expect(fired(.withDependents, [.stepFinished(step: 1, .cancelled)]) == nil)
    #expect(fired(.withDependents, [.stepSkipped(step: 1, .runStopping)]) == nil)
    #expect(fired(.only(StepSet([0])), []) == nil)
    #expect(fired(.from(StepSet([0])), []) == .fresh)
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
        Self.newRun(), definitionFile: [], by: Self.process(), home: home, world: world,
        observer: recorder)
      while try driver.step() == nil {}
    } catch {
      Issue.record("\(error)")
    }
    return (world, home, recorder)
  }

  private static func newRun() throws -> NewRun {
    NewRun(
      runID: "run", seed: 1, programVersion: "0", jobs: 2, definitionFolder: "/",
      definition: workflow, graph: try DependencyGraph(workflow.steps))
  }

  private static func process() -> RunProcess {
    var options = LogOptions()
    options.reservationBytes = 1_024
    options.compression = .none
    return RunProcess(
      processID: 2, host: HostContext(bootID: "boot 1", mountID: 1, processNamespace: 1),
      logOptions: options, salts: SaltSource(seed: 1))
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
    func check(_ events: [Event]) -> Property? {
      fired { () throws(Violation) in
        let checker = ReplayChecker()
        for event in events { try checker.check(event) }
        try checker.commitEnds(recorder.state)
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
    let checker = ReplayChecker()
    for event in recorder.events.dropLast() { try checker.check(event) }
    try checker.check(recorder.events[recorder.events.count - 1])
    var state = try #require(recorder.state)
    try checker.commitEnds(state)
    let other = RunCreated(
      runID: "other", seed: 1, policyVersion: Policy.current.rawValue, programVersion: "0", jobs: 2,
      definitionFolder: "/", definitionByteCount: state.created.definitionByteCount)
    var replay = Replay()
    for var event in recorder.events {
      if case .runCreated = event.body { event.body = .runCreated(other) }
      try replay.apply(event)
    }
    state = try #require(replay.state)
    #expect(fired { () throws(Violation) in try checker.commitEnds(state) } == .replay)
  }

  @Test func changedBytesFireAppend() throws {
    let (world, home, _) = finishedRun()
    let checker = AppendChecker(world.storage, home.folder(of: "run"))
    try checker.committed()
    let segment = home.folder(of: "run").log + "/00000001.seg"
    let file = try world.storage.open(segment, .update)
    let size = try world.storage.size(of: file)
    _ = try world.storage.write([1].span, to: file, at: size)
    #expect(fired(checker.check) == nil)
    _ = try world.storage.write([0].span, to: file, at: 200)
    #expect(fired(checker.check) == .append)
    try world.storage.removeFile(segment)
    #expect(fired(checker.check) == .append)
  }

  @Test func aReaderWhoSeesWhatACrashCanUndoFiresSaid() throws {
    let (world, home, recorder) = finishedRun()
    func check(_ acknowledged: [Event], inFlight: [Event]?, shown: Int = 0) -> Property? {
      fired { () throws(Violation) in
        _ = try ReadChecker.check(
          home, "run",
          ReadChecker.Expectation(
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
        try ReadChecker.checkDurable(events + events.suffix(1), home, "run")
      } == .said)
  }

  @Test func anIdleSlotFiresSlotsAndALateWakeUpLive() throws {
    var settings = StepSettings()
    settings.retry.maxAttempts = 2
    settings.retry.jitter = .none
    let step = StepDefinition(id: "s", command: .program(["w"]), needs: [], settingsIndex: 0)
    let workflow = WorkflowDefinition(name: "one", steps: [step], settings: [settings])
    let run = NewRun(
      runID: "run", seed: 1, programVersion: "0", jobs: 1, definitionFolder: "/",
      definition: workflow, graph: try DependencyGraph(workflow.steps))
    let now = Moment(monotonic: Instant(microseconds: 0), wall: WallTime(microseconds: 0))
    var engine = Engine.create(
      run, engine: EngineStarted(life: 1, processID: 1, host: HostContext(bootID: "b")), at: now)
    _ = engine.nextEffect()
    func check(running: Int, until deadline: Int64? = nil) -> Property? {
      fired { () throws(Violation) in
        try IdleChecker.check(
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

  /// A hostile disk may lose what was shown, and may lose ever more.
  @Test func whatTheDiskLosesFiresNothing() {
    let (world, home, recorder) = finishedRun()
    let events = recorder.events
    let first = Array(events.dropLast(recorder.lastCommit.count))
    func found(_ histories: [[Event]], isLogLost: Bool) -> Property? {
      world.storage.hasBetrayed = false
      world.storage.hasBetrayedLog = false
      let checkers = begun(world, home, recorder)
      checkers.engineEnded(inFlight: nil)
      checkers.recovered(first)
      // Readers see everything that can be read, though only the first part was acknowledged.
      world.engine.isDead = true
      checkers.read()
      // Records and locks hold no history.
      world.storage.hasBetrayed = true
      world.storage.hasBetrayedLog = isLogLost
      for history in histories {
        checkers.engineEnded(inFlight: nil)
        checkers.found(history)
      }
      return checkers.violation?.property
    }
    #expect(found([first], isLogLost: false) == .prefix)
    #expect(found([first], isLogLost: true) == nil)
    #expect(found([first.dropLast(2)], isLogLost: false) == .prefix)
    #expect(found([events.dropLast(1)], isLogLost: false) == .prefix)
    #expect(found([events.dropLast(1)], isLogLost: true) == nil)
    let other = first.dropLast(2) + [events[0]]
    #expect(found([Array(other)], isLogLost: true) == .prefix)
    #expect(found([Array(first.dropLast(2)), Array(other)], isLogLost: true) == nil)
  }

  @Test func lostOrInventedEventsFirePrefix() {
    let (world, home, recorder) = finishedRun()
    let events = recorder.events
    let commit = recorder.lastCommit
    func found(_ events: [Event], inFlight: [Event]?) -> Property? {
      let checkers = begun(world, home, recorder)
      checkers.engineEnded(inFlight: [])
      checkers.recovered(Array(recorder.events.dropLast(commit.count)))
      checkers.engineEnded(inFlight: inFlight)
      checkers.found(events)
      return checkers.violation?.property
    }
    #expect(found(events, inFlight: commit) == nil)
    #expect(found(events.dropLast(commit.count), inFlight: commit) == nil)
    #expect(found(events.dropLast(commit.count + 1), inFlight: commit) == .prefix)
    #expect(found(events.dropLast(1), inFlight: commit) == .prefix)
    #expect(found(events, inFlight: []) == .prefix)
  }

  @Test func anEngineThatDoesNotSayHowTheLogEndsFiresVerdict() {
    let (world, home, recorder) = finishedRun()
    func recovered(_ tell: (Checkers) -> Void) -> Property? {
      let checkers = begun(world, home, recorder)
      checkers.engineEnded(inFlight: nil)
      checkers.opened(FoundHistory.read(home.folder(of: "run"), in: home.storage))
      checkers.found(recorder.events)
      tell(checkers)
      checkers.recovered(recorder.events)
      return checkers.violation?.property
    }
    #expect(recovered { _ in } == .verdict)
    #expect(
      recovered { checkers in
        let folder = home.folder(of: "run")
        guard let found = try? FoundHistory(folder, in: home.storage) else { return }
        checkers.tookOver(found.tail)
      } == nil)
  }

  /// The checkers of a world in which nothing was acknowledged yet.
  private func begun(
    _ world: World, _ home: RunHome<SimulatedStorage>, _ recorder: Recorder
  ) -> Checkers {
    world.begin(SimulatedRun(Self.workflow, created(recorder), in: home))
    return world.checkers
  }

  private func created(_ recorder: Recorder) -> RunCreated {
    guard case .runCreated(let created)? = recorder.events.first?.body else {
      preconditionFailure("a history begins with its run")
    }
    return created
  }
}
