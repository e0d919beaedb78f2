import FlowCore
import Testing

/// Every way in which a run can end: in each round the steps of `finally` run exactly once, when all others have
/// settled. What a full disk does is in the tests of the driver.
@Suite struct EngineFinallyEndsTests {
  struct Way: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var settings = StepSettings()
    var failFast = false
    var timeoutMilliseconds: Int64?
    /// Of the last round.
    let outcome: RunOutcome
    var rounds = 1
    /// Ends the run, whose `a` runs, then `b`, and `end` of `finally`.
    let play: @Sendable (inout EngineHarness) -> Void

    init(
      _ description: String, _ outcome: RunOutcome, rounds: Int = 1,
      _ settings: StepSettings = StepSettings(), failFast: Bool = false,
      timeoutMilliseconds: Int64? = nil, play: @escaping @Sendable (inout EngineHarness) -> Void
    ) {
      testDescription = description
      (self.settings, self.failFast) = (settings, failFast)
      (self.timeoutMilliseconds, self.outcome, self.rounds) = (timeoutMilliseconds, outcome, rounds)
      self.play = play
    }
  }

  private static let stopped = AttemptEnd.exit(0, cause: .stop)
  private static let killed = AttemptEnd.signal(9, cause: .force)
  private static let runs = FoundAttempt.State.running(processID: 3, forMicroseconds: 1)

  private static func fail(_ run: inout EngineHarness) { run.end("a", .exit(1)) }
  private static func succeed(_ run: inout EngineHarness) {
    run.end("a")
    run.end("b")
  }

  private static let ways = [
    Way("success", .succeeded) {
      succeed(&$0)
      $0.end("end")
    },
    Way("a failure", .failed) {
      fail(&$0)
      $0.end("end")
    },
    Way("a failure of its own", .failed) {
      succeed(&$0)
      $0.end("end", .exit(1))
    },
    Way("failFast", .failed, failFast: true) {
      fail(&$0)
      $0.end("x", stopped)
      $0.end("end")
    },
    Way("the timeout of the run", .failed, timeoutMilliseconds: 1_000) {
      $0.pass(milliseconds: 1_000)
      $0.end("a", stopped)
      $0.pass(milliseconds: 10_000)
      $0.end("end")
    },
    Way("a lost attempt that may not be repeated", .failed, StepSettings(onLost: .fail)) {
      $0.end("a", .lost)
      $0.end("end")
    },
    Way("a cancel before it", .cancelled) {
      $0.cancel()
      $0.end("a", stopped)
      $0.end("end")
    },
    Way("a cancel by force before it", .cancelled) {
      $0.cancel(force: true)
      $0.end("a", killed)
      $0.end("end")
    },
    Way("a cancel, and force after it, before it", .cancelled) {
      $0.cancel(1)
      $0.cancel(2, force: true)
      $0.end("a", killed)
      $0.end("end")
    },
    Way("a cancel during it", .succeeded) {
      succeed(&$0)
      $0.cancel()
      $0.end("end")
    },
    Way("two cancels during it", .succeeded) {
      succeed(&$0)
      $0.cancel(1)
      $0.cancel(2)
      $0.end("end")
    },
    Way("force during it", .cancelled) {
      succeed(&$0)
      $0.cancel(force: true)
      $0.end("end", killed)
    },
    Way("a cancel before it, and force during it", .cancelled) {
      $0.cancel(1)
      $0.end("a", stopped)
      $0.cancel(2, force: true)
      $0.end("end", killed)
    },
    Way("a cancel after it", .succeeded) {
      succeed(&$0)
      $0.end("end")
      $0.cancel()
    },
    Way("an engine that is killed before it", .failed) {
      $0.crash(losingCommit: false, found: ["a": .ended(.exit(1)), "x": .ended(.success)])
      $0.end("end")
    },
    Way("an engine that is killed while it runs", .failed) {
      fail(&$0)
      $0.crash(losingCommit: false, found: ["end": runs, "x": runs])
      $0.end("end")
    },
    Way("an engine that is killed after its end", .failed) {
      fail(&$0)
      $0.crash(losingCommit: false, found: ["end": .ended(.success), "x": runs])
    },
    Way("an engine that is killed before its launch", .failed) {
      fail(&$0)
      $0.crash(losingCommit: false, found: ["end": .neverLaunched, "x": runs])
      $0.end("end")
    },
    Way("a power loss in it", .failed) {
      fail(&$0)
      $0.crash(losingCommit: false, boot: "next")
      $0.end("end")
    },
    Way("a power loss before it", .succeeded) {
      $0.crash(boot: "next")
      succeed(&$0)
      $0.end("end")
    },
    Way("restart --failed after a failure", .succeeded, rounds: 2) {
      fail(&$0)
      $0.end("end")
      $0.reopen()
      succeed(&$0)
      $0.end("end")
    },
    Way("restart --failed after its own failure", .succeeded, rounds: 2) {
      succeed(&$0)
      $0.end("end", .exit(1))
      $0.reopen()
      $0.end("end")
    },
    Way("restart --failed after a cancel, and a cancel", .cancelled, rounds: 2) {
      $0.cancel(1)
      $0.end("a", stopped)
      $0.end("end")
      $0.reopen(ignoring: [1])
      $0.cancel(2)
      $0.end("a", stopped)
      $0.end("end")
    },
    Way("restart --failed, in whose round an engine is killed in it", .failed, rounds: 2) {
      fail(&$0)
      $0.end("end")
      $0.reopen()
      fail(&$0)
      $0.crash(losingCommit: false, found: ["end": runs])
      $0.end("end")
    },
  ]

  @Test(arguments: ways)
  func itRunsOnceInEachRound(_ way: Way) throws {
    // Beside `a` and `b` a step that only failFast and a stop find running.
    let steps = way.failFast ? ["a", "b < a", "x", "end"] : ["a", "b < a", "end"]
    let workflow = WorkflowDefinition.of(
      steps, each: way.settings, timeoutMilliseconds: way.timeoutMilliseconds,
      failFast: way.failFast
    ).finally()
    var run = try EngineHarness(workflow)
    way.play(&run)
    #expect(run.outcome == way.outcome)
    let end = workflow.step("end")
    let rounds = Self.rounds(of: run.durable)
    #expect(rounds.count == way.rounds)
    for round in rounds {
      let kinds = round.map(\.body.kind)
      #expect(kinds.count { $0 == .runConcluding } == 1)
      let conclusion = try #require(kinds.firstIndex(of: .runConcluding))
      var ends = 0
      var finishes = 0
      for (place, event) in round.enumerated() {
        switch event.body {
        case .attemptScheduled(let attempt):
          #expect((attempt.step == end) == (place > conclusion))
        case .attemptEnded(let attempt, let result)
        where attempt.step == end && AttemptOutcome(result) != .lost:
          ends += 1
        case .stepFinished(end, _): finishes += 1
        case .stepFinished, .stepSkipped: #expect(place < conclusion)
        default: break
        }
      }
      #expect(ends == 1 && finishes == 1)
    }
  }

  private static func rounds(of events: [Event]) -> [[Event]] {
    events.reduce(into: [[]]) { rounds, event in
      if event.body.kind == .runReopened { rounds.append([]) }
      rounds[rounds.count - 1].append(event)
    }
  }
}
