import Testing

@testable import FlowCore

/// Every event in every phase: the phase that follows, or `·` where the event is refused.
@Suite struct StepLifecycleTests {
  // `ready2`, `backingOff` and `doomed2` have attempt 1 behind them; attempt 1 is also the current
  // one of all phases from `starting` on.
  private static let table = """
    phase        launched deadline  ended      withdrawn delayOver doomed  scheduled stop     retry      rerun  succeed   fail   cancel    skip      ask     answer
    waiting      ·        ·         ·          ·         ·         doomed  ·         ·        ·          ·      ·         ·      ·         ·      ·       ·
    ready        ·        ·         ·          ·         ·         doomed  starting  ·        ·          ·      ·         ·      ·         ·      asking  ·
    ready2       ·        ·         ·          ·         ·         doomed2 starting2 ·        ·          ·      ·         ·      ·         ·      asking  ·
    starting     running  ·         endedWell  ready     ·         ·       ·         stopping ·          ·      ·         ·      ·         ·      ·       ·
    running      ·        stopping  endedWell  ·         ·         ·       ·         stopping ·          ·      ·         ·      ·         ·      ·       ·
    stopping     stopping stopping  endedWell  ready     ·         ·       ·         stopping ·          ·      ·         ·      ·         ·      ·       ·
    endedWell    ·        ·         ·          ·         ·         ·       ·         ·        ·          ·      succeeded ·      ·         ·      ·       ·
    endedBadly   ·        ·         ·          ·         ·         ·       ·         ·        backingOff ·      ·         failed cancelled ·      ·       ·
    endedByStop  ·        ·         ·          ·         ·         ·       ·         ·        ·          ·      ·         ·      cancelled ·      ·       ·
    endedLost    ·        ·         ·          ·         ·         ·       ·         ·        ·          ready2 ·         failed cancelled ·      ·       ·
    interrupted ·        ·         ·          ·         ·         ·       ·         ·        ·          ready2 ·         failed cancelled ·       ·       ·
    backingOff   ·        ·         ·          ·         ready2    doomed2 ·         ·        ·          ·      ·         ·      ·         ·      ·       ·
    doomed       ·        ·         ·          ·         ·         ·       ·         ·        ·          ·      ·         ·      ·         skipped   ·       ·
    doomed2      ·        ·         ·          ·         ·         ·       ·         ·        ·          ·      ·         ·      cancelled ·      ·       ·
    succeeded    ·        ·         ·          ·         ·         ·       ·         ·        ·          ·      ·         ·      ·         ·      ·       ·
    failed       ·        ·         ·          ·         ·         ·       ·         ·        ·          ·      ·         ·      ·         ·      ·       ·
    skipped      ·        ·         ·          ·         ·         ·       ·         ·        ·          ·      ·         ·      ·         ·      ·       ·
    cancelled    ·        ·         ·          ·         ·         ·       ·         ·        ·          ·      ·         ·      ·         ·      ·       ·
    asking       ·        ·         ·          ·         ·         doomed3 ·         ·        ·          ·      ·         ·      ·         ·         ·       answered
    answered     ·        ·         ·          ·         ·         ·       ·         ·        ·          ·      succeeded ·      ·         ·         ·       ·
    doomed3      ·        ·         ·          ·         ·         ·       ·         ·        ·          ·      ·         ·      cancelled ·         ·       ·
    """

  /// A row for each phase: its name, and what follows by input.
  private static let rows: [(phase: String, cells: [String: String])] = {
    let lines = table.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    return lines.dropFirst().map { line in
      (line[0], Dictionary(uniqueKeysWithValues: zip(lines[0], line).dropFirst()))
    }
  }()

