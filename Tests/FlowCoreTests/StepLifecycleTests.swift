import Testing

@testable import FlowCore

/// Every input in every phase: the phase that follows, or `·` where the input is refused.
@Suite struct StepLifecycleTests {
  // `ready2`, `backingOff` and `doomed2` have attempt 1 behind them; attempt 1 is also the current
  // one of all phases from `starting` on.
  private static let table = """
    phase        launched deadline  ended      withdrawn delayOver doomed  scheduled stop     retry      rerun  succeed   fail   cancel    skip
    waiting      ·        ·         ·          ·         ·         doomed  ·         ·        ·          ·      ·         ·      ·         ·
    ready        ·        ·         ·          ·         ·         doomed  starting  ·        ·          ·      ·         ·      ·         ·
    ready2       ·        ·         ·          ·         ·         doomed2 starting2 ·        ·          ·      ·         ·      ·         ·
    starting     running  ·         endedWell  ready     ·         ·       ·         stopping ·          ·      ·         ·      ·         ·
    running      ·        stopping  endedWell  ·         ·         ·       ·         stopping ·          ·      ·         ·      ·         ·
    stopping     stopping stopping  endedWell  ready     ·         ·       ·         stopping ·          ·      ·         ·      ·         ·
    endedWell    ·        ·         ·          ·         ·         ·       ·         ·        ·          ·      succeeded ·      ·         ·
    endedBadly   ·        ·         ·          ·         ·         ·       ·         ·        backingOff ·      ·         failed cancelled ·
    endedByStop  ·        ·         ·          ·         ·         ·       ·         ·        ·          ·      ·         ·      cancelled ·
    endedLost    ·        ·         ·          ·         ·         ·       ·         ·        ·          ready2 ·         failed cancelled ·
    backingOff   ·        ·         ·          ·         ready2    doomed2 ·         ·        ·          ·      ·         ·      ·         ·
    doomed       ·        ·         ·          ·         ·         ·       ·         ·        ·          ·      ·         ·      ·         skipped
    doomed2      ·        ·         ·          ·         ·         ·       ·         ·        ·          ·      ·         ·      cancelled ·
    succeeded    ·        ·         ·          ·         ·         ·       ·         ·        ·          ·      ·         ·      ·         ·
    failed       ·        ·         ·          ·         ·         ·       ·         ·        ·          ·      ·         ·      ·         ·
    skipped      ·        ·         ·          ·         ·         ·       ·         ·        ·          ·      ·         ·      ·         ·
    cancelled    ·        ·         ·          ·         ·         ·       ·         ·        ·          ·      ·         ·      ·         ·
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
      let isTaken = input(&after, before.phase == .ready ? before.attempt + 1 : before.attempt)
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
      let isTaken = input(&after, offset)
      #expect(!isTaken, "\(name)")
      #expect(after == before, "\(name)")
    }
  }

  @Test func needsCountDownToReady() {
    var step = StepLifecycle(needs: 2)
    #expect(step.phase == .waiting(unmetNeeds: 2))
    let answers = [step.needMet(), step.needMet()]
    #expect(answers == [.stillWaiting, .becameReady])
    #expect(step.phase == .ready)
  }

  @Test(arguments: ["doomed", "doomed2", "skipped", "cancelled"])
  func aNeedMetTooLateChangesNothing(phase: String) throws {
    let before = try #require(Self.samples[phase])
    var after = before
    let answer = after.needMet()
    #expect(answer == .settledBefore)
    #expect(after == before)
  }

  @Test func failuresAndLossesAreCountedApart() throws {
    for (phase, failures, losses) in [
      ("endedWell", 0, 0), ("endedBadly", 1, 0), ("endedByStop", 0, 0), ("endedLost", 0, 1),
    ] as [(String, Int32, Int32)] {
      let step = try #require(Self.samples[phase])
      #expect(step.failures == failures)
      #expect(step.losses == losses)
    }
  }

  @Test func aWithdrawnNumberIsFreeAgain() throws {
    var step = try #require(Self.samples["starting2"])
    let wasWithdrawn = step.withdrawn(2)
    #expect(wasWithdrawn)
    #expect(step.attempt == 1)
    let isScheduled = step.scheduled(2)
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
      (AttemptEnd.success, AttemptVerdict.succeeded),
      (.exit(3), .failed(.exit, exitCode: 3)),
      (.signal(9), .failed(.signal, exitCode: 0)),
      (.launchFailure(errno: 2), .failed(.launch, exitCode: 0)),
      (.lost, .lost),
      // Whatever the command makes of its SIGTERM.
      (.exit(0, cause: .deadline), .failed(.timeout, exitCode: 0)),
      (.exit(3, cause: .deadline), .failed(.timeout, exitCode: 0)),
      (.signal(15, cause: .deadline), .failed(.timeout, exitCode: 0)),
      (.exit(0, cause: .stop), .cancelled),
      (.signal(15, cause: .stop), .cancelled),
      (.signal(9, cause: .force), .cancelled),
    ])
  func verdictOfAnEnd(end: AttemptEnd, verdict: AttemptVerdict) {
    #expect(AttemptVerdict(end) == verdict)
  }

  // MARK: Inputs and samples

  private typealias Input = @Sendable (inout StepLifecycle, Int32) -> Bool

  private static let inputs: [String: Input] = [
    "launched": { $0.launched($1) },
    "deadline": { $0.deadlinePassed($1) },
    "ended": { $0.ended($1, .succeeded) },
    "withdrawn": { $0.withdrawn($1) },
    "delayOver": { step, _ in step.delayOver() },
    "doomed": { step, _ in step.doomed() },
    "scheduled": { $0.scheduled($1) },
    "stop": { $0.stopRequested($1) },
    "retry": { $0.retryScheduled($1) },
    "rerun": { $0.rerunScheduled($1) },
    "succeed": { step, _ in step.finished(.succeeded) },
    "fail": { step, _ in step.finished(.failed) },
    "cancel": { step, _ in step.finished(.cancelled) },
    "skip": { step, _ in step.skipped() },
  ]

  /// A step in each phase, brought there by inputs.
  private static let samples: [String: StepLifecycle] = {
    func step(_ inputs: (inout StepLifecycle) -> Bool...) -> StepLifecycle {
      var step = StepLifecycle(needs: 0)
      for input in inputs { precondition(input(&step), "the way to a sample is closed") }
      return step
    }
    let failure = AttemptVerdict.failed(.exit, exitCode: 1)
    return [
      "waiting": StepLifecycle(needs: 1),
      "ready": step(),
      "ready2": step({ $0.scheduled(1) }, { $0.ended(1, .lost) }, { $0.rerunScheduled(1) }),
      "starting": step({ $0.scheduled(1) }),
      "starting2": step(
        { $0.scheduled(1) }, { $0.ended(1, .lost) }, { $0.rerunScheduled(1) },
        { $0.scheduled(2) }),
      "running": step({ $0.scheduled(1) }, { $0.launched(1) }),
      "stopping": step({ $0.scheduled(1) }, { $0.stopRequested(1) }),
      "endedWell": step({ $0.scheduled(1) }, { $0.ended(1, .succeeded) }),
      "endedBadly": step({ $0.scheduled(1) }, { $0.ended(1, failure) }),
      "endedByStop": step({ $0.scheduled(1) }, { $0.ended(1, .cancelled) }),
      "endedLost": step({ $0.scheduled(1) }, { $0.ended(1, .lost) }),
      "backingOff": step(
        { $0.scheduled(1) }, { $0.ended(1, failure) }, { $0.retryScheduled(1) }),
      "doomed": step({ $0.doomed() }),
      "doomed2": step(
        { $0.scheduled(1) }, { $0.ended(1, failure) }, { $0.retryScheduled(1) },
        { $0.doomed() }),
      "succeeded": step(
        { $0.scheduled(1) }, { $0.ended(1, .succeeded) }, { $0.finished(.succeeded) }),
      "failed": step(
        { $0.scheduled(1) }, { $0.ended(1, failure) }, { $0.finished(.failed) }),
      "skipped": step({ $0.doomed() }, { $0.skipped() }),
      "cancelled": step(
        { $0.scheduled(1) }, { $0.ended(1, .cancelled) }, { $0.finished(.cancelled) }),
    ]
  }()

  private static func phase(_ name: String) -> StepLifecycle.Phase? {
    samples[name]?.phase
  }
}
