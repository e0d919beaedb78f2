import FlowCore
import FlowLog
import FlowRuntime
import Testing

/// The same runs on this machine and on a simulated one have the same histories.
struct RunConformanceTests {
  /// What both machines must record.
  private func expect(
    _ expected: [String], _ behaviour: Behaviour, _ body: (any Run) throws -> Void
  ) throws {
    let simulated = RunOn(SimulatedMachine(behaviour), behaviour)
    try body(simulated)
    #expect(simulated.told == expected, "simulated")
    let real = RunOn(try RealMachine(), behaviour)
    try body(real)
    #expect(real.told == expected, "real")
  }

  private let beginning = ["runCreated", "definitionPart", "engineStarted"]

  private func attempt(_ step: Int) -> [String] {
    [
      "attemptScheduled \(step)", "attemptLaunched \(step)",
      "attemptEnded \(step) exited(code: 0) byItself", "stepFinished \(step) succeeded",
    ]
  }

  @Test func stepsRunOneAfterTheOther() throws {
    try expect(
      beginning + attempt(0) + attempt(1) + attempt(2) + ["runFinished succeeded"], .succeeds
    ) { run in
      let outcome = try run.drive(steps: 3, StepSettings())
      #expect(outcome == .succeeded)
    }
  }

  @Test func aTimeoutStopsAnAttempt() throws {
    let settings = StepSettings(timeoutMilliseconds: 50, killGraceMilliseconds: 10_000)
    try expect(
      beginning + [
        "attemptScheduled 0", "attemptLaunched 0", "deadlinePassed",
        "attemptEnded 0 signalled(signal: 15) deadline", "stepFinished 0 failed", "stepSkipped 1",
        "runFinished failed",
      ], .hangs
    ) { run in
      let outcome = try run.drive(steps: 2, settings)
      #expect(outcome == .failed)
    }
  }

  /// The engine detaches while an attempt runs. The next one reattaches, and handles a request that
  /// was left in the meantime.
  @Test(arguments: [(false, "signalled(signal: 15) stop"), (true, "signalled(signal: 9) force")])
  func anAttemptOutlivesItsEngineAndIsStopped(force: Bool, end: String) throws {
    try expect(
      beginning + [
        "attemptScheduled 0", "attemptLaunched 0", "engineStarted", "cancelRequested",
        "runStopping", "stepSkipped 1", "stopRequested", "attemptFound 0 running",
        "attemptEnded 0 \(end)", "stepFinished 0 cancelled", "runFinished cancelled",
      ], .hangs
    ) { run in
      try run.abandon(steps: 2, StepSettings())
      try run.request(CancelRequest(id: 7, force: force))
      let outcome = try run.resume()
      #expect(outcome == .cancelled)
    }
  }

  /// The next engine acts on an intent that none has acted on.
  @Test func whatWasNeverLaunchedIsLaunched() throws {
    try expect(
      beginning + [
        "attemptScheduled 0", "engineStarted", "attemptFound 0 neverLaunched",
      ] + attempt(0).dropFirst() + ["runFinished succeeded"], .succeeds
    ) { run in
      try run.abandonAtOnce(steps: 1, StepSettings())
      let outcome = try run.resume()
      #expect(outcome == .succeeded)
    }
  }
}

/// A run on some machine.
protocol Run: AnyObject {
  /// Its history, in words.
  var told: [String] { get }
  /// Creates the run, and drives it to its end.
  func drive(steps: Int, _ settings: StepSettings) throws -> RunOutcome
  /// Creates the run, and detaches when its first attempt runs.
  func abandon(steps: Int, _ settings: StepSettings) throws
  /// Creates the run, and detaches when that is durable.
  func abandonAtOnce(steps: Int, _ settings: StepSettings) throws
  func request(_ request: CancelRequest) throws
  /// Another engine drives it to its end.
  func resume() throws -> RunOutcome
}

final class RunOn<Place: Machine>: Run, RunObserver {
  private let machine: Place
  private let behaviour: Behaviour
  private var events: [Event] = []
  private var home: RunHome<Place.World.Store> { RunHome(machine.home, in: machine.world.storage) }

  init(_ machine: Place, _ behaviour: Behaviour) {
    self.machine = machine
    self.behaviour = behaviour
  }

  func tookOver(_ tail: LogTail) {}

  func committed(_ events: [Event], _ state: RunState) { self.events += events }

  var told: [String] {
    events.map { event in
      switch event.body {
      case .attemptScheduled(let attempt): "attemptScheduled \(attempt.step)"
      case .attemptLaunched(let attempt, _): "attemptLaunched \(attempt.step)"
      case .attemptEnded(let attempt, let end):
        "attemptEnded \(attempt.step) \(end.result) \(end.cause)"
      case .attemptFound(let attempt, .running): "attemptFound \(attempt.step) running"
      case .attemptFound(let attempt, .neverLaunched): "attemptFound \(attempt.step) neverLaunched"
      case .stepFinished(let step, let outcome): "stepFinished \(step) \(outcome)"
      case .stepSkipped(let step, _): "stepSkipped \(step)"
      case .runFinished(let outcome): "runFinished \(outcome)"
      default: "\(event.body.kind)"
      }
    }
  }

  private var process: RunProcess {
    RunProcess(
      processID: 1, host: machine.hostContext, salts: SaltSource(seed: UInt64(events.count)))
  }

  private func create(_ steps: Int, _ settings: StepSettings) throws -> Driver<Place.World> {
    let definition = WorkflowDefinition(
      name: "chain",
      steps: (0..<steps).map { index in
        StepDefinition(
          id: "s\(index)", command: behaviour.command,
          needs: index == 0 ? [] : [Int32(index - 1)], settingsIndex: 0)
      }, settings: [settings])
    let run = NewRun(
      runID: "r", seed: 1, programVersion: "0", jobs: 1, definitionFolder: "/",
      definition: definition, graph: try DependencyGraph(definition.steps))
    return try Driver.create(
      run, definitionFile: [], by: process, home: home, world: machine.world, observer: self)
  }

  private func end(_ driver: consuming Driver<Place.World>) throws -> RunOutcome {
    while true {
      if let outcome = try driver.step() {
        try driver.finish()
        return outcome
      }
    }
  }

  func drive(steps: Int, _ settings: StepSettings) throws -> RunOutcome {
    try end(try create(steps, settings))
  }

  func abandon(steps: Int, _ settings: StepSettings) throws {
    do {
      var driver = try create(steps, settings)
      while events.last?.body.kind != .attemptLaunched { _ = try driver.step() }
    }
    machine.replaceEngine()
  }

  func abandonAtOnce(steps: Int, _ settings: StepSettings) throws {
    do { _ = try create(steps, settings) }
    machine.replaceEngine()
  }

  func request(_ request: CancelRequest) throws {
    try CancelRequests(home.folder(of: "r"), in: machine.world.storage).file(request)
  }

  func resume() throws -> RunOutcome {
    let driver = try Driver.resume(
      "r", by: process, home: home, world: machine.world, observer: self)
    guard let driver else { throw RunError.nothingToRunAgain("r") }
    return try end(driver)
  }
}