  @Test(arguments: rows.map(\.phase))
  func followsTheTable(phase: String) throws {
    let cells = try #require(Self.rows.first { $0.phase == phase }?.cells)
    #expect(cells.count == Self.inputs.count)
    for (name, input) in Self.inputs {
      let before = try #require(Self.samples[phase])
      var after = before
      let number = before.phase == .ready ? before.attempt + 1 : before.attempt
      let isTaken = after.apply(input(number))
      let cell = try #require(cells[name])
      #expect(isTaken == (cell != "·"), "\(name)")
      #expect(after.phase == (isTaken ? Self.phase(cell) : before.phase), "\(name)")
      if !isTaken { #expect(after == before, "\(name)") }
    }
  }

  @Test(arguments: rows.map(\.phase), [-1, 0, 2, 3, Int32.max])
  func anotherAttemptIsRefused(phase: String, offset: Int32) throws {
    let before = try #require(Self.samples[phase])
    let right = before.phase == .ready ? before.attempt + 1 : before.attempt
    for name in [
      "launched", "deadline", "ended", "withdrawn", "scheduled", "stop", "retry", "rerun",
    ]
    where offset != right {
      var after = before
      let input = try #require(Self.inputs[name])
      let isTaken = after.apply(input(offset))
      #expect(!isTaken, "\(name)")
      #expect(after == before, "\(name)")
    }
  }

  @Test func needsCountDownToReady() {
    var step = StepLifecycle(needs: 2)
    #expect(step.phase == .waiting(unmetNeeds: 2))
    for phase in [StepLifecycle.Phase.waiting(unmetNeeds: 1), .ready] {
      let isTaken = step.apply(.needMet)
      #expect(isTaken)
      #expect(step.phase == phase)
    }
  }

  @Test(arguments: ["doomed", "doomed2", "succeeded", "failed", "skipped", "cancelled"])
  func aNeedMetTooLateChangesNothing(phase: String) throws {
    let before = try #require(Self.samples[phase])
    var after = before
    let isTaken = after.apply(.needMet)
    #expect(isTaken)
    #expect(after == before)
  }

  @Test func failuresAndLossesAreCountedApart() throws {
    for (phase, failures, losses) in [
      ("endedWell", 0, 0), ("endedBadly", 1, 0), ("endedByStop", 0, 0), ("endedLost", 0, 1),
      ("interrupted", 0, 0),
    ] as [(String, Int32, Int32)] {
      let step = try #require(Self.samples[phase])
      #expect(step.failures == failures)
      #expect(step.losses == losses)
    }
  }

  @Test func aWithdrawnNumberIsFreeAgain() throws {
    var step = try #require(Self.samples["starting2"])
    let wasWithdrawn = step.apply(.withdrawn(2))
    #expect(wasWithdrawn)
    #expect(step.attempt == 1)
    let isScheduled = step.apply(.scheduled(2))
    #expect(isScheduled)
  }

  @Test(arguments: rows.map(\.phase))
  func phasesAreSettledOrOpenOrNeither(phase: String) throws {
    let step = try #require(Self.samples[phase])
    #expect(step.isSettled == ["succeeded", "failed", "skipped", "cancelled"].contains(phase))
    #expect(step.hasOpenAttempt == ["starting", "running", "stopping"].contains(phase))
  }

  @Test(
    arguments: [
      (AttemptEnd.success, AttemptConclusion.succeeded),
      (.exit(3), .failed(.exit, exitCode: 3)),
      (.signal(9), .failed(.signal, exitCode: 0)),
      (.launchFailure(errno: 2), .failed(.launch, exitCode: 0)),
      (.lost, .lost), (.interruption, .interrupted),
      // Whatever the command makes of its SIGTERM.
      (.exit(0, cause: .deadline), .failed(.timeout, exitCode: 0)),
      (.exit(3, cause: .deadline), .failed(.timeout, exitCode: 0)),
      (.signal(15, cause: .deadline), .failed(.timeout, exitCode: 0)),
      (.exit(0, cause: .stop), .cancelled),
      (.signal(15, cause: .stop), .cancelled),
      (.signal(9, cause: .force), .cancelled),
    ])
  func conclusionOfAnEnd(end: AttemptEnd, conclusion: AttemptConclusion) {
    #expect(AttemptConclusion(end) == conclusion)
  }

  // MARK: Inputs and samples

  private typealias Input = @Sendable (Int32) -> StepLifecycle.Event

  private static let inputs: [String: Input] = [
    "launched": { .launched($0) },
    "deadline": { .deadlinePassed($0) },
    "ended": { .ended($0, .succeeded) },
    "withdrawn": { .withdrawn($0) },
    "delayOver": { _ in .delayOver },
    "doomed": { _ in .doomed },
    "scheduled": { .scheduled($0) },
    "stop": { .stopRequested($0) },
    "retry": { .retryScheduled($0) },
    "rerun": { .rerunScheduled($0) },
    "succeed": { _ in .finished(.succeeded) },
    "fail": { _ in .finished(.failed) },
    "cancel": { _ in .finished(.cancelled) },
    "skip": { _ in .skipped },
    "ask": { _ in .asked },
    "answer": { _ in .answered(.succeeded) },
  ]

  /// A step in each phase, brought there by inputs.
  private static let samples: [String: StepLifecycle] = {
    func step(_ events: StepLifecycle.Event...) -> StepLifecycle {
      var step = StepLifecycle(needs: 0)
      for event in events { precondition(step.apply(event), "the way to a sample is closed") }
      return step
    }
    let failure = AttemptConclusion.failed(.exit, exitCode: 1)
    return [
      "waiting": StepLifecycle(needs: 1),
      "ready": step(),
      "ready2": step(.scheduled(1), .ended(1, .lost), .rerunScheduled(1)),
      "starting": step(.scheduled(1)),
      "starting2": step(
        .scheduled(1), .ended(1, .lost), .rerunScheduled(1),
        .scheduled(2)),
      "running": step(.scheduled(1), .launched(1)),
      "stopping": step(.scheduled(1), .stopRequested(1)),
      "endedWell": step(.scheduled(1), .ended(1, .succeeded)),
      "endedBadly": step(.scheduled(1), .ended(1, failure)),
      "endedByStop": step(.scheduled(1), .ended(1, .cancelled)),
      "endedLost": step(.scheduled(1), .ended(1, .lost)),
      "interrupted": step(.scheduled(1), .ended(1, .interrupted)),
      "backingOff": step(
        .scheduled(1), .ended(1, failure), .retryScheduled(1)),
      "doomed": step(.doomed),
      "doomed2": step(
        .scheduled(1), .ended(1, failure), .retryScheduled(1),
        .doomed),
      "succeeded": step(
        .scheduled(1), .ended(1, .succeeded), .finished(.succeeded)),
      "failed": step(
        .scheduled(1), .ended(1, failure), .finished(.failed)),
      "asking": step(.asked),
      "answered": step(.asked, .answered(.succeeded)),
      "doomed3": step(.asked, .doomed),
      "skipped": step(.doomed, .skipped),
      "cancelled": step(
        .scheduled(1), .ended(1, .cancelled), .finished(.cancelled)),
    ]
  }()

  private static func phase(_ name: String) -> StepLifecycle.Phase? {
    samples[name]?.phase
  }
}
